"""For any balances and any calls: what was taken is what is gone, every value is the sum of its entries, no order of parts matters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.accounts.account import Account
from engine.accounts.charge import Charging
from engine.accounts.verify import Tally
from engine.errors import Refusal
from engine.money import ONE
from engine.rating.call import CallCost
from engine.rating.cost import EventCost
from engine.records import Entry
from engine.usage import MINUTE, SECOND
from tests.engine.house import CAUSE, account, balance, call, charging, plan

PRICES = st.sampled_from(["0", "0.01", "0.07", "0.6", "1.2345", "3.75", "0.0001"])
STEPS = st.sampled_from([1, 7, 30, 60])
USAGES = st.integers(0, 600)
Holdings = list[tuple[str, int, int, str, bool]]
BALANCES = st.lists(
    st.tuples(
        st.sampled_from(["*monetary", "*voice"]),
        st.integers(0, 400),
        st.integers(0, 3),
        st.sampled_from(["", "*zero1s", "*zero1m", "other"]),
        st.booleans(),
    ),
    max_size=5,
)


def build(price: str, step: int, fee: str, balances: Holdings, exact: bool, limit: tuple[str, str] = ("0", "")) -> tuple[Charging, Account]:
    rates = plan("RP", ("0", price, step * SECOND, MINUTE), fee=fee, limit=limit)
    other = plan("RP_O", ("0", "0.03", SECOND, MINUTE))
    house = charging(("sub", rates), ("other", other), exact=exact)
    ann = account(house, "ann")
    for index, (kind, value, weight, subject, blocker) in enumerate(balances):
        amount: object = value * SECOND if kind == "*voice" else value
        subject = "" if kind == "*monetary" and subject.startswith("*zero") else subject
        balance(house, ann, f"b{index}", kind, amount, weight=weight, rating_subject=subject, blocker=blocker)
    return house, ann


def values(holder: Account) -> dict[str, int]:
    return {one.uuid: one.value for chain in (holder.balances or {}).values() for one in chain}


def taken(cost: CallCost) -> dict[str, int]:
    """What the increments say went from each balance."""
    found: dict[str, int] = {}
    for span in cost.spans:
        for run in span.increments or []:
            if run.unit is not None:
                found[run.unit.balance_uuid] = found.get(run.unit.balance_uuid, 0) + run.unit.consumed * run.count * span.count
            if run.money is not None:
                found[run.money.balance_uuid] = found.get(run.money.balance_uuid, 0) + run.total * span.count
    return {uuid: amount for uuid, amount in found.items() if amount}


@given(PRICES, STEPS, st.sampled_from(["0", "0.2"]), BALANCES, USAGES, st.booleans(), st.booleans())
def test_what_was_taken_is_what_is_gone(
    price: str, step: int, fee: str, balances: Holdings, usage: int, exact: bool, at_most: bool
) -> None:
    house, ann = build(price, step, fee, balances, exact)
    before = values(ann)
    asked = call("sub", "ann", usage * SECOND)
    cost = house.max_debit(asked, CAUSE) if at_most else house.debit(asked, CAUSE)
    after = values(ann)
    if isinstance(cost, Refusal):
        assert after == before
        return
    lost = {uuid: before.get(uuid, 0) - after.get(uuid, 0) for uuid in before.keys() | after.keys()}
    assert {uuid: amount for uuid, amount in lost.items() if amount} == taken(cost)
    assert cost.cost == sum(run.total * span.count for span in cost.spans for run in span.increments or [])
    if at_most:
        assert all(value >= 0 for value in after.values())
    add_up(house, ann)


def add_up(house: Charging, holder: Account) -> None:
    tally = Tally()
    tally.add(entry for entry in house.ledger.entries if isinstance(entry, Entry))
    assert tally.differences([holder]) == []


@given(PRICES, STEPS, BALANCES, USAGES)
def test_a_session_may_last_as_long_as_can_be_paid(price: str, step: int, balances: Holdings, usage: int) -> None:
    house, _ = build(price, step, "0.2", balances, exact=True)
    limit = house.max_session(call("sub", "ann", usage * SECOND))
    assert isinstance(limit, int)
    assert 0 <= limit <= usage * SECOND
    cost = house.max_debit(call("sub", "ann", usage * SECOND), CAUSE)
    assert isinstance(cost, CallCost)
    assert min(cost.rated_usage_ns, usage * SECOND) == limit


@given(
    PRICES,
    STEPS,
    st.sampled_from(["0", "0.2"]),
    BALANCES,
    USAGES,
    st.booleans(),
    st.sampled_from([("0", ""), ("0.5", "*free"), ("0.5", "*disconnect")]),
)
def test_a_debit_of_what_can_be_paid_is_the_question_and_then_the_debit(
    price: str, step: int, fee: str, balances: Holdings, usage: int, exact: bool, limit: tuple[str, str]
) -> None:
    """The dry run that becomes the debit took what a debit of its own would have taken."""
    (one, ann), (other, bob) = (build(price, step, fee, balances, exact, limit) for _ in range(2))
    at_once = one.max_debit(call("sub", "ann", usage * SECOND), CAUSE)
    asked = call("sub", "ann", usage * SECOND)
    granted = other.max_session(asked)
    if isinstance(granted, Refusal) or granted == 0:
        assert values(ann) == values(bob)
        return
    asked.end_ns = asked.start_ns + granted
    asked.duration_index_ns = granted
    after = other.debit(asked, CAUSE)
    assert isinstance(after, CallCost) == isinstance(at_once, CallCost)
    if isinstance(after, CallCost) and isinstance(at_once, CallCost):
        assert EventCost.of(at_once, "", "").to_data() == EventCost.of(after, "", "").to_data()
        assert at_once.rated_usage_ns == after.rated_usage_ns
    assert values(ann) == values(bob)


@given(PRICES, STEPS, BALANCES, USAGES, st.booleans())
def test_a_refund_of_all_restores_every_balance(price: str, step: int, balances: Holdings, usage: int, exact: bool) -> None:
    house, ann = build(price, step, "0.2", balances, exact)
    before = values(ann)
    cost = house.debit(call("sub", "ann", usage * SECOND), CAUSE)
    if isinstance(cost, Refusal):
        return
    house.refund(EventCost.of(cost, "", "").refunds(), None, CAUSE)
    after = values(ann)
    assert {uuid: value for uuid, value in after.items() if uuid in before} == before
    assert all(value == 0 for uuid, value in after.items() if uuid not in before)
    add_up(house, ann)


@given(st.sampled_from(["0.01", "0.07", "1.2345", "0.0001"]), st.lists(st.integers(1, 90), min_size=1, max_size=8))
def test_exactly_priced_parts_cost_what_the_whole_costs(price: str, parts: list[int]) -> None:
    house = charging(("sub", plan("RP", ("0", price, SECOND, MINUTE))), exact=True)
    for name, pieces in (("whole", [sum(parts)]), ("parts", parts)):
        holder = account(house, name)
        balance(house, holder, "cash", "*monetary", 1000)
        asked = call("sub", name, 0)
        for index, seconds in enumerate(pieces):
            asked.start_ns = asked.end_ns
            asked.end_ns = asked.start_ns + seconds * SECOND
            asked.duration_index_ns += seconds * SECOND
            asked.loop_index = index
            assert isinstance(house.max_debit(asked, CAUSE), CallCost)
    one, other = (house.accounts.get(f"example.net:{name}") for name in ("whole", "parts"))
    assert one is not None
    assert other is not None
    assert list(values(one).values()) == list(values(other).values())
    assert all(value % 1 == 0 and value <= 1000 * ONE for value in values(one).values())
