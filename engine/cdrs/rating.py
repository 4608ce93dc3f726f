"""What a record costs, and what is given back of a record's cost.

By request type: `*prepaid` and `*dynaprepaid` take the cost of their session where there is one, else they are debited like `*postpaid`
and `*pseudoprepaid`; `*directdebit` takes what the event says; `*none` is left alone; every other type is priced apart from accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.accounts.charge import Charging
from engine.accounts.ledger import Cause
from engine.calls import call_of
from engine.cdrs.costs import SessionCosts
from engine.cdrs.record import SESSIONS, Cdr, event_of, taken_details
from engine.errors import Refusal, mandatory_missing
from engine.event import COST, FACTOR_ID, LAST_USED, Event, known_time, truth
from engine.money import Amount
from engine.options import EngineOptions
from engine.rating.call import Call, CallCost
from engine.rating.cost import EventCost
from engine.rating.query import get_cost
from engine.records import CdrPut

NONE: Final = "*none"
PREPAID: Final = frozenset({"*prepaid", "*dynaprepaid"})
DYNAPREPAID: Final = "*dynaprepaid"
DIRECTDEBIT: Final = "*directdebit"
DEBITED: Final = frozenset({"*prepaid", "*dynaprepaid", "*pseudoprepaid", "*postpaid"})

DEBIT: Final = "debit"
REFUND: Final = "refund"
CDRS: Final = "*cdrs"
OTHER_USAGE: Final = "CDRs"  # the cost source of a record whose session lasted another time than the record says (recorded)
DRY_RUN: Final = "*ralsDryRun"

Provision = Callable[[str, int], bool]
"""Makes an account by the plans of *dynaprepaid; whether it is there then."""

Replaced = Callable[[str, str, int], None]
"""Is told of a run (CGRID, run id), and when, whose session has what it took no more: the run's record was charged instead."""


class Rater:
    """Rates records and gives back what they took; `provision` is None where no plans are run for unknown accounts, `replaced` where there
    are no sessions."""

    options: EngineOptions
    charging: Charging
    costs: SessionCosts
    provision: Provision | None
    replaced: Replaced | None

    def __init__(self, options: EngineOptions, charging: Charging, costs: SessionCosts) -> None:
        self.options = options
        self.charging = charging
        self.costs = costs
        self.provision = None
        self.replaced = None

    # -- taking -------------------------------------------------------------------------------------------------------

    def given_cost(self, cdr: Cdr, event: Event, before: Amount | None) -> Amount:
        """What a `*directdebit` is said to cost, `before` (an earlier record of the run) where the event does not say. RequestError
        without one: to be asked before anything is done."""
        cost = before if event.fields.get(COST) in (None, "") else cdr.cost
        if cost is None or cost < 0:
            raise mandatory_missing(COST)
        return cost

    def rate(self, cdr: Cdr, event: Event, given: Amount, now_ns: int) -> None:
        """Sets the record's cost, or -1 and why there is none; `given` is the cost of a `*directdebit`."""
        if cdr.request_type == NONE:
            return
        if cdr.request_type in PREPAID and (cdr.details is not None or self._from_session(cdr, event, now_ns)):
            return
        if cdr.request_type == DIRECTDEBIT:
            cdr.cost = given
        self._price(cdr, event, CDRS, now_ns)

    def _from_session(self, cdr: Cdr, event: Event, now_ns: int) -> bool:
        """Takes over what the run's session cost, if that waits. When the record says another usage, all of it is charged anew."""
        if cdr.usage_ns == 0 and not event.has(LAST_USED):
            return False
        cost = self.costs.take(cdr.cgrid, cdr.run_id)
        if cost is None:
            return False
        if cdr.usage_ns == 0:
            cdr.usage_ns = cost.usage_ns
        if cdr.usage_ns == cost.usage_ns:
            cdr.cost = cost.details.cost
            cdr.details = cost.details
            cdr.cost_source = cost.cost_source
            return True
        self.give_back(cost.details, cdr.tor, self.call(cdr, event, now_ns), now_ns)
        self._replace(cdr.cgrid, cdr.run_id, now_ns)
        self._price(cdr, event, OTHER_USAGE, now_ns)
        cdr.usage_untold = cdr.details is not None
        return True

    def _price(self, cdr: Cdr, event: Event, source: str, now_ns: int) -> None:
        dry_run = truth(event.options.get(DRY_RUN))
        cost = self._cost(cdr, self.call(cdr, event, now_ns), dry_run, now_ns)
        if not isinstance(cost, CallCost):
            cdr.forget_cost()
            cdr.extra_info = cost.value
            return
        cdr.cost = cost.cost
        cdr.cost_source = source
        cdr.details = EventCost.of(cost, cdr.cgrid, cdr.run_id)
        cdr.settled = dry_run

    def _cost(self, cdr: Cdr, call: Call, dry_run: bool, now_ns: int) -> CallCost | Refusal:
        charging = self.charging
        refusal = charging.check_usage(call)
        if refusal is not None:
            return refusal
        cause = Cause(DEBIT, cdr.cgrid, now_ns)
        if cdr.request_type == DIRECTDEBIT:
            return CallCost(call, cdr.cost, []) if dry_run else charging.debit_given(call, cdr.cost, cause)
        if cdr.request_type not in DEBITED:
            return get_cost(charging.tariff, call, self.options.rating)
        call.perform_rounding = True
        cost = charging.quote(call) if dry_run else charging.debit(call, cause)
        if cost is not Refusal.ACCOUNT_NOT_FOUND or cdr.request_type != DYNAPREPAID or self.provision is None or dry_run:
            return cost
        made = self.provision(f"{call.tenant}:{call.account or call.subject}", now_ns)
        return charging.debit(call, cause) if made else cost

    def call(self, cdr: Cdr, event: Event, now_ns: int) -> Call:
        """The call that the record describes, with the factor that the run's event names."""
        start = cdr.answer if known_time(cdr.answer) else cdr.setup
        end_ns = start.ns + cdr.usage_ns
        call = Call(cdr.tenant, cdr.category, cdr.subject, cdr.account, cdr.destination, cdr.tor, start.ns, end_ns, start.zone)
        call.factor_id = event.text(FACTOR_ID)
        call.cgrid = cdr.cgrid
        call.run_id = cdr.run_id
        return call

    # -- giving back --------------------------------------------------------------------------------------------------

    def give_back_stored(self, record: CdrPut, now_ns: int) -> bool:
        """Reverses what a stored record took, to the last unit of 10**-9; whether there was anything."""
        if record.settled:
            return False
        details = taken_details(record)
        if details is None:
            return False
        call = call_of(event_of(record, {}), record.usage_ns, self.options, now_ns)
        call.cgrid = record.cgrid
        call.run_id = record.run_id
        if record.cost_source == SESSIONS:
            self._replace(record.cgrid, record.run_id, now_ns)
        return self.give_back(details, record.tor, call, now_ns)

    def _replace(self, cgrid: str, run_id: str, now_ns: int) -> None:
        if self.replaced is not None:
            self.replaced(cgrid, run_id, now_ns)

    def give_back(self, details: EventCost, tor: str, call: Call, now_ns: int) -> bool:
        """Reverses an explained cost; balances that are gone are passed over. Whether there was anything to give back."""
        parts = details.refunds(tor)
        if not parts:
            return False
        self.charging.refund(parts, call, Cause(REFUND, call.cgrid, now_ns))
        return True
