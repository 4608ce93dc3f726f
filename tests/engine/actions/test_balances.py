"""Every type of action that moves money and units: what was held, what was done, what is held then.

A balance is written (id, whole units); the account holds money only, unless a test says otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.actions.book import Action, BalancePattern, ValueFormula
from engine.commands import RunActions
from engine.errors import RequestError
from engine.money import FACTOR_ONE, ONE, amount_of
from engine.rating.book import SharedGroup, SharingParameters, Timing
from engine.times import DAY, UTC_ZONE, parse_time
from engine.usage import SECOND
from tests.engine.house import CAUSE, TENANT, balance
from tests.site import NOW, Site, act, units

ANN, BOB = f"{TENANT}:ann", f"{TENANT}:bob"
MONEY = "*monetary"
Held = list[tuple[str, str]]


def site_of(*held: tuple[str, str], **options: Any) -> Site:
    site = Site(**options)
    holder = site.account("ann")
    for id, value in held:
        balance(site.engine.charging, holder, id, MONEY, value)
    site.account("ann")  # a step, which takes what was put in place to the disk
    return site


def run(site: Site, *actions: Action, account: str = ANN) -> None:
    site.step(RunActions(account, "test", actions))


def fails(site: Site, *actions: Action, account: str = ANN) -> None:
    """The set fails and leaves no trace."""
    before, entries = dict(site.engine.accounts._by_id), len(site.entries())
    shown = {name: site.values(name.partition(":")[2]) for name in before}
    with pytest.raises(RequestError) as fault:
        run(site, *actions, account=account)
    assert fault.value.text == "PARTIALLY_EXECUTED"
    assert {name: site.values(name.partition(":")[2]) for name in site.engine.accounts._by_id} == shown
    assert len(site.entries()) == entries
    site.verify()


def held(site: Site, kind: str = MONEY, name: str = "ann") -> Held:
    return [(one.id, str(one.value / ONE).removesuffix(".0")) for one in site.held(name).of_type(kind)]


def to(account: str, id: str, reference: str = "") -> str:
    reached = f',"DestinationReferenceValue":{reference}' if reference else ""
    return f'{{"DestinationAccountID":"{account}","DestinationBalanceID":"{id}"{reached}}}'


START: Held = [("a", "10"), ("b", "4"), ("*default", "-2")]
MOVES = [
    ("topup fills what fits", act("*topup", units(MONEY, 5, "a")), [("a", "15"), ("b", "4"), ("*default", "-2")]),
    ("topup without a name fills all", act("*topup", units(MONEY, 1)), [("a", "11"), ("b", "5"), ("*default", "-1")]),
    ("topup takes a minus for a plus", act("*topup", units(MONEY, -5, "a")), [("a", "15"), ("b", "4"), ("*default", "-2")]),
    ("topup makes what is not there", act("*topup", units(MONEY, 5, "c")), [*START, ("c", "5")]),
    ("topup of nothing", act("*topup", units(MONEY, 0, "a")), START),
    ("topup without units", act("*topup", units(MONEY, None, "a")), START),
    ("topup_reset replaces", act("*topup_reset", units(MONEY, 5, "a")), [("a", "5"), ("b", "4"), ("*default", "-2")]),
    ("debit", act("*debit", units(MONEY, 3, "a")), [("a", "7"), ("b", "4"), ("*default", "-2")]),
    ("debit below zero", act("*debit", units(MONEY, 30, "a")), [("a", "-20"), ("b", "4"), ("*default", "-2")]),
    ("debit of what is not there owes it", act("*debit", units(MONEY, 3, "c")), [*START, ("c", "-3")]),
    ("debit_reset", act("*debit_reset", units(MONEY, 3, "a")), [("a", "-3"), ("b", "4"), ("*default", "-2")]),
    ("zero_negative from below", act("*topup_zero_negative", units(MONEY, -5, "*default")), [("a", "10"), ("b", "4"), ("*default", "5")]),
    ("zero_negative from above", act("*topup_zero_negative", units(MONEY, -5, "a")), [("a", "15"), ("b", "4"), ("*default", "-2")]),
    ("set", act("*set_balance", units(MONEY, 1, "b")), [("a", "10"), ("b", "1"), ("*default", "-2")]),
    ("set keeps what is not given", act("*set_balance", units(MONEY, None, "b", Weight="7")), START),
    ("set makes what is not there", act("*set_balance", units(MONEY, 1, "c")), [*START, ("c", "1")]),
    ("set of the default", act("*set_balance", units(MONEY, 6, "*default")), [("a", "10"), ("b", "4"), ("*default", "6")]),
    ("remove", act("*remove_balance", units(MONEY, id="a")), [("*default", "-2"), ("b", "4")]),
    ("remove of every type", act("*remove_balance", BalancePattern(ID="b")), [("a", "10"), ("*default", "-2")]),
    ("pool", act("*transfer_monetary_default", units("")), [("a", "0"), ("b", "0"), ("*default", "12")]),
    ("pool what fits", act("*transfer_monetary_default", units("", id="b")), [("a", "10"), ("b", "0"), ("*default", "2")]),
    ("reset", act("*reset_account"), [("", "0")]),
    ("move inside", act("*transfer_balance", units(MONEY, 4, "a"), to(ANN, "b")), [("a", "6"), ("b", "8"), ("*default", "-2")]),
    ("move to reach", act("*transfer_balance", units(MONEY, 1, "a"), to(ANN, "b", "5")), [("a", "9"), ("b", "5"), ("*default", "-2")]),
    (
        "move back to reach",
        act("*transfer_balance", units(MONEY, 1, "a"), to(ANN, "b", "1")),
        [("a", "13"), ("b", "1"), ("*default", "-2")],
    ),
    (
        "the default may owe",
        act("*transfer_balance", units(MONEY, 4, "*default"), to(ANN, "b")),
        [("a", "10"), ("b", "8"), ("*default", "-6")],
    ),
]


@pytest.mark.parametrize(("action", "after"), [row[1:] for row in MOVES], ids=[row[0] for row in MOVES])
def test_what_is_held_then(action: Action, after: Held) -> None:
    site = site_of(*START)
    run(site, action)
    assert held(site) == after
    site.verify()


REFUSED = [
    ("remove of nothing", act("*remove_balance", units(MONEY, id="none"))),
    ("remove of another type", act("*remove_balance", units("*sms", id="a"))),
    ("remove of nothing expired", act("*remove_expired", units(MONEY))),
    ("set by an unknown uuid", act("*set_balance", units(MONEY, 1, Uuid="none"))),
    ("set without a type", act("*set_balance", units("", 1, "c"))),
    ("move more than there is", act("*transfer_balance", units(MONEY, "10.5", "a"), to(ANN, "b"))),
    ("move nothing", act("*transfer_balance", units(MONEY, 0, "a"), to(ANN, "b"))),
    ("move from nothing", act("*transfer_balance", units(MONEY, 1, "none"), to(ANN, "b"))),
    ("move to nobody", act("*transfer_balance", units(MONEY, 1, "a"), to(BOB, "b"))),
    ("move without saying where", act("*transfer_balance", units(MONEY, 1, "a"))),
    ("move with a broken where", act("*transfer_balance", units(MONEY, 1, "a"), '{"DestinationAccountID":1}')),
    ("units that are none", act("*topup", units(MONEY, "many", "a"))),
    ("a method nobody knows", act("*topup", BalancePattern(Type=MONEY, Value=ValueFormula("*random", {"Units": 1})))),
    ("an expiry that is none", act("*topup", units(MONEY, 1, "a"), ExpirationString="soon")),
    ("a type nobody knows", act("*magic")),
]


@pytest.mark.parametrize("action", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
@pytest.mark.parametrize("place", ["alone", "first", "last"])
def test_a_set_is_done_whole_or_not_at_all(action: Action, place: str) -> None:
    site = site_of(*START)
    good = act("*topup", units(MONEY, 100, "b"), weight={"first": -10, "last": 10}.get(place, 0))
    fails(site, *([action] if place == "alone" else [good, action]))


# -- new balances --------------------------------------------------------------------------------------------------------------


def test_a_new_balance_is_as_the_pattern_says() -> None:
    site = site_of()
    pattern = units(
        "*voice",
        60 * SECOND,
        "min",
        Weight="7.5",
        DestinationIDs={"NEAR": True, "FAR": False},
        RatingSubject="*zero1m",
        Categories={"call": True},
        TimingIDs={"NIGHT": True},
        Timings=(Timing("NIGHT", StartTime="20:00:00"),),
        Disabled=True,
        Blocker=True,
        Factors={"double": "2"},
    )
    run(site, act("*topup", pattern, ExpirationString="+24h"))
    (made,) = site.held("ann").of_type("*voice")
    assert (made.id, made.value, made.weight) == ("min", 60 * SECOND * ONE, amount_of("7.5"))
    assert (made.destination_ids, made.categories, made.timing_ids) == ({"NEAR": True, "FAR": False}, {"call": True}, {"NIGHT": True})
    assert (made.rating_subject, made.disabled, made.blocker) == ("*zero1m", True, True)
    assert [one.ID for one in made.timings or ()] == ["NIGHT"]
    assert made.factors == {"double": 2 * FACTOR_ONE}
    assert made.expires.ns == NOW + DAY


def test_a_new_default_balance_has_a_value_only() -> None:
    site = site_of()
    run(site, act("*topup", units(MONEY, 5, "*default", Weight="10", Blocker=True), ExpirationString="+1h"))
    (made,) = site.held("ann").of_type(MONEY)
    assert (made.id, made.value, made.weight, made.blocker, made.expired_at(NOW + DAY)) == ("*default", 5 * ONE, 0, False, False)


def test_what_is_there_gets_its_value_changed_and_nothing_else() -> None:
    site = site_of(("a", "1"))
    run(site, act("*topup", units(MONEY, 1, "a", Weight="20", Blocker=True), ExpirationString="+1h"))
    (one,) = site.held("ann").of_type(MONEY)
    assert (one.value, one.weight, one.blocker, one.expired_at(NOW + DAY)) == (2 * ONE, 0, False, False)


def test_factors_may_stand_in_the_extra_parameters() -> None:
    site = site_of()
    run(site, act("*topup", units("*sms", 10, "a"), '{"double":2,"fine":0.00000000001}'), act("*topup", units("*sms", 1, "b"), "no json"))
    one, other = site.held("ann").of_type("*sms")
    assert one.factors == {"double": 2 * FACTOR_ONE, "fine": FACTOR_ONE // 10**11}
    assert other.factors is None


def test_expired_balances_are_passed_over_and_gone_with_the_next_change() -> None:
    site = site_of(("a", "1"), remove_expired=True)
    old = site.held("ann").of_type(MONEY)[0]
    old.expires = parse_time("2026-04-07T09:59:59Z", UTC_ZONE, 0)
    run(site, act("*topup", units(MONEY, 5, "a")))
    assert held(site) == [("a", "5")]
    assert site.held("ann").of_type(MONEY)[0] is not old
    site.verify()


@pytest.mark.parametrize(("second", "gone"), [("09:59:59", True), ("10:00:00", False), ("10:00:01", False)])
def test_a_balance_expires_after_its_last_instant(second: str, gone: bool) -> None:
    site = site_of(("a", "1"), ("b", "1"), remove_expired=False)
    site.held("ann").of_type(MONEY)[0].expires = parse_time(f"2026-04-07T{second}Z", UTC_ZONE, 0)
    if gone:
        run(site, act("*remove_expired", units(MONEY)))
        assert held(site) == [("b", "1")]
    else:
        fails(site, act("*remove_expired", units(MONEY)))


def test_expiry_is_reckoned_when_the_action_runs() -> None:
    site = site_of()
    for _ in range(2):
        run(site, act("*topup", units(MONEY, 1, str(site.now)), ExpirationString="*monthly"))
        site.now += 10 * DAY
    ends = [one.expires.text() for one in site.held("ann").of_type(MONEY)]
    assert ends == ["2026-05-07T10:00:00Z", "2026-05-17T10:00:00Z"]


def test_set_expiry_changes_what_fits_and_is_content_with_nothing() -> None:
    site = site_of(("a", "1"), ("b", "1"))
    run(site, act("*set_expiry", units(MONEY, id="a"), ExpirationString="2027-01-01T00:00:00Z"))
    assert [one.expires.text() for one in site.held("ann").of_type(MONEY)] == ["2027-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]
    run(site, act("*set_expiry", units(MONEY, id="none"), ExpirationString="2027-01-01T00:00:00Z"))


def test_a_set_balance_is_changed_in_every_field_that_is_given() -> None:
    site = site_of(("a", "1"))
    uuid = site.held("ann").of_type(MONEY)[0].uuid
    pattern = units(MONEY, 9, "renamed", Uuid=uuid, Weight="3", Blocker=True, Disabled=True, Categories={"call": True}, Factors={"x": "2"})
    run(site, act("*set_balance", pattern))
    (one,) = site.held("ann").of_type(MONEY)
    assert (one.uuid, one.id, one.value, one.weight) == (uuid, "renamed", 9 * ONE, 3 * ONE)
    assert (one.blocker, one.disabled, one.categories, one.factors) == (True, True, {"call": True}, {"x": 2 * FACTOR_ONE})


def test_money_moves_to_another_account() -> None:
    site = site_of(("a", "10"))
    balance(site.engine.charging, site.account("bob"), "own", MONEY, 1)
    run(site, act("*transfer_balance", units(MONEY, "2.5", "a"), to(BOB, "own")))
    run(site, act("*transfer_balance", units(MONEY, "2.5", "a"), to(BOB, "gift")))
    assert held(site) == [("a", "5")]
    assert held(site, name="bob") == [("own", "3.5"), ("gift", "2.5")]
    site.verify()


def test_an_action_of_the_set_sees_what_those_before_it_did() -> None:
    site = site_of()
    run(
        site,
        act("*topup", units(MONEY, 10, "a"), weight=30),
        act("*transfer_balance", units(MONEY, 4, "a"), to(ANN, "b"), weight=20),
        act("*remove_balance", units(MONEY, id="a"), weight=10),
        act("*transfer_monetary_default", units(""), weight=5),
    )
    assert held(site) == [("b", "0"), ("*default", "4")]
    site.verify()


def test_heavier_actions_go_first_and_equal_ones_in_their_order() -> None:
    site = site_of(("a", "1"))
    run(
        site,
        act("*topup", units(MONEY, 5, "a"), weight=5),
        act("*topup_reset", units(MONEY, 1, "a"), weight=10),
        act("*debit", units(MONEY, 2, "a"), weight=5),
    )
    assert held(site) == [("a", "4")]
    causes = [entry.cause for entry in site.entries() if entry.cause != CAUSE.kind]
    assert causes == ["*topup", "*debit"], "a reset to what is held moves nothing"


def test_who_is_given_a_share_becomes_a_member_of_the_group() -> None:
    site = site_of()
    site.put("shared_group", "SG", SharedGroup("SG", {"*any": SharingParameters("*mine_lowest", "")}, (BOB,)))
    run(site, act("*topup", units(MONEY, 5, "a", SharedGroups={"SG": True, "none": True})))
    run(site, act("*topup", units(MONEY, 5, "a", SharedGroups={"SG": True})))
    group = site.engine.items.get("shared_group", "SG")
    assert isinstance(group, SharedGroup)
    assert group.MemberIds == (BOB, ANN)
    site.cut()
    assert site.engine.items.get("shared_group", "SG") == group


def test_a_set_that_fails_makes_nobody_a_member_and_no_account() -> None:
    site = site_of()
    site.put("shared_group", "SG", SharedGroup("SG", {}))
    share = act("*topup", units(MONEY, 5, "a", SharedGroups={"SG": True}), weight=10)
    fails(site, share, act("*magic"), account=BOB)
    assert site.engine.items.get("shared_group", "SG") == SharedGroup("SG", {})
    assert site.engine.accounts.get(BOB) is None


# -- how much ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "increment", "day", "wanted"),
    [
        ("month", "day", "2026-02-10", "0.357142857"),
        ("month", "day", "2028-02-10", "0.344827586"),
        ("month", "day", "2026-12-31", "0.322580645"),
        ("week", "day", "2026-02-10", "1.428571429"),
        ("year", "day", "2026-02-10", "0.027397260"),
        ("year", "day", "2028-02-10", "0.027322404"),
        ("day", "hour", "2026-02-10", "0.416666667"),
        ("month", "hour", "2026-02-10", "0.014880952"),
        ("year", "hour", "2028-02-10", "0.001138434"),
        ("hour", "minute", "2026-02-10", "0.166666667"),
    ],
)
def test_a_formula_gives_the_share_of_the_day(interval: str, increment: str, day: str, wanted: str) -> None:
    site = site_of()
    site.now = parse_time(f"{day}T12:00:00Z", UTC_ZONE, 0).ns
    params = {"Units": 10, "Interval": interval, "Increment": increment}
    run(site, act("*topup", BalancePattern(Type=MONEY, Value=ValueFormula("*incremental", params))))
    assert site.values("ann")[MONEY] == [amount_of(wanted)]


BROKEN: list[dict[str, object]] = [
    {},
    {"Units": 10},
    {"Units": "x", "Interval": "month", "Increment": "day"},
    {"Units": 1, "Interval": "day", "Increment": "day"},
]


@pytest.mark.parametrize("params", BROKEN)
def test_a_formula_that_nobody_can_reckon_fails_the_set(params: dict[str, object]) -> None:
    fails(site_of(), act("*topup", BalancePattern(Type=MONEY, Value=ValueFormula("*incremental", params))))


def test_weights_made_from_the_time() -> None:
    site = site_of()
    for word in ("*time_desc", "*time_asc"):
        for age in range(2):
            run(site, act("*topup", units(MONEY, 1, f"{word}{age}", Weight=word)))
            site.now += SECOND
    weights = {one.id: one.weight // ONE for one in site.held("ann").of_type(MONEY)}
    assert weights["*time_desc0"] == weights["*time_desc1"] + 1 == (parse_time("2050-01-01T00:00:00Z", UTC_ZONE, 0).ns - NOW) // SECOND
    assert weights["*time_asc1"] == weights["*time_asc0"] + 1 == NOW // SECOND + 3


@pytest.mark.parametrize(("exact", "value"), [(True, "0.000005500"), (False, "0.00001")])
def test_values_are_kept_as_the_rounding_says(exact: bool, value: str) -> None:
    site = site_of(exact=exact)
    run(site, act("*topup", units(MONEY, "0.0000055")))
    assert site.values("ann")[MONEY] == [amount_of(value)]


def test_every_movement_says_what_caused_it() -> None:
    site = site_of()
    run(site, act("*topup", units(MONEY, 5, "a"), weight=1), act("*transfer_balance", units(MONEY, 1, "a"), to(ANN, "b")))
    assert [(one.cause, one.cause_id, one.at_ns, one.delta_amount) for one in site.entries()] == [
        ("*topup", "test", NOW, 5 * ONE),
        ("*transfer_balance", "test", NOW, ONE),
        ("*transfer_balance", "test", NOW, -ONE),
    ]
