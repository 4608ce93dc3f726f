"""The state folder: who holds it, and what lies where in it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.storage.ports import StorageError, StorageLocked

DATABASE_NAME: Final = "tollwire.db"
LOCK_NAME: Final = "tollwire.lock"


class StateFolder:
    """A state folder that this process holds alone. Made when it does not exist; readable by its owner only. What root makes there by hand
    is its owner's, so that the service can use it."""

    path: Path
    database: Path

    def __init__(self, path: Path) -> None:
        """StorageLocked, naming the process, when another one holds it; StorageError when it cannot be made."""
        self.path = path
        self.database = path / DATABASE_NAME
        try:
            made = not path.exists()
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if made:
                give_to_owner(path, path.parent)
            self._lock = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StorageError(f"state folder {path}: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._lock, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._lock)
            raise StorageLocked(f"state folder {path} is in use by process {holder}") from error
        self._file = -1
        give_to_owner(path / LOCK_NAME, path)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def sync_database(self) -> None:
        """Has what was written to the database's file brought to the disk. OSError.

        By a descriptor of its own: SQLite's are told of errors all the same. It is closed by `release` only, since closing any descriptor
        of a file lets go of all locks that the process has on it."""
        if self._file < 0:
            self._file = os.open(self.database, os.O_RDONLY | os.O_CLOEXEC)
        os.fdatasync(self._file)

    def release(self) -> None:
        """Lets go of the folder, once nothing in it is open any more; the lock file stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def give_to_owner(path: Path, folder: Path) -> None:
    """Gives what root made in a folder to whom the folder belongs, as SQLite does with its logs; what cannot be given stays as it is."""
    if os.geteuid() == 0:
        with suppress(OSError):
            owner = folder.stat()
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
