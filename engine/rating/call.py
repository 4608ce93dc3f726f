"""The words of rating: what is asked (Call), and what it falls into (Span, Increment, Match, Interval, Price)."""

from __future__ import annotations

from typing import Final

from engine.money import ZERO_RATIO, Amount, Factor, Ratio
from engine.rating.book import Rating, Timing
from engine.rating.timings import ALWAYS, NO_END, Window, make_window
from engine.times import Zone
from engine.usage import ANY


class Slot:
    """A compiled rate slot. `step_price` is the exact cost of one step in amounts (10**-9), as a Ratio."""

    start_ns: int
    step_ns: int
    unit_ns: int
    value: Ratio  # the price per unit, in whole money
    step_price: Ratio

    def __init__(self, start_ns: int, step_ns: int, unit_ns: int, value: Ratio, step_price: Ratio) -> None:
        self.start_ns = start_ns
        self.step_ns = step_ns
        self.unit_ns = unit_ns
        self.value = value
        self.step_price = step_price


class PriceText:
    """A price as the JSON of EventCosts: fee, rounding and limit, not closed; its hours, empty where it has none; its slots."""

    head: str
    timing: str
    rates: str
    whole: str  # all of it: what makes two prices the same to a client

    def __init__(self, head: str, timing: str, rates: str) -> None:
        self.head = head
        self.timing = timing
        self.rates = rates
        self.whole = f"{head}{timing}{rates}"


class Interval:
    """A compiled row of a rating plan: a timing, a price in slots, a weight. Shared by every call that it prices."""

    timing: Timing | None
    rating: Rating
    weight: Ratio
    connect_fee: Amount
    rounding_method: str
    rounding_decimals: int
    max_cost: Amount
    max_cost_strategy: str
    slots: list[Slot]
    start_clock_ns: int  # the timing's StartTime since midnight
    window: Window  # the timing without its end
    single: Slot | None  # the only slot, when there is one and it begins at 0
    key: tuple[object, ...] | None  # everything but weight and timing ID, made when it is first asked for
    text: PriceText | None  # the same as JSON, made when it is first asked for
    packed: bytes | None  # as stored costs have it (engine.rating.packing), made when it is first asked for

    def __init__(
        self,
        timing: Timing | None,
        rating: Rating,
        weight: Ratio,
        connect_fee: Amount,
        max_cost: Amount,
        slots: list[Slot],
        start_clock_ns: int,
    ) -> None:
        self.timing = timing
        self.rating = rating
        self.weight = weight
        self.connect_fee = connect_fee
        self.rounding_method = rating.RoundingMethod
        self.rounding_decimals = rating.RoundingDecimals
        self.max_cost = max_cost
        self.max_cost_strategy = rating.MaxCostStrategy
        self.slots = slots
        self.start_clock_ns = start_clock_ns
        self.window = ALWAYS if timing is None else make_window(timing, NO_END)
        self.single = slots[0] if len(slots) == 1 and slots[0].start_ns <= 0 else None
        self.key = None
        self.text = None
        self.packed = None


class Match:
    """Why a span has its price: profile, plan, prefix and destination that matched."""

    subject: str
    prefix: str
    destination_id: str
    plan_id: str

    def __init__(self, subject: str, prefix: str, destination_id: str, plan_id: str) -> None:
        self.subject = subject
        self.prefix = prefix
        self.destination_id = destination_id
        self.plan_id = plan_id


class RatingInfo:
    """What prices a call from an instant on: the rows that its destination has in a plan. Without rows it is a gap, which the
    fallback subjects may fill. Several rows belong to this call alone: splitting sorts them in place."""

    match: Match
    active_at: int
    intervals: list[Interval]
    fallback_keys: tuple[str, ...]

    def __init__(self, match: Match, active_at: int, intervals: list[Interval], fallback_keys: tuple[str, ...]) -> None:
        self.match = match
        self.active_at = active_at
        self.intervals = intervals
        self.fallback_keys = fallback_keys


class KnownInfos:
    """What prices calls of one destination by one profile that begin at `from_ns` or later and end before `until_ns`."""

    infos: list[RatingInfo]
    from_ns: int
    until_ns: int

    def __init__(self, infos: list[RatingInfo], from_ns: int, until_ns: int) -> None:
        self.infos = infos
        self.from_ns = from_ns
        self.until_ns = until_ns


