"""Which balances may pay a call, and in which order: destinations, weights, timings, shared groups."""

from __future__ import annotations

from typing import Any

import pytest

from engine.accounts.account import Account
from engine.accounts.charge import Charging
from engine.accounts.selection import Selection, active_at, matching_destination, strategy_of
from engine.errors import Refusal
from engine.ids import Ids
from engine.money import ONE
from engine.rating.book import Destination, SharedGroup, SharingParameters, Timing
from engine.rating.kinds import SHARED_GROUP
from engine.records import Entry
from engine.times import UTC_ZONE, Moment, parse_time
from engine.usage import SECOND
from tests.engine.house import CAUSE, NOW, TENANT, account, balance, call, charging, plan, seeded

PER_SECOND = plan("RP_SEC", ("0", "0.6", SECOND, 60 * SECOND))
DESTINATIONS = (
    Destination("WORLD", ("4", "49")),
    Destination("CITY", ("4930",)),
    Destination("SHOP", ("493012",)),
    Destination("AWAY", ("44",)),
)


def house_of() -> tuple[Charging, Account]:
    house = charging(("sub", PER_SECOND), destinations=DESTINATIONS)
    return house, account(house, "ann")


def selection(house: Charging, seed: int = 1) -> Selection:
    return Selection(house.accounts, lambda name: house.items.get(SHARED_GROUP, name), house.tariff.ids_of_prefix, Ids(seeded(seed)))


def order(house: Charging, holder: Account, kind: str = "*voice", *, seed: int = 1, **question: Any) -> list[str]:
    what = call("sub", holder.name, SECOND, **question)
    found = selection(house, seed).usable(holder, what, kind)
    assert isinstance(found, list), found
    return [purse.balance.id for purse in found]


# -- order -------------------------------------------------------------------------------------------------------------------


def test_longer_prefixes_then_heavier_weights_then_age() -> None:
    house, ann = house_of()
    balance(house, ann, "any", "*voice", 9, weight=90)
    balance(house, ann, "world", "*voice", 9, weight=80, destination_ids={"WORLD": True})
    balance(house, ann, "first", "*voice", 9, weight=1, destination_ids={"CITY": True})
    balance(house, ann, "second", "*voice", 9, weight=1, destination_ids={"CITY": True})
    balance(house, ann, "heavy", "*voice", 9, weight=2, destination_ids={"CITY": True})
    assert order(house, ann) == ["heavy", "first", "second", "world", "any"]


def test_generic_units_stand_among_the_others_by_weight_and_never_among_money() -> None:
    house, ann = house_of()
    balance(house, ann, "voice", "*voice", 9, weight=5)
    balance(house, ann, "light", "*generic", 9, weight=1)
    balance(house, ann, "heavy", "*generic", 9, weight=9)
    balance(house, ann, "cash", "*monetary", 9)
    assert order(house, ann) == ["heavy", "voice", "light"]
    assert order(house, ann, "*monetary") == ["cash"]
    assert order(house, ann, "*generic") == ["heavy", "light"]
    assert order(house, ann, "*sms") == ["heavy", "light"]


# -- what fits ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "destination", "fits"),
    [
        ({}, "4930123", True),
        ({"*any": True}, "4930123", True),
        ({"*any": True, "CITY": False}, "4930123", True),
        ({"CITY": True}, "4930123", True),
        ({"CITY": True}, "4931123", False),
        ({"WORLD": True, "CITY": False}, "4931", True),
        ({"WORLD": True, "CITY": False}, "4930", False),
        ({"WORLD": False, "CITY": True}, "4930", True),
        ({"WORLD": False, "CITY": True}, "4931", False),
        ({"CITY": False}, "4930", False),
        ({"CITY": False}, "447", True),
        ({"CITY": False}, "999", False),  # nothing in the index has a prefix of it
        ({"SHOP": True}, "493012", True),
        ({"GONE": True}, "493012", False),
        ({"CITY": True}, "", False),
    ],
)
def test_destinations_of_a_balance(wanted: dict[str, bool], destination: str, fits: bool) -> None:
    house, ann = house_of()
    balance(house, ann, "one", "*voice", 9, destination_ids=wanted)
    assert order(house, ann, destination=destination) == (["one"] if fits else [])


