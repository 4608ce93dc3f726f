"""Every sample of docs/security.md is a configuration that loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.config.certificates import server_context
from tests.gateway.certificates import Authority
from tests.gateway.config.folders import ROOT, load_text

SAMPLES = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "security.md").read_text(), re.S)


def test_there_are_samples() -> None:
    assert len(SAMPLES) == 4


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_loads(tmp_path: Path, sample: str) -> None:
    for folder in ("tls", "secrets"):
        (tmp_path / folder).mkdir()
    authority = Authority(tmp_path / "tls", "clients")
    authority.sign("server")
    for name in ("anna", "carl", "dora", "http-token"):
        file = tmp_path / "secrets" / name
        file.write_text("c2VjcmV0\n")
        file.chmod(0o600)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "secrets")}
    loaded = load_text(tmp_path, "c.toml", sample.replace("/etc/tollwire", str(tmp_path)), strict=True, environ=environ)
    assert (loaded.faults, loaded.warnings) == ((), ())
    assert (server_context(loaded.tree.tls) is not None) is ("[tls]" in sample)
    assert all(secret == "c2VjcmV0" for secret in loaded.tree.http.auth_users.values())
