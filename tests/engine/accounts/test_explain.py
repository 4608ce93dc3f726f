"""Explanations of debits: every reason why a balance pays or does not, in the order in which balances are tried."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.accounts.account import Account, Balance
from engine.accounts.charge import Charging
from engine.limits import MAX_EXPLAINED_TRIES
from engine.money import FACTOR_ONE, ONE
from engine.profiles.kind import Kind
from engine.rating.book import Destination, SharedGroup, SharingParameters, Timing
from engine.rating.call import Call
from engine.rating.kinds import SHARED_GROUP
from engine.times import UTC_ZONE, Moment
from engine.usage import HOUR, MINUTE, SECOND
from tests.engine.house import CAUSE, NOW, TENANT, account, balance, call, charging, plan

PER_SECOND = plan("RP_SEC", ("0", "0.6", SECOND, MINUTE))
PER_MINUTE = plan("RP_MIN", ("0", "0.6", MINUTE, MINUTE))
WITH_FEE = plan("RP_FEE", ("0", "0.6", SECOND, MINUTE), fee="0.2")
HOME = Destination("HOME", ("49",))
AWAY = Destination("AWAY", ("44",))


def house_of(rates: object = PER_SECOND) -> tuple[Charging, Account]:
    house = charging(("sub", rates), destinations=(HOME, AWAY))  # type: ignore[arg-type]
    return house, account(house, "ann")


def explain(house: Charging, what: Call | None = None) -> dict[str, Any]:
    house.ledger.take()
    held = {one.id: [(b.id, b.value) for chain in (one.balances or {}).values() for b in chain] for one in house.accounts.all()}
    tree = house.explain(what or call("sub", "ann", 30 * SECOND))
    found: dict[str, Any] = json.loads(json.dumps(tree))
    assert found == tree
    assert house.ledger.take() == ([], []), "an explanation changes nothing"
    assert held == {one.id: [(b.id, b.value) for chain in (one.balances or {}).values() for b in chain] for one in house.accounts.all()}
    return found


def tries(tree: dict[str, Any]) -> list[tuple[str, str, int, int, object, object]]:
    """(balance, pays, at s, usage s, units, cost) try by try."""
    return [
        (one["ID"], one["Pays"], one["At"] // SECOND, one["Usage"] // SECOND, one["Units"] / SECOND, one["Cost"]) for one in tree["Tries"]
    ]


def why(tree: dict[str, Any], name: str) -> str:
    """Why a balance pays, or does not: that of its last row."""
    found = [one["Why"] for one in (*tree["Tries"], *tree["NotTried"]) if one["ID"] == name]
    assert found, f"{name} has no row"
    return str(found[-1])


# -- the order -------------------------------------------------------------------------------------------------------------


def test_tries_stand_in_their_order_with_what_each_took() -> None:
    house, ann = house_of()
    balance(house, ann, "cash", "*monetary", 1, weight=50)
    balance(house, ann, "light", "*voice", 10 * SECOND, weight=1)
    balance(house, ann, "heavy", "*voice", 5 * SECOND, weight=9)
    balance(house, ann, "near", "*voice", 2 * SECOND, destination_ids={"HOME": True})
    tree = explain(house)
    assert tries(tree) == [
        ("near", "units", 0, 2, 2, 0),
        ("heavy", "units", 2, 5, 5, 0),
        ("light", "units", 7, 10, 10, 0),
        ("near", "units", 17, 0, 0, 0),
        ("heavy", "units", 17, 0, 0, 0),
        ("light", "units", 17, 0, 0, 0),
        ("cash", "money", 17, 13, 0, 0.13),
    ]
    assert tree["Tries"][0]["Why"] == "destination HOME by prefix 49"
    assert tree["Tries"][1]["Why"] == "any destination"
    assert [one["Why"] for one in tree["Tries"][3:6]] == ["used up"] * 3
    assert [(one["Value"], one["Left"]) for one in tree["Tries"][:1]] == [(2 * SECOND, 0)]
    assert (tree["Account"], tree["AllowNegative"], tree["MaxUsage"]) == (f"{TENANT}:ann", False, 30 * SECOND)
    assert "Rest" not in tree
    assert tree["EventCost"]["Cost"] == 0.13


def test_the_tree_agrees_with_the_debit() -> None:
    house, ann = house_of(WITH_FEE)
    balance(house, ann, "min", "*voice", 10 * SECOND)
    balance(house, ann, "cash", "*monetary", 1)
    tree = explain(house)
    left = {one["ID"]: one["Left"] for one in tree["Tries"]}
    house.debit(call("sub", "ann", 30 * SECOND), CAUSE)
    assert {one.id: one.value / ONE for chain in (ann.balances or {}).values() for one in chain} == left


def test_a_balance_behind_one_that_paid_all_was_not_needed() -> None:
    house, ann = house_of()
    balance(house, ann, "first", "*voice", 60 * SECOND, weight=2)
    balance(house, ann, "second", "*voice", 60 * SECOND, weight=1)
    tree = explain(house)
    assert [one[0] for one in tries(tree)] == ["first"]
    assert why(tree, "second") == "not needed: the call was paid before its turn"


# -- balances that are not tried ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "fields", "reason"),
    [
        ("*data", 9, {}, "holds *data, the call uses *voice"),
        ("*voice", 9, {"disabled": True}, "disabled"),
        ("*monetary", 9, {"disabled": True}, "disabled"),
        ("*voice", 9, {"expires": Moment(NOW - SECOND, UTC_ZONE)}, "expired at 2026-04-07T09:59:59Z"),
        ("*voice", 0, {}, "empty"),
        ("*monetary", -3, {}, "empty"),
        ("*voice", 9, {"categories": {"sms": True, "mms": True}}, "serves mms, sms, not category call"),
        ("*voice", 9, {"destination_ids": {"AWAY": True}}, "serves AWAY, not 4930123"),
        ("*voice", 9, {"destination_ids": {"HOME": False}}, "serves all but HOME, not 4930123"),
        ("*generic", 9, {"disabled": True}, "disabled"),
    ],
)
def test_each_reason_for_not_trying_a_balance(kind: str, value: int, fields: dict[str, Any], reason: str) -> None:
    house, ann = house_of()
    balance(house, ann, "odd", kind, value, **fields)
    balance(house, ann, "cash", "*monetary", 1)
    tree = explain(house)
    assert [one["ID"] for one in tree["Tries"]] == ["cash"]
    assert why(tree, "odd") == reason


def test_an_excluded_destination_leaves_the_others() -> None:
    house, ann = house_of()
    balance(house, ann, "abroad", "*voice", 60 * SECOND, destination_ids={"HOME": False})
    assert why(explain(house, call("sub", "ann", SECOND, destination="447")), "abroad") == "any destination"


def test_generic_units_pay_calls_but_not_money_questions() -> None:
    house, ann = house_of()
    balance(house, ann, "all", "*generic", 60 * SECOND)
    assert tries(explain(house)) == [("all", "units", 0, 30, 30, 0)]
    tree = explain(house, call("sub", "ann", 30 * SECOND, tor="*monetary"))
    assert why(tree, "all") == "holds *generic, the call uses *monetary"


# -- balances that are tried and pay nothing -----------------------------------------------------------------------------------


def test_resting_timings_are_told_with_the_instant() -> None:
    house, ann = house_of()
    night = Timing("NIGHT", StartTime="22:00:00", EndTime="23:59:59")
    balance(house, ann, "late", "*voice", 60 * SECOND, timing_ids={"NIGHT": True}, timings=[night])
    balance(house, ann, "cash", "*monetary", 1)
    assert why(explain(house), "late") == "its timings rest at 2026-04-07T10:00:00Z"


def test_units_that_hold_less_than_a_step() -> None:
    house, ann = house_of()
    balance(house, ann, "min", "*voice", 90 * SECOND, rating_subject="*zero1h")
    assert why(explain(house), "min") == "holds 1m30s, a step takes 1h0m0s"


def test_money_that_holds_less_than_a_step() -> None:
    house, ann = house_of(PER_MINUTE)
    balance(house, ann, "cash", "*monetary", "0.5")
    tree = explain(house)
    assert why(tree, "cash") == "holds 0.5, a step of 1m0s costs 0.6"
    assert tree["Rest"] == {
        "Usage": 30 * SECOND,
        "Cost": 0.6,
        "Why": "no balance pays it: *default owes it after a debit; a session is not granted it",
    }
    assert tree["MaxUsage"] == 0


def test_priced_units_name_their_subject_and_who_paid_the_money() -> None:
    house = charging(("sub", PER_SECOND), ("night", plan("RP_N", ("0", "0.06", SECOND, MINUTE))))
    ann = account(house, "ann")
    balance(house, ann, "min", "*voice", 10 * SECOND, rating_subject="night")
    balance(house, ann, "cash", "*monetary", 1)
    first = explain(house)["Tries"][0]
    assert (first["ID"], first["Units"], first["Cost"], first["PaidBy"]) == ("min", 10 * SECOND, 0.01, ["cash"])
    assert first["Why"] == "any destination, rating subject night"


def test_priced_units_without_enough_of_themselves() -> None:
    house = charging(("sub", PER_SECOND), ("night", PER_MINUTE))
    ann = account(house, "ann")
    balance(house, ann, "min", "*voice", 10 * SECOND, rating_subject="night")
    balance(house, ann, "cash", "*monetary", 1)
    assert why(explain(house), "min") == "holds 10s, a step takes 1m0s"


def test_a_rating_subject_without_a_profile_ends_the_debit_and_says_so() -> None:
    house, ann = house_of()
    balance(house, ann, "min", "*voice", 60 * SECOND, rating_subject="nobody")
    balance(house, ann, "cash", "*monetary", 1)
    tree = explain(house)
    assert tree["Refusal"] == "RATING_PLAN_NOT_FOUND"
    assert why(tree, "min") == f"profile {TENANT}:call:nobody for 4930123 has no price: RATING_PLAN_NOT_FOUND"
    assert why(tree, "cash") == "the debit ended before: RATING_PLAN_NOT_FOUND"
    assert (tree["MaxUsage"], tree["EventCost"]) == (None, None)


def test_a_blocker_that_cannot_pay_the_connect_fee() -> None:
    house, ann = house_of(WITH_FEE)
    balance(house, ann, "small", "*monetary", "0.1", weight=9, blocker=True)
    balance(house, ann, "cash", "*monetary", 1)
    tree = explain(house)
    assert why(tree, "small") == "a blocker holds less than the connect fee 0.2, a blocker: no balance behind it is tried"
    assert tree["Refusal"] == "INSUFFICIENT_CREDIT_BALANCE_BLOCKER"


# -- blockers, factors, the rest -----------------------------------------------------------------------------------------------


def test_a_blocker_keeps_the_others_from_being_tried() -> None:
    house, ann = house_of()
    balance(house, ann, "first", "*monetary", "0.05", weight=9, blocker=True)
    balance(house, ann, "second", "*monetary", 5)
    tree = explain(house)
    assert why(tree, "first") == "any destination, a blocker: no balance behind it is tried"
    assert why(tree, "second") == "the debit ended before: INSUFFICIENT_CREDIT_BALANCE_BLOCKER"


def test_a_blocker_that_pays_all_blocks_nothing() -> None:
    house, ann = house_of()
    balance(house, ann, "first", "*monetary", 5, weight=9, blocker=True)
    assert why(explain(house), "first") == "any destination"


def test_an_empty_blocker_is_tried_and_blocks() -> None:
    house, ann = house_of()
    balance(house, ann, "first", "*monetary", 0, weight=9, blocker=True)
    balance(house, ann, "second", "*monetary", 5)
    assert why(explain(house), "first") == "empty, a blocker: no balance behind it is tried"


def test_factors_are_told_and_applied() -> None:
    house, ann = house_of()
    balance(house, ann, "min", "*voice", 60 * SECOND, factors={"roaming": 2 * FACTOR_ONE})
    what = call("sub", "ann", 20 * SECOND)
    what.factor_id = "roaming"
    tree = explain(house, what)
    assert tries(tree) == [("min", "units", 0, 20, 40, 0)]
    assert why(tree, "min") == "any destination, factor roaming 2"


def test_what_nobody_pays_may_be_free_or_forbidden() -> None:
    house, _ = house_of(plan("RP_FREE", ("0", "0", SECOND, MINUTE)))
    assert explain(house)["Rest"] == {"Usage": 30 * SECOND, "Cost": 0, "Why": "it costs nothing"}
    house, _ = house_of()
    what = call("sub", "ann", 30 * SECOND)
    what.deny_negative = True
    rest = explain(house, what)["Rest"]
    assert rest == {"Usage": 30 * SECOND, "Cost": 0, "Why": "no balance pays it, and the call may not make the account owe"}


def test_an_account_that_may_owe_has_no_limit() -> None:
    house, ann = house_of()
    ann.allow_negative = True
    tree = explain(house)
    assert (tree["AllowNegative"], tree["MaxUsage"]) == (True, -1)


def test_a_call_of_no_length_takes_nothing() -> None:
    house, ann = house_of(WITH_FEE)
    balance(house, ann, "cash", "*monetary", 1)
    tree = explain(house, call("sub", "ann", 0))
    assert (tree["Tries"], why(tree, "cash"), tree["MaxUsage"]) == ([], "a call of no length takes nothing", 0)


def test_many_balances_are_counted_beyond_a_bound() -> None:
    house, ann = house_of()
    for number in range(MAX_EXPLAINED_TRIES + 7):
        balance(house, ann, f"b{number}", "*data", 1)
    tree = explain(house)
    assert (len(tree["NotTried"]), tree["More"]) == (MAX_EXPLAINED_TRIES, 7)


# -- shared groups -----------------------------------------------------------------------------------------------------------


def group_house(strategy: str, *, members: tuple[str, ...] = ("ann", "bob", "cid")) -> tuple[Charging, dict[str, Balance]]:
    house, ann = house_of()
    group = SharedGroup("G", {"*any": SharingParameters(strategy, "")}, tuple(f"{TENANT}:{name}" for name in members))
    assert isinstance(house.items.kinds[SHARED_GROUP], Kind)
    house.items.put(SHARED_GROUP, "G", group)
    made: dict[str, Balance] = {}
    for name, value in (("ann", 5), ("bob", 20), ("cid", 10)):
        holder = ann if name == "ann" else account(house, name)
        made[name] = balance(house, holder, f"of-{name}", "*voice", value * SECOND, shared_groups={"G": True})
    return house, made


@pytest.mark.parametrize(
    ("strategy", "order"),
    [
        ("*lowest", ["of-ann", "of-cid", "of-bob"]),
        ("*highest", ["of-bob", "of-cid", "of-ann"]),
        ("*mine_lowest", ["of-ann", "of-cid", "of-bob"]),
        ("*mine_highest", ["of-ann", "of-cid", "of-bob"]),
    ],
)
def test_the_strategy_of_a_group_is_the_order_of_the_tries(strategy: str, order: list[str]) -> None:
    house, _ = group_house(strategy)
    tree = explain(house, call("sub", "ann", 35 * SECOND))
    assert [one["ID"] for one in tree["Tries"]] == order
    assert tree["Groups"] == [
        {"ID": "G", "Strategy": strategy, "Members": [{"Account": f"{TENANT}:{name}"} for name in ("ann", "bob", "cid")]}
    ]
    assert {one["ID"]: one["Why"] for one in tree["Tries"]} == {
        "of-ann": "any destination",
        "of-bob": "any destination, by a shared group",
        "of-cid": "any destination, by a shared group",
    }
    assert {one["Account"] for one in tree["Tries"]} == {f"{TENANT}:{name}" for name in ("ann", "bob", "cid")}


def test_members_and_their_balances_that_are_passed_over_say_why() -> None:
    house, made = group_house("*lowest", members=("ann", "bob", "cid", "dan"))
    made["bob"].disabled = True
    cid = house.accounts.get(f"{TENANT}:cid")
    assert cid is not None
    cid.disabled = True
    tree = explain(house, call("sub", "ann", 3 * SECOND))
    assert tree["Groups"][0]["Members"] == [
        {"Account": f"{TENANT}:ann"},
        {"Account": f"{TENANT}:bob"},
        {"Account": f"{TENANT}:cid", "Why": "ACCOUNT_DISABLED"},
        {"Account": f"{TENANT}:dan", "Why": "ACCOUNT_NOT_FOUND"},
    ]
    assert why(tree, "of-bob") == "disabled"


def test_a_balance_of_a_group_that_its_account_is_no_member_of() -> None:
    house, _ = group_house("*lowest", members=("bob",))
    tree = explain(house, call("sub", "ann", 3 * SECOND))
    assert [one["ID"] for one in tree["Tries"]] == ["of-bob"]
    assert why(tree, "of-ann") == "stands for G, where its own account is no member"


def test_a_group_that_is_missing_ends_the_debit() -> None:
    house, ann = house_of()
    balance(house, ann, "mine", "*voice", 60 * SECOND, shared_groups={"GONE": True})
    tree = explain(house)
    assert (tree["Refusal"], tree["Tries"]) == ("NOT_FOUND", [])
    assert tree["Groups"] == [{"ID": "GONE", "Why": "there is no such shared group"}]
    assert why(tree, "mine") == "the debit ended before: NOT_FOUND"


# -- accounts that cannot pay ----------------------------------------------------------------------------------------------


def test_a_missing_account_names_the_nearest() -> None:
    house, _ = house_of()
    tree = explain(house, call("sub", "anm", SECOND))
    assert tree == {"Account": f"{TENANT}:anm", "Refusal": "ACCOUNT_NOT_FOUND", "NearMisses": [f"there is an account {TENANT}:ann"]}
    other = Account("example.com", "zoe")
    house.accounts.put(other)
    assert explain(house, call("sub", "zoe", SECOND))["NearMisses"][0] == "there is an account example.com:zoe"


def test_a_disabled_account_says_so() -> None:
    house, ann = house_of()
    ann.disabled = True
    assert explain(house) == {"Account": f"{TENANT}:ann", "Refusal": "ACCOUNT_DISABLED", "NearMisses": []}


def test_a_month_of_seconds_is_explained_at_once() -> None:
    house, ann = house_of()
    balance(house, ann, "min", "*voice", 800 * 3600 * SECOND)
    tree = explain(house, call("sub", "ann", 744 * HOUR))
    assert tries(tree) == [("min", "units", 0, 744 * 3600, 744 * 3600, 0)]
