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
from tests.acceptance.stillness import in_time
from tests.acceptance.test_recordings import STOOD_STILL, TOLLWIRE, namespace, turn

CLIENTS = RECORDINGS / "diameter-clients"
FILES = sorted(path.name for path in CLIENTS.glob("*-engine-*.jsonl"))

pytestmark = pytest.mark.acceptance


def test_there_are_conversations() -> None:
    assert len(FILES) >= 9


@pytest.mark.filterwarnings(STOOD_STILL)
@pytest.mark.parametrize("name", FILES)
def test_conversation(name: str, tmp_path: Path) -> None:
    if why := in_time(lambda: fault(name, tmp_path / "server.log")):
        pytest.fail(why, pytrace=False)


def fault(name: str, log: Path) -> str:
    """Why a conversation is not as it should be; empty when it is."""
    serve = f"exec {shlex.quote(str(TOLLWIRE))} serve --config {{config}} --state {{state}} >{shlex.quote(str(log))} 2>&1"
    command = [*namespace(), sys.executable, str(CLIENTS / "play.py"), "--serve", shlex.join(["sh", "-c", serve]), str(CLIENTS / name)]
    with turn():
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    server = log.read_text()[-3000:] if log.exists() else ""
    good = ran.returncode == 0 and ran.stdout.splitlines()[-1:] == ["1 passed, 0 failed"] and "Traceback" not in server
    return "" if good else f"{ran.stdout}{ran.stderr}\nthe server said:\n{server}"
