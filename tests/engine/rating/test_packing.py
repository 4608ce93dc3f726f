"""Costs as they are stored: nothing is lost, clients see the same JSON, and what older versions stored is still read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.money import FACTOR_ONE, ONE
from engine.rating.call import AccountSummary, BalanceSummary, Increment, Interval, Match, MoneyPart, UnitPart
from engine.rating.compile import make_interval, price_key
from engine.rating.cost import Charge, EventCost
from engine.rating.packing import cost_json, pack_cost, packed_interval, unpack_cost
from engine.times import UTC_ZONE, ZERO_TIME, fixed_zone, zone_of
from engine.usage import SECOND
from tests.engine.rating.build import EXACT, PER_INCREMENT, price, simple, slot, tariff_of
from tests.engine.rating.plan_folder import ANY_TIMING
from tests.engine.rating.test_cost import ACCOUNT, CASH, MINUTES, OTHER, Session, debits, plain, summary

BIG = 10**30


def told(value: object) -> Any:
    """All that an object of rating holds, prices by what makes them equal."""
    if isinstance(value, Interval):
        return [price_key(value), value.timing, value.rating, value.weight.num, value.weight.den]
    if isinstance(value, Charge):
        return [told(one) for one in (value.interval, value.match, value.increments, value.rounding, value.count)]
    if isinstance(value, Match):
        return [value.subject, value.prefix, value.destination_id, value.plan_id]
    if isinstance(value, Increment):
        steps = [value.duration_ns, value.cost, value.count, value.total, value.price, value.offset, value.account_id]
        return [*steps, told(value.unit), told(value.money)]
    if isinstance(value, MoneyPart):
        return [value.balance_uuid, value.balance_id, value.value, told(value.interval)]
    if isinstance(value, UnitPart):
        amounts = [value.balance_uuid, value.balance_id, value.value, value.consumed, value.factor]
        return [*amounts, value.tor, value.destination, value.category, told(value.interval)]
    if isinstance(value, AccountSummary):
        return [value.tenant, value.account, told(value.balances), value.allow_negative, value.disabled]
    if isinstance(value, BalanceSummary):
        names = [value.uuid, value.id, value.type, value.initial, value.value, value.weight, value.disabled]
        return [*names, value.factors]
    if isinstance(value, list):
        return [told(one) for one in value]
    return value


def all_of(cost: EventCost) -> list[Any]:
    head = [cost.cgrid, cost.run_id, cost.start_ns, cost.zone.name, cost.tor]
    return [*head, told(cost.charges), told(cost.summary)]


def packed_whole(cost: EventCost, cgrid: str = "cgrid", run_id: str = "*default") -> EventCost:
    body = pack_cost(cost, cgrid, run_id)
    again = unpack_cost(body, cgrid, run_id)
    assert all_of(again) == all_of(cost)
    assert pack_cost(again, cgrid, run_id) == body
    return again


def shown_alike(cost: EventCost) -> None:
    body = pack_cost(cost, "cgrid", "*default")
    assert cost_json(body, "cgrid", "*default") == cost.to_json().encode()


@given(
    st.decimals("0", "3", places=5).map(str),
    st.sampled_from([1, 7, 60]),
    st.lists(st.tuples(st.integers(1, 200), st.sampled_from([CASH, OTHER])), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_nothing_is_lost(value: str, step: int, usages: list[tuple[int, str]], exact: bool, rounded: bool, summed: bool) -> None:
    slots = (slot(value, 60 * SECOND, step * SECOND), slot("0.7", 60 * SECOND, SECOND, 100 * SECOND))
    session = Session(tariff_of(("*any", price(*slots, fee="0.1", decimals=3), ANY_TIMING, "10")), EXACT if exact else PER_INCREMENT)
    for usage, uuid in usages:
        session.debit(usage * SECOND, uuid)
    cost = session.cost
    assert cost is not None
    if rounded:
        cost.round()
    if summed:
        cost.summary = summary((CASH, 10**12, -5))
    shown_alike(cost)
    again = packed_whole(cost)
    surplus, wanted = again.trim(50 * SECOND), cost.trim(50 * SECOND)
    assert all_of(again) == all_of(cost)
    assert (surplus is None) == (wanted is None)
    assert surplus is None or wanted is None or all_of(surplus) == all_of(wanted)


STEPS = st.one_of(
    st.tuples(st.just("debit"), st.integers(1, 200), st.sampled_from([CASH, OTHER, MINUTES])),
    st.tuples(st.sampled_from(["trim", "round", "unround", "rename", "free"]), st.integers(0, 400), st.just(CASH)),
)
SUMMARIES = st.lists(st.sampled_from([CASH, OTHER, MINUTES]), unique=True).map(lambda uuids: [(uuid, 10**12, 5) for uuid in uuids])


@given(st.sampled_from([1, 7, 60]), st.lists(st.tuples(STEPS, st.none() | SUMMARIES), min_size=1, max_size=12), st.booleans())
def test_a_cost_that_grew_is_packed_as_if_it_never_was(
    step: int, steps: list[tuple[tuple[str, int, str], list[tuple[str, int, int]] | None]], exact: bool
) -> None:
    """Whatever of it was kept from before: octet by octet."""
    slots = (slot("0.05", 60 * SECOND, step * SECOND), slot("0.7", 60 * SECOND, SECOND, 100 * SECOND))
    tariff = tariff_of(("*any", price(*slots, fee="0.1", decimals=3), ANY_TIMING, "10"))
    other = tariff_of(("*any", price(*slots, fee="0.2", decimals=3), ANY_TIMING, "10"))
    session = Session(tariff, EXACT if exact else PER_INCREMENT)
    cost = session.cost = session.debit(SECOND)
    for (what, number, uuid), rows in steps:
        if what == "debit":
            session.tariff = other if uuid == OTHER else tariff
            session.debit(number * SECOND, uuid)
        elif what == "trim":
            cost.trim(number * SECOND)
        elif what == "round":
            cost.round()
        elif what == "unround":
            cost.unround()
        elif what == "free":
            cost.merge(EventCost.pause("cgrid", "*default", session.call.end_ns, UTC_ZONE, number, ACCOUNT))
        else:
            cost.cgrid = f"cgrid{number}"
            cost.unpack()
        if rows is not None:
            cost.summary = summary(*rows)
            cost.packed = b""
        body = pack_cost(cost, cost.cgrid, "*default")
        anew = EventCost(cost.cgrid, "*default", cost.start_ns, cost.zone, cost.tor)
        anew.charges, anew.summary = cost.charges, cost.summary
        assert body == pack_cost(anew, cost.cgrid, "*default")
        assert all_of(unpack_cost(body, cost.cgrid, "*default")) == all_of(cost)


def test_what_is_seldom_is_kept_too() -> None:
    cost = EventCost("other", "reseller", ZERO_TIME, zone_of("Europe/Vienna"), "*data")
    rows = [
        BalanceSummary(MINUTES, "min", "*voice", BIG, -BIG, -15, True, {"*voice": FACTOR_ONE * 60, "*sms": 0}),
        BalanceSummary(CASH, "cash", "*monetary", 1, 2, 0, False, {}),
    ]
    cost.summary = AccountSummary("example.org", "1001", rows, True, True)
    run = Increment(2**70, BIG, 2**70, -BIG)
    run.unit = UnitPart(MINUTES, "another name", BIG, 2 * SECOND * ONE, BIG, "*voice", "49", "call", None)
    run.money = MoneyPart("gone", "", -1, None)
    run.account_id = "example.org:another"
    priced = make_interval(ANY_TIMING, price(slot("1.50", SECOND, SECOND), fee="1"), "-0.5")
    cost.charges = [Charge(priced, Match("s", "p", "d", "plan"), [run], 2**70), Charge(None, Match("", "", "", ""), [], 0)]
    bare = Increment(1, 0, 1, 0)
    bare.money = MoneyPart(CASH, "cash", 7, priced)
    cost.charges[1].rounding = bare
    packed_whole(cost)
    cost.zone = fixed_zone(-12_600)
    packed_whole(cost, "other", "reseller")


def test_a_pause_and_an_empty_cost_are_kept() -> None:
    for cost in (EventCost.pause("c", "r", 5, UTC_ZONE, 60 * SECOND, "1001"), EventCost("c", "r", ZERO_TIME, UTC_ZONE, "")):
        packed_whole(cost)
        shown_alike(cost)


def test_it_is_small_and_prices_are_shared() -> None:
    cost = debits(simple("0.6"), 60, 61)
    cost.summary = summary((CASH, 10**15, 10**14))
    body = pack_cost(cost, "cgrid", "*default")
    assert len(body) < 300 < len(cost_json(body, "cgrid", "*default"))
    one, other = (unpack_cost(body, "cgrid", "*default").charges[0].interval for _ in range(2))
    assert one is not None
    assert one is other
    assert packed_interval(one) in body


def test_json_of_an_older_version_is_read() -> None:
    cost = debits(simple("0.01"), 61, options=EXACT)
    body = cost.to_json().encode()
    assert plain(unpack_cost(body, "", "").to_data()) == plain(cost.to_data())
    assert cost_json(body, "", "") == body


def test_a_record_may_not_tell_the_usage() -> None:
    body = pack_cost(debits(simple("0.6"), 60), "cgrid", "*default")
    assert msgspec.json.decode(cost_json(body, "cgrid", "*default", usage_untold=True))["Usage"] is None


@pytest.mark.parametrize("body", [b"\x90", b"\x91\x02"])
def test_what_is_no_stored_cost_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="unknown format"):
        unpack_cost(body, "", "")


def test_accounts_of_others_are_named() -> None:
    cost = debits(simple("0.6"), 60)
    assert cost.charges[0].increments[0].account_id == ACCOUNT
    packed_whole(cost)
