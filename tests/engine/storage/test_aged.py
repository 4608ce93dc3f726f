"""What is old, closed into forwards: every balance adds up to the same as before, whatever is old and whatever happens meanwhile."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.accounts.verify import Tally
from engine.parts import split_amount
from engine.records import CdrRemoved, Entry, Record
from engine.storage.ports import Storage, StorageRefused
from engine.storage.sqlite.aged import Age, Aged, compact, room
from engine.storage.sqlite.folder import DATABASE_NAME
from engine.storage.sqlite.peek import Peek
from tests.engine.storage.drivers import SqliteDriver, cdr, durable, run, working

SECOND = 10**9


@dataclass
class Books:
    """Balances that move by chance."""

    draw: random.Random
    held: dict[tuple[str, str], int] = field(default_factory=dict)
    last_id: int = 0

    def moves(self, count: int, at: int) -> list[Record]:
        found: list[Record] = []
        for _ in range(count):
            account, balance = f"t:{self.draw.randrange(5)}", f"b{self.draw.randrange(2)}"
            held = self.held.get((account, balance), 0)
            delta = -held if self.draw.random() < 0.1 and held else self.draw.randrange(1, 10**12)
            self.held[account, balance] = held + delta
            self.last_id += 1
            amounts = split_amount(delta), split_amount(held + delta)
            found.append(Entry(self.last_id, account, balance, "*monetary", *amounts, "debit", "", split_amount(at)))
        return found


def ledger(folder: Path) -> list[Entry]:
    peek = Peek(folder)
    try:
        return list(peek.entries())
    finally:
        peek.close()


def check(folder: Path, books: Books) -> list[Entry]:
    entries = ledger(folder)
    tally = Tally()
    tally.add(entries)
    assert not tally._broken
    assert {key: total for key, total in tally._sums.items() if total} == {key: held for key, held in books.held.items() if held}
    return entries


async def prune(storage: Storage, folder: Path, before: int, between: list[Record]) -> Aged:
    """Looks, has others append meanwhile, and writes what was found."""
    aged = Aged(folder, Age(before))
    storage.journal.append(between)
    for found in aged.found():
        await durable(storage, found.closings)
    await durable(storage)
    return aged


@pytest.fixture
def driver(tmp_path: Path) -> SqliteDriver:
    return SqliteDriver(tmp_path / "state")


@pytest.mark.parametrize("seed", range(3))
def test_balances_add_up_after_every_prune(driver: SqliteDriver, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books(random.Random(seed))
    monkeypatch.setattr("engine.storage.sqlite.aged.CLOSED_ENTRIES", 7)
    monkeypatch.setattr("engine.storage.sqlite.aged.AGED_BATCH_RECORDS", 2)

    async def work() -> None:
        async with working(driver) as storage:
            for day in range(8):
                for hour in range(10):
                    storage.journal.append(books.moves(books.draw.randrange(1, 12), (day * 10 + hour) * SECOND))
                await durable(storage)
                if books.draw.random() < 0.5:
                    await storage.prune()
                before = len(check(driver.folder, books))
                cut = books.draw.randrange(0, day * 10 + 11) * SECOND
                aged = await prune(storage, driver.folder, cut, books.moves(5, (day + 1) * 10 * SECOND))
                after = check(driver.folder, books)
                assert len(after) == before + 5 - aged.total.entries + aged.total.forwards
                old = [(one.account, one.balance) for one in after if one.at_ns < cut]
                assert len(old) == len(set(old)), "at most one old entry of a balance is left"
        async with working(driver) as storage:
            check(driver.folder, books)
            await storage.prune()
            check(driver.folder, books)

    run(work())


def test_a_forward_stands_where_its_last_entry_stood(driver: SqliteDriver) -> None:
    books = Books(random.Random(1))

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, books.moves(50, SECOND))
            old = {one.entry_id: one for one in ledger(driver.folder)}
            aged = await prune(storage, driver.folder, 2 * SECOND, [])
            left = ledger(driver.folder)
            assert len(left) == aged.total.forwards < 10
            for one in left:
                assert (one.after, one.at, one.balance) == (old[one.entry_id].after, old[one.entry_id].at, old[one.entry_id].balance)
                assert one.delta == one.after
            assert Aged(driver.folder, Age(2 * SECOND)).total.entries == 0, "nothing is left to be closed"

    run(work())


def test_rows_that_a_cut_off_projection_left_without_keys_are_closed_too(driver: SqliteDriver) -> None:
    books = Books(random.Random(3))

    def refuse(sql: str) -> None:
        if "INTO entries_keys" in sql:
            raise sqlite3.OperationalError("disk I/O error")

    async def work() -> None:
        async with working(driver) as storage:
            driver.trouble.before = refuse
            await durable(storage, books.moves(40, SECOND))
            with pytest.raises(StorageRefused):
                await storage.project()
            aged = Aged(driver.folder, Age(2 * SECOND))
            for found in aged.found():
                await durable(storage, found.closings)
            driver.trouble.before = lambda _: None
            await storage.prune()
            assert len(check(driver.folder, books)) == aged.total.forwards

    run(work())


def test_a_ledger_that_does_not_add_up_is_left_alone(driver: SqliteDriver) -> None:
    books = Books(random.Random(2))

    async def work() -> None:
        async with working(driver) as storage:
            wrong = Entry(1000, "t:bad", "b0", "*monetary", (1, 0), (2, 0), "debit", "", (1, 0))
            also = Entry(1001, "t:bad", "b0", "*monetary", (1, 0), (3, 0), "debit", "", (1, 0))
            await durable(storage, [*books.moves(50, SECOND), wrong, also])
            aged = await prune(storage, driver.folder, 2 * SECOND, [])
            assert aged.total.broken == ["t:bad"]
            assert [one for one in ledger(driver.folder) if one.account == "t:bad"] == [wrong, also]

    run(work())


def test_records_are_old_by_their_set_up_or_without_one_by_when_they_were_stored(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            never = -62_135_596_800 * SECOND
            records = [
                cdr(1, setup=10 * SECOND, created=50 * SECOND),
                cdr(2, setup=30 * SECOND, created=30 * SECOND),
                cdr(3, setup=never, created=10 * SECOND),
                cdr(4, setup=never, created=30 * SECOND),
                cdr(5, setup=20 * SECOND, created=20 * SECOND),
            ]
            await durable(storage, records)
            await storage.project()
            aged = Aged(driver.folder, Age(cdrs_before=20 * SECOND))
            assert [order_id for found in aged.found() for order_id in found.order_ids] == [1, 3]
            assert aged.total.cdrs == 2

    run(work())


def keys_left(folder: Path, name: str) -> int:
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        found = connection.execute(f"SELECT count(*) FROM {name}_keys").fetchone()[0]
    assert isinstance(found, int)
    return found


@pytest.mark.slow
def test_what_is_gone_leaves_nothing_behind_in_the_file(driver: SqliteDriver) -> None:
    """Rounds of records that come and go: the file is as large after the last as after the second."""
    sizes = []

    async def work() -> None:
        async with working(driver) as storage:
            first = 1
            for _ in range(6):
                ids = range(first, first + 11_500)
                for start in range(ids.start, ids.stop, 500):
                    storage.journal.append([cdr(one, setup=SECOND, account="a" * 100) for one in range(start, start + 500)])
                await storage.project()
                first = ids.stop
                for start in range(ids.start, ids.stop - 10, 500):
                    storage.journal.append([CdrRemoved(one) for one in range(start, min(start + 500, ids.stop - 10))])
                await storage.project()
                await storage.prune()
                sizes.append(room(driver.folder).file_bytes)
            for one in range(first - 5, first):
                assert storage.cdrs.exists(f"cgrid-{one}", "*default")
            assert not storage.cdrs.exists("cgrid-5", "*default")

    run(work())
    assert sizes[-1] <= sizes[1] * 1.05, sizes
    assert keys_left(driver.folder, "cdrs") == 3 * 6 * 10
    before = room(driver.folder)
    compact(driver.folder)
    assert room(driver.folder).file_bytes < before.file_bytes / 4
    assert room(driver.folder).free_bytes == 0
