"""Plans with cells drawn by chance: they are refused with faults, or loaded and then charged with, and nothing else."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import random
from collections.abc import Iterator
from itertools import count

import pytest

from engine.commands import LoadPlan
from engine.door import Engine
from engine.storage.memory.disk import MemoryDisk
from engine.storage.memory.storage import MemoryStorage
from engine.tariffplan.load import LOADED_KINDS, load_sources
from engine.tariffplan.read import Source, folder_sources
from engine.tariffplan.terms import Terms
from gateway.api.context import Api
from gateway.config import load
from gateway.told import api_options, engine_options
from tests.engine.house import seeded
from tests.fuzz.attack import INTERNAL
from tests.fuzz.values import DURATIONS, FILTERS, NAMES, NUMBERS, TIMES, TYPES
from tests.gateway.api.calls import Caller
from tests.gateway.servers import ROOT

PLANS = int(os.environ.get("TOLLWIRE_FUZZ_PLANS", "50"))
SEED = int(os.environ.get("TOLLWIRE_FUZZ_SEED", "20260407"))
NOW = 1_775_556_000 * 10**9  # 2026-04-07T10:00:00Z, a Tuesday
SHEETS = folder_sources(str(ROOT / "packaging" / "tariffplans" / "tutorial"))[0]
CELLS = (
    *DURATIONS,
    *NUMBERS,
    *TYPES,
    *TIMES,
    *NAMES,
    *FILTERS,
    "*any",
    "*free",
    "*disconnect",
    "5;6;0",
    "-5",
    "*zero1ns",
    "!DST_OWN",
    "true",
)
EVENT = {
    "ToR": "*voice",
    "RequestType": "*prepaid",
    "Category": "call",
    "Account": "anna",
    "Subject": "anna",
    "AnswerTime": "2026-04-07T10:00:00Z",
}


def chance_plan(chance: random.Random) -> list[Source]:
    """The sample with one to four cells changed, among them a row of rates or prices nearly always."""
    texts = {source.name: list(csv.reader(io.StringIO(source.data.decode()))) for source in SHEETS}
    for _ in range(chance.choice((1, 1, 2, 4))):
        name = chance.choice((*texts, "Rates.csv", "Rates.csv", "DestinationRates.csv", "Timings.csv", "Actions.csv", "Actions.csv"))
        row = chance.choice(texts[name][1:])
        if row:
            row[chance.randrange(len(row))] = chance.choice(CELLS)
    found = []
    for name, rows in texts.items():
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        found.append(Source(name, out.getvalue().encode("utf-8", "surrogatepass")))
    return found


def house(number: int, loop: asyncio.AbstractEventLoop, disk: MemoryDisk) -> tuple[Engine, Caller]:
    """An engine and its API in this process, over what is on the disk."""
    tree = load().tree
    storage = MemoryStorage(disk, automatic=False)
    engine = Engine(engine_options(tree, "fuzz", "UTC"), storage, LOADED_KINDS, seeded(number))
    engine.recover(NOW)
    storage.start(loop)
    return engine, Caller(Api(engine, api_options(tree, "fuzz", "UTC", NOW), lambda: NOW))


def questions(chance: random.Random, serial: int) -> list[tuple[str, dict[str, object]]]:
    """What is asked of every plan: prices of all lengths and times, and sessions that pay them."""
    asked: list[tuple[str, dict[str, object]]] = []
    for destination in ("+99920123", "+9997555123", "+882160000", "+4420", "internet"):
        for usage in ("0", "1ns", "61s", "744h", "9223372036854775807"):
            time = chance.choice(("2026-04-07T10:00:00Z", "2026-04-11T23:59:59.999999999Z", "1969-01-01T00:00:00Z", "9999-12-31T23:00:00Z"))
            cost: dict[str, object] = {
                "Category": "call",
                "Subject": "anna",
                "Destination": destination,
                "AnswerTime": time,
                "Usage": usage,
            }
            asked.append(("APIerSv1.GetCost", cost))
        for kind in ("*voice", "*data", "*sms"):
            event = {
                **EVENT,
                "ToR": kind,
                "Destination": destination,
                "OriginID": f"{serial}{destination}{kind}",
                "Account": chance.choice(("anna", "bjorn")),
            }
            asked += [
                ("SessionSv1.AuthorizeEvent", {"GetMaxUsage": True, "Event": event}),
                ("SessionSv1.InitiateSession", {"InitSession": True, "Event": {**event, "Usage": "30s"}}),
                ("SessionSv1.UpdateSession", {"UpdateSession": True, "Event": {**event, "Usage": "90s", "LastUsed": "10s"}}),
                ("SessionSv1.TerminateSession", {"TerminateSession": True, "Event": {**event, "Usage": "100s"}}),
                ("SessionSv1.ProcessCDR", {"Event": {**event, "Usage": "100s"}}),
            ]
    for actions in ("ACT_WELCOME", "ACT_BUNDLE", "ACT_TELL", "ACT_STOP"):
        asked.append(("APIerSv1.ExecuteAction", {"Account": "anna", "ActionsId": actions}))
    asked += [("APIerSv2.GetAccount", {"Account": account}) for account in ("anna", "bjorn")]
    asked += [("APIerSv1.GetRatingPlan", {"Arg": "RP_STANDARD"}), ("APIerSv1.GetScheduledActions", {})]
    return asked


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.timeout(400 + PLANS)
def test_chance_plans(caplog: pytest.LogCaptureFixture, loop: asyncio.AbstractEventLoop) -> None:
    chance = random.Random(SEED)
    loaded, serial = 0, count()
    for _ in range(PLANS):
        sources = chance_plan(chance)
        outcome = load_sources(sources, Terms("1", NOW, default_tenant="default"))
        if outcome.load is None:
            assert outcome.faults
            assert all(fault.file and fault.line for fault in outcome.faults), outcome.faults
            assert not any(INTERNAL.search(fault.message) for fault in outcome.faults), outcome.faults
            continue
        loaded += 1
        disk = MemoryDisk()
        engine, caller = house(loaded, loop, disk)
        engine.step(LoadPlan(outcome.load), NOW)
        engine.wake(NOW)
        for method, params in questions(chance, next(serial)):
            answer = caller.raw(json.dumps({"method": method, "params": [params], "id": 1}))
            changed = [new.data for old, new in zip(SHEETS, sources, strict=True) if old.data != new.data]
            assert not INTERNAL.search(answer), (method, params, answer, caplog.text[-3000:], changed)
        assert isinstance(engine.storage, MemoryStorage)
        assert engine.storage.commit()
        known = caller("APIerSv2.GetAccounts", {})
        assert house(loaded, loop, disk)[1]("APIerSv2.GetAccounts", {}) == known, "what is on the disk is what was in memory"
    assert loaded > PLANS / 10
