"""The house makes no cycles on its way through an event, so that nobody ever waits for a look at everything."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.app import Collector
from gateway.cli.measure.plan import TENANT, write_plan
from tests.perf.restart import CONFIG, Maker, call, session

SESSIONS = 60


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is collected by itself for the time of a block."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def work(maker: Maker, first: int, count: int) -> None:
    """Every kind of event that a switch sends often, and questions about cost."""
    for number in range(first, first + count):
        cash = {"Tenant": TENANT, "Account": f"a{number}", "BalanceType": "*monetary", "Value": 100, "Balance": {"ID": "cash"}}
        await maker.ask(call("APIerSv1.AddBalance", cash))
        await maker.ask(session("AuthorizeEvent", "GetMaxUsage", number, "60s"))
        await maker.ask(session("InitiateSession", "InitSession", number, "60s"))
        await maker.ask(session("UpdateSession", "UpdateSession", number, "60s"))
        await maker.ask(session("TerminateSession", "TerminateSession", number, "90s"))
        await maker.ask(session("ProcessCDR", "Unused", number, "90s"))
        cost = {"Tenant": TENANT, "Category": "call", "Subject": "any", "Destination": "10000155", "Usage": "60s"}
        await maker.ask(call("APIerSv1.GetCost", {**cost, "AnswerTime": "2026-04-08T10:00:00Z"}))


async def prepared(folder: Path) -> Maker:
    (folder / "config").mkdir()
    (folder / "config" / "tollwire.toml").write_text(CONFIG)
    write_plan(folder / "plan")
    maker = Maker(folder)
    maker.app.storage.start(asyncio.get_running_loop())
    await maker.ask(call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(folder / "plan")}))
    await work(maker, 0, 5)
    await maker.app.storage.project()
    return maker


def test_events_leave_nothing_to_be_collected(tmp_path: Path) -> None:
    async def run() -> int:
        maker = await prepared(tmp_path)
        with uncollected():
            await work(maker, 5, SESSIONS)
            await maker.app.storage.project()
            found = gc.collect()
        await maker.app.storage.close()
        return found

    assert asyncio.run(run()) < SESSIONS


def test_while_there_is_work_only_the_young_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.app.YOUNG_OBJECTS", 200)
    monkeypatch.setattr("gateway.app.COLLECT_SECONDS", 0.0)
    before = gc.get_threshold()
    looks: list[int] = []

    async def run() -> None:
        maker = await prepared(tmp_path)
        collector = Collector(lambda: maker.calls)
        collector.start()
        gc.callbacks.append(note)
        try:
            await work(maker, 5, SESSIONS)
        finally:
            gc.callbacks.remove(note)
            collector.stop()
        await maker.app.storage.close()

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            looks.append(info["generation"])

    try:
        asyncio.run(run())
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
    assert set(looks) == {0}
