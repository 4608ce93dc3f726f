"""The explained cost of an event, as its session and its record keep it: which steps, at which price, from which balances.

It grows by the debits of a session, gives back what was not used, and is rounded at the end. A run of steps that is priced exactly
keeps its price, so that every cut of it is exactly what it cost. engine.rating.costdata writes and reads it as JSON.
"""

from __future__ import annotations

from typing import Final, Protocol

from engine.money import Amount, round_by_method
from engine.rating.book import Rate, Rating
from engine.rating.call import ALL_UNITS, AccountSummary, CallCost, Increment, Interval, Match, MoneyPart
from engine.rating.compile import ANY_TIMING, is_same_price, make_interval
from engine.rating.compress import are_equal_runs, goes_on, is_same_match, is_same_step, is_same_unit
from engine.rating.pieces import Pieces
from engine.rating.price import part_of_run
from engine.times import UTC_ZONE, ZERO_TIME, Zone
from engine.usage import ANY

PAUSE: Final = "*pause"
_PAUSE_DECIMALS: Final = 5


class Refund:
    """So much goes back to balances: units as they were consumed, money as it was taken."""

    account_id: str
    unit_uuid: str
    unit_amount: Amount
    tor: str
    money_uuid: str
    money_amount: Amount

    def __init__(self, account_id: str, unit_uuid: str, unit_amount: Amount, tor: str, money_uuid: str, money_amount: Amount) -> None:
        self.account_id = account_id
        self.unit_uuid = unit_uuid
        self.unit_amount = unit_amount
        self.tor = tor
        self.money_uuid = money_uuid
        self.money_amount = money_amount


class HasValue(Protocol):
    """A balance, as far as a summary needs it."""

    value: Amount


class Holder(Protocol):
    """An account, as far as a summary needs it."""

    def find(self, uuid: str) -> HasValue | None:
        """Its balance of that UUID."""


class Holders(Protocol):
    """Accounts by ID."""

    def get(self, account_id: str) -> Holder | None:
        """The account `<tenant>:<account>`."""


class Charge:
    """A stretch with one price, `count` times the same. `rounding` is what rounding it added; then it counts once.

    A charge without a price says why an event of no length would have had one; it counts 0 times.
    """

    interval: Interval | None
    match: Match
    increments: list[Increment]
    rounding: Increment | None
    count: int

    def __init__(self, interval: Interval | None, match: Match, increments: list[Increment], count: int) -> None:
        self.interval = interval
        self.match = match
        self.increments = increments
        self.rounding = None
        self.count = count

    def usage_once_ns(self) -> int:
        """The usage of one of its repetitions."""
        usage_ns = 0
        for run in self.increments:
            usage_ns += run.duration_ns * run.count
        return usage_ns

    def cost_once(self) -> Amount:
        """The cost of one of its repetitions, without the rounding."""
        cost = 0
        for run in self.increments:
            cost += run.total
        return cost


