"""Explanations of prices: what they name, and that they agree with the cost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.limits import MAX_EXPLAINED_SPANS
from engine.rating.book import Destination, RatingPlan, Timing
from engine.rating.call import RatingOptions
from engine.rating.explain import explain_cost
from engine.rating.near import nearest_prefixes, one_letter_off
from engine.rating.tariff import Tariff
from engine.usage import DAY, SECOND
from tests.engine.rating.build import EXACT, PER_INCREMENT, call_of, cost_of, price, put_profile, simple, slot, tariff_of
from tests.engine.rating.plan_folder import ANY_TIMING, make_plan
from tests.measured import measured

ALWAYS = "2014-01-01T00:00:00Z"
NIGHT = Timing("NIGHT", StartTime="22:00:00")


def explain(tariff: Tariff, options: RatingOptions = EXACT, usage_ns: int = 61 * SECOND, **question: str) -> dict[str, Any]:
    tree = explain_cost(tariff, call_of(usage_ns, **question), options)
    found: dict[str, Any] = json.loads(json.dumps(tree))
    assert found == tree
    return found


def sample() -> Tariff:
    tariff = tariff_of(("D", price(slot("0.1"), fee="0.2"), ANY_TIMING, "10"), destinations={"D": ("4930", "+44"), "E": ("4931",)})
    put_profile(tariff, "boss", (ALWAYS, "EMPTY", ("sub",)))
    tariff.put_rating_plan(make_plan("EMPTY", [("X", price(slot("9")), ANY_TIMING, "10")]))
    return tariff


def test_every_look_up_is_named() -> None:
    first, second = explain(sample(), subject="boss", destination="493012")["Profiles"]
    assert (first["ID"], first["FoundID"], first["Depth"]) == ("*out:example.org:call:boss", "*out:example.org:call:boss", 1)
    assert first["Activations"] == [{"ActivationTime": ALWAYS, "RatingPlanID": "EMPTY", "DestinationID": None, "Prefix": None}]
    assert (second["ID"], second["Depth"], second["TooDeep"]) == ("*out:example.org:call:sub", 2, False)
    assert second["Activations"][0]["Prefix"] == "4930"
    assert second["Activations"][0]["Timings"] == [{"TimingID": "*any", "StartTime": "00:00:00", "Weight": 10, "Active": True}]


def test_a_profile_found_by_a_part_of_the_subject_is_told() -> None:
    options = RatingOptions(exact=True, subject_prefix_matching=True)
    looked = explain(sample(), options, subject="subway", destination="493012")["Profiles"]
    assert [(one["ID"], one["FoundID"]) for one in looked] == [("*out:example.org:call:subway", "*out:example.org:call:sub")]


def test_fallback_subjects_end_where_the_configuration_says() -> None:
    options = RatingOptions(exact=True, fallback_depth=1)
    looked = explain(sample(), options, subject="boss", destination="493012")["Profiles"]
    assert [(one["Depth"], one["TooDeep"]) for one in looked] == [(1, False), (2, True)]


def test_timings_say_which_rest() -> None:
    tariff = tariff_of(("*any", price(slot("1")), ANY_TIMING, "10"), ("*any", price(slot("2")), NIGHT, "20"))
    by_day = explain(tariff)
    assert [(one["TimingID"], one["Active"]) for one in by_day["Profiles"][0]["Activations"][0]["Timings"]] == [
        ("*any", True),
        ("NIGHT", False),
    ]
    assert (by_day["Spans"][0]["TimingID"], by_day["Spans"][0]["Weight"]) == ("*any", 10)
    by_night = explain(tariff, start="2026-03-04T23:00:00Z")["Spans"][0]
    assert (by_night["TimingID"], by_night["StartTime"], by_night["Rate"]["Value"]) == ("NIGHT", "22:00:00", 2)


def test_exact_steps_are_rounded_once() -> None:
    tree = explain(sample(), destination="493012")
    assert tree["Spans"][0]["Price"] == [
        "slot from 0s: 0.1 per 1m0s, in steps of 1s",
        "a step costs 1/600 exactly",
        "61 steps: 0.101666667, rounded once to 9 decimals",
    ]
    assert tree["Spans"][0]["Increments"] == [
        {"Usage": 0, "CompressFactor": 1, "Cost": 0.2, "Total": 0.2},
        {"Usage": SECOND, "CompressFactor": 61, "Cost": 0.001666667, "Total": 0.101666667},
    ]
    assert tree["Total"]["Rounding"] == [
        "the spans together: 0.301666667",
        "in it the connect fee: 0.2",
        "rounded *up to 4 decimals: 0.3017",
    ]
    assert (tree["Total"]["Cost"], tree["Total"]["Usage"], tree["Total"]["ConnectFee"]) == (0.3017, 61 * SECOND, 0.2)


def test_steps_by_increment_are_rounded_twice() -> None:
    tree = explain(sample(), PER_INCREMENT, destination="493012")
    assert tree["Spans"][0]["Price"][-2:] == [
        "61 steps cost 61/600 exactly, 0.10167 rounded to 5 decimals",
        "divided by 61 and rounded again: 0.00167 a step, 0.10187 in all",
    ]
    assert tree["Total"]["Cost"] == 0.3019
    assert cost_of(sample(), call_of(61 * SECOND, destination="493012"), PER_INCREMENT).cost == 301_900_000


def test_a_rate_without_decimals_is_not_rounded() -> None:
    assert explain(simple("0.1", decimals=0))["Total"]["Rounding"][-1] == "not rounded, since the rate asks for no decimals: 0.101666667"


def test_limits_gaps_and_octets_are_explained() -> None:
    limited = tariff_of(("*any", price(slot("1", SECOND), limit="10", strategy="*free"), ANY_TIMING, "10"))
    assert "limited by *free at 10" in explain(limited)["Total"]["Rounding"]
    headless = tariff_of(("*any", price(slot("1", SECOND, start=90 * SECOND)), ANY_TIMING, "10"))
    span = explain(headless)["Spans"][0]
    assert (span["Rate"], span["Price"]) == (None, ["no slot begins before 0s: nothing is charged"])
    octets = explain(simple("0.01", 1024, 1024), usage_ns=5000, tor="*data")
    assert octets["Spans"][0]["Price"][0] == "slot from 0: 0.01 per 1024, in steps of 1024"
    assert octets["Total"]["Usage"] == 5120


def test_equal_spans_are_told_with_the_slot_that_they_are_in() -> None:
    tariff = tariff_of(("*any", price(slot("1", SECOND), slot("2", SECOND, start=60 * SECOND)), ANY_TIMING, "10"))
    tree = explain(tariff, start="2026-03-04T00:00:00Z", usage_ns=7 * DAY // 2)
    folded = tree["Spans"][2]
    assert (folded["CompressFactor"], folded["Rate"]["Value"], folded["Cost"]) == (2, 2, 2 * 86_400 * 2)


def test_long_calls_show_their_first_spans_and_count_the_others() -> None:
    tariff = tariff_of(("*any", price(slot("1")), ANY_TIMING, "10"), ("*any", price(slot("2")), NIGHT, "20"))
    tree = explain(tariff, usage_ns=100 * DAY)
    assert len(tree["Spans"]) == MAX_EXPLAINED_SPANS
    assert tree["MoreSpans"] > 0


# -- near misses ---------------------------------------------------------------------------------------------------------


def test_a_missing_profile_names_the_nearest() -> None:
    tree = explain(sample(), subject="subb")
    assert tree["Refusal"] == "RATING_PLAN_NOT_FOUND"
    assert tree["NearMisses"][0] == "there is a profile example.org:call:sub"
    put_profile(other := sample(), "late", (ALWAYS, "PLAN", ()), category="video")
    assert explain(other, subject="late")["NearMisses"][0] == "there is a profile example.org:video:late"


def test_a_subject_one_letter_off_is_found_in_a_tariff_of_any_size() -> None:
    tariff = sample()
    for number in range(60_000):
        put_profile(tariff, f"other{number:05}", (ALWAYS, "PLAN", ()))
    put_profile(tariff, "zebra", (ALWAYS, "PLAN", ()))
    with measured() as took:
        assert "there is a profile example.org:call:zebra" in explain(tariff, subject="zerba")["NearMisses"]
    assert took.seconds < 1.0, "nobody else is served meanwhile"


def test_one_letter_off_is_what_it_says() -> None:
    found = set(one_letter_off("ab"))
    assert {"a", "b", "ba", "aab", "abc", "xb", "ax", "a9b"} <= found
    assert "ab" not in found
    assert list(one_letter_off("x" * 65)) == []


def test_a_missing_destination_names_the_nearest() -> None:
    misses = explain(sample(), destination="+493012")["NearMisses"]
    assert misses == ["493012 would match prefix 4930 of D in PLAN", "PLAN prices prefix +44 of D"]
    assert explain(sample(), destination="+1")["NearMisses"] == []
    assert "prefix 4931 belongs to E, which PLAN does not price" in explain(sample(), destination="49315")["NearMisses"]
    assert explain(sample(), destination="004412")["NearMisses"][0] == "+4412 would match prefix +44 of D in PLAN"


def test_a_destination_whose_hours_rest_says_so() -> None:
    tariff = tariff_of(("D", price(slot("1")), NIGHT, "10"), destinations={"D": ("4930",)})
    tree = explain(tariff, destination="493012")
    assert (tree["Refusal"], tree["NearMisses"][0]) == ("UNAUTHORIZED_DESTINATION", "prefix 4930 of D has no price at this time in PLAN")


def test_a_call_that_runs_into_hours_without_a_price_says_so() -> None:
    weekdays = Timing("WORK", WeekDays=(1, 2, 3, 4, 5), StartTime="07:00:00")
    tariff = tariff_of(("D", price(slot("1")), weekdays, "10"), destinations={"D": ("4930",)})
    tree = explain(tariff, destination="493012", start="2026-03-06T23:59:30Z")
    assert tree["Refusal"] == "UNAUTHORIZED_DESTINATION"
    assert tree["NearMisses"][0] == "PLAN prices D by WORK from 07:00:00 only: a later part of the call has no price"


def test_a_call_of_centuries_has_too_many_stretches() -> None:
    tariff = tariff_of(("*any", price(slot("1")), ANY_TIMING, "10"), ("*any", price(slot("2")), NIGHT, "20"))
    assert explain(tariff, usage_ns=90 * 365 * DAY)["NearMisses"] == ["it falls into more than 10000 stretches of one price"]


def test_a_prefix_beside_the_number_is_found_in_a_plan_of_any_size() -> None:
    tariff = tariff_of(("A", price(slot("1")), ANY_TIMING, "10"), ("B", price(slot("1")), ANY_TIMING, "10"))
    tariff.put_destination(Destination("A", tuple(f"9{number:05}" for number in range(20_000))))
    tariff.put_destination(Destination("B", ("493077",)))
    assert explain(tariff, destination="4930991")["NearMisses"] == ["PLAN prices prefix 493077 of B"]
    assert nearest_prefixes("4930", ["5", "49", "493", "4939"]) == ["493", "4939", "49"]


def test_a_plan_that_is_gone_is_named() -> None:
    tariff = sample()
    tariff.put_rating_plan(RatingPlan("PLAN", {}, {}, {}))
    tariff.remove_rating_plan("PLAN")
    tree = explain(tariff, destination="493012")
    assert (tree["Refusal"], tree["NearMisses"]) == ("UNAUTHORIZED_DESTINATION", ["there is no rating plan PLAN"])


def test_a_profile_that_is_not_active_yet_says_so() -> None:
    tariff = sample()
    put_profile(tariff, "later", ("2090-01-01T00:00:00Z", "PLAN", ()))
    assert explain(tariff, subject="later")["NearMisses"] == ["no activation of the profile has begun"]


@pytest.mark.parametrize("bounds", [{"*any": 1}, {"*voice": 1}])
def test_a_usage_beyond_the_limit_is_all_there_is_to_say(bounds: dict[str, int]) -> None:
    tree = explain(simple("1"), RatingOptions(exact=True, max_usage_ns=bounds))
    assert (tree["Refusal"], tree["NearMisses"]) == ("MAX_USAGE_EXCEEDED", ["rals.max_computed_usage allows 1ns"])


def test_explaining_changes_nothing() -> None:
    call = call_of(61 * SECOND, destination="493012")
    explain_cost(sample(), call, EXACT)
    assert call.infos is None
