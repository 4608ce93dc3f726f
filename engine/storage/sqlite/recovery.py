"""Reading the journal back, and telling whether it is what was written."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator

import msgspec

from engine.records import (
    ACCOUNT,
    ANSWER,
    COMING_AND_GOING,
    EFFECT,
    ITEM,
    META,
    PROGRESS,
    SESSION,
    Record,
    StateRecord,
    decode_answers,
    decode_commit,
    decode_state,
    state_key,
)
from engine.storage.ports import StorageDamaged


def read_commit(connection: sqlite3.Connection, ticket: int) -> tuple[int, bytes, list[list[Record]]]:
    """The commit that holds a ticket, as (its first ticket, body, appends); StorageDamaged when it is not there or not whole."""
    row = connection.execute("SELECT * FROM journal WHERE first <= ? ORDER BY first DESC LIMIT 1", (ticket,)).fetchone()
    if row is None or row[0] + row[1] <= ticket:
        raise StorageDamaged(f"journal ticket {ticket} is missing")
    first, appends, checksum, body = row
    return first, body, checked_commit(first, appends, checksum, body)


def checked_commit(first: int, appends: int, checksum: int, body: bytes) -> list[list[Record]]:
    """The appends of a journal row; StorageDamaged, naming its tickets, when it is not what was written."""
    last = first + appends - 1
    if zlib.crc32(body) != checksum:
        raise StorageDamaged(f"journal tickets {first} to {last} do not match their checksum")
    try:
        commit = decode_commit(body)
    except msgspec.MsgspecError as error:
        raise StorageDamaged(f"journal tickets {first} to {last} cannot be read: {error}") from error
    if len(commit) != appends:
        raise StorageDamaged(f"journal tickets {first} to {last} hold {len(commit)} appends")
    return commit


def journal_end(connection: sqlite3.Connection, pruned: int) -> int:
    """The last ticket of the journal."""
    row = connection.execute("SELECT first + appends - 1 FROM journal ORDER BY first DESC LIMIT 1").fetchone()
    return max(pruned, row[0] if row else 0)


def read_state(connection: sqlite3.Connection, stored: dict[int, set[str]] | None = None) -> Iterator[tuple[int, StateRecord]]:
    """The folded state as (ticket, put): meta, items, accounts, sessions, effects, answers. Items are in the order in which they came, the
    others in the order of their keys. `stored` learns the keys of what comes and goes (`Gathered.stored`)."""
    for kind in (META, ITEM, ACCOUNT, SESSION, PROGRESS, EFFECT, ANSWER):
        order = "came, key" if kind == ITEM else "key"
        for key, seq, record in connection.execute(f"SELECT key, seq, record FROM state WHERE kind = ? ORDER BY {order}", (kind,)):
            try:
                found = decode_answers(record) if kind == ANSWER else [decode_state(record)]
            except msgspec.MsgspecError as error:
                raise StorageDamaged(f"state of kind {kind}, key {key!r} cannot be read: {error}") from error
            if stored is not None and kind in COMING_AND_GOING:
                stored[kind].add(state_key(found[0])[1])  # a session's is the text that the sessions keep as well
            for one in found:
                yield seq, one


def read_journal(connection: sqlite3.Connection, after: int) -> Iterator[tuple[int, list[Record]]]:
    """The appends above a ticket as (ticket, records), in order; StorageDamaged when one is not whole or is missing."""
    expected: int | None = None
    begin = "coalesce((SELECT max(first) FROM journal WHERE first <= ?), 0)"
    for first, appends, checksum, body in connection.execute(f"SELECT * FROM journal WHERE first >= {begin} ORDER BY first", (after + 1,)):
        if first > (after + 1 if expected is None else expected):
            raise StorageDamaged(f"journal tickets {after + 1 if expected is None else expected} to {first - 1} are missing")
        expected = first + appends
        for ticket, records in enumerate(checked_commit(first, appends, checksum, body), first):
            if ticket > after:
                yield ticket, records
