"""Plays the client's part of the conversations with real Ro clients against a real `tollwire serve`, by the recordings' own play.py.

Answers, money and records are what is right, also where the recorded engine was at fault.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.played import RECORDINGS
from tests.acceptance.test_recordings import TOLLWIRE, namespace, turn

CLIENTS = RECORDINGS / "diameter-clients"
FILES = sorted(path.name for path in CLIENTS.glob("*-engine-*.jsonl"))

pytestmark = pytest.mark.acceptance


def test_there_are_conversations() -> None:
    assert len(FILES) >= 9


@pytest.mark.parametrize("name", FILES)
def test_conversation(name: str, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    serve = f"exec {shlex.quote(str(TOLLWIRE))} serve --config {{config}} --state {{state}} >{shlex.quote(str(log))} 2>&1"
    command = [*namespace(), sys.executable, str(CLIENTS / "play.py"), "--serve", shlex.join(["sh", "-c", serve]), str(CLIENTS / name)]
    with turn():
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    server = log.read_text()[-3000:] if log.exists() else ""
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}\nthe server said:\n{server}"
    assert ran.stdout.splitlines()[-1] == "1 passed, 0 failed"
    assert "Traceback" not in server
