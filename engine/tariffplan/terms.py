"""What a plan is read against: the clock, the zone, and the names that the engine already knows.

All of it are plain values, so that a plan can be read in another process. `Known` is what the engine holds at that moment; what it
comes to hold meanwhile is not missed, because a load only adds and replaces.
"""

from __future__ import annotations

import msgspec

from engine.actions.timings import built_in_timings
from engine.rating.book import Timing
from engine.times import Zone, zone_of


class Known(msgspec.Struct, frozen=True):
    """Names of stored items that a plan may refer to. Filters are `<tenant>:<ID>`; timings come with what they are."""

    destinations: frozenset[str] = frozenset()
    rating_plans: frozenset[str] = frozenset()
    rating_profiles: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    action_plans: frozenset[str] = frozenset()
    action_triggers: frozenset[str] = frozenset()
    filters: frozenset[str] = frozenset()
    timings: dict[str, Timing] = {}


class Terms(msgspec.Struct, frozen=True):
    """`timezone` is that of instants without an offset; identifiers that a load draws are made of its `load_id`."""

    load_id: str
    now_ns: int
    timezone: str = "UTC"
    default_tenant: str = "cgrates.org"
    known: Known = Known()

    @property
    def zone(self) -> Zone:
        return zone_of(self.timezone)

    def built_in(self) -> dict[str, Timing]:
        """The timings that every plan may use."""
        return built_in_timings(self.now_ns, self.zone)