class UnitPart:
    """The units that an increment took. `interval` is set when a rating subject priced them."""

    balance_uuid: str
    balance_id: str
    value: Amount  # what the balance holds after the last of the increments that share this part
    consumed: Amount  # per increment
    factor: Factor
    tor: str
    destination: str
    category: str
    interval: Interval | None

    def __init__(
        self,
        balance_uuid: str,
        balance_id: str,
        value: Amount,
        consumed: Amount,
        factor: Factor,
        tor: str,
        destination: str,
        category: str,
        interval: Interval | None,
    ) -> None:
        self.balance_uuid = balance_uuid
        self.balance_id = balance_id
        self.value = value
        self.consumed = consumed
        self.factor = factor
        self.tor = tor
        self.destination = destination
        self.category = category
        self.interval = interval


class MoneyPart:
    """The money balance that paid an increment, and what it holds afterwards."""

    balance_uuid: str
    balance_id: str
    value: Amount
    interval: Interval | None

    def __init__(self, balance_uuid: str, balance_id: str, value: Amount, interval: Interval | None) -> None:
        self.balance_uuid = balance_uuid
        self.balance_id = balance_id
        self.value = value
        self.interval = interval


class Increment:
    """A run of `count` equal steps.

    `cost` is what one step is said to cost; `total` what the run costs, which is count * cost when every step is rounded by
    itself (`price` is None), and round(b * price) - round(a * price) for the steps a+1..b of an exactly priced run, where
    a = `offset` and b = offset + count.
    """

    duration_ns: int
    cost: Amount
    count: int
    total: Amount
    price: Ratio | None
    offset: int
    unit: UnitPart | None
    money: MoneyPart | None
    account_id: str

    def __init__(self, duration_ns: int, cost: Amount, count: int, total: Amount, price: Ratio | None = None, offset: int = 0) -> None:
        self.duration_ns = duration_ns
        self.cost = cost
        self.count = count
        self.total = total
        self.price = price
        self.offset = offset
        self.unit = None
        self.money = None
        self.account_id = ""


class Span:
    """A stretch of a call with one price. `duration_index_ns` is the call's age at the end of the span."""

    start_ns: int
    end_ns: int
    duration_index_ns: int
    interval: Interval | None
    match: Match
    increments: list[Increment] | None  # None until they are made, empty when there are too many
    cost: Amount
    round_increment: Increment | None
    count: int  # equal spans folded into this one

    def __init__(self, start_ns: int, end_ns: int, duration_index_ns: int, interval: Interval | None, match: Match) -> None:
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.duration_index_ns = duration_index_ns
        self.interval = interval
        self.match = match
        self.increments = None
        self.cost = 0
        self.round_increment = None
        self.count = 1

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns

    @property
    def group_start_ns(self) -> int:
        """The call's age at the beginning of the span, never below 0."""
        return max(0, self.duration_index_ns - (self.end_ns - self.start_ns))


NO_MATCH: Final = Match("", "", "", "")


class Call:
    """What is to be priced: who, to where, when, how long; and how far the session already is (loop and duration index).

    Times are instants in ns, `zone` is the clock that start was written in and on which tariffs are read. `start_ns` moves
    forward while a debit pays parts of the call.
    """

    tenant: str
    category: str
    subject: str
    account: str
    destination: str
    tor: str
    start_ns: int
    end_ns: int
    zone: Zone
    duration_index_ns: int
    loop_index: int
    max_cost_so_far: Amount
    max_rate: Ratio  # whole money per max_rate_unit_ns; 0 asks for no limit
    max_rate_unit_ns: int
    force_duration: bool
    perform_rounding: bool
    deny_negative: bool
    dry_run: bool
    cgrid: str
    run_id: str
    factor_id: str  # the event's BalanceFactorID
    run_price: Ratio | None  # the exactly priced run that the last debit of the session ended in, and its length so far
    run_step_ns: int
    run_length: int
    infos: list[RatingInfo] | None  # what prices the call, kept from its first look-up on

    def __init__(
        self, tenant: str, category: str, subject: str, account: str, destination: str, tor: str, start_ns: int, end_ns: int, zone: Zone
    ) -> None:
        self.tenant = tenant
        self.category = category
        self.subject = subject
        self.account = account
        self.destination = destination
        self.tor = tor
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.zone = zone
        self.duration_index_ns = end_ns - start_ns
        self.loop_index = 0
        self.max_cost_so_far = 0
        self.max_rate = ZERO_RATIO
        self.max_rate_unit_ns = 0
        self.force_duration = False
        self.perform_rounding = False
        self.deny_negative = False
        self.dry_run = False
        self.cgrid = ""
        self.run_id = ""
        self.factor_id = ""
        self.run_price = None
        self.run_step_ns = 0
        self.run_length = 0
        self.infos = None

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns

    def copy(self) -> Call:
        """The same question, to be worked on without changing this one."""
        twin = Call(
            self.tenant, self.category, self.subject, self.account, self.destination, self.tor, self.start_ns, self.end_ns, self.zone
        )
        twin.duration_index_ns = self.duration_index_ns
        twin.loop_index = self.loop_index
        twin.max_cost_so_far = self.max_cost_so_far
        twin.max_rate = self.max_rate
        twin.max_rate_unit_ns = self.max_rate_unit_ns
        twin.force_duration = self.force_duration
        twin.perform_rounding = self.perform_rounding
        twin.deny_negative = self.deny_negative
        twin.dry_run = self.dry_run
        twin.cgrid = self.cgrid
        twin.run_id = self.run_id
        twin.factor_id = self.factor_id
        twin.run_price = self.run_price
        twin.run_step_ns = self.run_step_ns
        twin.run_length = self.run_length
        return twin


