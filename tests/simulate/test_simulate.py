"""Worlds from seeds: crashes, faults of the disk, and what must be there after them. A failure names its seed.

TOLLWIRE_SEEDS=5000 ./test tests/simulate        more of them
TOLLWIRE_SEED=17 ./test tests/simulate -s        one of them again
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.simulate.world import World

SEEDS = int(os.environ.get("TOLLWIRE_SEEDS", "200"))
FIRST = int(os.environ.get("TOLLWIRE_SEED", "1"))
PARTS = 4
TRIES = 40  # stories in which a planted fault must be found
SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A place for many small files, whose syncs cost nothing where that can be had."""
    if not os.access(SHARED_MEMORY, os.W_OK):
        yield tmp_path
        return
    made = Path(mkdtemp(prefix="tollwire-", dir=SHARED_MEMORY))
    yield made
    shutil.rmtree(made)


@pytest.fixture(autouse=True)
def small_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so small that state is folded and the log brought into the file many times in a story."""
    monkeypatch.setattr("engine.storage.sqlite.log.WAL_BYTES", 40_000)
    monkeypatch.setattr("engine.storage.sqlite.log.WAL_MOST_BYTES", 120_000)
    monkeypatch.setattr("engine.storage.sqlite.fold.FOLD_JOURNAL_RECORDS", 60)
    monkeypatch.setattr("engine.storage.sqlite.projector.PROJECTION_BATCH_RECORDS", 16)


def story(seed: int, folder: Path, **planted: bool) -> World:
    """The story of a seed, from its beginning to its end."""
    place = folder / f"{seed}"
    world = World(seed, place, **planted)
    try:
        world.run()
    except Exception as error:
        raise AssertionError(f"TOLLWIRE_SEED={seed}: {error!r}") from error
    finally:
        world.end()
    shutil.rmtree(place)
    return world


@pytest.mark.timeout(400 + SEEDS)
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_or_doubled_in_any_story(folder: Path, part: int) -> None:
    seeds = [FIRST] if "TOLLWIRE_SEED" in os.environ else range(1 + part, SEEDS + 1, PARTS)
    if "TOLLWIRE_SEED" in os.environ and part:
        return
    for seed in seeds:
        story(seed, folder)


def is_found(folder: Path, **planted: bool) -> bool:
    """Whether one of the first stories finds a planted fault."""
    for seed in range(1, TRIES + 1):
        try:
            story(seed, folder, **planted)
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("fault", ["impatient", "hasty", "lying"])
def test_a_planted_fault_is_found(folder: Path, fault: str) -> None:
    assert is_found(folder, **{fault: True})


def test_a_seed_tells_the_same_story_every_time(folder: Path) -> None:
    first, second = (story(5, folder) for _ in range(2))
    assert first.state() == second.state()
    assert first.state() != story(6, folder).state()
