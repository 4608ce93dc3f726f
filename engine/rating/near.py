"""What a name or a number that has no price may have meant: the nearest that is there.

Names one letter off and the prefixes around a number are looked up, which finds them in a tariff of any size; beyond that only a
bounded part of what there is gets compared, since nobody else is served meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import islice
from typing import Final

from engine.errors import Refusal
from engine.limits import (
    MAX_NEAR_CANDIDATES,
    MAX_NEAR_COMPARED,
    MAX_NEAR_HOMES,
    MAX_NEAR_MISSES,
    MAX_NEAR_NAME,
    MAX_NEAR_PLANS,
    MAX_SPANS_PER_CALL,
)
from engine.rating.call import Call
from engine.rating.compile import CompiledPlan
from engine.rating.lookup import OUT, Look, match_plan, profile_key
from engine.rating.tariff import Tariff
from engine.usage import ANY

_SIMILAR: Final = 60  # per cent of letters that a near miss shares
_DIGITS: Final = "0123456789"
_LETTERS: Final = _DIGITS + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-_."


def near_misses(tariff: Tariff, call: Call, looks: list[Look], refusal: Refusal) -> list[str]:
    """What a missing price might have meant, one sentence each, the nearest first."""
    if refusal is Refusal.MAX_USAGE_EXCEEDED:
        return [f"it falls into more than {MAX_SPANS_PER_CALL} stretches of one price"]
    if not any(look.profile_id for look in looks):
        return _near_profiles(tariff, call)
    return [*_hours_left_out(looks), *_near_destinations(tariff, call, looks)][:MAX_NEAR_MISSES]


# -- profiles ------------------------------------------------------------------------------------------------------------


def _near_profiles(tariff: Tariff, call: Call) -> list[str]:
    """Profiles of the subject elsewhere, of subjects like it, and of everybody in tenants and categories like the call's."""
    some = list(islice(tariff.profiles, MAX_NEAR_CANDIDATES))
    home = profile_key(call.tenant, call.category, "")
    homes = list(islice(dict.fromkeys(_home(name) for name in some), MAX_NEAR_HOMES))
    subjects = [*one_letter_off(call.subject), *nearest(call.subject, [name[len(home) :] for name in some if name.startswith(home)])]
    found = [home + subject for subject in subjects]
    found.extend(other + call.subject for other in homes)
    found.extend(other + ANY for other in _homes_like(call, homes))
    known = [name for name in dict.fromkeys(found) if name in tariff.profiles]
    return [f"there is a profile {name[len(OUT) :]}" for name in known[:MAX_NEAR_MISSES]]


def _home(profile_id: str) -> str:
    """The part of a profile's ID before its subject: `*out:<tenant>:<category>:`."""
    return profile_id[: len(profile_id) - len(profile_id.split(":", 3)[-1])]


def _homes_like(call: Call, homes: list[str]) -> list[str]:
    """The same tenant with a category like the call's, or the same category at a tenant like it."""
    tenant, category = f"{OUT}{call.tenant}:", f":{call.category}:"
    categories = nearest(call.category, [home[len(tenant) : -1] for home in homes if home.startswith(tenant)])
    tenants = nearest(call.tenant, [home[len(OUT) : -len(category)] for home in homes if home.endswith(category)])
    return [*(f"{tenant}{name}:" for name in categories), *(f"{OUT}{name}{category}" for name in tenants)]


def _hours_left_out(looks: list[Look]) -> list[str]:
    """Plans that price the destination when the call begins, so that a later part of it must be what has no price."""
    found: list[str] = []
    for look in looks:
        for _, plan_id, match in look.activations:
            if match is not None and not match.rows.always:
                timings = ", ".join(
                    f"{one.timing.ID} from {one.timing.StartTime}" for one in match.rows.intervals if one.timing is not None
                )
                found.append(f"{plan_id} prices {match.destination_id} by {timings} only: a later part of the call has no price")
    return found


# -- destinations --------------------------------------------------------------------------------------------------------


def _near_destinations(tariff: Tariff, call: Call, looks: list[Look]) -> list[str]:
    """What the plans that were asked would need: another way to write the number, other hours, or a prefix near it."""
    plan_ids = list(dict.fromkeys(plan_id for look in looks for _, plan_id, _ in look.activations))
    if not plan_ids:
        return ["no activation of the profile has begun"]
    found: list[str] = []
    for plan_id in plan_ids[:MAX_NEAR_PLANS]:
        plan = tariff.plans.get(plan_id)
        if plan is None:
            found.append(f"there is no rating plan {plan_id}")
            continue
        found.extend(_other_spellings(tariff, call, plan))
        found.extend(_without_price(tariff, call.destination, plan))
        found.extend(_prefixes_near(tariff, call.destination, plan))
    return list(dict.fromkeys(found))[:MAX_NEAR_MISSES]


