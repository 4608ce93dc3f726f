"""The tariff changes in place, item by item; and it is quick and lean with many prefixes."""

from __future__ import annotations

import tracemalloc

import pytest

from engine.errors import Refusal
from engine.rating.book import Destination, PlanRate, Rating, RatingPlan, Timing
from engine.rating.call import CallCost, RatingOptions
from engine.rating.kinds import DESTINATION, KINDS, RATING_PLAN, RATING_PROFILE, SHARED_GROUP, TIMING
from engine.rating.lookup import find_infos, first_match
from engine.rating.query import get_cost
from engine.rating.tariff import Tariff
from engine.times import ZERO_TIME
from engine.usage import SECOND
from tests.engine.rating.build import EXACT, at, call_of, cost_of, price, put_profile, slot, tariff_of
from tests.engine.rating.plan_folder import ANY_TIMING, make_plan
from tests.measured import measured

CHEAP = price(slot("0.1"))
DEAR = price(slot("0.9"))


def test_destinations_of_a_prefix_come_in_the_order_in_which_they_came() -> None:
    tariff = Tariff()
    for name in ("B", "A", "C"):
        tariff.put_destination(Destination(name, ("49", f"49{ord(name)}")))
    assert tariff.ids_of_prefix("49") == ["B", "A", "C"]
    tariff.put_destination(Destination("B", ("49", "33")))
    assert tariff.ids_of_prefix("49") == ["B", "A", "C"]
    assert (tariff.ids_of_prefix("4966"), tariff.ids_of_prefix("33")) == (None, ["B"])
    tariff.remove_destination("A")
    assert tariff.ids_of_prefix("49") == ["B", "C"]
    tariff.remove_destination("B")
    tariff.remove_destination("nobody")
    assert tariff.ids_of_prefix("49") == ["C"]
    tariff.put_destination(Destination("C", ()))
    assert (tariff.ids_of_prefix("49"), list(tariff.prefixes_of(["A", "C"]))) == (None, [])


def test_a_prefix_that_stands_twice_counts_once() -> None:
    tariff = Tariff()
    tariff.put_destination(Destination("A", ("49", "49")))
    assert tariff.ids_of_prefix("49") == ["A"]


def test_a_destination_that_comes_or_goes_counts_at_once() -> None:
    tariff = tariff_of(("D", CHEAP, ANY_TIMING, "10"))
    call = call_of(60 * SECOND, destination="4930")
    assert get_cost(tariff, call.copy(), EXACT) is Refusal.UNAUTHORIZED_DESTINATION
    tariff.put_destination(Destination("D", ("49",)))
    assert cost_of(tariff, call.copy()).cost == 100_000_000
    tariff.remove_destination("D")
    assert get_cost(tariff, call.copy(), EXACT) is Refusal.UNAUTHORIZED_DESTINATION


def test_equal_rows_share_what_they_are_compiled_to() -> None:
    tariff = Tariff()
    names = tuple(f"D{number}" for number in range(5))
    tariff.put_rating_plan(make_plan("P1", [(name, CHEAP, ANY_TIMING, "10") for name in names]))
    tariff.put_rating_plan(make_plan("P2", [("X", CHEAP, ANY_TIMING, "10")]))
    rows = [tariff.plans["P1"].by_destination[name].intervals[0] for name in names]
    assert all(row is tariff.plans["P2"].by_destination["X"].intervals[0] for row in rows)


def test_a_row_that_stands_twice_counts_once() -> None:
    same = Timing("SAME")
    plan = make_plan(
        "P", [("D", CHEAP, ANY_TIMING, "10"), ("D", CHEAP, same, "10.0"), ("D", CHEAP, ANY_TIMING, "20"), ("D", DEAR, ANY_TIMING, "10")]
    )
    tariff = Tariff()
    tariff.put_rating_plan(plan)
    assert len(tariff.plans["P"].by_destination["D"].intervals) == 3


def test_rows_without_a_price_are_no_match() -> None:
    tariff = Tariff()
    tariff.put_rating_plan(RatingPlan("PLAN", {}, {}, {"*any": ()}))
    put_profile(tariff, "sub", ("2014-01-01T00:00:00Z", "PLAN", ()))
    assert get_cost(tariff, call_of(SECOND), EXACT) is Refusal.UNAUTHORIZED_DESTINATION


@pytest.mark.parametrize("broken", ["x", "1e99999", "NaN"])
def test_a_price_that_is_no_number_is_refused(broken: str) -> None:
    rating = Rating(broken, "*up", 4, "0", "", (slot("1"),))
    with pytest.raises(ValueError, match="number"):
        Tariff().put_rating_plan(make_plan("P", [("*any", rating, ANY_TIMING, "10")]))


def test_a_row_that_names_nothing_is_refused() -> None:
    with pytest.raises(KeyError):
        Tariff().put_rating_plan(RatingPlan("P", {}, {}, {"*any": (PlanRate("T", "R", "10"),)}))


