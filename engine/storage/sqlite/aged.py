"""What of a state is old enough to go: entries that a forward may stand for, and records. Reads as of one moment; changes nothing.

Whoever holds the state writes what is found here into its journal. That is right whatever is appended meanwhile: entries are never
changed, and what a forward stands for is the sum of all entries of its balance up to an id. But only one may do that at a time.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from engine.limits import AGED_BATCH_RECORDS, CLOSED_ENTRIES
from engine.money import Amount
from engine.parts import split_amount
from engine.records import EntriesForwarded, Entry
from engine.storage.sqlite.folder import DATABASE_NAME
from engine.storage.sqlite.peek import Peek
from engine.storage.sqlite.schema import as_storage_error

FORWARD: Final = "forward"  # the cause of an entry that stands for older ones


class Age(msgspec.Struct, frozen=True):
    """What is old: entries and records from before these instants (ns since 1970 UTC), none of them without one."""

    entries_before: int | None = None
    cdrs_before: int | None = None


class Found(msgspec.Struct, frozen=True):
    """Some of what is old: ledgers to be closed, in this order; order ids of records to be removed."""

    closings: list[EntriesForwarded]
    order_ids: list[int]


class Total(msgspec.Struct, frozen=True):
    """How much is old: accounts with entries to be closed, these entries, the forwards that stand for them, records; and the accounts
    that were left alone, because their entries do not add up."""

    accounts: int
    entries: int
    forwards: int
    cdrs: int
    broken: list[str]


class Room(msgspec.Struct, frozen=True):
    """How large the file is, and how much of it is free for what comes."""

    file_bytes: int
    free_bytes: int


class _Ledger:
    """The old entries of one account, as they come."""

    def __init__(self) -> None:
        self.sums: dict[str, tuple[Amount, Entry]] = {}  # by balance: what they add up to, and the last one
        self.pending = 0
        self.closed = 0
        self.through_id = 0
        self.done = False  # a younger one came, or one that does not add up

    def take(self, entry: Entry) -> bool:
        """False when it does not add up."""
        total = self.sums[entry.balance][0] if entry.balance in self.sums else 0
        total += entry.delta_amount
        if total != entry.after_amount:
            return False
        self.sums[entry.balance] = (total, entry)
        self.through_id = entry.entry_id
        self.pending += 1
        return True

    def forwards(self) -> tuple[Entry, ...]:
        """One entry for each balance that held something then, in the order of their ids."""
        left = sorted((last.entry_id, total, last) for total, last in self.sums.values() if total)
        return tuple(_forward(last, total) for _, total, last in left)

    def close(self, account: str) -> EntriesForwarded:
        """Everything so far."""
        self.closed += self.pending
        forwards = self.forwards()
        self.pending = 0
        return EntriesForwarded(account, self.through_id, forwards)


def _forward(last: Entry, total: Amount) -> Entry:
    return Entry(last.entry_id, last.account, last.balance, last.balance_type, split_amount(total), last.after, FORWARD, "", last.at)


class Aged:
    """One look at a state folder, whoever holds it. `found` is read to its end once; then `total` says how much it was."""

    total: Total

    def __init__(self, folder: Path, age: Age) -> None:
        """StorageError when the folder cannot be read."""
        self._path = folder / DATABASE_NAME
        peek = Peek(folder)
        try:
            self._ledgers, self._closings, self._broken = _old_ledgers(peek, age.entries_before)
            self._order_ids = array("q", [] if age.cdrs_before is None else peek.cdrs_before(age.cdrs_before))
        finally:
            peek.close()
        self._count()

    def _count(self) -> None:
        closed = [one for one in self._ledgers.values() if one.closed]
        forwards = sum(len(one.forwards()) for one in closed)
        self.total = Total(len(closed), sum(one.closed for one in closed), forwards, len(self._order_ids), self._broken)

    def found(self) -> Iterator[Found]:
        """All of it in pieces."""
        for start in range(0, len(self._closings), AGED_BATCH_RECORDS):
            yield Found(self._closings[start : start + AGED_BATCH_RECORDS], [])
        for start in range(0, len(self._order_ids), AGED_BATCH_RECORDS):
            yield Found([], self._order_ids[start : start + AGED_BATCH_RECORDS].tolist())


def _old_ledgers(peek: Peek, before: int | None) -> tuple[dict[str, _Ledger], list[EntriesForwarded], list[str]]:
    """What there is of each account, the closings in their order, and the accounts that do not add up. A closing is for at most
    CLOSED_ENTRIES entries, so that none takes long; where forwards alone would be closed there is none."""
    ledgers: dict[str, _Ledger] = {}
    closings: list[EntriesForwarded] = []
    broken: list[str] = []
    if before is None:
        return ledgers, closings, broken
    for entry in peek.entries_before(before):
        ledger = ledgers.get(entry.account)
        if ledger is None:
            ledger = ledgers[entry.account] = _Ledger()
        if ledger.done:
            continue
        if entry.at_ns >= before:
            ledger.done = True
        elif not ledger.take(entry):
            ledger.done = True
            broken.append(entry.account)
        elif ledger.pending >= CLOSED_ENTRIES:
            closings.append(ledger.close(entry.account))
    for account, ledger in ledgers.items():
        if ledger.pending > len(ledger.forwards()) or (ledger.pending and ledger.closed):
            closings.append(ledger.close(account))
    return ledgers, closings, broken


def room(folder: Path) -> Room:
    """How large the file of a state folder is. StorageError when it cannot be read."""
    path = folder / DATABASE_NAME
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            page, pages, free = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count", "freelist_count")
            )
    except sqlite3.Error as error:
        raise as_storage_error(str(path), error) from error
    return Room(page * pages, page * free)


def compact(folder: Path) -> None:
    """Writes the file of a state that nobody uses anew, without what is free in it. StorageError when that cannot be done."""
    path = folder / DATABASE_NAME
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise as_storage_error(str(path), error) from error
