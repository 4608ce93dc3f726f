"""What a call takes from which balances: units first, then money, what is left from the default balance.

One Debit answers one question. It works on purses (engine.accounts.selection) and on a copy of the call, whose start moves forward
as parts of it are paid; nothing is changed until `commit` hands the differences to the ledger. All equal steps that one balance
pays are one run, taken in closed form.
"""

from __future__ import annotations

from typing import Final

from engine.accounts.account import DEFAULT_BALANCE, Account, Balance, zero_step
from engine.accounts.ledger import Cause, Ledger
from engine.accounts.selection import Purse, Selection, active_at, matching_destination
from engine.errors import Refusal
from engine.money import ONE, Amount, Factor, Ratio, consumed_units, round_middle
from engine.rating.book import Rate, Rating
from engine.rating.call import Call, CallCost, Increment, Interval, Match, MoneyPart, RatingOptions, Slot, Span, UnitPart
from engine.rating.price import affordable, split_run, steps_to_reach
from engine.rating.query import standard_cost
from engine.rating.tariff import Tariff
from engine.usage import ANY, MONETARY

FREE: Final = "*free"
DISCONNECT: Final = "*disconnect"
EVENT_CONNECT: Final = "*event_connect"

OPEN: Final = 0  # part of the call is not paid yet
PAID: Final = 1
STOPPED: Final = 2  # a dry run that goes no further


class Count:
    """Something for the unit counters: so much of a kind went from a balance of an account."""

    account: Account
    kind: str
    amount: Amount
    balance: Balance

    def __init__(self, account: Account, kind: str, amount: Amount, balance: Balance) -> None:
        self.account = account
        self.kind = kind
        self.amount = amount
        self.balance = balance


class Watcher:
    """Is told of every try of a debit as it happens; explanations derive from it."""

    def tried(self, debit: Debit, purse: Purse, is_unit: bool, held: Amount, part: list[Span]) -> None:
        """The purse held so much and paid these spans, none when it could not; the call begins still where it did."""

    def left(self, debit: Debit) -> None:
        """Nobody pays what is left of the call."""


