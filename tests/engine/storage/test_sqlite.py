"""What the SQLite driver does beyond what every driver promises: its folder, its file, its threads, its faults."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.limits import PROJECTION_BATCH_RECORDS
from engine.records import AccountPut, CdrRemoved, ItemPut, ItemRemoved, MetaPut, Record, SessionClosed, SessionPut, StateRecord, state_key
from engine.storage.ports import StorageDamaged, StorageError, StorageLocked, StorageRefused, StorageTooNew
from engine.storage.query import CdrQuery
from engine.storage.sqlite import fold, log, projector, reader
from engine.storage.sqlite import journal as module
from engine.storage.sqlite.bloom import HashFilter
from engine.storage.sqlite.indexed import key_hash
from engine.storage.sqlite.schema import MIGRATIONS, migrate
from engine.storage.sqlite.storage import SqliteStorage, open_sqlite
from engine.storage.young import YoungCdrs
from tests.engine.storage.drivers import SqliteDriver, accepts, cdr, durable, entry, run, started, working


@pytest.fixture
def driver(tmp_path: Path) -> SqliteDriver:
    return SqliteDriver(tmp_path / "state")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def write(folder: Path, *appends: Sequence[Record]) -> None:
    """Stores some appends, each in a commit of its own, without projecting them."""

    async def work() -> None:
        storage = open_sqlite(folder)
        started(storage)
        for records in appends:
            await durable(storage, records)
        await storage.close()

    run(work())


def recovered(folder: Path) -> list[tuple[int, StateRecord]]:
    storage = open_sqlite(folder)
    try:
        return list(storage.recover())
    finally:
        run(storage.close())


def sql(folder: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Looks into the file, or changes it behind the driver's back."""
    connection = sqlite3.connect(folder / "tollwire.db", isolation_level=None)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def test_a_state_folder_has_one_holder(folder: Path) -> None:
    holder = open_sqlite(folder)
    with pytest.raises(StorageLocked, match=f"{folder} is in use by process {os.getpid()}"):
        open_sqlite(folder)
    run(holder.close())
    run(open_sqlite(folder).close())


def test_a_state_folder_is_let_go_when_it_cannot_be_opened(folder: Path) -> None:
    folder.mkdir()
    (folder / "tollwire.db").write_bytes(b"no database" * 1000)
    for _ in range(2):
        with pytest.raises(StorageDamaged, match=r"tollwire\.db: file is not a database"):
            open_sqlite(folder)


def test_only_its_owner_can_read_it(folder: Path) -> None:
    write(folder, [MetaPut("a", b"")])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="state folder"):
        open_sqlite(tmp_path / "file" / "state")


