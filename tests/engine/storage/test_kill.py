"""kill -9 at random moments: everything acknowledged is there, nothing is torn. More kills: TOLLWIRE_KILLS=200."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.storage.appender import records_of, state_at
from tests.gateway.servers import SMALL_STORAGE

ROOT = Path(__file__).resolve().parents[3]
KILLS = int(os.environ.get("TOLLWIRE_KILLS", "20"))


def run_until_killed(folder: Path, lines: int, *, small: bool = False) -> tuple[int, int]:
    """Lets a process store until it has said so many lines, kills it; returns the tickets it found and last acknowledged."""
    module = ["-c", SMALL_STORAGE.format("tests.engine.storage.appender")] if small else ["-m", "tests.engine.storage.appender"]
    command = [sys.executable, *module, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        assert process.stdout is not None
        said: list[str] = []
        while len(said) < lines and (line := process.stdout.readline()):
            said.append(line.decode().strip())
        process.send_signal(signal.SIGKILL)
        said += [line.decode().strip() for line in process.stdout]
    assert said, "the process said nothing"
    assert said[0].startswith("found "), said[0]
    found = int(said[0].removeprefix("found "))
    return found, int(said[-1]) if len(said) > 1 else found


@pytest.mark.timeout(400 + 5 * KILLS)
@pytest.mark.parametrize("small", [False, True], ids=["as in service", "folding and tidying all the time"])
def test_killed_processes_lose_nothing_they_acknowledged(tmp_path: Path, small: bool) -> None:
    chance = random.Random(7)
    acknowledged = 0
    for _ in range(KILLS):
        found, last = run_until_killed(tmp_path / "state", chance.choice((1, 2, chance.randint(2, 60))), small=small)
        assert found >= acknowledged
        acknowledged = last
    found, _ = run_until_killed(tmp_path / "state", 1)
    assert found >= acknowledged > 20 * KILLS


def test_the_checks_of_the_process_can_fail(tmp_path: Path) -> None:
    """A state that lacks one step is found out."""
    from engine.storage.sqlite.storage import open_sqlite
    from tests.engine.storage.appender import faults_of
    from tests.engine.storage.drivers import durable, run, started

    async def work() -> None:
        storage = open_sqlite(tmp_path / "state")
        started(storage)
        await durable(storage, *(records_of(ticket) for ticket in range(1, 10) if ticket != 8))
        assert len(await faults_of(storage, state_at(9), 9)) >= 2
        await storage.close()

    run(work())
