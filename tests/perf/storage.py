"""What storage costs here: `python -m tests.perf.storage [seconds]`. Not a test; prints a table.

A step is what a session update appends: an account, an entry, a session. With n in flight each of n tasks appends its next step when
the last one is durable; entries are projected meanwhile, state is folded, the journal pruned. CPU is that of all threads.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from engine.parts import split_amount
from engine.records import AccountPut, CdrPut, Entry, Record, SessionPut
from engine.storage.query import CdrQuery
from engine.storage.sqlite.storage import SqliteStorage, open_sqlite

ACCOUNTS = 1000
NOW = split_amount(1_778_400_000 * 10**9)
BODY = bytes(range(256)) * 2


def step(number: int) -> list[Record]:
    account = f"cgrates.org:{number % ACCOUNTS}"
    amount = split_amount(number)
    move = Entry(number, account, "68fbbf7c-5abc-462a-beac-eb8a64a6d7fd", "*monetary", amount, amount, "session", f"{number:040x}", NOW)
    return [AccountPut(account, BODY), move, SessionPut(f"{number % 5000:040x}", BODY)]


def record(number: int) -> CdrPut:
    return CdrPut(
        number,
        f"{number * 0x9E3779B97F4A7C15 % 2**160:040x}",
        "*default",
        origin_host="10.0.0.1",
        source="sessions",
        origin_id=f"{number * 0xC2B2AE3D27D4EB4F % 2**96:024x}",
        tor="*voice",
        request_type="*prepaid",
        tenant="cgrates.org",
        category="call",
        account=f"{number % ACCOUNTS}",
        subject="1001",
        destination="441234567",
        setup=split_amount((1_778_400_000 + number // 1000) * 10**9),
        answer=NOW,
        usage=split_amount(60 * 10**9),
        cost=split_amount(123),
        cost_details=BODY[:400],
    )


class Table:
    """Rates and latencies of one run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.delays: list[float] = []
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def end(self, count: int) -> None:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        delays = sorted(self.delays) or [0.0]
        p50, p99 = (1000 * delays[int(len(delays) * share)] for share in (0.5, 0.99))
        print(f"{self.name:<34} {count / wall:>10,.0f}/s  p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  {cpu / count * 1e6:7.1f} us CPU each")


async def appends(storage: SqliteStorage, in_flight: int, seconds: float) -> None:
    table = Table(f"durable steps, {in_flight} in flight")
    end = time.perf_counter() + seconds
    number = storage.journal.last_ticket

    async def client() -> None:
        nonlocal number
        while (begin := time.perf_counter()) < end:
            number += 1
            await storage.journal.wait(storage.journal.append(step(number)))
            table.delays.append(time.perf_counter() - begin)

    await asyncio.gather(*(client() for _ in range(in_flight)))
    table.end(len(table.delays))


async def cdrs(storage: SqliteStorage, first: int, count: int) -> None:
    table = Table(f"CDRs from {first:,}: stored, exists?")
    for start in range(first, first + count, 256):
        begin = time.perf_counter()
        for number in range(start, start + 256):
            cdr = record(number)
            assert not storage.cdrs.exists(cdr.cgrid, cdr.run_id)
            storage.journal.append([cdr])
        await storage.journal.wait(storage.journal.last_ticket)
        table.delays.append(time.perf_counter() - begin)
    table.end(count)
    before = Table("  the rest of them queryable")
    await storage.cdrs.count(CdrQuery(cgrids=("none",)))
    before.end(count)


async def queries(storage: SqliteStorage, total: int) -> None:
    for name, query in (
        ("by CGRID", CdrQuery(cgrids=(record(total // 2).cgrid,))),
        ("by origin id", CdrQuery(origin_ids=(record(total // 3).origin_id,))),
        ("by account, 100 of many", CdrQuery(accounts=("77",), limit=100)),
        ("by set-up second", CdrQuery(setup_start=1_778_400_010 * 10**9, setup_end=1_778_400_011 * 10**9)),
        ("all, counted", CdrQuery(destination_prefixes=("44",))),
    ):
        begin = time.perf_counter()
        found = await storage.cdrs.count(query) if "counted" in name else len(await storage.cdrs.query(query))
        print(f"query {name:<28} {(time.perf_counter() - begin) * 1e3:10.1f} ms  {found:,} found")


def restart(folder: Path) -> None:
    begin = time.perf_counter()
    storage = open_sqlite(folder)
    found = sum(1 for _ in storage.recover())
    status = storage.status()
    seconds = time.perf_counter() - begin
    print(f"restart                     {seconds:8.2f} s  {found:,} records of state, journal {status.journal_bytes >> 20} MiB")
    asyncio.run(storage.close())


async def work(folder: Path, seconds: float) -> None:
    storage = open_sqlite(folder)
    list(storage.recover())
    storage.start(asyncio.get_running_loop())
    for in_flight in (1, 32, 256):
        await appends(storage, in_flight, seconds)
    total, part = 1, 100_000
    for _ in range(4):
        await cdrs(storage, total, part)
        total += part // 256 * 256 + 256
    await queries(storage, total)
    await storage.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.setswitchinterval(0.0005)
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        asyncio.run(work(Path(place), float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
        restart(Path(place))
