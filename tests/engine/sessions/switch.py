"""A switch in front of a whole engine: calls begin, go on and end; two clocks that tests set by hand."""

from __future__ import annotations

from typing import Any

from engine.effects import DisconnectSession, Effect
from engine.errors import RequestError
from engine.event import Event
from engine.limits import RESTED_PER_STEP
from engine.records import CdrPut, SessionClosed, SessionProgress, SessionPut, decode_commit
from engine.sessions.commands import (
    FindSessions,
    FoundSessions,
    InitiateSession,
    ProcessSessionCdr,
    SessionReply,
    TerminateSession,
    UpdateSession,
)
from engine.sessions.session import Session
from engine.sessions.snapshot import Stored, decode_session
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.rating.test_packing import all_of
from tests.site import Site

ACCOUNT = "1001"


def whole_of(session: Session) -> list[object]:
    """All that the journal keeps of a session, on the clock of the wall."""
    runs: list[object] = []
    for run in session.runs:
        call = run.call
        numbers = [run.reserve_ns, run.last_usage_ns, run.total_usage_ns, run.loop_at, run.stop_reason, run.short, run.replaced]
        names = [
            call.tenant,
            call.category,
            call.subject,
            call.account,
            call.destination,
            call.tor,
            call.cgrid,
            call.run_id,
            call.factor_id,
        ]
        spans = [call.start_ns, call.end_ns, call.zone.name, call.duration_index_ns, call.loop_index, call.max_cost_so_far]
        prices = [call.run_price, call.run_step_ns, call.run_length, call.force_duration]
        runs.append(
            [run.id, _event_of(run.event), run.request_type, numbers, names, spans, prices, None if not run.cost else all_of(run.cost)]
        )
    held = session.lifetime
    return [
        [session.cgrid, session.tenant, _event_of(session.event), session.begun_at, session.client, session.request, runs],
        [session.updated_at, session.expires_at, session.debit_interval_ns],
        [session.chargeable, session.failed, session.settled, session.reports, session.reported_ns],
        [held.ttl_ns, held.max_delay_ns, held.last_used_ns, held.last_usage_ns, held.usage_ns],
        [session.ending, session.ending_extra_ns],
    ]


def _event_of(event: Event) -> list[object]:
    return [event.tenant, event.id, event.fields, event.options, event.at_ns]