def test_a_new_file_has_the_newest_schema(folder: Path) -> None:
    write(folder, [MetaPut("a", b"")])
    assert sql(folder, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert sql(folder, "PRAGMA journal_mode") == [("wal",)]


def test_an_older_file_is_brought_forward(folder: Path) -> None:
    write(folder, [MetaPut("a", b"1")])
    connection = sqlite3.connect(folder / "tollwire.db", isolation_level=None)
    steps = (*MIGRATIONS, "CREATE TABLE more (x); INSERT INTO more SELECT count(*) FROM journal;", "ALTER TABLE more ADD COLUMN y;")
    assert migrate(connection, file="f", steps=steps) == len(MIGRATIONS)
    assert connection.execute("SELECT x, y FROM more").fetchall() == [(1, None)]
    assert migrate(connection, file="f", steps=steps) == len(steps)
    connection.close()


def test_a_step_that_fails_changes_nothing(folder: Path) -> None:
    write(folder, [MetaPut("a", b"1")])
    connection = sqlite3.connect(folder / "tollwire.db", isolation_level=None)
    with pytest.raises(
        StorageError, match=f"cannot bring schema version {len(MIGRATIONS)} to {len(MIGRATIONS) + 2}: no such table: nowhere"
    ):
        migrate(connection, file="f", steps=(*MIGRATIONS, "CREATE TABLE more (x);", "INSERT INTO nowhere VALUES (1);"))
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone() == (0,)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    connection.close()
    assert recovered(folder) == [(1, MetaPut("a", b"1"))]


def test_a_newer_file_is_refused(folder: Path) -> None:
    write(folder, [MetaPut("a", b"1")])
    sql(folder, "PRAGMA user_version = 99")
    with pytest.raises(StorageTooNew, match=f"has schema version 99; this program knows versions up to {len(MIGRATIONS)}"):
        open_sqlite(folder)
    sql(folder, f"PRAGMA user_version = {len(MIGRATIONS)}")
    assert len(recovered(folder)) == 1


def test_a_file_of_another_program_is_refused(folder: Path) -> None:
    folder.mkdir()
    sql(folder, "CREATE TABLE theirs (x)")
    with pytest.raises(StorageError, match="a database of another program"):
        open_sqlite(folder)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (
            "UPDATE journal SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE first = 3",
            "tickets 3 to 3 do not match",
        ),
        ("UPDATE journal SET body = substr(body, 1, 20) WHERE first = 3", "tickets 3 to 3 do not match"),
        ("UPDATE journal SET checksum = checksum + 1 WHERE first = 1", "tickets 1 to 1 do not match"),
        ("UPDATE journal SET body = x'', checksum = 0 WHERE first = 2", "tickets 2 to 2 cannot be read"),
        ("UPDATE journal SET appends = 2 WHERE first = 3", "tickets 3 to 4 hold 1 appends"),
        ("DELETE FROM journal WHERE first = 2", "tickets 2 to 2 are missing"),
        ("DELETE FROM journal WHERE first = 1", "tickets 1 to 1 are missing"),
        ("UPDATE state SET record = x'91'", "state of kind 1, key 'z' cannot be read"),
    ],
)
def test_damage_is_named(folder: Path, damage: str, complaint: str) -> None:
    write(folder, *([MetaPut(f"key{n}", b"some value")] for n in range(3)))
    sql(folder, "INSERT INTO state VALUES (1, 'z', 0, ?, 0)", b"\x93\x0b\xa1z\xc4\x01x")
    assert len(recovered(folder)) == 4
    sql(folder, damage)
    with pytest.raises(StorageDamaged, match=complaint):
        recovered(folder)


def test_a_torn_log_leaves_whole_commits(driver: SqliteDriver, tmp_path: Path) -> None:
    """The write-ahead log cut anywhere: what is recovered is all commits up to some point, nothing of the one that was cut."""
    wal = driver.folder / "tollwire.db-wal"

    async def work() -> None:
        async with working(driver) as storage:
            for number in range(1, 6):
                await durable(storage, [AccountPut("a", b"%d" % number * 3000), AccountPut("b", b"%d" % number * 3000)])
            shutil.copytree(driver.folder, tmp_path / "copy")

    run(work())
    size = (tmp_path / "copy" / wal.name).stat().st_size
    found = set()
    for cut in range(32, size, 1777):
        shutil.rmtree(tmp_path / "torn", ignore_errors=True)
        shutil.copytree(tmp_path / "copy", tmp_path / "torn")
        os.truncate(tmp_path / "torn" / wal.name, cut)
        (tmp_path / "torn" / "tollwire.db-shm").unlink(missing_ok=True)
        state = {state_key(record): record for _, record in recovered(tmp_path / "torn")}
        bodies = {record.body for record in state.values() if isinstance(record, AccountPut)}
        assert len(bodies) == (1 if state else 0)
        assert len(state) in (0, 2)
        found.add(len(state) and int(bodies.pop()[:1]))
    assert found >= {0, 1, 2, 3, 4}


def test_appends_that_come_together_are_one_commit(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, *([MetaPut("a", b"%d" % n)] for n in range(1000)))
        assert sql(driver.folder, "SELECT sum(appends), max(first + appends) FROM journal") == [(1000, 1001)]
        assert sql(driver.folder, "SELECT count(*) FROM journal")[0][0] <= 3

    run(work())


def test_a_commit_whose_outcome_is_unknown_is_there_once(driver: SqliteDriver) -> None:
    """The row was written, the error came after it."""

    async def work() -> None:
        storage = driver.open()
        started(storage)
        states: asyncio.Queue[bool] = asyncio.Queue()
        storage.journal.subscribe_accepting(states.put_nowait)

        def fail_once(statement: str) -> None:
            if statement.startswith("INSERT INTO journal"):
                driver.trouble.after = lambda _: None
                raise sqlite3.OperationalError("disk I/O error")

        driver.trouble.after = fail_once
        await durable(storage, [AccountPut("a", b"1"), entry(1)])
        assert [await states.get(), await states.get()] == [False, True]
        assert driver.trouble.seen.count("PRAGMA wal_checkpoint(PASSIVE)") == 2
        await durable(storage, [AccountPut("a", b"2"), entry(2)])
        assert [e.entry_id async for page in storage.ledger.entries() for e in page] == [1, 2]
        await storage.close()

    run(work())
    assert [record for _, record in recovered(driver.folder)] == [AccountPut("a", b"1"), AccountPut("a", b"2")]


