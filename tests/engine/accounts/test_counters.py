"""Unit counters: which triggers have one, what it counts, and what puts it back."""

from __future__ import annotations

from typing import Any

import pytest

from engine.accounts.account import Account, BalanceFilter, Trigger
from engine.accounts.charge import Charging
from engine.accounts.counters import init_counters, reset_counters
from engine.money import ONE
from engine.rating.book import Destination, SharedGroup, SharingParameters
from engine.rating.cost import EventCost
from engine.usage import MINUTE, SECOND
from tests.engine.house import CAUSE, account, balance, call, charging, plan

RATES = plan("RP", ("0", "0.6", SECOND, MINUTE), fee="0.2")
CITY = Destination("CITY", ("4930",))


def pattern(**fields: Any) -> BalanceFilter:
    made = BalanceFilter()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def trigger(unique_id: str, kind: str, **fields: Any) -> Trigger:
    made = Trigger("GROUP", unique_id, kind, 10 * ONE)
    made.balance = pattern(**fields)
    return made


def house_of(*triggers: Trigger) -> tuple[Charging, Account]:
    house = charging(("sub", RATES), destinations=(CITY,))
    ann = account(house, "ann")
    ann.triggers = list(triggers)
    init_counters(ann)
    return house, ann


def counted(holder: Account) -> dict[str, int]:
    """What each trigger's counter stands at, in units."""
    found: dict[str, int] = {}
    for chain in (holder.counters or {}).values():
        for counter in chain:
            for one in counter.counters:
                found[one.filter.id or ""] = one.value
    return found


# -- which there are -------------------------------------------------------------------------------------------------------


def test_triggers_that_count_have_counters_by_kind_and_type() -> None:
    _, ann = house_of(
        trigger("a", "*max_event_counter", type="*voice"),
        trigger("b", "*min_event_counter", type="*voice"),
        trigger("c", "*max_balance_counter", type="*voice"),
        trigger("d", "*max_event_connect", type="*event_connect"),
        trigger("e", "*max_balance", type="*monetary"),
        trigger("f", "*balance_expired", type="*voice"),
    )
    shape = {
        kind: [(one.counter_type, [counter.filter.id for counter in one.counters]) for one in chain]
        for kind, chain in (ann.counters or {}).items()
    }
    assert shape == {"*voice": [("*event", ["a", "b"]), ("*balance", ["c"])], "*event_connect": [("*event", ["d"])]}


def test_counters_keep_what_they_counted_while_their_trigger_stays() -> None:
    house, ann = house_of(trigger("a", "*max_event_counter", type="*monetary"), trigger("b", "*max_event_counter", type="*monetary"))
    balance(house, ann, "cash", "*monetary", 9)
    house.debit(call("sub", "ann", 10 * SECOND), CAUSE)
    ann.triggers = [trigger("b", "*max_event_counter", type="*monetary"), trigger("c", "*max_event_counter", type="*monetary")]
    init_counters(ann)
    assert counted(ann) == {"b": 3 * ONE // 10, "c": 0}
    ann.triggers = []
    init_counters(ann)
    assert ann.counters is None


# -- what they count ---------------------------------------------------------------------------------------------------------


def test_money_units_and_connections_are_counted_apart() -> None:
    house, ann = house_of(
        trigger("money", "*max_event_counter", type="*monetary"),
        trigger("voice", "*max_event_counter", type="*voice"),
        trigger("data", "*max_event_counter", type="*data"),
        trigger("calls", "*max_event_connect", type="*event_connect"),
    )
    balance(house, ann, "min", "*voice", 10 * SECOND)
    balance(house, ann, "cash", "*monetary", 9)
    house.debit(call("sub", "ann", 30 * SECOND), CAUSE)
    assert counted(ann) == {"money": ONE // 5, "voice": 10 * SECOND * ONE, "data": 0, "calls": 0}, "no fee: units paid the beginning"
    house.debit(call("sub", "ann", 30 * SECOND), CAUSE)
    assert counted(ann) == {"money": ONE // 5 + ONE // 2, "voice": 10 * SECOND * ONE, "data": 0, "calls": ONE}


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"categories": {"call": True}}, True),
        ({"categories": {"sms": True}}, False),
        ({"destination_ids": {"CITY": True}}, True),
        ({"destination_ids": {"CITY": False}}, False),
        ({"destination_ids": {"OTHER": True}}, False),
        ({"destination_ids": {"*any": True}}, True),
        ({"weight": 99 * ONE}, True),  # that is about balances
    ],
)
def test_event_counters_look_at_the_call(fields: dict[str, Any], counts: bool) -> None:
    house, ann = house_of(trigger("a", "*max_event_counter", type="*monetary", **fields))
    balance(house, ann, "cash", "*monetary", 9)
    house.debit(call("sub", "ann", 10 * SECOND), CAUSE)
    assert (counted(ann)["a"] > 0) is counts


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"weight": 5 * ONE}, True),
        ({"weight": 6 * ONE}, False),
        ({"blocker": True}, False),
        ({"disabled": False}, True),
        ({"categories": {"call": True}}, True),
        ({"categories": {"sms": True}}, False),
        ({"destination_ids": {"CITY": True}}, False),
        ({"rating_subject": "other"}, False),
        ({"id": "another"}, True),  # the ID is the trigger's, not the balance's
    ],
)
def test_balance_counters_look_at_the_balance(fields: dict[str, Any], counts: bool) -> None:
    house, ann = house_of(trigger("a", "*max_balance_counter", type="*monetary", **fields))
    balance(house, ann, "cash", "*monetary", 9, weight=5, categories={"call": True})
    house.debit(call("sub", "ann", 10 * SECOND), CAUSE)
    assert (counted(ann)["a"] > 0) is counts


