"""Why a call costs what it costs: every look-up, every span, every rounding; and when it has no price, what came nearest.

The tree is JSON-able; `explanation_text` writes it for people. It is made only when somebody asks.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

from engine.errors import Refusal
from engine.limits import MAX_NEAR_CANDIDATES, MAX_NEAR_MISSES
from engine.money import DECIMALS, Amount, Ratio, amount_text
from engine.rating.call import Call, CallCost, Interval, RatingOptions, Span
from engine.rating.lookup import OUT, Look, Search, match_plan, profile_key
from engine.rating.price import slot_at
from engine.rating.query import check_usage, get_cost, longest_rounding
from engine.rating.render import Data
from engine.rating.tariff import Tariff
from engine.times import ZERO_TIME, format_time
from engine.usage import ANY, VOICE, format_duration

_SIMILAR: Final = 60  # per cent of letters that a near miss shares


def explain_cost(tariff: Tariff, call: Call, options: RatingOptions) -> Data:
    """The tree of a cost query: Call, Profiles (which were asked for), Spans and Total, or Refusal and NearMisses."""
    call = call.copy()
    tree: Data = {"Call": _call_data(call)}
    refusal = check_usage(call, options)
    if refusal is not None:
        tree["Refusal"] = refusal.value
        return tree
    search = Search(tariff, call, options)
    looks: list[Look] = []
    search.trace = looks
    if search.search(profile_key(call.tenant, call.category, call.subject), call.start_ns, call.end_ns, 1) is None:
        search.search(search.any_key, call.start_ns, call.end_ns, 1)
    tree["Profiles"] = [_look_data(look, call) for look in looks]
    cost = get_cost(tariff, call, options)
    if isinstance(cost, Refusal):
        tree["Refusal"] = cost.value
        tree["NearMisses"] = near_misses(tariff, call, looks)
    else:
        tree["Spans"] = [_span_data(span, call, options) for span in cost.spans]
        tree["Total"] = _total_data(cost, options)
    return tree


def _call_data(call: Call) -> Data:
    return {
        "Tenant": call.tenant,
        "Category": call.category,
        "Subject": call.subject,
        "Destination": call.destination or ANY,
        "ToR": call.tor or VOICE,
        "TimeStart": format_time(call.start_ns, call.zone),
        "Usage": usage_text(call, call.duration_ns),
    }


def usage_text(call: Call, usage_ns: int) -> str:
    """A usage as people read it: a duration for calls, a count for everything else."""
    return format_duration(usage_ns) if call.tor in ("", VOICE) else str(usage_ns)


def _look_data(look: Look, call: Call) -> Data:
    activations: list[Data] = []
    for active_at, plan_id, found in look.activations:
        since = "always" if active_at <= ZERO_TIME else format_time(active_at, call.zone)
        row: Data = {"ActivationTime": since, "RatingPlanID": plan_id}
        if found is None:
            row["Destination"] = None
        else:
            row["Destination"] = found.destination_id
            row["Prefix"] = found.prefix
        activations.append(row)
    return {"ID": look.key, "Found": look.profile_id or None, "Depth": look.depth, "Activations": activations}


def _span_data(span: Span, call: Call, options: RatingOptions) -> Data:
    interval = span.interval
    data: Data = {
        "TimeStart": format_time(span.start_ns, call.zone),
        "TimeEnd": format_time(span.end_ns, call.zone),
        "Profile": span.match.subject,
        "RatingPlanID": span.match.plan_id,
        "Destination": span.match.destination_id,
        "Prefix": span.match.prefix,
        "Times": span.count,
        "Cost": amount_text(span.cost),
    }
    if interval is not None:
        timing = interval.timing
        data["Timing"] = None if timing is None else f"{timing.ID} from {timing.StartTime}"
        data["Weight"] = ratio_text(interval.weight)
        data["Steps"] = [
            {"Usage": usage_text(call, run.duration_ns), "Count": run.count, "Cost": amount_text(run.cost), "Total": amount_text(run.total)}
            for run in span.increments or []
        ]
        data["Price"] = _price_lines(span, interval, call, options)
    return data


def _price_lines(span: Span, interval: Interval, call: Call, options: RatingOptions) -> list[str]:
    """How the cost of the span's steps came about, one rounding a line."""
    slot = slot_at(interval, span.group_start_ns if span.count == 1 else 0)
    if slot is None:
        return [f"no slot begins before {usage_text(call, span.group_start_ns)}: nothing is charged"]
    per_unit = f"{ratio_text(slot.value)} per {usage_text(call, slot.unit_ns)}"
    lines = [f"slot from {usage_text(call, slot.start_ns)}: {per_unit}, in steps of {usage_text(call, slot.step_ns)}"]
    if not span.increments or span.increments[-1].duration_ns == 0:
        return lines
    run = span.increments[-1]
    exact = Ratio(slot.step_price.num, slot.step_price.den * 10**DECIMALS)
    lines.append(f"a step costs {ratio_text(exact)} exactly")
    if run.price is not None:
        lines.append(
            f"{run.count} steps, {run.offset} before them modulo {run.price.den}: {amount_text(run.total)}, rounded once to 9 decimals"
        )
    elif options.exact or run.cost * exact.den == exact.num * 10**DECIMALS:
        lines.append(f"{run.count} steps: {amount_text(run.total)}, nothing rounded")
    else:
        lines.append(
            f"{run.count} steps, their cost rounded to {options.rounding_decimals} decimals, divided, and rounded again: "
            f"{amount_text(run.cost)} a step, {amount_text(run.total)} in all"
        )
    return lines


