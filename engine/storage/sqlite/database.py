"""The file as the writer thread sees it: connections, durable and lazy transactions, rows in bulk, marks.

A durable transaction is on disk when it returns (`synchronous=FULL`); a lazy one (`NORMAL`) becomes so with the next durable one,
which lies behind it in the same log. Statements write many rows each: every statement lets go of the interpreter lock once,
and the event loop runs meanwhile.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from engine.storage.sqlite.schema import MIGRATIONS, as_storage_error, migrate

Value = int | bytes | str
Connect = Callable[[Path], sqlite3.Connection]

_CHUNKS: Final = (256, 64, 16, 4, 1)  # rows of one statement; few sizes, so that statements stay prepared
_FRAME_BYTES: Final = 4096


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode that may be used by any one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=5.0)
    connection.execute("PRAGMA cache_size = -16384")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def marks_for(values: Sequence[object]) -> str:
    """The placeholders of a list of values in SQL."""
    return ", ".join("?" * len(values))


class Database:
    """The one connection that writes. After an error it must be opened again before it is used."""

    path: Path
    log_bytes: int

    def __init__(self, path: Path, *, connect: Connect = connect, steps: Sequence[str] = MIGRATIONS) -> None:
        self.path = path
        self._connect = connect
        self._durable = False
        self.log_bytes = 0
        self.connection = self._open(steps)

    def _open(self, steps: Sequence[str]) -> sqlite3.Connection:
        try:
            connection = self._connect(self.path)
            self.path.chmod(0o600)
            migrate(connection, file=str(self.path), steps=steps)
            self._prepare(connection)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise as_storage_error(str(self.path), error) from error
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA synchronous = FULL")
        self._durable = True

    def reopen(self) -> None:
        """Opens the file anew after an error and has everything readable in it written to disk once more: after a failed sync the
        kernel may take pages for clean that never reached the disk. sqlite3.Error when that does not work yet."""
        self.close()
        self.connection = self._connect(self.path)
        self._prepare(self.connection)
        busy = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise sqlite3.OperationalError("a reader holds the log")
        self.log_bytes = 0

    def close(self) -> None:
        """Closes the connection; an error while closing means nothing, what was durable is."""
        with suppress(sqlite3.Error):
            self.connection.close()

    def commit_journal(self, first: int, appends: int, body: bytes, *, again: bool = False) -> None:
        """Writes one commit durably. `again`: it may be there already, from a try whose outcome is not known."""
        self._set_durable(True)
        verb = "INSERT OR REPLACE" if again else "INSERT"
        self.connection.execute(f"{verb} INTO journal VALUES (?, ?, ?, ?)", (first, appends, zlib.crc32(body), body))
        self.log_bytes += len(body) + 2 * _FRAME_BYTES

    def insert_lazily(self, table: str, rows: Sequence[tuple[Value, ...]]) -> None:
        """Inserts or replaces rows, at most a few hundred, each statement its own lazy transaction."""
        self._set_durable(False)
        start = 0
        for size in _CHUNKS:
            while len(rows) - start >= size:
                chunk = rows[start : start + size]
                mark = f"({marks_for(chunk[0])})"
                sql = f"INSERT OR REPLACE INTO {table} VALUES {', '.join([mark] * size)}"
                self.connection.execute(sql, [value for row in chunk for value in row])
                self.log_bytes += size * sum(len(value) if isinstance(value, bytes) else 16 for value in chunk[0])
                start += size

    def execute_lazily(self, sql: str, values: Sequence[Value] = ()) -> int:
        """One statement as a lazy transaction; returns how many rows it changed."""
        self._set_durable(False)
        self.log_bytes += _FRAME_BYTES
        return self.connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A lazy transaction of several statements."""
        self._set_durable(False)
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            if self.connection.in_transaction:
                self.connection.rollback()
            raise
        self.connection.execute("COMMIT")

    def marks(self) -> dict[str, int]:
        """The marks by name."""
        return dict(self.connection.execute("SELECT name, value FROM marks").fetchall())

    def set_marks(self, **marks: int) -> None:
        """Changes marks in one lazy transaction."""
        sql = f"INSERT OR REPLACE INTO marks VALUES {', '.join(['(?, ?)'] * len(marks))}"
        self.execute_lazily(sql, [value for mark in marks.items() for value in mark])

    def checkpoint_log(self) -> None:
        """Brings what is left of the write-ahead log into the file; the log then starts anew, unless a reader holds its end."""
        _, frames, done = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self.log_bytes = (frames - done) * _FRAME_BYTES

    def _set_durable(self, durable: bool) -> None:
        if durable is not self._durable:
            self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable
