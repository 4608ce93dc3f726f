"""What is done beside the commits is done in pieces, and what was encoded once is not encoded again."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.limits import FORGOTTEN_AT_ONCE
from engine.records import AccountPut, MetaPut, Record, SessionPut, encode_record
from engine.storage.query import CdrQuery
from engine.storage.sqlite import fold, log
from engine.storage.sqlite.folder import StateFolder
from engine.storage.young import YoungCdrs
from tests.engine.storage.drivers import SqliteDriver, cdr, durable, run, working


@pytest.fixture
def driver(tmp_path: Path) -> SqliteDriver:
    return SqliteDriver(tmp_path / "state")


def test_what_the_tables_have_is_forgotten_bit_by_bit() -> None:
    young = YoungCdrs()
    for number in range(1, 2 * FORGOTTEN_AT_ONCE + 1):
        young.note(number, [cdr(number, f"c{number}")])
    assert young.projected(2 * FORGOTTEN_AT_ONCE - 1)
    assert len(young) == FORGOTTEN_AT_ONCE
    assert not young.projected(2 * FORGOTTEN_AT_ONCE - 1)
    assert len(young) == 1
    assert young.find(f"c{2 * FORGOTTEN_AT_ONCE}", "*default") is not None


def test_the_loop_goes_on_forgetting_by_itself(driver: SqliteDriver) -> None:
    count = 3 * FORGOTTEN_AT_ONCE

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, *([cdr(number, f"c{number}")] for number in range(1, count + 1)))
            assert await storage.cdrs.count(CdrQuery()) == count
            while storage.status().unprojected_cdrs:
                await storage.cdrs.count(CdrQuery())

    run(work())


def test_rows_of_records_are_the_octets_of_the_journal(driver: SqliteDriver) -> None:
    """Alone in an append, in company, and replaced either way before the tables have it."""
    meta = MetaPut("m", b"")
    last = [cdr(1, "c1"), cdr(2, "c2"), cdr(3, "c3", source="again"), cdr(4, "c4", source="again")]
    first: list[list[Record]] = [[last[0]], [last[1], meta], [cdr(3, "c3")], [cdr(4, "c4"), meta]]
    appends: list[list[Record]] = [*first, [last[2], meta], [last[3]]]

    async def work() -> list[bytes]:
        async with working(driver) as storage:
            await durable(storage, *appends)
            assert await storage.cdrs.query(CdrQuery()) == last
            connection = driver.trouble.connect(driver.folder / "tollwire.db")
            rows = connection.execute("SELECT record FROM cdrs ORDER BY id").fetchall()
            connection.close()
            return [row for (row,) in rows]

    assert run(work()) == [encode_record(record) for record in last]


def test_a_record_alone_in_an_append_follows_one_octet() -> None:
    one = cdr(1, "c1")
    assert msgspec.msgpack.encode([one])[1:] == encode_record(one)


def test_state_is_folded_in_parts_whatever_its_keys(driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "FOLD_JOURNAL_RECORDS", 10_000)
    keys = ["", "a", "ä", "\U0001f600", *(f"{number * 7919 % 10_007:05x}" for number in range(10_000))]

    async def work() -> None:
        async with working(driver) as storage:
            appends: list[list[Record]] = [[SessionPut(key, key.encode()), AccountPut(key, b"1")] for key in keys]
            await durable(storage, *appends)
            await storage.prune()
            assert storage.status().folded_ticket == len(keys)
            assert storage.status().journal_bytes == 0

    run(work())
    storage = driver.open()
    records = [record for _, record in storage.recover()]
    run(storage.close())
    assert records == [AccountPut(key, b"1") for key in sorted(keys)] + [SessionPut(key, key.encode()) for key in sorted(keys)]


def test_the_file_is_synced_before_the_log_starts_anew(driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the writer's own sync has little to do. An error of it is told by SQLite's too; here it only ends the copy."""
    for name, size in (("WAL_BYTES", 100_000), ("WAL_ANEW_BYTES", 200_000), ("WAL_MOST_BYTES", 1 << 40)):
        monkeypatch.setattr(log, name, size)
    synced = StateFolder.sync_database
    calls: list[None] = []

    def sync(self: StateFolder) -> None:
        calls.append(None)
        if len(calls) == 1:
            raise OSError(5, "Input/output error")
        synced(self)

    monkeypatch.setattr(StateFolder, "sync_database", sync)

    async def work() -> None:
        async with working(driver) as storage:
            for _ in range(300):
                await durable(storage, [AccountPut("a", bytes(20_000))])
                await storage.cdrs.count(CdrQuery())
            assert len(calls) > 3
            assert (driver.folder / "tollwire.db-wal").stat().st_size < 4_000_000

    run(work())