class EventCost:
    """What an event cost so far, charge by charge."""

    cgrid: str
    run_id: str
    start_ns: int  # ZERO_TIME while nothing is charged
    zone: Zone
    tor: str  # empty when it was read from JSON, which does not tell it
    charges: list[Charge]
    summary: AccountSummary | None
    packed: bytes  # as it was packed last (engine.rating.packing); empty since it changed
    pieces: Pieces | None  # its charges that stay packed while it only grows

    def __init__(self, cgrid: str, run_id: str, start_ns: int, zone: Zone, tor: str) -> None:
        self.cgrid = cgrid
        self.run_id = run_id
        self.start_ns = start_ns
        self.zone = zone
        self.tor = tor
        self.charges = []
        self.summary = None
        self.packed = b""
        self.pieces = None

    @staticmethod
    def of(cost: CallCost, cgrid: str, run_id: str) -> EventCost:
        """The explained cost of a priced or debited call; it shares the call's parts, which are not changed any more."""
        call = cost.call
        if not cost.spans:
            made = EventCost(cgrid, run_id, ZERO_TIME, UTC_ZONE, call.tor)
        else:
            made = EventCost(cgrid, run_id, cost.spans[0].start_ns, call.zone, call.tor)
        for span in cost.spans:
            empty = span.interval is None and not span.increments
            charge = Charge(span.interval, span.match, list(span.increments or []), 0 if empty else span.count)
            charge.rounding = span.round_increment
            made.charges.append(charge)
        made.summary = cost.summary
        return made

    @staticmethod
    def pause(cgrid: str, run_id: str, start_ns: int, zone: Zone, usage_ns: int, account: str) -> EventCost:
        """The explained cost of a part that is not charged."""
        made = EventCost(cgrid, run_id, start_ns, zone, "")
        run = Increment(usage_ns, 0, 1, 0)
        run.money = MoneyPart("", "", 0, None)
        run.account_id = account
        made.charges.append(Charge(pause_interval(), Match("", "", "", PAUSE), [run], 1))
        return made

    @property
    def usage_ns(self) -> int:
        """What the increments cover, which may be more than was asked."""
        usage_ns = 0
        for charge in self.charges:
            usage_ns += charge.usage_once_ns() * charge.count
        return usage_ns

    @property
    def cost(self) -> Amount:
        """The sum of all parts."""
        cost = 0
        for charge in self.charges:
            cost += charge.cost_once() * charge.count
            if charge.rounding is not None:
                cost += charge.rounding.total
        return cost

    def unpack(self) -> None:
        """It is another one than was packed."""
        self.packed = b""
        self.pieces = None

    # -- growing ------------------------------------------------------------------------------------------------------

    def merge(self, later: EventCost, returned: frozenset[str] = ALL_UNITS) -> None:
        """Adds what a later debit of the same session charged; the summary becomes the later one's, begun where this one's began.

        `returned` are the balance types whose units remain units (RatingOptions.returned_units).
        """
        self.packed = b""
        if not self.charges:
            self.start_ns = later.start_ns
            self.zone = later.zone
        self.tor = self.tor or later.tor
        for charge in later.charges:
            self._append(charge, changed=ANY not in returned and _keep_units(charge, later.summary, returned, self.charges))
        self.summary = _joined(self.summary, later.summary)

    def _append(self, charge: Charge, *, changed: bool) -> None:
        """Adds a charge: counted with the last one when it is its equal, as steps of the last one when it goes on with it.

        One that was `changed` on its way (`_keep_units`) is no equal.
        """
        last = self.charges[-1] if self.charges else None
        if (
            last is None
            or not last.increments
            or not charge.increments
            or last.rounding is not None
            or charge.rounding is not None
            or not is_same_match(last.match, charge.match)
            or not is_same_price(last.interval, charge.interval)
        ):
            self.charges.append(charge)
        elif not changed and are_equal_runs(last.increments, charge.increments):
            last.count += charge.count
        elif last.count == 1 and charge.count == 1 and _follows(last.increments[-1], charge.increments[0]):
            last.increments[-1] = _joined_run(last.increments[-1], charge.increments[0])
            last.increments.extend(charge.increments[1:])
        else:
            self.charges.append(charge)

    # -- giving back --------------------------------------------------------------------------------------------------

    def trim(self, at_usage_ns: int, returned: frozenset[str] = ALL_UNITS) -> EventCost | None:
        """Keeps the steps that the usage needs and answers the others as a cost of their own, None when there are none.

        A usage of 0 keeps nothing, not even a connect fee. A step that is used in part is kept. `returned` as for `merge`.
        """
        if at_usage_ns >= self.usage_ns and (at_usage_ns > 0 or not self.charges):
            return None
        self.unpack()
        surplus = EventCost(self.cgrid, self.run_id, self.start_ns, self.zone, self.tor)
        surplus.summary = self.summary
        kept: list[Charge] = []
        needed_ns = at_usage_ns
        for charge in self.charges:
            if needed_ns <= 0:
                surplus.charges.append(charge)
                continue
            once_ns = charge.usage_once_ns()
            if once_ns * charge.count <= needed_ns:
                kept.append(charge)
                needed_ns -= once_ns * charge.count
                continue
            _trim_charge(charge, once_ns, needed_ns, kept, surplus.charges)
            needed_ns = 0
        self.charges = kept
        if not kept:
            self.start_ns = ZERO_TIME
            self.zone = UTC_ZONE
        if at_usage_ns > 0 and ANY not in returned:
            for charge in surplus.charges:
                _keep_units(charge, surplus.summary, returned, [])
        return surplus if surplus.charges else None

    def refunds(self, tor: str = "") -> list[Refund]:
        """What goes back to which balances when all of this is given back. `tor` is the event's type where the cost does not know it."""
        found: dict[tuple[str, str, str], Refund] = {}
        for charge in self.charges:
            for run in charge.increments:
                self._refund(found, run, charge.count, tor)
            if charge.rounding is not None:
                self._refund(found, charge.rounding, 1, tor)
        return list(found.values())

    def _refund(self, found: dict[tuple[str, str, str], Refund], run: Increment, count: int, tor: str) -> None:
        unit = run.unit
        money = run.money
        if unit is None and money is None:
            return
        unit_uuid = unit.balance_uuid if unit is not None else ""
        money_uuid = money.balance_uuid if money is not None else ""
        key = (run.account_id, unit_uuid, money_uuid)
        refund = found.get(key)
        if refund is None:
            refund = Refund(run.account_id, unit_uuid, 0, (unit.tor if unit is not None else "") or self.tor or tor, money_uuid, 0)
            found[key] = refund
        if unit is not None:
            refund.unit_amount += unit.consumed * run.count * count
        if money is not None:
            refund.money_amount += run.total * count

    # -- the end ------------------------------------------------------------------------------------------------------

    def round(self) -> list[tuple[str, str, Amount]]:
        """Rounds every charge that money paid as its price says.

        Answers (account ID, balance UUID, correction): what that takes from which balance, or gives to it when negative.
        """
        self.unpack()
        corrections: list[tuple[str, str, Amount]] = []
        charges: list[Charge] = []
        for charge in self.charges:
            correction = _rounding_of(charge)
            if correction == 0:
                charges.append(charge)
                continue
            payer = charge.increments[0]
            assert payer.money is not None, "only what money paid is rounded"
            if charge.count > 1:
                charges.append(Charge(charge.interval, charge.match, list(charge.increments), charge.count - 1))
                charge = Charge(charge.interval, charge.match, charge.increments, 1)
            rounding = Increment(0, correction, 1, correction)
            rounding.money = MoneyPart(payer.money.balance_uuid, payer.money.balance_id, payer.money.value, None)
            rounding.account_id = payer.account_id
            charge.rounding = rounding
            charges.append(charge)
            corrections.append((payer.account_id, payer.money.balance_uuid, correction))
        self.charges = charges
        return corrections

    def unround(self) -> list[tuple[str, str, Amount]]:
        """As before `round`, for a cost that goes on after all; answers the same of what that gives back, or takes."""
        self.unpack()
        corrections: list[tuple[str, str, Amount]] = []
        charges: list[Charge] = []
        for charge in self.charges:
            rounding = charge.rounding
            if rounding is None or rounding.money is None:
                charges.append(charge)
                continue
            corrections.append((rounding.account_id, rounding.money.balance_uuid, -rounding.total))
            charge.rounding = None
            last = charges[-1] if charges else None
            if last is not None and _was_parted(last, charge):
                last.count += charge.count
            else:
                charges.append(charge)
        self.charges = charges
        return corrections

    def refresh(self, accounts: Holders) -> None:
        """Shows in the summary what its balances hold now; those that are gone hold nothing."""
        self.unpack()
        summary = self.summary
        if summary is None:
            return
        account = accounts.get(f"{summary.tenant}:{summary.account}")
        for balance in summary.balances:
            known = account.find(balance.uuid) if account is not None else None
            balance.value = known.value if known is not None else 0

    # -- as JSON ------------------------------------------------------------------------------------------------------

    def to_json(self, *, told: bool = True, question: bool = False) -> str:
        """The EventCost that clients see (reference rating.md, 12), as JSON text.

        Without `told` its usage is null; of a mere `question` what has no steps has null for them.
        """
        from engine.rating.costjson import write_cost

        return write_cost(self, told=told, question=question)

    def to_data(self) -> dict[str, object]:
        """The same as JSON-able data, with new containers all through."""
        from engine.rating.costdata import data_of

        return data_of(self.to_json())

    @staticmethod
    def from_data(data: dict[str, object]) -> EventCost:
        """The cost that `to_data` wrote, or that a client sent. ValueError for data that is no EventCost."""
        from engine.rating.costdata import read_cost

        return read_cost(data)


