"""What the projector does with every single record: sorts it by where it goes, keeps the last word on each key, makes rows. Compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.records import (
    ACCOUNT,
    PROGRESS,
    SESSION,
    AccountPut,
    AnswerPut,
    CdrPut,
    CdrRemoved,
    EffectPut,
    EntriesForwarded,
    Entry,
    ItemPut,
    MetaPut,
    Record,
    SessionProgress,
    SessionPut,
    StateRecord,
    ended_keys,
    state_key,
)
from engine.storage.sqlite.bloom import HashFilter
from engine.storage.sqlite.indexed import Row, key_hash, whole_second

_ENCODER: Final = msgspec.msgpack.Encoder()
_ONE_RECORD: Final = 1  # octet before the record in an append of one record: an array of one
_PLACES_BITS: Final = 24  # of the order in which keys came; above them the ticket


class Batch:
    """What goes into tables together: the last word on each id, and the ledgers closed before."""

    cdrs: dict[int, CdrPut | None]
    bodies: dict[int, bytes]  # of records whose append held nothing else: as they were encoded for it
    entries: dict[int, Entry]
    closings: list[EntriesForwarded]
    closed: list[int]
    last_order_id: int
    last_entry_id: int

    def __init__(self) -> None:
        self.cdrs = {}
        self.bodies = {}
        self.entries = {}
        self.closings = []
        self.closed = []
        self.last_order_id = 0
        self.last_entry_id = 0

    def size(self) -> int:
        """How much it is."""
        return len(self.cdrs) + len(self.entries) + len(self.closings)

    def take_entries(self) -> list[Entry]:
        """The entries, which are forgotten."""
        entries = list(self.entries.values())
        self.entries = {}
        return entries

    def put_cdr(self, record: CdrPut, body: bytes) -> None:
        """A record; `body` as `sort_out` has it."""
        order_id = record.order_id
        self.cdrs[order_id] = record
        self.last_order_id = max(self.last_order_id, order_id)
        if body:
            self.bodies[order_id] = body[_ONE_RECORD:]
        elif self.bodies:
            self.bodies.pop(order_id, None)

    def take_cdrs(self) -> tuple[list[CdrPut], dict[int, bytes], list[int]]:
        """The records, bodies of some of them, and the ids of removed ones; they are forgotten."""
        cdrs = [cdr for cdr in self.cdrs.values() if cdr is not None]
        removed = [order_id for order_id, cdr in self.cdrs.items() if cdr is None]
        bodies = self.bodies
        self.cdrs = {}
        self.bodies = {}
        return cdrs, bodies, removed

    def close(self, record: EntriesForwarded) -> None:
        """Entries of a ledger are closed into others."""
        closed = [e.entry_id for e in self.entries.values() if e.account == record.account and e.entry_id <= record.through_id]
        for entry_id in closed:
            del self.entries[entry_id]
        self.closed += closed  # rows of theirs may lie in the table without keys, from a projection that was cut off
        self.closings.append(record)
        for entry in record.forwards:
            self.entries[entry.entry_id] = entry


class Last:
    """The last record of a key: `came` is when the key came, in the order of the journal; 0 where it is ended."""

    ticket: int
    record: StateRecord
    came: int

    def __init__(self, ticket: int, record: StateRecord, came: int) -> None:
        self.ticket = ticket
        self.record = record
        self.came = came


class Gathered:
    """State since the last fold, by key; `again` are keys that were ended meanwhile and came again."""

    last: dict[tuple[int, str], Last]
    again: set[tuple[int, str]]
    _came: int

    def __init__(self) -> None:
        self.last = {}
        self.again = set()
        self._came = 0

    def put(self, key: tuple[int, str], ticket: int, record: StateRecord) -> None:
        """A record that says what its key is now."""
        known = self.last.get(key)
        if known is not None and known.came:
            known.ticket = ticket
            known.record = record
            return
        if known is not None:
            self.again.add(key)
        self._came = max(self._came + 1, ticket << _PLACES_BITS)
        self.last[key] = Last(ticket, record, self._came)

    def end(self, ticket: int, record: StateRecord) -> None:
        """A record that ends its keys."""
        for key in ended_keys(record):
            self.last[key] = Last(ticket, record, 0)

    def take(self) -> tuple[dict[tuple[int, str], Last], set[tuple[int, str]]]:
        """All of it, which is forgotten; the order in which keys come goes on."""
        last, again = self.last, self.again
        self.last, self.again = {}, set()
        return last, again


def sort_out(ticket: int, records: Sequence[Record], batch: Batch | None, gathered: Gathered | None, body: bytes = b"") -> None:
    """Sorts records of an append, in their order; None for what the tables have already. `body` is the append as it was encoded, where it
    holds one record; else empty."""
    for record in records:
        if isinstance(record, Entry):
            if batch is not None:
                entry_id = record.entry_id
                batch.entries[entry_id] = record
                batch.last_entry_id = max(batch.last_entry_id, entry_id)
        elif isinstance(record, CdrPut):
            if batch is not None:
                batch.put_cdr(record, body)
        elif isinstance(record, CdrRemoved):
            if batch is not None:
                batch.cdrs[record.order_id] = None
        elif isinstance(record, EntriesForwarded):
            if batch is not None:
                batch.close(record)
        elif gathered is not None:
            _gather(ticket, record, gathered)


def _gather(ticket: int, record: StateRecord, gathered: Gathered) -> None:
    if isinstance(record, AccountPut):
        gathered.put((ACCOUNT, record.key), ticket, record)
    elif isinstance(record, SessionProgress):
        gathered.put((PROGRESS, record.cgrid), ticket, record)
    elif isinstance(record, SessionPut):
        gathered.put((SESSION, record.cgrid), ticket, record)
    elif isinstance(record, AnswerPut | ItemPut | EffectPut | MetaPut):
        gathered.put(state_key(record), ticket, record)
    else:
        gathered.end(ticket, record)


def cdr_rows(cdrs: Sequence[CdrPut], known: Sequence[HashFilter], bodies: dict[int, bytes]) -> list[Row]:
    """The rows of records; their keys are CGRID, origin id and account. CGRIDs are made known to the filters. What `bodies` has of a record
    need not be encoded once more."""
    rows: list[Row] = []
    for cdr in cdrs:
        cgrid = key_hash(cdr.cgrid)
        for one in known:
            one.add(cgrid)
        hashes = (cgrid, key_hash(cdr.origin_id), key_hash(cdr.account))
        body = bodies.pop(cdr.order_id, None)
        rows.append(Row(cdr.order_id, whole_second(cdr.setup), _ENCODER.encode(cdr) if body is None else body, hashes))
    return rows


def entry_rows(entries: Sequence[Entry]) -> list[Row]:
    """The rows of entries; their key is the account."""
    return [Row(one.entry_id, whole_second(one.at), _ENCODER.encode(one), (key_hash(one.account),)) for one in entries]