def test_kinds_are_the_rows_that_the_tariff_takes_in() -> None:
    tariff = tariff_of(("*any", CHEAP, ANY_TIMING, "10"))
    assert [kind.name for kind in KINDS] == [DESTINATION, TIMING, RATING_PLAN, RATING_PROFILE, SHARED_GROUP]
    items = {DESTINATION: ("D", Destination("D", ("49",))), TIMING: ("T", Timing("T"))}
    items[RATING_PLAN] = ("PLAN", make_plan("PLAN", [("*any", DEAR, ANY_TIMING, "10")]))
    for kind in KINDS:
        if kind.name in items:
            name, item = items[kind.name]
            assert kind.decode(kind.encode(item)) == item
            tariff.put(kind.name, name, item)
    tariff.put("threshold", "x", object())
    assert cost_of(tariff, call_of(60 * SECOND)).cost == 900_000_000
    assert tariff.timings["T"] == Timing("T")
    for kind_name in (DESTINATION, TIMING, RATING_PLAN):
        tariff.remove(kind_name, items[kind_name][0])
    tariff.remove(RATING_PROFILE, "*out:example.org:call:sub")
    tariff.remove("threshold", "x")
    assert (tariff.profiles, tariff.plans, list(tariff.timings), tariff.ids_of_prefix("49")) == ({}, {}, ["*any"], None)


# -- look-up -------------------------------------------------------------------------------------------------------------


def test_an_activation_without_a_time_is_active_for_ever() -> None:
    from engine.rating.book import NO_ACTIVATION_TIME, Activation, RatingProfile

    tariff = tariff_of(("*any", CHEAP, ANY_TIMING, "10"))
    tariff.put_rating_profile(RatingProfile("*out:example.org:call:sub", (Activation(NO_ACTIVATION_TIME, "PLAN"),)))
    for start_ns in (ZERO_TIME, at("1999-01-01T00:00:00Z")):
        call = call_of(0)
        call.start_ns, call.end_ns = start_ns, start_ns + 60 * SECOND
        assert cost_of(tariff, call).cost == 100_000_000


def test_a_chain_of_fallback_subjects_ends_however_deep_it_may_go() -> None:
    """Circles, and profiles that all point at each other."""
    tariff = tariff_of(("D", CHEAP, ANY_TIMING, "10"))
    names = tuple(f"s{number}" for number in range(40))
    for name in (*names, "sub"):
        put_profile(tariff, name, ("2014-01-01T00:00:00Z", "PLAN", names))
    with measured() as took:
        found = find_infos(tariff, call_of(SECOND), RatingOptions(exact=True, fallback_depth=1000))
    assert found is Refusal.UNAUTHORIZED_DESTINATION
    assert took.seconds < 0.1


def test_prefix_matching_of_subjects_with_colons() -> None:
    tariff = tariff_of(("*any", CHEAP, ANY_TIMING, "10"), subject="rif:from")
    options = RatingOptions(exact=True, subject_prefix_matching=True)
    match = first_match(tariff, call_of(SECOND, subject="rif:from:tm"), options)
    assert match is not None
    assert match.subject == "*out:example.org:call:rif:from"
    assert first_match(tariff, call_of(SECOND, subject="r"), options) is None


def test_a_plan_that_is_missing_prices_nothing() -> None:
    tariff = tariff_of(("*any", CHEAP, ANY_TIMING, "10"))
    put_profile(tariff, "sub", ("2014-01-01T00:00:00Z", "MISSING", ()))
    assert get_cost(tariff, call_of(SECOND), EXACT) is Refusal.UNAUTHORIZED_DESTINATION


def test_destinations_longer_than_any_prefix_are_cut() -> None:
    tariff = tariff_of(("D", CHEAP, ANY_TIMING, "10"), destinations={"D": ("49",)})
    with measured() as took:
        cost_of(tariff, call_of(60 * SECOND, destination="49" + "1" * 10**6))
    assert took.seconds < 0.05


# -- size ----------------------------------------------------------------------------------------------------------------


def many_destinations(count: int) -> list[Destination]:
    return [Destination(f"DST_{number:06d}", (f"+{49_000_000 + number}",)) for number in range(count)]


def test_two_hundred_thousand_prefixes_compile_quickly_and_lean() -> None:
    destinations = many_destinations(200_000)
    rows = [(item.Id, (CHEAP, DEAR)[number % 2]) for number, item in enumerate(destinations)]
    timings, ratings = {"T": Timing("*any")}, {"0": CHEAP, "1": DEAR}
    plan = RatingPlan("PLAN", timings, ratings, {name: (PlanRate("T", str(number % 2), "10"),) for number, (name, _) in enumerate(rows)})
    tracemalloc.start()
    tariff = Tariff()
    for item in destinations:
        tariff.put_destination(item)
    tariff.put_rating_plan(plan)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 120 << 20
    put_profile(tariff, "sub", ("2014-01-01T00:00:00Z", "PLAN", ()))
    cost = get_cost(tariff, call_of(60 * SECOND, destination="+4915100012345"), EXACT)
    assert isinstance(cost, CallCost)
    assert cost.spans[0].match.prefix == "+49151000"
    again = Tariff()
    with measured() as took:
        for item in destinations:
            again.put_destination(item)
        again.put_rating_plan(plan)
    assert took.seconds < 2
