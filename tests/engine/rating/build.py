"""Small tariffs and calls for tests, in the words of a tariff plan."""

from __future__ import annotations

from engine.rating.book import Activation, Destination, Rate, Rating, RatingProfile, Timing
from engine.rating.call import Call, CallCost, RatingOptions
from engine.rating.lookup import profile_key
from engine.rating.query import get_cost
from engine.rating.tariff import Tariff
from engine.times import UTC_ZONE, Zone, parse_time
from engine.usage import SECOND, VOICE
from tests.engine.rating.plan_folder import ANY_TIMING, make_plan

TENANT = "example.org"
LONG_AGO = "2000-01-01T00:00:00Z"
EXACT = RatingOptions(exact=True)
PER_INCREMENT = RatingOptions(exact=False)


def at(text: str, zone: Zone = UTC_ZONE) -> int:
    return parse_time(text, zone, 0).ns


def slot(value: str, unit: int = 60 * SECOND, step: int = SECOND, start: int = 0) -> Rate:
    return Rate(start, value, step, unit)


def price(*slots: Rate, fee: str = "0", method: str = "*up", decimals: int = 4, limit: str = "0", strategy: str = "") -> Rating:
    return Rating(fee, method, decimals, limit, strategy, slots)


def tariff_of(
    *rows: tuple[str, Rating, Timing, str], destinations: dict[str, tuple[str, ...]] | None = None, subject: str = "sub"
) -> Tariff:
    """A tariff with one profile, whose plan PLAN has these rows (destination ID, price, timing, weight)."""
    tariff = Tariff()
    for name, prefixes in (destinations or {}).items():
        tariff.put_destination(Destination(name, prefixes))
    tariff.put_rating_plan(make_plan("PLAN", list(rows)))
    put_profile(tariff, subject, (LONG_AGO, "PLAN", ()))
    return tariff


def put_profile(tariff: Tariff, subject: str, *activations: tuple[str, str, tuple[str, ...]], category: str = "call") -> None:
    found = []
    for since, plan_id, fallbacks in activations:
        keys = tuple(profile_key(TENANT, category, name) for name in fallbacks)
        found.append(Activation(at(since), plan_id, keys or None))
    tariff.put_rating_profile(RatingProfile(profile_key(TENANT, category, subject), tuple(found)))


def simple(value: str, unit: int = 60 * SECOND, step: int = SECOND, *, fee: str = "0", method: str = "*up", decimals: int = 9) -> Tariff:
    """One price for everything at any time."""
    return tariff_of(("*any", price(slot(value, unit, step), fee=fee, method=method, decimals=decimals), ANY_TIMING, "10"))


def call_of(
    usage_ns: int, *, start: str = "2026-03-04T10:00:00Z", destination: str = "4912345", tor: str = VOICE, subject: str = "sub"
) -> Call:
    moment = parse_time(start, UTC_ZONE, 0)
    return Call(TENANT, "call", subject, subject, destination, tor, moment.ns, moment.ns + usage_ns, moment.zone)


def cost_of(tariff: Tariff, call: Call, options: RatingOptions = EXACT) -> CallCost:
    cost = get_cost(tariff, call, options)
    assert isinstance(cost, CallCost), cost
    return cost
