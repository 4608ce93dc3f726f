"""Every target for a few seconds, and everything that was found once: `./test --fuzz` goes on for as long as one likes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fuzz.__main__ import NAMES, outgrown
from tests.fuzz.mutate import Mutator, pumped
from tests.fuzz.target import CORPUS, FindingError, Target
from tests.fuzz.targets import TARGETS, Split

SEED = int(os.environ.get("TOLLWIRE_FUZZ_SEED", "20260407"))
SECONDS = float(os.environ.get("TOLLWIRE_FUZZ_SECONDS", "2"))
INPUTS = 100_000_000 if "TOLLWIRE_FUZZ_SECONDS" in os.environ else 300  # always the same ones, unless somebody wants more
FOUND = [(folder.name, path) for folder in sorted(CORPUS.iterdir()) for path in sorted(folder.iterdir())]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def made(name: str) -> Iterator[Target]:
    target = TARGETS[name]()
    yield target
    target.close()


@pytest.mark.parametrize(("name", "path"), FOUND, ids=[f"{name}/{path.name}" for name, path in FOUND])
def test_what_was_found_once(name: str, path: Path) -> None:
    with made(name) as target:
        target.run(path.read_bytes())


@pytest.mark.slow
@pytest.mark.timeout(400 + 3 * SECONDS)
@pytest.mark.parametrize("name", NAMES)
def test_inputs_of_chance(name: str) -> None:
    with made(name) as target:
        mutator, end = Mutator(target, SEED), time.monotonic() + SECONDS
        for _ in range(INPUTS):
            data = mutator.next()
            try:
                target.run(data)
            except Exception as error:
                raise AssertionError(f"{name}, seed {SEED}: {data!r}") from error
            if time.monotonic() > end:
                break


@pytest.mark.slow
@pytest.mark.timeout(400 + 3 * SECONDS)
@pytest.mark.parametrize("name", NAMES)
def test_inputs_that_grow(name: str) -> None:
    with made(name) as target:
        growing, end = pumped(target, SEED), time.monotonic() + SECONDS
        for _ in range(INPUTS // 10):
            assert outgrown(target, next(growing)) == ""
            if time.monotonic() > end:
                break


class Slow(Split):
    """Takes the third power of the size: far beyond what counts as slow, on any machine."""

    def take(self, data: bytes) -> None:
        for _ in range(len(data) ** 2 >> 17):
            sum(data)


class Broken(Split):
    """Raises for one byte."""

    def take(self, data: bytes) -> None:
        if 7 in data:
            raise KeyError("7")


def test_what_is_slow_and_what_breaks_is_seen() -> None:
    slow: Target = Slow()
    with pytest.raises(FindingError, match="bytes took"):
        slow.run(b"x" * 30_000)
    slow.timed(b"x")
    assert "four times as long" in outgrown(slow, (b"x", b"", b"y" * 8, b""))
    assert "KeyError" in outgrown(Broken(), (b"x", b"", b"\x07", b""))
    with pytest.raises(KeyError):
        Broken().run(b"\x07")
