"""Runs of steps in closed form, against counting them one by one; sums that do not depend on how a call is cut."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from engine.money import ONE, Ratio, round_ratio
from engine.rating.call import Call, CallCost, Increment, RatingOptions
from engine.rating.price import affordable, exact_total, part_of_run, split_run, steps_to_reach
from engine.rating.query import standard_cost
from engine.rating.tariff import Tariff
from engine.usage import SECOND
from tests.engine.rating.build import EXACT, PER_INCREMENT, call_of, cost_of, price, simple, slot, tariff_of
from tests.engine.rating.plan_folder import ANY_TIMING

PRICES = st.builds(Ratio, st.integers(0, 5 * ONE), st.sampled_from([1, 2, 3, 7, 60, 1024, 3600]))
VALUES = st.decimals("0", "5", places=5).map(str)
STEPS = st.sampled_from([1, 6, 7, 10, 30, 60])


def run_of(price: Ratio, count: int, offset: int, *, exact: bool) -> Increment:
    cost = round_ratio(price.num, price.den)
    if not exact or price.den == 1:
        return Increment(SECOND, cost, count, cost * count)
    offset %= price.den
    return Increment(SECOND, cost, count, exact_total(price, offset, count), price, offset)


def step_costs(run: Increment) -> list[int]:
    """What each step costs, worked out one at a time."""
    if run.price is None:
        return [run.cost] * run.count
    exact = Fraction(run.price.num, run.price.den)

    def rounded(steps: int) -> int:
        return int(exact * (run.offset + steps) + Fraction(1, 2))

    return [rounded(number + 1) - rounded(number) for number in range(run.count)]


@given(PRICES, st.integers(1, 40), st.integers(0, 5000), st.booleans())
def test_a_run_costs_what_its_steps_cost(price: Ratio, count: int, offset: int, exact: bool) -> None:
    run = run_of(price, count, offset, exact=exact)
    assert run.total == sum(step_costs(run))


@given(PRICES, st.integers(1, 40), st.integers(0, 5000), st.booleans(), st.integers(-ONE, 100 * ONE))
def test_affordable_counts_the_steps_an_amount_pays(price: Ratio, count: int, offset: int, exact: bool, amount: int) -> None:
    run = run_of(price, count, offset, exact=exact)
    left = amount
    paid = 0
    for cost in step_costs(run):
        if cost > left:
            break
        left -= cost
        paid += 1
    if run.total > 0 and amount >= 0:
        assert affordable(run, amount) == paid


@given(PRICES, st.integers(1, 40), st.integers(0, 5000), st.booleans(), st.integers(1, 100 * ONE))
def test_steps_to_reach_an_amount(price: Ratio, count: int, offset: int, exact: bool, amount: int) -> None:
    run = run_of(price, count, offset, exact=exact)
    sum_so_far = 0
    needed = run.count + 1
    for number, cost in enumerate(step_costs(run), 1):
        sum_so_far += cost
        if sum_so_far >= amount:
            needed = number
            break
    assert steps_to_reach(run, amount) == needed


@given(PRICES, st.integers(1, 40), st.integers(0, 5000), st.booleans(), st.data())
def test_a_cut_run_costs_what_the_whole_costs(price: Ratio, count: int, offset: int, exact: bool, data: st.DataObject) -> None:
    run = run_of(price, count, offset, exact=exact)
    at = data.draw(st.integers(0, count))
    first, rest = split_run(run, at)
    assert first.count + (rest.count if rest else 0) == count
    assert first.total + (rest.total if rest else 0) == run.total
    costs = step_costs(run)
    assert first.total == sum(costs[:at])
    middle = part_of_run(run, at // 2, at - at // 2)
    assert middle.total == sum(costs[at // 2 : at])


# -- whole calls ---------------------------------------------------------------------------------------------------------


def parts_of(tariff: Tariff, cuts: list[int], usage: int, options: RatingOptions) -> list[CallCost]:
    """The call charged as a session does it: part after part, each going on where the one before ended."""
    session = call_of(0)
    found = []
    for end in [*cuts, usage]:
        start_ns = session.end_ns
        session.start_ns = start_ns
        session.end_ns = call_of(0).start_ns + end
        if session.end_ns <= start_ns:
            session.end_ns = start_ns
            continue
        session.duration_index_ns = session.end_ns - call_of(0).start_ns
        session.infos = None
        cost = standard_cost(tariff, session, options)
        assert isinstance(cost, CallCost)
        found.append(cost)
        session.loop_index += 1
        carry(session, cost)
        session.end_ns = cost.spans[-1].end_ns
    return found


def carry(session: Call, cost: CallCost) -> None:
    for span in cost.spans:
        for run in span.increments or []:
            if run.price is not None:
                session.run_price, session.run_step_ns, session.run_length = run.price, run.duration_ns, run.offset + run.count


@given(VALUES, VALUES, STEPS, st.lists(st.integers(1, 600), max_size=6), st.integers(1, 900))
def test_exact_cost_does_not_depend_on_the_cuts(first: str, second: str, step: int, cuts: list[int], usage: int) -> None:
    slots = (slot(first, 60 * SECOND, step * SECOND), slot(second, 7 * SECOND, step * SECOND, 5 * step * SECOND))
    tariff = tariff_of(("*any", price(*slots, fee="0.3", decimals=9), ANY_TIMING, "10"))
    step_ns = step * SECOND
    whole = cost_of(tariff, call_of(usage * SECOND))
    places = sorted({min(cut, usage) * SECOND // step_ns * step_ns for cut in cuts} - {0})
    parts = parts_of(tariff, places, usage * SECOND, EXACT)
    assert sum(span.cost for part in parts for span in part.spans) + 300_000_000 == sum(span.cost for span in whole.spans)


@given(VALUES, STEPS, st.integers(1, 500), st.sampled_from([0, 2, 3, 5, 6, 9]))
def test_per_increment_cost_is_the_rounded_step_many_times(value: str, step: int, count: int, decimals: int) -> None:
    options = RatingOptions(exact=False, rounding_decimals=decimals)
    cost = cost_of(simple(value, step=step * SECOND), call_of(count * step * SECOND), options)
    grain: int = 10 ** (9 - decimals)

    def rounded(amount: Fraction) -> int:
        return int(amount / grain + Fraction(1, 2)) * grain

    span_cost = rounded(Fraction(value) * ONE * count * step / 60)
    assert cost.spans[0].cost == rounded(Fraction(span_cost, count)) * count


@given(VALUES, STEPS, st.integers(1, 4000), st.integers(0, 4000), st.booleans())
def test_more_usage_never_costs_less(value: str, step: int, usage: int, more: int, exact: bool) -> None:
    tariff = simple(value, step=step * SECOND, fee="0.1")
    options = EXACT if exact else PER_INCREMENT
    less = cost_of(tariff, call_of(usage * SECOND), options).cost
    # One rounding a span is all that per_increment loses or wins by a longer span.
    slack = 0 if exact else (usage + more) * 5_000
    assert cost_of(tariff, call_of((usage + more) * SECOND), options).cost + slack >= less


@given(st.integers(1, 10**13), st.booleans())
def test_any_number_of_steps_is_priced(octets: int, exact: bool) -> None:
    """More steps than rals.max_increments cost what price times usage says (quirk 6)."""
    tariff = simple("0.25", 1, 1)
    cost = cost_of(tariff, call_of(octets, tor="*data"), EXACT if exact else PER_INCREMENT)
    assert cost.cost == octets * 250_000_000
    assert [run.count for run in cost.spans[0].increments or []] == [1, octets]
