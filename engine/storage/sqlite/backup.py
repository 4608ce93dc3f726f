"""One file that holds a whole state as it was at an instant, made while the state is in use; and the way back.

A backup is an SQLite file of its own: the pages of the state as one read transaction sees them, and the table `backup`, which says
of when it is. A seal over all octets lies in that table: octets are compared before anything is put in place.

What is written is brought to the disk in pieces, so that the commits of a gateway beside it wait for little of it.
"""

from __future__ import annotations

import hashlib
import logging
import mmap
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from engine.limits import BACKUP_SYNC_BYTES
from engine.storage.ports import StorageDamaged, StorageError, StorageTooNew
from engine.storage.sqlite.database import connect
from engine.storage.sqlite.folder import DATABASE_NAME, StateFolder, give_to_owner
from engine.storage.sqlite.recovery import journal_end
from engine.storage.sqlite.schema import APPLICATION_ID, MIGRATIONS, migrate

_LOG: Final = logging.getLogger("tollwire.storage")

_PART: Final = ".part"  # what is not whole yet is called so
RESTORING_NAME: Final = DATABASE_NAME + ".restoring"
REPLACED_NAME: Final = DATABASE_NAME + ".replaced"
_LOG_NAMES: Final = ("-wal", "-shm")
_PAGES_PER_STEP: Final = 64
_NONCE_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
_HASHED_BYTES: Final = 1 << 20
_TABLE: Final = "CREATE TABLE backup (as_of INTEGER NOT NULL, ticket INTEGER NOT NULL, seal BLOB NOT NULL)"

Told = Callable[[int, int], None]
"""Is told now and then how much is done, and how much there is."""


class Backup(msgspec.Struct, frozen=True):
    """What a backup is. `as_of` (ns since 1970 UTC): all that was acknowledged before it is there. `ticket`: the last one in it."""

    file: str
    as_of: int
    ticket: int
    schema: int
    size_bytes: int


# -- there ---------------------------------------------------------------------------------------------------------------


