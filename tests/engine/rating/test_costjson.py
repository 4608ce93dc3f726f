"""EventCosts as text: numbers and strings exactly as the encoder of all other answers writes them."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.money import ONE
from engine.rating.call import AccountSummary, BalanceSummary, Match
from engine.rating.cost import Charge, EventCost, pause_interval
from engine.rating.render import number, number_text, summary_data
from engine.times import UTC_ZONE

ENCODER = msgspec.json.Encoder(decimal_format="number")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.integers(-(10**25), 10**25) | st.integers(-(10**12), 10**12) | st.integers(-20_000, 20_000))
def test_an_amount_is_written_as_the_number_that_it_is(amount: int) -> None:
    assert number_text(amount).encode() == ENCODER.encode(number(amount))


@given(TEXTS, TEXTS, TEXTS)
def test_names_of_strangers_are_escaped(cgrid: str, run_id: str, name: str) -> None:
    cost = EventCost(cgrid, run_id, 0, UTC_ZONE, "")
    cost.charges.append(Charge(pause_interval(), Match(name, name, name, name), [], 1))
    data = json.loads(cost.to_json())
    assert (data["CGRID"], data["RunID"]) == (cgrid, run_id)
    assert list(data["RatingFilters"].values()) == [
        {"Subject": name, "DestinationPrefix": name, "DestinationID": name, "RatingPlanID": name}
    ]
    assert cost.to_json().encode() == ENCODER.encode(data)


@given(TEXTS, st.integers(0, 10**14), st.sampled_from([0, ONE // 2, 10 * ONE]), st.none() | st.just({"*voice": 10**30, "*sms": 10**28}))
def test_a_summary_is_written_as_in_other_answers(name: str, value: int, weight: int, factors: dict[str, int] | None) -> None:
    cost = EventCost("", "", 0, UTC_ZONE, "")
    cost.summary = AccountSummary("t", name, [BalanceSummary("u", name, "*monetary", value, -value, weight, False, factors)], True, False)
    assert json.loads(cost.to_json())["AccountSummary"] == json.loads(ENCODER.encode(summary_data(cost.summary)))
    assert ENCODER.encode(summary_data(cost.summary)) in cost.to_json().encode()


def test_what_is_not_told_and_what_only_asks() -> None:
    cost = EventCost("c", "r", 0, UTC_ZONE, "")
    cost.charges.append(Charge(None, Match("", "", "", ""), [], 0))
    assert (json.loads(cost.to_json())["Usage"], json.loads(cost.to_json(told=False))["Usage"]) == (0, None)
    assert json.loads(cost.to_json())["Charges"] == [{"RatingID": "", "Increments": [], "CompressFactor": 0}]
    assert json.loads(cost.to_json(question=True))["Charges"] == [{"RatingID": "", "Increments": None, "CompressFactor": 0}]


def test_data_of_a_cost_has_every_digit() -> None:
    cost = EventCost("c", "r", 0, UTC_ZONE, "")
    balance = BalanceSummary("u", "i", "*monetary", 123_456_789_123_456_789, 500_000_000, 0, False, None)
    cost.summary = AccountSummary("t", "a", [balance], False, False)
    row = cost.to_data()["AccountSummary"]["BalanceSummaries"][0]  # type: ignore[index]
    assert (row["Initial"], row["Value"]) == (Decimal("123456789.123456789"), 0.5)
