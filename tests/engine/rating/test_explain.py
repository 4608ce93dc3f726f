"""Explanations: what they name, and that they agree with the cost."""

from __future__ import annotations

import json

from engine.rating.call import RatingOptions
from engine.rating.explain import explain_cost, explanation_text
from engine.rating.render import Data
from engine.rating.tariff import Tariff
from engine.usage import SECOND
from tests.engine.rating.build import EXACT, PER_INCREMENT, call_of, cost_of, price, put_profile, simple, slot, tariff_of
from tests.engine.rating.plan_folder import ANY_TIMING, make_plan

ALWAYS = "2014-01-01T00:00:00Z"


def explain(tariff: Tariff, options: RatingOptions = EXACT, **question: str) -> Data:
    tree = explain_cost(tariff, call_of(61 * SECOND, **question), options)
    found: Data = json.loads(json.dumps(tree))
    assert found == tree
    return found


def sample() -> Tariff:
    tariff = tariff_of(("D", price(slot("0.1"), fee="0.2"), ANY_TIMING, "10"), destinations={"D": ("4930", "+44"), "E": ("4931",)})
    put_profile(tariff, "boss", (ALWAYS, "EMPTY", ("sub",)))
    tariff.put_rating_plan(make_plan("EMPTY", [("X", price(slot("9")), ANY_TIMING, "10")]))
    return tariff


def test_an_explained_cost_says_what_was_looked_at_and_what_was_rounded() -> None:
    text = explanation_text(explain(sample(), subject="boss", destination="493012"))
    for part in (
        "*out:example.org:call:boss",
        "*out:example.org:call:sub",
        "Prefix: 4930",
        "a step costs 1/600 exactly",
        "the connect fee: 0.2",
    ):
        assert part in text
    tree = explain(sample(), PER_INCREMENT, destination="493012")
    assert "0.00167 a step, 0.10187 in all" in explanation_text(tree)
    assert tree["Total"]["Cost"] == "0.3019"  # type: ignore[index]
    assert cost_of(sample(), call_of(61 * SECOND, destination="493012"), PER_INCREMENT).cost == 301_900_000


def test_a_missing_profile_names_the_nearest() -> None:
    tree = explain(sample(), subject="subb")
    assert tree["Refusal"] == "RATING_PLAN_NOT_FOUND"
    assert "there is a profile example.org:call:sub" in tree["NearMisses"]  # type: ignore[operator]
    put_profile(other := sample(), "late", (ALWAYS, "PLAN", ()), category="video")
    assert "there is a profile example.org:video:late" in explain(other, subject="late")["NearMisses"]  # type: ignore[operator]


def test_a_missing_destination_names_the_nearest() -> None:
    misses = "\n".join(explain(sample(), destination="+493012")["NearMisses"])  # type: ignore[arg-type]
    assert "493012 would match 4930 of D in PLAN" in misses
    assert "+44 is a prefix of PLAN" in misses
    assert "4931 is a prefix of E, which the plan lacks: PLAN" in explain(sample(), destination="49315")["NearMisses"]  # type: ignore[operator]
    assert "44123" not in json.dumps(explain(sample(), destination="004412")["NearMisses"])
    assert "+4412 would match +44 of D in PLAN" in explain(sample(), destination="004412")["NearMisses"]  # type: ignore[operator]


def test_a_profile_that_is_not_active_yet_says_so() -> None:
    tariff = sample()
    put_profile(tariff, "later", ("2090-01-01T00:00:00Z", "PLAN", ()))
    assert explain(tariff, subject="later")["NearMisses"] == ["no activation of the profile has begun"]


def test_a_usage_beyond_the_limit_is_all_there_is_to_say() -> None:
    tree = explain_cost(simple("1"), call_of(61 * SECOND), RatingOptions(exact=True, max_usage_ns={"*any": 1}))
    assert tree["Refusal"] == "MAX_USAGE_EXCEEDED"


def test_explaining_changes_nothing() -> None:
    call = call_of(61 * SECOND, destination="493012")
    explain_cost(sample(), call, EXACT)
    assert call.infos is None


def test_limits_gaps_and_octets_are_explained() -> None:
    limited = tariff_of(("*any", price(slot("1", SECOND), limit="10", strategy="*free"), ANY_TIMING, "10"))
    assert "limited by *free at 10" in explanation_text(explain(limited))
    headless = tariff_of(("*any", price(slot("1", SECOND, start=90 * SECOND)), ANY_TIMING, "10"))
    assert "nothing is charged" in explanation_text(explain(headless))
    octets = explain_cost(simple("0.01", 1024, 1024), call_of(5000, tor="*data"), EXACT)
    assert "in steps of 1024" in explanation_text(octets)
    assert "Usage: 5120" in explanation_text(octets)
