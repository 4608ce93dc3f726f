"""A disk that does what disks do: SQLite writes real files, and this keeps which octets of them have been synced.

After a crash of the machine every sector written since the last sync is the new one, the old one, or torn, in any order: so commits that
were not synced are lost, cut in two, or behind a hole. After a kill of the process alone all that was written is there.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from engine.storage.sqlite.folder import DATABASE_NAME
from tests.simulate.hands import CrashError

SECTOR: Final = 512
LOG_HEADER: Final = 32  # SQLite syncs a new header of its log before it writes behind it
DATABASE: Final = DATABASE_NAME
LOG: Final = f"{DATABASE_NAME}-wal"


class Plan:
    """What goes wrong. `full`, `failing`: what is written is refused, at times after it was written. `crash_in`: so many statements
    from now the process is gone, 0 for never; with `power` so is the machine. `slow_seconds`: what a durable commit takes at most.
    `lying`: planted by tests of the tests: what is said to be synced is not."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.full = False
        self.failing = False
        self.crash_in = 0
        self.power = False
        self.slow_seconds = 0.0
        self.lying = False


class SimulatedDisk:
    """One state folder; a crash leaves what it leaves in another. `held_up` is called by whoever waits for a slow sync."""

    def __init__(self, folder: Path, plan: Plan, left: Path, held_up: Callable[[float], None]) -> None:
        self.folder = folder
        self._left = left
        self.plan = plan
        self.crashed = False
        self.written = 0
        self._held_up = held_up
        self._synced: dict[str, bytes] = {}
        self._opened: list[sqlite3.Connection] = []
        self.sync(DATABASE, LOG)

    def read(self, name: str) -> bytes:
        path = self.folder / name
        return path.read_bytes() if path.is_file() else b""

    def sync(self, *names: str) -> None:
        """What was written to these files is on the disk for good."""
        for name in names:
            self._synced[name] = self.read(name)

    # -- statements ------------------------------------------------------------------------------------------------------

    def connect(self, path: Path) -> sqlite3.Connection:
        """See engine.storage.sqlite.database.Connect."""
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                disk.before(sql)
                cursor = super().execute(sql, *values)
                disk.after(sql)
                return cursor

            def close(self) -> None:
                super().close()
                if not disk.read(LOG):  # it was the last one: SQLite has brought the log into the file, and synced that
                    disk.sync(DATABASE, LOG)

        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Connection)
        self._opened.append(connection)
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    def before(self, sql: str) -> None:
        """A statement comes. sqlite3.OperationalError, CrashError."""
        plan = self.plan
        self._crash(sql)
        if _writes(sql) and (plan.full or plan.failing) and plan.chance.random() < 0.7:
            raise sqlite3.OperationalError("database or disk is full" if plan.full else "disk I/O error")

    def after(self, sql: str) -> None:
        """It was done; what it tells is known when this returns."""
        plan = self.plan
        if _is_durable(sql):
            self.written += 1
            if plan.slow_seconds:
                self._held_up(plan.chance.uniform(0, plan.slow_seconds))
            self._crash(sql)  # written and not synced
            if not plan.lying:
                self.sync(LOG)
        elif sql.startswith("PRAGMA wal_checkpoint"):
            self.sync(LOG)
            self._crash(sql)  # brought into the file and not synced there
            self.sync(DATABASE)
        if _writes(sql) and plan.failing and plan.chance.random() < 0.7:
            raise sqlite3.OperationalError("disk I/O error")

    def _crash(self, sql: str) -> None:
        plan = self.plan
        if self.crashed:
            raise CrashError
        if plan.crash_in and not sql.startswith(("PRAGMA query", "BEGIN")):
            plan.crash_in -= 1
            if not plan.crash_in:
                self.crash()
                raise CrashError

    # -- crashes -----------------------------------------------------------------------------------------------------------

    def crash(self) -> None:
        """Puts into the other folder what is left: all that was written, or without power what was synced and what chance has kept."""
        self.crashed = True
        self._left.mkdir(parents=True)
        for name in (DATABASE, LOG):
            found = self.read(name)
            if self.plan.power:
                found = self._mixed(self._synced.get(name, b""), found, header=LOG_HEADER if name == LOG else 0)
            if found:
                (self._left / name).write_bytes(found)

    def let_go(self) -> None:
        """Closes what a process that is gone has left open; what it left behind lies in the other folder."""
        for connection in self._opened:
            sqlite3.Connection.close(connection)

    def _mixed(self, old: bytes, new: bytes, header: int) -> bytes:
        """Sector by sector the old one, the new one, or one that is torn."""
        chance = self.plan.chance
        if old[:header] != new[:header]:
            old = new[:header] + old[header:]
        luck = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        length = max(len(old), len(new) if chance.random() < 0.5 else chance.randint(min(len(old), len(new)), len(new)))
        parts: list[bytes] = []
        for start in range(0, length, SECTOR):
            before, after = old[start : start + SECTOR], new[start : start + SECTOR]
            if before == after or chance.random() >= luck:
                parts.append(before.ljust(min(SECTOR, length - start), b"\0"))
            else:
                cut = chance.randint(0, len(after)) if chance.random() < 0.1 else len(after)
                parts.append((after[:cut] + before[cut:]).ljust(min(SECTOR, length - start), b"\0"))
        return b"".join(parts)


def _is_durable(sql: str) -> bool:
    return "INTO journal" in sql


def _writes(sql: str) -> bool:
    return sql.startswith(("INSERT", "DELETE", "UPDATE", "COMMIT", "PRAGMA wal_checkpoint"))
