"""EventCosts as bytes, for what is stored: open sessions and records. Clients see engine.rating.costjson's JSON, made of these on demand.

A packed cost is a msgpack array: [format, CGRID, run ID, start, zone, type, prices, matches, charges, summary]. CGRID and run ID are null
when they are those of the record around it. Prices and matches are tables that charges name by index; a balance of the summary is named
by its index there, another one by its UUID. Nothing that an EventCost knows is left out, so that what is read back goes on as it was.

Stored bytes that begin with `{` are JSON of an older version, and are read as that.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from engine.limits import MAX_SHARED_INTERVALS
from engine.money import Ratio
from engine.parts import read_amount, split_amount
from engine.rating.book import Rate, Rating, Timing
from engine.rating.call import AccountSummary, BalanceSummary, Increment, Interval, Match, MoneyPart, UnitPart
from engine.rating.compile import make_interval
from engine.rating.cost import Charge, EventCost
from engine.rating.pieces import Pieces
from engine.times import UTC_ZONE, FixedZone, Zone, fixed_zone, zone_of

_FORMAT: Final = 1
_JSON_BEGIN: Final = b"{"
_NEGATIVE: Final = 1
_DISABLED: Final = 2

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Any])
_JSON_DECODER: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)

_INTERVALS: dict[bytes, Interval] = {}


# -- writing ---------------------------------------------------------------------------------------------------------------


def pack_cost(cost: EventCost, cgrid: str, run_id: str) -> bytes:
    """All of the cost, to be kept in a record of this CGRID and run. What is asked for again unchanged, as for a session and its record, is
    packed once; so are, while the cost only grows, its charges but the last."""
    own = cost.cgrid == cgrid and cost.run_id == run_id
    if own and cost.packed:
        return cost.packed
    packer = _Packer(cost.summary)
    charges = _charges(cost, packer, own)
    written: list[object] = [
        _FORMAT,
        None if cost.cgrid == cgrid else cost.cgrid,
        None if cost.run_id == run_id else cost.run_id,
        split_amount(cost.start_ns),
        _zone_out(cost.zone),
        cost.tor,
        packer.prices,
        packer.matches,
        charges,
        packer.summary(),
    ]
    body = _ENCODER.encode(written)
    if own:
        cost.packed = body
    return body


def _charges(cost: EventCost, packer: _Packer, own: bool) -> list[object]:
    """The charges as they are written, those that stay as they are from before (EventCost.pieces)."""
    charges: list[object] = []
    if own and cost.pieces is not None and cost.pieces.hold_for(cost.summary):
        packer.go_on(cost.pieces)
        charges = cost.pieces.charges.copy()
    last = len(cost.charges) - 1
    if len(charges) < last:
        for charge in cost.charges[len(charges) : last]:
            charges.append(msgspec.Raw(_ENCODER.encode(packer.charge(charge))))
        if own:
            cost.pieces = packer.pieces(charges.copy())
    if last >= 0:
        charges.append(packer.charge(cost.charges[last]))
    return charges


class _Packer:
    """The tables of one cost."""

    prices: list[object]
    matches: list[object]
    _intervals: list[Interval]
    _known_matches: list[Match]
    _summary: AccountSummary | None
    _account_id: str

    def __init__(self, summary: AccountSummary | None) -> None:
        self.prices = []
        self.matches = []
        self._intervals = []
        self._known_matches = []
        self._summary = summary
        self._account_id = "" if summary is None else f"{summary.tenant}:{summary.account}"

    def go_on(self, pieces: Pieces) -> None:
        """What is written now stands behind these."""
        self.prices = pieces.prices.copy()
        self.matches = pieces.matches.copy()
        self._intervals = pieces.intervals.copy()
        self._known_matches = pieces.known_matches.copy()

    def pieces(self, charges: list[object]) -> Pieces:
        """These charges, and the tables as they are now."""
        intervals, matches = self._intervals.copy(), self._known_matches.copy()
        return Pieces(charges, self.prices.copy(), self.matches.copy(), intervals, matches, self._summary)

    def charge(self, charge: Charge) -> object:
        runs = [self._run(run) for run in charge.increments]
        interval = self._price(charge.interval)
        match = self._match(charge.match)
        if charge.rounding is None:
            return [interval, match, split_amount(charge.count), runs]
        return [interval, match, split_amount(charge.count), runs, self._run(charge.rounding)]

    def _run(self, run: Increment) -> object:
        account: object = None if run.account_id == self._account_id else run.account_id
        written: list[object] = [
            split_amount(run.duration_ns),
            split_amount(run.cost),
            split_amount(run.count),
            split_amount(run.total),
            account,
        ]
        money = run.money
        unit = run.unit
        price = run.price
        if money is not None or unit is not None or price is not None:
            written.append(None if money is None else self._money(money))
        if unit is not None or price is not None:
            written.append(None if unit is None else self._unit(unit))
        if price is not None:
            written.append(split_amount(price.num))
            written.append(split_amount(price.den))
            written.append(split_amount(run.offset))
        return written

    def _money(self, money: MoneyPart) -> object:
        summary = self._summary
        row = self._row(money.balance_uuid)
        named = summary is not None and row >= 0 and summary.balances[row].id == money.balance_id
        written: list[object] = [money.balance_uuid if row < 0 else row, split_amount(money.value)]
        if money.interval is not None or not named:
            written.append(self._price(money.interval))
        if not named:
            written.append(money.balance_id)
        return written

    def _unit(self, unit: UnitPart) -> object:
        return [
            self._balance(unit.balance_uuid),
            split_amount(unit.value),
            self._price(unit.interval),
            None if self._named(unit.balance_uuid, unit.balance_id) else unit.balance_id,
            split_amount(unit.consumed),
            split_amount(unit.factor),
            unit.tor,
            unit.destination,
            unit.category,
        ]

    def _row(self, uuid: str) -> int:
        """Where the summary has a balance; -1 when it has not."""
        summary = self._summary
        if summary is not None:
            for index, row in enumerate(summary.balances):
                if row.uuid == uuid:
                    return index
        return -1

    def _balance(self, uuid: str) -> object:
        row = self._row(uuid)
        return uuid if row < 0 else row

    def _named(self, uuid: str, balance_id: str) -> bool:
        """Whether the summary tells the balance's ID."""
        summary = self._summary
        row = self._row(uuid)
        return summary is not None and row >= 0 and summary.balances[row].id == balance_id

    def _price(self, interval: Interval | None) -> object:
        if interval is None:
            return None
        for index, known in enumerate(self._intervals):
            if known is interval:
                return index
        self._intervals.append(interval)
        self.prices.append(packed_interval(interval))
        return len(self.prices) - 1

    def _match(self, match: Match) -> object:
        for index, known in enumerate(self._known_matches):
            if known is match:
                return index
        self._known_matches.append(match)
        self.matches.append([match.subject, match.prefix, match.destination_id, match.plan_id])
        return len(self.matches) - 1

    def summary(self) -> object:
        summary = self._summary
        if summary is None:
            return None
        rows: list[object] = []
        for row in summary.balances:
            written: list[object] = [row.uuid, row.id, row.type, split_amount(row.initial), split_amount(row.value)]
            if row.weight != 0 or row.disabled or row.factors is not None:
                factors = None if row.factors is None else {name: split_amount(factor) for name, factor in row.factors.items()}
                written += [split_amount(row.weight), row.disabled, factors]
            rows.append(written)
        flags = (_NEGATIVE if summary.allow_negative else 0) | (_DISABLED if summary.disabled else 0)
        return [summary.tenant, summary.account, flags, rows]


