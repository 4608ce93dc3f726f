"""A tariff from the sheets of a folder, as far as rating needs it: a small reader of its own, so that the two can be compared."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from engine.rating.book import Activation, Destination, PlanRate, Rate, Rating, RatingPlan, RatingProfile, Timing
from engine.rating.kinds import TIMING
from engine.rating.lookup import profile_key
from engine.rating.tariff import Tariff
from engine.times import UTC_ZONE, parse_time
from engine.usage import SECOND, parse_duration

ANY_TIMING = Timing("*any")


def rows_of(folder: Path, name: str) -> Iterator[list[str]]:
    for path in sorted(folder.rglob(f"{name}.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(line for line in file if line.strip() and not line.startswith("#")):
                yield [cell.strip() for cell in row]


def numbers(text: str) -> tuple[int, ...]:
    found = [part for part in text.split(";") if part.lstrip("-").isdigit()]
    return tuple(int(part) for part in found)


def duration(text: str) -> int:
    return parse_duration(text) if text else 0


def read_timings(folder: Path) -> dict[str, Timing]:
    timings = {"*any": ANY_TIMING}
    for tag, years, months, month_days, week_days, time in rows_of(folder, "Timings"):
        start, _, end = time.partition(";")
        days = tuple(day % 7 for day in numbers(week_days))
        timings[tag] = Timing(tag, numbers(years), numbers(months), numbers(month_days), days, start or "00:00:00", end)
    return timings


def read_destinations(folder: Path) -> dict[str, list[str]]:
    destinations: dict[str, list[str]] = {}
    for tag, prefix in rows_of(folder, "Destinations"):
        destinations.setdefault(tag, []).append(prefix)
    return destinations


def read_plans(folder: Path, timings: dict[str, Timing]) -> list[RatingPlan]:
    slots: dict[str, list[tuple[str, Rate]]] = {}
    for tag, fee, value, unit, step, start in rows_of(folder, "Rates"):
        rate = Rate(duration(start), value or "0", duration(step) or SECOND, duration(unit) or SECOND)
        slots.setdefault(tag, []).append((fee or "0", rate))
    prices: dict[str, list[tuple[str, Rating]]] = {}
    for tag, destination, rates, method, decimals, max_cost, strategy in rows_of(folder, "DestinationRates"):
        found = slots[rates]
        rating = Rating(found[0][0], method, int(decimals or 0), max_cost or "0", strategy, tuple(rate for _, rate in found))
        prices.setdefault(tag, []).append((destination, rating))
    bindings: dict[str, list[tuple[str, Rating, Timing, str]]] = {}
    for tag, table, timing, weight in rows_of(folder, "RatingPlans"):
        for destination, rating in prices[table]:
            bindings.setdefault(tag, []).append((destination, rating, timings[timing], weight or "0"))
    return [make_plan(tag, found) for tag, found in bindings.items()]


def make_plan(tag: str, bindings: list[tuple[str, Rating, Timing, str]]) -> RatingPlan:
    """A plan from (destination, rating, timing, weight) in the order of the sheet."""
    timings: dict[str, Timing] = {}
    ratings: dict[str, Rating] = {}
    rows: dict[str, list[PlanRate]] = {}
    for number, (destination, rating, timing, weight) in enumerate(bindings):
        ratings[f"r{number}"] = rating
        timings[timing.ID] = Timing(timing.ID, timing.Years, timing.Months, timing.MonthDays, timing.WeekDays, timing.StartTime)
        rows.setdefault(destination, []).append(PlanRate(timing.ID, f"r{number}", weight))
    return RatingPlan(tag, timings, ratings, {destination: tuple(found) for destination, found in rows.items()})


def read_profiles(folder: Path) -> list[RatingProfile]:
    activations: dict[str, list[Activation]] = {}
    for row in rows_of(folder, "RatingProfiles"):
        tenant, category, subject, active, plan, fallbacks = row[:6]
        keys = tuple(profile_key(tenant, category, name) for name in fallbacks.split(";") if name)
        at = parse_time(active, UTC_ZONE, 0).ns
        activations.setdefault(profile_key(tenant, category, subject), []).append(Activation(at, plan, keys or None))
    return [RatingProfile(name, tuple(found)) for name, found in activations.items()]


def read_tariff(folder: Path) -> Tariff:
    tariff = Tariff()
    timings = read_timings(folder)
    for name, prefixes in read_destinations(folder).items():
        tariff.put_destination(Destination(name, tuple(prefixes)))
    for timing in timings.values():
        tariff.put(TIMING, timing.ID, timing)
    for plan in read_plans(folder, timings):
        tariff.put_rating_plan(plan)
    for profile in read_profiles(folder):
        tariff.put_rating_profile(profile)
    return tariff