def test_what_comes_back_is_not_counted_any_more() -> None:
    house, ann = house_of(trigger("a", "*max_balance_counter", type="*monetary"))
    balance(house, ann, "cash", "*monetary", 9)
    cost = house.debit(call("sub", "ann", 10 * SECOND), CAUSE)
    house.refund(EventCost.of(cost, "", "").refunds("*voice"), None, CAUSE)  # type: ignore[arg-type]
    assert counted(ann) == {"a": 0}


def test_questions_count_nothing() -> None:
    house, ann = house_of(trigger("a", "*max_event_counter", type="*monetary"))
    balance(house, ann, "cash", "*monetary", 9)
    house.max_session(call("sub", "ann", 10 * SECOND))
    house.quote(call("sub", "ann", 10 * SECOND))
    house.explain(call("sub", "ann", 10 * SECOND))
    assert counted(ann) == {"a": 0}


def test_the_owner_of_a_shared_balance_counts_it() -> None:
    house, ann = house_of(trigger("a", "*max_event_counter", type="*voice"))

    bob = account(house, "bob")
    bob.triggers = [trigger("b", "*max_event_counter", type="*voice")]
    init_counters(bob)
    house.items.put("shared_group", "G", SharedGroup("G", {"*any": SharingParameters("*highest", "")}, (ann.id, bob.id)))
    balance(house, ann, "mine", "*voice", SECOND, shared_groups={"G": True})
    balance(house, bob, "theirs", "*voice", 60 * SECOND, shared_groups={"G": True})
    house.debit(call("sub", "ann", 10 * SECOND), CAUSE)
    assert (counted(ann), counted(bob)) == ({"a": 0}, {"b": 10 * SECOND * ONE})


# -- back to 0 -----------------------------------------------------------------------------------------------------------------


def test_a_reset_names_the_counter_of_one_trigger() -> None:
    house, ann = house_of(trigger("a", "*max_event_counter", type="*monetary"), trigger("b", "*max_event_counter", type="*monetary"))
    balance(house, ann, "cash", "*monetary", 9)
    house.debit(call("sub", "ann", 10 * SECOND), CAUSE)
    reset_counters(ann, pattern(id="a", type="*voice"))
    assert counted(ann)["a"] > 0, "another type"
    reset_counters(ann, pattern(id="a", type="*monetary"))
    assert counted(ann)["a"] == 0 < counted(ann)["b"]
    reset_counters(ann, pattern(id="b"))
    assert counted(ann)["b"] == 0
