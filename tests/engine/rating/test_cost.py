"""The explained cost of an event: what sessions do with it, and that nothing is lost on the way."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accounts.debit import step_interval
from engine.money import FACTOR_ONE, ONE, Amount, amount_of
from engine.rating.call import AccountSummary, BalanceSummary, CallCost, Increment, Match, MoneyPart, RatingOptions, UnitPart
from engine.rating.compress import compress
from engine.rating.cost import Charge, EventCost
from engine.rating.packing import pack_cost, unpack_cost
from engine.rating.query import standard_cost
from engine.rating.tariff import Tariff
from engine.times import UTC_ZONE, ZERO_TIME
from engine.usage import SECOND
from tests.engine.rating.build import EXACT, PER_INCREMENT, call_of, cost_of, price, simple, slot, tariff_of
from tests.engine.rating.plan_folder import ANY_TIMING

CASH = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
MINUTES = "33333333-3333-4333-8333-333333333333"
ACCOUNT = "example.org:1001"


def pay(run: Increment, uuid: str = CASH) -> Increment:
    run.money = MoneyPart(uuid, "cash", 0, None)
    run.account_id = ACCOUNT
    return run


class Session:
    """Debits of one session, each from the balance that it is told."""

    def __init__(self, tariff: Tariff, options: RatingOptions = PER_INCREMENT, start: str = "2026-03-04T10:00:00Z") -> None:
        self.tariff = tariff
        self.options = options
        self.call = call_of(0, start=start)
        self.begun = self.call.start_ns
        self.cost: EventCost | None = None

    def debit(self, usage: int, uuid: str = CASH) -> EventCost:
        call = self.call
        call.start_ns = call.end_ns
        call.end_ns = call.start_ns + usage
        call.duration_index_ns = call.end_ns - self.begun
        call.infos = None
        cost = standard_cost(self.tariff, call, self.options)
        assert isinstance(cost, CallCost)
        first = cost.spans[0]
        assert first.interval is not None
        if call.loop_index == 0 and first.interval.connect_fee:
            first.increments = [Increment(0, first.interval.connect_fee, 1, first.interval.connect_fee), *(first.increments or [])]
        for span in cost.spans:
            for run in span.increments or []:
                pay(run, uuid)
                if run.price is not None:
                    call.run_price, call.run_step_ns, call.run_length = run.price, run.duration_ns, run.offset + run.count
        call.end_ns = cost.spans[-1].end_ns
        call.loop_index += 1
        cost.spans = compress(cost.spans)
        found = EventCost.of(cost, "cgrid", "*default")
        if self.cost is None:
            self.cost = found
        else:
            self.cost.merge(found)
        return self.cost


def shape(cost: EventCost) -> list[tuple[int, list[tuple[int, int]]]]:
    """Per charge how often it counts, and the seconds and count of its increments."""
    return [(charge.count, [(run.duration_ns // SECOND, run.count) for run in charge.increments]) for charge in cost.charges]


def debits(tariff: Tariff, *usages: int, options: RatingOptions = PER_INCREMENT) -> EventCost:
    session = Session(tariff, options)
    for usage in usages:
        session.debit(usage * SECOND)
    assert session.cost is not None
    return session.cost


# -- merging (recorded: sessions-kinds, -reserve, -odd, random-1/4) --------------------------------------------------------


def test_equal_parts_count_and_unequal_ones_go_on() -> None:
    assert shape(debits(simple("0.6"), 60, 60)) == [(2, [(1, 60)])]
    assert shape(debits(simple("0.6"), 60, 60, 60)) == [(3, [(1, 60)])]
    assert shape(debits(simple("0.6"), 60, 130, 169)) == [(1, [(1, 359)])]
    assert shape(debits(simple("0.6", fee="0.5"), 120, 120)) == [(1, [(0, 1), (1, 240)])]
    assert shape(debits(simple("0.6"), 60, 60, 70)) == [(2, [(1, 60)]), (1, [(1, 70)])]


def test_another_balance_begins_another_charge() -> None:
    session = Session(simple("0.6", fee="0.5"))
    session.debit(13 * SECOND)
    session.debit(11 * SECOND)
    session.debit(32 * SECOND, OTHER)
    cost = session.debit(28 * SECOND, OTHER)
    assert shape(cost) == [(1, [(0, 1), (1, 24)]), (1, [(1, 60)])]


def test_midnight_is_forgotten_where_parts_go_on() -> None:
    session = Session(simple("3.75"), start="2026-04-14T23:59:17Z")
    session.debit(60 * SECOND)
    cost = session.debit(70 * SECOND)
    assert shape(cost) == [(1, [(1, 43)]), (1, [(1, 87)])]
    cost.trim(101 * SECOND)
    assert shape(cost) == [(1, [(1, 43)]), (1, [(1, 58)])]


def test_exact_parts_go_on_where_their_price_stands() -> None:
    cost = debits(simple("0.01"), 20, 25, 15, options=EXACT)
    assert shape(cost) == [(1, [(1, 60)])]
    assert cost.cost == 10_000_000
    assert shape(debits(simple("0.01"), 60, 60, options=EXACT)) == [(2, [(1, 60)])]
    thirds = debits(simple("0.01"), 20, 20, options=EXACT)
    assert (shape(thirds), thirds.cost) == ([(1, [(1, 40)])], 6_666_667)


def summary(*balances: tuple[str, int, int]) -> AccountSummary:
    rows = [BalanceSummary(uuid, "b", "*monetary", initial, value, 0, False, None) for uuid, initial, value in balances]
    return AccountSummary("example.org", "1001", rows, False, False)


def test_the_summary_begins_where_the_session_began() -> None:
    first = EventCost("c", "r", 0, UTC_ZONE, "")
    later = EventCost("c", "r", 0, UTC_ZONE, "")
    first.summary = summary((CASH, 100, 90), (OTHER, 5, 3))
    later.summary = summary((CASH, 90, 70))
    first.merge(later)
    assert first.summary is not None
    assert [(row.uuid, row.initial, row.value) for row in first.summary.balances] == [(CASH, 100, 70), (OTHER, 5, 0)]


# -- trimming and refunds --------------------------------------------------------------------------------------------------


def money_back(cost: EventCost | None) -> Amount:
    return 0 if cost is None else sum(refund.money_amount for refund in cost.refunds())


def test_trim_cuts_folds_and_steps() -> None:
    cost = debits(simple("0.6"), 60, 60)
    surplus = cost.trim(76 * SECOND)
    assert surplus is not None
    assert (shape(cost), shape(surplus)) == ([(1, [(1, 60)]), (1, [(1, 16)])], [(1, [(1, 44)])])
    assert money_back(surplus) == 440_000_000
    minutes = debits(simple("3.75", step=60 * SECOND), 60, 60)
    assert minutes.trim(75 * SECOND) is None
    assert shape(minutes) == [(2, [(60, 1)])]


def test_trim_keeps_what_is_used_and_its_fee() -> None:
    cost = debits(simple("0.6", fee="0.5"), 120)
    assert cost.trim(120 * SECOND) is None
    assert cost.trim(500 * SECOND) is None
    assert money_back(cost.trim(80 * SECOND)) == 400_000_000
    assert cost.cost == 1_300_000_000


def test_trim_to_nothing_gives_the_fee_back_too() -> None:
    cost = debits(simple("0.6", fee="0.5"), 120)
    assert money_back(cost.trim(0)) == 1_700_000_000
    assert (cost.charges, cost.start_ns, cost.cost, cost.usage_ns) == ([], ZERO_TIME, 0, 0)


def units(*counts: int, balance: str, kind: str) -> EventCost:
    """What debits of so many units from one balance come to."""
    cost = EventCost("c", "r", 0, UTC_ZONE, "*sms")
    cost.summary = AccountSummary("example.org", "1001", [BalanceSummary(balance, "b", kind, 9, 0, 0, False, None)], False, False)
    for count in counts:
        run = Increment(1, 0, count, 0)
        run.unit = UnitPart(balance, "b", 0, 1, FACTOR_ONE, "*sms", "1999", "call", None)
        cost.charges.append(Charge(step_interval(1), Match(balance, "1999", "*any", "*none"), [run], 1))
    return cost


def units_back(cost: EventCost | None) -> Amount:
    return 0 if cost is None else sum(refund.unit_amount for refund in cost.refunds())


def test_units_come_back_to_the_types_that_get_them_back() -> None:
    returned = frozenset({"*voice", "*data"})
    assert units_back(units(30, balance="b1", kind="*sms").trim(12)) == 18
    assert units_back(units(30, balance="b1", kind="*sms").trim(12, returned)) == 0
    assert units_back(units(30, balance="b1", kind="*data").trim(12, returned)) == 18
    assert units_back(units(30, balance="b1", kind="*sms").trim(0, returned)) == 30


def test_units_of_later_balances_are_kept_where_their_type_gets_none_back() -> None:
    cost = units(12, balance="b1", kind="*generic")
    cost.merge(units(6, balance="b1", kind="*generic"), frozenset({"*voice"}))
    assert shape(cost) == [(1, [(0, 18)])]
    cost.merge(units(4, balance="b2", kind="*sms"), frozenset({"*voice"}))
    cost.merge(units(4, balance="b2", kind="*sms"), frozenset({"*voice"}))
    assert shape(cost) == [(1, [(0, 18)]), (1, [(0, 8)])]
    assert units_back(cost.trim(0, frozenset({"*voice"}))) == 18


@given(
    st.decimals("0.00001", "3", places=5).map(str),
    st.sampled_from([1, 6, 7, 60]),
    st.lists(st.integers(1, 200), min_size=1, max_size=5),
    st.lists(st.integers(0, 800), min_size=1, max_size=3),
    st.booleans(),
)
def test_what_is_kept_and_what_is_given_back_is_what_was_taken(
    value: str, step: int, usages: list[int], ends: list[int], exact: bool
) -> None:
    slots = (slot(value, 60 * SECOND, step * SECOND), slot("0.7", 60 * SECOND, SECOND, 100 * SECOND))
    tariff = tariff_of(("*any", price(*slots, fee="0.1"), ANY_TIMING, "10"))
    cost = debits(tariff, *usages, options=EXACT if exact else PER_INCREMENT)
    for end in sorted(ends, reverse=True):
        taken, used = cost.cost, cost.usage_ns
        surplus = cost.trim(end * SECOND)
        if surplus is None:
            assert (cost.cost, cost.usage_ns) == (taken, used)
            assert used - end * SECOND < step * SECOND
            continue
        assert cost.cost + money_back(surplus) == taken
        assert cost.usage_ns + surplus.usage_ns == used
        assert cost.usage_ns >= end * SECOND
        assert end == 0 or cost.usage_ns - end * SECOND < step * SECOND


def test_units_come_back_as_they_were_consumed() -> None:
    cost = EventCost.of(cost_of(simple("0"), call_of(30 * SECOND)), "c", "r")
    run = cost.charges[0].increments[1]
    run.unit = UnitPart(MINUTES, "min", 0, 2 * SECOND * ONE, 2 * ONE, "*voice", "49", "call", None)
    run.account_id = ACCOUNT
    refund = cost.refunds()[0]
    assert (refund.account_id, refund.unit_uuid, refund.unit_amount, refund.tor) == (ACCOUNT, MINUTES, 60 * SECOND * ONE, "*voice")
    again = EventCost.from_data(cost.to_data()).refunds("*data")[0]
    assert (again.unit_amount, again.tor) == (60 * SECOND * ONE, "*data")


# -- rounding --------------------------------------------------------------------------------------------------------------


def test_rounding_is_by_charge_and_tells_who_pays() -> None:
    cost = debits(simple("0.7", step=7 * SECOND, decimals=2), 60, 130, 47)
    assert cost.round() == [(ACCOUNT, CASH, 1_550_000)]
    assert cost.cost == 2_860_000_000
    assert cost.round() == []


def test_folded_parts_are_rounded_once() -> None:
    """Equal parts are one charge; what is rounded is their sum (quirk 5: it leaves the account, so the record says it)."""
    cost = debits(simple("0.7", step=7 * SECOND, decimals=2), 60, 60, 86)
    corrections = cost.round()
    assert sum(amount for _, _, amount in corrections) == 2_550_000_000 - 31 * 81_670_000
    assert cost.cost == 2_550_000_000
    assert json_sum(cost.to_data()) == Decimal("2.55")
    assert shape(cost)[:2] == [(1, [(7, 9)]), (1, [(7, 9)])]


@pytest.mark.parametrize("usages", [(60, 60, 60), (7, 7, 7, 7), (60, 60, 86), (60, 130, 47), (7, 7, 60, 60)])
@pytest.mark.parametrize("stored", [False, True])
def test_rounding_is_taken_back_as_if_it_had_never_been(usages: tuple[int, ...], stored: bool) -> None:
    cost = debits(simple("0.7", step=7 * SECOND, decimals=2), *usages)
    before, parts, total = pack_cost(cost, "cgrid", "*default"), shape(cost), cost.cost
    corrections = cost.round()
    rounded, packed = cost.cost, pack_cost(cost, "cgrid", "*default")
    if stored:
        cost = unpack_cost(packed, "cgrid", "*default")
    assert cost.unround() == [(account, uuid, -amount) for account, uuid, amount in corrections]
    assert (shape(cost), cost.cost) == (parts, total)
    assert pack_cost(cost, "cgrid", "*default") == before
    assert cost.round() == corrections
    assert cost.cost == rounded


def test_what_no_money_paid_is_not_rounded() -> None:
    cost = EventCost.of(cost_of(simple("0.7", decimals=2), call_of(61 * SECOND), PER_INCREMENT), "c", "r")
    assert cost.round() == []
    assert EventCost.pause("c", "r", 0, UTC_ZONE, 60 * SECOND, "1001").round() == []


# -- as JSON ---------------------------------------------------------------------------------------------------------------


def json_sum(data: dict[str, Any]) -> Decimal:
    """The sum of the parts, as a client adds them up."""
    total = Decimal(0)
    for charge in data["Charges"]:
        once = sum((Decimal(str(row["Cost"])) * row["CompressFactor"] for row in charge["Increments"]), Decimal(0))
        total += once * charge["CompressFactor"]
    return total


def plain(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(data))
    return found


@given(
    st.decimals("0", "3", places=5).map(str),
    st.sampled_from([1, 7, 60]),
    st.lists(st.integers(1, 200), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_a_cost_survives_being_written(value: str, step: int, usages: list[int], exact: bool, rounded: bool) -> None:
    slots = (slot(value, 60 * SECOND, step * SECOND), slot("0.7", 60 * SECOND, SECOND, 100 * SECOND))
    tariff = tariff_of(("*any", price(*slots, fee="0.1", decimals=3), ANY_TIMING, "10"))
    cost = debits(tariff, *usages, options=EXACT if exact else PER_INCREMENT)
    if rounded:
        cost.round()
    data = cost.to_data()
    assert json_sum(plain(data)) == Decimal(cost.cost) / ONE
    for form in (data, plain(data), msgspec.msgpack.decode(msgspec.msgpack.encode(data))):
        again = EventCost.from_data(form)
        assert (again.cost, again.usage_ns, again.start_ns) == (cost.cost, cost.usage_ns, cost.start_ns)
        assert plain(again.to_data()) == plain(data)
        assert money_back(again.trim(50 * SECOND)) == money_back(EventCost.from_data(data).trim(50 * SECOND))


def test_a_session_goes_on_after_it_was_written() -> None:
    whole = Session(simple("0.01"), EXACT)
    halved = Session(simple("0.01"), EXACT)
    for usage in (17, 25, 18):
        whole.debit(usage * SECOND)
        cost = halved.debit(usage * SECOND)
        halved.cost = EventCost.from_data(plain(cost.to_data()))
    assert whole.cost is not None
    assert halved.cost is not None
    assert plain(whole.cost.to_data()) == plain(halved.cost.to_data())
    assert halved.cost.cost == 10_000_000


def test_an_exact_price_is_written_with_the_rounding_that_it_needs() -> None:
    data = debits(simple("0.01"), 61, options=EXACT).to_data()
    rows = plain(data)["Charges"][0]["Increments"]
    assert (rows[0]["Cost"], rows[0]["Price"], rows[0]["Offset"]) == (0.000166667, "1/6000", 0)
    assert rows[1]["Cost"] == pytest.approx(-2e-8)
    assert plain(data)["Accounting"][rows[1]["AccountingID"]]["RatingID"] == "*rounding"
    assert "Price" not in plain(debits(simple("0.6"), 61, options=EXACT).to_data())["Charges"][0]["Increments"][0]


def test_amounts_that_no_double_holds_keep_their_digits() -> None:
    cost = EventCost.of(cost_of(simple("123456789.123456789", SECOND), call_of(SECOND)), "c", "r")
    assert EventCost.from_data(plain(cost.to_data())).cost == cost.cost == amount_of("123456789.123456789")


def test_equal_parts_share_their_keys() -> None:
    data = plain(debits(simple("0.6"), 60, 61).to_data())
    session = Session(simple("0.6"))
    session.debit(60 * SECOND)
    other = plain(session.debit(60 * SECOND, OTHER).to_data())
    assert len(data["Rating"]) == len(data["Accounting"]) == 1
    assert (len(other["Rating"]), len(other["Accounting"])) == (1, 2)
    assert all(len(key) == 7 for table in ("Rating", "Accounting", "Rates", "Timings", "RatingFilters") for key in other[table])


def test_a_pause_is_written_by_its_name() -> None:
    session = Session(simple("7.5"))
    session.debit(30 * SECOND)
    assert session.cost is not None
    session.cost.merge(EventCost.pause("c", "r", session.call.end_ns, UTC_ZONE, 60 * SECOND, "1001"))
    data = plain(session.debit(30 * SECOND).to_data())
    assert [charge["RatingID"] == "*pause" for charge in data["Charges"]] == [False, True, False]
    assert data["Charges"][1]["Increments"] == [{"Usage": 60 * SECOND, "Cost": 0, "AccountingID": "*pause", "CompressFactor": 1}]
    assert data["Accounting"]["*pause"] == {"AccountID": "1001", "BalanceUUID": "", "RatingID": "*pause", "Units": 0, "ExtraChargeID": ""}
    assert data["Rating"]["*pause"]["RatesID"] == data["Rating"]["*pause"]["RatingFiltersID"] == "*pause"
    assert (data["Usage"], data["Cost"]) == (120 * SECOND, 7.5)
    assert plain(EventCost.from_data(data).to_data()) == data


def test_what_is_no_cost_is_refused() -> None:
    good = debits(simple("0.6"), 60).to_data()
    for name, value in (
        ("Charges", 5),
        ("Rating", [1]),
        ("StartTime", 7),
        ("StartTime", "soon"),
        ("AccountSummary", "x"),
        ("Charges", [3]),
    ):
        with pytest.raises(ValueError, match=r"."):
            EventCost.from_data({**good, name: value})


def test_recorded_costs_are_read_and_written_alike() -> None:
    from tests.engine.rating.places import RECORDINGS, need
    from tests.engine.rating.recorded import every_event_cost, resolve

    seen = 0
    for where, data in every_event_cost(need(RECORDINGS / "money")):
        if data["Usage"] is None:
            continue
        wanted = {name: value for name, value in resolve(data).items() if name != "Cost"}
        again = EventCost.from_data(data)
        written = plain(again.to_data())
        assert abs(Decimal(str(written["Cost"])) - Decimal(str(data["Cost"]))) < Decimal("1e-6"), where
        found = {name: value for name, value in resolve(written).items() if name != "Cost"}
        assert found == wanted, where
        seen += 1
    assert seen > 500
