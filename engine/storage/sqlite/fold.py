"""State folded out of the journal: the last put of every key, and the pruning of journal rows that nobody needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.limits import FOLD_JOURNAL_BYTES, FOLD_JOURNAL_RECORDS
from engine.records import encode_record
from engine.storage.sqlite.database import Database, marks_for
from engine.storage.sqlite.sorting import Gathered, Last

_ROWS_PER_SLICE: Final = 128
_KEYS_PER_SLICE: Final = 4096  # that are laid out
_SORTED_BY: Final = 2  # letters of a key by which they are laid out before they are sorted: CGRIDs begin with 256 different ones
_PRUNED_ROWS_PER_SLICE: Final = 32
_PRUNED_BYTES_PER_SLICE: Final = 512 << 10


class StateFold:
    """The last record of every key since the last fold, in `gathered`; belongs to the writer thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.gathered = Gathered()
        self._bytes = 0
        self._records = 0

    @property
    def due(self) -> bool:
        """Whether so much has gathered that a restart would take long."""
        return self._bytes >= FOLD_JOURNAL_BYTES or self._records >= FOLD_JOURNAL_RECORDS

    def weigh(self, size_bytes: int, records: int) -> None:
        """Counts journal that a restart would have to read."""
        self._bytes += size_bytes
        self._records += records

    def apply(self) -> Iterator[None]:
        """Writes what has gathered into the table of state, in slices. What is taken meanwhile is for the next fold."""
        last, again = self.gathered.take()
        self._bytes = self._records = 0
        parts: dict[tuple[int, str], list[tuple[int, str]]] = {}
        for place, key in enumerate(last, 1):
            parts.setdefault((key[0], key[1][:_SORTED_BY]), []).append(key)
            if not place % _KEYS_PER_SLICE:
                yield
        keys: list[tuple[int, str]] = []
        for part in sorted(parts):
            keys += sorted(parts.pop(part))
            while len(keys) >= _ROWS_PER_SLICE:
                self._write([(key, last.pop(key)) for key in keys[:_ROWS_PER_SLICE]], again)
                del keys[:_ROWS_PER_SLICE]
                yield
        self._write([(key, last.pop(key)) for key in keys], again)
        yield

    def _write(self, items: list[tuple[tuple[int, str], Last]], again: set[tuple[int, str]]) -> None:
        self._remove([key for key, one in items if not one.came or key in again])
        puts = [(*key, one.ticket, encode_record(one.record), one.came) for key, one in items if one.came]
        self._database.insert_lazily("state", puts)

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
