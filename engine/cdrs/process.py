"""The record server: an event becomes the records of its runs, each rated once and stored once.

In order: attributes, charger runs, the guard against repetitions, what was taken before goes back, rating, the store. Everything that
can be refused is refused before the first balance moves, so that a step does all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from engine import commands
from engine.accounts.charge import Charging
from engine.cdrs.costs import SessionCost, SessionCosts
from engine.cdrs.guard import Remembered
from engine.cdrs.rating import DIRECTDEBIT, NONE, Rater
from engine.cdrs.record import NOT_RATED, REFUNDED, Cdr, cdr_of, event_data, event_of, stored, untold
from engine.chargers.decide import Chargers
from engine.commands import CdrSwitches
from engine.errors import RequestError, exists
from engine.event import CGRID, COST_DETAILS, Event
from engine.money import Amount
from engine.options import EngineOptions
from engine.parts import split_amount
from engine.rating.cost import EventCost
from engine.rating.packing import cost_json
from engine.records import CdrPut, CdrRemoved, Record

PARTIALLY_EXECUTED: Final = "PARTIALLY_EXECUTED"
REFUND_FLAG: Final = "*refund"


class Store(Protocol):
    """The part of the record store that a step asks."""

    def exists(self, cgrid: str, run_id: str) -> bool:
        """Whether a record of this run is stored."""

    def find(self, cgrid: str, run_id: str) -> CdrPut | None:
        """The record of this run."""


class Plan:
    """What is done with the events of one command: switches and configuration together."""

    attributes: bool
    chargers: bool
    refund: bool
    reprocess: bool
    rate: bool
    store: bool

    def __init__(self, *, attributes: bool, chargers: bool, refund: bool, reprocess: bool, rate: bool, store: bool) -> None:
        self.attributes = attributes
        self.chargers = chargers
        self.refund = refund
        self.reprocess = reprocess
        self.rate = rate
        self.store = store


def plan_of(switches: CdrSwitches, options: EngineOptions) -> Plan:
    """What switches say, and configuration where they say nothing."""
    known = options.cdrs
    rerate = bool(switches.rerate)
    refund = rerate or bool(switches.refund)
    return Plan(
        attributes=known.attributes if switches.attributes is None else switches.attributes,
        chargers=known.chargers if switches.chargers is None else switches.chargers,
        refund=refund,
        reprocess=rerate or bool(switches.reprocess),
        rate=rerate or (known.rals and not refund if switches.rate is None else switches.rate),
        store=options.store_cdrs if switches.store is None else switches.store,
    )


class Run:
    """One run on its way: its event, its record, the record that is stored of it already."""

    event: Event
    cdr: Cdr
    cost: EventCost | None  # what its session took for it already
    previous: CdrPut | None
    given: Amount  # what a *directdebit is said to cost
    refunded: bool
    changed: bool  # it was rated: clients are answered with the record, not with the event

    def __init__(self, event: Event, cdr: Cdr, cost: EventCost | None) -> None:
        self.event = event
        self.cdr = cdr
        self.cost = cost
        self.previous = None
        self.given = 0
        self.refunded = False
        self.changed = False

    def answer(self) -> tuple[list[str], dict[str, object]]:
        """Flags and event as CDRsV2 answers them."""
        flags = [REFUND_FLAG] if self.refunded else []
        if self.changed:
            return flags, event_data(self.cdr)
        fields = {
            name: msgspec.Raw(value.to_json()) if isinstance(value, EventCost) else value for name, value in self.event.fields.items()
        }
        return flags, fields


class CdrServer:
    """`next_order_id` is the id of the next record, `costs` what sessions cost and no record fetched yet."""

    options: EngineOptions
    charging: Charging
    chargers: Chargers
    stored_runs: Store
    costs: SessionCosts
    rater: Rater
    next_order_id: int
    records: list[Record]
    _remembered: Remembered

    def __init__(self, options: EngineOptions, charging: Charging, chargers: Chargers, stored_runs: Store) -> None:
        self.options = options
        self.charging = charging
        self.chargers = chargers
        self.stored_runs = stored_runs
        self.next_order_id = 1
        self.records = []
        self.costs = SessionCosts(options.cdrs.session_cost_ttl_ns, self.records)
        self.rater = Rater(options, charging, self.costs)
        self._remembered = Remembered(options.cdrs.ids_ttl_ns)

    @property
    def remembered(self) -> int:
        """How many runs are known that lie in no store."""
        return len(self._remembered)

    def steps(self) -> dict[type, Callable[..., object]]:
        return {
            commands.ProcessCdr: self.process,
            commands.ProcessCdrs: self.process_many,
            commands.RefundCdrs: self.refund_stored,
            commands.RateCdrs: self.rate_stored,
            commands.RemoveCdrs: self.remove,
            commands.StoreSessionCost: self.store_cost,
        }

    # -- events -------------------------------------------------------------------------------------------------------

    def process(self, command: commands.ProcessCdr, now_ns: int) -> object:
        switches = CdrSwitches(chargers=command.chargers, rate=command.rate, store=command.store)
        self.process_events([command.event], switches, now_ns)
        return None

    def process_many(self, command: commands.ProcessCdrs, now_ns: int) -> object:
        runs = self.process_events(command.events, command.switches, now_ns)
        return [run.answer() for run in runs] if command.answers else None

    def process_events(self, events: Sequence[Event], switches: CdrSwitches, now_ns: int) -> list[Run]:
        """All events, or none of them: RequestError when one cannot be processed."""
        self._refuse_unbuilt(events, switches)
        plan = plan_of(switches, self.options)
        if plan.attributes:
            events = [self._with_attributes(event, now_ns) for event in events]
        if plan.chargers:
            events = [run for event in events for run in self._charger_runs(event, now_ns)]
        runs = [self._run(event, None, now_ns) for event in events]
        self._guard(runs, plan, now_ns)
        self._work(runs, plan, now_ns)
        return runs

    def record_runs(
        self, events: Sequence[Event], now_ns: int, *, rate: bool, store: bool, costs: Sequence[EventCost | None] | None = None
    ) -> None:
        """Rates and stores one record for each event; nothing is done when a record of one of them is stored already.

        `costs` are what sessions took for the events already, one for each.
        """
        plan = Plan(attributes=False, chargers=False, refund=False, reprocess=False, rate=rate, store=store)
        runs = [self._run(event, None if costs is None else costs[index], now_ns) for index, event in enumerate(events)]
        self._guard(runs, plan, now_ns)
        self._work(runs, plan, now_ns)

    def known(self, cgrid: str, run_id: str) -> CdrPut | None:
        """The record of a session's run; None without one."""
        return self._known(cgrid, run_id)

    def correct_run(self, event: Event, previous: CdrPut, cost: EventCost | None, now_ns: int) -> None:
        """The record of a session's run in place of its `previous` one. `cost` is what the session took for it, all in all; without one it
        is rated anew, after what the previous one took has gone back. RequestError PARTIALLY_EXECUTED, nothing done, where the event cannot
        be a record."""
        run = self._run(event.copy(), cost, now_ns)
        run.previous = previous
        if cost is not None:
            self._store(run, now_ns)
            return
        plan = Plan(attributes=False, chargers=False, refund=False, reprocess=True, rate=True, store=True)
        self._check(run, plan)
        self._work([run], plan, now_ns)

    def _refuse_unbuilt(self, events: Sequence[Event], switches: CdrSwitches) -> None:
        """Thresholds and stats that are asked for by name, and have profiles in a tenant, are not passed over in silence."""
        if switches.thresholds:
            self._refuse_kind(events, "*thresholds", "threshold_profile")
        if switches.stats:
            self._refuse_kind(events, "*stats", "stat_queue_profile")

    def _refuse_kind(self, events: Sequence[Event], flag: str, kind: str) -> None:
        tenants = {event.tenant for event in events}
        known = self.charging.items.all(kind) if kind in self.charging.items.kinds else {}
        if any(id.partition(":")[0] in tenants for id in known):
            raise RequestError(f"NOT_IMPLEMENTED: {flag}")

    def _with_attributes(self, event: Event, now_ns: int) -> Event:
        """The event as attribute profiles change it, or as it is where none matches."""
        try:
            reply = self.chargers.attributes.change(event, now_ns, context="*cdrs")
        except RequestError as fault:
            if fault.text == "NOT_FOUND":  # a filter asked a room for what is not there
                return event
            raise RequestError(PARTIALLY_EXECUTED) from None
        return event if reply is None else reply.event

    def _charger_runs(self, event: Event, now_ns: int) -> list[Event]:
        try:
            return [run.event for run in self.chargers.process(event, now_ns)]
        except RequestError:
            raise RequestError(PARTIALLY_EXECUTED) from None

    def _run(self, event: Event, cost: EventCost | None, now_ns: int) -> Run:
        try:
            return Run(event, cdr_of(event, self.options, now_ns, cost), cost)
        except ValueError:
            raise RequestError(PARTIALLY_EXECUTED) from None

    def _guard(self, runs: list[Run], plan: Plan, now_ns: int) -> None:
        """Refuses what was processed before; finds what is stored of what is processed again."""
        seen: set[tuple[str, str]] = set()
        for run in runs:
            cdr = run.cdr
            key = (cdr.cgrid, cdr.run_id)
            if key in seen:
                raise exists()
            seen.add(key)
            if plan.refund or plan.reprocess:
                run.previous = self._known(cdr.cgrid, cdr.run_id)
                if run.previous is not None and plan.store and not plan.reprocess:
                    raise exists()
            elif (
                self._made(cdr.cgrid, cdr.run_id)
                or self.stored_runs.exists(cdr.cgrid, cdr.run_id)
                or self._remembered.has(cdr.cgrid, cdr.run_id, now_ns)
            ):
                raise exists()
            if plan.refund and run.previous is None and cdr.details is None:
                raise RequestError(PARTIALLY_EXECUTED)
            self._check(run, plan)

    def _made(self, cgrid: str, run_id: str) -> CdrPut | None:
        """The record of this run, if a step made it that is not appended yet (Engine.hold)."""
        for record in reversed(self.records):
            if type(record) is CdrPut and record.run_id == run_id and record.cgrid == cgrid:
                return record
        return None

    def _known(self, cgrid: str, run_id: str) -> CdrPut | None:
        """The record of this run, None without one."""
        return self._made(cgrid, run_id) or self.stored_runs.find(cgrid, run_id)

    def _check(self, run: Run, plan: Plan) -> None:
        """Refuses what cannot be rated at all."""
        if plan.rate and run.cdr.request_type == DIRECTDEBIT:
            before = None if run.previous is None else run.previous.cost_amount
            run.given = self.rater.given_cost(run.cdr, run.event, before) if run.cost is None else run.cdr.cost

    def _work(self, runs: list[Run], plan: Plan, now_ns: int) -> None:
        for run in runs:
            if not (plan.refund or plan.reprocess):
                run.event.fields[CGRID] = run.cdr.cgrid
            if plan.refund or (plan.rate and run.previous is not None):
                self._give_back(run, now_ns)
        if plan.rate:
            for run in runs:
                self.rater.rate(run.cdr, run.event, run.given, now_ns)
                run.changed = run.cdr.request_type != NONE
        for run in runs:
            if plan.store:
                self._store(run, now_ns)
                continue
            self._remembered.add(run.cdr.cgrid, run.cdr.run_id, now_ns)
            if run.previous is not None and (run.refunded or plan.rate):
                self.records.append(untold(run.previous, run.cdr, now_ns))

    def _give_back(self, run: Run, now_ns: int) -> None:
        """What the run took goes back: what its stored record says, or without one what the event says that came from here."""
        cdr, previous = run.cdr, run.previous
        if previous is not None:
            run.refunded = self.rater.give_back_stored(previous, now_ns)
            if previous.cost_details and COST_DETAILS not in run.event.fields:
                details = cost_json(previous.cost_details, previous.cgrid, previous.run_id, usage_untold=previous.usage_untold)
                run.event.fields[COST_DETAILS] = msgspec.Raw(details)
        elif cdr.details is not None:
            run.refunded = self.rater.give_back(cdr.details, cdr.tor, self.rater.call(cdr, run.event, now_ns), now_ns)
        if run.refunded or cdr.details is not None:
            cdr.forget_cost()

    def _store(self, run: Run, now_ns: int) -> None:
        previous = run.previous
        if run.cost is not None:
            self.costs.drop(run.cdr.cgrid, run.cdr.run_id)
        if previous is None:
            self.records.append(stored(run.cdr, self.next_order_id, split_amount(now_ns), now_ns))
            self.next_order_id += 1
        else:
            self.records.append(stored(run.cdr, previous.order_id, previous.created, now_ns))

    # -- stored records -----------------------------------------------------------------------------------------------

    def refund_stored(self, command: commands.RefundCdrs, now_ns: int) -> object:
        """Gives back what stored records took. They stay, without a cost; where nothing is to be stored they look as before."""
        plan = plan_of(command.switches, self.options)
        if not (plan.refund or plan.rate):
            return None
        for cgrid, run_id in command.runs:
            record = self._known(cgrid, run_id)
            if record is None or _is_left_alone(record):
                continue
            if not self.rater.give_back_stored(record, now_ns) and not (record.settled and plan.store):
                continue
            updated = split_amount(now_ns)
            if not plan.store:
                record = msgspec.structs.replace(record, settled=True, taken=b"", updated=updated)
            else:
                why = record.extra_info or REFUNDED
                record = msgspec.structs.replace(
                    record, cost=split_amount(NOT_RATED), cost_details=b"", taken=b"", cost_source="", extra_info=why, updated=updated
                )
            self.records.append(record)
        return None

    def rate_stored(self, command: commands.RateCdrs, now_ns: int) -> object:
        """Rates stored records again, each by itself; what one took and was not given back goes back first."""
        plan = plan_of(command.switches, self.options)
        plan.reprocess = True
        plan.refund = False
        if not plan.rate:
            return None
        for cgrid, run_id in command.runs:
            record = self._known(cgrid, run_id)
            if record is None or _is_left_alone(record):
                continue
            run = self._stored_run(record, command.options, plan, now_ns)
            self._check(run, plan)
            self._work([run], plan, now_ns)
        return None

    def _stored_run(self, record: CdrPut, options: dict[str, object], plan: Plan, now_ns: int) -> Run:
        """The run of a stored record, with attributes and its own charger if they are asked for; no other runs are made of it."""
        event = event_of(record, options)
        if plan.attributes:
            event = self._with_attributes(event, now_ns)
        if plan.chargers:
            own = [run for run in self._charger_runs(event, now_ns) if run.text("RunID") == record.run_id]
            event = own[0] if own else event
        run = self._run(event, None, now_ns)
        run.previous = record
        return run

    def remove(self, command: commands.RemoveCdrs, now_ns: int) -> object:
        self.records.extend(CdrRemoved(order_id) for order_id in command.order_ids)
        return None

    # -- what sessions cost -------------------------------------------------------------------------------------------

    def store_cost(self, command: commands.StoreSessionCost, now_ns: int) -> object:
        if command.only_new and self.costs.has(command.cgrid, command.run_id):
            raise exists()
        cost = SessionCost(
            command.cgrid,
            command.run_id,
            command.origin_host,
            command.origin_id,
            command.cost_source,
            command.usage_ns,
            command.details,
        )
        self.costs.put(cost, now_ns)
        return None


def _is_left_alone(record: CdrPut) -> bool:
    """Records that nobody rates: those of `*none`, and those that came rated."""
    return record.request_type == NONE or record.pre_rated
