"""Replays the recordings of played.py against a real `tollwire serve`, one fresh process a file, by the recordings' own replay.py.

Each run has a network namespace of its own where the machine allows that, so that the fixed ports of two runs never meet; elsewhere
the runs take turns.
"""

from __future__ import annotations

import fcntl
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.acceptance.played import RECORDINGS, Case, cases_of, pending_cases, played_files
from tests.acceptance.stillness import in_time

ALONE = Path(__file__).with_name("alone.py")
TOLLWIRE = Path(sys.executable).with_name("tollwire")
SHOWN = 12  # failing cases that a message shows
STOOD_STILL = "default:the machine stood still:UserWarning"
EXACT = "--set general.increment_rounding=exact"

pytestmark = pytest.mark.acceptance


@dataclass(frozen=True)
class Outcome:
    """What one replay found: how many cases agreed, and the first differences of each that did not."""

    agreed: int
    differing: dict[str, list[str]]


@cache
def namespace() -> list[str]:
    """The words in front of a command that give it its own network; none where the machine does not allow it."""
    for words in (["unshare", "-rn"], ["unshare", "-n"]):
        command = [*words, sys.executable, str(ALONE), "true"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return [*words, sys.executable, str(ALONE)]
    return []


@contextmanager
def turn() -> Iterator[None]:
    """Waits until no other run of this machine uses the fixed ports; nothing to wait for in a namespace."""
    if namespace():
        yield
        return
    with Path(tempfile.gettempdir(), "tollwire-recordings.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def play(name: str, log: Path, options: str = "") -> Outcome:
    """Replays one file. A server that does not come up, or a plan that is refused, fails with the server's own words."""
    serve = f"exec {shlex.quote(str(TOLLWIRE))} serve --config {{config}} --state {{state}} {options} >{shlex.quote(str(log))} 2>&1"
    command = [
        *namespace(),
        sys.executable,
        str(RECORDINGS / "replay.py"),
        "--serve",
        shlex.join(["sh", "-c", serve]),
        str(RECORDINGS / name),
    ]
    with turn():
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = ran.stdout.splitlines()
    said = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1]) if lines else None
    server = log.read_text()[-3000:] if log.exists() else ""
    assert said, f"replay.py broke off:\n{ran.stdout}{ran.stderr}\nthe server said:\n{server}"
    differing: dict[str, list[str]] = {}
    for line in lines[:-2]:
        if line.startswith("FAIL "):
            assert " cases): " not in line, f"{line}\nthe server said:\n{server}"
            differing[line.split()[1].removesuffix(":")] = []
        elif differing:
            differing[list(differing)[-1]].append(line.strip())
    assert len(differing) == int(said[2]), ran.stdout
    return Outcome(int(said[1]), differing)


def told(differing: dict[str, list[str]]) -> str:
    """The first failing cases with their first differences."""
    shown = [f"{case}\n    " + "\n    ".join(lines) for case, lines in list(differing.items())[:SHOWN]]
    return "\n".join(shown + ([f"... and {len(differing) - SHOWN} more: {' '.join(differing)}"] if len(differing) > SHOWN else []))


def complaint(outcome: Outcome, expected: set[str], allowed: set[str]) -> str:
    """Why an outcome is not good; empty when it is. `expected` must differ, `allowed` may."""
    wrong = {case: lines for case, lines in outcome.differing.items() if case not in expected | allowed}
    healed = sorted(expected - outcome.differing.keys())
    return "\n".join(
        ([f"{len(wrong)} cases differ:", told(wrong)] if wrong else [])
        + ([f"these agree now; take them off pending.txt: {' '.join(healed)}"] if healed else [])
    )


def fault(name: str, log: Path, options: str, expected: set[str], allowed: set[str]) -> str:
    """Why the replay of a file is not good; empty when it is."""
    try:
        outcome = play(name, log, options)
    except AssertionError as broken:
        return str(broken)
    if outcome.agreed + len(outcome.differing) != len(cases_of(name)):
        return f"{outcome.agreed} cases agreed, {len(outcome.differing)} differed, of {len(cases_of(name))}"
    return complaint(outcome, expected, allowed)


@pytest.mark.filterwarnings(STOOD_STILL)
@pytest.mark.parametrize("name", played_files())
def test_recording(name: str, tmp_path: Path) -> None:
    expected = pending_cases().keys() & {case.id for case in cases_of(name)}
    if why := in_time(lambda: fault(name, tmp_path / "server.log", "", expected, set())):
        pytest.fail(why, pytrace=False)


@pytest.mark.slow
@pytest.mark.filterwarnings(STOOD_STILL)
@pytest.mark.parametrize("name", [name for name in played_files() if name.startswith("money/")])
def test_recording_with_exact_rounding(name: str, tmp_path: Path) -> None:
    allowed = {case.id for case in cases_of(name) if case.exact_differs} | pending_cases().keys()
    if why := in_time(lambda: fault(name, tmp_path / "server.log", EXACT, set(), allowed)):
        pytest.fail(why, pytrace=False)


def test_case_ids_are_unique_and_pending_ones_are_played() -> None:
    played: list[Case] = [case for name in played_files() for case in cases_of(name)]
    ids = {case.id for case in played}
    assert len(ids) == len(played)
    assert pending_cases().keys() <= ids, sorted(pending_cases().keys() - ids)


def test_a_difference_that_is_not_expected_is_told() -> None:
    outcome = Outcome(1, {"a/1": ["step 0: result: want 1, got 2"], "a/2": []})
    assert complaint(outcome, {"a/2"}, set()) == "1 cases differ:\na/1\n    step 0: result: want 1, got 2"
    assert complaint(outcome, {"a/1", "a/2"}, set()) == complaint(outcome, {"a/2"}, {"a/1"}) == ""


def test_an_expected_difference_that_is_gone_is_told() -> None:
    assert complaint(Outcome(2, {"a/1": []}), {"a/1", "a/2"}, set()) == "these agree now; take them off pending.txt: a/2"