def test_lazy_writes_that_a_failure_lost_are_done_again(driver: SqliteDriver) -> None:
    """What was projected but not synced may be gone when the disk has failed; the file's own marks count."""

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [cdr(1), entry(1)])
            assert await storage.cdrs.count(CdrQuery()) == 1

            def lose(statement: str) -> None:
                if statement.startswith("INSERT INTO journal"):
                    driver.trouble.before = lambda _: None
                    sql(driver.folder, "DELETE FROM cdrs")
                    sql(driver.folder, "UPDATE marks SET value = 0 WHERE name = 'projected'")
                    raise sqlite3.OperationalError("disk I/O error")

            driver.trouble.before = lose
            await durable(storage, [cdr(2)])
            assert await storage.cdrs.count(CdrQuery()) == 2

    run(work())


def test_what_was_projected_is_not_projected_again(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [cdr(1), entry(1)])
            assert await storage.cdrs.count(CdrQuery()) == 1
        driver.trouble.seen.clear()
        async with working(driver) as storage:
            assert await storage.prune() > 0
            assert not [statement for statement in driver.trouble.seen if "INTO cdrs VALUES" in statement]
            await durable(storage, [cdr(2)])
            assert await storage.cdrs.count(CdrQuery()) == 2
            assert [statement for statement in driver.trouble.seen if "INTO cdrs VALUES" in statement]

    run(work())


def test_items_come_back_in_the_order_in_which_they_came(driver: SqliteDriver) -> None:
    """Which of two destinations has a prefix may depend on it."""

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [ItemPut("destination", name, b"1") for name in ("m", "z", "a")])
            await storage.prune()
            await durable(storage, [ItemPut("destination", "m", b"2")], [ItemRemoved("destination", "z")])
            await durable(storage, [ItemPut("destination", "b", b"1"), ItemPut("destination", "z", b"2")])
            await storage.prune()

    run(work())
    assert sql(driver.folder, "SELECT count(*) FROM state") == [(4,)]
    found = [(record.item_id, record.body) for _, record in recovered(driver.folder) if isinstance(record, ItemPut)]
    assert found == [("m", b"2"), ("a", b"1"), ("b", b"1"), ("z", b"2")]


def test_a_file_of_the_first_schema_is_brought_along(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "first.db")
    migrate(connection, file="f", steps=MIGRATIONS[:1])
    connection.execute("INSERT INTO state VALUES (2, 'destination\x1fa', 7, x'00')")
    connection.commit()
    assert migrate(connection, file="f") == 1
    assert connection.execute("SELECT key, seq, came FROM state").fetchall() == [("destination\x1fa", 7, 0)]
    connection.close()


def test_a_full_disk(driver: SqliteDriver) -> None:
    """The database's own answer when it has no more pages; then there is room again."""
    connections: list[sqlite3.Connection] = []
    limit = [60]

    def connect_small(path: Path) -> sqlite3.Connection:
        connection = driver.trouble.connect(path)
        connection.execute(f"PRAGMA max_page_count = {limit[0]}")
        connections.append(connection)
        return connection

    async def work() -> int:
        storage = SqliteStorage(driver.folder, connect=connect_small)
        started(storage)
        states: asyncio.Queue[bool] = asyncio.Queue()
        storage.journal.subscribe_accepting(states.put_nowait)
        acknowledged = 0
        while accepts(storage):
            storage.journal.append([AccountPut(f"a{acknowledged}", bytes(9000))])
            waiting = {asyncio.ensure_future(storage.journal.wait(storage.journal.last_ticket)), asyncio.ensure_future(states.get())}
            done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            if any(task.result() is False for task in done):
                break
            acknowledged += 1
        assert 5 < acknowledged < 30
        assert not accepts(storage)
        limit[0] = 10_000
        await storage.journal.wait(storage.journal.last_ticket)
        assert accepts(storage)
        await storage.close()
        return acknowledged

    acknowledged = run(work())
    assert len(recovered(driver.folder)) == acknowledged + 1