def packed_interval(interval: Interval) -> bytes:
    """The price, packed by itself; kept with it."""
    packed = interval.packed
    if packed is None:
        timing = interval.timing
        rating = interval.rating
        packed = _ENCODER.encode(
            [
                None
                if timing is None
                else [timing.ID, timing.Years, timing.Months, timing.MonthDays, timing.WeekDays, timing.StartTime, timing.EndTime],
                [rating.ConnectFee, rating.RoundingMethod, rating.RoundingDecimals, rating.MaxCost, rating.MaxCostStrategy],
                [
                    [split_amount(rate.GroupIntervalStart), rate.Value, split_amount(rate.RateIncrement), split_amount(rate.RateUnit)]
                    for rate in rating.Rates
                ],
                split_amount(interval.weight.num),
                split_amount(interval.weight.den),
            ]
        )
        interval.packed = packed
    return packed


def _zone_out(zone: Zone) -> object:
    """A named zone by its name, a fixed one by its offset in seconds."""
    if isinstance(zone, FixedZone):
        return zone.offset
    return 0 if zone is UTC_ZONE else zone.name


# -- reading ---------------------------------------------------------------------------------------------------------------


def unpack_cost(body: bytes, cgrid: str, run_id: str) -> EventCost:
    """The cost that `pack_cost` wrote, or an older version as JSON. ValueError when it is none."""
    if body[:1] == _JSON_BEGIN:
        return EventCost.from_data(_JSON_DECODER.decode(body))
    written: list[Any] = _DECODER.decode(body)
    if not written or written[0] != _FORMAT:
        raise ValueError("a stored cost of an unknown format")
    _, own_cgrid, own_run_id, start, zone, tor, prices, matches, charges, summary = written
    clock = zone_of(zone) if isinstance(zone, str) else fixed_zone(zone)
    cost = EventCost(
        cgrid if own_cgrid is None else own_cgrid, run_id if own_run_id is None else own_run_id, read_amount(start), clock, tor
    )
    cost.summary = _read_summary(summary)
    reader = _Unpacker(prices, matches, cost.summary)
    for charge in charges:
        cost.charges.append(reader.charge(charge))
    return cost


