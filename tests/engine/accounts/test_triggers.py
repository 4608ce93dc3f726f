"""Triggers: when one is open, when it is due, and which goes first."""

from __future__ import annotations

from typing import Any

import pytest

from engine.accounts.account import Account, Balance, BalanceFilter, CounterFilter, Trigger, UnitCounter
from engine.accounts.triggers import by_weight, is_due, is_open
from engine.money import ONE
from engine.times import NO_TIME, UTC_ZONE, Moment
from engine.usage import SECOND
from tests.engine.house import NOW, TENANT


def moment(seconds: int) -> Moment:
    return Moment(NOW + seconds * SECOND, UTC_ZONE)


def trigger(kind: str, threshold: int = 10, **fields: Any) -> Trigger:
    made = Trigger("GROUP", "one", kind, threshold * ONE)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def watching(kind: str, threshold: int = 10, **fields: Any) -> Trigger:
    """A trigger whose pattern has these fields."""
    made = trigger(kind, threshold)
    for name, value in fields.items():
        setattr(made.balance, name, value)
    return made


def held(value: int, **fields: Any) -> Balance:
    made = Balance("u1", "cash", "*monetary", value * ONE)
    for name, field in fields.items():
        setattr(made, name, field)
    return made


@pytest.mark.parametrize(
    ("fields", "opened"),
    [
        ({}, True),
        ({"executed": True}, False),
        ({"executed": True, "recurrent": True}, False),
        ({"expires": moment(-1)}, False),
        ({"expires": moment(0)}, True),
        ({"activates": moment(-1)}, True),
        ({"activates": moment(0)}, False),
        ({"activates": moment(9)}, False),
        ({"recurrent": True, "min_sleep_ns": 60 * SECOND, "last_execution_at": moment(-59)}, False),
        ({"recurrent": True, "min_sleep_ns": 60 * SECOND, "last_execution_at": moment(-60)}, True),
        ({"recurrent": True, "min_sleep_ns": 60 * SECOND, "last_execution_at": NO_TIME}, True),
        ({"recurrent": False, "min_sleep_ns": 60 * SECOND, "last_execution_at": moment(-1)}, True),
    ],
)
def test_when_a_trigger_may_fire(fields: dict[str, Any], opened: bool) -> None:
    assert is_open(trigger("*max_balance", **fields), NOW) is opened


@pytest.mark.parametrize(
    ("kind", "value", "due"),
    [
        ("*max_balance", 9, False),
        ("*max_balance", 10, True),
        ("*max_balance", 11, True),
        ("*min_balance", 11, False),
        ("*min_balance", 10, True),
        ("*min_balance", -1, True),
    ],
)
def test_balances_at_their_threshold(kind: str, value: int, due: bool) -> None:
    ann = Account(TENANT, "ann")
    assert is_due(trigger(kind), ann, [held(value)], NOW) is due
    assert is_due(trigger(kind), ann, [], NOW) is False, "only what changed is looked at"


@pytest.mark.parametrize(("expires", "due"), [(NO_TIME, False), (moment(-1), True), (moment(0), False), (moment(1), False)])
def test_balances_that_expired(expires: Moment, due: bool) -> None:
    assert is_due(trigger("*balance_expired"), Account(TENANT, "ann"), [held(1, expires=expires)], NOW) is due


@pytest.mark.parametrize(
    ("pattern", "balance", "due"),
    [
        ({"type": "*voice"}, {}, False),
        ({"type": "*monetary"}, {}, True),
        ({"id": "cash", "weight": 99 * ONE}, {}, True),  # an ID alone decides
        ({"id": "other"}, {}, False),
        ({"uuid": "u1", "id": "other"}, {}, True),  # and a UUID before it
        ({"uuid": "u2", "id": "cash"}, {}, False),
        ({"weight": 5 * ONE}, {"weight": 5 * ONE}, True),
        ({"weight": 5 * ONE}, {"weight": 6 * ONE}, False),
        ({"destination_ids": {"A": True}}, {"destination_ids": {"A": True}}, True),
        ({"destination_ids": {"A": True}}, {"destination_ids": {"A": True, "B": True}}, False),  # equal, not included
        ({"categories": {}}, {"categories": None}, True),
        ({"shared_groups": {"G": True}}, {}, False),
        ({"timing_ids": {"T": True}}, {"timing_ids": {"T": False}}, False),
        ({"rating_subject": "x"}, {"rating_subject": "x"}, True),
        ({"rating_subject": "x"}, {}, False),
        ({"blocker": True}, {"blocker": True}, True),
        ({"blocker": True}, {}, False),
        ({"disabled": True}, {}, False),
        ({"expires": NO_TIME}, {"expires": moment(5)}, False),
    ],
)
def test_which_balances_a_trigger_watches(pattern: dict[str, Any], balance: dict[str, Any], due: bool) -> None:
    assert is_due(watching("*max_balance", 1, **pattern), Account(TENANT, "ann"), [held(1, **balance)], NOW) is due


@pytest.mark.parametrize(
    ("kind", "counter_type", "value", "due"),
    [
        ("*max_event_counter", "*event", 10, True),
        ("*max_event_counter", "*event", 9, False),
        ("*min_event_counter", "*event", 10, True),
        ("*min_event_counter", "*event", 11, False),
        ("*max_balance_counter", "*balance", 10, True),
        ("*max_balance_counter", "*event", 10, False),  # another kind of counter
        ("*max_event_counter", "*balance", 10, False),
        ("*max_event_connect", "*event", 10, True),
    ],
)
def test_counters_at_their_threshold(kind: str, counter_type: str, value: int, due: bool) -> None:
    ann = Account(TENANT, "ann")
    pattern = BalanceFilter()
    pattern.id = "one"
    ann.counters = {"*voice": [UnitCounter(counter_type, [CounterFilter(value * ONE, pattern)])]}
    assert is_due(trigger(kind), ann, [], NOW) is due
    pattern.id = "another"
    assert is_due(trigger(kind), ann, [], NOW) is False


def test_heavier_triggers_go_first_and_equal_ones_as_they_stand() -> None:
    found = by_weight([trigger("a", weight=1), trigger("b", weight=9), trigger("c", weight=9)])
    assert [one.threshold_type for one in found] == ["b", "c", "a"]
