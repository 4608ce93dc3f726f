"""The rating data an operator writes, as it is stored and listed back: one struct a kind, field names as API clients know them.

Prices stay in the operator's decimal text until they are compiled (engine.rating.tariff), so that nothing is lost on the way.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Timing(msgspec.Struct, frozen=True):
    """When a price or balance is active. An empty list, or None (which clients see as null), means unrestricted.

    Times are `HH:MM:SS` or a word such as `*asap`.
    """

    ID: str
    Years: tuple[int, ...] | None = ()
    Months: tuple[int, ...] | None = ()
    MonthDays: tuple[int, ...] | None = ()
    WeekDays: tuple[int, ...] | None = ()
    StartTime: str = "00:00:00"
    EndTime: str = ""


class Destination(msgspec.Struct, frozen=True):
    """A name for prefixes, in the order in which they were written."""

    Id: str
    Prefixes: tuple[str, ...]


class Rate(msgspec.Struct, frozen=True):
    """One slot of a price: from GroupIntervalStart on, Value per RateUnit, counted in steps of RateIncrement (all ns)."""

    GroupIntervalStart: int
    Value: str
    RateIncrement: int
    RateUnit: int


class Rating(msgspec.Struct, frozen=True):
    """A price: rate slots, connect fee, rounding and limit; numbers in decimal text."""

    ConnectFee: str
    RoundingMethod: str
    RoundingDecimals: int
    MaxCost: str
    MaxCostStrategy: str
    Rates: tuple[Rate, ...]


class PlanRate(msgspec.Struct, frozen=True):
    """A row of a rating plan: the keys of its timing and rating within the plan, and its weight (decimal text)."""

    Timing: str
    Rating: str
    Weight: str


class RatingPlan(msgspec.Struct, frozen=True):
    """Timings and Ratings by key; for each destination ID its rows in the order of the sheet."""

    Id: str
    Timings: dict[str, Timing]
    Ratings: dict[str, Rating]
    DestinationRates: dict[str, tuple[PlanRate, ...]]


NO_ACTIVATION_TIME: Final = -(2**63)
"""Stands for the zero time (year 1), which 64 bits of ns do not hold; clients see 0001-01-01T00:00:00Z."""


class Activation(msgspec.Struct, frozen=True):
    """From this instant (ns) a profile uses that plan; FallbackKeys are profile IDs tried when the plan knows no price."""

    ActivationTime: int
    RatingPlanId: str
    FallbackKeys: tuple[str, ...] | None = None


class RatingProfile(msgspec.Struct, frozen=True):
    """Id is `*out:<Tenant>:<Category>:<Subject>`. Activations stand in the order in which they were written."""

    Id: str
    RatingPlanActivations: tuple[Activation, ...]


class SharingParameters(msgspec.Struct, frozen=True):
    """How an account draws on the group: whose balance goes first."""

    Strategy: str
    RatingSubject: str


class SharedGroup(msgspec.Struct, frozen=True):
    """Accounts that draw on each other's balances; parameters by account ID or `*any`."""

    Id: str
    AccountParameters: dict[str, SharingParameters]
    MemberIds: tuple[str, ...] = ()