def cost_json(body: bytes, cgrid: str, run_id: str, *, usage_untold: bool = False) -> bytes:
    """A stored cost as clients see it; `usage_untold` as in the record."""
    if body[:1] == _JSON_BEGIN:
        return body
    return unpack_cost(body, cgrid, run_id).to_json(told=not usage_untold).encode()


class _Unpacker:
    _intervals: list[Interval]
    _matches: list[Match]
    _summary: AccountSummary | None
    _account_id: str

    def __init__(self, prices: list[Any], matches: list[Any], summary: AccountSummary | None) -> None:
        self._intervals = [_read_interval(price) for price in prices]
        self._matches = [Match(one[0], one[1], one[2], one[3]) for one in matches]
        self._summary = summary
        self._account_id = "" if summary is None else f"{summary.tenant}:{summary.account}"

    def charge(self, written: list[Any]) -> Charge:
        runs = [self._run(run) for run in written[3]]
        charge = Charge(self._price(written[0]), self._matches[written[1]], runs, read_amount(written[2]))
        if len(written) > 4:
            charge.rounding = self._run(written[4])
        return charge

    def _run(self, written: list[Any]) -> Increment:
        run = Increment(read_amount(written[0]), read_amount(written[1]), read_amount(written[2]), read_amount(written[3]))
        run.account_id = self._account_id if written[4] is None else written[4]
        size = len(written)
        if size > 5 and written[5] is not None:
            run.money = self._money(written[5])
        if size > 6 and written[6] is not None:
            run.unit = self._unit(written[6])
        if size > 7:
            run.price = Ratio(read_amount(written[7]), read_amount(written[8]))
            run.offset = read_amount(written[9])
        return run

    def _money(self, written: list[Any]) -> MoneyPart:
        uuid, name = self._balance(written[0], written[3] if len(written) > 3 else None)
        return MoneyPart(uuid, name, read_amount(written[1]), self._price(written[2]) if len(written) > 2 else None)

    def _unit(self, written: list[Any]) -> UnitPart:
        uuid, name = self._balance(written[0], written[3])
        consumed, factor = read_amount(written[4]), read_amount(written[5])
        return UnitPart(uuid, name, read_amount(written[1]), consumed, factor, written[6], written[7], written[8], self._price(written[2]))

    def _balance(self, named: Any, given: str | None) -> tuple[str, str]:
        """The UUID and the ID of a balance: as given, or as the summary has them."""
        summary = self._summary
        if isinstance(named, str) or summary is None:
            return str(named), given or ""
        row = summary.balances[named]
        return row.uuid, row.id if given is None else given

    def _price(self, index: int | None) -> Interval | None:
        return None if index is None else self._intervals[index]


def _read_interval(packed: bytes) -> Interval:
    """The price that `packed_interval` wrote; equal ones are one, as in a tariff."""
    known = _INTERVALS.get(packed)
    if known is not None:
        return known
    timing, fees, rates, num, den = _DECODER.decode(packed)
    hours = None if timing is None else _read_timing(timing)
    rating = Rating(fees[0], fees[1], fees[2], fees[3], fees[4], tuple(_read_rate(rate) for rate in rates))
    made = make_interval(hours, rating, "")
    made.weight = Ratio(read_amount(num), read_amount(den))
    made.packed = packed
    if len(_INTERVALS) >= MAX_SHARED_INTERVALS:
        _INTERVALS.clear()
    _INTERVALS[packed] = made
    return made


def _read_rate(rate: list[Any]) -> Rate:
    return Rate(read_amount(rate[0]), rate[1], read_amount(rate[2]), read_amount(rate[3]))


def _read_timing(timing: list[Any]) -> Timing:
    return Timing(timing[0], _days(timing[1]), _days(timing[2]), _days(timing[3]), _days(timing[4]), timing[5], timing[6])


def _days(numbers: list[int] | None) -> tuple[int, ...] | None:
    return None if numbers is None else tuple(numbers)


def _read_summary(written: list[Any] | None) -> AccountSummary | None:
    if written is None:
        return None
    tenant, account, flags, rows = written
    balances = [_read_row(row) for row in rows]
    return AccountSummary(tenant, account, balances, bool(flags & _NEGATIVE), bool(flags & _DISABLED))


def _read_row(row: list[Any]) -> BalanceSummary:
    weight, disabled, factors = row[5:8] if len(row) > 5 else (0, False, None)
    known = None if factors is None else {name: read_amount(factor) for name, factor in factors.items()}
    return BalanceSummary(row[0], row[1], row[2], read_amount(row[3]), read_amount(row[4]), read_amount(weight), disabled, known)
