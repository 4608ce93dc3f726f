"""The reading side: queries over records and entries in threads of their own, and the look-up that a step makes.

A query reads some rows, lets go, reads the next: no read transaction is held long, and the loop runs between rows. A thread that
reads has a connection of its own for that time, thrown away when it fails.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from engine.limits import MAX_QUERIES, QUERY_PAGE_RECORDS, QUERY_THREADS
from engine.parts import NANO
from engine.records import CdrPut, Entry, decode_cdr, decode_entry
from engine.storage.ports import StorageDamaged, StorageRefused
from engine.storage.query import CdrOrder, CdrQuery, matcher, sort_page
from engine.storage.sqlite.database import Connect, marks_for
from engine.storage.sqlite.indexed import GENERATION_BITS, Generation, find_ids, generations_of, key_hash
from engine.storage.sqlite.projector import ACCOUNT_KEY, CGRID_KEY, ENTRY_ACCOUNT_KEY, ORIGIN_KEY, Projector
from engine.storage.young import YoungCdrs

Result = TypeVar("Result")

_ROWS_PER_READ: Final = 128
_SECOND_LIMIT: Final = 2**62
_ID_LIMIT: Final = 2**63 - 1


class Readers:
    """A few threads that read, each time after the tables have all that was durable."""

    def __init__(self, path: Path, connect: Connect, catch_up: Callable[[], Awaitable[None]]) -> None:
        self._path = path
        self._connect = connect
        self._catch_up = catch_up
        self._threads = ThreadPoolExecutor(QUERY_THREADS, thread_name_prefix="storage-query")
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self.under_way = 0

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Does the work on a thread; StorageRefused when the file cannot be read, the storage is closed or MAX_QUERIES are under way."""
        if self.under_way >= MAX_QUERIES:
            raise StorageRefused("too many queries")
        self.under_way += 1
        try:
            await self._catch_up()
            if self._closed:
                raise StorageRefused("storage is closed")
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._work, work)
        finally:
            self.under_way -= 1

    def _work(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            connection = self._idle.pop() if self._idle else self._open()
        except sqlite3.Error as error:
            raise StorageRefused(f"storage unavailable: {error}") from error
        try:
            result = work(connection)
        except sqlite3.Error as error:
            connection.close()
            raise StorageRefused(f"storage unavailable: {error}") from error
        except msgspec.MsgspecError as error:
            self._idle.append(connection)
            raise StorageDamaged(f"{self._path}: a row cannot be read: {error}") from error
        self._idle.append(connection)
        return result

    def _open(self) -> sqlite3.Connection:
        connection = self._connect(self._path)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def close(self) -> None:
        """Waits for the work that runs; nothing can be read any more."""
        self._closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)
        while self._idle:
            self._idle.pop().close()


class SqliteCdrs:
    """See `CdrStore`."""

    def __init__(self, readers: Readers, projector: Projector, young: YoungCdrs, lookup: sqlite3.Connection) -> None:
        self._readers = readers
        self._projector = projector
        self._young = young
        self._lookup = lookup

    async def query(self, query: CdrQuery) -> list[CdrPut]:
        """See `CdrStore.query`."""
        return await self._readers.run(lambda connection: _select(connection, query))

    async def pages(self, query: CdrQuery) -> AsyncIterator[list[CdrPut]]:
        """See `CdrStore.pages`."""
        left, skip, rest = query.limit, query.offset, query
        while left is None or left > 0:
            size = QUERY_PAGE_RECORDS if left is None else min(left, QUERY_PAGE_RECORDS)
            part = msgspec.structs.replace(rest, order_by=CdrOrder.ORDER_ID, limit=size, offset=skip)
            page = await self.query(part)
            if page:
                yield page
            if len(page) < size:
                return
            left, skip = None if left is None else left - size, 0
            last = page[-1].order_id
            if query.descending:
                rest = msgspec.structs.replace(rest, order_id_end=last)
            else:
                rest = msgspec.structs.replace(rest, order_id_start=last + 1)

    async def count(self, query: CdrQuery) -> int:
        """See `CdrStore.count`."""
        return await self._readers.run(lambda connection: sum(1 for _ in _scan(connection, query)))

    def exists(self, cgrid: str, run_id: str) -> bool:
        """See `CdrStore.exists`."""
        return self.find(cgrid, run_id) is not None

    def find(self, cgrid: str, run_id: str) -> CdrPut | None:
        """See `CdrStore.find`. Nearly always answered from memory when there is no such record."""
        young = self._young.find(cgrid, run_id)
        if young is not None:
            return young
        wanted = key_hash(cgrid)
        known = self._projector.filter
        if known.ready and not known.may_have(wanted):
            return None
        for generation in reversed(self._projector.cdrs.generations):
            for order_id in find_ids(self._lookup, "cdrs", generation, CGRID_KEY, (wanted,)):
                row = self._lookup.execute("SELECT record FROM cdrs WHERE id = ?", (order_id,)).fetchone()
                cdr = decode_cdr(row[0]) if row else None
                if cdr and cdr.cgrid == cgrid and cdr.run_id == run_id and not self._young.is_removed(order_id):
                    return cdr
        return None