class Switch(Site):
    """`ticks` is the clock that only runs forward. `sessions` are options of sessions, `client` the name that the switch is called by."""

    ticks: int

    def __init__(
        self,
        *,
        client: str = "",
        credit: object = 100,
        price: str = "0.1",
        sessions: dict[str, object] | None = None,
        exact: bool = True,
        restful: bool = False,
    ) -> None:
        """`restful`: every session rests between two events."""
        self.restful = restful
        self.ticks = 7 * SECOND
        self.client = client
        self._sessions = sessions or {}
        self._stored: dict[str, Stored] = {}
        self._seen = 0
        super().__init__(exact=exact)
        self.price("sub", ("0", price, SECOND, SECOND))
        self.balance(ACCOUNT, "cash", "*monetary", credit)

    def _open(self) -> None:
        for name, value in self._sessions.items():
            setattr(self.options.sessions, name, value)
        self.options.sessions.connected = frozenset({"cdrs"})
        super()._open()
        if self.restful:
            registry = self.engine.sessions.life.registry
            registry.awake = registry.awake_ended = -RESTED_PER_STEP

    def step(self, command: object, now_ns: int | None = None) -> Any:
        """One command; what it recorded is on the disk afterwards."""
        try:
            return self.engine.step(command, self.now, self.ticks)
        finally:
            self.gather()

    def gather(self) -> None:
        """As a site does; what is on the disk of each session that it had news of is then what lives in memory."""
        super().gather()
        registry = self.engine.sessions.life.registry
        rows, self._seen = self.disk.rows[self._seen :], len(self.disk.rows)
        news: dict[str, None] = {}
        for record in (record for row in rows for records in decode_commit(row.body) for record in records):
            if isinstance(record, SessionPut):
                self._stored[record.cgrid] = Stored(record.body)
            elif isinstance(record, SessionProgress):
                self._stored[record.cgrid].progress = record.body
            elif isinstance(record, SessionClosed):
                self._stored.pop(record.cgrid, None)
            if isinstance(record, SessionPut | SessionProgress):
                news[record.cgrid] = None
        for cgrid in news:
            stored = self._stored.get(cgrid)
            live = registry.open.get(cgrid) or registry._ended.get(cgrid) or registry.passive.get(cgrid)
            assert not (self.restful and (registry.open or registry._ended)), "all of them rest"
            if stored is not None and live is not None:
                assert whole_of(decode_session(cgrid, stored, self.ticks - self.now)) == whole_of(live)

    def cut(self, *, away_ns: int = 0) -> None:
        """Kills the engine; it starts again after so long, with another clock for its intervals."""
        self.storage.crash()
        self.now += away_ns
        self.ticks = 1_000 * SECOND
        self._open()
        self.gather()

    def sleep(self, ns: int) -> None:
        """Lets time go by on both clocks; what is due meanwhile is done when it is due."""
        until = self.ticks + ns
        while (at := self.engine.wake_ticks()) is not None and at <= until:
            wait = max(0, at - self.ticks)
            self.ticks += wait
            self.now += wait
            self.engine.wake(self.now, self.ticks)
            self.gather()
        self.now += until - self.ticks
        self.ticks = until

    def balance(self, name: str, id: str, kind: str, value: object) -> None:
        """Money or units for an account, which is made if it is not there."""
        given = {"Tenant": TENANT, "Account": name, "BalanceType": kind, "Value": value, "Balance": {"ID": id}}
        assert self.call("APIerSv1.AddBalance", given) == "OK"

    # -- what a switch says ----------------------------------------------------------------------------------------------

    def event(self, origin: str = "call", *, options: dict[str, object] | None = None, **fields: object) -> Event:
        """An event of a call; SetupTime and AnswerTime are when the clock of the tests began."""
        known: dict[str, object] = {
            "OriginID": origin,
            "OriginHost": "sw1",
            "ToR": "*voice",
            "RequestType": "*prepaid",
            "Account": ACCOUNT,
            "Subject": "sub",
            "Destination": "4930123",
            "AnswerTime": "2026-04-07T10:00:00Z",
        }
        return Event(TENANT, "", known | fields, dict(options or {}))

    def report(self, kind: type[Any], origin: str = "call", **fields: Any) -> Any:
        """A begin, update or end of a client that reports (RADIUS), and the record after an end, as a request of it has both."""
        answer = self.step(kind(self.event(origin, **fields), client=self.client, reported=True))
        if kind is TerminateSession:
            try:
                self.cdr(origin, **fields)
            except RequestError as refused:
                return refused.text
        return answer.max_usage_ns if isinstance(answer, SessionReply) else answer

    def begin(self, origin: str = "call", **fields: Any) -> int:
        return self._usage(InitiateSession(self.event(origin, **fields), client=self.client))

    def update(self, origin: str = "call", **fields: Any) -> int:
        return self._usage(UpdateSession(self.event(origin, **fields), client=self.client))

    def end(self, origin: str = "call", **fields: Any) -> None:
        self.step(TerminateSession(self.event(origin, **fields), client=self.client))

    def cdr(self, origin: str = "call", **fields: Any) -> None:
        self.step(ProcessSessionCdr(self.event(origin, **fields)))

    def _usage(self, command: object) -> int:
        reply = self.step(command)
        assert isinstance(reply, SessionReply)
        assert reply.max_usage_ns is not None
        return reply.max_usage_ns

    # -- what came of it -------------------------------------------------------------------------------------------------

    def open(self) -> list[Session]:
        return self.engine.sessions.life.registry.every()

    def count(self, *filters: str) -> int:
        return self.find(FindSessions(TENANT, filters, count=True)).count

    def find(self, command: FindSessions) -> FoundSessions:
        """What all steps of a look find together."""
        all_found = FoundSessions([], 0, more=True)
        while all_found.more:
            found = self.step(command)
            assert isinstance(found, FoundSessions)
            all_found.runs += found.runs
            all_found.count += found.count
            all_found.more = found.more
            command.among = found.rest
        return all_found

    def cash(self, name: str = ACCOUNT) -> float:
        """All money of an account, in whole units."""
        account = self.engine.accounts.get(f"{TENANT}:{name}")
        assert account is not None
        return sum(balance.value for balance in account.of_type("*monetary")) / 10**9

    def top_up(self, value: object, name: str = ACCOUNT) -> None:
        self.balance(name, f"more{self.now}", "*monetary", value)

    def cdrs(self) -> list[tuple[float, float]]:
        """Usage in seconds and cost of each record, in their order."""
        rows: list[CdrPut] = sorted(self.storage.tables.cdrs.values(), key=lambda row: row.order_id)
        return [(row.usage_ns / SECOND, (row.cost_amount or 0) / 10**9) for row in rows]

    def told(self) -> list[tuple[str, bool]]:
        """Why clients were told to end sessions, and whether the engine had ended them already."""
        return [(one.reason, one.closed) for one in self.effects if isinstance(one, DisconnectSession)]

    def take(self) -> list[Effect]:
        effects, self.effects = self.effects, []
        return effects
