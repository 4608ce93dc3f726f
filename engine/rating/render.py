"""Prices, spans and accounts as the JSON that clients see (reference rating.md, 11)."""

from __future__ import annotations

from decimal import Decimal
from json.encoder import encode_basestring
from typing import Final

import msgspec

from engine.money import ONE, Amount, Factor, Ratio, amount_json, amount_text, factor_json
from engine.rating.call import AccountSummary, CallCost, Increment, Interval, PriceText, Span
from engine.times import Zone, format_time

Data = dict[str, object]

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_TINY: Final = 10_000  # doubles below it may be written with an exponent
_FIFTEEN_DIGITS: Final = 10**15  # decimal numbers of so many digits survive being a double


def number(amount: Amount) -> object:
    """An amount as JSON: an integer when it is whole, the double that reads back as the same amount, or else its digits."""
    if amount % ONE == 0:
        return amount // ONE
    if not -_FIFTEEN_DIGITS < amount < _FIFTEEN_DIGITS and Decimal(repr(amount / ONE)) * ONE != amount:
        return Decimal(amount_text(amount))
    return amount / ONE


def number_text(amount: Amount) -> str:
    """The same as JSON text."""
    if amount == 0:
        return "0"
    if not -_FIFTEEN_DIGITS < amount < _FIFTEEN_DIGITS or -_TINY < amount < _TINY:
        return _ENCODER.encode(number(amount)).decode()
    return amount_text(amount)


def factor_number_text(factor: Factor) -> str:
    """A factor as JSON text."""
    return _ENCODER.encode(factor_json(factor)).decode()


def ratio_number(value: Ratio) -> object:
    """A price or weight as JSON: an integer when it is whole, else the nearest double."""
    return value.num if value.den == 1 else value.num / value.den


def timing_data(interval: Interval) -> Data | None:
    """The hours of a price, without their name; None for units that have no price."""
    timing = interval.timing
    if timing is None:
        return None
    return {
        "Years": _numbers(timing.Years),
        "Months": _numbers(timing.Months),
        "MonthDays": _numbers(timing.MonthDays),
        "WeekDays": _numbers(timing.WeekDays),
        "StartTime": timing.StartTime,
    }


def _numbers(values: tuple[int, ...] | None) -> list[int] | None:
    return None if values is None else list(values)


def rates_data(interval: Interval) -> list[Data]:
    """The slots of a price."""
    return [
        {"GroupIntervalStart": slot.start_ns, "Value": ratio_number(slot.value), "RateIncrement": slot.step_ns, "RateUnit": slot.unit_ns}
        for slot in interval.slots
    ]


def price_text(interval: Interval) -> PriceText:
    """The interval as EventCosts write it, made when it is first asked for."""
    known = interval.text
    if known is None:
        head = (
            f'{{"ConnectFee":{number_text(interval.connect_fee)},"RoundingMethod":{encode_basestring(interval.rounding_method)},'
            f'"RoundingDecimals":{interval.rounding_decimals},"MaxCost":{number_text(interval.max_cost)},'
            f'"MaxCostStrategy":{encode_basestring(interval.max_cost_strategy)}'
        )
        hours = timing_data(interval)
        timing = "" if hours is None else _ENCODER.encode(hours).decode()
        known = PriceText(head, timing, _ENCODER.encode(rates_data(interval)).decode())
        interval.text = known
    return known


def interval_data(interval: Interval | None) -> Data | None:
    """A RateInterval."""
    if interval is None:
        return None
    hours = timing_data(interval)
    timing = interval.timing
    return {
        "Timing": None if hours is None or timing is None else {"ID": timing.ID, **hours, "EndTime": ""},
        "Rating": {
            "ConnectFee": number(interval.connect_fee),
            "RoundingMethod": interval.rounding_method,
            "RoundingDecimals": interval.rounding_decimals,
            "MaxCost": number(interval.max_cost),
            "MaxCostStrategy": interval.max_cost_strategy,
            "Rates": rates_data(interval),
        },
        "Weight": ratio_number(interval.weight),
    }


def balance_info_data(run: Increment) -> Data:
    """What paid an increment."""
    unit = run.unit
    money = run.money
    return {
        "Unit": None
        if unit is None
        else {
            "UUID": unit.balance_uuid,
            "ID": unit.balance_id,
            "Value": number(unit.value),
            "DestinationID": unit.destination,
            "Consumed": number(unit.consumed),
            "Factor": factor_json(unit.factor),
            "Category": unit.category,
            "ToR": unit.tor,
            "RateInterval": interval_data(unit.interval),
        },
        "Monetary": None
        if money is None
        else {
            "UUID": money.balance_uuid,
            "ID": money.balance_id,
            "Value": number(money.value),
            "RateInterval": interval_data(money.interval),
        },
        "AccountID": run.account_id,
    }