class SqliteLedger:
    """See `LedgerStore`."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def entries(self, *, account: str | None = None, balance: str | None = None, after_id: int = 0) -> AsyncIterator[list[Entry]]:
        """See `LedgerStore.entries`."""

        def read(connection: sqlite3.Connection) -> list[Entry]:
            return list(islice(_scan_entries(connection, account, balance, after_id), QUERY_PAGE_RECORDS))

        while page := await self._readers.run(read):
            yield page
            after_id = page[-1].entry_id


def _select(connection: sqlite3.Connection, query: CdrQuery) -> list[CdrPut]:
    matches = _scan(connection, query)
    if query.order_by is not CdrOrder.ORDER_ID:
        return sort_page(matches, query)
    return list(islice(islice(matches, query.offset, None), query.limit))


def _scan(connection: sqlite3.Connection, query: CdrQuery) -> Iterator[CdrPut]:
    """The records that match, in the order of their ids, descending when the query asks for ids descending."""
    matches = matcher(query)
    descending = query.descending and query.order_by is CdrOrder.ORDER_ID
    seconds = _second(query.setup_start, 0, -_SECOND_LIMIT), _second(query.setup_end, -1, _SECOND_LIMIT)
    ids = _bound(query.order_id_start, -_ID_LIMIT), _bound(query.order_id_end, _ID_LIMIT + 1) - 1
    generations = generations_of(connection, "cdrs")
    for generation in reversed(generations) if descending else generations:
        if generation.high < seconds[0] or generation.low > seconds[1]:
            continue
        for record in _records(connection, "cdrs", generation, ids, seconds, _key(query), descending):
            cdr = decode_cdr(record)
            if matches(cdr):
                yield cdr


def _scan_entries(connection: sqlite3.Connection, account: str | None, balance: str | None, after_id: int) -> Iterator[Entry]:
    key = None if account is None else (ENTRY_ACCOUNT_KEY, [key_hash(account)])
    seconds = -_SECOND_LIMIT, _SECOND_LIMIT
    for generation in generations_of(connection, "entries"):
        for record in _records(connection, "entries", generation, (after_id + 1, _ID_LIMIT), seconds, key, False):
            entry = decode_entry(record)
            if (account is None or entry.account == account) and (balance is None or entry.balance == balance):
                yield entry


def _key(query: CdrQuery) -> tuple[int, list[int]] | None:
    """The index that narrows a query best, with the hashes to look up."""
    for kind, texts in ((CGRID_KEY, query.cgrids), (ORIGIN_KEY, query.origin_ids), (ACCOUNT_KEY, query.accounts)):
        if texts:
            return kind, [key_hash(text) for text in texts]
    return None


def _records(
    connection: sqlite3.Connection,
    name: str,
    generation: Generation,
    ids: tuple[int, int],
    seconds: tuple[int, int],
    key: tuple[int, list[int]] | None,
    descending: bool,
) -> Iterator[bytes]:
    """The encoded rows of one generation with ids and seconds from the first to the last given, that may have the key."""
    first = max(ids[0], generation.prefix << GENERATION_BITS)
    last = min(ids[1], ((generation.prefix + 1) << GENERATION_BITS) - 1)
    if first > last:
        return
    if key is None:
        yield from _range(connection, name, (first, last), seconds, descending)
        return
    found = [row_id for row_id in find_ids(connection, name, generation, key[0], key[1]) if first <= row_id <= last]
    if descending:
        found.reverse()
    for start in range(0, len(found), _ROWS_PER_READ):
        yield from _chosen(connection, name, found[start : start + _ROWS_PER_READ], seconds, descending)


def _range(connection: sqlite3.Connection, name: str, ids: tuple[int, int], seconds: tuple[int, int], descending: bool) -> Iterator[bytes]:
    first, last = ids
    order = "DESC" if descending else "ASC"
    sql = f"SELECT id, record FROM {name} WHERE id BETWEEN ? AND ? AND second BETWEEN ? AND ? ORDER BY id {order} LIMIT {_ROWS_PER_READ}"
    while rows := connection.execute(sql, (first, last, *seconds)).fetchall():
        yield from (record for _, record in rows)
        if descending:
            last = rows[-1][0] - 1
        else:
            first = rows[-1][0] + 1


def _chosen(connection: sqlite3.Connection, name: str, ids: Sequence[int], seconds: tuple[int, int], descending: bool) -> Iterator[bytes]:
    order = "DESC" if descending else "ASC"
    sql = f"SELECT record FROM {name} WHERE id IN ({marks_for(ids)}) AND second BETWEEN ? AND ? ORDER BY id {order}"
    for (record,) in connection.execute(sql, (*ids, *seconds)).fetchall():
        yield record


def _second(instant: int | None, shift: int, default: int) -> int:
    if instant is None:
        return default
    return max(-_SECOND_LIMIT, min(_SECOND_LIMIT, (instant + shift) // NANO))


def _bound(value: int | None, default: int) -> int:
    return default if value is None else max(-_ID_LIMIT, min(_ID_LIMIT, value))
