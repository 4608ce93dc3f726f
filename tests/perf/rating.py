"""Cost queries per second in one process: python -m tests.perf.rating [seconds per row]

A plan of 10,000 prefixes; what is asked for is one call cost each, without the API around it. Best of three.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from engine.rating import price as price_module
from engine.rating.book import Activation, Destination, PlanRate, Rate, Rating, RatingPlan, RatingProfile, Timing
from engine.rating.call import Call, CallCost, RatingOptions
from engine.rating.cost import EventCost
from engine.rating.query import get_cost, standard_cost
from engine.rating.tariff import Tariff
from engine.times import UTC_ZONE, parse_time
from engine.usage import DATA, SECOND, VOICE

PREFIXES = 10_000
START = parse_time("2026-03-04T10:00:00Z", UTC_ZONE, 0).ns
LATE = parse_time("2026-03-04T23:59:30Z", UTC_ZONE, 0).ns
DAY = 86_400 * SECOND


def build() -> Tariff:
    """Every prefix a destination of its own; 50 prices; a plan with one row a destination, one with three by the hour."""
    tariff = Tariff()
    names = [f"DST_{number:05d}" for number in range(PREFIXES)]
    for number, name in enumerate(names):
        tariff.put_destination(Destination(name, (f"+{100_000 + number}",)))
    prices = {str(number): rating(f"0.{number + 10}") for number in range(50)}
    hours: dict[str, Timing] = {
        name: Timing(name, StartTime=start) for name, start in (("night", "00:00:00"), ("day", "08:00:00"), ("evening", "18:00:00"))
    }
    flat: dict[str, tuple[PlanRate, ...]] = {name: (PlanRate("night", str(number % 50), "10"),) for number, name in enumerate(names)}
    hourly = {
        name: tuple(PlanRate(hour, str((number + index) % 50), "10") for index, hour in enumerate(hours))
        for number, name in enumerate(names)
    }
    tariff.put_rating_plan(RatingPlan("FLAT", hours, prices, flat))
    tariff.put_rating_plan(RatingPlan("HOURLY", hours, prices, hourly))
    tariff.put_rating_plan(RatingPlan("ANY", hours, {"slots": slots()}, {"*any": (PlanRate("night", "slots", "10"),)}))
    for subject, plan in (("flat", "FLAT"), ("hourly", "HOURLY"), ("slots", "ANY")):
        tariff.put_rating_profile(RatingProfile(f"*out:example.org:call:{subject}", (Activation(0, plan),)))
    return tariff


def rating(value: str) -> Rating:
    return Rating("0.1", "*up", 4, "0", "", (Rate(0, value, SECOND, 60 * SECOND),))


def slots() -> Rating:
    return Rating("0", "*up", 4, "0", "", (Rate(0, "0.6", 60 * SECOND, 60 * SECOND), Rate(60 * SECOND, "0.3", SECOND, 60 * SECOND)))


def call_of(subject: str, usage_ns: int, start_ns: int = START, tor: str = VOICE) -> Call:
    return Call("example.org", "call", subject, "1001", "+10432155512345", tor, start_ns, start_ns + usage_ns, UTC_ZONE)


def measure(seconds: float, ask: Callable[[], object]) -> float:
    """Questions per second."""
    best = 0.0
    for _ in range(3):
        count = 0
        begin = time.perf_counter()
        end = begin + seconds / 3
        while time.perf_counter() < end:
            for _ in range(100):
                ask()
            count += 100
        best = max(best, count / (time.perf_counter() - begin))
    return best


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    begin = time.perf_counter()
    tariff = build()
    built = time.perf_counter() - begin
    exact, rounded = RatingOptions(exact=True), RatingOptions(exact=False)
    rows: list[tuple[str, Callable[[], object]]] = [
        ("the call alone", lambda: call_of("flat", 61 * SECOND)),
        ("61 s, exact", lambda: get_cost(tariff, call_of("flat", 61 * SECOND), exact)),
        ("61 s, per increment", lambda: get_cost(tariff, call_of("flat", 61 * SECOND), rounded)),
        ("61 s, what a debit asks", lambda: standard_cost(tariff, call_of("flat", 61 * SECOND), exact)),
        ("61 s, three timings", lambda: get_cost(tariff, call_of("hourly", 61 * SECOND), exact)),
        ("61 s, two slots, *any", lambda: get_cost(tariff, call_of("slots", 61 * SECOND), exact)),
        ("61 s, over midnight", lambda: get_cost(tariff, call_of("flat", 61 * SECOND, LATE), exact)),
        ("10**12 octets", lambda: get_cost(tariff, call_of("flat", 10**12, START, DATA), exact)),
        ("30 days, three timings", lambda: get_cost(tariff, call_of("hourly", 30 * DAY), exact)),
        ("61 s, with its EventCost as JSON", lambda: event_cost(tariff, exact)),
    ]
    print(f"{'compiled' if price_module.__file__.endswith('.so') else 'plain'}, {PREFIXES} prefixes built in {built * 1000:.0f} ms")
    for name, ask in rows:
        speed = measure(seconds, ask)
        print(f"{name:34} {speed:12,.0f}/s {1e6 / speed:10.2f} us")


def event_cost(tariff: Tariff, options: RatingOptions) -> object:
    cost = get_cost(tariff, call_of("flat", 61 * SECOND), options)
    assert isinstance(cost, CallCost), "the query is answered"
    return EventCost.of(cost, "", "").to_json()


if __name__ == "__main__":
    main()