def pause_interval() -> Interval:
    """The price of a part that is not charged."""
    rating = Rating("0", "*up", _PAUSE_DECIMALS, "0", "", (Rate(0, "0", 1, 1),))
    return make_interval(ANY_TIMING, rating, "0")


def _keep_units(charge: Charge, summary: AccountSummary | None, returned: frozenset[str], known: list[Charge]) -> bool:
    """Makes units that no money accompanies a payment of no money, so that they are never given back; answers whether there were any.

    Units of balances whose type is in `returned`, and such as stand in `known` already, remain what they are.
    """
    changed = False
    for index, run in enumerate(charge.increments):
        unit = run.unit
        if unit is None or run.money is not None or _type_of(unit.balance_uuid, summary) in returned:
            continue
        if any(is_same_unit(unit, other.unit) for one in known for other in one.increments):
            continue
        kept = Increment(run.duration_ns, run.cost, run.count, run.total, run.price, run.offset)
        kept.money = MoneyPart(unit.balance_uuid, unit.balance_id, unit.value, unit.interval)
        kept.account_id = run.account_id
        charge.increments[index] = kept
        changed = True
    return changed


def _type_of(balance_uuid: str, summary: AccountSummary | None) -> str:
    """The type of a balance of the account; empty for one that the summary does not have."""
    for balance in summary.balances if summary is not None else []:
        if balance.uuid == balance_uuid:
            return balance.type
    return ""


