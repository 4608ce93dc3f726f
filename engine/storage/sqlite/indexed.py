"""Rows by id that are also found by a few text keys: the tables of records and of entries.

Ids count upwards, keys are spread at random. One index over all keys would have a page to write for nearly every row; so ids are cut
into generations of 65,536 and the index is ordered by generation first: what is written lies in a few hundred pages, and a look-up
asks once for each generation. Keys are kept as CRC-32: a row that is found may be a wrong one, the reader compares the text.
A key that a row no longer has stays in the index and is such a wrong one too. All writes can be repeated.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, TypeVar

import msgspec
from mypy_extensions import mypyc_attr

from engine.parts import NANO, Parts, join_amount
from engine.storage.sqlite.database import Database, marks_for

GENERATION_BITS: Final = 16
_KINDS_BITS: Final = 2
_HASH_BITS: Final = 32
_PLACES: Final = (1 << GENERATION_BITS) - 1
_ROWS_PER_SLICE: Final = 256
_KEYS_PER_SLICE: Final = 512
_TIDIED_PER_SLICE: Final = 1024
_PART_SHIFT: Final = 26
_PARTS: Final = 1 << (_HASH_BITS - _PART_SHIFT)  # by their highest bits keys are laid out before they are sorted
_SECOND_LIMIT: Final = 2**62

Item = TypeVar("Item")
Keys = list[list[list[int]]]
"""The key of the index with the place in the generation behind it, by kind and by the highest bits of the hash."""


@mypyc_attr(native_class=False)
class Generation(msgspec.Struct, frozen=True):
    """A run of ids with the same high bits; `low` and `high` are the least and the greatest second of its rows."""

    number: int
    prefix: int
    low: int
    high: int


class Row:
    """One row to be put: `hashes` by kind of key, see `key_hash`."""

    row_id: int
    second: int
    record: bytes
    hashes: tuple[int, ...]

    def __init__(self, row_id: int, second: int, record: bytes, hashes: tuple[int, ...]) -> None:
        self.row_id = row_id
        self.second = second
        self.record = record
        self.hashes = hashes


def key_hash(text: str) -> int:
    """The 32 bits that a key is looked up by."""
    try:
        return zlib.crc32(text.encode())
    except UnicodeEncodeError:
        return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def whole_second(instant: Parts) -> int:
    """The second of an instant, held within what a column takes."""
    return max(-_SECOND_LIMIT, min(_SECOND_LIMIT, join_amount(instant) // NANO))


def generations_of(connection: sqlite3.Connection, name: str) -> list[Generation]:
    """The generations of a table in the order of their ids."""
    rows = connection.execute(f"SELECT number, prefix, low, high FROM {name}_generations ORDER BY prefix")
    return [Generation(*row) for row in rows]


def find_ids(connection: sqlite3.Connection, name: str, generation: Generation, kind: int, hashes: Collection[int]) -> list[int]:
    """Ids in one generation that may have one of the keys, in their order."""
    base = _index_base(generation.number, kind)
    keys = [base | value for value in sorted(set(hashes))]
    places: set[int] = set()
    for start in range(0, len(keys), _ROWS_PER_SLICE):
        chunk = keys[start : start + _ROWS_PER_SLICE]
        sql = f"SELECT place FROM {name}_keys WHERE key IN ({marks_for(chunk)})"
        places.update(place for (place,) in connection.execute(sql, chunk))
    return [generation.prefix << GENERATION_BITS | place for place in sorted(places)]


def hashes_after(connection: sqlite3.Connection, name: str, number: int, kind: int, after: int, limit: int) -> list[int]:
    """The hashes of one kind in one generation above `after` (-1 for all), in their order, each as often as it is there."""
    base = _index_base(number, kind)
    sql = f"SELECT key FROM {name}_keys WHERE key > ? AND key <= ? ORDER BY key LIMIT ?"
    rows = connection.execute(sql, (base + after, base | 0xFFFFFFFF, limit))
    return [key & 0xFFFFFFFF for (key,) in rows]


def _index_base(number: int, kind: int) -> int:
    return (number << _KINDS_BITS | kind) << _HASH_BITS


class IndexedTable:
    """The writing side of one such table; belongs to the writer thread. `generations` may be read by others."""

    generations: tuple[Generation, ...]
    _database: Database
    _name: str

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self.reload()

    def reload(self) -> None:
        """Reads the generations again, after an error."""
        self.generations = tuple(generations_of(self._database.connection, self._name))

    def apply(self, items: list[Item], build: Callable[[Sequence[Item]], list[Row]], removed: Sequence[int]) -> Iterator[None]:
        """Puts and removes rows in small transactions, each about a millisecond between two yields. An id must not be in both. The list is
        let go of bit by bit: freeing thousands at once would hold up the loop."""
        keys: Keys = [[[] for _ in range(_PARTS)] for _ in range(1 << _KINDS_BITS)]
        spans: dict[int, tuple[int, int]] = {}
        items.reverse()
        while items:
            some = items[-_ROWS_PER_SLICE:]
            del items[-_ROWS_PER_SLICE:]
            some.reverse()
            self._put_rows(build(some), keys, spans)
            yield
        self._widen(spans)
        for of_kind in keys:
            waiting: list[int] = []
            for place in range(_PARTS):
                part = of_kind[place]
                of_kind[place] = []
                part.sort()
                waiting += part
                if len(waiting) >= _KEYS_PER_SLICE or place == _PARTS - 1:
                    whole = len(waiting) if place == _PARTS - 1 else len(waiting) - len(waiting) % _KEYS_PER_SLICE
                    self._put_keys(waiting[:whole])
                    waiting = waiting[whole:]
                    yield
        for row_id in removed:
            self._database.execute_lazily(f"DELETE FROM {self._name} WHERE id = ?", (row_id,))
            yield

    def put(self, rows: Sequence[Row]) -> None:
        """Puts a few rows with their keys; in the transaction that is open, where one is."""
        keys: Keys = [[[] for _ in range(_PARTS)] for _ in range(1 << _KINDS_BITS)]
        spans: dict[int, tuple[int, int]] = {}
        self._put_rows(rows, keys, spans)
        self._widen(spans)
        for of_kind in keys:
            self._put_keys([key for part in of_kind for key in part])

    def _put_keys(self, keys: Sequence[int]) -> None:
        self._database.insert_lazily(f"{self._name}_keys", [(key >> GENERATION_BITS, key & _PLACES) for key in keys])

    def _put_rows(self, rows: Sequence[Row], keys: Keys, spans: dict[int, tuple[int, int]]) -> None:
        """Puts rows; gathers their keys by kind and highest bits, and the seconds of each generation."""
        self._database.insert_lazily(self._name, [(row.row_id, row.second, bytearray(row.record)) for row in rows])
        by_prefix: dict[int, list[Row]] = {}
        for row in rows:
            by_prefix.setdefault(row.row_id >> GENERATION_BITS, []).append(row)
        for prefix in sorted(by_prefix):
            of_one = by_prefix[prefix]
            number = self._enter(prefix, of_one, spans)
            bases = [_index_base(number, kind) for kind in range(len(of_one[0].hashes))]
            for row in of_one:
                place = row.row_id & _PLACES
                for kind, value in enumerate(row.hashes):
                    keys[kind][value >> _PART_SHIFT].append((bases[kind] | value) << GENERATION_BITS | place)

    def _enter(self, prefix: int, rows: Sequence[Row], spans: dict[int, tuple[int, int]]) -> int:
        """Makes the generation of these rows when it is new, and gathers their seconds; returns its number."""
        seconds = [row.second for row in rows]
        if prefix in spans:
            seconds += spans[prefix]
        spans[prefix] = (min(seconds), max(seconds))
        for generation in self.generations:
            if generation.prefix == prefix:
                return generation.number
        new = Generation(max((one.number for one in self.generations), default=0) + 1, prefix, *spans[prefix])
        self._save([*self.generations, new], prefix)
        return new.number

    def _widen(self, spans: dict[int, tuple[int, int]]) -> None:
        """Has the generations cover the seconds of what was put."""
        for prefix, (low, high) in spans.items():
            old = next(generation for generation in self.generations if generation.prefix == prefix)
            new = Generation(old.number, prefix, min(low, old.low), max(high, old.high))
            if new != old:
                self._save([new if generation is old else generation for generation in self.generations], prefix)

    def tidy(self) -> Iterator[None]:
        """Forgets keys of rows that are gone, in slices; a generation without rows goes altogether, unless it is the youngest."""
        for generation in self.generations:
            yield from self._tidy(generation, youngest=generation is self.generations[-1])

    def _tidy(self, generation: Generation, *, youngest: bool) -> Iterator[None]:
        run = self._database.connection.execute
        first = generation.prefix << GENERATION_BITS
        ids = f"SELECT id FROM {self._name} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
        left: set[int] = set()
        row_id = first - 1
        while rows := run(ids, (row_id, first | _PLACES, _TIDIED_PER_SLICE)).fetchall():
            row_id = rows[-1][0]
            left.update([one & _PLACES for (one,) in rows])
            yield
        if len(left) > _PLACES:
            return
        after, last = (generation.number << _KINDS_BITS) << _HASH_BITS, (generation.number + 1) << _KINDS_BITS << _HASH_BITS
        place = -1
        found = f"SELECT key, place FROM {self._name}_keys WHERE (key, place) > (?, ?) AND key < ? ORDER BY key, place LIMIT ?"
        while keys := run(found, (after, place, last, _TIDIED_PER_SLICE)).fetchall():
            after, place = keys[-1]
            gone = [key for key in keys if key[1] not in left]
            for start in range(0, len(gone), _ROWS_PER_SLICE):
                chunk = gone[start : start + _ROWS_PER_SLICE]
                pairs = ", ".join(["(?, ?)"] * len(chunk))
                values = [value for key in chunk for value in key]
                self._database.execute_lazily(f"DELETE FROM {self._name}_keys WHERE (key, place) IN (VALUES {pairs})", values)
            yield
        if not left and not youngest:
            self._database.execute_lazily(f"DELETE FROM {self._name}_generations WHERE number = ?", (generation.number,))
            self.generations = tuple(one for one in self.generations if one is not generation)
            yield

    def _save(self, generations: list[Generation], prefix: int) -> None:
        generations.sort(key=lambda generation: generation.prefix)
        new = next(generation for generation in generations if generation.prefix == prefix)
        self._database.insert_lazily(f"{self._name}_generations", [(new.number, new.prefix, new.low, new.high)])
        self.generations = tuple(generations)