def test_the_log_does_not_grow_over_restarts(driver: SqliteDriver, tmp_path: Path) -> None:
    """A process that is killed leaves its log; the next one brings it into the file."""

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [AccountPut("a", bytes(500_000))])
            shutil.copytree(driver.folder, tmp_path / "killed")

    run(work())
    wal = tmp_path / "killed" / "tollwire.db-wal"
    assert wal.stat().st_size > 500_000
    storage = open_sqlite(tmp_path / "killed")
    assert (tmp_path / "killed" / "tollwire.db").stat().st_size > 500_000
    assert len(list(storage.recover())) == 1
    run(storage.close())
    assert not wal.exists()


def test_the_log_is_brought_into_the_file(driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "WAL_BYTES", 200_000)
    monkeypatch.setattr(log, "WAL_MOST_BYTES", 400_000)

    async def work() -> None:
        async with working(driver) as storage:
            for _ in range(300):  # 8 MB of log and more
                await durable(storage, [AccountPut("a", bytes(20_000))])
                await storage.cdrs.count(CdrQuery())
            assert (driver.folder / "tollwire.db-wal").stat().st_size < 4_000_000

    run(work())


def test_what_was_not_projected_is_caught_up_after_a_restart(folder: Path) -> None:
    write(folder, [cdr(1, "c1"), entry(1)], [cdr(2, "c2"), MetaPut("m", b"")])
    assert sql(folder, "SELECT count(*) FROM cdrs") == [(0,)]

    async def work() -> None:
        storage = open_sqlite(folder)
        started(storage)
        assert (storage.last_order_id, storage.last_entry_id) == (2, 1)
        assert storage.cdrs.exists("c1", "*default")
        assert not storage.cdrs.exists("c3", "*default")
        storage.journal.append([cdr(3, "c3")])
        assert storage.cdrs.exists("c3", "*default")
        await storage.journal.wait(3)
        assert await storage.cdrs.count(CdrQuery()) == 3
        assert storage.status().projected_ticket == 3
        await storage.close()

    run(work())
    assert sql(folder, "SELECT value FROM marks WHERE name = 'projected'") == [(3,)]


def test_more_than_memory_holds_is_read_from_the_journal(driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "PROJECTION_BACKLOG_RECORDS", 50)
    monkeypatch.setattr(projector, "_GATHER_RECORDS", 20)
    total = PROJECTION_BATCH_RECORDS + 500

    async def work() -> None:
        async with working(driver) as storage:
            for start in range(0, total, 100):
                ids = range(start + 1, min(start + 100, total) + 1)
                appends: list[list[Record]] = [[cdr(n), SessionPut(f"s{n % 7}", b"%d" % n)] for n in ids]
                await durable(storage, *appends)
            assert await storage.cdrs.count(CdrQuery()) == total
            assert await storage.prune() > 0
            assert any(statement.startswith("SELECT * FROM journal WHERE first <=") for statement in driver.trouble.seen)

    run(work())
    kept = {record.cgrid: record.body for _, record in recovered(driver.folder) if isinstance(record, SessionPut)}
    assert kept == {f"s{n % 7}": b"%d" % n for n in range(total - 6, total + 1)}


def test_a_projection_that_fails_stops_queries_not_charging(driver: SqliteDriver) -> None:
    def refuse(statement: str) -> None:
        if statement.startswith("INSERT OR REPLACE INTO cdrs VALUES"):
            raise sqlite3.OperationalError("disk I/O error")

    async def work() -> None:
        async with working(driver) as storage:
            driver.trouble.before = refuse
            await durable(storage, [cdr(1, account="x"), SessionPut("s", b"1")], [cdr(2, account="x")])
            with pytest.raises(StorageRefused, match="storage unavailable"):
                await storage.cdrs.count(CdrQuery())
            with pytest.raises(StorageRefused, match="storage unavailable"):
                await storage.prune()
            assert accepts(storage)
            await durable(storage, [cdr(3, account="x")])
            driver.trouble.before = lambda _: None
            assert await storage.cdrs.count(CdrQuery(accounts=("x",))) == 3
            await storage.prune()
            assert storage.status().journal_bytes == 0

    run(work())


