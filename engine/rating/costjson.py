"""EventCosts as the JSON text that clients see (reference rating.md, 12); engine.rating.costdata reads it back.

Parts that are written alike are written once and named by short keys, which count up. A run that is priced exactly carries its price
("Price", a fraction of whole money a step) and where in that price it stands ("Offset"); one increment of `*rounding` that no balance
paid then makes the parts of the whole sum to its cost. The texts of a price are made once and stay with it.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Final

from engine.money import FACTOR_ONE, ONE, Amount, Factor, Ratio
from engine.rating.call import AccountSummary, BalanceSummary, Increment, Interval, Match, PriceText
from engine.rating.cost import PAUSE, Charge, EventCost
from engine.rating.render import factor_number_text, number_text, price_text
from engine.times import format_time

ROUNDING: Final = "*rounding"
NONE: Final = "*none"  # units without money beside them
_KEYS: Final[tuple[str, ...]] = tuple(f"{index:07x}" for index in range(1, 257))


def write_cost(cost: EventCost, *, told: bool = True, question: bool = False) -> str:
    """The EventCost of clients. Without `told` its usage is null; of a mere `question` what has no steps has null for them."""
    writer = _Writer()
    charges = [writer.charge(charge) for charge in cost.charges]
    rows = [_charge_text(charge, question=question) for charge in writer.with_rounding(cost, charges)]
    usage = str(cost.usage_ns) if told else "null"
    return (
        f'{{"CGRID":{encode_basestring(cost.cgrid)},"RunID":{encode_basestring(cost.run_id)},'
        f'"StartTime":"{format_time(cost.start_ns, cost.zone)}","Usage":{usage},"Cost":{number_text(cost.cost)},'
        f'"Charges":[{",".join(rows)}],"AccountSummary":{summary_text(cost.summary)},'
        f'"Rating":{{{",".join(writer.rating)}}},"Accounting":{{{",".join(writer.accounting)}}},'
        f'"RatingFilters":{{{",".join(writer.filters)}}},"Rates":{{{",".join(writer.rates)}}},"Timings":{{{",".join(writer.timings)}}}}}'
    )


class _Written:
    """A charge: its price's key, its increments as text, and how many times it counts."""

    rating_id: str
    increments: list[str]
    count: int

    def __init__(self, rating_id: str, increments: list[str], count: int) -> None:
        self.rating_id = rating_id
        self.increments = increments
        self.count = count


def _charge_text(charge: _Written, *, question: bool) -> str:
    rows = "null" if question and not charge.increments else f"[{','.join(charge.increments)}]"
    return f'{{"RatingID":"{charge.rating_id}","Increments":{rows},"CompressFactor":{charge.count}}}'


