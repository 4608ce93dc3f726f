"""What the projector does with every single record: sorts it by where it goes, keeps the last word on each key, makes rows. Compiled."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, cast

import msgspec

from engine.limits import MAX_ANSWERS
from engine.records import (
    ACCOUNT,
    EFFECT,
    ITEM,
    META,
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
FOLDED_KINDS: Final = (META, ITEM, ACCOUNT, SESSION, PROGRESS, EFFECT)  # of which each key has a row; answers lie together

_ENTRY: Final = 1
_ACCOUNT: Final = 2
_PROGRESS: Final = 3
_SESSION: Final = 4
_ANSWER: Final = 5
_CDR: Final = 6
_CDR_REMOVED: Final = 7
_FORWARDED: Final = 8
_PUT: Final = 9
_END: Final = 10
_CODES: Final[dict[type, int]] = {
    Entry: _ENTRY,
    AccountPut: _ACCOUNT,
    SessionProgress: _PROGRESS,
    SessionPut: _SESSION,
    AnswerPut: _ANSWER,
    CdrPut: _CDR,
    CdrRemoved: _CDR_REMOVED,
    EntriesForwarded: _FORWARDED,
    ItemPut: _PUT,
    EffectPut: _PUT,
    MetaPut: _PUT,
}
"""What is done with a record, by its type; those that are not named end their keys."""

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


class Chapter:
    """State of one kind since the last fold: what each key is now, None where it is ended. `came` says when a key came, in the order of the
    journal, and `again` which keys were ended meanwhile and came again; both of items only, which have an order."""

    kind: int
    last: dict[str, StateRecord | None]
    tickets: dict[str, int]
    came: dict[str, int]
    again: set[str]

    def __init__(self, kind: int) -> None:
        self.kind = kind
        self.last = {}
        self.tickets = {}
        self.came = {}
        self.again = set()


def no_keys() -> dict[int, set[str]]:
    """Room for keys by kind, for those of what comes and goes; a session and its progress share theirs."""
    sessions: set[str] = set()
    return {ITEM: set(), EFFECT: set(), SESSION: sessions, PROGRESS: sessions}


class Gathered:
    """State since the last fold, by kind and key.

    `stored` are the keys that the table of state has rows of (`no_keys`); None while that is not known. What came and was ended between
    two folds, as most sessions of a busy gateway do, so leaves nothing to be done.
    """

    stored: dict[int, set[str]] | None
    answers: deque[AnswerPut]
    answered: int  # the ticket of the last of these
    _chapters: dict[int, Chapter]
    _sessions: Chapter
    _progress: Chapter
    _accounts: Chapter
    _came: int

    def __init__(self) -> None:
        self.stored = None
        self._came = 0
        self.answers = deque(maxlen=MAX_ANSWERS)
        self.answered = 0
        self._clear()

    def _clear(self) -> None:
        self._chapters = {kind: Chapter(kind) for kind in FOLDED_KINDS}
        self._sessions = self._chapters[SESSION]
        self._progress = self._chapters[PROGRESS]
        self._accounts = self._chapters[ACCOUNT]

    def size(self) -> int:
        """How many keys and answers it holds."""
        return sum([len(one.last) for one in self._chapters.values()]) + len(self.answers)

    def put(self, ticket: int, record: StateRecord, code: int) -> None:
        """A record that says what its key is now."""
        if code == _ACCOUNT:
            account = cast(AccountPut, record)
            _keep(self._accounts, account.key, ticket, account)
        elif code == _PROGRESS:
            progress = cast(SessionProgress, record)
            _keep(self._progress, progress.cgrid, ticket, progress)
        elif code == _SESSION:
            session = cast(SessionPut, record)
            _keep(self._sessions, session.cgrid, ticket, session)
        elif code == _ANSWER:
            self.answers.append(cast(AnswerPut, record))
            self.answered = ticket
        else:
            kind, key = state_key(record)
            chapter = self._chapters[kind]
            if kind == ITEM and chapter.last.get(key) is None:
                if key in chapter.last:
                    chapter.again.add(key)
                self._came = max(self._came + 1, ticket << _PLACES_BITS)
                chapter.came[key] = self._came
            _keep(chapter, key, ticket, record)

    def end(self, ticket: int, record: StateRecord) -> None:
        """A record that ends its keys."""
        stored = self.stored
        for kind, key in ended_keys(record):
            chapter = self._chapters[kind]
            if stored is None or kind == ACCOUNT or key in stored[kind]:
                chapter.last[key] = None
                chapter.tickets[key] = ticket
            else:
                chapter.last.pop(key, None)
                chapter.tickets.pop(key, None)
                chapter.came.pop(key, None)
                chapter.again.discard(key)

    def take(self) -> tuple[list[Chapter], list[AnswerPut]]:
        """All of it, which is forgotten; the order in which keys come goes on."""
        chapters = list(self._chapters.values())
        answers = list(self.answers)
        self._clear()
        self.answers.clear()
        return chapters, answers


def _keep(chapter: Chapter, key: str, ticket: int, record: StateRecord) -> None:
    chapter.last[key] = record
    chapter.tickets[key] = ticket


def sort_out(ticket: int, records: Sequence[Record], batch: Batch | None, gathered: Gathered | None, body: bytes = b"") -> None:
    """Sorts records of an append, in their order; None for what the tables have already. `body` is the append as it was encoded, where it
    holds one record; else empty."""
    for record in records:
        code = _CODES.get(type(record), _END)
        if code == _ENTRY:
            if batch is not None:
                entry = cast(Entry, record)
                entry_id = entry.entry_id
                batch.entries[entry_id] = entry
                batch.last_entry_id = max(batch.last_entry_id, entry_id)
        elif code == _CDR:
            if batch is not None:
                batch.put_cdr(cast(CdrPut, record), body)
        elif code == _CDR_REMOVED:
            if batch is not None:
                batch.cdrs[cast(CdrRemoved, record).order_id] = None
        elif code == _FORWARDED:
            if batch is not None:
                batch.close(cast(EntriesForwarded, record))
        elif gathered is None:
            continue
        elif code == _END:
            gathered.end(ticket, cast(StateRecord, record))
        else:
            gathered.put(ticket, cast(StateRecord, record), code)


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
