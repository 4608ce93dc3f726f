"""All sessions of an engine: those that go on, those that ended a moment ago, copies of others', and tombstones of what is over.

A recovered session stays as the journal had it until somebody needs it: a start reads the heads of bodies only, so that the first
request is answered at once; the others are made ready a few at a time. Whatever changes a session marks it, and the step's end
writes it once.

At most about AWAKE_SESSIONS open sessions, and AWAKE_ENDED ended ones, are kept ready: those that nothing happened to for the longest rest
as the journal has them, a third of the size, until they are asked for. They are found and counted as all others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.limits import (
    AWAKE_ENDED,
    AWAKE_SESSIONS,
    CLOSED_SESSIONS,
    PASSIVE_SESSIONS,
    RESTED_PER_STEP,
    WOKEN_PER_STEP,
)
from engine.records import Record, SessionClosed, SessionProgress, SessionPut
from engine.sessions.finding import Index
from engine.sessions.oldest import due, in_order, oldest
from engine.sessions.session import NEVER, Session
from engine.sessions.snapshot import (
    BURIED,
    ENDED,
    OPEN,
    PASSIVE,
    REPORTED,
    TOMBSTONE,
    Stored,
    decode_session,
    encode_begun,
    encode_progress,
    encode_tombstone,
    read_head,
    store,
)
from engine.sessions.timers import Timers
from engine.sessions.tombstones import Tombstones
from engine.times import SECOND

_FORGET_NS: Final = SECOND // 10  # between two looks at what is over
ALWAYS_INDEXED: Final = ("CGRID", "OriginID", "Account")


class Registry:
    """The sessions by CGRID. `indexed` are the fields of runs by which they are found without looking at every one."""

    open: dict[str, Session]
    passive: dict[str, Session]
    tombstones: Tombstones
    timers: Timers
    indexed: tuple[str, ...]
    ticks_ahead_ns: int
    awake: int  # open sessions that are kept ready
    awake_ended: int
    _order: dict[str, int]  # every open session, the oldest first: when it began (0 for one that sleeps)
    _resting: dict[str, Stored]  # open sessions that nothing happens to; unlike those that sleep they are in the index
    _stored: dict[str, Stored]  # while the journal is read
    _sleeping: dict[str, Stored]
    _runs: int  # of all open sessions, sleeping ones too
    _ended: dict[str, Session]
    _ended_until: dict[str, int]
    _late: dict[str, None]  # ended ones of which reports may come late: forgotten they leave a tombstone
    _sleeping_ended: dict[str, Stored]
    _index: Index
    _forget_at: int
    _changed: dict[str, None]
    _gone: list[Record]

    def __init__(self, indexed: Iterable[str]) -> None:
        self.open = {}
        self.passive = {}
        self.tombstones = Tombstones()
        self.timers = Timers()
        self.indexed = (*ALWAYS_INDEXED, *(name for name in indexed if name not in ALWAYS_INDEXED))
        self.ticks_ahead_ns = 0
        self.awake = AWAKE_SESSIONS
        self.awake_ended = AWAKE_ENDED
        self._order = {}
        self._resting = {}
        self._stored = {}
        self._sleeping = {}
        self._runs = 0
        self._ended = {}
        self._ended_until = {}
        self._late = {}
        self._sleeping_ended = {}
        self._forget_at = 0
        self._index = Index(self.indexed)
        self._changed = {}
        self._gone = []

    def sizes(self) -> dict[str, int]:
        """How much there is of what, by name."""
        return {
            "sessions_open": len(self.open) + len(self._resting) + len(self._sleeping),
            "sessions_awake": len(self.open),
            "runs_open": self._runs,
            "sessions_passive": len(self.passive),
            "sessions_ended": len(self._ended_until),
            "tombstones": len(self.tombstones),
            "sessions_correctable": self.tombstones.correctable,
            "timers": len(self.timers),
        }

    # -- open sessions ------------------------------------------------------------------------------------------------

    def get(self, cgrid: str) -> Session | None:
        """The session while it goes on."""
        session = self.open.get(cgrid)
        if session is None and cgrid in self._order:
            session = self._wake(cgrid)
        return session

    def add(self, session: Session) -> None:
        """A session begins, or a passive one becomes active. What was known of an earlier one of the same CGRID is forgotten."""
        cgrid = session.cgrid
        if cgrid in self._ended_until:
            del self._ended_until[cgrid]
            self._ended.pop(cgrid, None)
            self._sleeping_ended.pop(cgrid, None)
            self._late.pop(cgrid, None)
        self.tombstones.take_down(cgrid)
        self.passive.pop(cgrid, None)
        known = self.get(cgrid)
        if known is not None:
            self._leave(known)
        self.open[cgrid] = session
        self._order[cgrid] = session.begun_at
        self._runs += len(session.runs)
        self.index(session)
        session.whole = False
        self.changed(session)

    def changed(self, session: Session) -> None:
        """The session is to be written at the end of the step, and looked at when its moment comes."""
        self._changed[session.cgrid] = None

    def rename(self, session: Session, cgrid: str) -> None:
        """The session is another one from now on."""
        self._leave(session)
        self._gone.append(SessionClosed(session.cgrid))
        session.cgrid = cgrid
        self.add(session)

    def close(self, session: Session, until_ns: int, now_ns: int, late: bool = False) -> None:
        """The session ended and is remembered until then, for its record. `late`: reports of it may still come, and it leaves a
        tombstone."""
        self._leave(session)
        if late:
            self._late[session.cgrid] = None
        self.remember(session, until_ns, now_ns)

    def remember(self, session: Session, until_ns: int, now_ns: int) -> None:
        """A session that never was open ended and is remembered until then."""
        cgrid = session.cgrid
        if cgrid in self._ended_until:  # it is the latest now
            del self._ended_until[cgrid]
            self._ended.pop(cgrid, None)
        self._ended[cgrid] = session
        self._ended_until[cgrid] = until_ns
        self.tombstones.take_down(cgrid)
        self._changed[cgrid] = None
        self._forget(now_ns)

    def bury(self, session: Session, now_ns: int, *, corrected: bool = False) -> None:
        """The engine ended the session: its switch's end and record will cost nothing, or where it may be `corrected` what they say."""
        cgrid = session.cgrid
        self._leave(session)
        self._ended.pop(cgrid, None)
        self._ended_until.pop(cgrid, None)
        self._late.pop(cgrid, None)
        self.tombstones.put_up(cgrid, now_ns, session if corrected else None)
        if not corrected:
            self._gone.append(SessionClosed(cgrid))
        self._changed[cgrid] = None
        self._forget(now_ns)

    def remains(self, cgrid: str, now_ns: int) -> Session | None:
        """The session that the engine ended, whose client's late end corrects what it was charged; `bury` it again, or `seal` it."""
        return self.tombstones.remains(cgrid, now_ns, self.ticks_ahead_ns)

    def seal(self, cgrid: str) -> None:
        """What the session was charged stays as it is: a tombstone is all that is left of it."""
        self.tombstones.seal(cgrid)
        self._gone.append(SessionClosed(cgrid))
        self._changed[cgrid] = None

    def drop(self, session: Session) -> None:
        """The session is over and nothing is remembered of it."""
        self._leave(session)
        self._gone.append(SessionClosed(session.cgrid))

    def _leave(self, session: Session) -> None:
        if self.open.pop(session.cgrid, None) is not None:
            self._order.pop(session.cgrid, None)
            self._runs -= len(session.runs)
        self.timers.forget(session.cgrid)
        self._changed.pop(session.cgrid, None)
        self._index.remove(session)

    # -- what is over -------------------------------------------------------------------------------------------------

    def ended(self, cgrid: str, now_ns: int) -> Session | None:
        """The session that ended a moment ago."""
        if self._ended_until.get(cgrid, 0) <= now_ns:
            return None
        session = self._ended.get(cgrid)
        if session is None:
            session = decode_session(cgrid, self._sleeping_ended.pop(cgrid), self.ticks_ahead_ns)
            self._ended[cgrid] = session
        return session

    def is_buried(self, cgrid: str, now_ns: int) -> bool:
        """Whether the engine itself ended this session, not long ago; or it is over for longer than an ended one is remembered."""
        self._forget_late(cgrid, now_ns)
        return self.tombstones.stands(cgrid, now_ns)

    def is_over(self, cgrid: str, now_ns: int) -> bool:
        """Whether this session ended not long ago, whoever ended it."""
        self._forget_late(cgrid, now_ns)
        return self._ended_until.get(cgrid, 0) > now_ns or self.tombstones.stands(cgrid, now_ns)

    def _forget(self, now_ns: int) -> None:
        """Forgets what is over for long enough, and the oldest where there is too much: some at a time."""
        crowded = len(self._ended_until) > CLOSED_SESSIONS or self.tombstones.is_crowded
        if now_ns < self._forget_at and not crowded:
            return
        self._forget_at = now_ns + _FORGET_NS
        for cgrid in due(self._ended_until, now_ns, CLOSED_SESSIONS):
            self._forget_ended(cgrid, now_ns)
        for cgrid in self.tombstones.kept_too_long(now_ns):
            self.seal(cgrid)
            self._forget_at = 0
        for cgrid in self.tombstones.due(now_ns):
            self.tombstones.take_down(cgrid)
            self._forgotten(cgrid)

    def _forget_ended(self, cgrid: str, now_ns: int) -> None:
        del self._ended_until[cgrid]
        self._ended.pop(cgrid, None)
        self._sleeping_ended.pop(cgrid, None)
        self._forgotten(cgrid)
        if cgrid in self._late:
            del self._late[cgrid]
            self.tombstones.put_up(cgrid, now_ns)
            self._changed[cgrid] = None

    def _forget_late(self, cgrid: str, now_ns: int) -> None:
        """Forgets this one now if it is due: its tombstone is asked for, and nothing may have happened since that forgot it."""
        if cgrid in self._late and self._ended_until[cgrid] <= now_ns:
            self._forget_ended(cgrid, now_ns)

    def _forgotten(self, cgrid: str) -> None:
        self._changed.pop(cgrid, None)
        self._gone.append(SessionClosed(cgrid))
        self._forget_at = 0  # there may be more

    # -- copies -------------------------------------------------------------------------------------------------------

    def add_passive(self, session: Session) -> bool:
        """Keeps a copy of another engine's session, in place of an active one. False when there are too many."""
        if len(self.passive) >= PASSIVE_SESSIONS and session.cgrid not in self.passive:
            return False
        known = self.get(session.cgrid)
        if known is not None:
            self._leave(known)
        self._ended.pop(session.cgrid, None)
        self._ended_until.pop(session.cgrid, None)
        self._late.pop(session.cgrid, None)
        self.tombstones.take_down(session.cgrid)
        self.passive[session.cgrid] = session
        self._changed[session.cgrid] = None
        return True

    def drop_passive(self, cgrid: str) -> None:
        """The other engine's session is over."""
        if self.passive.pop(cgrid, None) is not None:
            self._changed.pop(cgrid, None)
            self._gone.append(SessionClosed(cgrid))

    # -- finding ------------------------------------------------------------------------------------------------------

    def index(self, session: Session) -> None:
        """Has the session found by what its runs hold now."""
        self._index.put(session)

    def named(self, name: str, value: str) -> dict[str, None]:
        """The CGRIDs of open sessions with a run whose indexed field has this value, of those that were made ready since the start; not to
        be changed."""
        return self._index.named(name, value)

    def under(self, name: str, values: Iterable[str]) -> dict[str, None]:
        """The CGRIDs of open sessions with a run whose indexed field has one of these values."""
        self._wake_sleepers()
        found: dict[str, None] = {}
        for value in values:
            found.update(self._index.named(name, value))
        return found

    def every(self) -> list[Session]:
        """All open sessions, the oldest first; all of them are made ready."""
        return [self._ready(cgrid) for cgrid in self.cgrids()]

    def cgrids(self) -> list[str]:
        """Those of all open sessions, the oldest first."""
        self._wake_sleepers()
        return list(self._order)

    def seen(self, cgrids: Iterable[str]) -> list[Session]:
        """These sessions, those that are open, to be looked at and not to be changed: who rests goes on resting."""
        found: list[Session] = []
        for cgrid in cgrids:
            session = self.open.get(cgrid)
            if session is None and cgrid in self._resting:
                session = decode_session(cgrid, self._resting[cgrid], self.ticks_ahead_ns)
            if session is not None:
                found.append(session)
        return found

    def _ready(self, cgrid: str) -> Session:
        session = self.get(cgrid)
        assert session is not None, "what stands in the order is open"
        return session

    def count_runs(self) -> int:
        """How many runs all open sessions have."""
        return self._runs

    # -- the journal --------------------------------------------------------------------------------------------------

    def take_records(self) -> list[Record]:
        """What the step changed, for the journal; sets the moments of what goes on."""
        if not self._changed and not self._gone:
            return []
        records: list[Record] = self._gone
        self._gone = []
        for cgrid in self._changed:
            self._record(cgrid, records)
        self._changed = {}
        if len(self.open) >= self.awake + RESTED_PER_STEP:
            self._rest_some()
        if len(self._ended) >= self.awake_ended + RESTED_PER_STEP:
            self._rest_ended()
        return records

    def _record(self, cgrid: str, records: list[Record]) -> None:
        session = self.open.get(cgrid)
        if session is not None:
            del self.open[cgrid]
            self.open[cgrid] = session  # the one that nothing happened to for the longest stands first
            self.timers.set(cgrid, session.due_ticks())
            self._put(session, OPEN, 0, records)
            return
        session = self._ended.get(cgrid)
        if session is not None:
            self._put(session, REPORTED if cgrid in self._late else ENDED, self._ended_until[cgrid], records)
            return
        session = self.tombstones.unwritten(cgrid)
        if session is not None:
            self._put(session, BURIED, self.tombstones.until[cgrid], records)
            self.tombstones.written(session)
            return
        until_ns = self.tombstones.until.get(cgrid)
        if until_ns is not None:
            records.append(SessionPut(cgrid, encode_tombstone(until_ns)))
            return
        session = self.passive.get(cgrid)
        if session is not None:
            self._put(session, PASSIVE, 0, records)

    def _put(self, session: Session, kind: bytes, until_ns: int, records: list[Record]) -> None:
        if not session.whole:
            session.whole = True
            session.altered = None
            session.begun_body = encode_begun(session)
            records.append(SessionPut(session.cgrid, session.begun_body))
        session.progress_body = encode_progress(session, kind, until_ns)
        records.append(SessionProgress(session.cgrid, session.progress_body))

    def recover(self, cgrid: str, body: bytes) -> None:
        """Takes up what the journal has of a session that stays as it is, or that it is over; the last one of a CGRID counts."""
        self.forget(cgrid)
        if body[:1] == TOMBSTONE:
            self.tombstones.recover(cgrid, read_head(body).due_at)
        else:
            self._stored[cgrid] = Stored(body)

    def recover_progress(self, cgrid: str, body: bytes) -> None:
        """Takes up what moved since; the last one counts."""
        stored = self._stored.get(cgrid)
        if stored is not None:
            stored.progress = body

    def forget(self, cgrid: str) -> None:
        """The journal says that nothing is known of it any more."""
        self._stored.pop(cgrid, None)
        self.tombstones.take_down(cgrid)

    def recovered(self, now_ns: int, ticks_ns: int) -> None:
        """The journal has been read: sets the moments of all, and forgets what is over for long enough."""
        self.ticks_ahead_ns = ticks_ns - now_ns
        for cgrid, stored in self._stored.items():
            self._sort_in(cgrid, stored)
        self._stored = {}
        self._ended_until = in_order(self._ended_until)
        self.tombstones.recovered()

    def _sort_in(self, cgrid: str, stored: Stored) -> None:
        head = stored.head()
        if head.kind == OPEN:
            self._sleeping[cgrid] = stored
            self._order[cgrid] = 0
            self._runs += head.runs
            if head.due_at < NEVER:
                self.timers.set(cgrid, head.due_at + self.ticks_ahead_ns)
        elif head.kind in (ENDED, REPORTED):
            self._sleeping_ended[cgrid] = stored
            self._ended_until[cgrid] = head.due_at
            if head.kind == REPORTED:
                self._late[cgrid] = None
        elif head.kind == BURIED:
            self.tombstones.recover(cgrid, head.due_at, stored)
        elif head.kind == PASSIVE:
            self.passive[cgrid] = decode_session(cgrid, stored, 0)

    # -- waking -------------------------------------------------------------------------------------------------------

    @property
    def has_sleepers(self) -> bool:
        """Whether recovered sessions are still as the journal had them."""
        return bool(self._sleeping)

    def wake_some(self, count: int = WOKEN_PER_STEP) -> None:
        """Makes a few recovered sessions ready."""
        for cgrid in oldest(self._sleeping, count):
            self._wake(cgrid)
            if len(self.open) >= self.awake + RESTED_PER_STEP:
                self._rest_some()

    def _wake_sleepers(self) -> None:
        """Has all recovered sessions in the index."""
        self.wake_some(len(self._sleeping))

    def _wake(self, cgrid: str) -> Session:
        """Makes one ready that sleeps or rests."""
        rested = self._resting.pop(cgrid, None)
        session = decode_session(cgrid, self._sleeping.pop(cgrid) if rested is None else rested, self.ticks_ahead_ns)
        self.open[cgrid] = session
        if rested is not None:
            session.indexed = self._index.values(session)
            return session
        self.index(session)
        self.timers.set(cgrid, session.due_ticks())
        self._order[cgrid] = session.begun_at
        if not self._sleeping:
            self._order = in_order(self._order)
        return session

    def _rest_some(self) -> None:
        """Puts sessions aside that nothing happened to for the longest; none that the step under way has changed."""
        for cgrid in oldest(self.open, len(self.open) - self.awake):
            if cgrid in self._changed:
                continue
            session = self.open.pop(cgrid)
            if session.indexed != self._index.values(session):
                self.index(session)
            self._resting[cgrid] = store(session, OPEN, 0)

    def _rest_ended(self) -> None:
        for cgrid in oldest(self._ended, len(self._ended) - self.awake_ended):
            if cgrid not in self._changed:
                kind = REPORTED if cgrid in self._late else ENDED
                self._sleeping_ended[cgrid] = store(self._ended.pop(cgrid), kind, self._ended_until[cgrid])
