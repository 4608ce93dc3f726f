"""What every storage driver promises to the door.

One `Storage` belongs to one engine on one event loop. Its life: open (the driver's own function), `recover` read to its end,
`start` on the loop, work, `close`. The journal is the truth. What lives in memory (accounts, sessions, items, meta, effects that wait,
answers for repetitions) is folded out of the journal by the storage itself, because every put carries the whole state of its key;
records and ledger entries are projected out of it into tables. Both lie behind the journal, never before it, and journal rows that both
have passed are pruned.

Tickets: each append gets the next integer. Ticket t is durable when all of its records are on disk, and then so is every ticket
before it. Tickets go on where they were when a storage is opened again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from engine.records import CdrPut, Entry, Record, StateRecord
from engine.storage.query import CdrQuery
from engine.tally import Histogram


class StorageError(Exception):
    """Something that storage cannot do; the text is for an operator."""


class StorageRefused(StorageError):  # noqa: N818 - named by what it says
    """Not now: the disk fails or is full, or too much waits for it. Asking again later may succeed."""


class StorageLocked(StorageError):  # noqa: N818 - named by what it says
    """Another process holds the state folder."""


class StorageTooNew(StorageError):  # noqa: N818 - named by what it says
    """The state was written by a later version."""


class StorageDamaged(StorageError):  # noqa: N818 - named by what it says
    """What is on disk is not what was written there."""


class StorageStatus(msgspec.Struct, frozen=True):
    """Where a storage stands, for metrics and for the operator.

    `commits` is how long each took to be written and to be on disk, `checkpoints` how long it took to bring the log into the file, where
    `log_bytes` of it are not yet; `queries`: how many are under way or wait for a thread.
    """

    available: bool
    last_ticket: int
    durable_ticket: int
    projected_ticket: int
    folded_ticket: int
    queued_bytes: int
    journal_bytes: int
    log_bytes: int
    queries: int
    unprojected_cdrs: int
    commits: Histogram
    checkpoints: Histogram


class Journal(Protocol):
    """The writing side. All methods are called on the loop's thread."""

    @property
    def accepting(self) -> bool:
        """Whether steps may begin. At the bound of what waits it becomes false between two callbacks of the loop: who has seen it true
        and does not await can do all that belongs together. Far beyond it becomes false at once. What was begun is taken whatever waits,
        and whatever the disk does meanwhile."""

    @property
    def last_ticket(self) -> int:
        """The ticket of the last append; 0 before the first."""

    @property
    def durable_ticket(self) -> int:
        """All tickets up to this one are on disk."""

    def append(self, records: Sequence[Record]) -> int:
        """Takes the records of one step and returns their ticket; without records the last ticket. Never blocks.

        StorageRefused when the storage is closed; then nothing of it is kept. While the disk fails nobody begins (`accepting`); what was
        begun is written when the disk works again, in order: it is late, but never lost while the process lives.
        """

    def subscribe(self, callback: Callable[[int], None]) -> None:
        """Has `callback(durable_ticket)` called on the loop whenever it has advanced; several advances may come as one."""

    def subscribe_accepting(self, callback: Callable[[bool], None]) -> None:
        """Has `callback(available)` called on the loop when the disk has failed, and when it works again."""

    async def wait(self, ticket: int) -> None:
        """Returns when `ticket` is durable, at once when it is; StorageRefused when the storage is closed before that."""


class CdrStore(Protocol):
    """Stored records. Every query sees all that was durable when it came. Order ids are unique; so should (CGRID, run) be."""

    async def query(self, query: CdrQuery) -> list[CdrPut]:
        """The records that match, in the order and page asked for. Runs off the loop; StorageRefused while the disk fails."""

    def pages(self, query: CdrQuery) -> AsyncIterator[list[CdrPut]]:
        """The same in pieces, for exports; in the order of ids, `order_by` is not looked at."""

    async def count(self, query: CdrQuery) -> int:
        """How many match; limit and offset are not looked at."""

    def exists(self, cgrid: str, run_id: str) -> bool:
        """Whether a record of this run is stored or appended. Called on the loop, inside a step; costs microseconds."""

    def find(self, cgrid: str, run_id: str) -> CdrPut | None:
        """The record of this run as it was last appended, None without one. Called on the loop, inside a step, like `exists`."""


class LedgerStore(Protocol):
    """The movements of balances. Every query sees all that was durable when it came."""

    def entries(self, *, account: str | None = None, balance: str | None = None, after_id: int = 0) -> AsyncIterator[list[Entry]]:
        """Entries with an id above `after_id` in the order of their ids, in pieces: of one account, of one balance, or all."""


class Storage(Protocol):
    """One driver, opened."""

    @property
    def journal(self) -> Journal:
        """The writing side."""

    @property
    def cdrs(self) -> CdrStore:
        """Stored records."""

    @property
    def ledger(self) -> LedgerStore:
        """Movements of balances."""

    @property
    def last_order_id(self) -> int:
        """The highest order id ever stored, 0 without any; known when `recover` has been read."""

    @property
    def last_entry_id(self) -> int:
        """The highest entry id ever stored, 0 without any; known when `recover` has been read."""

    def recover(self) -> Iterator[tuple[int, StateRecord]]:
        """What lived in memory, as (ticket, record): first one put for each key that was folded (meta, items, accounts, sessions, effects,
        answers), then the younger records in the order in which they were appended. Applying them one after the other, the later over the
        earlier, gives the state at the last durable ticket: nothing has to be skipped, and a removal may name an unknown key.
        Read it to its end before `start`. StorageDamaged when something that was durable cannot be read."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to take appends and to answer queries, on this loop."""

    def status(self) -> StorageStatus:
        """Where it stands."""

    async def project(self) -> None:
        """Returns when all that was appended before is durable and projected. StorageRefused while the disk fails."""

    async def prune(self) -> int:
        """Folds and projects all that is durable and drops the journal rows that are no more needed; returns how many bytes of
        them. It happens by itself when enough has gathered."""

    async def close(self) -> None:
        """Makes everything appended durable, if the disk works, and lets go of the state. StorageRefused when it could not."""
