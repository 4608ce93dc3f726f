"""Plays the client's part of the conversations with real Ro clients against a real `tollwire serve`, by the recordings' own play.py.

Answers, money and records are what is right, also where the recorded engine was at fault.
"""

from __future__ import annotations

import json
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
# The recorded engine charged the granted 10 s when it ended the session, and the 8 s of the CCR-T besides. "0.18 instead of 0.08", says its
# first line, whose `right` has the 10 s alone: ours are the 8 s that the CCR-T says, in account and record.
FORCED = "kamailio-ro-engine-forced.jsonl"
FORCED_RIGHT = {"Usage": 8_000_000_000, "Cost": 0.08}

pytestmark = pytest.mark.acceptance


def test_there_are_conversations() -> None:
    assert len(FILES) >= 9


@pytest.mark.filterwarnings(STOOD_STILL)
@pytest.mark.parametrize("name", FILES)
def test_conversation(name: str, tmp_path: Path) -> None:
    file = forced(tmp_path / name) if name == FORCED else CLIENTS / name
    if why := in_time(lambda: fault(file, tmp_path / "server.log")):
        pytest.fail(why, pytrace=False)


def forced(target: Path) -> Path:
    """A copy of that conversation with what is right."""
    about, *events = (json.loads(line) for line in (CLIENTS / FORCED).read_text().splitlines())
    (record,) = [
        one
        for event in events
        if isinstance(event["payload"], dict) and isinstance(found := event["payload"].get("result"), list)
        for one in found
        if isinstance(one, dict) and "CostSource" in one
    ]
    assert (about["right"], record["Usage"], record["Cost"]) == ({"balance": 9.9}, 10_000_000_000, 0.1)
    about["right"] = {"balance": 9.92}
    record |= FORCED_RIGHT
    target.write_text("".join(f"{json.dumps(line)}\n" for line in (about, *events)))
    return target


def fault(file: Path, log: Path) -> str:
    """Why a conversation is not as it should be; empty when it is."""
    serve = f"exec {shlex.quote(str(TOLLWIRE))} serve --config {{config}} --state {{state}} >{shlex.quote(str(log))} 2>&1"
    command = [*namespace(), sys.executable, str(CLIENTS / "play.py"), "--serve", shlex.join(["sh", "-c", serve]), str(file)]
    with turn():
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    server = log.read_text()[-3000:] if log.exists() else ""
    good = ran.returncode == 0 and ran.stdout.splitlines()[-1:] == ["1 passed, 0 failed"] and "Traceback" not in server
    return "" if good else f"{ran.stdout}{ran.stderr}\nthe server said:\n{server}"