def back_up(folder: Path, target: Path, told: Told) -> Backup:
    """Writes a backup of a state folder, whoever holds it; when it returns, the file is on disk, whole. A target that is a folder gets
    a file called after the instant. StorageError, and no such file, when it exists already or something is in the way."""
    source_path = folder / DATABASE_NAME
    if not source_path.is_file():
        raise StorageError(f"{folder} holds no {DATABASE_NAME}")
    as_of = time.time_ns()
    if target.is_dir():
        target = target / time.strftime("tollwire-%Y%m%dT%H%M%SZ.db", time.gmtime(as_of // 10**9))
    if target.exists():
        raise StorageError(f"{target} exists already")
    part = target.with_name(target.name + _PART)
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        schema, ticket = _copied(source_path, part, as_of, told)
        _seal(part)
        part.rename(target)
        _sync_folder(target.parent)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StorageError(f"{target}: {error}") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Backup(str(target), as_of, ticket, schema, target.stat().st_size)


def _copied(source_path: Path, part: Path, as_of: int, told: Told) -> tuple[int, int]:
    """Copies all pages as they are at one moment; returns schema version and last ticket of it."""
    with closing(connect(source_path)) as source, closing(sqlite3.connect(part, isolation_level=None)) as copy:
        source.execute("PRAGMA query_only = ON")
        source.execute("BEGIN")
        schema = _known_version(source, source_path)
        marks: dict[str, int] = dict(source.execute("SELECT name, value FROM marks").fetchall())
        ticket = journal_end(source, marks["pruned"])
        for pragma in ("synchronous = OFF", "journal_mode = OFF"):
            copy.execute(f"PRAGMA {pragma}")
        page_bytes = source.execute("PRAGMA page_size").fetchone()[0]
        with _syncing(part, page_bytes) as sync:

            def stepped(_status: int, remaining: int, total: int) -> None:
                sync(total - remaining)
                told(total - remaining, total)

            source.backup(copy, pages=_PAGES_PER_STEP, progress=stepped, sleep=0.05)
        copy.execute("PRAGMA journal_mode = DELETE")  # no log lies beside a backup
        copy.execute(_TABLE)
        copy.execute("INSERT INTO backup VALUES (?, ?, ?)", (as_of, ticket, os.urandom(_NONCE_BYTES) + bytes(_DIGEST_BYTES)))
    return schema, ticket


@contextmanager
def _syncing(part: Path, page_bytes: int) -> Iterator[Callable[[int], None]]:
    """What is to be told how many pages are copied: it brings them to the disk before many are waiting."""
    descriptor = os.open(part, os.O_RDWR)
    synced = 0

    def sync(pages: int) -> None:
        nonlocal synced
        if (pages - synced) * page_bytes >= BACKUP_SYNC_BYTES:
            os.fdatasync(descriptor)
            synced = pages

    try:
        yield sync
    finally:
        os.close(descriptor)


def _known_version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version; StorageTooNew, StorageError when this program does not know it."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StorageError(f"{path} is a database of another program")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    assert isinstance(version, int), "SQLite keeps it as an integer"
    if version > len(MIGRATIONS):
        raise StorageTooNew(f"{path} has schema version {version}; this program knows versions up to {len(MIGRATIONS)}")
    return version


# -- the seal ------------------------------------------------------------------------------------------------------------


def _seal(file: Path) -> None:
    """Writes the digest of all octets, the digest's own taken as zeros, into its place, and has the disk keep it."""
    with closing(sqlite3.connect(file)) as connection:
        (seal,) = connection.execute("SELECT seal FROM backup").fetchone()
    with file.open("r+b") as stream:
        with mmap.mmap(stream.fileno(), 0) as octets:
            place = octets.find(seal) + _NONCE_BYTES
            octets[place : place + _DIGEST_BYTES] = _digest(octets, place)
            octets.flush()
        os.fsync(stream.fileno())


def _digest(octets: mmap.mmap, place: int) -> bytes:
    """SHA-256 of all octets, those of the digest's own place taken as zeros."""
    digest = hashlib.sha256()
    with memoryview(octets) as view:
        for first, last in ((0, place), (place + _DIGEST_BYTES, len(view))):
            if first:
                digest.update(bytes(_DIGEST_BYTES))
            for start in range(first, last, _HASHED_BYTES):
                digest.update(view[start : min(start + _HASHED_BYTES, last)])
    return digest.digest()


def read_backup(file: Path) -> Backup:
    """What a file says of itself, all of its octets compared. StorageError when it is no backup; StorageTooNew; StorageDamaged when it is
    not what was written."""
    if not file.is_file():
        raise StorageError(f"{file} is no file")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            version = _known_version(connection, file)
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'backup'").fetchone():
                raise StorageError(f"{file} is no backup; `tollwire backup` makes them")
            as_of, ticket, seal = connection.execute("SELECT as_of, ticket, seal FROM backup").fetchone()
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as octets:
            place = octets.find(seal)
            if place < 0 or _digest(octets, place + _NONCE_BYTES) != seal[_NONCE_BYTES:]:
                raise StorageDamaged(f"{file} is damaged: it is not what was written")
    except (sqlite3.Error, TypeError) as error:
        raise StorageDamaged(f"{file} is damaged: {error}") from error
    except OSError as error:
        raise StorageError(f"{file}: {error.strerror}") from error
    return Backup(str(file), as_of, ticket, version, file.stat().st_size)


# -- and back ------------------------------------------------------------------------------------------------------------


@contextmanager
def laid_down(file: Path, folder: Path) -> Iterator[Backup]:
    """Lays a backup into a folder as RESTORING_NAME, all of it compared and brought to today's schema, for the time of a block.

    StorageDamaged, StorageTooNew: see `read_backup`; StorageError when something is in the way.
    """
    found = read_backup(file)
    fresh = folder / RESTORING_NAME
    try:
        _lay_down(file, fresh)
        yield found
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{folder}: {error}") from error
    finally:
        for log in ("", *_LOG_NAMES):
            (folder / f"{RESTORING_NAME}{log}").unlink(missing_ok=True)


@contextmanager
def restoring(file: Path, folder: Path, *, replace: bool) -> Iterator[Backup]:
    """Holds a state folder while the backup is laid down in it; left without an error, it takes the place of the state. A state that was
    there is kept as REPLACED_NAME. With an error nothing is changed.

    StorageError: there is a state and `replace` was not said; StorageLocked: a gateway runs on it; and what `laid_down` says.
    """
    if (folder / DATABASE_NAME).exists() and not replace:
        raise StorageError(f"{folder} holds a state already; say --replace to put the backup in its place")
    holder = StateFolder(folder)
    try:
        with laid_down(file, folder) as found:
            yield found
            _put_in_place(holder, folder / RESTORING_NAME)
    finally:
        holder.release()


def _lay_down(file: Path, fresh: Path) -> None:
    fresh.unlink(missing_ok=True)
    with file.open("rb") as source, fresh.open("xb") as copy:
        fresh.chmod(0o600)
        give_to_owner(fresh, fresh.parent)
        shutil.copyfileobj(source, copy, _HASHED_BYTES)
    with closing(connect(fresh)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise StorageDamaged(f"{file} is damaged: {found}")
        migrate(connection, file=str(file))
        connection.execute("DROP TABLE backup")
    _sync(fresh)


def _put_in_place(holder: StateFolder, fresh: Path) -> None:
    """At every moment one whole state lies in the folder: the old one or the new one."""
    folder, old = holder.path, holder.database
    if old.exists():
        _close_log(old)
        (folder / REPLACED_NAME).unlink(missing_ok=True)
        os.link(old, folder / REPLACED_NAME)
    fresh.rename(old)
    _sync_folder(folder)


def _close_log(old: Path) -> None:
    """Brings the log of the old state into its file, so that none is left to be taken for the new one's; that of a damaged file goes."""
    try:
        with closing(connect(old)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        _LOG.warning("the state that is replaced is damaged file=%s", old)
    for log in _LOG_NAMES:
        old.with_name(old.name + log).unlink(missing_ok=True)


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """A name that was given is on disk when its folder is."""
    _sync(folder)
