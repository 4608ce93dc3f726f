"""A storage in memory, on the loop's thread alone: what happens in it depends on its calls only.

Automatic, a commit follows soon after an append, as a callback of the loop. Otherwise commits happen when `commit` is called, and
a simulation decides when, with which faults, and what a crash leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import msgspec

from engine.limits import COMMIT_BYTES, JOURNAL_QUEUE_BYTES, JOURNAL_QUEUE_MOST_BYTES, QUERY_PAGE_RECORDS, STORAGE_RETRY_SECONDS
from engine.records import CdrPut, CdrRemoved, Entry, Record, StateRecord, encode_records, join_commit
from engine.storage.gate import TicketGate
from engine.storage.memory.disk import DiskError, Faults, JournalRow, MemoryDisk, Tables
from engine.storage.ports import StorageRefused, StorageStatus
from engine.storage.query import CdrOrder, CdrQuery, matcher, sort_page
from engine.tally import Histogram


class MemoryStorage:
    """See `Storage`; `journal`, `cdrs` and `ledger` are its own rooms."""

    def __init__(self, disk: MemoryDisk | None = None, faults: Faults | None = None, *, automatic: bool = True) -> None:
        self.disk = disk or MemoryDisk()
        self.faults = faults or Faults()
        self.tables = Tables()
        self.journal = MemoryJournal(self, automatic)
        self.cdrs = MemoryCdrs(self)
        self.ledger = MemoryLedger(self)

    @property
    def last_order_id(self) -> int:
        """See `Storage.last_order_id`."""
        return self.tables.last_order_id

    @property
    def last_entry_id(self) -> int:
        """See `Storage.last_entry_id`."""
        return self.tables.last_entry_id

    def recover(self) -> Iterator[tuple[int, StateRecord]]:
        """See `Storage.recover`."""
        self.disk.cut()
        self.tables = self.disk.tables.copy()
        for ticket, records in self.disk.appends():
            for record in records:
                self.tables.apply(ticket, record)
            self.tables.through = ticket
        for _, (ticket, state) in sorted(self.tables.state.items(), key=lambda item: item[0]):
            yield ticket, state
        self.cdrs.runs = {(cdr.cgrid, cdr.run_id): cdr for cdr in self.tables.cdrs.values()}
        self.journal.recovered(self.tables.through)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """See `Storage.start`."""
        self.journal.start(loop)

    def status(self) -> StorageStatus:
        """See `Storage.status`."""
        return StorageStatus(
            available=self.journal.available,
            last_ticket=self.journal.last_ticket,
            durable_ticket=self.journal.durable_ticket,
            projected_ticket=self.tables.through,
            folded_ticket=self.disk.tables.through,
            queued_bytes=self.journal.queued_bytes,
            journal_bytes=self.disk.journal_bytes,
            log_bytes=0,
            queries=0,
            unprojected_cdrs=0,
            commits=Histogram(),
            checkpoints=Histogram(),
        )

    async def project(self) -> None:
        """See `Storage.project`."""
        await self.journal.wait(self.journal.last_ticket)

    async def prune(self) -> int:
        """See `Storage.prune`."""
        dropped = self.disk.journal_bytes
        self.disk.tables = self.tables.copy()
        self.disk.rows.clear()
        return dropped

    def commit(self) -> bool:
        """Commits what has gathered; False when a fault prevents it. For storages that are not automatic, and for held ones."""
        return self.journal.commit()

    def crash(self, *, torn: bool = False, reordered: bool = False) -> MemoryDisk:
        """The process is gone: what was durable is left. `torn`: so is half of the commit that would have come next; `reordered`: so
        is a commit behind it, that one lost."""
        appends = self.journal.abandon()
        if torn and appends:
            self.disk.rows.append(_row(appends))
            self.disk.rows[-1].tear()
        if reordered and len(appends) > 1:
            self.disk.rows.append(_row(appends[1:]))
        return self.disk

    async def close(self) -> None:
        """See `Storage.close`."""
        left = self.journal.close()
        if left:
            raise StorageRefused(f"{left} appends could not be written")


class MemoryJournal:
    """See `Journal`."""

    def __init__(self, storage: MemoryStorage, automatic: bool) -> None:
        self.available = True
        self.queued_bytes = 0
        self._crowded = False
        self._storage = storage
        self._automatic = automatic
        self._gate = TicketGate()
        self._queue: list[tuple[int, bytes, tuple[Record, ...]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False
        self._open = False
        self._tries = 0
        self._watchers: list[Callable[[bool], None]] = []

    @property
    def accepting(self) -> bool:
        """See `Journal.accepting`."""
        return self._open and self.available and self.queued_bytes < (JOURNAL_QUEUE_BYTES if self._crowded else JOURNAL_QUEUE_MOST_BYTES)

    @property
    def last_ticket(self) -> int:
        """See `Journal.last_ticket`."""
        return self._gate.last_ticket

    @property
    def durable_ticket(self) -> int:
        """See `Journal.durable_ticket`."""
        return self._gate.durable.value

    def append(self, records: Sequence[Record]) -> int:
        """See `Journal.append`."""
        if not records:
            return self._gate.last_ticket
        if not self._open:
            raise StorageRefused("storage is closed")
        body = encode_records(records)
        ticket = self._gate.issue()
        self._queue.append((ticket, body, tuple(records)))
        self.queued_bytes += len(body)
        self._storage.cdrs.note(records)
        self._schedule(0.0)
        if self._loop is not None and not self._crowded and self.queued_bytes >= JOURNAL_QUEUE_BYTES:
            self._loop.call_soon(self._crowd)
        return ticket

    def _crowd(self) -> None:
        self._crowded = self.queued_bytes >= JOURNAL_QUEUE_BYTES

    def subscribe(self, callback: Callable[[int], None]) -> None:
        """See `Journal.subscribe`."""
        self._gate.subscribe(callback)

    def subscribe_accepting(self, callback: Callable[[bool], None]) -> None:
        """See `Journal.subscribe_accepting`."""
        self._watchers.append(callback)

    async def wait(self, ticket: int) -> None:
        """See `Journal.wait`."""
        await self._gate.durable.wait(ticket)

    def recovered(self, ticket: int) -> None:
        """Tickets go on after this one."""
        self._gate.reset(ticket)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to take appends."""
        self._loop = loop
        self._open = True

    def commit(self) -> bool:
        """Makes what has gathered durable, a commit after the other; False when a fault prevents it."""
        while self._queue:
            taken = self._next_commit()
            if self._storage.faults.held:
                return False
            try:
                self._storage.disk.write(_row(taken), self._storage.faults)
            except DiskError:
                self._failed()
                return False
            self._committed(taken)
        return True

    def abandon(self) -> list[tuple[int, bytes, tuple[Record, ...]]]:
        """Ends without a word; returns what would have been the next commit."""
        taken, self._queue, self._open, self._loop = self._next_commit(), [], False, None
        self._gate.durable.close("storage is closed")
        return taken

    def close(self) -> int:
        """Commits what it can and ends; returns how many appends are lost."""
        self._open = False
        self.commit()
        left = len(self._queue)
        self.abandon()
        return left

    def _next_commit(self) -> list[tuple[int, bytes, tuple[Record, ...]]]:
        size = 0
        for place, (_, body, _) in enumerate(self._queue):
            size += len(body)
            if size >= COMMIT_BYTES:
                return self._queue[: place + 1]
        return list(self._queue)

    def _committed(self, taken: list[tuple[int, bytes, tuple[Record, ...]]]) -> None:
        del self._queue[: len(taken)]
        for ticket, body, records in taken:
            self.queued_bytes -= len(body)
            for record in records:
                self._storage.tables.apply(ticket, record)
        self._tries = 0
        self._crowded = self._crowded and self.queued_bytes >= JOURNAL_QUEUE_BYTES
        self._set_available(True)
        self._gate.advance(taken[-1][0])

    def _failed(self) -> None:
        self._tries += 1
        self._set_available(False)
        self._schedule(STORAGE_RETRY_SECONDS[min(self._tries, len(STORAGE_RETRY_SECONDS)) - 1])

    def _set_available(self, available: bool) -> None:
        if available is not self.available:
            self.available = available
            for watcher in self._watchers:
                watcher(available)

    def _schedule(self, delay: float) -> None:
        if self._automatic and not self._scheduled and self._loop is not None:
            self._scheduled = True
            self._loop.call_later(delay, self._run)

    def _run(self) -> None:
        self._scheduled = False
        self.commit()


