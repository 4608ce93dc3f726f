"""Brings the write-ahead log into the file in a thread of its own, so that no commit waits for it.

While commits go on, the log cannot start anew: there is always a little that is not in the file yet. So the thread goes over the log
until little is left, and the writer does the rest between two commits.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Final

from engine.limits import WAL_BYTES
from engine.storage.sqlite.database import Connect, Database

_LOG: Final = logging.getLogger("tollwire.storage")
_LITTLE_BYTES: Final = WAL_BYTES // 32
_MOST_ROUNDS: Final = 6


class LogKeeper:
    """`tend` is called by the writer thread; the rest of the work is done in the keeper's own."""

    def __init__(self, database: Database, path: Path, connect: Connect) -> None:
        self._database = database
        self._path = path
        self._connect = connect
        self._work = threading.Event()
        self._stopping = False
        self._busy = False
        self._little_left = False
        self._thread = threading.Thread(target=self._run, name="storage-log", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after what it does now."""
        self._stopping = True
        self._work.set()
        if self._thread.ident is not None:
            self._thread.join()

    def tend(self) -> None:
        """Sees to the log, quickly; sqlite3.Error when the file fails."""
        if self._little_left:
            self._little_left = False
            self._database.checkpoint_log()
        elif self._database.log_bytes >= WAL_BYTES and not self._busy:
            self._busy = True
            self._work.set()

    def _run(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            if self._stopping:
                return
            try:
                self._copy()
                self._little_left = True
            except sqlite3.Error as error:
                _LOG.error("checkpoint failed error=%s", error)
            self._busy = False

    def _copy(self) -> None:
        """Goes over the log while much was written to it meanwhile."""
        connection = self._connect(self._path)
        try:
            for _ in range(_MOST_ROUNDS):
                before = self._database.log_bytes
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if self._stopping or self._database.log_bytes - before < _LITTLE_BYTES:
                    break
        finally:
            connection.close()
