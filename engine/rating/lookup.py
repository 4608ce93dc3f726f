"""Which rows price a call: from its subject to a profile, an activation, a plan, and the longest prefix that the plan knows."""

from __future__ import annotations

from typing import Final

from engine.errors import Refusal
from engine.limits import MAX_DESTINATION_LENGTH, MAX_FALLBACK_SUBJECTS
from engine.rating.call import NO_MATCH, Call, KnownInfos, Match, RatingInfo, RatingOptions
from engine.rating.compile import CompiledPlan, CompiledProfile, PricedRows, is_less
from engine.rating.tariff import Tariff
from engine.times import Zone, local_ns
from engine.usage import ANY

OUT: Final = "*out:"
_LATEST: Final = (1 << 62) - 1  # ns since 1970: as a machine word


def profile_key(tenant: str, category: str, subject: str) -> str:
    """The ID of the profile of a subject."""
    return f"{OUT}{tenant}:{category}:{subject}"


def find_infos(tariff: Tariff, call: Call, options: RatingOptions) -> list[RatingInfo] | Refusal:
    """What prices the call, in the order of time, without a gap. Kept in the call: later parts of it are priced as it began."""
    if call.infos is not None:
        return call.infos
    search = Search(tariff, call, options)
    found = search.search(profile_key(call.tenant, call.category, call.subject), call.start_ns, call.end_ns, 1)
    if found is None:
        found = search.search(search.any_key, call.start_ns, call.end_ns, 1)
    if found is None:
        return Refusal.RATING_PLAN_NOT_FOUND
    if not _is_gapless(found, call.start_ns):
        return Refusal.UNAUTHORIZED_DESTINATION
    call.infos = found
    return found


def plan_infos(tariff: Tariff, call: Call, plan_id: str, subject: str) -> list[RatingInfo] | Refusal:
    """What prices the call on a rating plan, whatever the call's subject; `subject` is said to have matched."""
    plan = tariff.plans.get(plan_id)
    if plan is None:
        return Refusal.RATING_PLAN_NOT_FOUND
    found = match_plan(tariff, plan, call.destination, call.start_ns, call.zone)
    if found is None:
        return Refusal.UNAUTHORIZED_DESTINATION
    return [RatingInfo(Match(subject, found.prefix, found.destination_id, plan_id), call.start_ns, list(found.rows.intervals), ())]


def first_match(tariff: Tariff, call: Call, options: RatingOptions) -> Match | None:
    """Why the call's beginning has its price; None when it has none."""
    found = find_infos(tariff, call, options)
    return found[0].match if isinstance(found, list) else None


class PlanMatch:
    """What a plan has for a destination."""

    prefix: str
    destination_id: str
    rows: PricedRows

    def __init__(self, prefix: str, destination_id: str, rows: PricedRows) -> None:
        self.prefix = prefix
        self.destination_id = destination_id
        self.rows = rows


def match_plan(tariff: Tariff, plan: CompiledPlan, destination: str, at_ns: int, zone: Zone) -> PlanMatch | None:
    """The rows of the longest prefix that the plan knows and that hold at this instant, else those of `*any`."""
    if destination not in (ANY, ""):
        found = _match_prefix(tariff, plan, destination, at_ns, zone)
        if found is not None:
            return found
    rows = plan.by_destination.get(ANY)
    return None if rows is None else PlanMatch(ANY, ANY, rows)


def _match_prefix(tariff: Tariff, plan: CompiledPlan, destination: str, at_ns: int, zone: Zone) -> PlanMatch | None:
    known = plan.by_destination
    length = len(destination)
    if length > tariff.longest_prefix:  # which is MAX_DESTINATION_LENGTH at most
        length = tariff.longest_prefix
    while length > 0:
        prefix = destination[:length]
        ids = tariff.ids_of_prefix(prefix)
        if ids is not None:
            best: PlanMatch | None = None
            for name in ids:
                rows = known.get(name)
                if rows is None or (best is not None and not is_less(best.rows.top_weight, rows.top_weight)):
                    continue
                if rows.always or _holds(rows, at_ns, zone):
                    best = PlanMatch(prefix, name, rows)
            if best is not None:
                return best
        length -= 1
    return None


def _holds(rows: PricedRows, at_ns: int, zone: Zone) -> bool:
    local = local_ns(at_ns, zone)
    return any(interval.window.is_active(local) for interval in rows.intervals)


class Look:
    """One profile that a look-up asked for, and what came of it; for explanations."""

    key: str
    depth: int
    too_deep: bool  # further down than fallback subjects are followed: not looked up
    profile_id: str  # empty when there is none
    activations: list[tuple[int, str, PlanMatch | None]]  # (active at, plan ID, what the plan, if there is one, has for the destination)

    def __init__(self, key: str, depth: int, too_deep: bool) -> None:
        self.key = key
        self.depth = depth
        self.too_deep = too_deep
        self.profile_id = ""
        self.activations = []