def _follows(last: Increment, run: Increment) -> bool:
    return is_same_step(last, run) and goes_on(last, run)


def _joined_run(last: Increment, run: Increment) -> Increment:
    joined = Increment(last.duration_ns, last.cost, last.count + run.count, last.total + run.total, last.price, last.offset)
    joined.unit = run.unit
    joined.money = run.money
    joined.account_id = run.account_id
    return joined


def _joined(first: AccountSummary | None, later: AccountSummary | None) -> AccountSummary | None:
    """The later summary with what its balances held at first; balances that are gone since come last."""
    if first is None or later is None:
        return later or first
    for old in first.balances:
        for new in later.balances:
            if new.uuid == old.uuid:
                new.initial = old.initial
                break
        else:
            old.value = 0
            later.balances.append(old)
    return later


def _trim_charge(charge: Charge, once_ns: int, needed_ns: int, kept: list[Charge], surplus: list[Charge]) -> None:
    """Divides a charge of which not all is needed."""
    whole = needed_ns // once_ns
    rest_ns = needed_ns - whole * once_ns
    needed, others = _divide(charge.increments, rest_ns) if rest_ns else ([], [])
    if rest_ns and not others:
        whole += 1
        needed = []
    left = charge.count - whole
    if whole:
        kept.append(Charge(charge.interval, charge.match, list(charge.increments), whole))
    first_surplus = len(surplus)
    if needed:
        kept.append(Charge(charge.interval, charge.match, needed, 1))
        surplus.append(Charge(charge.interval, charge.match, others, 1))
        left -= 1
    if left:
        surplus.append(Charge(charge.interval, charge.match, list(charge.increments), left))
    if charge.rounding is not None:
        if len(surplus) == first_surplus:
            surplus.append(Charge(charge.interval, charge.match, [], 1))
        surplus[first_surplus].rounding = charge.rounding


def _divide(runs: list[Increment], needed_ns: int) -> tuple[list[Increment], list[Increment]]:
    """The steps that cover the usage, and the others."""
    kept: list[Increment] = []
    others: list[Increment] = []
    for run in runs:
        if needed_ns <= 0:
            others.append(run)
        elif run.duration_ns * run.count <= needed_ns:
            kept.append(run)
            needed_ns -= run.duration_ns * run.count
        else:
            steps = -(-needed_ns // run.duration_ns)
            kept.append(part_of_run(run, 0, steps))
            if steps < run.count:
                others.append(part_of_run(run, steps, run.count - steps))
            needed_ns = 0
    return kept, others


def _was_parted(last: Charge, charge: Charge) -> bool:
    """Whether both were one charge, of which `round` set the last repetition apart: rounded each by itself they would cost more."""
    return (
        last.rounding is None
        and charge.count == 1
        and is_same_match(last.match, charge.match)
        and is_same_price(last.interval, charge.interval)
        and are_equal_runs(last.increments, charge.increments)
    )


def _rounding_of(charge: Charge) -> Amount:
    interval = charge.interval
    if interval is None or not charge.increments or charge.increments[0].money is None or charge.rounding is not None:
        return 0
    cost = charge.cost_once() * charge.count
    if cost == 0 or charge.match.plan_id == PAUSE:
        return 0
    return round_by_method(cost, interval.rounding_decimals, interval.rounding_method) - cost