class BalanceSummary:
    """One balance of an account after a debit; `initial` is what it held before."""

    uuid: str
    id: str
    type: str
    initial: Amount
    value: Amount
    weight: Amount
    disabled: bool
    factors: dict[str, Factor] | None

    def __init__(
        self,
        uuid: str,
        balance_id: str,
        balance_type: str,
        initial: Amount,
        value: Amount,
        weight: Amount,
        disabled: bool,
        factors: dict[str, Factor] | None,
    ) -> None:
        self.uuid = uuid
        self.id = balance_id
        self.type = balance_type
        self.initial = initial
        self.value = value
        self.weight = weight
        self.disabled = disabled
        self.factors = factors


class AccountSummary:
    """An account after a debit, with the balances that it has then."""

    tenant: str
    account: str
    balances: list[BalanceSummary]
    allow_negative: bool
    disabled: bool

    def __init__(self, tenant: str, account: str, balances: list[BalanceSummary], allow_negative: bool, disabled: bool) -> None:
        self.tenant = tenant
        self.account = account
        self.balances = balances
        self.allow_negative = allow_negative
        self.disabled = disabled


class CallCost:
    """A priced call. `cost` is the sum that counts; in a query it is rounded and limited, in a debit it is what was taken."""

    call: Call
    cost: Amount
    spans: list[Span]
    rated_usage_ns: int
    summary: AccountSummary | None
    negative_connect_fee: bool
    max_cost_disconnect: bool

    def __init__(self, call: Call, cost: Amount, spans: list[Span]) -> None:
        self.call = call
        self.cost = cost
        self.spans = spans
        self.rated_usage_ns = 0
        self.summary = None
        self.negative_connect_fee = False
        self.max_cost_disconnect = False

    def to_data(self) -> dict[str, object]:
        """The CallCost that the Responder answers, as JSON-able data."""
        from engine.rating.render import call_cost_data

        return call_cost_data(self)

    def to_octets_data(self) -> dict[str, object]:
        """The DataCost that GetDataCost answers, as JSON-able data."""
        from engine.rating.render import data_cost_data

        return data_cost_data(self)


ALL_UNITS: Final = frozenset({ANY})


class RatingOptions:
    """What the configuration says about rating. `exact` chooses between D9's two ways of pricing increments.

    `returned_units` are the types of the balances to which units come back that a session was granted and did not use, or `*any`.
    """

    exact: bool
    rounding_decimals: int
    fallback_depth: int
    max_increments: int
    subject_prefix_matching: bool
    max_usage_ns: dict[str, int]
    returned_units: frozenset[str]

    def __init__(
        self,
        *,
        exact: bool,
        rounding_decimals: int = 5,
        fallback_depth: int = 3,
        max_increments: int = 1_000_000,
        subject_prefix_matching: bool = False,
        max_usage_ns: dict[str, int] | None = None,
        returned_units: frozenset[str] = ALL_UNITS,
    ) -> None:
        self.exact = exact
        self.rounding_decimals = 9 if exact else rounding_decimals
        self.fallback_depth = fallback_depth
        self.max_increments = max_increments
        self.subject_prefix_matching = subject_prefix_matching
        self.max_usage_ns = max_usage_ns or {}
        self.returned_units = returned_units
