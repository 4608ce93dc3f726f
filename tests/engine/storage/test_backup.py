"""Backups: whole, of one moment, sealed; and what may be put in the place of what."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.records import AccountPut, ItemPut, MetaPut, Record, StateRecord
from engine.storage.ports import StorageDamaged, StorageError, StorageLocked, StorageTooNew
from engine.storage.sqlite.backup import REPLACED_NAME, RESTORING_NAME, Backup, back_up, read_backup, restoring
from engine.storage.sqlite.folder import DATABASE_NAME
from engine.storage.sqlite.schema import MIGRATIONS, migrate
from tests.engine.storage.drivers import SqliteDriver, cdr, durable, entry, run, started, working


def silent(_done: int, _all: int) -> None:
    """Nobody looks."""


@pytest.fixture
def driver(tmp_path: Path) -> SqliteDriver:
    return SqliteDriver(tmp_path / "state")


async def filled(driver: SqliteDriver, count: int = 50) -> None:
    async with working(driver) as storage:
        for number in range(1, count + 1):
            storage.journal.append([AccountPut(f"a{number}", b"state"), entry(number, f"a{number}"), cdr(number)])
        await durable(storage, [MetaPut("end", b"")])


def restored(file: Path, folder: Path, *, replace: bool = False) -> Backup:
    with restoring(file, folder, replace=replace) as found:
        assert (folder / RESTORING_NAME).is_file()
    return found


async def state_of(folder: Path) -> list[StateRecord]:
    storage = SqliteDriver(folder).open()
    try:
        return [record for _, record in started(storage)]
    finally:
        await storage.close()


def test_a_backup_has_what_was_durable_when_it_began_and_nothing_in_part(driver: SqliteDriver, tmp_path: Path) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            written = 0
            for number in range(1, 400):
                written = storage.journal.append([AccountPut(f"a{number}", b"x" * 200), entry(number, f"a{number}"), cdr(number)])
                if number % 100 == 50:
                    await storage.journal.wait(written)
                    durable_then = storage.journal.durable_ticket
                    made = back_up(driver.folder, tmp_path / f"{number}.db", silent)
                    assert made.ticket >= durable_then
                    assert read_backup(tmp_path / f"{number}.db") == made
            await storage.journal.wait(written)

    run(work())
    for number in (50, 150, 250, 350):
        made = restored(tmp_path / f"{number}.db", tmp_path / f"folder-{number}")
        names = {record.key for record in run(state_of(tmp_path / f"folder-{number}")) if isinstance(record, AccountPut)}
        assert names == {f"a{one}" for one in range(1, made.ticket + 1)}
        assert made.ticket >= number


def test_a_backup_of_a_stopped_state_is_one_file_that_its_owner_alone_reads(driver: SqliteDriver, tmp_path: Path) -> None:
    run(filled(driver))
    folder = tmp_path / "backups"
    folder.mkdir()
    made = back_up(driver.folder, folder, silent)
    assert [file.name for file in folder.iterdir()] == [Path(made.file).name]
    assert Path(made.file).stat().st_mode & 0o777 == 0o600
    assert made.size_bytes == Path(made.file).stat().st_size
    assert made.schema == len(MIGRATIONS)


def test_a_backup_takes_no_others_place(driver: SqliteDriver, tmp_path: Path) -> None:
    run(filled(driver))
    (tmp_path / "there.db").write_text("mine")
    with pytest.raises(StorageError, match=r"there\.db exists already"):
        back_up(driver.folder, tmp_path / "there.db", silent)
    assert (tmp_path / "there.db").read_text() == "mine"
    with pytest.raises(StorageError, match=r"holds no tollwire\.db"):
        back_up(tmp_path, tmp_path / "new.db", silent)
    with pytest.raises(StorageError, match="no/folder"):
        back_up(driver.folder, tmp_path / "no" / "folder", silent)


def test_a_backup_that_was_cut_off_leaves_no_file_of_that_name(driver: SqliteDriver, tmp_path: Path) -> None:
    run(filled(driver, 2000))

    def tired(done: int, _all: int) -> None:
        assert not done, "no space left"

    with pytest.raises(AssertionError):
        back_up(driver.folder, tmp_path / "new.db", tired)
    assert [file.name for file in tmp_path.iterdir()] == ["state"]


def flip(file: Path, chance: random.Random) -> None:
    octets = bytearray(file.read_bytes())
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
    file.write_bytes(octets)


def test_every_octet_counts(driver: SqliteDriver, tmp_path: Path) -> None:
    run(filled(driver))
    chance = random.Random(5)
    made = back_up(driver.folder, tmp_path / "whole.db", silent)
    for number in range(100):
        file = tmp_path / f"{number}.db"
        file.write_bytes(Path(made.file).read_bytes())
        flip(file, chance)
        with pytest.raises(StorageError):
            restored(file, tmp_path / "new")
        assert not (tmp_path / "new" / DATABASE_NAME).exists()


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-4096]), "damaged"),
        (lambda file: file.write_bytes(file.read_bytes() + bytes(4096)), "damaged"),
        (lambda file: file.write_bytes(b""), "another program"),
        (lambda file: file.write_bytes(b"text" * 3000), "damaged"),
        (lambda file: file.unlink(), "is no file"),
    ],
)
def test_what_is_no_whole_backup_is_refused(driver: SqliteDriver, tmp_path: Path, spoil: Callable[[Path], None], complaint: str) -> None:
    run(filled(driver))
    file = Path(back_up(driver.folder, tmp_path / "whole.db", silent).file)
    spoil(file)
    with pytest.raises(StorageError, match=complaint):
        restored(file, tmp_path / "new")


def test_a_plain_copy_of_a_state_is_no_backup(driver: SqliteDriver, tmp_path: Path) -> None:
    run(filled(driver))
    with pytest.raises(StorageError, match="is no backup"):
        restored(driver.folder / DATABASE_NAME, tmp_path / "new")


def test_a_state_is_replaced_only_when_that_was_said_and_kept_beside(driver: SqliteDriver, tmp_path: Path) -> None:
    run(filled(driver, 10))
    file = Path(back_up(driver.folder, tmp_path / "ten.db", silent).file)

    async def go_on() -> None:
        async with working(driver) as storage:
            await durable(storage, [AccountPut("young", b"state")])

    run(go_on())
    with pytest.raises(StorageError, match="--replace"):
        restored(file, driver.folder)
    assert AccountPut("young", b"state") in run(state_of(driver.folder))
    restored(file, driver.folder, replace=True)
    assert AccountPut("young", b"state") not in run(state_of(driver.folder))
    assert len([one for one in run(state_of(driver.folder)) if isinstance(one, AccountPut)]) == 10
    (tmp_path / "kept").mkdir()
    (driver.folder / REPLACED_NAME).rename(tmp_path / "kept" / DATABASE_NAME)
    assert AccountPut("young", b"state") in run(state_of(tmp_path / "kept"))


def test_the_log_of_a_killed_gateway_does_not_reach_the_restored_state(driver: SqliteDriver, tmp_path: Path) -> None:
    """A write-ahead log that is left beside a file is taken for its own, whatever file that is."""
    run(filled(driver, 10))
    file = Path(back_up(driver.folder, tmp_path / "ten.db", silent).file)
    victim = tmp_path / "victim"

    async def killed() -> None:
        storage = driver.open()
        started(storage)
        await durable(storage, *([AccountPut(f"young-{number}", b"state")] for number in range(500)))
        victim.mkdir()
        for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal"):
            (victim / name).write_bytes((driver.folder / name).read_bytes())
        await storage.close()

    run(killed())
    assert (victim / f"{DATABASE_NAME}-wal").stat().st_size
    restored(file, victim, replace=True)
    assert not (victim / f"{DATABASE_NAME}-wal").exists()
    assert len(run(state_of(victim))) == 11
    with closing(sqlite3.connect(victim / REPLACED_NAME)) as kept:
        assert kept.execute("SELECT count(*) FROM journal").fetchone()[0], "what the log had is in the file that is kept"


def test_a_state_in_use_is_not_restored_into(driver: SqliteDriver, tmp_path: Path) -> None:
    async def work() -> None:
        async with working(driver):
            file = Path(back_up(driver.folder, tmp_path / "new.db", silent).file)
            with pytest.raises(StorageLocked):
                restored(file, driver.folder, replace=True)

    run(work())


def test_a_backup_of_an_older_schema_is_brought_along_and_one_of_a_newer_is_refused(driver: SqliteDriver, tmp_path: Path) -> None:
    driver.folder.mkdir()
    item: Record = ItemPut("timing", "T", b"body")
    with closing(sqlite3.connect(driver.folder / DATABASE_NAME, isolation_level=None)) as connection:
        migrate(connection, file="", steps=MIGRATIONS[:1])
    made = back_up(driver.folder, tmp_path / "old.db", silent)
    assert made.schema == 1
    restored(tmp_path / "old.db", tmp_path / "new")

    async def work() -> None:
        async with working(SqliteDriver(tmp_path / "new")) as storage:
            await durable(storage, [item])

    run(work())
    assert run(state_of(tmp_path / "new")) == [item]
    with closing(sqlite3.connect(driver.folder / DATABASE_NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StorageTooNew, match="knows versions up to"):
        back_up(driver.folder, tmp_path / "newer.db", silent)
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StorageTooNew, match="knows versions up to"):
        restored(tmp_path / "old.db", tmp_path / "other")


def test_a_replaced_state_that_is_damaged_is_no_hindrance(driver: SqliteDriver, tmp_path: Path) -> None:
    run(filled(driver, 10))
    file = Path(back_up(driver.folder, tmp_path / "ten.db", silent).file)
    (driver.folder / DATABASE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(StorageDamaged):
        SqliteDriver(driver.folder).open()
    restored(file, driver.folder, replace=True)
    assert len(run(state_of(driver.folder))) == 11


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_restores_belongs_to_the_service(driver: SqliteDriver, tmp_path: Path) -> None:
    service = 61_234
    run(filled(driver))
    backup = back_up(driver.folder, tmp_path / "backup.db", silent)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, service, service)
    for _ in range(2):
        restored(Path(backup.file), home / "default", replace=True)
    found = [home / "default", *(home / "default").iterdir()]
    assert {path.name for path in found} == {"default", "tollwire.db", "tollwire.lock", REPLACED_NAME}
    assert {(path.stat().st_uid, path.stat().st_gid) for path in found} == {(service, service)}
