"""From what operators wrote to what the rooms work with, and back: patterns of balances, values by formula, triggers.

Texts are read anew for every use, because some of them mean something else each time: `*monthly`, `+24h`, `*time_asc`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from engine.accounts.account import BalanceFilter, Trigger
from engine.actions.book import ActionTrigger, BalancePattern, ValueFormula
from engine.money import ONE, Amount, amount_of, amount_text, factor_of, factor_text, parse_amount, round_ratio
from engine.times import DAY, SECOND, UTC_ZONE, Zone, civil_from_days, days_from_civil, days_in_month, local_ns, parse_time

TIME_DESCENDING: Final = "*time_desc"
TIME_ASCENDING: Final = "*time_asc"
_YEAR_2050: Final = days_from_civil(2050, 1, 1) * DAY
_DAY_HOURS: Final = 24


def pattern_of(pattern: BalancePattern | None, zone: Zone, now_ns: int) -> BalanceFilter:
    """The pattern ready to be compared with balances; nothing given when there is none. ValueError when a text cannot be read."""
    made = BalanceFilter()
    if pattern is None:
        return made
    made.uuid = pattern.Uuid
    made.id = pattern.ID
    made.type = pattern.Type
    made.value = None if pattern.Value is None else value_of(pattern.Value, zone, now_ns)
    made.expires = None if pattern.ExpirationDate is None else parse_time(pattern.ExpirationDate, zone, now_ns)
    made.weight = None if pattern.Weight is None else weight_of(pattern.Weight, now_ns)
    made.destination_ids = pattern.DestinationIDs
    made.rating_subject = pattern.RatingSubject
    made.categories = pattern.Categories
    made.shared_groups = pattern.SharedGroups
    made.timing_ids = pattern.TimingIDs
    made.timings = None if pattern.Timings is None else list(pattern.Timings)
    made.disabled = pattern.Disabled
    made.blocker = pattern.Blocker
    made.factors = None if pattern.Factors is None else {name: factor_of(text) for name, text in pattern.Factors.items()}
    return made


def written(pattern: BalanceFilter) -> BalancePattern:
    """The pattern as operators write it; the other way round."""
    return BalancePattern(
        Uuid=pattern.uuid,
        ID=pattern.id,
        Type=pattern.type,
        Value=None if pattern.value is None else ValueFormula(Static=amount_text(pattern.value)),
        ExpirationDate=None if pattern.expires is None else pattern.expires.text(),
        Weight=None if pattern.weight is None else amount_text(pattern.weight),
        DestinationIDs=pattern.destination_ids,
        RatingSubject=pattern.rating_subject,
        Categories=pattern.categories,
        SharedGroups=pattern.shared_groups,
        TimingIDs=pattern.timing_ids,
        Timings=None if pattern.timings is None else tuple(pattern.timings),
        Disabled=pattern.disabled,
        Factors=None if pattern.factors is None else {name: factor_text(factor) for name, factor in pattern.factors.items()},
        Blocker=pattern.blocker,
    )


def weight_of(text: str, now_ns: int) -> Amount:
    """A balance's weight: decimal text, or made from the time: with `*time_desc` what comes first is heavier, with `*time_asc` lighter."""
    if text == TIME_ASCENDING:
        return now_ns // SECOND * ONE
    if text == TIME_DESCENDING:
        return (_YEAR_2050 - now_ns) // SECOND * ONE
    return parse_amount(text)


# -- values by formula -----------------------------------------------------------------------------------------------------


def value_of(formula: ValueFormula, zone: Zone, now_ns: int) -> Amount:
    """The units that a formula gives at this moment. ValueError for a method or parameters that nobody knows."""
    if not formula.Method:
        return parse_amount(formula.Static)
    if formula.Method != "*incremental":
        raise ValueError(f"unknown method <{formula.Method}> of a value")
    params = {name.lower(): value for name, value in (formula.Params or {}).items()}
    units = _units(params.get("units"))
    parts = _PARTS.get((str(params.get("interval")).lower(), str(params.get("increment")).lower()))
    if parts is None:
        raise ValueError(f"no increments of <{params.get('increment')}> in an interval of <{params.get('interval')}>")
    return round_ratio(units, parts(local_ns(now_ns, zone) // DAY))


def _units(value: object) -> Amount:
    if isinstance(value, float):
        value = Decimal(repr(value))
    return amount_of(value)


def _month_days(days: int) -> int:
    year, month, _ = civil_from_days(days)
    return days_in_month(year, month)


def _year_days(days: int) -> int:
    year, _, _ = civil_from_days(days)
    return days_from_civil(year + 1, 1, 1) - days_from_civil(year, 1, 1)


# How many of the increment an interval has, on a day counted from 1970-01-01.
_PARTS: Final[Mapping[tuple[str, str], Callable[[int], int]]] = MappingProxyType(
    {
        ("week", "day"): lambda days: 7,  # noqa: ARG005 - the same on every day
        ("month", "day"): _month_days,
        ("year", "day"): _year_days,
        ("day", "hour"): lambda days: _DAY_HOURS,  # noqa: ARG005
        ("month", "hour"): lambda days: _month_days(days) * _DAY_HOURS,
        ("year", "hour"): lambda days: _year_days(days) * _DAY_HOURS,
        ("hour", "minute"): lambda days: 60,  # noqa: ARG005
    }
)


# -- triggers --------------------------------------------------------------------------------------------------------------


def trigger_of(item: ActionTrigger) -> Trigger:
    """A trigger as an account has it. ValueError when a number or a time in it cannot be read."""
    trigger = Trigger(item.ID, item.UniqueID, item.ThresholdType, parse_amount(item.ThresholdValue))
    trigger.recurrent = item.Recurrent
    trigger.min_sleep_ns = item.MinSleep
    trigger.expires = parse_time(item.ExpirationDate, UTC_ZONE, 0)
    trigger.activates = parse_time(item.ActivationDate, UTC_ZONE, 0)
    trigger.balance = pattern_of(item.Balance, UTC_ZONE, 0)
    trigger.weight = parse_amount(item.Weight)
    trigger.actions_id = item.ActionsID
    trigger.min_queued_items = item.MinQueuedItems
    trigger.executed = item.Executed
    trigger.last_execution_at = parse_time(item.LastExecutionTime, UTC_ZONE, 0)
    return trigger


def written_trigger(trigger: Trigger) -> ActionTrigger:
    """The trigger as operators write it; the other way round."""
    return ActionTrigger(
        ID=trigger.id,
        UniqueID=trigger.unique_id,
        ThresholdType=trigger.threshold_type,
        ThresholdValue=amount_text(trigger.threshold_value),
        Recurrent=trigger.recurrent,
        MinSleep=trigger.min_sleep_ns,
        ExpirationDate=trigger.expires.text(),
        ActivationDate=trigger.activates.text(),
        Balance=written(trigger.balance),
        Weight=amount_text(trigger.weight),
        ActionsID=trigger.actions_id,
        MinQueuedItems=trigger.min_queued_items,
        Executed=trigger.executed,
        LastExecutionTime=trigger.last_execution_at.text(),
    )
