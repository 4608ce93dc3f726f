"""What a look-up has found before is what it would find again, whatever changes in between."""

from __future__ import annotations

import random

import pytest

from engine.errors import Refusal
from engine.limits import KNOWN_INFOS, MAX_DESTINATION_LENGTH
from engine.rating.book import Destination, Timing
from engine.rating.call import Call, CallCost
from engine.rating.query import get_cost
from engine.rating.tariff import Tariff
from engine.usage import SECOND
from tests.engine.rating.build import EXACT, at, call_of, cost_of, price, put_profile, simple, slot, tariff_of
from tests.engine.rating.plan_folder import ANY_TIMING, make_plan

NIGHT = Timing("NIGHT", StartTime="22:00:00")
STARTS = ("2026-03-04T09:59:30Z", "2026-03-04T10:00:00Z", "2026-03-04T21:59:59Z", "2026-03-04T22:30:00Z", "2026-03-05T00:00:00Z")


def forgetful(tariff: Tariff) -> Tariff:
    """The same tariff, that remembers nothing."""
    return tariff.twin()


def asked(tariff: Tariff, call: Call) -> object:
    cost = get_cost(tariff, call, EXACT)
    return cost.to_data() if isinstance(cost, CallCost) else cost


def change(tariff: Tariff, chance: random.Random) -> None:
    """One of the changes that operators make."""
    kind = chance.randrange(7)
    if kind == 0:
        tariff.put_destination(Destination(chance.choice("DE"), tuple(chance.sample(["49", "4912", "33", "491"], 2))))
    elif kind == 1:
        tariff.remove_destination(chance.choice("DE"))
    elif kind in (2, 3):
        rows = [
            (chance.choice(["D", "E", "*any"]), price(slot(f"0.{chance.randint(1, 9)}")), chance.choice([ANY_TIMING, NIGHT]), "10")
            for _ in range(chance.randint(1, 3))
        ]
        tariff.put_rating_plan(make_plan(chance.choice(["PLAN", "OTHER"]), rows))
    elif kind == 4:
        tariff.remove_rating_plan(chance.choice(["PLAN", "OTHER"]))
    elif kind == 5:
        begins = chance.sample(["2000-01-01T00:00:00Z", *STARTS], chance.randint(1, 3))
        activations = [(begin, chance.choice(["PLAN", "OTHER"]), chance.choice([(), ("*any",)])) for begin in begins]
        put_profile(tariff, chance.choice(["sub", "*any"]), *activations)
    else:
        twin = tariff.twin()
        change(twin, chance)
        tariff.become(twin)


@pytest.mark.parametrize("seed", range(40))
def test_any_order_of_changes_and_calls_comes_to_the_same(seed: int) -> None:
    chance = random.Random(seed)
    tariff = tariff_of(("*any", price(slot("0.1")), ANY_TIMING, "10"))
    for _ in range(40):
        if chance.random() < 0.4:
            change(tariff, chance)
        usage, destination = chance.choice([0, 20, 90, 7200]), chance.choice(["4912345", "3312", "internet"])
        call = call_of(usage * SECOND, start=chance.choice(STARTS), destination=destination)
        assert asked(tariff, call.copy()) == asked(forgetful(tariff), call.copy())


def test_it_counts_until_the_next_activation_alone() -> None:
    tariff = simple("0.6")
    tariff.put_rating_plan(make_plan("NEXT", [("*any", price(slot("6")), ANY_TIMING, "10")]))
    put_profile(tariff, "sub", ("2026-01-01T00:00:00Z", "PLAN", ()), ("2026-03-04T10:00:30Z", "NEXT", ()))
    assert cost_of(tariff, call_of(20 * SECOND)).cost == 200_000_000
    known = tariff.known_infos("*out:example.org:call:sub", "4912345")
    assert known is not None
    assert (known.from_ns, known.until_ns) == (at("2026-01-01T00:00:00Z"), at("2026-03-04T10:00:30Z"))
    assert cost_of(tariff, call_of(60 * SECOND)).cost == 600_000_000  # it keeps the plan that it began with
    assert cost_of(tariff, call_of(60 * SECOND, start="2026-03-04T10:00:30Z")).cost == 6_000_000_000
    assert get_cost(tariff, call_of(60 * SECOND, start="2025-12-31T00:00:00Z"), EXACT) is Refusal.UNAUTHORIZED_DESTINATION


def test_what_asks_for_the_time_is_not_remembered() -> None:
    tariff = tariff_of(("*any", price(slot("0.1")), ANY_TIMING, "10"), ("*any", price(slot("0.2")), NIGHT, "20"))
    cost_of(tariff, call_of(20 * SECOND))
    assert tariff.known_infos("*out:example.org:call:sub", "4912345") is None


def test_it_is_bounded() -> None:
    tariff = simple("0.6")
    for number in range(KNOWN_INFOS + 1):
        cost_of(tariff, call_of(SECOND, destination=str(number)))
    assert tariff.known_infos("*out:example.org:call:sub", "0") is None
    assert tariff.known_infos("*out:example.org:call:sub", str(KNOWN_INFOS)) is not None


def test_long_destinations_are_not_kept() -> None:
    tariff = simple("0.6")
    for length in (MAX_DESTINATION_LENGTH, MAX_DESTINATION_LENGTH + 1):
        destination = "4" * length
        assert cost_of(tariff, call_of(SECOND, destination=destination)).cost == 10_000_000
        assert (tariff.known_infos("*out:example.org:call:sub", destination) is not None) == (length <= MAX_DESTINATION_LENGTH)
