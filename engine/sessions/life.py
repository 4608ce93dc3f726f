"""How a session begins, goes on and ends; who asked for it is another's business (stages, loops, the end from outside)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.accounts.charge import Charging
from engine.accounts.ledger import Cause
from engine.calls import call_of
from engine.cdrs.costs import SessionCost
from engine.cdrs.process import CdrServer
from engine.cdrs.record import SESSIONS
from engine.chargers.decide import Chargers
from engine.effects import DisconnectSession, Effect, SessionEnded
from engine.errors import Refusal, RequestError
from engine.event import (
    ACCOUNT,
    ANSWER_TIME,
    CGRID,
    ORIGIN_HOST,
    ORIGIN_ID,
    REQUEST_TYPE,
    RUN_ID,
    USAGE,
    Event,
    origin_cgrid,
)
from engine.limits import REPORTED_SECONDS
from engine.options import EngineOptions
from engine.rating.call import Call
from engine.sessions.registry import Registry
from engine.sessions.request import Part
from engine.sessions.reserve import add_pause, correct_usage, debit_part, debit_rest, pass_free
from engine.sessions.session import DYNAPREPAID, LIMITED, NEVER, PSEUDOPREPAID, Lifetime, Run, Session, is_same_field
from engine.times import SECOND
from engine.usage import UNLIMITED, format_duration

PROTECTED: Final = (CGRID, ORIGIN_HOST, ORIGIN_ID, USAGE)
_NOT_FOUND: Final = Refusal.ACCOUNT_NOT_FOUND
INITIAL_ORIGIN_ID: Final = "InitialOriginID"

MakeAccount = Callable[[str, int], bool]
"""Makes the account of a *dynaprepaid event, by its id; False when that cannot be done."""


class Life:
    """`effects` gathers what steps ask of the outside; `ticks_ns` is the clock that only runs forward, at the step under way; `request`
    gives what sessions that it begins remember of their request."""

    options: EngineOptions
    charging: Charging
    chargers: Chargers
    cdrs: CdrServer
    registry: Registry
    make_account: MakeAccount
    effects: list[Effect]
    ticks_ns: int
    request: Callable[[], bytes] | None

    def __init__(self, options: EngineOptions, charging: Charging, chargers: Chargers, cdrs: CdrServer, make_account: MakeAccount) -> None:
        self.options = options
        self.charging = charging
        self.chargers = chargers
        self.cdrs = cdrs
        self.registry = Registry(options.sessions.indexes)
        self.make_account = make_account
        self.effects = []
        self.ticks_ns = 0
        self.request = None

    # -- the beginning ------------------------------------------------------------------------------------------------

    def make(self, event: Event, cgrid: str, client: str, now_ns: int, *, force_duration: bool = False) -> Session:
        """A new session with its runs, not registered and not charged. RequestError when no charger matches or a time is none."""
        event = event.copy()
        event.fields[CGRID] = cgrid
        session = Session(cgrid, event.tenant, event, now_ns)
        session.client = client
        if self.request is not None:
            session.request = self.request()
        for run_event in self.chargers.runs(event, now_ns):
            run = self.make_run(run_event, now_ns)
            run.call.cgrid = cgrid
            run.call.force_duration = force_duration
            session.runs.append(run)
        return session

    def make_run(self, event: Event, now_ns: int) -> Run:
        """The run that a charger made of an event."""
        request_type = event.text(REQUEST_TYPE) or self.options.default_request_type
        try:
            call = call_of(event, 0, self.options, now_ns)
        except ValueError as fault:
            raise RequestError(str(fault)) from None
        call.run_id = event.text(RUN_ID)
        return Run(call.run_id, event, request_type, call)

    def live_on(self, session: Session, lifetime: Lifetime, now_ns: int) -> None:
        """The session heard of its client: its time to live begins anew."""
        session.lifetime = lifetime
        session.updated_at = now_ns
        session.expires_ticks = session.expires_at = NEVER
        if lifetime.ttl_ns > 0:
            delay_ns = self.charging.ids.below(lifetime.max_delay_ns) if lifetime.max_delay_ns > 0 else 0
            self.expire_in(session, lifetime.ttl_ns + delay_ns, now_ns)
        self.registry.changed(session)

    def expire_in(self, session: Session, wait_ns: int, now_ns: int) -> None:
        """The session ends by itself after so long."""
        session.expires_ticks = self.ticks_ns + wait_ns
        session.expires_at = now_ns + wait_ns

    # -- going on -----------------------------------------------------------------------------------------------------

    def part(self, session: Session, part: Part, now_ns: int) -> dict[str, int]:
        """The next part of every run: what is granted, by run. RequestError when one of them is refused; those before it stay charged."""
        self.registry.changed(session)
        granted: dict[str, int] = {}
        for run in session.runs:
            asked_ns = part.asked_ns
            last_used_ns = part.last_used_ns
            if part.total_ns is not None:
                asked_ns = max(0, part.total_ns - run.total_usage_ns)
            elif part.so_far_ns is not None:
                last_used_ns = self._report(run, part.so_far_ns)
            elif last_used_ns is not None and not run.is_debited:
                run.total_usage_ns += last_used_ns
            granted[run.id] = self._run_part(session, run, asked_ns, last_used_ns, now_ns)
        return granted

    def _report(self, run: Run, so_far_ns: int) -> int:
        """What of the last part was used, when so much was used in all."""
        if not run.is_debited:
            run.total_usage_ns = so_far_ns
        return max(0, so_far_ns - (run.total_usage_ns - run.last_usage_ns))

    def _run_part(self, session: Session, run: Run, asked_ns: int, last_used_ns: int | None, now_ns: int) -> int:
        if run.is_debited:
            if session.debit_interval_ns > 0:
                return asked_ns
            granted = self.debit(session, run, asked_ns, last_used_ns, now_ns)
            if not isinstance(granted, int):
                raise rals_error(granted)
            return granted
        if run.request_type == PSEUDOPREPAID:
            call = run.call.copy()
            call.end_ns = call.start_ns + asked_ns
            call.duration_index_ns = asked_ns
            limit = self.charging.max_session(call)
            if not isinstance(limit, int):
                raise rals_error(limit)
            return asked_ns if limit == UNLIMITED else min(limit, asked_ns)
        return asked_ns

    def debit(self, session: Session, run: Run, asked_ns: int, last_used_ns: int | None, now_ns: int) -> int | Refusal:
        """Debits the next part of one run; answers how many ns of it are granted."""
        if not session.chargeable:
            return pass_free(run, asked_ns, last_used_ns)
        cause = Cause("debit", session.cgrid, now_ns)
        granted = debit_part(self.charging, run, asked_ns, last_used_ns, cause)
        if granted is _NOT_FOUND and self._made(run.request_type, run.call, now_ns):
            granted = debit_part(self.charging, run, asked_ns, None, cause)
        if not isinstance(granted, int) or granted < asked_ns:
            run.short = True
        return granted

    def _made(self, request_type: str, call: Call, now_ns: int) -> bool:
        """Whether the account that was not there is there now."""
        return request_type == DYNAPREPAID and self.make_account(f"{call.tenant}:{call.account or call.subject}", now_ns)

    def limit(self, run: Run, asked_ns: int, now_ns: int) -> int:
        """How much of what is asked the run's account allows; -1 for no limit. RequestError when it refuses."""
        if run.request_type not in LIMITED:
            return asked_ns
        call = run.call
        call.end_ns = call.start_ns + asked_ns
        call.duration_index_ns = asked_ns
        refusal = self.charging.check_usage(call)
        limit = refusal if refusal is not None else self.charging.max_session(call)
        if limit is _NOT_FOUND and self._made(run.request_type, call, now_ns):
            limit = self.charging.max_session(call)
        if not isinstance(limit, int):
            raise rals_error(limit)
        return limit if limit == UNLIMITED else min(limit, asked_ns)

    def merge(self, session: Session, event: Event) -> None:
        """What an update says of the session: into its event, and alterable fields into its runs."""
        known = session.event.fields
        for name, value in event.fields.items():
            held = known.get(name)
            if (held is None or not is_same_field(held, value)) and name not in PROTECTED:
                session.alter(name, value)
        self.alter(session, event)

    def alter(self, session: Session, event: Event) -> None:
        """Alterable fields of an event go into the runs."""
        alterable = self.options.sessions.alterable_fields
        if not alterable:
            return
        altered = [name for name in alterable if name in event.fields]
        for name in altered:
            for run in session.runs:
                session.alter_run(run, name, event.fields[name])
        if altered and session.indexed:
            self.registry.index(session)

    def relocate(self, event: Event) -> Session | None:
        """The open session that an event means, after it got the name that the event gives it instead of an earlier one."""
        cgrid = event.cgrid()
        initial = event.text(INITIAL_ORIGIN_ID)
        if initial:
            session = self.registry.get(origin_cgrid(initial, event.text(ORIGIN_HOST)))
            if session is not None and session.cgrid != cgrid and self.registry.get(cgrid) is None:
                self._rename(session, cgrid, event.text(ORIGIN_ID))
                return session
        return self.registry.get(cgrid)

    def _rename(self, session: Session, cgrid: str, origin_id: str) -> None:
        for run in session.runs:
            run.event.fields[CGRID] = cgrid
            run.event.fields[ORIGIN_ID] = origin_id
            run.call.cgrid = cgrid
            cost = run.cost
            if cost is not None:
                cost.cgrid = cgrid
                cost.unpack()
        session.event.fields[CGRID] = cgrid
        session.event.fields[ORIGIN_ID] = origin_id
        self.registry.rename(session, cgrid)

    # -- the end ------------------------------------------------------------------------------------------------------

    def end(self, session: Session, part: Part | None, event: Event | None, now_ns: int, *, reported: bool = False) -> None:
        """The client's end: what was charged becomes what was used, and the session is remembered for its record."""
        usage_ns = part.given_ns if part is not None else None
        last_used_ns = part.last_used_ns if part is not None else None
        known_ns = session.known_usage()
        if known_ns is not None and last_used_ns is None:
            usage_ns = known_ns if usage_ns is None else self.no_less(session, usage_ns, known_ns)
        if event is not None and event.has(ANSWER_TIME):
            for run in session.runs:
                session.alter_run(run, ANSWER_TIME, event.fields[ANSWER_TIME])
            session.alter(ANSWER_TIME, event.fields[ANSWER_TIME])
        self.settle(session, usage_ns, last_used_ns, now_ns)
        ttl_ns = self.options.sessions.closed_sessions_ttl_ns
        if reported:
            ttl_ns = max(ttl_ns, REPORTED_SECONDS * SECOND)
        self.registry.close(session, now_ns + ttl_ns, now_ns, reported)

    def no_less(self, session: Session, usage_ns: int, known_ns: int) -> int:
        """The usage that an end says, or what was reported before where that is more: a counter went backwards, an operator is told."""
        if usage_ns >= known_ns:
            return usage_ns
        text = f"its end says {usage_ns} ns or units, after a report of {known_ns}: that is charged"
        self.effects.append(SessionEnded(session.cgrid, session.tenant, session.event.text(ACCOUNT), "", text))
        return known_ns

    def settle(self, session: Session, usage_ns: int | None, last_used_ns: int | None, now_ns: int) -> None:
        """Makes what was charged what was used: in all, or since the last part; else as it was granted."""
        session.stop_loops()
        cause = Cause("session", session.cgrid, now_ns)
        for run in session.runs:
            if usage_ns is not None:
                run.total_usage_ns = usage_ns
            elif last_used_ns is not None:
                correct_usage(run, last_used_ns)
            self.balance(session, run, cause)
            self.store_cost(session, run, now_ns)
        self.settled(session)

    def settle_message(self, session: Session, granted: dict[str, int], now_ns: int) -> None:
        """A one-time event costs what was granted."""
        cause = Cause("session", session.cgrid, now_ns)
        least_ns = min(granted.values()) if granted else 0
        for run in session.runs:
            if not run.is_debited:
                run.total_usage_ns = least_ns
            self._round(run, cause)
            self.store_cost(session, run, now_ns)
        self.settled(session)

    def settled(self, session: Session) -> None:
        """Its events say what it used; the journal keeps that by this mark alone."""
        session.settled = True
        for run in session.runs:
            run.event.fields[USAGE] = run.total_usage_ns
        if session.runs:
            session.event.fields[USAGE] = session.total_usage_ns()

    def balance(self, session: Session, run: Run, cause: Cause) -> None:
        """Makes what was charged of a run what it used, rounded as its prices say."""
        self._even_out(session, run, cause)
        self._round(run, cause)

    def _even_out(self, session: Session, run: Run, cause: Cause) -> None:
        cost = run.cost
        if cost is None and (not run.is_debited or run.short or session.failed):
            return
        missing_ns = run.total_usage_ns - (cost.usage_ns if cost is not None else 0)
        if missing_ns > 0 and not session.chargeable:
            add_pause(run, missing_ns)
        elif missing_ns > 0:
            refusal = debit_rest(self.charging, run, missing_ns, cause)
            if refusal is not None:
                text = f"{format_duration(missing_ns)} not charged: {refusal.value}"
                self.effects.append(SessionEnded(session.cgrid, session.tenant, run.call.account, "", text))
        elif cost is not None and missing_ns < 0:
            surplus = cost.trim(run.total_usage_ns, self.charging.options.returned_units)
            if surplus is not None:
                self.charging.refund(surplus.refunds(run.call.tor), run.call, Cause("refund", cause.id, cause.at_ns))

    def _round(self, run: Run, cause: Cause) -> None:
        cost = run.cost
        if cost is None:
            return
        for account_id, balance_uuid, correction in cost.round():
            self.charging.take_rounding(account_id, balance_uuid, correction, cause)
        cost.refresh(self.charging.accounts)

    def store_cost(self, session: Session, run: Run, now_ns: int) -> None:
        """Keeps what the run cost for a record that comes past the sessions, in place of what is kept already."""
        cost = run.cost
        if cost is not None and (self.options.sessions.store_session_costs or self.cdrs.costs.has(session.cgrid, run.id)):
            origin = session.event.text(ORIGIN_HOST), session.event.text(ORIGIN_ID)
            self.cdrs.costs.put(SessionCost(session.cgrid, run.id, *origin, SESSIONS, run.total_usage_ns, cost), now_ns)

    def record(self, session: Session, now_ns: int) -> None:
        """Makes the records of the session's runs, each with what it cost; what one that still goes on has taken is no cost yet, and the
        record is rated by itself (recorded). RequestError EXISTS when there is one already."""
        runs = session.runs
        store = self.options.store_cdrs
        costs = [run.cost if session.settled else None for run in runs]
        self.cdrs.record_runs([run.event for run in runs], now_ns, rate=True, store=store, costs=costs)

    # -- the end from inside --------------------------------------------------------------------------------------------

    def force_end(
        self,
        session: Session,
        reason: str,
        now_ns: int,
        *,
        extra_ns: int = 0,
        usage_ns: int | None = None,
        last_used_ns: int | None = None,
        told: bool = False,
        final: bool = False,
    ) -> None:
        """The engine ends the session: `extra_ns` more are debited, it is charged for, its records are made, and its client learns of it
        (unless it was told before). Its switch's own end will cost nothing; that of a client that reports corrects it, unless this is
        `final` (engine.sessions.correcting). Where nothing else is said it used what its client reported, else what it was granted."""
        if usage_ns is None and last_used_ns is None and extra_ns <= 0:
            usage_ns = session.known_usage()
        if extra_ns > 0:
            for run in session.runs:
                if run.is_debited:
                    self.debit(session, run, extra_ns, last_used_ns, now_ns)
                else:
                    run.total_usage_ns += extra_ns
            last_used_ns = None  # the debit has corrected it
        self.settle(session, usage_ns, last_used_ns, now_ns)
        trouble = self._record(session, now_ns)
        self.registry.bury(session, now_ns, corrected=session.reports and not final)
        if session.client and not told:
            fields = dict(session.event.fields)
            self.effects.append(
                DisconnectSession(
                    session.client, session.cgrid, session.tenant, fields, reason, True, session.request, session.ending_options
                )
            )
        if trouble or told or not session.client:
            account = session.event.text(ACCOUNT)
            self.effects.append(SessionEnded(session.cgrid, session.tenant, account, reason, trouble))

    def _record(self, session: Session, now_ns: int) -> str:
        """Makes the records of a session that the engine ended; answers what went wrong."""
        if "cdrs" not in self.options.sessions.connected:
            return ""
        try:
            self.record(session, now_ns)
        except RequestError as refused:
            return refused.text
        return ""

    def drop_failed(self, session: Session, now_ns: int) -> None:
        """A session whose begin was refused is not waited for any more: what one of its runs was charged goes back."""
        self.settle(session, 0, None, now_ns)
        self.registry.drop(session)


def rals_error(refusal: Refusal) -> RequestError:
    """A refusal of charging as session clients see it."""
    return RequestError(f"RALS_ERROR:{refusal.value}")
