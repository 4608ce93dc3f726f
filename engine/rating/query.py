"""What a call costs, apart from any account: what a debit asks (`standard_cost`) and what a cost query answers (`get_cost`)."""

from __future__ import annotations

from typing import Final

from engine.errors import Refusal
from engine.money import Amount, round_by_method
from engine.rating.call import Call, CallCost, Increment, RatingOptions, Span
from engine.rating.compress import compress
from engine.rating.lookup import find_infos, first_match
from engine.rating.price import PricedRun, make_increments, slot_at
from engine.rating.split import split
from engine.rating.tariff import Tariff
from engine.usage import ANY, VOICE

FREE: Final = "*free"


def check_usage(call: Call, options: RatingOptions) -> Refusal | None:
    """Refuses a query longer than rals.max_computed_usage; a call without a type has the limit of `*any`."""
    bounds = options.max_usage_ns
    bound = bounds.get(call.tor, bounds.get(ANY, 0))
    return Refusal.MAX_USAGE_EXCEEDED if bound and call.end_ns - call.start_ns > bound else None


def standard_cost(tariff: Tariff, call: Call, options: RatingOptions) -> CallCost | Refusal:
    """The call's spans with their steps, and its cost: the spans' and, at the beginning of a call, the connect fee, rounded.

    The connect fee is no increment yet. The call's type and destination get their defaults; its look-up is kept in it.
    """
    spans = _spans(tariff, call, options)
    if not isinstance(spans, list):
        return spans
    cost = 0
    usage_ns = 0
    for span in spans:
        cost += span.cost
        usage_ns += span.end_ns - span.start_ns
    first = spans[0].interval
    if call.loop_index == 0 and first is not None:
        cost += first.connect_fee
    result = CallCost(call, _round_total(spans, cost), spans)
    result.rated_usage_ns = usage_ns
    return result


def get_cost(tariff: Tariff, call: Call, options: RatingOptions) -> CallCost | Refusal:
    """The cost as a query answers it: connect fee as a first increment, limited where a limit makes the rest free, rounded.

    A call of no length costs nothing; its one span, where its beginning has a price at all, only says which.
    """
    if call.end_ns == call.start_ns:
        return _no_length(tariff, call, options)
    spans = _spans(tariff, call, options)
    if not isinstance(spans, list):
        return spans
    usage_ns = 0
    for span in spans:
        usage_ns += span.end_ns - span.start_ns
    spans = _with_fee(spans, call.loop_index == 0)
    cost = _limited(spans, call.max_cost_so_far)
    result = CallCost(call, _round_total(spans, cost), spans)
    result.rated_usage_ns = usage_ns
    return result


def longest_rounding(spans: list[Span]) -> tuple[int, str]:
    """Decimals and method of the span that rounds to the most decimals, the first of equals; 0 decimals round nothing."""
    decimals = 0
    method = ""
    for span in spans:
        interval = span.interval
        if interval is not None and interval.rounding_decimals > decimals:
            decimals = interval.rounding_decimals
            method = interval.rounding_method
    return decimals, method


def _spans(tariff: Tariff, call: Call, options: RatingOptions) -> list[Span] | Refusal:
    if not call.tor:
        call.tor = VOICE
    if not call.destination:
        call.destination = ANY
    if call.duration_index_ns < call.end_ns - call.start_ns:
        call.duration_index_ns = call.end_ns - call.start_ns
    infos = find_infos(tariff, call, options)
    if not isinstance(infos, list):
        return infos
    spans = split(call, infos)
    if not isinstance(spans, list):
        return spans
    run = PricedRun(call)
    for span in spans:
        interval = span.interval
        if interval is not None:
            make_increments(span, slot_at(interval, span.group_start_ns), options.exact, options.rounding_decimals, run)
    return spans


def _no_length(tariff: Tariff, call: Call, options: RatingOptions) -> CallCost:
    if not call.tor:
        call.tor = VOICE
    match = first_match(tariff, call, options)
    if match is None:
        return CallCost(call, 0, [])
    span = Span(call.start_ns, call.end_ns, 0, None, match)
    span.count = 0
    return CallCost(call, 0, [span])


def _with_fee(spans: list[Span], begins: bool) -> list[Span]:
    """The spans, folded, the first one beginning with the connect fee. A fee that is charged once is in no fold."""
    first = spans[0]
    interval = first.interval
    if not begins or interval is None:
        return compress(spans) if len(spans) > 1 else spans
    fee = interval.connect_fee
    if len(spans) > 1:
        if fee == 0:
            spans = compress(spans)
        else:
            spans = [first, *compress(spans[1:])]
    first.increments = [Increment(0, fee, 1, fee), *(first.increments or [])]
    first.cost += fee
    return spans


def _limited(spans: list[Span], so_far: Amount) -> Amount:
    """The sum of the spans; at a limit with the strategy *free no more than the limit.

    What counts towards the limit is the sum of the running totals, as CGRateS has it (reference rating.md, 6).
    """
    cost = 0
    for span in spans:
        cost += span.cost
        so_far += cost
        interval = span.interval
        if interval is not None and interval.max_cost_strategy == FREE and 0 < interval.max_cost <= so_far:
            cost = interval.max_cost
            so_far = cost
    return cost


def _round_total(spans: list[Span], cost: Amount) -> Amount:
    if len(spans) == 1:
        interval = spans[0].interval
        if interval is None or interval.rounding_decimals <= 0:
            return cost
        return round_by_method(cost, interval.rounding_decimals, interval.rounding_method)
    decimals, method = longest_rounding(spans)
    return round_by_method(cost, decimals, method) if decimals > 0 else cost
