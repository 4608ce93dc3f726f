"""kill -9 at random moments: what was acknowledged is there once, what was not is there whole or not at all, what was to be told is
told; a plan is there whole.

Kills twenty times in the test command, in one state folder; as often as you like: TOLLWIRE_KILLS=200 ./test tests/acceptance/test_kill.py
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from engine.storage.sqlite.folder import DATABASE_NAME
from gateway.cli.client import RefusedError
from gateway.cli.outcome import CommandError
from tests.acceptance.killing import TENANT, Customers
from tests.acceptance.paying import planned, verify
from tests.gateway.servers import Gateway

KILLS = int(os.environ.get("TOLLWIRE_KILLS", "20"))
SEED = int(os.environ.get("TOLLWIRE_SEED", "7"))
PLAN_KILLS = max(3, KILLS // 10)  # while a plan is loaded
MOST_ANSWERS = 500  # between a start and the kill
LONG_MEMORY = ("--set", "caches.partitions.*closed_sessions.ttl=1h")  # a record may come long after the end of its session
VERIFY_KILLS = max(20, KILLS // 20)  # after which all entries are added up again


def kill_while_it_starts(folder: Path, seconds: float) -> str:
    """Starts another process and kills it after so long; what it said."""
    gateway = Gateway(folder, *LONG_MEMORY, wait=False)
    with suppress(TimeoutExpired):
        gateway.process.wait(seconds)
    gateway.kill()
    return gateway.text()


@pytest.mark.slow
@pytest.mark.timeout(400 + 10 * KILLS)
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    """One state folder through all rounds; every second process folds its state and tidies its log all the time."""
    chance = random.Random(SEED)
    customers = Customers(SEED)
    gateway = planned(tmp_path, *LONG_MEMORY)
    try:
        for number in range(1, KILLS + 1):
            try:
                asyncio.run(customers.work(gateway, chance.randint(1, MOST_ANSWERS)))
                if chance.random() < 0.2:
                    customers.logs += kill_while_it_starts(tmp_path, chance.uniform(0.2, 0.8))
                gateway = Gateway(tmp_path, *LONG_MEMORY, small=number % 2 == 1)
                asyncio.run(customers.look(gateway))
                if number % VERIFY_KILLS == 0:
                    asyncio.run(customers.look_at_all_records(gateway))
                    verify(gateway)
            except AssertionError as error:
                raise AssertionError(f"kill {number} of TOLLWIRE_SEED={SEED}: {error}") from error
        asyncio.run(customers.look_at_all_records(gateway))
        assert gateway.stop() == 0
        customers.logs += gateway.text()
    finally:
        gateway.kill()
    verify(gateway)
    customers.look_at_logs()
    print(f"{KILLS} kills, {customers.acknowledged} answers: {dict(customers.counts)}")
    assert customers.acknowledged > 20 * KILLS


@pytest.mark.slow
def test_a_disk_that_loses_the_latest_commits_is_found_out(tmp_path: Path) -> None:
    """The checks above can fail: here the log of the database loses its second half between the kill and the start."""
    customers = Customers(SEED)
    gateway = planned(tmp_path, *LONG_MEMORY)
    try:
        log = gateway.state / f"{DATABASE_NAME}-wal"
        begin = log.stat().st_size
        asyncio.run(customers.work(gateway, MOST_ANSWERS))
        os.truncate(log, (begin + log.stat().st_size) // 2)
        gateway = Gateway(tmp_path, *LONG_MEMORY)
        with pytest.raises(AssertionError):
            asyncio.run(customers.look(gateway))
    finally:
        gateway.kill()


# -- while a plan is loaded ----------------------------------------------------------------------------------------------

PLACES = 400  # destinations of a plan: enough for a process of its own to read it


def version(folder: Path, number: int) -> None:
    """A plan in which every call costs as many units a second as its number says; odd ones have twice as many destinations."""
    folder.mkdir(exist_ok=True)
    places = range(PLACES * (1 + number % 2))
    (folder / "Destinations.csv").write_text(
        "".join(f"DST_{place},{100_000 + place * 7 + part}\n" for place in places for part in range(7))
    )
    (folder / "Rates.csv").write_text(f"RT,0,{number},1s,1s,0s\n")
    (folder / "DestinationRates.csv").write_text("".join(f"DR_{place},DST_{place},RT,*middle,5,0,\n" for place in places))
    (folder / "RatingPlans.csv").write_text("".join(f"RP,DR_{place},*any,10\n" for place in places))
    (folder / "RatingProfiles.csv").write_text(f"{TENANT},call,*any,2020-01-01T00:00:00Z,RP,\n")


def price_of(gateway: Gateway, place: int) -> float:
    """What a second to a destination costs; 0 where it has no price."""
    query = {"Tenant": TENANT, "Category": "call", "Subject": "any", "AnswerTime": "2026-04-07T10:00:00Z", "Usage": "1s"}
    try:
        found = gateway.call("APIerSv1.GetCost", {**query, "Destination": f"{100_000 + place * 7}5"})
    except RefusedError:
        return 0
    assert isinstance(found, dict)
    return float(found["Cost"])


class Loader(threading.Thread):
    """Loads a plan; `done` says whether that was acknowledged."""

    def __init__(self, gateway: Gateway, plan: Path) -> None:
        super().__init__(daemon=True)
        self.gateway = gateway
        self.plan = plan
        self.done = False

    def run(self) -> None:
        with suppress(CommandError):
            self.gateway.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(self.plan)})
            self.done = True


@pytest.mark.slow
@pytest.mark.timeout(400 + 20 * PLAN_KILLS)
def test_a_plan_is_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    chance = random.Random(8)
    gateway = Gateway(tmp_path)
    in_force, longest = 0.0, 0.0
    try:
        for number in range(1, PLAN_KILLS + 2):
            version(tmp_path / "plan", number)
            loader = Loader(gateway, tmp_path / "plan")
            began = time.monotonic()
            loader.start()
            if number == 1:  # how long it takes here
                loader.join(240)
                longest = time.monotonic() - began
                assert loader.done
            else:
                loader.join(chance.uniform(0, 1.2 * longest))
            gateway.kill()
            loader.join(60)
            gateway = Gateway(tmp_path)
            prices = {price_of(gateway, chance.randrange(PLACES)) for _ in range(8)}
            assert prices in ({in_force}, {number}), f"{prices}: {in_force} was in force, {number} was loaded"
            if loader.done:
                assert prices == {number}, "the load was acknowledged"
            in_force = prices.pop()
            beyond = price_of(gateway, PLACES + 5)
            assert beyond in ((in_force,) if in_force % 2 else (0, in_force)), beyond
        assert gateway.stop() == 0
    finally:
        gateway.kill()
    verify(gateway)
