"""What survives a crash in the memory driver, and the faults that its writes can have."""

from __future__ import annotations

import zlib

from engine.records import (
    CdrPut,
    CdrRemoved,
    EntriesForwarded,
    Entry,
    Record,
    StateRecord,
    decode_commit,
    ended_keys,
    is_removal,
    state_key,
)


class DiskError(Exception):
    """A commit that did not work."""


class Faults:
    """What goes wrong with the next commits. `failing`: they fail. `capacity_bytes`: they fail when the journal would be larger.
    `held`: they take long, and end when it is set back and `MemoryStorage.commit` is called."""

    failing: bool
    held: bool
    capacity_bytes: int | None

    def __init__(self) -> None:
        self.failing = False
        self.held = False
        self.capacity_bytes = None


class JournalRow:
    """One commit as it lies on the disk."""

    def __init__(self, first: int, appends: int, body: bytes) -> None:
        self.first = first
        self.appends = appends
        self.checksum = zlib.crc32(body)
        self.body = body

    @property
    def whole(self) -> bool:
        """Whether it is what was written."""
        return zlib.crc32(self.body) == self.checksum

    def tear(self) -> None:
        """Leaves half of it, as a crash in the middle of a write does."""
        self.body = self.body[: len(self.body) // 2]


class Tables:
    """Records, entries and state, brought up to a ticket."""

    def __init__(self) -> None:
        self.through = 0
        self.cdrs: dict[int, CdrPut] = {}
        self.entries: dict[int, Entry] = {}
        self.state: dict[tuple[int, str], tuple[int, StateRecord]] = {}
        self.last_order_id = 0
        self.last_entry_id = 0

    def apply(self, ticket: int, record: Record) -> None:
        """Takes the next record of the journal in."""
        self.through = ticket
        if isinstance(record, CdrPut):
            self.cdrs[record.order_id] = record
            self.last_order_id = max(self.last_order_id, record.order_id)
        elif isinstance(record, CdrRemoved):
            self.cdrs.pop(record.order_id, None)
        elif isinstance(record, Entry):
            self.entries[record.entry_id] = record
            self.last_entry_id = max(self.last_entry_id, record.entry_id)
        elif isinstance(record, EntriesForwarded):
            kept = {i: e for i, e in self.entries.items() if e.account != record.account or i > record.through_id}
            self.entries = kept | {entry.entry_id: entry for entry in record.forwards}
        elif is_removal(record):
            for key in ended_keys(record):
                self.state.pop(key, None)
        else:
            self.state[state_key(record)] = (ticket, record)

    def copy(self) -> Tables:
        """The same, apart."""
        twin = Tables()
        twin.through, twin.last_order_id, twin.last_entry_id = self.through, self.last_order_id, self.last_entry_id
        twin.cdrs, twin.entries, twin.state = dict(self.cdrs), dict(self.entries), dict(self.state)
        return twin


class MemoryDisk:
    """The journal behind what was folded and projected by the last prune."""

    rows: list[JournalRow]
    tables: Tables

    def __init__(self) -> None:
        self.rows = []
        self.tables = Tables()

    @property
    def journal_bytes(self) -> int:
        """The journal's size."""
        return sum(len(row.body) for row in self.rows)

    def write(self, row: JournalRow, faults: Faults) -> None:
        """Makes a commit durable; DiskError when that does not work, and nothing of it is kept."""
        if faults.failing:
            raise DiskError("write error")
        if faults.capacity_bytes is not None and self.journal_bytes + len(row.body) > faults.capacity_bytes:
            raise DiskError("disk full")
        self.rows.append(row)

    def cut(self) -> None:
        """Drops the end of the journal from the first row on that is not whole or does not follow the one before it."""
        expected = self.tables.through + 1
        for place, row in enumerate(self.rows):
            if not row.whole or row.first != expected:
                del self.rows[place:]
                return
            expected += row.appends

    def appends(self) -> list[tuple[int, list[Record]]]:
        """The journal as (ticket, records)."""
        return [(ticket, records) for row in self.rows for ticket, records in enumerate(decode_commit(row.body), row.first)]