class _Writer:
    """The tables of one EventCost, row by row as text, and which key each part has got in them."""

    rating: list[str]
    accounting: list[str]
    filters: list[str]
    rates: list[str]
    timings: list[str]
    _known: dict[str, str]  # the key of a row of any table but Rating; rows of two tables are never alike
    _ratings: dict[tuple[str, str], str]  # the key of a price for a match
    _drawn: int
    _interval: Interval | None  # what was asked for last, and its key
    _match: Match | None
    _rating_id: str

    def __init__(self) -> None:
        self.rating = []
        self.accounting = []
        self.filters = []
        self.rates = []
        self.timings = []
        self._known = {}
        self._ratings = {}
        self._drawn = 0
        self._interval = None
        self._match = None
        self._rating_id = ""

    def _draw(self) -> str:
        drawn = self._drawn
        self._drawn = drawn + 1
        return _KEYS[drawn] if drawn < len(_KEYS) else f"{drawn + 1:07x}"

    def _key(self, table: list[str], row: str, pause: bool) -> str:
        """The key of a row, which is added to the table where it is new there; all pauses share one key and one row."""
        known = self._known.get(row)
        if known is not None:
            return known
        if pause and _has_pause(table):
            return PAUSE
        key = PAUSE if pause else self._draw()
        self._known[row] = key
        table.append(f'"{key}":{row}')
        return key

    def charge(self, charge: Charge) -> _Written:
        increments = [self._increment(run, charge.match, rounding=False) for run in charge.increments]
        if charge.rounding is not None:
            increments.append(self._increment(charge.rounding, charge.match, rounding=True))
        return _Written(self._price_id(charge.interval, charge.match), increments, charge.count)

    def _increment(self, run: Increment, match: Match, *, rounding: bool) -> str:
        accounting_id = self._accounting_id(run, match, rounding=rounding)
        text = f'{{"Usage":{run.duration_ns},"Cost":{number_text(run.cost)},"AccountingID":"{accounting_id}","CompressFactor":{run.count}'
        price = run.price
        if price is None:
            return text + "}"
        whole = Ratio(price.num, price.den * ONE)
        return f'{text},"Price":"{whole.num}/{whole.den}","Offset":{run.offset}}}'

    def _accounting_id(self, run: Increment, match: Match, *, rounding: bool) -> str:
        unit = run.unit
        money = run.money
        if unit is None and money is None:
            return ""
        if match.plan_id == PAUSE:
            return self._key(self.accounting, _balance_charge(run.account_id, "", PAUSE, 0, FACTOR_ONE, ""), pause=True)
        extra = ""
        if money is not None:
            rating_id = ROUNDING if rounding else self._price_id(money.interval, match)
            row = _balance_charge(run.account_id, money.balance_uuid, rating_id, run.cost, FACTOR_ONE, "")
            extra = self._key(self.accounting, row, pause=False)
        if unit is None:
            return extra
        rating_id = self._price_id(unit.interval, match)
        row = _balance_charge(run.account_id, unit.balance_uuid, rating_id, unit.consumed, unit.factor, extra or NONE)
        return self._key(self.accounting, row, pause=False)

    def _price_id(self, interval: Interval | None, match: Match) -> str:
        if interval is None:
            return ""
        if interval is not self._interval or match is not self._match:
            self._interval = interval
            self._match = match
            self._rating_id = self._find_price(price_text(interval), match)
        return self._rating_id

    def _find_price(self, price: PriceText, match: Match) -> str:
        found = (
            f'{{"Subject":{encode_basestring(match.subject)},"DestinationPrefix":{encode_basestring(match.prefix)},'
            f'"DestinationID":{encode_basestring(match.destination_id)},"RatingPlanID":{encode_basestring(match.plan_id)}}}'
        )
        content = (price.whole, found)
        known = self._ratings.get(content)
        if known is not None:
            return known
        pause = match.plan_id == PAUSE
        if pause and _has_pause(self.rating):
            return PAUSE
        key = PAUSE if pause else self._draw()
        self._ratings[content] = key
        timing_id = self._key(self.timings, price.timing, pause=False) if price.timing else ""
        rates_id = self._key(self.rates, price.rates, pause)
        filter_id = self._key(self.filters, found, pause)
        self.rating.append(f'"{key}":{price.head},"TimingID":"{timing_id}","RatesID":"{rates_id}","RatingFiltersID":"{filter_id}"}}')
        return key

    def with_rounding(self, cost: EventCost, charges: list[_Written]) -> list[_Written]:
        """Adds the increment that makes the parts sum to the cost, in the last charge that counts once, else in one of its own."""
        missing = 0
        for charge in cost.charges:
            for run in charge.increments:
                if run.price is not None:
                    missing += (run.total - run.cost * run.count) * charge.count
        if missing == 0:
            return charges
        key = self._key(self.accounting, _balance_charge("", "", ROUNDING, missing, FACTOR_ONE, ""), pause=False)
        row = f'{{"Usage":0,"Cost":{number_text(missing)},"AccountingID":"{key}","CompressFactor":1}}'
        for index in range(len(charges) - 1, -1, -1):
            if charges[index].count == 1:
                charges[index].increments.append(row)
                return charges
        charges.append(_Written(charges[-1].rating_id, [row], 1))
        return charges


def _has_pause(table: list[str]) -> bool:
    beginning = f'"{PAUSE}":'
    return any([row.startswith(beginning) for row in table])  # noqa: C419 - a list is compiled to a loop


def _balance_charge(account_id: str, uuid: str, rating_id: str, units: Amount, factor: Factor, extra: str) -> str:
    told = "" if factor == 0 or factor == FACTOR_ONE else f'"BalanceFactor":{factor_number_text(factor)},'
    return (
        f'{{"AccountID":{encode_basestring(account_id)},"BalanceUUID":{encode_basestring(uuid)},"RatingID":"{rating_id}",'
        f'"Units":{number_text(units)},{told}"ExtraChargeID":"{extra}"}}'
    )


def summary_text(summary: AccountSummary | None) -> str:
    """An AccountSummary. A weight of 0 and missing factors are left out."""
    if summary is None:
        return "null"
    balances = ",".join([_balance_text(balance) for balance in summary.balances])
    return (
        f'{{"Tenant":{encode_basestring(summary.tenant)},"AccountID":{encode_basestring(summary.account)},'
        f'"BalanceSummaries":{f"[{balances}]" if balances else "null"},'
        f'"AllowNegative":{_flag(summary.allow_negative)},"Disabled":{_flag(summary.disabled)}}}'
    )


def _balance_text(balance: BalanceSummary) -> str:
    weight = "" if balance.weight == 0 else f'"Weight":{number_text(balance.weight)},'
    factors = ""
    if balance.factors:
        rows = [f"{encode_basestring(name)}:{factor_number_text(factor)}" for name, factor in balance.factors.items()]
        factors = f',"Factors":{{{",".join(rows)}}}'
    return (
        f'{{"UUID":{encode_basestring(balance.uuid)},"ID":{encode_basestring(balance.id)},"Type":{encode_basestring(balance.type)},'
        f'"Initial":{number_text(balance.initial)},"Value":{number_text(balance.value)},{weight}'
        f'"Disabled":{_flag(balance.disabled)}{factors}}}'
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"
