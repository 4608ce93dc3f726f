"""The life of a session: authorize, begin, go on, end; and the message, which is all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine import commands
from engine.accounts.charge import Charging
from engine.accounts.ledger import Cause
from engine.calls import call_of
from engine.cdrs.process import CdrServer
from engine.chargers.decide import Chargers
from engine.errors import Refusal, RequestError, exists
from engine.event import (
    COST,
    COST_DETAILS,
    COST_SOURCE,
    LAST_USED,
    REQUEST_TYPE,
    RUN_ID,
    SOURCE,
    TOR,
    TOTAL_USAGE,
    USAGE,
    Event,
)
from engine.options import EngineOptions
from engine.records import Record, SessionClosed, SessionPut
from engine.sessions.reserve import correct_usage, debit_part, debit_rest
from engine.sessions.session import DEBITED, LIMITED, PSEUDOPREPAID, Run, Session
from engine.sessions.snapshot import encode_session
from engine.usage import ANY, UNLIMITED, VOICE

PROTECTED: Final = frozenset({"CGRID", "OriginHost", "OriginID", "Usage"})
MAX_CLOSED: Final = 200_000  # ended sessions kept for the record that follows; the oldest go first


class Sessions:
    """All open sessions of an engine, and those that ended a moment ago and still wait for their record."""

    options: EngineOptions
    charging: Charging
    chargers: Chargers
    cdrs: CdrServer
    open: dict[str, Session]
    closed: dict[str, tuple[Session, int]]
    records: list[Record]

    def __init__(self, options: EngineOptions, charging: Charging, chargers: Chargers, cdrs: CdrServer) -> None:
        self.options = options
        self.charging = charging
        self.chargers = chargers
        self.cdrs = cdrs
        self.open = {}
        self.closed = {}
        self.records = []

    def steps(self) -> dict[type, Callable[..., object]]:
        return {
            commands.AuthorizeSession: self.authorize,
            commands.InitiateSession: self.initiate,
            commands.UpdateSession: self.update,
            commands.TerminateSession: self.terminate,
            commands.ProcessMessage: self.message,
            commands.ProcessSessionCdr: self.process_cdr,
            commands.ListSessions: self.list,
        }

    # -- questions ----------------------------------------------------------------------------------------------------

    def list(self, command: commands.ListSessions, now_ns: int) -> object:
        return list(self.open.values())

    def authorize(self, command: commands.AuthorizeSession, now_ns: int) -> object:
        event = command.event
        usage_ns = self._usage(event)
        granted: list[int] = []
        for run_event in self.chargers.runs(event, now_ns):
            run = self._run(run_event, now_ns)
            run.call.end_ns = run.call.start_ns + usage_ns
            run.call.duration_index_ns = usage_ns
            granted.append(self._limit(run, usage_ns))
        return min(granted)

    def _limit(self, run: Run, usage_ns: int) -> int:
        if run.request_type not in LIMITED:
            return usage_ns
        refusal = self.charging.check_usage(run.call)
        limit = refusal if refusal is not None else self.charging.max_session(run.call)
        if isinstance(limit, Refusal):
            raise rals_error(limit)
        return limit if limit == UNLIMITED else min(limit, usage_ns)

    # -- the life -----------------------------------------------------------------------------------------------------

    def initiate(self, command: commands.InitiateSession, now_ns: int) -> object:
        event = command.event
        cgrid = event.cgrid()
        if cgrid in self.open:
            raise exists()
        session = self._begin(event, cgrid, now_ns, force_duration=command.force_duration)
        self.open[cgrid] = session
        try:
            return self._part(session, event, self._usage(event, begins=True), now_ns)
        except RequestError:
            session.failed = True
            session.expires_at = now_ns + self.options.sessions.failed_begin_ttl_ns
            raise
        finally:
            self._keep(session, now_ns)

    def update(self, command: commands.UpdateSession, now_ns: int) -> object:
        event = command.event
        cgrid = event.cgrid()
        session = self.open.get(cgrid)
        if session is None:
            session = self._begin(event, cgrid, now_ns)
            self.open[cgrid] = session
        for name, value in event.fields.items():
            if name not in PROTECTED:
                session.event.fields[name] = value
                if name in self.options.sessions.alterable_fields:
                    for run in session.runs:
                        run.event.fields[name] = value
        try:
            return self._part(session, event, self._usage(event), now_ns)
        finally:
            self._keep(session, now_ns)

    def terminate(self, command: commands.TerminateSession, now_ns: int) -> object:
        event = command.event
        cgrid = event.cgrid()
        session = self.open.get(cgrid)
        if session is None:
            session = self._begin(event, cgrid, now_ns, force_duration=command.force_duration)
            self._part(session, event, self._usage(event, begins=True), now_ns)
        self._end(session, event, now_ns)
        return None

    def message(self, command: commands.ProcessMessage, now_ns: int) -> object:
        event = command.event
        session = self._begin(event, event.cgrid(), now_ns, force_duration=command.force_duration)
        granted = self._part(session, event, self._usage(event, begins=True), now_ns)
        for run in session.runs:
            if run.request_type not in DEBITED:
                run.total_usage_ns = granted
        self._settle(session, None, now_ns)
        self._remember(session, now_ns)
        return granted

    def _begin(self, event: Event, cgrid: str, now_ns: int, *, force_duration: bool = False) -> Session:
        event = event.copy()
        event.fields["CGRID"] = cgrid
        session = Session(cgrid, event.tenant, event, now_ns)
        for run_event in self.chargers.runs(event, now_ns):
            run = self._run(run_event, now_ns)
            run.call.cgrid = cgrid
            run.call.force_duration = force_duration
            session.runs.append(run)
        return session

    def _run(self, event: Event, now_ns: int) -> Run:
        request_type = event.text(REQUEST_TYPE) or self.options.default_request_type
        call = call_of(event, 0, self.options, now_ns)
        run_id = event.text(RUN_ID)
        call.run_id = run_id
        return Run(run_id, event, request_type, call)

    def _part(self, session: Session, event: Event, asked_ns: int, now_ns: int) -> int:
        """The next part of every run; answers the least that is granted."""
        last_used_ns = event.usage(LAST_USED)
        granted: list[int] = []
        for run in session.runs:
            wanted_ns = asked_ns
            total_ns = event.usage(TOTAL_USAGE)
            if total_ns is not None:
                wanted_ns = max(0, total_ns - run.total_usage_ns)
            granted.append(self._run_part(run, wanted_ns, last_used_ns, now_ns))
        return min(granted) if granted else asked_ns

    def _run_part(self, run: Run, asked_ns: int, last_used_ns: int | None, now_ns: int) -> int:
        if run.request_type in DEBITED:
            part = debit_part(self.charging, run, asked_ns, last_used_ns, Cause("debit", run.call.cgrid, now_ns))
            if isinstance(part, Refusal):
                raise rals_error(part)
            return part
        if run.request_type == PSEUDOPREPAID:
            call = run.call.copy()
            call.end_ns = call.start_ns + asked_ns
            call.duration_index_ns = asked_ns
            limit = self.charging.max_session(call)
            if isinstance(limit, Refusal):
                raise rals_error(limit)
            return asked_ns if limit == UNLIMITED else min(limit, asked_ns)
        return asked_ns

    def _usage(self, event: Event, *, begins: bool = False) -> int:
        """What the event asks for: its usage, at a begin else what was used last, else the default of its type."""
        usage_ns = event.usage(USAGE)
        if usage_ns is None and begins:
            usage_ns = event.usage(LAST_USED)
        if usage_ns is not None:
            return usage_ns
        defaults = self.options.sessions.default_usage
        return defaults.get(event.text(TOR) or VOICE, defaults.get(ANY, 0))

    # -- the end ------------------------------------------------------------------------------------------------------

    def _end(self, session: Session, event: Event, now_ns: int) -> None:
        usage_ns = event.usage(USAGE)
        last_used_ns = event.usage(LAST_USED)
        for run in session.runs:
            if usage_ns is not None:
                run.total_usage_ns = usage_ns
            elif last_used_ns is not None:
                correct_usage(run, last_used_ns)
        for name in ("AnswerTime",):
            if event.has(name):
                session.event.fields[name] = event.fields[name]
        self._settle(session, event, now_ns)
        if self.open.pop(session.cgrid, None) is not None:
            self.records.append(SessionClosed(session.cgrid))
        self._remember(session, now_ns)

    def _settle(self, session: Session, event: Event | None, now_ns: int) -> None:
        """Makes what was charged what was used, and writes it into the runs' events."""
        cause = Cause("session", session.cgrid, now_ns)
        for run in session.runs:
            if run.cost is not None:
                if event is not None:
                    self._balance_usage(run, cause)
                for account_id, balance_uuid, correction in run.cost.round():
                    self.charging.take_rounding(account_id, balance_uuid, correction, cause)
                run.cost.refresh(self.charging.accounts)
                run.event.fields[COST] = run.cost.cost
                run.event.fields[COST_DETAILS] = run.cost
                run.event.fields[COST_SOURCE] = "*sessions"
            run.event.fields[USAGE] = run.total_usage_ns
        if session.runs:
            session.event.fields[USAGE] = session.runs[0].total_usage_ns

    def _balance_usage(self, run: Run, cause: Cause) -> None:
        assert run.cost is not None, "only charged runs are balanced"
        missing_ns = run.total_usage_ns - run.cost.usage_ns
        if missing_ns > 0:
            debit_rest(self.charging, run, missing_ns, cause)
        elif missing_ns < 0:
            surplus = run.cost.trim(run.total_usage_ns)
            if surplus is not None:
                self.charging.refund(surplus.refunds(), run.call, Cause("refund", cause.id, cause.at_ns))

    def process_cdr(self, command: commands.ProcessSessionCdr, now_ns: int) -> object:
        event = command.event
        if not event.has(SOURCE):
            event = event.copy()
            event.fields[SOURCE] = "*sessions"
        session = self.known(event.cgrid(), now_ns)
        if session is None:
            self.cdrs.process(commands.ProcessCdr(event, rate=True), now_ns)
            return None
        for run in session.runs:
            for name in self.options.sessions.alterable_fields:
                if event.has(name):
                    run.event.fields[name] = event.fields[name]
        self.cdrs.record_runs([run.event for run in session.runs], now_ns, rate=True, store=self.options.store_cdrs)
        return None

    def _remember(self, session: Session, now_ns: int) -> None:
        self._forget(now_ns)
        self.closed[session.cgrid] = (session, now_ns + self.options.sessions.closed_sessions_ttl_ns)
        if len(self.closed) > MAX_CLOSED:
            del self.closed[next(iter(self.closed))]

    def _forget(self, now_ns: int) -> None:
        for cgrid, (_, until_ns) in list(self.closed.items())[:16]:
            if until_ns <= now_ns:
                del self.closed[cgrid]

    def known(self, cgrid: str, now_ns: int) -> Session | None:
        """The session while it is open, or as long as it is remembered after its end."""
        session = self.open.get(cgrid)
        if session is not None:
            return session
        entry = self.closed.get(cgrid)
        return entry[0] if entry is not None and entry[1] > now_ns else None

    def _keep(self, session: Session, now_ns: int) -> None:
        session.updated_at = now_ns
        self.records.append(SessionPut(session.cgrid, encode_session(session)))


def rals_error(refusal: Refusal) -> RequestError:
    """A refusal of charging as session clients see it."""
    return RequestError(f"RALS_ERROR:{refusal.value}")
