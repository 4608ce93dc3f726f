"""The tables of the file, and the steps that bring an older file to today's.

`user_version` counts the steps that a file has been through. A step is SQL; it is never changed once it has shipped.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from engine.records import AnswerPut, decode_state
from engine.storage.ports import StorageDamaged, StorageError, StorageTooNew

APPLICATION_ID: Final = 0x546F6C6C  # "Toll"

# journal: one row a commit; `first` is its first ticket, `body` the encoded appends, `checksum` the CRC-32 of the body.
# state: the folded state; `record` is the encoded put, `seq` the ticket that it stood in.
# cdrs, entries: rowid is the order id or entry id, `second` a clock to narrow searches by, `record` the encoded record.
# *_generations: runs of 65,536 ids, the span of their seconds; *_keys: (generation * 4 + kind of key) << 32 | CRC-32 of the key,
# and the place of the row in its generation. So index pages that are written lie together, however many rows there are.
_FIRST: Final = """
CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO marks VALUES ('projected', 0), ('folded', 0), ('pruned', 0), ('last_order_id', 0), ('last_entry_id', 0);
CREATE TABLE journal (first INTEGER PRIMARY KEY, appends INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE state (kind INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE cdrs (id INTEGER PRIMARY KEY, second INTEGER NOT NULL, record BLOB NOT NULL);
CREATE TABLE cdrs_generations (number INTEGER PRIMARY KEY, prefix INTEGER NOT NULL UNIQUE, low INTEGER NOT NULL, high INTEGER NOT NULL);
CREATE TABLE cdrs_keys (key INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (key, place)) WITHOUT ROWID;
CREATE TABLE entries (id INTEGER PRIMARY KEY, second INTEGER NOT NULL, record BLOB NOT NULL);
CREATE TABLE entries_generations (number INTEGER PRIMARY KEY, prefix INTEGER NOT NULL UNIQUE, low INTEGER NOT NULL, high INTEGER NOT NULL);
CREATE TABLE entries_keys (key INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (key, place)) WITHOUT ROWID;
"""

# came: when the key came first, in the order of the journal; items are given back in that order.
_SECOND: Final = "ALTER TABLE state ADD COLUMN came INTEGER NOT NULL DEFAULT 0;"

# The tables are as they were, what lies in them is not: sessions by two keys, costs packed, integers that are no pairs. What lies there
# already stays, and is read; a program that does not know the new forms is not to open the file.
_THIRD: Final = ""

# Answers for repetitions come among the state: the same holds.
_FOURTH: Final = ""

# Answers lie many in a row, a msgpack array of them, by the number of the last one. `came` is of items alone from here on.
_FIFTH: Final = """
UPDATE state SET key = printf('%020d', answer_number(record)), record = CAST(x'91' || record AS BLOB) WHERE kind = 7;
"""

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH)
"""Step i brings a file from version i to i + 1."""


def migrate(connection: sqlite3.Connection, *, file: str, steps: Sequence[str] = MIGRATIONS) -> int:
    """Brings a file to the newest version, all steps or none; returns the version it had.

    StorageTooNew when it has been through more steps than are known here; StorageDamaged when it is no SQLite file; StorageError
    when it is one of another program.
    """
    try:
        version = _number(connection, "user_version")
        application = _number(connection, "application_id")
        tables = _scalar(connection, "SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        raise as_storage_error(file, error) from error
    if application != APPLICATION_ID and tables:
        raise StorageError(f"{file} is a database of another program")
    if version > len(steps):
        raise StorageTooNew(f"{file} has schema version {version}; this program knows versions up to {len(steps)}")
    if version < len(steps):
        script = "".join(steps[version:])
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {len(steps)};"
        try:
            connection.create_function("answer_number", 1, _answer_number, deterministic=True)
            connection.executescript(f"BEGIN IMMEDIATE; {script} {marks} COMMIT;")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.rollback()
            raise StorageError(f"{file}: cannot bring schema version {version} to {len(steps)}: {error}") from error
    return version


def as_storage_error(file: str, error: Exception) -> StorageError:
    """What an error of SQLite or of the system means for the operator: the file is damaged, or something is in the way."""
    damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
    return (StorageDamaged if damaged else StorageError)(f"{file}: {error}")


def _answer_number(record: bytes) -> int:
    """The number of one answer, as versions before the fifth wrote it."""
    found = decode_state(record)
    assert isinstance(found, AnswerPut), "rows of their kind are answers"
    return found.number


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return _scalar(connection, f"PRAGMA {pragma}")


def _scalar(connection: sqlite3.Connection, sql: str) -> int:
    value = connection.execute(sql).fetchone()[0]
    assert isinstance(value, int), "these statements give one integer"
    return value
