"""What the engine's step costs, kind by kind: python -m tests.perf.events [sessions a round]

In process, without sockets, requests and a disk: a command as its handler makes it, until its records are handed to a journal in
memory. A tariff of 10,000 prefixes, 1,000 accounts; least CPU of seven rounds.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from engine.accounts.account import Account, Balance
from engine.commands import CdrSwitches, LoadPlan, ProcessCdrs
from engine.door import Engine
from engine.event import Event
from engine.money import ONE
from engine.sessions import commands
from engine.tariffplan.load import load_folder
from engine.tariffplan.terms import Terms
from engine.times import UTC_ZONE, parse_time
from gateway.app import engine_in_memory
from gateway.cli.measure.plan import FIRST_PREFIX, PREFIXES, TENANT, write_plan
from gateway.cli.measure.work import START
from gateway.config import load

ACCOUNTS = 1_000
ROUNDS = 7
NOW = parse_time(START, UTC_ZONE, 0).ns
Batch = list[tuple[str, list[object]]]


def build() -> Engine:
    engine = engine_in_memory(load((), (), {}).tree, asyncio.get_running_loop())
    with tempfile.TemporaryDirectory(prefix="tollwire-perf-") as name:
        write_plan(Path(name) / "plan")
        plan = load_folder(str(Path(name) / "plan"), Terms("1", NOW, default_tenant=TENANT))
    assert plan.load is not None, "our own plan has no faults"
    engine.step(LoadPlan(plan.load), NOW)
    for number in range(ACCOUNTS):
        account = Account(TENANT, f"a{number}")
        account.add(Balance(f"b{number}", "cash", "*monetary", 1_000_000 * ONE))
        engine.accounts.put(account)
    return engine


def event(number: int, serial: str, usage: str, request_type: str) -> Event:
    """An event with texts of its own, as a decoder makes them."""
    fields = {
        "OriginID": f"{serial}-{number}",
        "OriginHost": "perf",
        "ToR": "*voice",
        "RequestType": request_type,
        "Category": "call",
        "Account": f"a{number % ACCOUNTS}",
        "Subject": f"a{number % ACCOUNTS}",
        "Destination": f"{FIRST_PREFIX + number * 7 % PREFIXES}55",
        "SetupTime": START,
        "AnswerTime": START,
        "Usage": usage,
    }
    return Event(TENANT, "", msgspec.json.decode(msgspec.json.encode(fields), type=dict[str, object]), {})


def batch(serial: str, count: int) -> Batch:
    """Whole sessions, one kind of event after the other, and as many rated CDRs."""
    asked = commands.Asked(False, None, [])

    def of(usage: str) -> list[Event]:
        return [event(number, serial, usage, "*prepaid") for number in range(count)]

    rated = [event(number, f"{serial}-rated", "60s", "*rated") for number in range(count)]
    return [
        ("authorize", [commands.AuthorizeSession(one, True, asked) for one in of("60s")]),
        ("initiate", [commands.InitiateSession(one, False, True, asked, "") for one in of("60s")]),
        ("update", [commands.UpdateSession(one, True, asked, "") for one in of("60s")]),
        ("terminate", [commands.TerminateSession(one, False, True, asked, "") for one in of("90s")]),
        ("CDR of the session", [commands.ProcessSessionCdr(one) for one in of("90s")]),
        ("rated CDR", [ProcessCdrs([one], CdrSwitches()) for one in rated]),
    ]


async def measure(count: int) -> None:
    engine = build()
    best: dict[str, float] = {}
    serial = 0
    for round_number in range(ROUNDS + 1):
        if round_number == 1:
            best.clear()  # what the first round did, others need not
            gc.collect()
            gc.freeze()
        for kind, asked in batch(f"r{round_number}", count):
            began = time.process_time_ns()
            for one in asked:
                serial += 1
                engine.step(one, NOW + serial * 1_000, NOW + serial * 1_000)
            best[kind] = min(best.get(kind, 1e12), (time.process_time_ns() - began) / count / 1e3)
            await asyncio.sleep(0)  # the journal commits
    for kind, us in best.items():
        print(f"{kind:<24}{us:8.1f} us of CPU")
    sessions = [us for kind, us in best.items() if kind != "rated CDR"]
    print(f"{'an event of a session':<24}{(sum(sessions) + best['update']) / 6:8.1f}")


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
