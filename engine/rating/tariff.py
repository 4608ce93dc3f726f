"""The tariff as calls are priced with it: destinations by prefix, plans and profiles compiled.

It changes in place, one item at a time; a step of the engine sees it before or after a change, never in between. What is stored
and listed back is the item itself (engine.profiles.items); here is only what look-ups need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.limits import KNOWN_INFOS, MAX_DESTINATION_LENGTH
from engine.rating.book import Destination, RatingPlan, RatingProfile, Timing
from engine.rating.call import KnownInfos
from engine.rating.compile import ANY_TIMING, Compilation, CompiledPlan, CompiledProfile, Compiler
from engine.rating.kinds import DESTINATION, RATING_PLAN, RATING_PROFILE, TIMING
from engine.usage import ANY


class Tariff:
    """What the engine prices with; `put` and `remove` take items of every kind, so that the door need not know which matter."""

    plans: dict[str, CompiledPlan]
    profiles: dict[str, CompiledProfile]
    timings: dict[str, Timing]
    longest_prefix: int  # characters; it does not shrink when prefixes go
    _prefixes: dict[str, tuple[str, ...]]  # of each destination
    _ids: dict[str, list[str]]  # the destinations of each prefix; prefixes of one destination alone share its list
    _alone: dict[str, list[str]]
    _compiler: Compiler
    _known: dict[tuple[str, str], KnownInfos]  # by profile and destination, as long as nothing changes

    def __init__(self) -> None:
        self.plans = {}
        self.profiles = {}
        self.timings = {ANY: ANY_TIMING}
        self.longest_prefix = 0
        self._prefixes = {}
        self._ids = {}
        self._alone = {}
        self._compiler = Compiler()
        self._known = {}

    def put(self, kind: str, item_id: str, item: object) -> None:
        """Takes in an item of any kind; those that do not price calls are passed over."""
        if kind == DESTINATION:
            assert isinstance(item, Destination), "a destination is stored under its kind"
            self.put_destination(item)
        elif kind == TIMING:
            assert isinstance(item, Timing), "a timing is stored under its kind"
            self.timings[item_id] = item
        elif kind == RATING_PLAN:
            assert isinstance(item, RatingPlan), "a rating plan is stored under its kind"
            self.put_rating_plan(item)
        elif kind == RATING_PROFILE:
            assert isinstance(item, RatingProfile), "a rating profile is stored under its kind"
            self.put_rating_profile(item)

    def remove(self, kind: str, item_id: str) -> None:
        """Takes an item out again; one that is not there is passed over."""
        if kind == DESTINATION:
            self.remove_destination(item_id)
        elif kind == TIMING:
            self.remove_timing(item_id)
        elif kind == RATING_PLAN:
            self.remove_rating_plan(item_id)
        elif kind == RATING_PROFILE:
            self.remove_rating_profile(item_id)

    # -- what was found before ------------------------------------------------------------------------------------------

    def known_infos(self, profile_id: str, destination: str) -> KnownInfos | None:
        """What a look-up has found before, which every later one would find again; its lists are not to be changed."""
        return self._known.get((profile_id, destination))

    def keep_infos(self, profile_id: str, destination: str, known: KnownInfos) -> None:
        """Remembers it until the tariff changes."""
        if len(self._known) >= KNOWN_INFOS:
            self._known.clear()
        self._known[profile_id, destination] = known

    # -- beside what is in force ----------------------------------------------------------------------------------------

    def twin(self) -> Tariff:
        """The same, to be changed apart. What is put into one is not seen in the other."""
        twin = Tariff()
        twin.plans = self.plans.copy()
        twin.profiles = self.profiles.copy()
        twin.timings = self.timings.copy()
        twin.longest_prefix = self.longest_prefix
        twin._prefixes = self._prefixes.copy()
        twin._ids = self._ids.copy()
        twin._alone = self._alone.copy()
        twin._compiler = self._compiler
        return twin

    def become(self, twin: Tariff) -> None:
        """Has all that the twin has, at once; the twin is not to be used any more."""
        self._known.clear()
        self.plans = twin.plans
        self.profiles = twin.profiles
        self.timings = twin.timings
        self.longest_prefix = twin.longest_prefix
        self._prefixes = twin._prefixes
        self._ids = twin._ids
        self._alone = twin._alone

    def compilation(self, plan: RatingPlan) -> Compilation:
        """A plan to be compiled some destinations at a time, then put by `put_compiled`."""
        return Compilation(self._compiler, plan)

    def put_compiled(self, plan: CompiledPlan) -> None:
        """Stores or replaces a plan that was compiled."""
        self._known.clear()
        self.plans[plan.id] = plan

    # -- destinations -------------------------------------------------------------------------------------------------

    def put_destination(self, destination: Destination) -> None:
        """Stores or replaces it. Prefixes that it keeps keep their place among the destinations of that prefix."""
        self.begin_destination(destination)
        self.add_prefixes(destination, 0, len(destination.Prefixes))

    def begin_destination(self, destination: Destination) -> None:
        """Takes out what a destination had and has no more; all of its prefixes are to be added then."""
        self._known.clear()
        name = destination.Id
        old = self._prefixes.get(name)
        if old:
            kept = set(destination.Prefixes)
            for prefix in old:
                if prefix not in kept:
                    self._leave(prefix, name)
        if name not in self._alone:
            self._alone[name] = [name]
        self._prefixes[name] = destination.Prefixes

    def add_prefixes(self, destination: Destination, first: int, end: int) -> None:
        """Adds some of its prefixes: from place `first` to before `end`."""
        self._known.clear()
        name = destination.Id
        alone = self._alone[name]
        ids = self._ids
        longest = self.longest_prefix
        for prefix in destination.Prefixes[first:end]:
            known = ids.get(prefix)
            if known is None:
                ids[prefix] = alone
                if len(prefix) > longest:
                    longest = len(prefix)
            elif name not in known:
                ids[prefix] = [*known, name]
        self.longest_prefix = min(longest, MAX_DESTINATION_LENGTH)

    def remove_destination(self, name: str) -> None:
        """Forgets a destination and its place in the reverse index."""
        self._known.clear()
        for prefix in self._prefixes.pop(name, ()):
            self._leave(prefix, name)
        self._alone.pop(name, None)

    def shrink_destination(self, name: str, count: int) -> bool:
        """Takes out `count` prefixes of a destination that is to go; True when it is gone. Not for what calls are priced with."""
        self._known.clear()
        prefixes = self._prefixes.get(name, ())
        for prefix in prefixes[-count:]:
            self._leave(prefix, name)
        self._prefixes[name] = prefixes[:-count]
        if len(prefixes) > count:
            return False
        self.remove_destination(name)
        return True

    def _leave(self, prefix: str, name: str) -> None:
        known = self._ids.get(prefix)
        if known is None or name not in known:
            return
        left = [other for other in known if other != name]
        if not left:
            del self._ids[prefix]
        else:
            self._ids[prefix] = self._alone.get(left[0], left) if len(left) == 1 else left

    def ids_of_prefix(self, prefix: str) -> list[str] | None:
        """The destinations that hold exactly this prefix, in the order in which they came; the list is not to be changed."""
        return self._ids.get(prefix)

    def prefixes_of(self, names: Iterable[str]) -> Iterator[str]:
        """The prefixes of these destinations, one destination after the other; for explanations."""
        for name in names:
            yield from self._prefixes.get(name, ())

    # -- timings, plans, profiles -------------------------------------------------------------------------------------

    def remove_timing(self, name: str) -> None:
        """Forgets a timing; the built-in one of any time stays."""
        if name == ANY:
            self.timings[ANY] = ANY_TIMING
        else:
            self.timings.pop(name, None)

    def put_rating_plan(self, plan: RatingPlan) -> None:
        """Raises ValueError or KeyError for a plan that the loader should have refused."""
        self._known.clear()
        self.plans[plan.Id] = self._compiler.plan(plan)

    def remove_rating_plan(self, name: str) -> None:
        """Forgets a plan; profiles that name it have no price while it is away."""
        self._known.clear()
        self.plans.pop(name, None)

    def put_rating_profile(self, profile: RatingProfile) -> None:
        """Stores or replaces a profile, its activations sorted by time."""
        self._known.clear()
        self.profiles[profile.Id] = CompiledProfile(profile)

    def remove_rating_profile(self, name: str) -> None:
        """Forgets a profile."""
        self._known.clear()
        self.profiles.pop(name, None)
