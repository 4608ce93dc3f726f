"""The thread that writes: commits what has gathered, then the next, and projects between commits.

Appends come by a queue and leave as one journal row a commit. When a commit fails the file is opened again and the same appends are
tried again, in order, until it works; nothing after them is tried before. Nothing here is called by the loop but `put`, `wake`,
`stop` and what the projector allows to anyone; what the loop must learn it learns by `Reports`, called on this thread.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sized
from typing import Final

import msgspec

from engine.limits import (
    COMMIT_BYTES,
    COMMIT_GATHER_APPENDS,
    COMMIT_GATHER_SECONDS,
    COMMIT_STEP_SECONDS,
    PROJECTION_BREATH_SECONDS,
    PROJECTION_DELAY_SECONDS,
    STORAGE_CLOSE_TRIES,
    STORAGE_RETRY_SECONDS,
)
from engine.records import join_commit
from engine.storage.ports import StorageDamaged
from engine.storage.sqlite.database import Database
from engine.storage.sqlite.hand import Hand
from engine.storage.sqlite.log import LogKeeper
from engine.storage.sqlite.projector import Append, Projector
from engine.tally import Histogram
from engine.times import SECOND

_LOG: Final = logging.getLogger("tollwire.storage")


class Reports(msgspec.Struct, frozen=True):
    """Where the thread says what happened; each is called on the thread and must be quick."""

    durable: Callable[[int], None]
    available: Callable[[bool], None]
    projection_failed: Callable[[], None]


class Writer:
    """Owns the database from `start` to the end of the thread."""

    committed_bytes: int
    left: int

    def __init__(self, database: Database, projector: Projector, keeper: LogKeeper, reports: Reports, hand: Hand) -> None:
        self._database = database
        self._keeper = keeper
        self._projector = projector
        self._reports = reports
        self._queue: deque[Append] = deque()
        self._hand = hand
        self._sleeping = False
        self._stopping = False
        self._taken: list[Append] = []
        self._projection_broken = False
        self._projection_tries = 0
        self._projection_stuck = 0
        self._projection_at = 0.0
        self.committed_bytes = 0
        self._last_appends = 1
        self._last_began = 0.0
        self.commits: Final = Histogram()
        self.left = 0

    def start(self) -> None:
        """Starts the thread."""
        self._keeper.start()
        self._hand.start(self._run)

    def put(self, append: Append) -> None:
        """Takes an append; they must come in the order of their tickets."""
        self._queue.append(append)
        if self._sleeping:
            self.wake()

    def wake(self) -> None:
        """Has the thread look for work."""
        self._sleeping = False
        self._hand.call()

    def stop(self) -> None:
        """Has the thread commit what is left and end."""
        self._stopping = True
        self._hand.hurry()
        self.wake()

    def join(self) -> None:
        """Waits for its end; `left` then says how many appends could not be written."""
        self._hand.join()

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except Exception:  # noqa: BLE001 - told to the operator and the loop; a thread has no caller
            _LOG.exception("storage thread ended by a fault of its own")
            self._reports.available(False)
            self._reports.projection_failed()
        finally:
            self.left = len(self._queue) + len(self._taken)
            self._keeper.stop()
            self._database.close()

    def _turn(self) -> bool:
        """One commit with the projection that presses, or projection alone, or a rest. False when it is time to end."""
        pause = self._projection_pause()
        if self._queue:
            if self._last_appends > 1:  # what comes one by one is not kept waiting
                gather(self._queue, self._hand, self._last_began + COMMIT_GATHER_SECONDS)
            if not self._commit():
                return False
            if not pause:
                self._project(self._projector.pressing)
        elif self._stopping:
            return False
        elif not pause and (slices := self._projector.pressing or self._projector.idle_work):
            began = self._hand.now()
            self._project(int(slices))
            if not self._projector.urgent:  # steps beside it take longer, and nobody waits for it: as much of the time is theirs alone
                self._breathe(self._hand.now() - began)
        else:
            self._rest(pause)
        return True

    def _rest(self, pause: float) -> None:
        """Waits for work; after a quiet time what is behind is projected."""
        self._sleeping = True
        if not self._queue and not self._stopping:
            quiet = self._projector.behind or self._keeper.unfinished
            if not self._hand.rest(pause or (PROJECTION_DELAY_SECONDS if quiet else None)):
                self._use_quiet(pause)
        self._sleeping = False

    def _breathe(self, seconds: float) -> None:
        """Rests so long, or until there is something to commit."""
        self._sleeping = True
        if not self._queue and not self._stopping:
            self._hand.rest(min(seconds, PROJECTION_BREATH_SECONDS))
        self._sleeping = False

    def _use_quiet(self, pause: float) -> None:
        if not pause and self._projector.behind:
            self._projector.hurry()
        elif not pause:
            self._guarded(self._keeper.finish)

    def _commit(self) -> bool:
        """Makes what has gathered durable and says so; tries until it works. False when it is stopped before."""
        size = 0
        while self._queue and size < COMMIT_BYTES:
            append = self._queue.popleft()
            self._taken.append(append)
            size += append.size_bytes
        appends = self._taken
        self._last_appends = len(appends)
        self._last_began = self._hand.now()
        body = join_commit([append.body for append in appends])
        if not self._write(appends[0].ticket, len(appends), body):
            return False
        self._taken = []
        self._projector.feed(appends)
        self._projector.journal_bytes += len(body)
        self.committed_bytes += size
        self._reports.durable(appends[-1].ticket)
        return True

    def _write(self, first: int, appends: int, body: bytes) -> bool:
        tries = 0
        while True:
            try:
                if tries:
                    self._database.reopen()
                    self._projector.reset()
                began = self._hand.now()
                self._database.commit_journal(first, appends, body, again=tries > 0)
                self.commits.note(int((self._hand.now() - began) * SECOND))
                break
            except sqlite3.Error as error:
                tries += 1
                self._failed(tries, error)
                if self._stopping and tries >= STORAGE_CLOSE_TRIES:
                    return False
                self._hand.sleep(_pause(tries))
        if tries:
            _LOG.warning("storage works again tries=%d", tries)
            self._reports.available(True)
        return True

    def _failed(self, tries: int, error: sqlite3.Error) -> None:
        if tries == 1:
            _LOG.error("storage failed error=%s", error)
            self._reports.available(False)

    def _projection_pause(self) -> float:
        """Seconds until projection is tried again after an error; 0 when it may run."""
        return max(0.0, self._projection_at - self._hand.now()) if self._projection_broken else 0.0

    def _project(self, slices: int) -> None:
        def run() -> None:
            for _ in range(slices):
                self._projector.slice()
            self._keeper.tend()

        self._guarded(run)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Does work beside the commits; after an error the file is opened again later, and queries that wait are told."""
        try:
            if self._projection_broken:
                self._database.reopen()
                self._projector.reset()
                self._projection_broken = False
            work()
            if self._progress() > self._projection_stuck:
                self._projection_tries = 0
        except (sqlite3.Error, StorageDamaged) as error:
            if not self._projection_tries:
                _LOG.error("projection failed error=%s", error)
            self._projection_broken = True
            self._projection_stuck = self._progress()
            self._projection_tries += 1
            self._projection_at = self._hand.now() + _pause(self._projection_tries)
            self._reports.projection_failed()

    def _progress(self) -> int:
        """A number that grows whenever projection or folding has come further."""
        return self._projector.projected + self._projector.folded


def gather(waiting: Sized, hand: Hand, until: float) -> None:
    """Lets more come while more keeps coming: a commit costs much the same whatever it holds. It looks less and less often, since each
    look takes the interpreter from the steps that make what is waited for."""
    held, pause = 0, COMMIT_STEP_SECONDS
    while held < len(waiting) < COMMIT_GATHER_APPENDS and (left := until - hand.now()) > 0:
        held = len(waiting)
        hand.sleep(min(pause, left))
        pause *= 2


def _pause(tries: int) -> float:
    return STORAGE_RETRY_SECONDS[min(tries, len(STORAGE_RETRY_SECONDS)) - 1]
