"""The journal as the loop sees it: takes appends, knows how much waits. Compiled: every step asks it and hands it what it did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from engine import limits
from engine.records import Record, encode_records
from engine.storage.gate import TicketGate
from engine.storage.ports import StorageRefused
from engine.storage.sqlite.projector import Append
from engine.storage.sqlite.writer import Writer
from engine.storage.young import YoungCdrs

# No constants to the compiler, so that a test can set them lower.
JOURNAL_QUEUE_BYTES = limits.JOURNAL_QUEUE_BYTES
JOURNAL_QUEUE_MOST_BYTES = limits.JOURNAL_QUEUE_MOST_BYTES
UNPROJECTED_CDRS = limits.UNPROJECTED_CDRS


class SqliteJournal:
    """See `Journal`. All of it lives on the loop's thread."""

    gate: TicketGate
    _writer: Writer
    _young: YoungCdrs
    _open: bool
    _loop: asyncio.AbstractEventLoop | None
    _available: bool
    _crowded: bool
    _appended_bytes: int
    _watchers: list[Callable[[bool], None]]

    def __init__(self, writer: Writer, young: YoungCdrs) -> None:
        self.gate = TicketGate()
        self._writer = writer
        self._young = young
        self._open = False
        self._loop = None
        self._available = True
        self._crowded = False
        self._appended_bytes = 0
        self._watchers = []

    @property
    def accepting(self) -> bool:
        """See `Journal.accepting`."""
        let_in = self.queued_bytes < JOURNAL_QUEUE_MOST_BYTES and not (self._crowded and self._full)
        return self._open and self._available and let_in

    @property
    def _full(self) -> bool:
        return self.queued_bytes >= JOURNAL_QUEUE_BYTES or len(self._young) >= UNPROJECTED_CDRS

    @property
    def available(self) -> bool:
        """Whether the disk works, as far as is known."""
        return self._available

    @property
    def queued_bytes(self) -> int:
        """Encoded records that are not durable yet."""
        return self._appended_bytes - self._writer.committed_bytes

    @property
    def last_ticket(self) -> int:
        """See `Journal.last_ticket`."""
        return self.gate.last_ticket

    @property
    def durable_ticket(self) -> int:
        """See `Journal.durable_ticket`."""
        return self.gate.durable.value

    def append(self, records: Sequence[Record]) -> int:
        """See `Journal.append`. What was let in may go over the bound: it has happened in memory."""
        if not records:
            return self.gate.last_ticket
        if not self._open:
            raise StorageRefused("storage is closed")
        body = encode_records(records)
        ticket = self.gate.issue()
        self._appended_bytes += len(body)
        self._young.note(ticket, records)
        self._writer.put(Append(ticket, len(body), tuple(records), body))
        if self._loop is not None and not self._crowded and self._full:
            self._loop.call_soon(self._crowd)
        return ticket

    def _crowd(self) -> None:
        self._crowded = self._full

    def less_waits(self) -> None:
        """Some of what waited is on disk, or in the tables."""
        if self._crowded and not self._full:
            self._crowded = False

    def subscribe(self, callback: Callable[[int], None]) -> None:
        """See `Journal.subscribe`."""
        self.gate.subscribe(callback)

    def subscribe_accepting(self, callback: Callable[[bool], None]) -> None:
        """See `Journal.subscribe_accepting`."""
        self._watchers.append(callback)

    async def wait(self, ticket: int) -> None:
        """See `Journal.wait`."""
        await self.gate.durable.wait(ticket)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to take appends."""
        self._loop = loop
        self._open = True

    def close(self) -> None:
        """Takes no more appends; those taken are still written."""
        self._open = False

    def set_available(self, available: bool) -> None:
        """The disk has failed, or works again."""
        if available is not self._available:
            self._available = available
            for watcher in self._watchers:
                watcher(available)