def _other_spellings(tariff: Tariff, call: Call, plan: CompiledPlan) -> Iterator[str]:
    number = call.destination
    bare = number.lstrip("+").removeprefix("00")
    for spelling in dict.fromkeys((bare, f"+{bare}", f"00{bare}", number.lstrip("+"), f"+{number}")):
        match = match_plan(tariff, plan, spelling, call.start_ns, call.zone) if spelling not in (number, "") else None
        if match is not None and match.prefix != ANY:
            yield f"{spelling} would match prefix {match.prefix} of {match.destination_id} in {plan.id}"


def _without_price(tariff: Tariff, number: str, plan: CompiledPlan) -> Iterator[str]:
    """Destinations that do hold a prefix of the number, and why they have no price."""
    for length in range(min(len(number), tariff.longest_prefix), 0, -1):
        for name in tariff.ids_of_prefix(number[:length]) or ():
            if name in plan.by_destination:
                yield f"prefix {number[:length]} of {name} has no price at this time in {plan.id}"
            else:
                yield f"prefix {number[:length]} belongs to {name}, which {plan.id} does not price"


def _prefixes_near(tariff: Tariff, number: str, plan: CompiledPlan) -> list[str]:
    """The prefixes of the plan that share the most leading characters with the number."""
    some = dict.fromkeys(islice(tariff.prefixes_of(plan.by_destination), MAX_NEAR_COMPARED))
    for prefix in _around(tariff, number, plan):
        some[prefix] = None
    return [f"{plan.id} prices prefix {prefix} of {_named(tariff, prefix, plan)}" for prefix in nearest_prefixes(number, list(some))]


def _around(tariff: Tariff, number: str, plan: CompiledPlan) -> Iterator[str]:
    """Prefixes that leave the number and go on with one or two digits, the longest common part first."""
    found = 0
    for length in range(min(len(number), tariff.longest_prefix), 0, -1):
        head = number[:length]
        for tail in _TAILS:
            if _named(tariff, head + tail, plan):
                found += 1
                yield head + tail
        if found >= MAX_NEAR_MISSES:
            return


_TAILS: Final = (*_DIGITS, *(one + two for one in _DIGITS for two in _DIGITS))


def _named(tariff: Tariff, prefix: str, plan: CompiledPlan) -> str:
    """The plan's destination that has exactly this prefix; empty when there is none."""
    for name in tariff.ids_of_prefix(prefix) or ():
        if name in plan.by_destination:
            return name
    return ""


# -- nearness ------------------------------------------------------------------------------------------------------------


def one_letter_off(text: str) -> Iterator[str]:
    """Every text that has one letter more, less, or other, or two neighbours exchanged; none for a text beyond any name."""
    if len(text) > MAX_NEAR_NAME:
        return
    for at in range(len(text)):
        head, tail = text[:at], text[at + 1 :]
        yield head + tail
        if tail and tail[0] != text[at]:
            yield head + tail[0] + text[at] + tail[1:]
        for letter in _LETTERS:
            if letter != text[at]:
                yield head + letter + tail
    for at in range(len(text) + 1):
        for letter in _LETTERS:
            yield text[:at] + letter + text[at:]


def nearest(wanted: str, candidates: list[str]) -> list[str]:
    """The candidates most like what is wanted, of the first MAX_NEAR_COMPARED."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    rated: list[tuple[int, str]] = []
    for name in candidates[:MAX_NEAR_COMPARED]:
        matcher.set_seq1(name)
        likeness = int(100 * matcher.quick_ratio())
        if likeness >= _SIMILAR:
            rated.append((-likeness, name))
    return [name for _, name in sorted(rated)[:MAX_NEAR_MISSES]]


def nearest_prefixes(number: str, prefixes: list[str]) -> list[str]:
    """The prefixes that share the most leading characters with a number, the shorter of equals first; none that share but the `+`."""
    rated = sorted((-_shared(number, prefix), len(prefix), prefix) for prefix in prefixes)
    least = 2 if number.startswith("+") else 1
    return [prefix for shared, _, prefix in rated[:MAX_NEAR_MISSES] if -shared >= least]


def _shared(one: str, other: str) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length