def test_the_destination_that_a_record_names_is_the_one_that_fits() -> None:
    house, ann = house_of()
    one = balance(house, ann, "one", "*voice", 9, destination_ids={"WORLD": True, "CITY": True})
    assert matching_destination(one, "4930123", house.tariff.ids_of_prefix) == ("4930", "CITY")
    assert matching_destination(one, "4412", house.tariff.ids_of_prefix) == ("4", "WORLD")
    one.destination_ids = {"*any": True}
    assert matching_destination(one, "4930123", house.tariff.ids_of_prefix) == ("", "")


@pytest.mark.parametrize(("categories", "fits"), [(None, True), ({"call": True}, True), ({"sms": True}, False), ({"call": False}, False)])
def test_categories_of_a_balance(categories: dict[str, bool] | None, fits: bool) -> None:
    house, ann = house_of()
    balance(house, ann, "one", "*voice", 9, categories=categories)
    assert order(house, ann) == (["one"] if fits else [])


@pytest.mark.parametrize(("expires_ns", "fits"), [(NOW - 1, False), (NOW, True), (NOW + 1, True)])
def test_a_balance_expires_after_its_last_instant(expires_ns: int, fits: bool) -> None:
    house, ann = house_of()
    balance(house, ann, "one", "*voice", 9, expires=Moment(expires_ns, UTC_ZONE))
    assert order(house, ann) == (["one"] if fits else [])


@pytest.mark.parametrize(("fields", "fits"), [({}, False), ({"blocker": True}, True), ({"blocker": True, "disabled": True}, False)])
def test_an_empty_balance_counts_only_as_a_blocker(fields: dict[str, Any], fits: bool) -> None:
    house, ann = house_of()
    balance(house, ann, "one", "*voice", 0, **fields)
    assert order(house, ann) == (["one"] if fits else [])


MORNING = Timing("MORNING", StartTime="06:00:00", EndTime="12:00:00")
WEEKEND = Timing("WEEKEND", WeekDays=(6, 0), StartTime="00:00:00", EndTime="23:59:59")


@pytest.mark.parametrize(
    ("signs", "timings", "at", "active"),
    [
        (None, None, "2026-04-07T10:00:00Z", True),
        ({"MORNING": True}, [MORNING], "2026-04-07T10:00:00Z", True),
        ({"MORNING": True}, [MORNING], "2026-04-07T12:00:00Z", True),
        ({"MORNING": True}, [MORNING], "2026-04-07T12:00:01Z", False),
        ({"MORNING": False}, [MORNING], "2026-04-07T10:00:00Z", False),
        ({"MORNING": False}, [MORNING], "2026-04-07T13:00:00Z", True),
        ({"MORNING": True, "WEEKEND": True}, [MORNING, WEEKEND], "2026-04-11T20:00:00Z", True),
        ({"MORNING": True, "WEEKEND": False}, [MORNING, WEEKEND], "2026-04-11T10:00:00Z", False),
        ({"MORNING": True, "WEEKEND": False}, [MORNING, WEEKEND], "2026-04-10T10:00:00Z", True),
        ({"GONE": True}, None, "2026-04-07T10:00:00Z", False),
    ],
)
def test_timings_of_a_balance(signs: dict[str, bool] | None, timings: list[Timing] | None, at: str, active: bool) -> None:
    house, ann = house_of()
    one = balance(house, ann, "one", "*voice", 9, timing_ids=signs, timings=timings)
    assert active_at(one, parse_time(at, UTC_ZONE, 0).ns, UTC_ZONE) is active


# -- shared groups -----------------------------------------------------------------------------------------------------------


def group_of(house: Charging, *members: str, name: str = "G", **strategies: str) -> None:
    parameters = {("*any" if who == "others" else f"{TENANT}:{who}"): SharingParameters(how, "") for who, how in strategies.items()}
    house.items.put(SHARED_GROUP, name, SharedGroup(name, parameters, tuple(f"{TENANT}:{one}" for one in members)))