def increment_data(run: Increment) -> Data:
    """An Increment of a CallCost."""
    return _increment(run, run.cost, run.count)


def increments_data(run: Increment) -> list[Data]:
    """The same of a run that may be priced exactly: steps that cost one grain more go first, so that all of them sum to what it cost,
    and a client that gives them back gives back all of it."""
    if run.price is None or run.cost * run.count == run.total:
        return [increment_data(run)]
    cost, dearer = divmod(run.total, run.count)
    parts = [_increment(run, cost + 1, dearer)] if dearer else []
    return [*parts, _increment(run, cost, run.count - dearer)]


def _increment(run: Increment, cost: Amount, count: int) -> Data:
    return {"Duration": run.duration_ns, "Cost": number(cost), "BalanceInfo": balance_info_data(run), "CompressFactor": count}


def span_data(span: Span, zone: Zone) -> Data:
    """A TimeSpan."""
    rounding = span.round_increment
    cost = span.cost + (rounding.total if rounding is not None else 0)
    return {
        "TimeStart": format_time(span.start_ns, zone),
        "TimeEnd": format_time(span.end_ns, zone),
        "Cost": number(cost),
        "RateInterval": interval_data(span.interval),
        "DurationIndex": span.duration_index_ns,
        "Increments": None if span.increments is None else [one for run in span.increments for one in increments_data(run)],
        "RoundIncrement": None if rounding is None else increment_data(rounding),
        "MatchedSubject": span.match.subject,
        "MatchedPrefix": span.match.prefix,
        "MatchedDestId": span.match.destination_id,
        "RatingPlanId": span.match.plan_id,
        "CompressFactor": span.count,
    }


def summary_data(summary: AccountSummary | None) -> Data | None:
    """An AccountSummary. A weight of 0 and missing factors are left out."""
    if summary is None:
        return None
    rows: list[Data] = []
    for balance in summary.balances:
        row: Data = {
            "UUID": balance.uuid,
            "ID": balance.id,
            "Type": balance.type,
            "Initial": number(balance.initial),
            "Value": number(balance.value),
        }
        if balance.weight != 0:
            row["Weight"] = amount_json(balance.weight)
        row["Disabled"] = balance.disabled
        if balance.factors:
            row["Factors"] = {name: factor_json(factor) for name, factor in balance.factors.items()}
        rows.append(row)
    return {
        "Tenant": summary.tenant,
        "AccountID": summary.account,
        "BalanceSummaries": rows or None,
        "AllowNegative": summary.allow_negative,
        "Disabled": summary.disabled,
    }


def call_cost_data(cost: CallCost) -> Data:
    """The CallCost that the Responder answers."""
    return _priced_data(cost) | {
        "Timespans": [span_data(span, cost.call.zone) for span in cost.spans] or None,
        "RatedUsage": cost.rated_usage_ns,
        "AccountSummary": summary_data(cost.summary),
    }


def data_cost_data(cost: CallCost) -> Data:
    """The DataCost of GetDataCost: spans of octets, counted from the beginning of the call."""
    start_ns = cost.spans[0].start_ns if cost.spans else 0
    return _priced_data(cost) | {"DataSpans": [_data_span(span, start_ns) for span in cost.spans]}


def _priced_data(cost: CallCost) -> Data:
    """What was priced, and what it costs."""
    call = cost.call
    return {
        "Category": call.category,
        "Tenant": call.tenant,
        "Subject": call.subject,
        "Account": call.account,
        "Destination": call.destination,
        "ToR": call.tor,
        "Cost": number(cost.cost),
    }


def _data_span(span: Span, start_ns: int) -> Data:
    return {
        "DataStart": span.start_ns - start_ns,
        "DataEnd": span.end_ns - start_ns,
        "Cost": number(span.cost),
        "RateInterval": interval_data(span.interval),
        "DataIndex": span.duration_index_ns,
        "Increments": [
            {"Amount": run.duration_ns, "Cost": number(run.cost), "BalanceInfo": balance_info_data(run), "CompressFactor": run.count}
            for run in span.increments or []
        ],
        "MatchedSubject": span.match.subject,
        "MatchedPrefix": span.match.prefix,
        "MatchedDestId": span.match.destination_id,
        "RatingPlanId": span.match.plan_id,
    }
