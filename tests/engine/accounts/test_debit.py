"""Debits: which balance pays which steps, and what is left."""

from __future__ import annotations

from collections.abc import Iterable

from engine.accounts.account import Account
from engine.errors import Refusal
from engine.money import ONE
from engine.rating.book import Destination
from engine.rating.call import CallCost, Span
from engine.usage import MINUTE, SECOND
from tests.engine.house import CAUSE, account, balance, call, charging, plan

PER_SECOND = plan("RP_SEC", ("0", "0.6", SECOND, MINUTE))
PER_MINUTE = plan("RP_MIN", ("0", "0.6", MINUTE, MINUTE))
WITH_FEE = plan("RP_FEE", ("0", "0.6", SECOND, MINUTE), fee="0.2")


def paid(cost: CallCost | Refusal) -> list[tuple[int, int, str, str]]:
    """(steps, total in 10**-9, unit balance, money balance) run by run."""
    assert isinstance(cost, CallCost)
    return [
        (run.count, run.total, run.unit.balance_id if run.unit else "", run.money.balance_id if run.money else "")
        for span in cost.spans
        for run in span.increments or []
    ]


def held(holder: Account) -> dict[str, int]:
    return {one.id: one.value for chain in (holder.balances or {}).values() for one in chain}


def ends(spans: Iterable[Span]) -> list[int]:
    return [span.end_ns - span.start_ns for span in spans]


