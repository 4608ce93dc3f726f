"""The tariff as calls are priced with it: destinations by prefix, plans and profiles compiled.

It changes in place, one item at a time; a step of the engine sees it before or after a change, never in between. What is stored
and listed back is the item itself (engine.profiles.items); here is only what look-ups need.
"""

from __future__ import annotations

from engine.limits import MAX_DESTINATION_LENGTH
from engine.rating.book import Destination, RatingPlan, RatingProfile, Timing
from engine.rating.compile import ANY_TIMING, CompiledPlan, CompiledProfile, Compiler
from engine.rating.kinds import DESTINATION, RATING_PLAN, RATING_PROFILE, TIMING
from engine.usage import ANY


class Tariff:
    plans: dict[str, CompiledPlan]
    profiles: dict[str, CompiledProfile]
    timings: dict[str, Timing]
    longest_prefix: int  # characters; it does not shrink when prefixes go
    _prefixes: dict[str, tuple[str, ...]]  # of each destination
    _ids: dict[str, list[str]]  # the destinations of each prefix; prefixes of one destination alone share its list
    _alone: dict[str, list[str]]
    _compiler: Compiler

    def __init__(self) -> None:
        self.plans = {}
        self.profiles = {}
        self.timings = {ANY: ANY_TIMING}
        self.longest_prefix = 0
        self._prefixes = {}
        self._ids = {}
        self._alone = {}
        self._compiler = Compiler()

    def put(self, kind: str, id: str, item: object) -> None:
        """Takes in an item of any kind; those that do not price calls are passed over."""
        if kind == DESTINATION:
            assert isinstance(item, Destination), "a destination is stored under its kind"
            self.put_destination(item)
        elif kind == TIMING:
            assert isinstance(item, Timing), "a timing is stored under its kind"
            self.timings[id] = item
        elif kind == RATING_PLAN:
            assert isinstance(item, RatingPlan), "a rating plan is stored under its kind"
            self.put_rating_plan(item)
        elif kind == RATING_PROFILE:
            assert isinstance(item, RatingProfile), "a rating profile is stored under its kind"
            self.put_rating_profile(item)

    def remove(self, kind: str, id: str) -> None:
        if kind == DESTINATION:
            self.remove_destination(id)
        elif kind == TIMING:
            self.remove_timing(id)
        elif kind == RATING_PLAN:
            self.plans.pop(id, None)
        elif kind == RATING_PROFILE:
            self.profiles.pop(id, None)

    # -- destinations -------------------------------------------------------------------------------------------------

    def put_destination(self, destination: Destination) -> None:
        """Stores or replaces it. Prefixes that it keeps keep their place among the destinations of that prefix."""
        id = destination.Id
        old = self._prefixes.get(id)
        if old:
            kept = set(destination.Prefixes)
            for prefix in old:
                if prefix not in kept:
                    self._leave(prefix, id)
        alone = self._alone.get(id)
        if alone is None:
            alone = [id]
            self._alone[id] = alone
        ids = self._ids
        longest = self.longest_prefix
        for prefix in destination.Prefixes:
            known = ids.get(prefix)
            if known is None:
                ids[prefix] = alone
                if len(prefix) > longest:
                    longest = len(prefix)
            elif id not in known:
                ids[prefix] = [*known, id]
        self.longest_prefix = min(longest, MAX_DESTINATION_LENGTH)
        self._prefixes[id] = destination.Prefixes

    def remove_destination(self, id: str) -> None:
        for prefix in self._prefixes.pop(id, ()):
            self._leave(prefix, id)
        self._alone.pop(id, None)

    def _leave(self, prefix: str, id: str) -> None:
        known = self._ids.get(prefix)
        if known is None or id not in known:
            return
        left = [other for other in known if other != id]
        if not left:
            del self._ids[prefix]
        else:
            self._ids[prefix] = self._alone.get(left[0], left) if len(left) == 1 else left

    def ids_of_prefix(self, prefix: str) -> list[str] | None:
        """The destinations that hold exactly this prefix, in the order in which they came; the list is not to be changed."""
        return self._ids.get(prefix)

    def prefixes(self) -> list[str]:
        """Every known prefix; for explanations."""
        return list(self._ids)

    # -- timings, plans, profiles -------------------------------------------------------------------------------------

    def put_timing(self, timing: Timing) -> None:
        self.timings[timing.ID] = timing

    def remove_timing(self, id: str) -> None:
        if id == ANY:
            self.timings[ANY] = ANY_TIMING
        else:
            self.timings.pop(id, None)

    def put_rating_plan(self, plan: RatingPlan) -> None:
        """Raises ValueError or KeyError for a plan that the loader should have refused."""
        self.plans[plan.Id] = self._compiler.plan(plan)

    def remove_rating_plan(self, id: str) -> None:
        self.plans.pop(id, None)

    def put_rating_profile(self, profile: RatingProfile) -> None:
        self.profiles[profile.Id] = CompiledProfile(profile)

    def remove_rating_profile(self, id: str) -> None:
        self.profiles.pop(id, None)