class Debit:
    """One debit, or the question what it would take. `dry_run` stops where a session would; `go_negative` lets the default balance owe.

    `final` is False as soon as a dry run came to where a debit would have gone on otherwise; else it may be committed as it is.
    """

    account: Account
    call: Call
    tariff: Tariff
    options: RatingOptions
    default_steps: dict[str, int]
    selection: Selection
    dry_run: bool
    go_negative: bool
    final: bool
    units: list[Purse]
    money: list[Purse]
    spans: list[Span]
    counts: list[Count]
    negative_connect_fee: bool
    max_cost_disconnect: bool
    refusal: Refusal | None
    watcher: Watcher | None
    _unit_parts: dict[str, UnitPart]
    _money_parts: dict[str, MoneyPart]

    def __init__(
        self,
        account: Account,
        call: Call,
        tariff: Tariff,
        options: RatingOptions,
        default_steps: dict[str, int],
        selection: Selection,
        *,
        dry_run: bool,
        go_negative: bool,
    ) -> None:
        self.account = account
        self.call = call.copy()
        self.tariff = tariff
        self.options = options
        self.default_steps = default_steps
        self.selection = selection
        self.dry_run = dry_run
        self.go_negative = go_negative
        self.final = True
        self.units = []
        self.money = []
        self.spans = []
        self.counts = []
        self.negative_connect_fee = False
        self.max_cost_disconnect = False
        self.refusal = None
        self.watcher = None
        self._unit_parts = {}
        self._money_parts = {}

    def run(self) -> CallCost | Refusal:
        """What was (or in a dry run would be) taken; a Refusal took nothing."""
        units = self.selection.usable(self.account, self.call, self.call.tor)
        if not isinstance(units, list):
            return units
        money = self.selection.usable(self.account, self.call, MONETARY)
        if not isinstance(money, list):
            return money
        self.units = units
        self.money = money
        state = self._from_balances()
        if state == OPEN and self.refusal is None:
            self._rest()
        if self.refusal is not None:
            return self.refusal
        return self._result()

    def commit(self, ledger: Ledger, cause: Cause) -> None:
        """Hands what the purses lost to the ledger."""
        for purse in self.selection.purses.values():
            if purse.new:
                if purse.value != 0 or purse.balance.uuid in self._money_parts:
                    ledger.open(purse.account, purse.balance, cause)
                    ledger.move(purse.account, purse.balance, purse.value, cause)
            elif purse.value != purse.balance.value:
                ledger.move(purse.account, purse.balance, purse.value - purse.balance.value, cause)

    def show_changes(self) -> None:
        """Shows in the last increment of each balance what its triggers did to it since the debit (Purse.held)."""
        for purse in self.selection.purses.values():
            change = purse.balance.value - purse.held
            if change == 0:
                continue
            money = self._money_parts.get(purse.balance.uuid)
            if money is not None:
                money.value += change
            unit = self._unit_parts.get(purse.balance.uuid)
            if unit is not None:
                unit.value += change

    # -- balances, one after the other --------------------------------------------------------------------------------

    def _from_balances(self) -> int:
        moved = True
        while moved:
            before = self.call.start_ns
            spans = len(self.spans)
            state = self._drain(self.units, True)
            if state == OPEN and self.refusal is None:
                state = self._drain(self.money, False)
            if state != OPEN or self.refusal is not None:
                return state
            moved = self.call.start_ns > before or len(self.spans) > spans
        return OPEN

    def _drain(self, purses: list[Purse], is_unit: bool) -> int:
        """Goes through the purses until none of them pays any more."""
        again = bool(purses)
        while again:
            again = False
            for purse in purses:
                held = purse.value
                part = self._try(purse, is_unit)
                if self.watcher is not None:
                    self.watcher.tried(self, purse, is_unit, held, part)
                if self.refusal is not None:
                    return OPEN
                if part:
                    self.spans.extend(part)
                    self.call.start_ns = part[-1].end_ns
                    if self.call.duration_ns <= 0:
                        return PAID
                    again = True
                    if self.dry_run and self.max_cost_disconnect:
                        return STOPPED
                if purse.balance.blocker:
                    self.final = False
                    if not self.dry_run:
                        self.refusal = Refusal.BALANCE_BLOCKER
                    return STOPPED
        return OPEN

    def _try(self, purse: Purse, is_unit: bool) -> list[Span]:
        """The spans that this purse pays from where the call now begins; empty when it pays nothing."""
        balance = purse.balance
        if purse.value <= 0 or not active_at(balance, self.call.start_ns, self.call.zone):
            return []
        step_ns = self.free_step(balance, is_unit)
        if step_ns > 0:
            return self._take_steps(purse, step_ns, self.call.tor if is_unit else MONETARY)
        return self._take_priced(purse, is_unit)

    def free_step(self, balance: Balance, is_unit: bool) -> int:
        """The step in which the balance pays without a price; 0 when what it pays has a price."""
        step_ns = zero_step(balance.rating_subject)
        if step_ns == 0 and is_unit and not balance.rating_subject:
            step_ns = self.default_steps.get(self.call.tor, self.default_steps.get(ANY, 1))
        return step_ns

    def _take_steps(self, purse: Purse, step_ns: int, tor: str) -> list[Span]:
        """Units in whole steps, without a price."""
        call = self.call
        needed = -(-call.duration_ns // step_ns)
        factor = purse.balance.factor(call.factor_id)
        per_step = consumed_units(step_ns, factor, self.options.rounding_decimals)
        count = needed if per_step == 0 else min(needed, purse.value // per_step)
        if count <= 0:
            return []
        beyond = call.start_ns + needed * step_ns - call.end_ns
        prefix, destination_id = matching_destination(purse.balance, call.destination, self.selection.ids_of_prefix)
        span = Span(
            call.start_ns,
            call.start_ns + count * step_ns,
            max(0, beyond - (needed - count) * step_ns),
            step_interval(step_ns),
            Match(purse.balance.uuid, prefix or call.destination, destination_id or ANY, "*none"),
        )
        run = Increment(step_ns, 0, count, 0)
        self._take_units(purse, run, per_step, factor, tor, None)
        span.increments = [run]
        return [span]

    def _take_units(self, purse: Purse, run: Increment, per_step: Amount, factor: Factor, tor: str, interval: Interval | None) -> None:
        call = self.call
        purse.value -= run.count * per_step
        balance = purse.balance
        run.unit = UnitPart(balance.uuid, balance.id, purse.value, per_step, factor, tor, call.destination, call.category, interval)
        run.account_id = purse.account.id
        self._unit_parts[balance.uuid] = run.unit
        self._count(purse, tor, run.count * per_step)

    def _pay(self, purse: Purse, run: Increment, interval: Interval | None) -> None:
        """The run is paid from this purse of money."""
        purse.value = round_middle(purse.value - run.total, self.options.rounding_decimals)
        balance = purse.balance
        run.money = MoneyPart(balance.uuid, balance.id, purse.value, interval)
        if not run.account_id:
            run.account_id = purse.account.id
        self._money_parts[balance.uuid] = run.money
        self._count(purse, MONETARY, run.total)
        if run.price is not None:
            self.call.run_price = run.price
            self.call.run_step_ns = run.duration_ns
            self.call.run_length = run.offset + run.count

    def _count(self, purse: Purse, kind: str, amount: Amount) -> None:
        if purse.account.counters is not None:
            self.counts.append(Count(purse.account, kind, amount, purse.balance))

    # -- priced calls -------------------------------------------------------------------------------------------------

    def _take_priced(self, purse: Purse, is_unit: bool) -> list[Span]:
        priced = self.price(purse.balance)
        if not isinstance(priced, CallCost):
            self.refusal = priced
            return []
        fee: Increment | None = None
        if not self.spans and self.call.loop_index == 0:
            first = priced.spans[0].interval
            blocked, fee = self._pay_connect_fee(first.connect_fee if first is not None else 0)
            if blocked:
                return []
        paid: list[Span] = []
        for index, span in enumerate(priced.spans):
            pieces: list[Increment] = [fee] if fee is not None and index == 0 else []
            steps_ns = self._pay_span(purse, is_unit, span, pieces)
            if not pieces:
                break
            complete = steps_ns == span.duration_ns
            if not complete:
                cut_span(span, steps_ns)
            span.increments = pieces
            paid.append(span)
            if not complete:
                break
        return paid

    def price(self, balance: Balance) -> CallCost | Refusal:
        """What is left of the call as this balance would pay it: by its own rating subject, or by the call's."""
        if not balance.has_priced_subject():
            return standard_cost(self.tariff, self.call, self.options)
        call = self.call.copy()
        call.subject = balance.rating_subject
        call.account = balance.rating_subject
        return standard_cost(self.tariff, call, self.options)

    def _pay_connect_fee(self, fee: Amount) -> tuple[bool, Increment | None]:
        """(a blocker stands in the way, the increment of a fee that was paid)."""
        payer: Purse | None = None
        for purse in self.money:
            if purse.value >= fee:
                payer = purse
                break
            if purse.balance.blocker:
                return True, None
        if fee <= 0:
            return False, None
        if payer is None:
            self.negative_connect_fee = True
            payer = self._default_purse()
        increment = Increment(0, fee, 1, fee)
        self._pay(payer, increment, None)
        increment.account_id = self.account.id
        self._count(payer, EVENT_CONNECT, ONE)
        return False, increment

    def _pay_span(self, purse: Purse, is_unit: bool, span: Span, pieces: list[Increment]) -> int:
        """Pays the span's runs as far as they can be paid and appends them to `pieces`; answers how many ns that covers."""
        covered_ns = 0
        for run in span.increments or []:
            rest: Increment | None = run
            while rest is not None:
                count = self._payable(purse, is_unit, span, rest)
                if count == 0:
                    return covered_ns
                piece, rest = split_run(rest, count)
                self._pay_piece(purse, is_unit, span, piece)
                pieces.append(piece)
                covered_ns += piece.count * piece.duration_ns
        return covered_ns

    def _payable(self, purse: Purse, is_unit: bool, span: Span, run: Increment) -> int:
        """How many of the run's steps are paid the same way from now: up to the limit of costs, and what the purses hold."""
        interval = span.interval
        assert interval is not None, "a priced span has an interval"
        count = run.count
        strategy = interval.max_cost_strategy
        if strategy == DISCONNECT:
            self.final = False
        if strategy in (FREE, DISCONNECT):
            room = interval.max_cost - self.call.max_cost_so_far
            if room > 0:
                if strategy == FREE or self.dry_run:
                    count = min(count, steps_to_reach(run, room))
            elif strategy == FREE:
                return count
            else:
                self.max_cost_disconnect = True
                if self.dry_run:
                    return 0
        if not is_unit:
            return min(count, affordable(run, purse.value))
        per_step = consumed_units(run.duration_ns, purse.balance.factor(self.call.factor_id), self.options.rounding_decimals)
        if per_step > 0:
            count = min(count, purse.value // per_step)
        if count == 0 or run.total == 0:
            return count
        payer = self._payer(run)
        if payer is None:
            return 0
        if payer.value >= split_run(run, 1)[0].total:
            return min(count, affordable(run, payer.value))
        return count

    def _payer(self, run: Increment) -> Purse | None:
        """The money that pays the next step of a run of priced units; the default balance when nothing else can."""
        cost = split_run(run, 1)[0].total
        for purse in self.money:
            if purse.value >= cost:
                return purse
        if self.dry_run and not self.account.allow_negative:
            self.final = False
            return None
        return self._default_purse()

    def _pay_piece(self, purse: Purse, is_unit: bool, span: Span, piece: Increment) -> None:
        interval = span.interval
        assert interval is not None, "a priced span has an interval"
        free = interval.max_cost_strategy == FREE and self.call.max_cost_so_far >= interval.max_cost
        if free:
            piece.cost = 0
            piece.total = 0
            piece.price = None
        if is_unit and not free:
            payer = self._payer(piece) if piece.total != 0 else None
            factor = purse.balance.factor(self.call.factor_id)
            self._take_units(
                purse, piece, consumed_units(piece.duration_ns, factor, self.options.rounding_decimals), factor, self.call.tor, interval
            )
            if payer is not None:
                self._pay(payer, piece, None)
        else:
            self._pay(purse, piece, interval if purse.balance.rating_subject else None)
        self.call.max_cost_so_far += piece.total

    # -- what no balance paid -----------------------------------------------------------------------------------------

    def _rest(self) -> None:
        """The rest of the call: free parts cost nothing, others make the default balance negative, or stay unpaid."""
        if self.watcher is not None:
            self.watcher.left(self)
        rest = standard_cost(self.tariff, self.call, self.options)
        if not isinstance(rest, CallCost):
            self.refusal = rest
            return
        if rest.cost == 0:
            for span in rest.spans:
                for run in span.increments or []:
                    run.account_id = self.account.id
                    run.cost = run.total = 0  # also where the price is only rounded to nothing: nobody pays it
                    run.price = None
            self.spans.extend(rest.spans)
        else:
            self.final = False
            if self.go_negative:
                self._owe(rest)

    def _owe(self, rest: CallCost) -> None:
        fee: Increment | None = None
        first = rest.spans[0].interval
        if not self.spans and self.call.loop_index == 0 and first is not None:
            _, fee = self._pay_connect_fee(first.connect_fee)
        purse = self._default_purse()
        for index, span in enumerate(rest.spans):
            for run in span.increments or []:
                self._pay(purse, run, None)
                run.account_id = self.account.id
            if fee is not None and index == 0:
                span.increments = [fee, *(span.increments or [])]
        self.spans.extend(rest.spans)

    def _default_purse(self) -> Purse:
        balance = self.account.default_money()
        if balance is not None:
            return self.selection.purse(balance, self.account, 0)
        for purse in self.selection.purses.values():
            if purse.new and purse.account is self.account:
                return purse
        made = self.selection.purse(Balance(self.selection.ids.uuid(), DEFAULT_BALANCE, MONETARY, 0), self.account, 0)
        made.new = True
        return made

    def _result(self) -> CallCost:
        cost = 0
        usage_ns = 0
        for span in self.spans:
            span.cost = sum(run.total for run in span.increments or [])
            cost += span.cost
            usage_ns += span.duration_ns
        result = CallCost(self.call, cost, self.spans)
        result.rated_usage_ns = usage_ns
        result.negative_connect_fee = self.negative_connect_fee
        result.max_cost_disconnect = self.max_cost_disconnect
        return result


def cut_span(span: Span, covered_ns: int) -> None:
    """Ends the span after the part of it that was paid."""
    lost = span.duration_ns - covered_ns
    span.end_ns -= lost
    span.duration_index_ns = max(0, span.duration_index_ns - lost)


_STEP_INTERVALS: dict[int, Interval] = {}
_MAX_STEP_INTERVALS: Final = 1024


def step_interval(step_ns: int) -> Interval:
    """The price of units that are taken in steps and cost nothing."""
    known = _STEP_INTERVALS.get(step_ns)
    if known is None:
        zero = Ratio(0, 1)
        rating = Rating("0", "", 0, "0", "", (Rate(0, "0", step_ns, step_ns),))
        known = Interval(None, rating, zero, 0, 0, [Slot(0, step_ns, step_ns, zero, zero)], 0)
        if len(_STEP_INTERVALS) >= _MAX_STEP_INTERVALS:
            _STEP_INTERVALS.clear()
        _STEP_INTERVALS[step_ns] = known
    return known
