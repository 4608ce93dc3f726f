"""Why a call costs what it costs: every look-up, every span, every rounding; and when it has no price, what came nearest.

The tree is JSON-able data, made only when somebody asks; amounts are numbers in whole money, usage is ns.
"""

from __future__ import annotations

from typing import Final

from engine.errors import Refusal
from engine.limits import MAX_EXPLAINED_SPANS
from engine.money import DECIMALS, Ratio, amount_text
from engine.rating.call import Call, CallCost, Increment, Interval, RatingOptions, Slot, Span
from engine.rating.lookup import Look, PlanMatch, Search, profile_key
from engine.rating.near import near_misses
from engine.rating.price import rounded_span_cost, slot_at
from engine.rating.query import FREE, check_usage, get_cost, longest_rounding
from engine.rating.render import Data, number, ratio_number
from engine.rating.tariff import Tariff
from engine.times import ZERO_TIME, format_time, local_ns
from engine.usage import ANY, VOICE, format_duration

NO_TIME_TEXT: Final = "0001-01-01T00:00:00Z"


def explain_cost(tariff: Tariff, call: Call, options: RatingOptions) -> Data:
    """The tree of a cost query: Call, Profiles (which were asked for), then Spans and Total, or Refusal and NearMisses.

    Spans has the first MAX_EXPLAINED_SPANS; MoreSpans counts the others.
    """
    call = call.copy()
    tree: Data = {"Call": _call_data(call)}
    refusal = check_usage(call, options)
    if refusal is not None:
        bound = options.max_usage_ns.get(call.tor or VOICE, options.max_usage_ns.get(ANY, 0))
        tree["Refusal"] = refusal.value
        tree["NearMisses"] = [f"rals.max_computed_usage allows {usage_text(call, bound)}"]
        return tree
    looks = trace_of(tariff, call, options)
    tree["Profiles"] = [_look_data(look, call) for look in looks]
    cost = get_cost(tariff, call, options)
    if isinstance(cost, Refusal):
        tree["Refusal"] = cost.value
        tree["NearMisses"] = near_misses(tariff, call, looks, cost)
        return tree
    tree["Spans"] = [_span_data(span, call, options) for span in cost.spans[:MAX_EXPLAINED_SPANS]]
    if len(cost.spans) > MAX_EXPLAINED_SPANS:
        tree["MoreSpans"] = len(cost.spans) - MAX_EXPLAINED_SPANS
    tree["Total"] = _total_data(cost, options)
    return tree


def trace_of(tariff: Tariff, call: Call, options: RatingOptions) -> list[Look]:
    """Every profile that a look-up asks for on behalf of the call, in order."""
    search = Search(tariff, call, options)
    looks: list[Look] = []
    search.trace = looks
    if search.search(profile_key(call.tenant, call.category, call.subject), call.start_ns, call.end_ns, 1) is None:
        search.search(search.any_key, call.start_ns, call.end_ns, 1)
    return looks


def _call_data(call: Call) -> Data:
    return {
        "Tenant": call.tenant,
        "Category": call.category,
        "Subject": call.subject,
        "Account": call.account,
        "Destination": call.destination or ANY,
        "ToR": call.tor or VOICE,
        "TimeStart": format_time(call.start_ns, call.zone),
        "Usage": call.duration_ns,
    }


def usage_text(call: Call, usage_ns: int) -> str:
    """A usage as people read it: a duration for calls, a count for everything else."""
    return format_duration(usage_ns) if call.tor in ("", VOICE) else str(usage_ns)


# -- what was asked for ----------------------------------------------------------------------------------------------------


def _look_data(look: Look, call: Call) -> Data:
    return {
        "ID": look.key,
        "FoundID": look.profile_id,
        "Depth": look.depth,
        "TooDeep": look.too_deep,
        "Activations": [_activation_data(active_at, plan_id, found, call) for active_at, plan_id, found in look.activations],
    }


def _activation_data(active_at: int, plan_id: str, found: PlanMatch | None, call: Call) -> Data:
    data: Data = {
        "ActivationTime": NO_TIME_TEXT if active_at <= ZERO_TIME else format_time(active_at, call.zone),
        "RatingPlanID": plan_id,
        "DestinationID": None if found is None else found.destination_id,
        "Prefix": None if found is None else found.prefix,
    }
    if found is not None:
        local = local_ns(call.start_ns, call.zone)
        data["Timings"] = [_timing_data(interval) | {"Active": interval.window.is_active(local)} for interval in found.rows.intervals]
    return data


