"""What clients ask of sessions: authorize, begin, go on, end, the message that is all of it at once, and the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from engine.attributes.reply import AttributesReply
from engine.cdrs.process import PARTIALLY_EXECUTED
from engine.cdrs.record import SESSIONS
from engine.commands import CdrSwitches
from engine.effects import Effect
from engine.errors import RequestError, exists, mandatory_missing
from engine.event import ORIGIN_ID, SOURCE, Event
from engine.records import Record
from engine.sessions import commands
from engine.sessions.commands import Asked, SessionReply
from engine.sessions.correcting import correct, replace
from engine.sessions.crowding import refuse_crowd, supersede
from engine.sessions.life import Life
from engine.sessions.listing import Matches
from engine.sessions.loops import INSUFFICIENT_CREDIT, Loops
from engine.sessions.outside import Outside
from engine.sessions.policies import refuse_unbuilt
from engine.sessions.request import Part, chargeable, debit_interval, read_lifetime, setup_of
from engine.sessions.session import Session
from engine.times import SECOND

ATTRIBUTES_CONTEXT: Final = "*sessions"
NOT_FOUND: Final = "NOT_FOUND"
REPEATED_BEGIN_NS: Final = 60 * SECOND  # that a begin may say it began later when it comes once more

Step = Callable[[Any, int], object]


class Sessions:
    """The room of sessions as the door sees it."""

    life: Life
    loops: Loops
    outside: Outside

    def __init__(self, life: Life, matches: Matches) -> None:
        self.life = life
        self.loops = Loops(life)
        self.outside = Outside(life, self.loops, matches)
        life.cdrs.rater.replaced = self._replaced

    def steps(self) -> dict[type, Step]:
        """The commands of this room, for the door."""
        return {
            commands.AuthorizeSession: self.authorize,
            commands.InitiateSession: self.initiate,
            commands.UpdateSession: self.update,
            commands.TerminateSession: self.terminate,
            commands.ProcessMessage: self.message,
            commands.ProcessSessionCdr: self.process_cdr,
            commands.EndSessionsOf: self.loops.sweeps.begin,
            commands.RunSessions: self._run,
            **self.outside.steps(),
        }

    # -- for the door -------------------------------------------------------------------------------------------------

    def set_ticks(self, ticks_ns: int) -> None:
        """The clock that only runs forward, at the step that follows."""
        self.life.ticks_ns = ticks_ns

    def start(self, now_ns: int, ticks_ns: int) -> None:
        """What the journal had has been recovered."""
        self.life.ticks_ns = ticks_ns
        self.life.registry.recovered(now_ns, ticks_ns)
        self.loops.start(ticks_ns)

    def next_ticks(self) -> int | None:
        """When RunSessions is to be sent, on the clock that only runs forward; None while nothing runs."""
        return self.loops.next_ticks()

    def is_due(self, ticks_ns: int) -> bool:
        """Whether RunSessions has something to do."""
        due = self.loops.next_ticks()
        return due is not None and due <= ticks_ns

    def take_records(self) -> list[Record]:
        """What steps changed since it was last called, for the journal."""
        records = self.life.registry.take_records()
        return records + self.loops.sweeps.take_records() if self.loops.sweeps.records else records

    def take_effects(self) -> list[Effect]:
        """What was asked of the outside since it was last called."""
        effects, self.life.effects = self.life.effects, []
        return effects

    def _replaced(self, cgrid: str, run_id: str, now_ns: int) -> None:
        replace(self.life, cgrid, run_id, now_ns)

    def _run(self, command: commands.RunSessions, now_ns: int) -> object:
        self.loops.run(now_ns)
        return None

    # -- stages -------------------------------------------------------------------------------------------------------

    def prepare(self, event: Event, asked: Asked, now_ns: int) -> tuple[Event, AttributesReply | None]:
        """What stands before charging: the event as attributes leave it, and what they answer. RequestError for rooms that cannot be
        asked."""
        refuse_unbuilt(asked.rooms, self.life.options.sessions.connected)
        reply = self.attributes(event, asked.attribute_ids, now_ns) if asked.attributes else None
        return (event, None) if reply is None else (reply.event, reply)

    def attributes(self, event: Event, ids: Sequence[str] | None, now_ns: int) -> AttributesReply | None:
        """What attribute profiles of the context *sessions make of the event; None when none matches."""
        if not self.life.options.attributes_connected:
            raise RequestError("ATTRIBUTES_ERROR:NOT_CONNECTED: AttributeS")
        try:
            return self.life.chargers.attributes.change(event, now_ns, context=ATTRIBUTES_CONTEXT, ids=ids)
        except RequestError as fault:
            if fault.text == NOT_FOUND:  # a filter asked a room for what is not there
                return None
            raise RequestError(f"ATTRIBUTES_ERROR:{fault.text}") from None

    def authorize(self, command: commands.AuthorizeSession, now_ns: int) -> SessionReply:
        """See AuthorizeSession."""
        event, attributes = self.prepare(command.event, command.asked, now_ns)
        reply = SessionReply(None, attributes)
        refuse_crowd(self.life, event)
        if command.max_usage:
            granted = self.limits(event, now_ns)
            reply.max_usage_ns = min(granted.values())
        return reply

    def limits(self, event: Event, now_ns: int) -> dict[str, int]:
        """How long the event's session may last, by run."""
        part = Part(event, self.life.options.sessions)
        granted: dict[str, int] = {}
        for run_event in self.life.chargers.runs(event, now_ns):
            run = self.life.make_run(run_event, now_ns)
            granted[run.id] = self.life.limit(run, part.asked_ns, now_ns)
        return granted

    # -- the life of a session ------------------------------------------------------------------------------------------

    def initiate(self, command: commands.InitiateSession, now_ns: int) -> SessionReply:
        """See InitiateSession."""
        event, attributes = self.prepare(command.event, command.asked, now_ns)
        reply = SessionReply(None, attributes)
        if command.session:
            if command.repeated:
                self._refuse_late(event, command.began_ns, now_ns)
            session, granted = self.begin(
                event,
                command.client,
                now_ns,
                force_duration=command.force_duration,
                reported=command.reported,
                began_ns=command.began_ns,
            )
            reply.max_usage_ns = -1 if session.debit_interval_ns > 0 else least(granted)
        return reply

    def begin(
        self, event: Event, client: str, now_ns: int, *, force_duration: bool, reported: bool = False, began_ns: int | None = None
    ) -> tuple[Session, dict[str, int]]:
        """Begins a session and charges its first part; answers what is granted, by run. A begin that comes after the end of its session
        is late: nothing is granted and nothing charged, for the end has charged all of it. `began_ns`: see InitiateSession."""
        cgrid = event.cgrid()
        known = self.life.registry.get(cgrid)
        if known is not None and not self.loops.sweeps.end(known, now_ns):
            raise exists()
        ended = self.life.registry.ended(cgrid, now_ns)
        if ended is not None and not (reported and self._is_another(ended, event, began_ns, now_ns)):
            return ended, {run.id: 0 for run in ended.runs}
        part = Part(event, self.life.options.sessions, begins=True)
        supersede(self.life, event, now_ns)
        refuse_crowd(self.life, event)
        session = self._register(event, cgrid, client, now_ns, force_duration=force_duration, reported=reported)
        if self.loops.begin(session, debit_interval(event, self.life.options.sessions), now_ns):
            part.last_used_ns = None
        return session, self._part(session, part, now_ns)

    def _is_another(self, ended: Session, event: Event, began_ns: int | None, now_ns: int) -> bool:
        """Whether a begin is of another session than the one of that name which ended: it says that it began later, by more than a
        repetition comes late; where one of them has no SetupTime, by when they were sent."""
        zone = self.life.options.zone
        before, after = setup_of(ended.event, zone, now_ns), setup_of(event, zone, now_ns)
        if before is None or after is None:
            before, after = ended.begun_at, began_ns
        return after is not None and after - before > REPEATED_BEGIN_NS

    def _refuse_late(self, event: Event, sent_ns: int | None, now_ns: int) -> None:
        """RequestError EXISTS for a begin that was said before, of a session that the engine ended since; not for one that says that it
        began after that end."""
        registry, cgrid = self.life.registry, event.cgrid()
        if registry.is_buried(cgrid, now_ns):
            told_ns = setup_of(event, self.life.options.zone, now_ns)
            began_ns = sent_ns if told_ns is None else told_ns
            if began_ns is None or began_ns <= registry.tombstones.put_up_at(cgrid):
                raise exists()

    def _register(self, event: Event, cgrid: str, client: str, now_ns: int, *, force_duration: bool, reported: bool) -> Session:
        """Makes a session and registers it, uncharged."""
        lifetime = read_lifetime(event, self.life.options.sessions)
        debit_interval(event, self.life.options.sessions)
        session = self.life.make(event, cgrid, client, now_ns, force_duration=force_duration)
        session.chargeable = chargeable(event)
        session.reports = reported
        self.life.registry.add(session)
        self.life.live_on(session, lifetime, now_ns)
        return session

    def _part(self, session: Session, part: Part, now_ns: int) -> dict[str, int]:
        """Charges a part of an open session; a begin that is refused leaves it for a while."""
        begins = not any(run.call.loop_index for run in session.runs)
        try:
            granted = self.life.part(session, part, now_ns)
        except RequestError:
            if begins:
                session.failed = True
                if session.lifetime.ttl_ns <= 0:
                    self.life.expire_in(session, self.life.options.sessions.failed_begin_ttl_ns, now_ns)
            raise
        if session.failed:
            session.failed = False
            self.life.live_on(session, session.lifetime, now_ns)
        return granted

    def update(self, command: commands.UpdateSession, now_ns: int) -> SessionReply:
        """See UpdateSession."""
        event, attributes = self.prepare(command.event, command.asked, now_ns)
        reply = SessionReply(None, attributes)
        if command.session:
            reply.max_usage_ns = least(self.go_on(event, command.client, now_ns, reported=command.reported))
        return reply

    def go_on(self, event: Event, client: str, now_ns: int, *, reported: bool = False) -> dict[str, int]:
        """Charges the next part of the event's session, which is begun when nobody knows it; answers what is granted, by run. A report
        that is older than the last one changes nothing: what that granted is still granted."""
        part = Part(event, self.life.options.sessions)
        session = self.known(event, now_ns)
        if session is None and reported and self.life.registry.is_over(event.cgrid(), now_ns):
            if part.so_far_ns is not None:
                correct(self.life, event, part.so_far_ns, now_ns, final=False)
            return {}
        if session is not None and part.so_far_ns is not None and part.so_far_ns < session.reported_ns:
            return {run.id: run.last_usage_ns for run in session.runs}
        if session is None:
            if client and self.life.registry.is_buried(event.cgrid(), now_ns):
                part.last_used_ns = None  # of a part of the one that the engine ended, where it is paid
            session = self._register(event, event.cgrid(), client, now_ns, force_duration=False, reported=reported)
            self.loops.begin(session, debit_interval(event, self.life.options.sessions), now_ns)
        else:
            lifetime = read_lifetime(event, self.life.options.sessions, session.lifetime)
            if client and client != session.client:
                session.client = client
                session.whole = False
            session.chargeable = chargeable(event)
            self.life.live_on(session, lifetime, now_ns)
            if session.failed and lifetime.ttl_ns <= 0:
                self.life.expire_in(session, self.life.options.sessions.failed_begin_ttl_ns, now_ns)
        self.life.merge(session, event)
        if part.so_far_ns is None:
            return self._part(session, part, now_ns)
        session.reported_ns = part.so_far_ns
        return self._reported_part(session, part, now_ns)

    def _reported_part(self, session: Session, part: Part, now_ns: int) -> dict[str, int]:
        """The same for a client that reports: it does not hear what it is granted, so it is told where that is nothing."""
        try:
            granted = self._part(session, part, now_ns)
        except RequestError as refused:
            self.loops.cut(session, refused.text, now_ns)
            raise
        if session.debit_interval_ns <= 0:
            if part.asked_ns > 0 and least(granted) <= 0:
                self.loops.cut(session, INSUFFICIENT_CREDIT, now_ns)
            else:
                self.loops.spare(session)
        return granted

    def known(self, event: Event, now_ns: int) -> Session | None:
        """The session that an event means: an open one, or another engine's, which becomes active."""
        session = self.life.relocate(event)
        return session if session is not None else self.outside.activate(event.cgrid(), now_ns)

    def terminate(self, command: commands.TerminateSession, now_ns: int) -> None:
        """See TerminateSession."""
        event, _ = self.prepare(command.event, command.asked, now_ns)
        if command.session:
            self.finish(event, command.client, now_ns, force_duration=command.force_duration, reported=command.reported)

    def finish(self, event: Event, client: str, now_ns: int, *, force_duration: bool, reported: bool = False) -> None:
        """Ends the event's session. One that nobody knows is begun, charged and ended at once."""
        if not event.text(ORIGIN_ID):
            raise mandatory_missing(ORIGIN_ID)
        part = Part(event, self.life.options.sessions)
        session = self.known(event, now_ns)
        if session is None:
            registry, cgrid = self.life.registry, event.cgrid()
            if registry.is_over(cgrid, now_ns) if reported else registry.is_buried(cgrid, now_ns):
                if reported and part.given_ns is not None:
                    correct(self.life, event, part.given_ns, now_ns, final=True)
                return
            session = self.life.make(event, cgrid, client, now_ns, force_duration=force_duration)
            session.chargeable = chargeable(event)
            begun = Part(event, self.life.options.sessions, begins=True)
            begun.last_used_ns = None  # there is no part before this one
            self._at_once(session, begun, now_ns)
        else:
            self.life.alter(session, event)
        self.life.end(session, part, event, now_ns, reported=reported)

    def message(self, command: commands.ProcessMessage, now_ns: int) -> SessionReply:
        """See ProcessMessage."""
        event, attributes = self.prepare(command.event, command.asked, now_ns)
        reply = SessionReply(None, attributes)
        if not command.debit:
            return reply
        if not event.text(ORIGIN_ID):
            raise mandatory_missing(ORIGIN_ID)
        part = Part(event, self.life.options.sessions, begins=True)
        session = self.life.make(event, event.cgrid(), command.client, now_ns, force_duration=command.force_duration)
        session.chargeable = chargeable(event)
        granted = self._at_once(session, part, now_ns)
        self.life.settle_message(session, granted, now_ns)
        self.life.registry.remember(session, now_ns + self.life.options.sessions.closed_sessions_ttl_ns, now_ns)
        reply.max_usage_ns = least(granted)
        return reply

    def _at_once(self, session: Session, part: Part, now_ns: int) -> dict[str, int]:
        """Charges an event that is a session of its own. When one run is refused the others get back what they were charged."""
        try:
            return self.life.part(session, part, now_ns)
        except RequestError:
            self.life.settle(session, 0, None, now_ns)
            raise

    # -- the record ---------------------------------------------------------------------------------------------------

    def process_cdr(self, command: commands.ProcessSessionCdr, now_ns: int) -> None:
        """See ProcessSessionCdr."""
        event = command.event
        if not event.has(SOURCE):
            event = event.copy()
            event.fields[SOURCE] = SESSIONS
        self.make_records(event, now_ns, CdrSwitches(rate=True))

    def make_records(self, event: Event, now_ns: int, switches: CdrSwitches) -> None:
        """The records of the event's session, or of the event alone when nobody knows the session. None for a session that the engine
        itself ended: it made them then. RequestError PARTIALLY_EXECUTED where the session is known and a record of it cannot be made, or
        is there already."""
        if "cdrs" not in self.life.options.sessions.connected:
            raise RequestError("CDRS_ERROR:NOT_CONNECTED: CDRs")
        cgrid = event.cgrid()
        registry = self.life.registry
        session = registry.get(cgrid)
        if session is None:
            if registry.is_buried(cgrid, now_ns):
                return
            session = registry.ended(cgrid, now_ns)
        if session is None:
            self.life.cdrs.process_events([event], switches, now_ns)
            return
        self.life.alter(session, event)
        try:
            self.life.record(session, now_ns)
        except RequestError:  # recordings radius-accounting/7
            raise RequestError(PARTIALLY_EXECUTED) from None


def least(granted: dict[str, int]) -> int:
    """The least that any run is granted; -1, no limit, is less than all."""
    found_ns = 0
    begun = False
    for usage_ns in granted.values():
        if not begun or usage_ns < found_ns:
            found_ns = usage_ns
            begun = True
    return found_ns
