"""The drivers that the suite runs over: how each is opened, and how its disk is made to fail."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from engine.parts import split_amount
from engine.records import CdrPut, Entry, Record, StateRecord
from engine.storage.memory.disk import Faults, MemoryDisk
from engine.storage.memory.storage import MemoryStorage
from engine.storage.ports import Storage
from engine.storage.sqlite.storage import SqliteStorage

Result = TypeVar("Result")
State = list[tuple[int, StateRecord]]


class Driver(Protocol):
    """One driver with one place to keep things in."""

    def open(self) -> Storage:
        """Opens it, what was stored before included."""

    def fail(self) -> None:
        """From now on commits fail."""

    def mend(self) -> None:
        """They work again."""


class MemoryDriver:
    def __init__(self, _folder: Path) -> None:
        self.disk = MemoryDisk()
        self.faults = Faults()

    def open(self) -> Storage:
        return MemoryStorage(self.disk, self.faults)

    def fail(self) -> None:
        self.faults.failing = True

    def mend(self) -> None:
        self.faults.failing = False


class Trouble:
    """What happens to statements of the SQLite driver: `before` is called with each; what it raises, the statement raises.
    `after` likewise, when the statement has been done."""

    def __init__(self) -> None:
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        self.seen: list[str] = []

    def connect(self, path: Path) -> sqlite3.Connection:
        trouble = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                trouble.seen.append(sql)
                trouble.before(sql)
                cursor = super().execute(sql, *values)
                trouble.after(sql)
                return cursor

        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Connection)
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection


class SqliteDriver:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trouble = Trouble()

    def open(self) -> Storage:
        return SqliteStorage(self.folder, connect=self.trouble.connect)

    def fail(self) -> None:
        def refuse(sql: str) -> None:
            if sql.startswith("INSERT"):
                raise sqlite3.OperationalError("disk I/O error")

        self.trouble.before = refuse

    def mend(self) -> None:
        self.trouble.before = lambda _: None


DRIVERS: tuple[type[MemoryDriver | SqliteDriver], ...] = (MemoryDriver, SqliteDriver)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a test's coroutine on a loop of its own."""
    return asyncio.run(asyncio.wait_for(work, 60))


def started(storage: Storage) -> State:
    """Recovers a storage and starts it on the running loop; returns what it recovered."""
    state = list(storage.recover())
    storage.start(asyncio.get_running_loop())
    return state


def accepts(storage: Storage) -> bool:
    """Whether it takes appends, asked anew."""
    return storage.journal.accepting


def working(driver: Driver) -> AbstractAsyncContextManager[Storage]:
    """The driver's storage, started, and closed in the end."""

    @asynccontextmanager
    async def life() -> Any:
        storage = driver.open()
        started(storage)
        try:
            yield storage
        finally:
            await storage.close()

    return life()


async def durable(storage: Storage, *appends: Sequence[Record]) -> int:
    """Appends each and waits for the last; returns its ticket."""
    for records in appends:
        storage.journal.append(records)
    await storage.journal.wait(storage.journal.last_ticket)
    return storage.journal.last_ticket


def cdr(order_id: int, cgrid: str = "", **fields: Any) -> CdrPut:
    """A record; instants, usage and cost may be given as integers."""
    for name in ("setup", "answer", "created", "updated", "usage", "cost"):
        if isinstance(fields.get(name), int):
            fields[name] = split_amount(fields[name])
    return CdrPut(order_id=order_id, cgrid=cgrid or f"cgrid-{order_id}", **{"run_id": "*default"} | fields)


def entry(entry_id: int, account: str = "cgrates.org:1001", balance: str = "b1", delta: int = 0, after: int = 0) -> Entry:
    """A movement of money."""
    return Entry(entry_id, account, balance, "*monetary", split_amount(delta), split_amount(after), "debit", "run", split_amount(entry_id))
