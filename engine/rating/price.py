"""What steps cost, in closed form: however many steps a run has, it is priced, cut and counted in constant time.

A run of equal steps is priced in one of two ways (architecture D9). Exactly: its steps a+1..b cost R(b*price) - R(a*price), where R
rounds to nine decimals and `a` counts the steps that the session has already taken at this price; so it does not matter in how
many parts a call is charged. Or per increment, as CGRateS does it: the span's cost is rounded, divided by the number of steps and
rounded again, and that is what each step costs (reference rating.md, 5).

A price that is a whole number of 10**-9 a step needs no such care: then the run has no `price` and costs count * cost. An offset is
kept modulo the price's denominator, which changes no difference above.
"""

from __future__ import annotations

from typing import Final

from engine.money import DECIMALS, Ratio, round_ratio
from engine.rating.call import Call, Increment, Interval, Slot, Span

GRAINS: Final[tuple[int, ...]] = tuple(10 ** (DECIMALS - decimals) for decimals in range(DECIMALS + 1))  # by decimals, in 10**-9


class PricedRun:
    """The exactly priced run that a session is in: its price, its step, and how many steps of it are behind."""

    price: Ratio | None
    step_ns: int
    length: int

    def __init__(self, call: Call) -> None:
        self.price = call.run_price
        self.step_ns = call.run_step_ns
        self.length = call.run_length

    def offset(self, price: Ratio, step_ns: int) -> int:
        """How many steps at this price are behind, modulo the price's denominator."""
        known = self.price
        if known is None or self.step_ns != step_ns or known.num != price.num or known.den != price.den:
            return 0
        return self.length % price.den

    def go_on(self, price: Ratio, step_ns: int, length: int) -> None:
        self.price = price
        self.step_ns = step_ns
        self.length = length


def slot_at(interval: Interval, offset_ns: int) -> Slot | None:
    """The slot that prices a call of that age: the last that has begun; None before the first."""
    if interval.single is not None:
        return interval.single
    found: Slot | None = None
    for slot in interval.slots:
        if slot.start_ns > offset_ns:
            break
        found = slot
    return found


def make_increments(span: Span, slot: Slot | None, exact: bool, decimals: int, run: PricedRun) -> None:
    """Gives the span its steps and its cost. A span before the first slot has neither."""
    count = (span.end_ns - span.start_ns) // slot.step_ns if slot is not None else 0
    if slot is None or count <= 0:
        span.increments = []
        span.cost = 0
        return
    price = slot.step_price
    if price.den == 1 and (exact or price.num % GRAINS[decimals] == 0):
        increment = Increment(slot.step_ns, price.num, count, price.num * count)
    elif exact:
        offset = run.offset(price, slot.step_ns)
        total = exact_total(price, offset, count)
        increment = Increment(slot.step_ns, round_ratio(price.num, price.den), count, total, price, offset)
        run.go_on(price, slot.step_ns, offset + count)
    else:
        cost = rounded_step_cost(slot, count, decimals)
        increment = Increment(slot.step_ns, cost, count, cost * count)
    span.increments = [increment]
    span.cost = increment.total


def exact_total(price: Ratio, offset: int, count: int) -> int:
    """What the steps offset+1 .. offset+count of an exactly priced run cost."""
    total = round_ratio(price.num * (offset + count), price.den)
    return total - round_ratio(price.num * offset, price.den) if offset else total


def rounded_step_cost(slot: Slot, count: int, decimals: int) -> int:
    """What each of `count` steps costs when span and step are rounded to that many decimals."""
    grain = GRAINS[decimals]
    return round_ratio(rounded_span_cost(slot, count, decimals), count * grain) * grain


def rounded_span_cost(slot: Slot, count: int, decimals: int) -> int:
    """What `count` steps cost together, rounded to that many decimals."""
    grain = GRAINS[decimals]
    price = slot.step_price
    return round_ratio(price.num * count, price.den * grain) * grain


def affordable(run: Increment, amount: int) -> int:
    """How many of the run's steps an amount pays, one after the other."""
    if 0 < run.total <= amount:
        return run.count
    price = run.price
    if run.total <= 0 and (price is None or price.num <= 0):
        return run.count
    if price is None:
        return max(0, min(run.count, amount // run.cost))
    # R((a+k)p) <= amount + R(ap), which is 2(a+k)p < 2(amount + R(ap)) + 1
    bound = amount + round_ratio(price.num * run.offset, price.den)
    if amount < 0:
        return 0
    steps = ((2 * bound + 1) * price.den - 1) // (2 * price.num) - run.offset
    return max(0, min(run.count, steps))


def steps_to_reach(run: Increment, amount: int) -> int:
    """The least number of the run's steps that cost at least the amount; more than the run has when all of it costs less."""
    price = run.price
    if amount <= 0:
        return 0
    if run.total <= 0:
        return run.count + 1
    if price is None:
        return min(run.count + 1, -(-amount // run.cost))
    # R((a+k)p) >= amount + R(ap), which is 2(a+k)p >= 2(amount + R(ap)) - 1
    bound = amount + round_ratio(price.num * run.offset, price.den)
    steps = -(-(2 * bound - 1) * price.den // (2 * price.num)) - run.offset
    return max(1, min(run.count + 1, steps))


def split_run(run: Increment, count: int) -> tuple[Increment, Increment | None]:
    """The run's first `count` steps and the others, None when there are none; each with the run's parts."""
    assert 0 <= count <= run.count, "a run is cut inside itself"
    if count == run.count:
        return run, None
    return part_of_run(run, 0, count), part_of_run(run, count, run.count - count)


def part_of_run(run: Increment, first: int, count: int) -> Increment:
    """`count` of the run's steps from the step `first` (counted from 0) on."""
    price = run.price
    if price is None:
        part = Increment(run.duration_ns, run.cost, count, run.cost * count)
    else:
        offset = (run.offset + first) % price.den
        part = Increment(run.duration_ns, run.cost, count, exact_total(price, offset, count), price, offset)
    part.unit = run.unit
    part.money = run.money
    part.account_id = run.account_id
    return part
