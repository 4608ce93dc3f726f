"""Big plans that are brought in beside what is in force: the same comes of them as of one step, and nobody sees a part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import commands
from engine.door import Engine
from engine.options import EngineOptions, SessionOptions
from engine.rating.call import RatingOptions
from engine.rating.kinds import DESTINATION, RATING_PLAN
from engine.storage.memory.disk import MemoryDisk
from engine.storage.memory.storage import MemoryStorage
from engine.tariffplan.load import LOADED_KINDS, PlanLoad, Unpacking, load_folder, pack
from engine.tariffplan.staging import STAGED_KINDS, Staging
from engine.tariffplan.terms import Terms

NOW = 1_775_000_000 * 10**9
COUNT = 700


def write(folder: Path, price: str, shift: int) -> Path:
    folder.mkdir()
    places = [f"DST_{number % 60},{1000 + number + shift}" for number in range(COUNT)] + [f"ALL,{1000 + number}" for number in range(30)]
    (folder / "Destinations.csv").write_text("\n".join(places) + "\n")
    (folder / "Rates.csv").write_text(f"RT,0,{price},60s,1s,0s\n")
    (folder / "DestinationRates.csv").write_text("".join(f"DR,DST_{number},RT,*up,4,0,\n" for number in range(60)) + "DR,ALL,RT,*up,4,0,\n")
    (folder / "RatingPlans.csv").write_text("RP,DR,*any,10\n")
    (folder / "RatingProfiles.csv").write_text("t,call,*any,2024-01-01T00:00:00Z,RP,\n")
    return folder


def engine_on(disk: MemoryDisk) -> Engine:
    storage = MemoryStorage(disk, automatic=False)
    engine = Engine(EngineOptions(RatingOptions(exact=True), {}, SessionOptions(default_usage={})), storage, LOADED_KINDS, bytes)
    engine.recover(NOW)
    storage.journal._open = True
    return engine


def load_of(folder: Path) -> PlanLoad:
    outcome = load_folder(str(folder), Terms("1", NOW))
    assert outcome.load is not None, outcome.faults
    return outcome.load


def staged(engine: Engine, load: PlanLoad, *, removal: bool = False) -> Iterator[Staging]:
    found = engine.step(commands.StagePlan(load, removal=removal), NOW)
    assert isinstance(found, Staging)
    yield found
    while not found.done:
        assert engine.step(commands.StagePlan(load, found), NOW) is found
        yield found


def seen(engine: Engine) -> list[object]:
    """What anybody can see of the rating data."""
    tariff = engine.tariff
    items = [(kind.name, list(engine.items.all(kind.name).items())) for kind in LOADED_KINDS if kind.name in STAGED_KINDS]
    prefixes = {prefix: tariff.ids_of_prefix(prefix) for prefix in map(str, range(1000, 1000 + 2 * COUNT))}
    prices = {
        name: {place: [str(one.rating) for one in rows.intervals] for place, rows in plan.by_destination.items()}
        for name, plan in tariff.plans.items()
    }
    return [items, prefixes, prices, sorted(tariff.profiles), sorted(tariff.timings), tariff.longest_prefix]


def held(engine: Engine) -> dict[str, dict[str, object]]:
    """The same without order, which a disk in memory does not keep."""
    return {name: dict(engine.items.all(name)) for name in STAGED_KINDS}


@pytest.fixture
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[PlanLoad, PlanLoad]:
    monkeypatch.setattr("engine.tariffplan.staging.STAGED_FROM", 10)
    monkeypatch.setattr("engine.tariffplan.apply.STAGED_PER_STEP", 7)
    return load_of(write(tmp_path / "old", "0.06", 0)), load_of(write(tmp_path / "new", "0.12", 35))


def test_the_same_comes_of_it_as_of_one_step(plans: tuple[PlanLoad, PlanLoad]) -> None:
    one, other = engine_on(MemoryDisk()), engine_on(MemoryDisk())
    for load in plans:
        one.step(commands.LoadPlan(load), NOW)
        *_, last = staged(other, load)
        other.step(commands.LoadPlan(load, last), NOW)
        assert seen(other) == seen(one)
    assert other.journal.last_ticket == 2, "slices journal nothing"


def test_nobody_sees_a_part_and_a_crash_leaves_the_old_or_the_new(plans: tuple[PlanLoad, PlanLoad]) -> None:
    disk = MemoryDisk()
    engine = engine_on(disk)
    engine.step(commands.LoadPlan(plans[0]), NOW)
    engine.storage.journal.commit()  # type: ignore[attr-defined]
    before, looks = held(engine), seen(engine)
    pieces = []
    for piece in staged(engine, plans[1]):
        assert seen(engine) == looks
        pieces.append(piece)
    assert len(pieces) > COUNT / 7
    assert held(engine_on(disk)) == before
    engine.step(commands.LoadPlan(plans[1], pieces[-1]), NOW)
    after = held(engine)
    assert after != before
    assert held(engine_on(disk)) == before, "it is not on disk yet"
    engine.storage.journal.commit()  # type: ignore[attr-defined]
    assert held(engine_on(disk)) == after


def test_what_others_change_meanwhile_is_not_lost(plans: tuple[PlanLoad, PlanLoad]) -> None:
    one, other = engine_on(MemoryDisk()), engine_on(MemoryDisk())
    for engine in (one, other):
        engine.step(commands.LoadPlan(plans[0]), NOW)
    young = engine_on(MemoryDisk())
    young.step(commands.LoadPlan(plans[1]), NOW)
    theirs = young.items.get(DESTINATION, "DST_3")
    last = None
    for place, piece in enumerate(staged(other, plans[1])):
        last = piece
        if place == 20:
            for engine in (one, other):
                engine.step(commands.PutItem(DESTINATION, "OWN", theirs), NOW)
                engine.step(commands.RemoveItem(DESTINATION, "ALL"), NOW)
    one.step(commands.LoadPlan(plans[1]), NOW)
    other.step(commands.LoadPlan(plans[1], last), NOW)
    assert seen(one) == seen(other)
    assert other.items.get(DESTINATION, "OWN") == theirs


def test_a_plan_goes_as_it_came(plans: tuple[PlanLoad, PlanLoad]) -> None:
    one, other = engine_on(MemoryDisk()), engine_on(MemoryDisk())
    for engine in (one, other):
        for load in plans:
            engine.step(commands.LoadPlan(load), NOW)
    only = PlanLoad("1", [put for put in plans[0].puts if put[1] != "DST_7"], [])
    one.step(commands.RemovePlan(only), NOW)
    before, pieces = seen(other), []
    for piece in staged(other, only, removal=True):
        assert seen(other) == before, "nobody sees a part"
        pieces.append(piece)
    assert len(pieces) > COUNT / 14
    other.step(commands.RemovePlan(only, pieces[-1]), NOW)
    assert seen(other) == seen(one)
    assert list(other.items.all(DESTINATION)) == ["DST_7"]


def test_what_comes_while_a_plan_goes_is_not_lost(plans: tuple[PlanLoad, PlanLoad]) -> None:
    disk = MemoryDisk()
    engine = engine_on(disk)
    engine.step(commands.LoadPlan(plans[0]), NOW)
    theirs = engine.items.get(DESTINATION, "DST_3")
    last = None
    for place, piece in enumerate(staged(engine, plans[0], removal=True)):
        last = piece
        if place == 20:
            engine.step(commands.PutItem(DESTINATION, "OWN", theirs), NOW)
    engine.step(commands.RemovePlan(plans[0], last), NOW)
    assert list(engine.items.all(DESTINATION)) == ["OWN"]
    engine.storage.journal.commit()  # type: ignore[attr-defined]
    assert held(engine_on(disk)) == held(engine)


def test_a_small_plan_is_not_staged(plans: tuple[PlanLoad, PlanLoad], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.tariffplan.staging.STAGED_FROM", 10_000)
    found = engine_on(MemoryDisk()).step(commands.StagePlan(plans[0]), NOW)
    assert isinstance(found, Staging)
    assert found.small


def test_a_large_rating_plan_comes_in_parts_from_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.tariffplan.load._PART_DESTINATIONS", 7)
    outcome = load_folder(str(write(tmp_path / "plan", "0.06", 0)), Terms("1", NOW))
    assert outcome.load is not None
    unpacking = Unpacking(pack(outcome))
    while unpacking.step(1):
        pass
    assert unpacking.outcome.load is not None
    assert unpacking.outcome.load.puts == outcome.load.puts
    assert len([key for kind, key, _ in outcome.load.puts if kind == RATING_PLAN]) == 1
