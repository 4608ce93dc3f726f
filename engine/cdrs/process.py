"""The record server: an event becomes the records of its runs, each rated once and stored once."""

from __future__ import annotations

from collections.abc import Callable

from engine import commands
from engine.accounts.charge import Charging
from engine.accounts.ledger import Cause
from engine.calls import call_of
from engine.cdrs.record import Cdr, cdr_of, stored
from engine.chargers.decide import Chargers
from engine.errors import Refusal, RequestError, exists
from engine.event import Event
from engine.options import EngineOptions
from engine.rating.call import CallCost
from engine.rating.cost import EventCost
from engine.rating.query import get_cost
from engine.records import Record

DEBIT = "debit"


class CdrServer:
    """`exists` answers whether a record of this run is stored already; `next_order_id` is the id of the next record."""

    options: EngineOptions
    charging: Charging
    chargers: Chargers
    exists: Callable[[str, str], bool]
    next_order_id: int
    records: list[Record]

    def __init__(self, options: EngineOptions, charging: Charging, chargers: Chargers, stored_already: Callable[[str, str], bool]) -> None:
        self.options = options
        self.charging = charging
        self.chargers = chargers
        self.exists = stored_already
        self.next_order_id = 1
        self.records = []

    def steps(self) -> dict[type, Callable[..., object]]:
        return {commands.ProcessCdr: self.process}

    def process(self, command: commands.ProcessCdr, now_ns: int) -> object:
        with_runs = self.options.chargers_connected if command.chargers is None else command.chargers
        events = self.chargers.runs(command.event) if with_runs else [command.event]
        rate = self.options.rals_connected if command.rate is None else command.rate
        store = self.options.store_cdrs if command.store is None else command.store
        self.record_runs(events, now_ns, rate=rate, store=store)
        return None

    def record_runs(self, events: list[Event], now_ns: int, *, rate: bool, store: bool) -> None:
        """Rates and stores one record for each event; nothing is done when a record of one of them is stored already."""
        try:
            cdrs = [cdr_of(event, self.options, now_ns) for event in events]
        except ValueError:
            raise RequestError("PARTIALLY_EXECUTED") from None
        if any(self.exists(cdr.cgrid, cdr.run_id) for cdr in cdrs):
            raise exists()
        for cdr, event in zip(cdrs, events, strict=True):
            if rate and not cdr.pre_rated:
                self._rate(cdr, event, now_ns)
            if store:
                self.records.append(stored(cdr, self.next_order_id, now_ns))
                self.next_order_id += 1

    def _rate(self, cdr: Cdr, event: Event, now_ns: int) -> None:
        if cdr.request_type == "*none" or cdr.details is not None:
            return
        call = call_of(event, cdr.usage_ns, self.options, now_ns)
        call.cgrid = cdr.cgrid
        call.run_id = cdr.run_id
        cost: CallCost | Refusal
        if cdr.request_type == "*rated":
            cost = get_cost(self.charging.tariff, call, self.options.rating)
        else:
            call.perform_rounding = True
            cost = self.charging.debit(call, Cause(DEBIT, cdr.cgrid, now_ns))
        if isinstance(cost, Refusal):
            cdr.extra_info = cost.value
            return
        cdr.cost = cost.cost
        cdr.cost_source = "*cdrs"
        cdr.details = EventCost.of(cost, cdr.cgrid, cdr.run_id)
