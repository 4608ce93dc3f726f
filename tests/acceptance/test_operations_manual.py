"""The manual's page on operations: each of its samples is run."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.acceptance.paying import prepared
from tests.gateway.servers import ROOT, tollwire

pytestmark = [pytest.mark.slow, pytest.mark.house]

PAGE = (ROOT / "docs" / "operations.md").read_text()
SAMPLES = [line.strip() for line in PAGE.splitlines() if line.startswith("    tollwire ")]
RUNNING = ("backup", "verify")


def test_every_sample_does_what_it_says(tmp_path: Path) -> None:
    gateway, _ = prepared(tmp_path)
    server = ("--server", gateway.address)
    (tmp_path / "backups").mkdir()
    places = {"/var/lib/tollwire/default": str(gateway.state), "/var/backups/tollwire": str(tmp_path / "backups")}
    try:
        for sample in sorted(SAMPLES, key=lambda one: one.split()[1] not in RUNNING and ("prune" not in one or "--state" in one)):
            _, name, *words = shlex.split(sample)
            running = name in RUNNING or (name == "prune" and "--state" not in words)
            if not running and gateway.process.poll() is None:
                assert gateway.stop() == 0
            for place, here in places.items():
                words = [word.replace(place, here) for word in words]
            if name == "prune":
                words = words if "--state" in words else [*server, *words]
            elif "--state" not in words and "--dry-run" not in words:
                words = ["--state", str(gateway.state), *words]
            ran = tollwire(name, *words)
            assert ran.returncode == 0, f"{sample}: {ran.stdout}{ran.stderr}"
    finally:
        gateway.kill()
