"""EventCosts read back from JSON: what engine.rating.costjson wrote, or what a client sends (reference rating.md, 12).

Of a run that is priced exactly, price and offset are taken up again; the increment of `*rounding` that made its parts sum to the cost is
dropped: the price tells more.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from engine.money import FACTOR_ONE, ONE, Amount, Factor, Ratio, amount_of, factor_of
from engine.rating.book import Rate, Rating, Timing
from engine.rating.call import AccountSummary, BalanceSummary, Increment, Interval, Match, MoneyPart, UnitPart
from engine.rating.compile import make_interval
from engine.rating.cost import Charge, EventCost
from engine.rating.costjson import ROUNDING
from engine.rating.price import exact_total
from engine.rating.render import Data
from engine.times import UTC_ZONE, parse_time


def read_cost(data: Data) -> EventCost:
    """The cost that was written, or that a client sends. ValueError for data of another shape."""
    start = parse_time(_text(data, "StartTime"), UTC_ZONE, 0)
    cost = EventCost(_text(data, "CGRID"), _text(data, "RunID"), start.ns, start.zone, "")
    reader = _Reader(data)
    for item in _list(data, "Charges"):
        charge = reader.charge(item)
        if charge is not None:
            cost.charges.append(charge)
    cost.summary = _read_summary(data.get("AccountSummary"))
    return cost


def data_of(text: str) -> Data:
    """JSON text as data: a number is a double where that has the same digits, else a Decimal."""
    return _DECODER.decode(text)


def _exact(text: str) -> float | Decimal:
    value = float(text)
    return value if Decimal(repr(value)) == Decimal(text) else Decimal(text)


_DECODER: Final = msgspec.json.Decoder(dict[str, object], float_hook=_exact)


class _Reader:
    tables: dict[str, Data]
    _intervals: dict[str, Interval]
    _matches: dict[str, Match]

    def __init__(self, data: Data) -> None:
        self.tables = {name: _struct(data.get(name) or {}) for name in ("Rating", "Accounting", "RatingFilters", "Rates", "Timings")}
        self._intervals = {}
        self._matches = {}

    def charge(self, data: Data) -> Charge | None:
        """A charge; None for one that holds nothing but the rounding of exact prices."""
        rating_id = _text(data, "RatingID")
        charge = Charge(self.interval(rating_id), self.match(rating_id), [], _integer(data, "CompressFactor"))
        rows = _list(data, "Increments")
        dropped = False
        for row in rows:
            run = self.increment(row)
            if self._rating_of(row) != ROUNDING:
                charge.increments.append(run)
            elif run.money is not None and run.money.balance_uuid:
                charge.rounding = run
            else:
                dropped = True
        return None if dropped and len(rows) == 1 else charge

    def _rating_of(self, row: Data) -> str:
        accounting = self.tables["Accounting"].get(_text(row, "AccountingID"))
        return "" if accounting is None else _text(_struct(accounting), "RatingID")

    def interval(self, rating_id: str) -> Interval | None:
        found = self.tables["Rating"].get(rating_id)
        if found is None:
            return None
        known = self._intervals.get(rating_id)
        if known is None:
            known = self._make_interval(_struct(found))
            self._intervals[rating_id] = known
        return known

    def _make_interval(self, data: Data) -> Interval:
        hours = self.tables["Timings"].get(_text(data, "TimingID"))
        rates = self.tables["Rates"].get(_text(data, "RatesID"))
        slots = []
        for item in rates if isinstance(rates, list) else []:
            slot = _struct(item)
            slots.append(
                Rate(
                    _integer(slot, "GroupIntervalStart"),
                    _decimal(slot.get("Value")),
                    _integer(slot, "RateIncrement"),
                    _integer(slot, "RateUnit"),
                )
            )
        rating = Rating(
            _decimal(data.get("ConnectFee")),
            _text(data, "RoundingMethod"),
            _integer(data, "RoundingDecimals"),
            _decimal(data.get("MaxCost")),
            _text(data, "MaxCostStrategy"),
            tuple(slots),
        )
        return make_interval(None if hours is None else _timing(_struct(hours)), rating, "0")

    def match(self, rating_id: str) -> Match:
        known = self._matches.get(rating_id)
        if known is None:
            rating = _struct(self.tables["Rating"].get(rating_id) or {})
            found = _struct(self.tables["RatingFilters"].get(_text(rating, "RatingFiltersID")) or {})
            known = Match(
                _text(found, "Subject"), _text(found, "DestinationPrefix"), _text(found, "DestinationID"), _text(found, "RatingPlanID")
            )
            self._matches[rating_id] = known
        return known

    def increment(self, row: Data) -> Increment:
        count = _integer(row, "CompressFactor")
        cost = _amount(row.get("Cost"))
        price = row.get("Price")
        if isinstance(price, str):
            num, _, den = price.partition("/")
            exact = Ratio(int(num) * ONE, int(den))
            offset = _integer(row, "Offset")
            run = Increment(_integer(row, "Usage"), cost, count, exact_total(exact, offset, count), exact, offset)
        else:
            run = Increment(_integer(row, "Usage"), cost, count, cost * count)
        accounting = self.tables["Accounting"].get(_text(row, "AccountingID"))
        if accounting is not None:
            self._pay(run, _struct(accounting))
        return run

    def _pay(self, run: Increment, data: Data) -> None:
        run.account_id = _text(data, "AccountID")
        uuid = _text(data, "BalanceUUID")
        interval = self.interval(_text(data, "RatingID"))
        extra = _text(data, "ExtraChargeID")
        if not extra:
            run.money = MoneyPart(uuid, "", 0, interval)
            return
        factor = data.get("BalanceFactor")
        consumed = _amount(data.get("Units"))
        run.unit = UnitPart(uuid, "", 0, consumed, FACTOR_ONE if factor is None else _factor(factor), "", "", "", interval)
        beside = self.tables["Accounting"].get(extra)
        if beside is not None:
            money = _struct(beside)
            run.money = MoneyPart(_text(money, "BalanceUUID"), "", 0, self.interval(_text(money, "RatingID")))


def _read_summary(value: object) -> AccountSummary | None:
    if value is None:
        return None
    data = _struct(value)
    rows = [_read_balance(row) for row in _list(data, "BalanceSummaries")]
    return AccountSummary(
        _text(data, "Tenant"), _text(data, "AccountID"), rows, bool(data.get("AllowNegative")), bool(data.get("Disabled"))
    )


def _read_balance(row: Data) -> BalanceSummary:
    factors = row.get("Factors")
    return BalanceSummary(
        _text(row, "UUID"),
        _text(row, "ID"),
        _text(row, "Type"),
        _amount(row.get("Initial")),
        _amount(row.get("Value")),
        _amount(row.get("Weight")),
        bool(row.get("Disabled")),
        {name: _factor(factor) for name, factor in factors.items()} if isinstance(factors, dict) else None,
    )


def _timing(data: Data) -> Timing:
    return Timing(
        "",
        _integers(data.get("Years")),
        _integers(data.get("Months")),
        _integers(data.get("MonthDays")),
        _integers(data.get("WeekDays")),
        _text(data, "StartTime"),
    )


def _struct(value: object) -> Data:
    if not isinstance(value, dict):
        raise ValueError("an EventCost has structs in its tables")
    return value


def _list(data: Data, name: str) -> list[Data]:
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name} is no list")
    return [_struct(item) for item in value]


def _integers(value: object) -> tuple[int, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(item, int) for item in value):
        raise ValueError("a timing has lists of integers")
    return tuple(value)


def _text(data: Data, name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value


def _integer(data: Data, name: str) -> int:
    value = data.get(name, 0)
    if not isinstance(value, int):
        raise ValueError(f"{name} is no integer")
    return value


def _decimal(value: object) -> str:
    """A JSON number, or the digits of one, as decimal text."""
    if value is None:
        return "0"
    if isinstance(value, bool):
        raise ValueError("not a number")
    if isinstance(value, int | str):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal):
        return str(value)
    raise ValueError("not a number")


def _factor(value: object) -> Factor:
    try:
        return factor_of(Decimal(_decimal(value)))
    except InvalidOperation:
        raise ValueError("not a number") from None


def _amount(value: object) -> Amount:
    try:
        return amount_of(Decimal(_decimal(value)))
    except InvalidOperation:
        raise ValueError("not a number") from None
