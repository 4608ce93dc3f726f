"""Brings what is durable in the journal into tables: records and entries as rows, state as its last put by key.

It works in slices of about a millisecond that the writer thread runs between commits. Durable appends are fed to it from memory;
when too many wait, or after a restart or an error, it reads the journal instead until it has caught up. Every slice can be repeated:
the marks `projected` and `folded` move only when all before them is in the tables. Journal rows behind both marks are deleted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from engine.limits import PROJECTION_BACKLOG_RECORDS, PROJECTION_BATCH_RECORDS
from engine.records import EntriesForwarded, Record, decode_entry
from engine.storage.sqlite.bloom import HashFilter
from engine.storage.sqlite.database import Database, marks_for
from engine.storage.sqlite.fold import StateFold, prune_journal
from engine.storage.sqlite.indexed import GENERATION_BITS, IndexedTable, find_ids, hashes_after, key_hash
from engine.storage.sqlite.recovery import read_commit
from engine.storage.sqlite.sorting import Batch, cdr_rows, entry_rows, sort_out

CGRID_KEY: Final = 0
ORIGIN_KEY: Final = 1
ACCOUNT_KEY: Final = 2
ENTRY_ACCOUNT_KEY: Final = 0

_GATHER_RECORDS: Final = 512
_FILTER_HASHES_PER_SLICE: Final = 512
_CLOSED_ROWS_PER_STATEMENT: Final = 256
_CATCH_UP_SLICES: Final = 4


class Append(msgspec.Struct, frozen=True, gc=False):
    """One append on its way to the disk and from there to the tables; without its body where it was read back."""

    ticket: int
    size_bytes: int
    records: Sequence[Record]
    body: bytes = b""


class Projector:
    """Belongs to the writer thread. The loop's thread may set `asked` and `prune_asked`, tickets up to which it wants everything
    projected or pruned, and read what is public and not a method."""

    projected: int
    folded: int
    pruned: int
    asked: int
    prune_asked: int
    last_order_id: int
    last_entry_id: int
    journal_bytes: int
    pruned_bytes: int
    filter: HashFilter

    def __init__(self, database: Database, on_projected: Callable[[int], None], on_pruned: Callable[[int], None]) -> None:
        self._database = database
        self._on_projected = on_projected
        self._on_pruned = on_pruned
        self.asked = 0
        self.prune_asked = 0
        self._own_goal = 0
        self.pruned_bytes = 0
        self.cdrs = IndexedTable(database, "cdrs")
        self.entries = IndexedTable(database, "entries")
        self._committed = 0
        self.filter = self._new_filter()
        self._sharper: HashFilter | None = None
        self.reset()

    def reset(self) -> None:
        """Begins from what the file says, after it was opened (again); nothing in memory counts any more."""
        marks = self._database.marks()
        self.projected, self.folded, self.pruned = marks["projected"], marks["folded"], marks["pruned"]
        self.last_order_id, self.last_entry_id = marks["last_order_id"], marks["last_entry_id"]
        self.cdrs.reload()
        self.entries.reload()
        (self.journal_bytes,) = self._database.connection.execute("SELECT coalesce(sum(length(body)), 0) FROM journal").fetchone()
        self._consumed = min(self.projected, self.folded)
        self._backlog: deque[Append] = deque()
        self._backlog_records = 0
        self._from_journal = self._consumed < self._committed
        self._batch = Batch()
        self._fold = StateFold(self._database)
        self._busy = False
        self._work = self._run()

    def begin(self, committed: int, stored: dict[int, set[str]]) -> None:
        """Tells up to which ticket the journal holds commits from before this start, and which keys the table of state has
        (`Gathered.stored`)."""
        self._fold.gathered.stored = stored
        self._committed = committed
        self._from_journal = self._consumed < committed

    def feed(self, appends: Sequence[Append]) -> None:
        """Takes appends that have become durable; they come in order."""
        self._committed = appends[-1].ticket
        if self._from_journal:
            return
        self._backlog.extend(appends)
        self._backlog_records += sum([len(append.records) for append in appends])
        if self._backlog_records > PROJECTION_BACKLOG_RECORDS:
            self._backlog.clear()
            self._backlog_records = 0
            self._from_journal = True

    @property
    def behind(self) -> bool:
        """Whether durable records wait for projection."""
        return self.projected < self._committed

    @property
    def pressing(self) -> int:
        """How many slices should be run before the next commit; 0 when nothing presses."""
        if self._from_journal:
            return _CATCH_UP_SLICES
        if self._busy or self._batch_full or self._backlog_records >= _GATHER_RECORDS or self._goal > self.projected or self._fold_due:
            return 1 + self._backlog_records * _CATCH_UP_SLICES // PROJECTION_BACKLOG_RECORDS
        return int(not self.filter.ready)  # until then every record is looked for in the file

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for what is behind, or there is much of it."""
        crowded = self._from_journal or 2 * self._backlog_records > PROJECTION_BACKLOG_RECORDS
        return crowded or self.asked > self.projected or self.prune_asked > self.pruned

    @property
    def idle_work(self) -> bool:
        """Whether there is something to do when nothing else is."""
        return not self.filter.ready or self._sharper is not None or self.filter.crowded

    def hurry(self) -> None:
        """Has all that is durable now be projected without waiting for more."""
        self._own_goal = self._committed

    def slice(self) -> None:
        """One piece of work. After an sqlite3.Error the file must be opened again, then `reset`."""
        next(self._work)

    @property
    def _batch_full(self) -> bool:
        return self._batch.size() >= PROJECTION_BATCH_RECORDS

    @property
    def _fold_due(self) -> bool:
        return self._fold.due or self.pruned < self.prune_asked

    @property
    def _goal(self) -> int:
        return max(self.asked, self.prune_asked, self._own_goal)

    def _run(self) -> Iterator[None]:
        while True:
            self._busy = False
            fold_due = self._fold_due and self._goal <= self._consumed
            if self._batch_full or self.projected < self._goal <= self._consumed or (fold_due and self.projected < self._consumed):
                self._busy = True
                yield from self._apply()
            elif fold_due:
                self._busy = True
                yield from self._fold_state()
            elif self._consumed < self._committed:
                if not self.filter.ready:
                    self._fill_filter()
                    yield
                yield from self._gather()
            else:
                self._fill_filter()
                yield

    def _gather(self) -> Iterator[None]:
        """Sorts some durable appends into the batch and the fold; one that is very long takes several slices."""
        gathered = 0
        batch, state = self._batch, self._fold.gathered
        while gathered < _GATHER_RECORDS and not self._batch_full and self._consumed < self._committed:
            appends = self._from_disk() if self._from_journal else [self._backlog.popleft()]
            for append in appends:
                ticket, records = append.ticket, append.records
                if not self._from_journal:
                    self._backlog_records -= len(records)
                for start in range(0, len(records), _GATHER_RECORDS):
                    if start:
                        yield
                    part = records[start : start + _GATHER_RECORDS] if len(records) > _GATHER_RECORDS else records
                    into, fold = batch if ticket > self.projected else None, state if ticket > self.folded else None
                    sort_out(ticket, part, into, fold, append.body if len(records) == 1 else b"")
                self._fold.weigh(append.size_bytes, len(records))
                gathered += len(records)
                self._consumed = ticket
        if self._consumed == self._committed:
            self._from_journal = False
        yield

    def _from_disk(self) -> list[Append]:
        """The appends of the commit that holds the next ticket, those that are consumed left out."""
        first, body, appends = read_commit(self._database.connection, self._consumed + 1)
        size = len(body) // len(appends)
        return [Append(first + i, size, records) for i, records in enumerate(appends) if first + i > self._consumed]

    def _apply(self) -> Iterator[None]:
        """Writes the batch and moves the mark."""
        batch, self._batch = self._batch, Batch()
        self.last_order_id = max(self.last_order_id, batch.last_order_id)
        self.last_entry_id = max(self.last_entry_id, batch.last_entry_id)
        through = max(self._consumed, self.projected)
        for closing in batch.closings:
            self._close_entries(closing)
            yield
        closed = [entry_id for entry_id in batch.closed if entry_id not in batch.entries]
        yield from self.entries.apply(batch.take_entries(), entry_rows, closed)
        cdrs, bodies, removed = batch.take_cdrs()
        yield from self.cdrs.apply(cdrs, partial(cdr_rows, known=self._filters(), bodies=bodies), removed)
        self._database.set_marks(projected=through, last_order_id=self.last_order_id, last_entry_id=self.last_entry_id)
        self.projected = through
        self._on_projected(through)
        yield

    def _close_entries(self, closing: EntriesForwarded) -> None:
        """Puts the forwards in the place of the entries that they close, in one transaction: a reader sees the ones or the others."""
        with self._database.transaction() as connection:
            for generation in self.entries.generations:
                found = find_ids(connection, "entries", generation, ENTRY_ACCOUNT_KEY, (key_hash(closing.account),))
                ids = [entry_id for entry_id in found if entry_id <= closing.through_id]
                for start in range(0, len(ids), _CLOSED_ROWS_PER_STATEMENT):
                    chunk = ids[start : start + _CLOSED_ROWS_PER_STATEMENT]
                    rows = connection.execute(f"SELECT id, record FROM entries WHERE id IN ({marks_for(chunk)})", chunk).fetchall()
                    closed = [entry_id for entry_id, record in rows if decode_entry(record).account == closing.account]
                    connection.execute(f"DELETE FROM entries WHERE id IN ({marks_for(closed)})", closed)
            self.entries.put(entry_rows(closing.forwards))

    def _fold_state(self) -> Iterator[None]:
        """Writes folded state, moves the mark, drops the journal behind both marks."""
        asked = self.prune_asked > self.pruned
        through = max(self._consumed, self.folded)
        yield from self._fold.apply()
        self._database.set_marks(folded=through, projected=self.projected)
        self.folded = through
        behind = min(self.projected, self.folded)
        for dropped in prune_journal(self._database, behind):
            self.journal_bytes -= dropped
            self.pruned_bytes += dropped
            yield
        if asked:
            yield from self.cdrs.tidy()
            yield from self.entries.tidy()
        self.pruned = behind
        self._on_pruned(behind)
        yield

    def _new_filter(self) -> HashFilter:
        self._unread = [(generation.number, -1) for generation in self.cdrs.generations]
        return HashFilter(len(self.cdrs.generations) << GENERATION_BITS)

    def _filters(self) -> list[HashFilter]:
        """Those that learn of new records: the one that is asked, and the one that is to take its place."""
        return [self.filter] if self._sharper is None else [self.filter, self._sharper]

    def _fill_filter(self) -> None:
        """Has the filter know some more records of the table; those that come meanwhile are added as they come. A crowded one is asked
        on until a sharper one knows all that it knows."""
        if self._sharper is None and self.filter.ready and self.filter.crowded:
            self._sharper = self._new_filter()
        filling = self._sharper or self.filter
        if self._unread:
            number, after = self._unread.pop()
            found = hashes_after(self._database.connection, "cdrs", number, CGRID_KEY, after, _FILTER_HASHES_PER_SLICE)
            filling.add_all(found)
            if found:
                self._unread.append((number, found[-1]))
        if not self._unread:
            filling.ready = True
            self.filter, self._sharper = filling, None
