"""Actions and triggers from the texts that sheets and API clients write them in; field names are those of the API.

What cannot be read raises ValueError with the words that API clients see.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from engine.actions.book import Action, ActionTrigger, BalancePattern, ValueFormula
from engine.money import plain_decimal
from engine.rating.book import Timing
from engine.times import Zone, parse_time
from engine.usage import ANY, VOICE, parse_duration, parse_go_duration

Find = Callable[[str], Timing | None]

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\Z")
_WEIGHT_WORDS: Final = frozenset(("*time_desc", "*time_asc"))
_TRUE: Final = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE: Final = frozenset(("0", "f", "F", "FALSE", "false", "False"))


def action_of(set_id: str, fields: Mapping[str, str], find_timing: Find, *, empty_is_given: bool) -> Action:
    """An action from the fields of a TPAction (Identifier, BalanceId, Units...).

    API clients give every text and set of a balance, empty ones too (`empty_is_given`); an empty cell of a sheet gives nothing.
    """

    def text(name: str) -> str | None:
        value = fields.get(name, "")
        return value if empty_is_given or value not in ("", ANY) else None

    def members(name: str) -> dict[str, bool] | None:
        found = members_of(text(name) or "")
        return found if empty_is_given or found else None

    timing_ids = members("TimingTags")
    pattern = BalancePattern(
        Uuid=text("BalanceUuid"),
        ID=text("BalanceId"),
        Type=text("BalanceType"),
        Value=formula_of(fields.get("BalanceType", ""), fields.get("Units", "")),
        Weight=weight_of(fields.get("BalanceWeight", "")),
        DestinationIDs=members("DestinationIds"),
        RatingSubject=text("RatingSubject"),
        Categories=members("Categories"),
        SharedGroups=members("SharedGroups"),
        TimingIDs=timing_ids,
        Timings=timings_of(timing_ids or {}, find_timing),
        Disabled=switch_of(fields.get("BalanceDisabled", "")),
        Blocker=switch_of(fields.get("BalanceBlocker", "")),
    )
    filters = fields.get("Filters", "")
    return Action(
        Id=set_id,
        ActionType=fields.get("Identifier", ""),
        ExtraParameters=fields.get("ExtraParameters", ""),
        Filters=tuple(filters.split(";")) if filters else None,
        ExpirationString=fields.get("ExpiryTime", ""),
        Weight=plain_decimal(fields.get("Weight", "") or "0"),
        Balance=pattern,
    )


def trigger_of(group_id: str, fields: Mapping[str, str], find_timing: Find, zone: Zone, now_ns: int) -> ActionTrigger:
    """A trigger from the fields of a TPActionTrigger (UniqueID, ThresholdType...), and MinQueuedItems where an old sheet has it."""

    def given(name: str) -> str | None:
        value = fields.get(name, "")
        return value if value not in ("", ANY) else None

    def members(name: str) -> dict[str, bool] | None:
        return members_of(given(name) or "") or None

    def instant(name: str) -> str:
        return parse_time(fields.get(name, ""), zone, now_ns).text()

    expires = given("BalanceExpirationDate")
    timing_ids = members("BalanceTimingTags")
    pattern = BalancePattern(
        ID=given("BalanceId"),
        Type=given("BalanceType"),
        ExpirationDate=None if expires is None else parse_time(expires, zone, now_ns).text(),
        Weight=weight_of(fields.get("BalanceWeight", "")),
        DestinationIDs=members("BalanceDestinationIds"),
        RatingSubject=given("BalanceRatingSubject"),
        Categories=members("BalanceCategories"),
        SharedGroups=members("BalanceSharedGroups"),
        TimingIDs=timing_ids,
        Timings=timings_of(timing_ids or {}, find_timing),
        Disabled=switch_of(fields.get("BalanceDisabled", "")),
        Blocker=switch_of(fields.get("BalanceBlocker", "")),
    )
    return ActionTrigger(
        ID=group_id,
        UniqueID=fields.get("UniqueID", ""),
        ThresholdType=fields.get("ThresholdType", ""),
        ThresholdValue=plain_decimal(fields.get("ThresholdValue", "") or "0"),
        Recurrent=fields.get("Recurrent", "") in _TRUE,
        MinSleep=parse_duration(fields.get("MinSleep", "")),
        ExpirationDate=instant("ExpirationDate"),
        ActivationDate=instant("ActivationDate"),
        Balance=pattern,
        Weight=plain_decimal(fields.get("Weight", "") or "0"),
        ActionsID=fields.get("ActionsId", ""),
        MinQueuedItems=int(fields.get("MinQueuedItems", "") or 0),
    )


def formula_of(balance_type: str, text: str) -> ValueFormula | None:
    """Units as they are written: a number, a duration for *voice, or a JSON formula; None where none are given."""
    if text in ("", ANY):
        return None
    if text.startswith("{"):
        return _formula(text)
    if balance_type == VOICE:
        return ValueFormula(Static=str(_voice(text)))
    if not _NUMBER.match(text):
        raise ValueError(f"Invalid value: {text}")
    return ValueFormula(Static=plain_decimal(text))


def _formula(text: str) -> ValueFormula:
    try:
        found = json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        raise ValueError(f"Invalid value: {text}") from None
    method, params = found.get("Method"), found.get("Params")
    if not isinstance(method, str) or not method or not isinstance(params, dict):
        raise ValueError(f"Invalid value: {text}")
    return ValueFormula(Method=method, Params=params)


def _voice(text: str) -> int:
    if not _NUMBER.match(text):
        try:
            return parse_duration(text)
        except ValueError:
            raise ValueError(f"Invalid value: {text}") from None
    return parse_go_duration(f"{text}ns") if "." in text else parse_duration(text)


def weight_of(text: str) -> str | None:
    """The weight of a balance: decimal text, or a word that makes it from the time at which the balance is made."""
    if text in ("", ANY):
        return None
    if text in _WEIGHT_WORDS:
        return text
    if not _NUMBER.match(text):
        raise ValueError(f"Invalid value: {text}")
    return plain_decimal(text)


def switch_of(text: str) -> bool | None:
    """A boolean that may be left open."""
    if text in ("", ANY):
        return None
    if text not in _TRUE and text not in _FALSE:
        raise ValueError(f"Invalid value: {text}")
    return text in _TRUE


def members_of(text: str) -> dict[str, bool]:
    """A set such as `A;B;!C`: False leaves a member out. Empty and `*zero` are the empty set, which restricts nothing."""
    if text in ("", "*zero"):
        return {}
    return {name.removeprefix("!"): not name.startswith("!") for name in text.split(";") if name}


def timings_of(timing_ids: Mapping[str, bool], find_timing: Find) -> tuple[Timing, ...] | None:
    """The timings that are named; those that nobody knows are left out. None when there are none."""
    found = tuple(timing for timing in (find_timing(timing_id) for timing_id in timing_ids) if timing is not None)
    return found or None
