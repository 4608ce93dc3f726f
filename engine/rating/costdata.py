"""EventCosts as JSON-able data, and back (reference rating.md, 12).

Parts that are equal are written once and named by short keys, which count up. A run that is priced exactly carries its price ("Price",
a fraction of whole money a step) and where in that price it stands ("Offset"); one increment of `*rounding` that no balance paid
then makes the parts of the whole sum to its cost. When it is read back that increment is dropped again: the price tells more.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from engine.money import FACTOR_ONE, ONE, Amount, Factor, Ratio, amount_of, factor_json, factor_of
from engine.rating.book import Rate, Rating, Timing
from engine.rating.call import AccountSummary, BalanceSummary, Increment, Interval, Match, MoneyPart, UnitPart
from engine.rating.compile import make_interval, price_key
from engine.rating.cost import PAUSE, Charge, EventCost
from engine.rating.price import exact_total
from engine.rating.render import Data, number, rates_data, summary_data, timing_data
from engine.times import UTC_ZONE, format_time, parse_time

ROUNDING: Final = "*rounding"
NONE: Final = "*none"  # units without money beside them
_KEYS: Final[tuple[str, ...]] = tuple(f"{index:07x}" for index in range(1, 257))


def write_cost(cost: EventCost) -> Data:
    """The EventCost of clients: JSON-able, with new containers all through."""
    writer = _Writer()
    charges = [writer.charge(charge) for charge in cost.charges]
    writer.exact_rounding(cost, charges)
    return {
        "CGRID": cost.cgrid,
        "RunID": cost.run_id,
        "StartTime": format_time(cost.start_ns, cost.zone),
        "Usage": cost.usage_ns,
        "Cost": number(cost.cost),
        "Charges": charges,
        "AccountSummary": summary_data(cost.summary),
        "Rating": writer.rating,
        "Accounting": writer.accounting,
        "RatingFilters": writer.filters,
        "Rates": writer.rates,
        "Timings": writer.timings,
    }


class _Writer:
    """The tables of one EventCost, and which key each part has got in them."""

    rating: Data
    accounting: Data
    filters: Data
    rates: Data
    timings: Data
    _known: dict[tuple[object, ...], str]
    _drawn: int

    def __init__(self) -> None:
        self.rating = {}
        self.accounting = {}
        self.filters = {}
        self.rates = {}
        self.timings = {}
        self._known = {}
        self._drawn = 0

    def _key(self, table: Data, content: tuple[object, ...], pause: bool) -> tuple[str, bool]:
        """The key of some content in a table, and whether it is new there."""
        known = self._known.get(content)
        if known is not None:
            return known, False
        if pause:
            key = PAUSE
        else:
            key = _KEYS[self._drawn] if self._drawn < len(_KEYS) else f"{self._drawn + 1:07x}"
            self._drawn += 1
        self._known[content] = key
        return key, key not in table

    def charge(self, charge: Charge) -> Data:
        increments = [self.increment(run, charge.match) for run in charge.increments]
        if charge.rounding is not None:
            increments.append(self.increment(charge.rounding, charge.match, rounding=True))
        return {"RatingID": self.rating_id(charge.interval, charge.match), "Increments": increments, "CompressFactor": charge.count}

    def increment(self, run: Increment, match: Match, *, rounding: bool = False) -> Data:
        data: Data = {
            "Usage": run.duration_ns,
            "Cost": number(run.cost),
            "AccountingID": self.accounting_id(run, match, rounding),
            "CompressFactor": run.count,
        }
        if run.price is not None:
            price = Ratio(run.price.num, run.price.den * ONE)
            data["Price"] = f"{price.num}/{price.den}"
            data["Offset"] = run.offset
        return data

    def accounting_id(self, run: Increment, match: Match, rounding: bool) -> str:
        unit = run.unit
        money = run.money
        if unit is None and money is None:
            return ""
        if match.plan_id == PAUSE:
            return self._balance_charge(run.account_id, "", PAUSE, 0, 0, "", pause=True)
        extra = ""
        if money is not None:
            rating_id = ROUNDING if rounding else self.rating_id(money.interval, match)
            extra = self._balance_charge(run.account_id, money.balance_uuid, rating_id, run.cost, FACTOR_ONE, "")
        if unit is None:
            return extra
        rating_id = self.rating_id(unit.interval, match)
        return self._balance_charge(run.account_id, unit.balance_uuid, rating_id, unit.consumed, unit.factor, extra or NONE)

    def _balance_charge(
        self, account_id: str, uuid: str, rating_id: str, units: Amount, factor: Factor, extra: str, *, pause: bool = False
    ) -> str:
        key, new = self._key(self.accounting, ("a", account_id, uuid, rating_id, units, factor, extra), pause)
        if new:
            data: Data = {"AccountID": account_id, "BalanceUUID": uuid, "RatingID": rating_id, "Units": number(units)}
            if factor not in (0, FACTOR_ONE):
                data["BalanceFactor"] = factor_json(factor)
            data["ExtraChargeID"] = extra
            self.accounting[key] = data
        return key

    def rating_id(self, interval: Interval | None, match: Match) -> str:
        if interval is None:
            return ""
        pause = match.plan_id == PAUSE
        price = price_key(interval)
        key, new = self._key(self.rating, ("r", price, match.subject, match.prefix, match.destination_id, match.plan_id), pause)
        if new:
            self.rating[key] = {
                "ConnectFee": number(interval.connect_fee),
                "RoundingMethod": interval.rounding_method,
                "RoundingDecimals": interval.rounding_decimals,
                "MaxCost": number(interval.max_cost),
                "MaxCostStrategy": interval.max_cost_strategy,
                "TimingID": self._timing_id(interval, price),
                "RatesID": self._rates_id(interval, price, pause),
                "RatingFiltersID": self._filter_id(match, pause),
            }
        return key

    def _timing_id(self, interval: Interval, price: tuple[object, ...]) -> str:
        data = timing_data(interval)
        if data is None:
            return ""
        key, new = self._key(self.timings, ("t", price[0]), False)
        if new:
            self.timings[key] = data
        return key

    def _rates_id(self, interval: Interval, price: tuple[object, ...], pause: bool) -> str:
        key, new = self._key(self.rates, ("s", price[1]), pause)
        if new:
            self.rates[key] = rates_data(interval)
        return key

    def _filter_id(self, match: Match, pause: bool) -> str:
        key, new = self._key(self.filters, ("f", match.subject, match.prefix, match.destination_id, match.plan_id), pause)
        if new:
            self.filters[key] = {
                "Subject": match.subject,
                "DestinationPrefix": match.prefix,
                "DestinationID": match.destination_id,
                "RatingPlanID": match.plan_id,
            }
        return key

    def exact_rounding(self, cost: EventCost, charges: list[Data]) -> None:
        """Adds the increment that makes the parts sum to the cost, in the last charge that counts once, else in one of its own."""
        missing = 0
        for charge in cost.charges:
            for run in charge.increments:
                if run.price is not None:
                    missing += (run.total - run.cost * run.count) * charge.count
        if missing == 0:
            return
        key = self._balance_charge("", "", ROUNDING, missing, FACTOR_ONE, "")
        data: Data = {"Usage": 0, "Cost": number(missing), "AccountingID": key, "CompressFactor": 1}
        for index in range(len(charges) - 1, -1, -1):
            increments = charges[index]["Increments"]
            if cost.charges[index].count == 1 and isinstance(increments, list):
                increments.append(data)
                return
        charges.append({"RatingID": charges[-1]["RatingID"], "Increments": [data], "CompressFactor": 1})


# -- reading -------------------------------------------------------------------------------------------------------------


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