def test_a_fold_that_was_cut_off_does_no_harm(driver: SqliteDriver) -> None:
    """Some keys folded, some not, the mark not moved: recovery takes each key's last word."""

    async def work() -> None:
        storage = driver.open()
        started(storage)
        await durable(storage, [SessionPut(f"s{n:03}", b"old") for n in range(600)])
        await storage.prune()
        await durable(
            storage, [SessionPut(f"s{n:03}", b"new") for n in range(0, 600, 2)], [SessionClosed(f"s{n:03}") for n in range(0, 600, 3)]
        )
        await durable(storage, [SessionPut("s000", b"again")])
        folds = []

        def refuse_second(statement: str) -> None:
            if "INTO state" in statement or "FROM state" in statement:
                folds.append(statement)
                if len(folds) > 3:
                    raise sqlite3.OperationalError("disk I/O error")

        driver.trouble.before = refuse_second
        with pytest.raises(StorageRefused):
            await storage.prune()
        await durable(storage, [SessionClosed("s001"), SessionPut("s003", b"last")])
        await storage.close()

    run(work())
    driver.trouble.before = lambda _: None
    changed = sql(driver.folder, "SELECT count(*) FROM state WHERE seq > (SELECT value FROM marks WHERE name = 'folded')")
    assert 0 < changed[0][0] < 400
    expected = {f"s{n:03}": b"old" for n in range(600)}
    expected |= {f"s{n:03}": b"new" for n in range(0, 600, 2)}
    expected = {cgrid: body for cgrid, body in expected.items() if int(cgrid[1:]) % 3}
    expected |= {"s000": b"again", "s003": b"last"}
    del expected["s001"]
    found: dict[str, bytes] = {}
    for _, record in recovered(driver.folder):
        if isinstance(record, SessionPut):
            found[record.cgrid] = record.body
        elif isinstance(record, SessionClosed):
            found.pop(record.cgrid, None)
    assert found == expected


def test_the_journal_is_pruned_by_itself(driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "FOLD_JOURNAL_RECORDS", 200)

    async def work() -> None:
        async with working(driver) as storage:
            for n in range(1, 1001):
                await durable(storage, [AccountPut("a", b"%d" % n), entry(n)])
            assert await storage.cdrs.count(CdrQuery()) == 0
            await durable(storage, [AccountPut("a", b"1001")])
            assert await storage.cdrs.count(CdrQuery()) == 0
            assert storage.status().folded_ticket > 0

    run(work())
    assert sql(driver.folder, "SELECT count(*) FROM journal")[0][0] < 1001
    assert recovered(driver.folder)[-1] == (1001, AccountPut("a", b"1001"))


@pytest.mark.parametrize("first", [1, 65_000, 1_795_253_991_230_610_623])
def test_look_ups_over_several_generations(driver: SqliteDriver, first: int) -> None:
    ids = [first, first + 1, first + 65_536, first + 65_537, first + 1_000_000]

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [cdr(n, f"c{n}", account=f"a{n % 2}", origin_id=f"o{n}", setup=n * 10**9) for n in ids])
            assert [c.order_id for c in await storage.cdrs.query(CdrQuery())] == ids
            assert [c.order_id for c in await storage.cdrs.query(CdrQuery(descending=True))] == ids[::-1]
            even = [n for n in ids if n % 2 == 0]
            assert [c.order_id for c in await storage.cdrs.query(CdrQuery(accounts=("a0",)))] == even
            assert [c.order_id for c in await storage.cdrs.query(CdrQuery(origin_ids=(f"o{ids[3]}",)))] == [ids[3]]
            assert [c.order_id for c in await storage.cdrs.query(CdrQuery(setup_start=ids[2] * 10**9))] == ids[2:]
            await storage.prune()
            assert all(storage.cdrs.exists(f"c{n}", "*default") for n in ids)
        async with working(driver) as storage:
            assert all(storage.cdrs.exists(f"c{n}", "*default") for n in ids)
            assert not storage.cdrs.exists("c0", "*default")
            assert [c.order_id for c in await storage.cdrs.query(CdrQuery(cgrids=(f"c{ids[4]}", f"c{ids[0]}")))] == [ids[0], ids[4]]

    run(work())


def test_keys_that_share_a_hash_are_told_apart(driver: SqliteDriver) -> None:
    """Two texts with one CRC-32."""
    one, other = "plumless", "buckeroo"

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [cdr(1, one, account=one), entry(1, account=one)])
            await storage.prune()
            assert storage.cdrs.exists(one, "*default")
            assert not storage.cdrs.exists(other, "*default")
            assert await storage.cdrs.query(CdrQuery(accounts=(other,))) == []
            assert [e async for page in storage.ledger.entries(account=other) for e in page] == []

    run(work())


