"""A month of seconds and a terabyte of octets cost what a minute costs: steps are counted, never gone through."""

from __future__ import annotations

from typing import Any

import pytest

from engine.accounts.account import Account
from engine.accounts.charge import Charging
from engine.errors import Refusal
from engine.money import FACTOR_ONE
from engine.rating.call import Call, CallCost
from engine.rating.cost import EventCost
from engine.usage import HOUR, MINUTE, SECOND
from tests.engine.house import CAUSE, account, balance, call, charging, plan
from tests.measured import measured

MONTH = 744 * HOUR
OCTETS = 10**12
MOST_RUNS = 100  # a voice month falls into at most 32 days, folded where they are equal
MOST_SECONDS = 0.25  # of this thread, on a slow machine; a month one second at a time takes many seconds

VOICE = plan("RP_V", ("0", "0.01", SECOND, MINUTE))
VOICE_UNITS = plan("RP_VU", ("0", "0.003", SECOND, MINUTE))
DATA = plan("RP_D", ("0", "0.01", 1, 1 << 20))
DATA_UNITS = plan("RP_DU", ("0", "0.007", 1, 1 << 20))
CAPPED = plan("RP_C", ("0", "0.01", SECOND, MINUTE), limit=("100", "*free"))
UNTIL = plan("RP_U", ("0", "0.01", SECOND, MINUTE), limit=("100", "*disconnect"))

Holding = tuple[str, str, object, dict[str, Any]]
MONEY: Holding = ("cash", "*monetary", 10**9, {})

CASES: tuple[tuple[str, int, object, tuple[Holding, ...]], ...] = (
    ("*voice", MONTH, VOICE, (("units", "*voice", MONTH, {}),)),
    ("*voice", MONTH, VOICE, (("units", "*voice", MONTH, {"factors": {"double": 2 * FACTOR_ONE}}), MONEY)),
    ("*voice", MONTH, VOICE, (("units", "*voice", MONTH, {"rating_subject": "units"}), MONEY)),
    ("*voice", MONTH, VOICE, (MONEY,)),
    ("*voice", MONTH, VOICE, ()),
    ("*voice", MONTH, VOICE, (("seconds", "*monetary", MONTH, {"rating_subject": "*zero1s"}),)),
    ("*voice", MONTH, CAPPED, (MONEY,)),
    ("*voice", MONTH, UNTIL, (MONEY,)),
    ("*voice", MONTH, VOICE, (*tuple((f"u{n}", "*voice", MONTH // 20, {"rating_subject": "units"}) for n in range(20)), MONEY)),
    ("*voice", MONTH, VOICE, tuple((f"c{n}", "*monetary", "13.377", {}) for n in range(40))),
    ("*data", OCTETS, DATA, (("units", "*data", OCTETS, {}),)),
    ("*data", OCTETS, DATA, (("units", "*data", OCTETS, {"factors": {"double": 2 * FACTOR_ONE}}), MONEY)),
    ("*data", OCTETS, DATA, (("units", "*data", OCTETS, {"rating_subject": "units"}), MONEY)),
    ("*data", OCTETS, DATA, (MONEY,)),
    ("*data", OCTETS, DATA, ()),
)


def house_of(tor: str, rates: Any, holdings: tuple[Holding, ...], exact: bool) -> tuple[Charging, Account]:
    house = charging(("sub", rates), ("units", DATA_UNITS if tor == "*data" else VOICE_UNITS), exact=exact)
    ann = account(house, "ann")
    for id, kind, value, fields in holdings:
        balance(house, ann, id, kind, value, **fields)
    return house, ann


def question(tor: str, usage_ns: int) -> Call:
    made = call("sub", "ann", usage_ns, tor=tor)
    made.factor_id = "double"
    return made


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "per_increment"])
@pytest.mark.parametrize(("tor", "usage_ns", "rates", "holdings"), CASES, ids=range(len(CASES)))
def test_long_calls_are_asked_taken_and_given_back_at_once(
    tor: str, usage_ns: int, rates: object, holdings: tuple[Holding, ...], exact: bool
) -> None:
    house, ann = house_of(tor, rates, holdings, exact)
    held = {one.uuid: one.value for chain in (ann.balances or {}).values() for one in chain}
    with measured() as took:
        assert not isinstance(house.max_session(question(tor, usage_ns)), Refusal)
        cost = house.debit(question(tor, usage_ns), CAUSE)
        assert isinstance(cost, CallCost)
        record = EventCost.of(cost, "", "")
        record.to_data()
        surplus = record.trim(usage_ns // 3 + 1)
        assert surplus is not None
        house.refund(surplus.refunds(tor), None, CAUSE)
        house.refund(record.refunds(tor), None, CAUSE)
    assert took.seconds < MOST_SECONDS
    assert cost.rated_usage_ns == usage_ns
    assert sum(len(span.increments or []) for span in cost.spans) < MOST_RUNS
    left = {one.uuid: one.value for chain in (ann.balances or {}).values() for one in chain}
    assert {uuid: left[uuid] for uuid in held} == held, "what was taken came back, to the last grain"
    assert all(value == 0 for uuid, value in left.items() if uuid not in held)


def test_a_month_in_small_parts_stays_one_run() -> None:
    house, _ = house_of("*voice", VOICE, (("units", "*voice", MONTH, {}),), True)
    whole = EventCost("", "", 0, question("*voice", 0).zone, "*voice")
    for _ in range(50):
        part = house.max_debit(question("*voice", 10 * SECOND), CAUSE)
        assert isinstance(part, CallCost)
        whole.merge(EventCost.of(part, "", ""))
    assert [(charge.count, [run.count for run in charge.increments]) for charge in whole.charges] == [(50, [10])]
    assert whole.usage_ns == 500 * SECOND
