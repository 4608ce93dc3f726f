"""Rating items of a plan without faults: destinations, timings, rating plans, rating profiles, shared groups."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Generic, TypeVar

import msgspec

from engine.rating.book import (
    NO_ACTIVATION_TIME,
    Activation,
    Destination,
    PlanRate,
    Rate,
    Rating,
    RatingPlan,
    RatingProfile,
    SharedGroup,
    SharingParameters,
    Timing,
)
from engine.tariffplan.cells import read_duration, read_integer, read_names, read_number, timing_of
from engine.tariffplan.merge import item_key
from engine.tariffplan.read import Plan
from engine.tariffplan.sheets import BY_NAME
from engine.times import Zone, parse_time

KEY_DIGITS: Final = 8  # of the short keys of timings and ratings inside a plan
_LAST: Final = 2**63 - 1
Content = TypeVar("Content", Timing, Rating)
_ENCODER: Final = msgspec.msgpack.Encoder()


def destinations(plan: Plan) -> list[Destination]:
    """The destinations, each with all its prefixes."""
    prefixes: dict[str, list[str]] = {}
    for table in plan.of("Destinations"):
        for tag, prefix in table.cells:
            known = prefixes.get(tag)
            if known is None:
                prefixes[tag] = [prefix]
            else:
                known.append(prefix)
    return [Destination(tag, tuple(found)) for tag, found in prefixes.items()]


def timings(plan: Plan) -> dict[str, Timing]:
    """The plan's own timings by tag."""
    return {row[0]: timing_of(row[0], row) for table in plan.of("Timings") for row in table.cells}


class PlanBuilder:
    """Builds rating plans; prices and keys that several of them share are made once."""

    def __init__(self, plan: Plan, known: Mapping[str, Timing]) -> None:
        self._timings = known
        self._fees, self._slots = _rates(plan)
        self._tables: dict[str, list[tuple[str, Rating]]] = {}
        made: dict[tuple[str, ...], Rating] = {}
        for table in plan.of("DestinationRates"):
            for row in table.cells:
                content = tuple(row[2:7])
                rating = made.get(content)
                if rating is None:
                    rating = made[content] = self._rating(row)
                self._tables.setdefault(row[0], []).append((row[1], rating))

    def _rating(self, row: list[str]) -> Rating:
        return Rating(
            ConnectFee=self._fees[row[2]],
            RoundingMethod=row[3],
            RoundingDecimals=read_integer(row[4]),
            MaxCost=read_number(row[5]),
            MaxCostStrategy=row[6],
            Rates=tuple(self._slots[row[2]]),
        )

    def plans(self, plan: Plan) -> list[RatingPlan]:
        """The rating plans, in the order in which they first came."""
        rows: dict[str, list[list[str]]] = {}
        for table in plan.of("RatingPlans"):
            for row in table.cells:
                rows.setdefault(row[0], []).append(row)
        return [self._plan(tag, bindings) for tag, bindings in rows.items()]

    def _plan(self, tag: str, bindings: list[list[str]]) -> RatingPlan:
        timing_keys: _Keys[Timing] = _Keys()
        rating_keys: _Keys[Rating] = _Keys()
        rates: dict[str, dict[PlanRate, None]] = {}
        for _, table, timing_tag, weight_text in bindings:
            timing = self._timings[timing_tag]
            # A price runs to the end of its day: the end of a timing is not used in rating.
            timing_key = timing_keys.of(timing if not timing.EndTime else msgspec.structs.replace(timing, EndTime=""))
            weight = read_number(weight_text)
            made: dict[int, PlanRate] = {}
            for destination, rating in self._tables[table]:
                rate = made.get(id(rating))
                if rate is None:
                    rate = made[id(rating)] = PlanRate(timing_key, rating_keys.of(rating), weight)
                known = rates.get(destination)
                if known is None:
                    rates[destination] = {rate: None}
                else:
                    known[rate] = None
        found = {destination: tuple(ordered) for destination, ordered in rates.items()}
        return RatingPlan(tag, timing_keys.items, rating_keys.items, found)


class _Keys(Generic[Content]):
    """Short keys by content: the first digits of its hash, more of them where two would be the same."""

    items: dict[str, Content]

    def __init__(self) -> None:
        self.items = {}
        self._known: dict[Content, str] = {}

    def of(self, content: Content) -> str:
        key = self._known.get(content)
        if key is None:
            digest = hashlib.sha1(_ENCODER.encode(content), usedforsecurity=False).hexdigest()
            digits = KEY_DIGITS
            while digest[:digits] in self.items:
                digits += 1
            key = self._known[content] = digest[:digits]
            self.items[key] = content
        return key


def _rates(plan: Plan) -> tuple[dict[str, str], dict[str, list[Rate]]]:
    """By tag: the connect fee, which is that of the first row, and the slots."""
    fees: dict[str, str] = {}
    slots: dict[str, list[Rate]] = {}
    for table in plan.of("Rates"):
        for tag, fee, price, unit, step, start in table.cells:
            fees.setdefault(tag, read_number(fee))
            slot = Rate(read_duration(start), read_number(price), read_duration(step), read_duration(unit))
            slots.setdefault(tag, []).append(slot)
    return fees, slots


def rating_profiles(plan: Plan, zone: Zone, now_ns: int) -> list[RatingProfile]:
    """The rating profiles, their activations in the order of the rows."""
    sheet = BY_NAME["RatingProfiles"]
    found: dict[str, list[Activation]] = {}
    for table in plan.of(sheet.name):
        for row in table.cells:
            key = f"*out:{item_key(sheet, row)}"
            activation = Activation(activation_ns(row[3], zone, now_ns), row[4], fallback_keys(row[0], row[1], row[5]))
            found.setdefault(key, []).append(activation)
    return [RatingProfile(key, tuple(activations)) for key, activations in found.items()]


def activation_ns(text: str, zone: Zone, now_ns: int) -> int:
    """The instant of an activation, within 64 bits of ns."""
    return max(NO_ACTIVATION_TIME, min(parse_time(text, zone, now_ns).ns, _LAST))


def fallback_keys(tenant: str, category: str, subjects: str) -> tuple[str, ...] | None:
    """The profiles of fallback subjects, `A;B`; None when there are none."""
    return tuple(f"*out:{tenant}:{category}:{subject}" for subject in read_names(subjects)) or None


def shared_groups(plan: Plan) -> list[SharedGroup]:
    """The shared groups; members come when actions give accounts a balance of the group."""
    found: dict[str, dict[str, SharingParameters]] = {}
    for table in plan.of("SharedGroups"):
        for tag, account, strategy, subject in table.cells:
            found.setdefault(tag, {})[account] = SharingParameters(strategy, subject)
    return [SharedGroup(tag, parameters) for tag, parameters in found.items()]