def _timing_data(interval: Interval) -> Data:
    timing = interval.timing
    return {
        "TimingID": "" if timing is None else timing.ID,
        "StartTime": "" if timing is None else timing.StartTime,
        "Weight": ratio_number(interval.weight),
    }


# -- what it costs ---------------------------------------------------------------------------------------------------------


def _span_data(span: Span, call: Call, options: RatingOptions) -> Data:
    data: Data = {
        "TimeStart": format_time(span.start_ns, call.zone),
        "TimeEnd": format_time(span.end_ns, call.zone),
        "ProfileID": span.match.subject,
        "RatingPlanID": span.match.plan_id,
        "DestinationID": span.match.destination_id,
        "Prefix": span.match.prefix,
        "CompressFactor": span.count,
        "Cost": number(span.cost),
    }
    interval = span.interval
    if interval is not None:
        slot = slot_at(interval, span.group_start_ns)
        data |= _timing_data(interval)
        data["Rate"] = None if slot is None else _slot_data(slot)
        data["Increments"] = [_run_data(run) for run in span.increments or []]
        data["Price"] = _price_lines(span, slot, call, options)
    return data


def _slot_data(slot: Slot) -> Data:
    return {
        "GroupIntervalStart": slot.start_ns,
        "Value": ratio_number(slot.value),
        "RateIncrement": slot.step_ns,
        "RateUnit": slot.unit_ns,
    }


def _run_data(run: Increment) -> Data:
    return {"Usage": run.duration_ns, "CompressFactor": run.count, "Cost": number(run.cost), "Total": number(run.total)}


def _price_lines(span: Span, slot: Slot | None, call: Call, options: RatingOptions) -> list[str]:
    """How the cost of the span's steps came about, one rounding a line."""
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
        before = f" after {run.offset} before them" if run.offset else ""
        lines.append(f"{run.count} steps{before}: {amount_text(run.total)}, rounded once to 9 decimals")
    elif options.exact or run.cost * exact.den == exact.num * 10**DECIMALS:
        lines.append(f"{run.count} steps: {amount_text(run.total)}, nothing rounded")
    else:
        lines.extend(_rounded_lines(run, slot, options.rounding_decimals))
    return lines


def _rounded_lines(run: Increment, slot: Slot, decimals: int) -> list[str]:
    """The two roundings of CGRateS: the cost of all steps, then that of one."""
    whole = Ratio(slot.step_price.num * run.count, slot.step_price.den * 10**DECIMALS)
    rounded = rounded_span_cost(slot, run.count, decimals)
    return [
        f"{run.count} steps cost {ratio_text(whole)} exactly, {amount_text(rounded)} rounded to {decimals} decimals",
        f"divided by {run.count} and rounded again: {amount_text(run.cost)} a step, {amount_text(run.total)} in all",
    ]


def ratio_text(value: Ratio) -> str:
    """A ratio as decimal digits where nine are enough, else as a fraction."""
    scaled = value.num * 10**DECIMALS
    return amount_text(scaled // value.den) if scaled % value.den == 0 else f"{value.num}/{value.den}"


def _total_data(cost: CallCost, options: RatingOptions) -> Data:
    total = sum(span.cost for span in cost.spans)
    first = cost.spans[0].interval if cost.spans else None
    fee = first.connect_fee if first is not None and cost.call.loop_index == 0 else 0
    lines = [f"the spans together: {amount_text(total)}"]
    if fee:
        lines.append(f"in it the connect fee: {amount_text(fee)}")
    limit = max((one.max_cost for one in _limits(cost)), default=0)
    if limit and total > cost.cost:
        lines.append(f"limited by *free at {amount_text(limit)}")
    decimals, method = longest_rounding(cost.spans)
    if decimals:
        lines.append(f"rounded {method or 'by no method'} to {decimals} decimals: {amount_text(cost.cost)}")
    else:
        lines.append(f"not rounded, since the rate asks for no decimals: {amount_text(cost.cost)}")
    return {
        "Cost": number(cost.cost),
        "Usage": cost.rated_usage_ns,
        "ConnectFee": number(fee),
        "IncrementRounding": "exact" if options.exact else "per_increment",
        "Rounding": lines,
    }


def _limits(cost: CallCost) -> list[Interval]:
    return [span.interval for span in cost.spans if span.interval is not None and span.interval.max_cost_strategy == FREE]