class MemoryCdrs:
    """See `CdrStore`."""

    def __init__(self, storage: MemoryStorage) -> None:
        self.runs: dict[tuple[str, str], CdrPut] = {}
        self._storage = storage

    async def query(self, query: CdrQuery) -> list[CdrPut]:
        """See `CdrStore.query`."""
        return sort_page(filter(matcher(query), self._storage.tables.cdrs.values()), query)

    async def pages(self, query: CdrQuery) -> AsyncIterator[list[CdrPut]]:
        """See `CdrStore.pages`."""
        matches = sort_page(filter(matcher(query), self._storage.tables.cdrs.values()), _by_id(query))
        for start in range(0, len(matches), QUERY_PAGE_RECORDS):
            yield matches[start : start + QUERY_PAGE_RECORDS]

    async def count(self, query: CdrQuery) -> int:
        """See `CdrStore.count`."""
        return sum(map(matcher(query), self._storage.tables.cdrs.values()))

    def exists(self, cgrid: str, run_id: str) -> bool:
        """See `CdrStore.exists`."""
        return (cgrid, run_id) in self.runs

    def find(self, cgrid: str, run_id: str) -> CdrPut | None:
        """See `CdrStore.find`."""
        return self.runs.get((cgrid, run_id))

    def note(self, records: Sequence[Record]) -> None:
        """Takes what is appended."""
        for record in records:
            if isinstance(record, CdrPut):
                self.runs[(record.cgrid, record.run_id)] = record
            elif isinstance(record, CdrRemoved):
                self.runs = {run: cdr for run, cdr in self.runs.items() if cdr.order_id != record.order_id}


class MemoryLedger:
    """See `LedgerStore`."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage

    async def entries(self, *, account: str | None = None, balance: str | None = None, after_id: int = 0) -> AsyncIterator[list[Entry]]:
        """See `LedgerStore.entries`."""
        found = [
            entry
            for entry_id, entry in sorted(self._storage.tables.entries.items())
            if entry_id > after_id and account in (None, entry.account) and balance in (None, entry.balance)
        ]
        for start in range(0, len(found), QUERY_PAGE_RECORDS):
            yield found[start : start + QUERY_PAGE_RECORDS]


def _by_id(query: CdrQuery) -> CdrQuery:
    return msgspec.structs.replace(query, order_by=CdrOrder.ORDER_ID)


def _row(appends: Sequence[tuple[int, bytes, tuple[Record, ...]]]) -> JournalRow:
    return JournalRow(appends[0][0], len(appends), join_commit([body for _, body, _ in appends]))
