"""Sessions that the engine ended itself, or of which reports may come late: for a day it is known of each that it is over, so that its
switch's end costs nothing.

What some were is kept besides, as the journal has it, for the first hour: their clients' late ends correct what they were charged. At most
TOMBSTONES stand and CORRECTED_SESSIONS are kept; the oldest go first.
"""

from __future__ import annotations

from typing import Final

from engine import limits
from engine.limits import CORRECTED_SECONDS, FORGOTTEN_PER_STEP, TOMBSTONE_SECONDS, TOMBSTONES
from engine.sessions.oldest import due, in_order, oldest
from engine.sessions.session import Session
from engine.sessions.snapshot import BURIED, Stored, decode_session, store
from engine.times import SECOND

CORRECTED_SESSIONS = limits.CORRECTED_SESSIONS  # no constant to the compiler, so that a test can set it lower

_STANDS_NS: Final = TOMBSTONE_SECONDS * SECOND
_UNTOLD_NS: Final = (TOMBSTONE_SECONDS - CORRECTED_SECONDS) * SECOND  # that a tombstone stands longer than what it keeps


class Tombstones:
    """By CGRID. Instants are ns since 1970, by the wall clock."""

    until: dict[str, int]  # when each is forgotten, the first one first
    _remains: dict[str, Stored]  # what may be corrected, the first one first
    _unwritten: dict[str, Session]  # of it what the step under way has changed

    def __init__(self) -> None:
        self.until = {}
        self._remains = {}
        self._unwritten = {}

    def __len__(self) -> int:
        return len(self.until)

    @property
    def correctable(self) -> int:
        """How many sessions may still be corrected."""
        return len(self._remains) + len(self._unwritten)

    @property
    def is_crowded(self) -> bool:
        """Whether there are more than there may be."""
        return len(self.until) > TOMBSTONES or self.correctable > CORRECTED_SESSIONS

    def stands(self, cgrid: str, now_ns: int) -> bool:
        """Whether this session has one."""
        return self.until.get(cgrid, 0) > now_ns

    def put_up_at(self, cgrid: str) -> int:
        """When this session got its tombstone; to be asked of one that has it."""
        return self.until[cgrid] - _STANDS_NS

    def put_up(self, cgrid: str, now_ns: int, remains: Session | None = None) -> None:
        """The session is over. `remains`: what it was charged may be corrected; it is to be `written`."""
        self.take_down(cgrid)
        self.until[cgrid] = now_ns + _STANDS_NS
        if remains is not None:
            self._unwritten[cgrid] = remains

    def take_down(self, cgrid: str) -> None:
        """Nothing is known any more of this session's end."""
        if cgrid in self.until:
            del self.until[cgrid]
            self.seal(cgrid)

    def seal(self, cgrid: str) -> None:
        """What the session was charged stays as it is: the tombstone is all that is left of it."""
        self._remains.pop(cgrid, None)
        self._unwritten.pop(cgrid, None)

    def remains(self, cgrid: str, now_ns: int, ticks_ahead_ns: int) -> Session | None:
        """The session whose client's late end corrects what it was charged, to be put up again or sealed; None when it is too late."""
        if self.until.get(cgrid, 0) - _UNTOLD_NS <= now_ns:
            return None
        session = self._unwritten.get(cgrid)
        if session is None and cgrid in self._remains:
            session = decode_session(cgrid, self._remains[cgrid], ticks_ahead_ns)
        return session

    def unwritten(self, cgrid: str) -> Session | None:
        """What may be corrected and is to be written, because the step under way has changed it."""
        return self._unwritten.get(cgrid)

    def written(self, session: Session) -> None:
        """The journal has it now: it rests as it lies there."""
        cgrid = session.cgrid
        self._unwritten.pop(cgrid, None)
        self._remains[cgrid] = store(session, BURIED, self.until[cgrid])

    # -- what goes ----------------------------------------------------------------------------------------------------

    def due(self, now_ns: int) -> list[str]:
        """The first ones that stood for long enough, or that are too many."""
        return due(self.until, now_ns, TOMBSTONES)

    def kept_too_long(self, now_ns: int) -> list[str]:
        """The first of those that are kept for a correction and need not be any more."""
        spare = self.correctable - CORRECTED_SESSIONS
        first = enumerate(oldest(self._remains, FORGOTTEN_PER_STEP))
        return [cgrid for place, cgrid in first if place < spare or self.until[cgrid] - _UNTOLD_NS <= now_ns]

    # -- the journal --------------------------------------------------------------------------------------------------

    def recover(self, cgrid: str, until_ns: int, remains: Stored | None = None) -> None:
        """Takes up what the journal has."""
        self.until[cgrid] = until_ns
        if remains is not None:
            self._remains[cgrid] = remains

    def recovered(self) -> None:
        """All has been taken up."""
        self.until = in_order(self.until)
        self._remains = {cgrid: self._remains[cgrid] for cgrid in self.until if cgrid in self._remains}
