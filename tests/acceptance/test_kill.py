"""kill -9 while debits are under way, or a plan is loaded; a disk that is full: what was acknowledged is there once, what was not
is there once or not at all, a plan is there whole.

Ends three processes a test in the test command; TOLLWIRE_KILLS=200 ./test tests/acceptance/test_kill.py ends as many as you like.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shutil import copytree
from subprocess import run

import pytest

from gateway.cli.client import Client, RefusedError
from gateway.cli.outcome import CommandError
from tests.gateway.servers import Gateway, tollwire, until

ACCOUNTS = 12
KILLS = int(os.environ.get("TOLLWIRE_KILLS", "3"))
TENANT = "kill.example"
PRICE = 2  # money a debit: ten seconds at 0.2
START = 1_000_000
PLAN = {
    "Rates.csv": "RT,0,0.2,1s,1s,0s\n",
    "DestinationRates.csv": "DR,*any,RT,*middle,5,0,\n",
    "RatingPlans.csv": "RP,DR,*any,10\n",
    "RatingProfiles.csv": f"{TENANT},call,*any,2020-01-01T00:00:00Z,RP,\n",
}


class Payer(threading.Thread):
    """Debits one account, one call after the other, until the server is gone or says no, or it is told that it is
    `enough`; counts what was sent and what was acknowledged."""

    def __init__(self, gateway: Gateway, account: str) -> None:
        super().__init__(daemon=True)
        self.client = gateway.client()
        self.account = account
        self.sent = self.acknowledged = 0
        self.enough = False

    def run(self) -> None:
        call = {"Tenant": TENANT, "Category": "call", "Subject": "any", "Account": self.account, "Destination": "49", "ToR": "*voice"}
        times = {"TimeStart": "2026-04-07T10:00:00Z", "TimeEnd": "2026-04-07T10:00:10Z"}
        with self.client:
            try:
                while not self.enough:
                    self.sent += 1
                    self.client.call("Responder.Debit", {**call, **times})
                    self.acknowledged += 1
            except CommandError:  # it was killed
                return


def debits_of(gateway: Gateway, account: str) -> float:
    """How many debits the account's balance has seen."""
    found = gateway.call("APIerSv2.GetAccount", {"Tenant": TENANT, "Account": account})
    assert isinstance(found, dict)
    (only,) = found["BalanceMap"]["*monetary"]
    return (START - float(only["Value"])) / PRICE


def prepared(folder: Path, *, small: bool = False, under: Sequence[str] = ()) -> tuple[Gateway, dict[str, float]]:
    """A gateway with a plan and accounts, and how many debits each has seen: none."""
    plan = folder / "plan"
    plan.mkdir(parents=True)
    for name, text in PLAN.items():
        (plan / name).write_text(text)
    gateway = Gateway(folder, small=small, under=under)
    gateway.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})
    done = dict.fromkeys((f"a{number}" for number in range(ACCOUNTS)), 0.0)
    for account in done:
        cash = {"Tenant": TENANT, "Account": account, "BalanceType": "*monetary", "Value": START, "Balance": {"ID": "cash"}}
        gateway.call("APIerSv1.AddBalance", cash)
    return gateway, done


def look_at(gateway: Gateway, payers: list[Payer], done: dict[str, float]) -> None:
    """What each payer was told is there once, what it was not told is there once or not at all."""
    for payer in payers:
        payer.join(10)
        assert not payer.is_alive()
    for payer in payers:
        seen = debits_of(gateway, payer.account)
        new = seen - done[payer.account]
        assert new in (payer.acknowledged, payer.sent), f"{payer.account}: {payer.acknowledged} of {payer.sent} acknowledged, {new} found"
        done[payer.account] = seen


def verify(gateway: Gateway) -> None:
    verified = tollwire("verify", "--state", str(gateway.state))
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * KILLS)
@pytest.mark.parametrize("small", [False, True], ids=["as in service", "folding and tidying all the time"])
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path: Path, small: bool) -> None:
    chance = random.Random(7)
    gateway, done = prepared(tmp_path, small=small)
    try:
        for _ in range(KILLS):
            payers = [Payer(gateway, account) for account in done]
            for payer in payers:
                payer.start()
            ready = time.monotonic() + chance.uniform(0.05, 0.5)
            until(lambda: time.monotonic() > ready and all(one.acknowledged for one in payers), "debits are acknowledged")  # noqa: B023
            gateway.kill()
            gateway = Gateway(tmp_path, small=small)
            look_at(gateway, payers, done)
        assert gateway.stop() == 0
    finally:
        gateway.kill()
    verify(gateway)


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
@pytest.mark.timeout(60 + 20 * KILLS)
def test_a_plan_is_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    chance = random.Random(8)
    gateway = Gateway(tmp_path)
    in_force, longest = 0.0, 0.0
    try:
        for number in range(1, KILLS + 2):
            version(tmp_path / "plan", number)
            loader = Loader(gateway, tmp_path / "plan")
            began = time.monotonic()
            loader.start()
            if number == 1:  # how long it takes here
                loader.join(60)
                longest = time.monotonic() - began
                assert loader.done
            else:
                loader.join(chance.uniform(0, 1.2 * longest))
            gateway.kill()
            loader.join(10)
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


# -- a disk that is full -------------------------------------------------------------------------------------------------

SMALL_DISK = ("unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=3m none "$0" && exec "$@"')


def refused_change(gateway: Gateway) -> bool:
    """Whether a change is refused at once. One that came in the moment before waits for room: then the next one is tried."""
    try:
        with Client(gateway.address, 1.0) as client:
            client.call("APIerSv1.SetAccount", {"Tenant": TENANT, "Account": "b"})
    except RefusedError as refused:
        return refused.text == "SERVER_ERROR: storage unavailable, try again later"
    except CommandError:
        return False
    return False


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.skipif(run([*SMALL_DISK, "/mnt", "true"], capture_output=True, check=False).returncode != 0, reason="no mount namespaces here")
def test_a_full_disk_stops_debits_until_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "state"
    disk.mkdir()
    gateway, done = prepared(tmp_path, under=(*SMALL_DISK, str(disk)))
    inside = Path(f"/proc/{gateway.process.pid}/root{disk}")
    try:
        payers = [Payer(gateway, account) for account in done]
        for payer in payers:
            payer.start()
        until(lambda: all(one.acknowledged for one in payers), "debits are acknowledged")
        with suppress(OSError), (inside / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass
        until(lambda: "storage failed" in gateway.text(), "the disk is full")
        assert gateway.call("CoreSv1.Ping", {}) == "Pong"
        until(lambda: refused_change(gateway), "changes are refused")
        (inside / "filler").unlink()
        until(lambda: "storage works again" in gateway.text(), "there is room again")
        for payer in payers:
            payer.enough = True
        look_at(gateway, payers, done)
        assert gateway.call("APIerSv1.SetAccount", {"Tenant": TENANT, "Account": "b"}) == "OK"
        copytree(inside, tmp_path / "kept" / "state")  # the disk goes with the process
        gateway.kill()
        again = Gateway(tmp_path / "kept")
        try:
            assert {account: debits_of(again, account) for account in done} == done
            assert again.stop() == 0
        finally:
            again.kill()
        verify(again)
    finally:
        gateway.kill()
