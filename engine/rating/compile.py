"""From what an operator wrote to what a call is priced with: exact ratios, sorted slots, shared rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.limits import MAX_SHARED_INTERVALS
from engine.money import ONE, ZERO_RATIO, Ratio, read_decimal, round_ratio
from engine.rating.book import NO_ACTIVATION_TIME, PlanRate, Rate, Rating, RatingPlan, RatingProfile, Timing
from engine.rating.call import Interval, Slot
from engine.rating.timings import clock_ns
from engine.times import ZERO_TIME
from engine.usage import ANY, SECOND

ANY_TIMING: Final = Timing(ANY)


class PricedRows:
    """The rows of a destination in a plan, in the order of the sheet, each row once."""

    intervals: list[Interval]
    top_weight: Ratio
    always: bool  # one of the rows holds at any time

    def __init__(self, intervals: list[Interval]) -> None:
        self.intervals = intervals
        self.top_weight = ZERO_RATIO
        self.always = False
        for interval in intervals:
            if interval is intervals[0] or is_less(self.top_weight, interval.weight):
                self.top_weight = interval.weight
            if interval.window.always:
                self.always = True


class CompiledPlan:
    """A plan's rows by destination ID."""

    id: str
    by_destination: dict[str, PricedRows]
    timeless: bool  # which rows a destination has does not depend on the time

    def __init__(self, plan_id: str, by_destination: dict[str, PricedRows]) -> None:
        self.id = plan_id
        self.by_destination = by_destination
        self.timeless = all(rows.always for rows in by_destination.values())


class CompiledProfile:
    """The activations of a profile in the order of time."""

    id: str
    starts: list[int]
    plan_ids: list[str]
    fallback_keys: list[tuple[str, ...]]

    def __init__(self, profile: RatingProfile) -> None:
        self.id = profile.Id
        ordered = sorted(profile.RatingPlanActivations, key=lambda activation: activation.ActivationTime)
        self.starts = [_since(activation.ActivationTime) for activation in ordered]
        self.plan_ids = [activation.RatingPlanId for activation in ordered]
        self.fallback_keys = [activation.FallbackKeys or () for activation in ordered]


def _since(active_at: int) -> int:
    return ZERO_TIME if active_at == NO_ACTIVATION_TIME else active_at


def is_less(one: Ratio, other: Ratio) -> bool:
    """Whether one weight is lighter than the other."""
    return one.num * other.den < other.num * one.den


class Compiler:
    """Makes intervals; rows with equal timing, price and weight share one, whatever plan they stand in."""

    _intervals: dict[tuple[object, ...], Interval]

    def __init__(self) -> None:
        self._intervals = {}

    def plan(self, plan: RatingPlan) -> CompiledPlan:
        """Raises ValueError for a price that is no number, KeyError for a row whose timing or rating the plan lacks."""
        compilation = Compilation(self, plan)
        compilation.work(len(plan.DestinationRates) + 1)
        return compilation.compiled

    def rows(self, plan: RatingPlan, rows: tuple[PlanRate, ...]) -> list[Interval]:
        """The intervals of the rows of one destination, each once."""
        found: list[Interval] = []
        for row in rows:
            interval = self.interval(plan.Timings[row.Timing], plan.Ratings[row.Rating], row.Weight)
            if not any(interval is other or is_same_row(interval, other) for other in found):
                found.append(interval)
        return found

    def interval(self, timing: Timing | None, rating: Rating, weight: str) -> Interval:
        key = (timing, rating, weight)
        known = self._intervals.get(key)
        if known is None:
            known = make_interval(timing, rating, weight)
            if len(self._intervals) >= MAX_SHARED_INTERVALS:
                self._intervals.clear()
            self._intervals[key] = known
        return known


class Compilation:
    """One plan on its way, some destinations at a time. The plan must not change meanwhile."""

    compiled: CompiledPlan
    _compiler: Compiler
    _plan: RatingPlan
    _left: Iterator[tuple[str, tuple[PlanRate, ...]]]
    _known: dict[tuple[PlanRate, ...], PricedRows]

    def __init__(self, compiler: Compiler, plan: RatingPlan) -> None:
        self.compiled = CompiledPlan(plan.Id, {})
        self._compiler = compiler
        self._plan = plan
        self._left = iter(plan.DestinationRates.items())
        self._known = {}

    def work(self, most: int) -> bool:
        """Compiles so many destinations at most; True when that was the last. Raises as `Compiler.plan` does."""
        by_destination = self.compiled.by_destination
        for _ in range(most):
            one = next(self._left, None)
            if one is None:
                return True
            destination_id, rows = one
            if not rows:
                continue
            priced = self._known.get(rows)
            if priced is None:
                priced = PricedRows(self._compiler.rows(self._plan, rows))
                self._known[rows] = priced
            by_destination[destination_id] = priced
            if not priced.always:
                self.compiled.timeless = False
        return False


def make_interval(timing: Timing | None, rating: Rating, weight: str) -> Interval:
    """A row made ready. Raises ValueError for a fee, price, limit or weight that is no number."""
    slots = [_slot(rate) for rate in sorted(rating.Rates, key=lambda rate: rate.GroupIntervalStart)]
    return Interval(
        timing,
        rating,
        _number(weight),
        _amount(rating.ConnectFee),
        _amount(rating.MaxCost),
        slots,
        clock_ns(timing.StartTime) if timing is not None else 0,
    )


def _slot(rate: Rate) -> Slot:
    value = _number(rate.Value)
    step_ns = rate.RateIncrement if rate.RateIncrement > 0 else SECOND
    unit_ns = rate.RateUnit if rate.RateUnit > 0 else SECOND
    step_price = Ratio(value.num * ONE * step_ns, value.den * unit_ns)
    return Slot(max(0, rate.GroupIntervalStart), step_ns, unit_ns, value, step_price)


def _number(text: str) -> Ratio:
    return read_decimal(text) if text else ZERO_RATIO


def _amount(text: str) -> int:
    value = _number(text)
    return round_ratio(value.num * ONE, value.den)


# -- equality of prices ----------------------------------------------------------------------------------------------


def price_key(interval: Interval) -> tuple[object, ...]:
    """What makes two prices the same to a client: hours, slots, fee, rounding and limit; neither weight nor the timing's ID."""
    key = interval.key
    if key is None:
        timing = interval.timing
        hours = None if timing is None else (timing.Years, timing.Months, timing.MonthDays, timing.WeekDays, timing.StartTime)
        slots = tuple((slot.start_ns, slot.value.num, slot.value.den, slot.step_ns, slot.unit_ns) for slot in interval.slots)
        key = (
            hours,
            slots,
            interval.connect_fee,
            interval.rounding_method,
            interval.rounding_decimals,
            interval.max_cost,
            interval.max_cost_strategy,
        )
        interval.key = key
    return key


def is_same_price(one: Interval | None, other: Interval | None) -> bool:
    """Whether a client sees the same price in both; two missing ones are the same."""
    if one is other:
        return True
    if one is None or other is None:
        return False
    return price_key(one) == price_key(other)


def is_same_row(one: Interval, other: Interval) -> bool:
    """Whether both are the same price with the same weight."""
    return one.weight == other.weight and price_key(one) == price_key(other)
