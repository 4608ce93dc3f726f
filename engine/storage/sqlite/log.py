"""Brings the write-ahead log into the file in a thread of its own, so that no commit waits for it.

The log can start anew only when all of it is in the file, and synced there, and nothing was added meanwhile: so the last bit is the
writer's to do. It does that in a quiet moment, or when the log has grown long. SQLite syncs the file only with that last bit; the keeper
has it synced before, after each of its own copies, so that what commits wait for is the last bit and no more: a few ms.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Final

from engine.limits import WAL_ANEW_BYTES, WAL_BYTES, WAL_MOST_BYTES
from engine.storage.sqlite.database import Connect, Database
from engine.storage.sqlite.folder import StateFolder
from engine.storage.sqlite.hand import Hand
from engine.tally import Histogram
from engine.times import SECOND

_LOG: Final = logging.getLogger("tollwire.storage")
_PASSES: Final = 3
_LITTLE_BYTES: Final = 512 << 10  # of the log that the writer may have left to copy


class LogKeeper:
    """`tend` and `finish` are called by the writer thread; the rest of the work is done in the keeper's own."""

    def __init__(self, database: Database, folder: StateFolder, connect: Connect, hand: Hand) -> None:
        self._database = database
        self._folder = folder
        self._connect = connect
        self._copied = 0
        self._hand = hand
        self.checkpoints: Final = Histogram()
        self._stopping = False
        self._busy = False

    def start(self) -> None:
        """Starts the thread."""
        self._hand.start(self._run)

    def stop(self) -> None:
        """Ends the thread after what it does now."""
        self._stopping = True
        self._hand.call()
        self._hand.join()

    @property
    def unfinished(self) -> bool:
        """Whether a quiet moment should be used to have the log start anew."""
        return self._database.log_bytes >= WAL_BYTES and not self._busy

    def tend(self) -> None:
        """Sees to the log, quickly unless it has grown long; sqlite3.Error when the file fails."""
        if self._busy:
            return
        self._copied = min(self._copied, self._database.log_bytes)
        long, left = self._database.log_bytes >= WAL_ANEW_BYTES, self._database.log_bytes - self._copied
        if self._database.log_bytes >= WAL_MOST_BYTES or (long and left < _LITTLE_BYTES):
            self.finish()
        elif long or left >= WAL_BYTES:
            self._busy = True
            self._hand.call()

    def finish(self) -> None:
        """Brings the rest of the log into the file and has it start anew; takes some ms."""
        self._database.checkpoint_log()
        self._copied = self._database.log_bytes

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while True:
            self._hand.rest(None)
            if self._stopping:
                break
            try:
                connection = connection or self._connect(self._folder.database)
                self._copy(connection)
            except (sqlite3.Error, OSError) as error:
                _LOG.error("checkpoint failed error=%s", error)
                if connection:
                    connection.close()
                    connection = None
            self._busy = False
        if connection:
            connection.close()

    def _copy(self, connection: sqlite3.Connection) -> None:
        """Copies what is there, then what has come meanwhile, until that is little; each time the file is synced."""
        for _ in range(_PASSES):
            written = self._database.log_bytes
            began = self._hand.now()
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._folder.sync_database()
            self.checkpoints.note(int((self._hand.now() - began) * SECOND))
            self._copied = written
            if self._database.log_bytes - written < _LITTLE_BYTES // 2 or self._stopping:
                break
