"""State folded out of the journal: the last put of every key, and the pruning of journal rows that nobody needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.limits import FOLD_JOURNAL_BYTES, FOLD_JOURNAL_RECORDS
from engine.records import StateRecord, encode_record, ended_keys, is_removal, state_key
from engine.storage.sqlite.database import Database, marks_for

_ROWS_PER_SLICE: Final = 256
_PLACES_BITS: Final = 24  # of the order in which keys came; above them the ticket
_PRUNED_ROWS_PER_SLICE: Final = 32
_PRUNED_BYTES_PER_SLICE: Final = 512 << 10


class StateFold:
    """Gathers the last record of every key since the last fold; belongs to the writer thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: dict[tuple[int, str], tuple[int, StateRecord, int]] = {}
        self._again: set[tuple[int, str]] = set()  # keys that were removed since the last fold and came again
        self._came = 0
        self._bytes = 0
        self._records = 0

    @property
    def due(self) -> bool:
        """Whether so much has gathered that a restart would take long."""
        return self._bytes >= FOLD_JOURNAL_BYTES or self._records >= FOLD_JOURNAL_RECORDS

    def take(self, ticket: int, record: StateRecord) -> None:
        """Takes a record; they come in the order of the journal."""
        if is_removal(record):
            for key in ended_keys(record):
                self._last[key] = (ticket, record, 0)
            return
        key = state_key(record)
        known = self._last.get(key)
        if known is None or is_removal(known[1]):
            if known is not None:
                self._again.add(key)
            self._came = max(self._came + 1, ticket << _PLACES_BITS)
            self._last[key] = (ticket, record, self._came)
        else:
            self._last[key] = (ticket, record, known[2])

    def weigh(self, size_bytes: int, records: int) -> None:
        """Counts journal that a restart would have to read."""
        self._bytes += size_bytes
        self._records += records

    def apply(self) -> Iterator[None]:
        """Writes what has gathered into the table of state, in slices. What is taken meanwhile is for the next fold."""
        last, self._last = self._last, {}
        again, self._again = self._again, set()
        self._bytes = self._records = 0
        items = sorted(last.items())
        for start in range(0, len(items), _ROWS_PER_SLICE):
            chunk = items[start : start + _ROWS_PER_SLICE]
            self._remove([key for key, (_, record, _) in chunk if is_removal(record) or key in again])
            puts = [(*key, ticket, encode_record(record), came) for key, (ticket, record, came) in chunk if not is_removal(record)]
            self._database.insert_lazily("state", puts)
            yield

    def _remove(self, keys: list[tuple[int, str]]) -> None:
        for kind in sorted({kind for kind, _ in keys}):
            of_kind = [key for other, key in keys if other == kind]
            self._database.execute_lazily(f"DELETE FROM state WHERE kind = ? AND key IN ({marks_for(of_kind)})", [kind, *of_kind])


def prune_journal(database: Database, through: int) -> Iterator[int]:
    """Deletes journal rows whose tickets are all up to `through`, in slices; yields how many bytes each slice dropped."""
    database.set_marks(pruned=through)
    rows = "SELECT first, length(body) FROM journal WHERE first + appends - 1 <= ? ORDER BY first LIMIT ?"
    while covered := database.connection.execute(rows, (through, _PRUNED_ROWS_PER_SLICE)).fetchall():
        size = 0
        last = covered[0][0]
        for first, length in covered:
            size += length
            last = first
            if size >= _PRUNED_BYTES_PER_SLICE:
                break
        database.execute_lazily("DELETE FROM journal WHERE first <= ?", (last,))
        yield size