def test_young_records_until_the_tables_have_them() -> None:
    young = YoungCdrs()
    young.note(1, [cdr(1, "c1")])
    young.note(2, [CdrRemoved(1)])
    young.note(3, [cdr(1, "c1")])
    young.note(4, [CdrRemoved(1), cdr(2, "c2")])
    assert young.find("c1", "*default") is None
    assert young.is_removed(1)
    young.projected(2)
    assert young.is_removed(1), "the second removal is younger"
    young.projected(3)
    assert young.is_removed(1)
    assert young.find("c2", "*default") is not None
    young.projected(4)
    assert not young.is_removed(1)
    assert young.find("c2", "*default") is None


def test_the_filter_knows_what_it_has_not_seen() -> None:
    known = HashFilter(0)
    seen = range(0, 40_000_000, 4001)
    known.add_all(seen)
    assert all(known.may_have(value) for value in seen)
    wrong = sum(known.may_have(value) for value in range(1, 40_000_000, 4001))
    assert wrong < 100
    assert not known.crowded


def test_a_crowded_filter_is_asked_until_a_sharper_one_knows_as_much(driver: SqliteDriver) -> None:
    async def work() -> None:
        storage = driver.open()
        started(storage)
        storage.journal.append([cdr(1, "c1")])
        await storage.project()
        assert isinstance(storage, SqliteStorage)
        projector = storage._projector
        crowded = HashFilter(0)
        crowded.add(key_hash("c1"))
        while not crowded.crowded:
            crowded.add_all(range(10_000))
        crowded.ready = True
        projector.filter = crowded
        order_id = 1
        while projector.filter is crowded:
            assert storage.cdrs.exists("c1", "*default")
            order_id += 1
            storage.journal.append([cdr(order_id, f"c{order_id}")])
            await storage.project()
            await asyncio.sleep(0.01)
        assert projector.filter.ready
        assert not projector.filter.crowded
        assert all(storage.cdrs.exists(f"c{number}", "*default") for number in range(1, order_id + 1))
        await storage.close()

    run(work())


def test_a_fault_of_our_own_stops_the_storage_not_the_process(driver: SqliteDriver, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        storage = driver.open()
        started(storage)
        states: asyncio.Queue[bool] = asyncio.Queue()
        storage.journal.subscribe_accepting(states.put_nowait)

        def fault(statement: str) -> None:
            if statement.startswith("INSERT"):
                raise AssertionError("planted")

        driver.trouble.before = fault
        storage.journal.append([MetaPut("m", b"")])
        assert await states.get() is False
        with pytest.raises(StorageRefused, match="1 appends"):
            await storage.close()

    run(work())
    assert "planted" in caplog.text


def test_commits_and_checkpoints_are_timed(driver: SqliteDriver) -> None:
    async def work() -> None:
        storage = driver.open()
        started(storage)
        before = storage.status()
        assert (before.queries, sum(before.commits.buckets)) == (0, 0)
        await durable(storage, [cdr(1)])
        after = storage.status()
        assert (sum(after.commits.buckets), after.commits.total_ns > 0, after.log_bytes > 0) == (1, True, True)
        await storage.close()

    run(work())


def test_more_queries_than_there_may_be_are_refused(driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_QUERIES", 3)

    async def work() -> None:
        storage = driver.open()
        started(storage)
        await durable(storage, [cdr(1)])
        found = await asyncio.gather(*(storage.cdrs.count(CdrQuery()) for _ in range(4)), return_exceptions=True)
        assert found[:3] == [1, 1, 1]
        assert isinstance(found[3], StorageRefused)
        assert (await storage.cdrs.count(CdrQuery()), storage.status().queries) == (1, 0)
        await storage.close()

    run(work())


def test_records_that_lie_in_no_table_have_a_bound(driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNPROJECTED_CDRS", 3)

    async def work() -> None:
        storage = driver.open()
        started(storage)
        await durable(storage, [cdr(number) for number in range(1, 4)])
        assert (storage.status().unprojected_cdrs, storage.journal.accepting) == (3, False)
        assert await storage.cdrs.count(CdrQuery()) == 3  # for this they are brought into the tables
        assert storage.journal.accepting
        assert storage.status().unprojected_cdrs == 0
        await storage.close()

    run(work())
