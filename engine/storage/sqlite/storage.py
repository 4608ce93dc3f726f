"""The driver put together: the journal as the loop sees it, recovery, start and close."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from engine.records import CdrPut, CdrRemoved, EntriesForwarded, Entry, Record, StateRecord
from engine.storage.gate import Milestone
from engine.storage.ports import StorageDamaged, StorageRefused, StorageStatus
from engine.storage.sqlite.database import Connect, Database, connect
from engine.storage.sqlite.folder import StateFolder
from engine.storage.sqlite.hand import Hand, Thread
from engine.storage.sqlite.journal import SqliteJournal
from engine.storage.sqlite.log import LogKeeper
from engine.storage.sqlite.projector import Projector
from engine.storage.sqlite.reader import Readers, SqliteCdrs, SqliteLedger
from engine.storage.sqlite.recovery import journal_end, read_journal, read_state
from engine.storage.sqlite.schema import as_storage_error
from engine.storage.sqlite.sorting import no_keys
from engine.storage.sqlite.writer import Reports, Writer
from engine.storage.young import YoungCdrs

_LOG: Final = logging.getLogger("tollwire.storage")


class SqliteStorage:
    """See `Storage`. One state folder, held until `close`."""

    def __init__(self, folder: Path, *, connect: Connect = connect, hand: Callable[[str], Hand] = Thread) -> None:
        """`hand` makes those who work beside the loop, by name.

        StorageLocked, StorageTooNew, StorageDamaged, StorageError: the folder cannot be used, and is let go again."""
        self._folder = StateFolder(folder)
        file = self._folder.database
        try:
            self._database = Database(file, connect=connect)
            try:
                self._projector = Projector(self._database, self._tell, self._tell)
                self._lookup = connect(file)
            except BaseException:
                self._database.close()
                raise
        except BaseException as error:
            self._folder.release()
            if isinstance(error, sqlite3.Error):
                raise as_storage_error(str(file), error) from error
            raise
        self._loop: asyncio.AbstractEventLoop | None = None
        self._recovered = False
        self._projected = Milestone()
        self._pruned = Milestone()
        self._news_scheduled = False
        self._keeper = LogKeeper(self._database, self._folder, connect, hand("storage-log"))
        self._writer = Writer(self._database, self._projector, self._keeper, self._reports(), hand("storage"))
        self._young = YoungCdrs()
        self._readers = Readers(file, connect, self._catch_up)
        self._durable = 0
        self._order_id = self._projector.last_order_id
        self._entry_id = self._projector.last_entry_id
        self.journal = SqliteJournal(self._writer, self._young)
        self.cdrs = SqliteCdrs(self._readers, self._projector, self._young, self._lookup)
        self.ledger = SqliteLedger(self._readers)

    @property
    def last_order_id(self) -> int:
        """See `Storage.last_order_id`."""
        return self._order_id

    @property
    def last_entry_id(self) -> int:
        """See `Storage.last_entry_id`."""
        return self._entry_id

    def recover(self) -> Iterator[tuple[int, StateRecord]]:
        """See `Storage.recover`."""
        try:
            yield from self._recover(self._database.connection)
        except sqlite3.Error as error:
            raise StorageDamaged(f"{self._folder.database}: {error}") from error
        self._recovered = True

    def _recover(self, connection: sqlite3.Connection) -> Iterator[tuple[int, StateRecord]]:
        projected, folded = self._projector.projected, self._projector.folded
        stored = no_keys()
        yield from read_state(connection, stored)
        end = journal_end(connection, self._projector.pruned)
        for ticket, records in read_journal(connection, min(projected, folded)):
            if ticket > projected:
                self._young.note(ticket, records)
            for record in records:
                if isinstance(record, CdrPut | CdrRemoved | Entry | EntriesForwarded):
                    self._count(record)
                elif ticket > folded:
                    yield ticket, record
        self.journal.gate.reset(end)
        self._projected.reach(projected)
        self._pruned.reach(self._projector.pruned)
        self._projector.begin(end, stored)

    def _count(self, record: Record) -> None:
        if isinstance(record, CdrPut):
            self._order_id = max(self._order_id, record.order_id)
        elif isinstance(record, Entry):
            self._entry_id = max(self._entry_id, record.entry_id)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """See `Storage.start`."""
        assert self._recovered, "a storage is recovered before it is started"
        self._loop = loop
        self._writer.start()
        self.journal.open(loop)

    def status(self) -> StorageStatus:
        """See `Storage.status`."""
        return StorageStatus(
            available=self.journal.available,
            last_ticket=self.journal.last_ticket,
            durable_ticket=self.journal.durable_ticket,
            projected_ticket=self._projector.projected,
            folded_ticket=self._projector.folded,
            queued_bytes=self.journal.queued_bytes,
            journal_bytes=self._projector.journal_bytes,
            log_bytes=self._database.log_bytes,
            queries=self._readers.under_way,
            unprojected_cdrs=len(self._young),
            commits=self._writer.commits,
            checkpoints=self._keeper.checkpoints,
        )

    async def project(self) -> None:
        """See `Storage.project`."""
        await self.journal.wait(self.journal.last_ticket)
        await self._catch_up()

    async def prune(self) -> int:
        """See `Storage.prune`."""
        before = self._projector.pruned_bytes
        ticket = self.journal.durable_ticket
        self._projector.prune_asked = ticket
        await self._reached(self._pruned, ticket)
        return self._projector.pruned_bytes - before

    async def close(self) -> None:
        """See `Storage.close`. Can be called again, and without a start."""
        self.journal.close()
        if self._loop is not None:
            self._writer.stop()
            await asyncio.to_thread(self._writer.join)
            self._news()
            self._loop = None
        for milestone in (self.journal.gate.durable, self._projected, self._pruned):
            milestone.close("storage is closed")
        await asyncio.to_thread(self._readers.close)
        self._lookup.close()
        self._database.close()
        self._folder.release()
        if self._writer.left:
            raise StorageRefused(f"{self._writer.left} appends could not be written")

    async def _catch_up(self) -> None:
        """Waits until the tables have all that is durable now."""
        ticket = self.journal.durable_ticket
        self._projector.asked = ticket
        await self._reached(self._projected, ticket)

    async def _reached(self, milestone: Milestone, ticket: int) -> None:
        if ticket > milestone.value:
            if not self.journal.available:
                raise StorageRefused("storage unavailable")
            self._writer.wake()
            await milestone.wait(ticket)

    def _reports(self) -> Reports:
        return Reports(
            durable=self._became_durable,
            available=lambda available: self._post(partial(self._set_available, available)),
            projection_failed=lambda: self._post(self._refuse_queries),
        )

    def _became_durable(self, ticket: int) -> None:
        """Called on the writer's thread."""
        self._durable = ticket
        self._tell(ticket)

    def _tell(self, _ticket: int) -> None:
        """Called on the writer's thread: there is news for the loop. Much of it may be told at once."""
        if not self._news_scheduled:
            self._news_scheduled = True
            self._post(self._news)

    def _post(self, call: Callable[[], None]) -> None:
        """Called on the writer's thread."""
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(call)
        except RuntimeError:
            _LOG.warning("storage has news for a loop that is closed")

    def _news(self) -> None:
        self._news_scheduled = False
        projected = self._projector.projected
        if self._young.projected(projected) and self._loop is not None:
            self._loop.call_soon(self._forget)
        self.journal.less_waits()
        self.journal.gate.advance(self._durable)
        self._projected.reach(projected)
        self._pruned.reach(self._projector.pruned)

    def _forget(self) -> None:
        """More of what the tables have need not be remembered."""
        if self._young.projected(self._projector.projected) and self._loop is not None:
            self._loop.call_soon(self._forget)
        self.journal.less_waits()

    def _set_available(self, available: bool) -> None:
        self.journal.set_available(available)
        if not available:
            self._refuse_queries()

    def _refuse_queries(self) -> None:
        self._projected.refuse("storage unavailable")
        self._pruned.refuse("storage unavailable")


def open_sqlite(folder: Path) -> SqliteStorage:
    """Opens a state folder, making it when it is not there."""
    return SqliteStorage(folder)