def ratio_text(value: Ratio) -> str:
    """A ratio as decimal digits where nine are enough, else as a fraction."""
    scaled = value.num * 10**DECIMALS
    return amount_text(scaled // value.den) if scaled % value.den == 0 else f"{value.num}/{value.den}"


def _total_data(cost: CallCost, options: RatingOptions) -> Data:
    total = 0
    for span in cost.spans:
        total += span.cost
    lines = [f"the spans together: {amount_text(total)}"]
    first = cost.spans[0].interval if cost.spans else None
    if first is not None and cost.call.loop_index == 0:
        lines.append(f"in it the connect fee: {amount_text(first.connect_fee)}")
    decimals, method = longest_rounding(cost.spans)
    if decimals:
        lines.append(f"rounded {method or 'by no method'} to {decimals} decimals: {amount_text(cost.cost)}")
    limit = _limit_of(cost)
    if limit and total != cost.cost:
        lines.append(f"limited by *free at {amount_text(limit)}")
    return {
        "Cost": amount_text(cost.cost),
        "Usage": usage_text(cost.call, cost.rated_usage_ns),
        "IncrementRounding": "exact" if options.exact else "per_increment",
        "Rounding": lines,
    }


def _limit_of(cost: CallCost) -> Amount:
    for span in cost.spans:
        if span.interval is not None and span.interval.max_cost_strategy == "*free":
            return span.interval.max_cost
    return 0


# -- near misses ---------------------------------------------------------------------------------------------------------


def near_misses(tariff: Tariff, call: Call, looks: list[Look]) -> list[str]:
    """What a missing price might have meant, the nearest first."""
    if not any(look.profile_id for look in looks):
        return _near_profiles(tariff, call)
    return _near_destinations(tariff, call, looks)


def _near_profiles(tariff: Tariff, call: Call) -> list[str]:
    """Profiles of other categories or tenants for this subject, and of this tenant and category for subjects like it."""
    wanted = profile_key(call.tenant, call.category, call.subject)
    subject = f":{call.subject}"
    candidates: list[str] = []
    for name in tariff.profiles:
        if name.endswith((subject, f":{ANY}")) or (name[: len(OUT) + 2] == wanted[: len(OUT) + 2]):
            candidates.append(name)
            if len(candidates) >= MAX_NEAR_CANDIDATES:
                break
    return [f"there is a profile {name[len(OUT) :]}" for name in nearest(wanted, candidates)]


def _near_destinations(tariff: Tariff, call: Call, looks: list[Look]) -> list[str]:
    """What the plans that were asked would need: another way to write the number, other hours, or a prefix near it."""
    found: list[str] = []
    plan_ids = [plan_id for look in looks for _, plan_id, _ in look.activations]
    if not plan_ids:
        return ["no activation of the profile has begun"]
    number = call.destination
    variants = [number.lstrip("+"), f"+{number}", number.removeprefix("00"), f"+{number.removeprefix('00')}"]
    for plan_id in plan_ids:
        plan = tariff.plans[plan_id]
        for variant in dict.fromkeys(variants):
            match = match_plan(tariff, plan, variant, call.start_ns, call.zone) if variant != number else None
            if match is not None:
                found.append(f"{variant} would match {match.prefix} of {match.destination_id} in {plan_id}")
        for length in range(len(number), 0, -1):
            for name in tariff.ids_of_prefix(number[:length]) or ():
                why = "not at this time" if name in plan.by_destination else "which the plan lacks"
                found.append(f"{number[:length]} is a prefix of {name}, {why}: {plan_id}")
        known = [prefix for prefix in tariff.prefixes(MAX_NEAR_CANDIDATES) if prefix[:1] == number[:1]]
        inside = [prefix for prefix in known if any(name in plan.by_destination for name in tariff.ids_of_prefix(prefix) or ())]
        found.extend(f"{prefix} is a prefix of {plan_id}" for prefix in nearest_prefixes(number, inside))
    return list(dict.fromkeys(found))[:MAX_NEAR_MISSES]


def nearest(wanted: str, candidates: list[str]) -> list[str]:
    """The candidates most like what is wanted."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    rated: list[tuple[int, str]] = []
    for name in candidates:
        matcher.set_seq1(name)
        likeness = int(100 * matcher.quick_ratio())
        if likeness >= _SIMILAR:
            rated.append((-likeness, name))
    return [name for _, name in sorted(rated)[:MAX_NEAR_MISSES]]


def nearest_prefixes(number: str, prefixes: list[str]) -> list[str]:
    """The prefixes that share the most leading characters with a number."""
    rated = sorted((-_shared(number, prefix), prefix) for prefix in prefixes)
    return [prefix for shared, prefix in rated[:MAX_NEAR_MISSES] if shared < 0]


def _shared(one: str, other: str) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length


# -- for people ----------------------------------------------------------------------------------------------------------


def explanation_text(tree: Data) -> str:
    """The tree as indented text: a name and its value a line, lists one item a line."""
    lines: list[str] = []
    _write(tree, 0, lines)
    return "\n".join(lines)


def _write(value: object, depth: int, lines: list[str]) -> None:
    indent = "  " * depth
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, dict | list):
                if item:
                    lines.append(f"{indent}{name}:")
                    _write(item, depth + 1, lines)
            else:
                lines.append(f"{indent}{name}: {'none' if item is None else item}")
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            if isinstance(item, dict):
                lines.append(f"{indent}{number}.")
                _write(item, depth + 1, lines)
            else:
                lines.append(f"{indent}- {item}")
