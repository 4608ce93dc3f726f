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
from functools import cache
from pathlib import Path
from typing import Final

from engine.storage.sqlite.schema import MIGRATIONS, as_storage_error, migrate

Value = int | bytes | bytearray | str
"""What statements take. Octets of rows come as `bytearray`: for `bytes` sqlite3 looks for an adapter each time, which takes as long as
writing the row."""
Connect = Callable[[Path], sqlite3.Connection]

_CHUNKS: Final = (256, 64, 16, 4, 1)  # rows of one statement; few sizes, so that statements stay prepared
_FRAME_BYTES: Final = 4096


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode that may be used by any one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=5.0)
    try:
        connection.execute("PRAGMA cache_size = -16384")
        connection.execute("PRAGMA temp_store = MEMORY")
    except sqlite3.Error:  # a file that is none of SQLite's
        connection.close()
        raise
    return connection


def marks_for(values: Sequence[object]) -> str:
    """The placeholders of a list of values in SQL."""
    return ", ".join("?" * len(values))


@cache
def _insertion(table: str, width: int, rows: int) -> str:
    """The statement that puts so many rows; tables, widths and row counts are few. A row of state keeps when its key came."""
    row = f"({', '.join('?' * width)})"
    if table == "state":
        keep = "ON CONFLICT (kind, key) DO UPDATE SET seq = excluded.seq, record = excluded.record"
        return f"INSERT INTO state VALUES {', '.join([row] * rows)} {keep}"
    return f"INSERT OR REPLACE INTO {table} VALUES {', '.join([row] * rows)}"


class Database:
    """The two connections that write, one durably and one lazily; used by one thread at a time, one after the other. After an error
    they must be opened again. `connection` is the lazy one; `log_bytes` is about how long the write-ahead log is."""

    path: Path
    connection: sqlite3.Connection
    log_bytes: int

    def __init__(self, path: Path, *, connect: Connect = connect, steps: Sequence[str] = MIGRATIONS) -> None:
        """StorageTooNew, StorageDamaged, StorageError: the file cannot be used."""
        self.path = path
        self._connect = connect
        self.log_bytes = 0
        try:
            self.connection = self._durable = connect(path)
            try:
                path.chmod(0o600)
                migrate(self.connection, file=str(path), steps=steps)
                self._prepare()
            except BaseException:
                self.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise as_storage_error(str(path), error) from error

    def _prepare(self) -> None:
        self.connection.execute("PRAGMA journal_mode = WAL")
        self._durable = self._connect(self.path)
        for connection, level in ((self.connection, "NORMAL"), (self._durable, "FULL")):
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute(f"PRAGMA synchronous = {level}")
        self.checkpoint_log()

    def reopen(self) -> None:
        """Opens the file anew after an error and has everything readable in it written to disk once more: after a failed sync the
        kernel may take pages for clean that never reached the disk. sqlite3.Error when that does not work yet."""
        self.close()
        self.connection = self._connect(self.path)
        self._prepare()
        if self.log_bytes:
            raise sqlite3.OperationalError("a reader holds the log")

    def close(self) -> None:
        """Closes the connections; an error while closing means nothing, what was durable is."""
        for connection in (self.connection, self._durable):
            with suppress(sqlite3.Error):
                connection.close()

    def commit_journal(self, first: int, appends: int, body: bytes, *, again: bool = False) -> None:
        """Writes one commit durably. `again`: it may be there already, from a try whose outcome is not known."""
        verb = "INSERT OR REPLACE" if again else "INSERT"
        self._durable.execute(f"{verb} INTO journal VALUES (?, ?, ?, ?)", (first, appends, zlib.crc32(body), body))
        self.log_bytes += len(body) + 2 * _FRAME_BYTES

    def insert_lazily(self, table: str, rows: Sequence[tuple[Value, ...]]) -> None:
        """Inserts or replaces rows, at most a few hundred, each statement its own lazy transaction."""
        start = 0
        for size in _CHUNKS:
            while len(rows) - start >= size:
                chunk = rows[start : start + size]
                self.connection.execute(_insertion(table, len(chunk[0]), size), [value for row in chunk for value in row])
                self.log_bytes += size * sum(len(value) if isinstance(value, bytearray) else 16 for value in chunk[0])
                start += size

    def execute_lazily(self, sql: str, values: Sequence[Value] = ()) -> int:
        """One statement as a lazy transaction; returns how many rows it changed."""
        self.log_bytes += _FRAME_BYTES
        return self.connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A lazy transaction of several statements."""
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