def test_units_go_before_money() -> None:
    house = charging(("sub", PER_SECOND))
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", 1, weight=50)
    balance(house, ann, "min", "*voice", 20 * SECOND)
    cost = house.debit(call("sub", "ann", 30 * SECOND), CAUSE)
    assert paid(cost) == [(20, 0, "min", ""), (10, ONE // 10, "", "cash")]
    assert held(ann) == {"cash": ONE * 9 // 10, "min": 0}


def test_a_balance_for_the_destination_goes_before_a_heavier_general_one() -> None:
    house = charging(("sub", PER_SECOND), destinations=(Destination("NEAR", ("49",)),))
    ann = account(house, "ann")
    balance(house, ann, "all", "*voice", 60 * SECOND, weight=50)
    balance(house, ann, "near", "*voice", 60 * SECOND, weight=1, destination_ids={"NEAR": True})
    assert paid(house.debit(call("sub", "ann", 10 * SECOND), CAUSE)) == [(10, 0, "near", "")]


def test_a_step_is_paid_whole_or_not_at_all() -> None:
    house = charging(("sub", PER_MINUTE))
    ann = account(house, "ann")
    balance(house, ann, "min", "*voice", 90 * SECOND, rating_subject="*zero1m")
    cost = house.max_debit(call("sub", "ann", 120 * SECOND), CAUSE)
    assert paid(cost) == [(1, 0, "min", "")]
    assert held(ann) == {"min": 30 * SECOND * ONE}


def test_what_nobody_pays_makes_the_default_balance_negative() -> None:
    house = charging(("sub", PER_SECOND))
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", "0.05")
    assert paid(house.debit(call("sub", "ann", 10 * SECOND), CAUSE)) == [(5, ONE // 20, "", "cash"), (5, ONE // 20, "", "*default")]
    assert held(ann) == {"cash": 0, "*default": -ONE // 20}


def test_the_connect_fee_is_paid_once_and_first() -> None:
    house = charging(("sub", WITH_FEE))
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", 1)
    first = call("sub", "ann", 10 * SECOND)
    assert paid(house.max_debit(first, CAUSE)) == [(1, ONE // 5, "", "cash"), (10, ONE // 10, "", "cash")]
    second = call("sub", "ann", 10 * SECOND)
    second.loop_index = 1
    assert paid(house.max_debit(second, CAUSE)) == [(10, ONE // 10, "", "cash")]


def test_an_account_that_cannot_pay_the_fee_may_not_begin() -> None:
    house = charging(("sub", WITH_FEE))
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", "0.19")
    assert house.max_session(call("sub", "ann", MINUTE)) == 0


def test_a_blocker_refuses_a_debit_and_only_shortens_a_session() -> None:
    house = charging(("sub", PER_SECOND))
    ann = account(house, "ann")
    balance(house, ann, "first", "*monetary", "0.05", weight=20, blocker=True)
    balance(house, ann, "second", "*monetary", 5, weight=10)
    before = held(ann)
    assert house.debit(call("sub", "ann", 10 * SECOND), CAUSE) is Refusal.BALANCE_BLOCKER
    assert held(ann) == before
    assert house.max_session(call("sub", "ann", 10 * SECOND)) == 5 * SECOND


def test_priced_units_take_units_and_money_together() -> None:
    house = charging(("sub", PER_SECOND), ("night", plan("RP_N", ("0", "0.06", SECOND, MINUTE))))
    ann = account(house, "ann")
    balance(house, ann, "min", "*voice", 30 * SECOND, rating_subject="night")
    balance(house, ann, "cash", "*monetary", 1)
    assert paid(house.debit(call("sub", "ann", 30 * SECOND), CAUSE)) == [(30, ONE * 3 // 100, "min", "cash")]


def test_a_refusal_takes_nothing() -> None:
    house = charging(("sub", PER_SECOND))
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", 1)
    entries = len(house.ledger.entries)
    assert house.debit(call("stranger", "ann", SECOND), CAUSE) is Refusal.RATING_PLAN_NOT_FOUND
    assert house.debit(call("sub", "nobody", SECOND), CAUSE) is Refusal.ACCOUNT_NOT_FOUND
    ann.disabled = True
    assert house.debit(call("sub", "ann", SECOND), CAUSE) is Refusal.ACCOUNT_DISABLED
    assert len(house.ledger.entries) == entries


def test_a_free_limit_stops_the_price_but_not_the_call() -> None:
    house = charging(("sub", plan("RP_F", ("0", "6", MINUTE, MINUTE), limit=("10", "*free"))))
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", 100)
    cost = house.debit(call("sub", "ann", 10 * MINUTE), CAUSE)
    assert paid(cost) == [(2, 12 * ONE, "", "cash"), (8, 0, "", "cash")]


def test_a_disconnect_limit_bounds_the_session() -> None:
    house = charging(("sub", plan("RP_D", ("0", "6", MINUTE, MINUTE), limit=("10", "*disconnect"))))
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", 100)
    assert house.max_session(call("sub", "ann", 10 * MINUTE)) == 2 * MINUTE


def test_a_quote_changes_nothing() -> None:
    house = charging(("sub", PER_SECOND))
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", "0.05")
    house.ledger.take()
    quote = house.quote(call("sub", "ann", 10 * SECOND))
    assert isinstance(quote, CallCost)
    assert quote.cost == ONE // 10
    assert quote.summary is not None
    assert [(one.id, one.value) for one in quote.summary.balances] == [("cash", 0), ("*default", -ONE // 20)]
    assert held(ann) == {"cash": ONE // 20}
    assert house.ledger.take() == ([], [])


def test_a_month_of_seconds_is_one_run() -> None:
    house = charging(("sub", PER_SECOND))
    ann = account(house, "ann", allow_negative=True)
    balance(house, ann, "cash", "*monetary", 100_000)
    cost = house.debit(call("sub", "ann", 30 * 24 * 3600 * SECOND, tor="*data"), CAUSE)
    assert paid(cost) == [(2_592_000, 25_920 * ONE, "", "cash")]


def test_a_call_that_is_cut_short_is_priced_from_its_beginning() -> None:
    """What is granted is the first half minute, at the first price; the second begins after a minute."""
    house = charging(("sub", plan("RP_TWO", ("0", "0.6", SECOND, MINUTE), (f"{MINUTE}", "6", SECOND, MINUTE))))
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", "0.3")
    asked = call("sub", "ann", 120 * SECOND)
    assert paid(house.max_debit(asked, CAUSE)) == [(30, ONE * 3 // 10, "", "cash")]
    assert asked.duration_index_ns == asked.duration_ns == 30 * SECOND