class Search:
    """One look-up. It counts the subjects that it looks at, which bounds chains of fallback subjects whatever the depth."""

    tariff: Tariff
    call: Call
    options: RatingOptions
    looked: int
    trace: list[Look] | None  # filled when it is a list

    def __init__(self, tariff: Tariff, call: Call, options: RatingOptions) -> None:
        self.tariff = tariff
        self.call = call
        self.options = options
        self.looked = 0
        self.trace = None

    @property
    def any_key(self) -> str:
        """The ID of the profile that prices whoever has none."""
        return profile_key(self.call.tenant, self.call.category, ANY)

    def search(self, key: str, start_ns: int, end_ns: int, depth: int) -> list[RatingInfo] | None:
        """What the profile, and where it has gaps its fallback subjects, say for that time; None when there is no such profile."""
        self.looked += 1
        too_deep = depth > self.options.fallback_depth or self.looked > MAX_FALLBACK_SUBJECTS
        if self.trace is not None:
            self.trace.append(Look(key, depth, too_deep))
        if too_deep:
            return None
        profile = self.tariff.profiles.get(key)
        if profile is None and self.options.subject_prefix_matching:
            profile = self.by_prefix(key)
        if profile is None:
            return None
        if self.trace is not None:
            self.trace[-1].profile_id = profile.id
        else:
            known = self.tariff.known_infos(profile.id, self.call.destination)
            if known is not None and known.from_ns <= start_ns < known.until_ns and end_ns < known.until_ns:
                return known.infos
        infos = self._of_profile(profile, start_ns, end_ns)
        if not _is_gapless(infos, start_ns):
            self._fill(infos, start_ns, end_ns, depth)
        return infos

    def by_prefix(self, key: str) -> CompiledProfile | None:
        """The profile of the longest subject that this one begins with."""
        if key.endswith(ANY):
            return None
        shortest = key.find(":", key.find(":", key.find(":") + 1) + 1) + 2
        for length in range(len(key) - 1, shortest - 1, -1):
            profile = self.tariff.profiles.get(key[:length])
            if profile is not None:
                return profile
        return None

    def _of_profile(self, profile: CompiledProfile, start_ns: int, end_ns: int) -> list[RatingInfo]:
        first, after = active_range(profile, start_ns, end_ns)
        infos: list[RatingInfo] = []
        for index in range(first, after):
            plan = self.tariff.plans.get(profile.plan_ids[index])
            active_at = profile.starts[index]
            if plan is None:
                if self.trace is not None:
                    self.trace[-1].activations.append((active_at, profile.plan_ids[index], None))
                continue
            found = match_plan(self.tariff, plan, self.call.destination, start_ns, self.call.zone)
            if self.trace is not None:
                self.trace[-1].activations.append((active_at, plan.id, found))
            if index == first and start_ns < active_at:
                infos.append(RatingInfo(NO_MATCH, start_ns, [], (self.any_key,)))
            keys = profile.fallback_keys[index]
            if found is not None:
                match = Match(profile.id, found.prefix, found.destination_id, plan.id)
                infos.append(RatingInfo(match, active_at, list(found.rows.intervals), keys))
            elif keys:
                infos.append(RatingInfo(NO_MATCH, active_at, [], keys))
        if after == first + 1:
            self._know(profile, first, start_ns, infos)
        return infos

    def _know(self, profile: CompiledProfile, index: int, start_ns: int, infos: list[RatingInfo]) -> None:
        """Has the tariff remember what one activation has for the destination, where that is the same for all calls that begin and end
        while it is the last: one row that every call may share, in a plan that asks for no time."""
        plan = self.tariff.plans.get(profile.plan_ids[index])
        from_ns = profile.starts[index]
        if len(infos) != 1 or len(infos[0].intervals) != 1 or plan is None or not plan.timeless or from_ns > start_ns:
            return
        if len(self.call.destination) > MAX_DESTINATION_LENGTH:
            return
        until_ns = profile.starts[index + 1] if index + 1 < len(profile.starts) else _LATEST
        self.tariff.keep_infos(profile.id, self.call.destination, KnownInfos(infos, from_ns, until_ns))

    def _fill(self, infos: list[RatingInfo], start_ns: int, end_ns: int, depth: int) -> None:
        """Asks the fallback subjects of each gap, in their order, until one has no gap there."""
        index = 0
        while index < len(infos):
            info = infos[index]
            if not info.intervals:
                from_ns = start_ns if index == 0 else info.active_at
                until_ns = end_ns if index == len(infos) - 1 else infos[index + 1].active_at
                for key in info.fallback_keys:
                    found = self.search(key, from_ns, until_ns, depth + 1)
                    if found is None:
                        continue
                    for number, new in enumerate(found):
                        if not new.intervals:
                            continue
                        if number == 0:
                            infos[index] = new
                        else:
                            infos.append(new)
                    infos.sort(key=_active_at)
                    if _is_gapless(found, from_ns):
                        break
            index += 1


def active_range(profile: CompiledProfile, start_ns: int, end_ns: int) -> tuple[int, int]:
    """The activations that count for a call: from the last that is not after its start to the last that is not after its end."""
    begun = _begun(profile.starts, start_ns)
    return max(0, begun - 1), begun if end_ns <= start_ns else _begun(profile.starts, end_ns)


def _begun(starts: list[int], at_ns: int) -> int:
    """How many of these instants, in their order, are not after this one."""
    low = 0
    high = len(starts)
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= at_ns:
            low = middle + 1
        else:
            high = middle
    return low


def _active_at(info: RatingInfo) -> int:
    return info.active_at


def _is_gapless(infos: list[RatingInfo], start_ns: int) -> bool:
    if not infos or infos[0].active_at > start_ns:
        return False
    return all(info.intervals for info in infos)
