"""A state folder as it stands at one moment, read by a process that does not hold it; who holds it is not disturbed.

All is read in one transaction: the folded state and the journal behind it, the table of entries and what the journal has beyond it.
Meanwhile the write-ahead log of the file cannot start anew, so it grows.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from engine.parts import NANO
from engine.records import CdrPut, CdrRemoved, EntriesForwarded, Entry, StateRecord, decode_cdr, decode_entry
from engine.storage.ports import StorageDamaged, StorageError, StorageTooNew
from engine.storage.sqlite.database import connect
from engine.storage.sqlite.folder import DATABASE_NAME
from engine.storage.sqlite.indexed import GENERATION_BITS, generations_of
from engine.storage.sqlite.recovery import read_journal, read_state
from engine.storage.sqlite.schema import APPLICATION_ID, MIGRATIONS, as_storage_error
from engine.times import ZERO_TIME

Result = TypeVar("Result")

_ID_LIMIT: Final = 2**63 - 1


class Peek:
    """One moment of a state folder. `state` and `entries` may each be read any number of times, until `close`."""

    def __init__(self, folder: Path, name: str = DATABASE_NAME) -> None:
        """StorageError when there is no database of this version in the folder."""
        self._path = folder / name
        if not self._path.is_file():
            raise StorageError(f"{folder} holds no {name}")
        try:
            self._connection = connect(self._path)
        except sqlite3.Error as error:
            raise as_storage_error(str(self._path), error) from error
        try:
            self._marks = self._begin()
        except sqlite3.Error as error:
            self._connection.close()
            raise as_storage_error(str(self._path), error) from error
        except StorageError:
            self._connection.close()
            raise

    def _begin(self) -> dict[str, int]:
        run = self._connection.execute
        run("PRAGMA query_only = ON")
        run("BEGIN")
        if run("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StorageError(f"{self._path} is a database of another program")
        version = run("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StorageTooNew(f"{self._path} has schema version {version}; this program knows versions up to {len(MIGRATIONS)}")
        if version < len(MIGRATIONS):
            raise StorageError(f"{self._path} has schema version {version}; a gateway that is started on it brings it to {len(MIGRATIONS)}")
        return dict(run("SELECT name, value FROM marks").fetchall())

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    @property
    def last_entry_id(self) -> int:
        """About how many entries there are: the highest id that the table had when it was brought up to date last."""
        return self._marks["last_entry_id"]

    def state(self) -> Iterator[StateRecord]:
        """What lived in memory: puts and removals, the later over the earlier. StorageDamaged when something durable cannot be read."""
        return self._mapped(self._state())

    def entries(self) -> Iterator[Entry]:
        """All movements of all balances, in the order of their ids. StorageDamaged when something durable cannot be read."""
        return self._mapped(self._entries())

    def entries_before(self, instant: int) -> Iterator[Entry]:
        """Like `entries`, but it may end before younger ones: all of before the instant (ns since 1970 UTC) are there."""
        return self._mapped(self._entries(self._last_before("entries", instant // NANO)))

    def cdrs_before(self, instant: int) -> Iterator[int]:
        """Order ids of records in the table that were set up before the instant; without a time of set-up, that were stored before it."""
        return self._mapped(self._cdrs_before(instant))

    def _last_before(self, name: str, second: int) -> int:
        """An id above which the table has no row of that second or an earlier one."""
        generations = generations_of(self._connection, name)
        while generations and generations[-1].low > second:
            last = (generations.pop().prefix << GENERATION_BITS) - 1
            if not generations or generations[-1].low <= second:
                return last
        return _ID_LIMIT

    def _cdrs_before(self, instant: int) -> Iterator[int]:
        last = self._last_before("cdrs", instant // NANO)
        sql = "SELECT id, record FROM cdrs WHERE id <= ? AND second <= ? ORDER BY id"
        for row_id, body in self._connection.execute(sql, (last, instant // NANO)):
            try:
                cdr = decode_cdr(body)
            except msgspec.MsgspecError as error:
                raise StorageDamaged(f"{self._path}: record {row_id} cannot be read: {error}") from error
            if (cdr.created_ns if cdr.setup_ns <= ZERO_TIME else cdr.setup_ns) < instant:
                yield row_id

    def _mapped(self, found: Iterator[Result]) -> Iterator[Result]:
        try:
            yield from found
        except sqlite3.Error as error:
            raise as_storage_error(str(self._path), error) from error

    def _state(self) -> Iterator[StateRecord]:
        for _, put in read_state(self._connection):
            yield put
        for _, records in read_journal(self._connection, self._marks["folded"]):
            for record in records:
                if not isinstance(record, CdrPut | CdrRemoved | Entry | EntriesForwarded):
                    yield record

    def _entries(self, last: int = _ID_LIMIT) -> Iterator[Entry]:
        young, closed = self._young()
        ids = sorted(entry_id for entry_id in young if entry_id <= last)
        rows = self._projected(young, closed, last)
        yield from heapq.merge(rows, (young[entry_id] for entry_id in ids), key=lambda entry: entry.entry_id)

    def _young(self) -> tuple[dict[int, Entry], dict[str, int]]:
        """What the journal knows and the table may not: entries by id, and up to which id the ledger of an account is closed."""
        entries: list[Entry] = []
        closings: dict[str, EntriesForwarded] = {}
        for _, records in read_journal(self._connection, self._marks["projected"]):
            for record in records:
                if isinstance(record, Entry):
                    entries.append(record)
                elif isinstance(record, EntriesForwarded):
                    closings[record.account] = record
        closed = {account: closing.through_id for account, closing in closings.items()}
        young = {entry.entry_id: entry for entry in entries if entry.entry_id > closed.get(entry.account, 0)}
        young.update((entry.entry_id, entry) for closing in closings.values() for entry in closing.forwards)
        return young, closed

    def _projected(self, young: dict[int, Entry], closed: dict[str, int], last: int) -> Iterator[Entry]:
        """The table up to an id without what the journal knows better."""
        for row_id, body in self._connection.execute("SELECT id, record FROM entries WHERE id <= ? ORDER BY id", (last,)):
            if row_id in young:
                continue
            try:
                entry = decode_entry(body)
            except msgspec.MsgspecError as error:
                raise StorageDamaged(f"{self._path}: entry {row_id} cannot be read: {error}") from error
            if entry.entry_id > closed.get(entry.account, 0):
                yield entry
