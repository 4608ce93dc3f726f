"""A small engine for tests: a tariff written in a few words, accounts with balances, a clock that stands still."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from engine.accounts.account import Account, Accounts, Balance
from engine.accounts.charge import Charging
from engine.accounts.ledger import Cause
from engine.ids import Ids
from engine.money import amount_of
from engine.profiles.items import Items
from engine.rating.book import Activation, Destination, PlanRate, Rate, Rating, RatingPlan, RatingProfile, Timing
from engine.rating.call import Call, RatingOptions
from engine.rating.kinds import KINDS
from engine.rating.tariff import Tariff
from engine.times import UTC_ZONE, parse_time
from engine.usage import SECOND

TENANT = "example.net"
NOW = parse_time("2026-04-07T10:00:00Z", UTC_ZONE, 0).ns
CAUSE = Cause("test", "t", NOW)


def seeded(seed: int) -> Callable[[int], bytes]:
    """A source of random bytes that gives the same ones every time."""
    state = hashlib.sha256(str(seed).encode())

    def draw(size: int) -> bytes:
        found = b""
        while len(found) < size:
            state.update(b"more")
            found += state.digest()
        return found[:size]

    return draw


def plan(
    id: str,
    *slots: tuple[str, str, int, int],
    fee: str = "0",
    method: str = "*middle",
    decimals: int = 5,
    limit: tuple[str, str] = ("0", ""),
) -> RatingPlan:
    """A plan for every destination; slots are (from ns, value, step ns, unit ns)."""
    rates = tuple(Rate(int(start), value, step, unit) for start, value, step, unit in slots)
    rating = Rating(fee, method, decimals, limit[0], limit[1], rates)
    return RatingPlan(id, {"t": Timing("*any")}, {"r": rating}, {"*any": (PlanRate("t", "r", "10"),)})


def profile(subject: str, plan_id: str, category: str = "call") -> RatingProfile:
    return RatingProfile(f"*out:{TENANT}:{category}:{subject}", (Activation(0, plan_id),))


def charging(*plans: tuple[str, RatingPlan], exact: bool = False, destinations: tuple[Destination, ...] = (), seed: int = 1) -> Charging:
    """Charging in which each subject has its plan."""
    items, tariff = Items(KINDS), Tariff()
    for destination in destinations:
        tariff.put_destination(destination)
    for subject, one in plans:
        tariff.put_rating_plan(one)
        tariff.put_rating_profile(profile(subject, one.Id))
    return Charging(Accounts(), items, tariff, RatingOptions(exact=exact), {"*voice": SECOND, "*any": 1}, Ids(seeded(seed)))


def account(house: Charging, name: str, *, allow_negative: bool = False) -> Account:
    made = Account(TENANT, name)
    made.allow_negative = allow_negative
    house.accounts.put(made)
    return made


def balance(house: Charging, holder: Account, id: str, type: str, value: object, weight: int = 0, **fields: object) -> Balance:
    """A balance of the account; `value` in whole money or units."""
    made = Balance(house.ids.uuid(), id, type, amount_of(value))
    made.weight = weight * 10**9
    for name, field in fields.items():
        setattr(made, name, field)
    house.ledger.open(holder, made, CAUSE)
    return made


def call(subject: str, name: str, usage_ns: int, *, tor: str = "*voice", destination: str = "4930123", start_ns: int = NOW) -> Call:
    return Call(TENANT, "call", subject, name, destination, tor, start_ns, start_ns + usage_ns, UTC_ZONE)