def family(**strategies: str) -> tuple[Charging, Account]:
    house, ann = house_of()
    group_of(house, "ann", "bob", "cid", **strategies)
    for name, value in (("ann", 5), ("bob", 20), ("cid", 10)):
        holder = ann if name == "ann" else account(house, name)
        balance(house, holder, name, "*voice", value, shared_groups={"G": True})
        balance(house, holder, f"private of {name}", "*voice", 99)
    return house, ann


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ("*lowest", ["ann", "cid", "bob"]),
        ("*highest", ["bob", "cid", "ann"]),
        ("*mine_lowest", ["ann", "cid", "bob"]),
        ("*mine_highest", ["ann", "cid", "bob"]),
    ],
)
def test_strategies_by_value(strategy: str, wanted: list[str]) -> None:
    house, ann = family(others=strategy)
    assert order(house, ann)[:3] == wanted
    assert order(house, ann)[3:] == ["private of ann"], "what others do not share stays theirs"


@pytest.mark.parametrize("strategy", ["*mine_random", "", "*unheard_of", "*the_lowest"])
def test_ones_own_balance_comes_first_unless_said_otherwise(strategy: str) -> None:
    house, ann = family(others=strategy)
    orders = {tuple(order(house, ann, seed=seed)[:3]) for seed in range(20)}
    assert orders == {("ann", "bob", "cid"), ("ann", "cid", "bob")}


def test_random_is_any_order() -> None:
    house, ann = family(others="*random")
    assert len({tuple(order(house, ann, seed=seed)[:3]) for seed in range(100)}) == 6


def test_an_accounts_own_parameters_go_before_those_of_all() -> None:
    house, ann = family(others="*lowest", ann="*highest")
    assert order(house, ann)[0] == "bob"
    bob = house.accounts.get(f"{TENANT}:bob")
    assert bob is not None
    assert order(house, bob)[0] == "ann"
    group = house.items.get(SHARED_GROUP, "G")
    assert isinstance(group, SharedGroup)
    assert (strategy_of(group, ann.id), strategy_of(group, bob.id)) == ("*highest", "*lowest")


def test_members_that_are_gone_or_disabled_are_passed_over() -> None:
    house, ann = family(others="*lowest")
    group_of(house, "ann", "bob", "gone", others="*lowest")
    assert order(house, ann)[:2] == ["ann", "bob"]
    bob = house.accounts.get(f"{TENANT}:bob")
    assert bob is not None
    bob.disabled = True
    assert order(house, ann) == ["ann", "private of ann"]


def test_an_empty_balance_of_a_group_opens_the_others() -> None:
    house, ann = family(others="*lowest")
    ann.of_type("*voice")[0].value = 0
    assert order(house, ann)[:3] == ["ann", "cid", "bob"]


def test_a_balance_in_two_groups_holds_its_value_once() -> None:
    house, ann = house_of()
    group_of(house, "ann", name="G", others="*lowest")
    group_of(house, "ann", name="H", others="*lowest")
    balance(house, ann, "one", "*voice", 10 * SECOND, shared_groups={"G": True, "H": True})
    found = selection(house).usable(ann, call("sub", "ann", SECOND), "*voice")
    assert isinstance(found, list)
    assert (len(found), len({id(purse) for purse in found})) == (2, 1)
    assert house.max_session(call("sub", "ann", 60 * SECOND)) == 10 * SECOND


def test_a_missing_group_is_refused() -> None:
    house, ann = house_of()
    balance(house, ann, "one", "*voice", 9, shared_groups={"GONE": True})
    assert selection(house).usable(ann, call("sub", "ann", SECOND), "*voice") is Refusal.SHARED_GROUP_NOT_FOUND


def test_units_of_another_member_are_taken_from_its_account() -> None:
    house, ann = house_of()
    bob = account(house, "bob")
    group_of(house, "ann", "bob", others="*mine_lowest")
    balance(house, ann, "mine", "*voice", 5 * SECOND, shared_groups={"G": True})
    theirs = balance(house, bob, "theirs", "*voice", 20 * SECOND, shared_groups={"G": True})
    house.debit(call("sub", "ann", 8 * SECOND), CAUSE)
    assert theirs.value == 17 * SECOND * ONE
    entries = [one for one in house.ledger.entries if isinstance(one, Entry)]
    assert [(one.account, one.delta_amount) for one in entries[-2:]] == [(ann.id, -5 * SECOND * ONE), (bob.id, -3 * SECOND * ONE)]
