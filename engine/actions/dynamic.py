"""Actions that write items: their extra parameters are the columns of the item's sheet, in its order, parted by semicolons.

Lists inside a parameter are parted by `&`. A parameter may hold `~*req.Field`: a field of the event that the set runs for, else of
the account.
"""

from __future__ import annotations

import re
from typing import Final

from engine.actions.book import Action, ActionPlan, Actions, ActionTiming, ActionTrigger, ActionTriggers
from engine.actions.kinds import ACTION_PLAN, ACTION_TRIGGERS, ACTIONS
from engine.actions.running import Failed, Ready, Running
from engine.actions.timings import built_in_timings
from engine.actions.written import action_of, trigger_of
from engine.event import field_text
from engine.rating.book import Activation, Destination, RatingProfile, Timing
from engine.times import UTC_ZONE, format_time, parse_time

_FIELD: Final = re.compile(r"<?~\*req\.([A-Za-z0-9_*]+)>?")
_TRUE: Final = "true"

_ACTION_COLUMNS: Final = (
    "ID Identifier ExtraParameters Filters BalanceId BalanceType Categories DestinationIds RatingSubject SharedGroups ExpiryTime "
    "TimingTags Units BalanceWeight BalanceBlocker BalanceDisabled Weight Overwrite"
).split()
_TRIGGER_COLUMNS: Final = (
    "ID UniqueID ThresholdType ThresholdValue Recurrent MinSleep ExpirationDate ActivationDate BalanceId BalanceType BalanceCategories "
    "BalanceDestinationIds BalanceRatingSubject BalanceSharedGroups BalanceExpirationDate BalanceTimingTags BalanceWeight "
    "BalanceBlocker BalanceDisabled ActionsId Weight"
).split()


def _fields(running: Running, action: Ready, columns: list[str]) -> dict[str, str]:
    """The parameters by the names of their columns, filled in."""
    parts = action.extra.split(";")
    if len(parts) != len(columns):
        raise Failed(f"{action.kind} takes {len(columns)} parameters, not {len(parts)}")
    fields = {name: _filled(running, part) for name, part in zip(columns, parts, strict=True)}
    if not fields[columns[0]]:
        raise Failed(f"{action.kind} needs its first parameter")
    return fields


def fields_known(running: Running) -> dict[str, object]:
    """What `~*req` has in a parameter: the fields of the event that the set runs for, else of the account."""
    known: dict[str, object] = dict(running.event or {})
    if running.account is not None:
        known = {"ID": running.account.id, "Tenant": running.account.tenant, "Account": running.account.name, **known}
    return known


def _filled(running: Running, text: str) -> str:
    """The text with the fields that it names."""
    known = fields_known(running)

    def field(found: re.Match[str]) -> str:
        if found.group(1) not in known:
            raise Failed(f"no field {found.group(1)} for {text}")
        return field_text(known[found.group(1)])

    return _FIELD.sub(field, text)


def _list(text: str) -> list[str]:
    return [part for part in text.split("&") if part]


def _semicolons(text: str) -> str:
    """A list as sheets write it."""
    return text.replace("&", ";")


def _timing(running: Running, name: str) -> Timing | None:
    found = running.work.item("timing", name)
    return found if isinstance(found, Timing) else built_in_timings(running.at_ns, running.zone).get(name)


def action(running: Running, action: Ready) -> None:
    """A set of one action; with Overwrite in place of what the set was, else besides."""
    fields = _fields(running, action, _ACTION_COLUMNS)
    for name in ("Filters", "Categories", "DestinationIds", "SharedGroups", "TimingTags"):
        fields[name] = _semicolons(fields[name])
    try:
        made = action_of(fields["ID"], fields, lambda name: _timing(running, name), empty_is_given=False)
    except ValueError as fault:
        raise Failed(str(fault)) from None
    stored = running.work.item(ACTIONS, made.Id)
    before: tuple[Action, ...] = stored.Actions if isinstance(stored, Actions) and fields["Overwrite"] != _TRUE else ()
    running.work.put_item(ACTIONS, made.Id, Actions(made.Id, (*before, made)))


def action_trigger(running: Running, action: Ready) -> None:
    """A trigger of a group, in place of the one with its name."""
    fields = _fields(running, action, _TRIGGER_COLUMNS)
    for name in ("BalanceCategories", "BalanceDestinationIds", "BalanceSharedGroups", "BalanceTimingTags"):
        fields[name] = _semicolons(fields[name])
    try:
        made = trigger_of(fields["ID"], fields, lambda name: _timing(running, name), running.zone, running.at_ns)
    except ValueError as fault:
        raise Failed(str(fault)) from None
    stored = running.work.item(ACTION_TRIGGERS, made.ID)
    before: list[ActionTrigger] = list(stored.Triggers) if isinstance(stored, ActionTriggers) else []
    kept = [one for one in before if one.UniqueID != made.UniqueID]
    running.work.put_item(ACTION_TRIGGERS, made.ID, ActionTriggers(made.ID, (*kept, made)))


def action_plan(running: Running, action: Ready) -> None:
    """A plan with one timing."""
    fields = _fields(running, action, ["ID", "ActionsId", "TimingId", "Weight", "Overwrite"])
    _put_plan(running, fields, None)


def action_plan_accounts(running: Running, action: Ready) -> None:
    """A plan with one timing, for these accounts."""
    fields = _fields(running, action, ["ID", "AccountIDs", "ActionsId", "TimingId", "Weight", "Overwrite"])
    _put_plan(running, fields, _list(fields["AccountIDs"]))


def _put_plan(running: Running, fields: dict[str, str], account_ids: list[str] | None) -> None:
    plan_id = fields["ID"]
    timing = _timing(running, fields["TimingId"])
    if timing is None:
        raise Failed(f"no timing {fields['TimingId']}")
    if running.work.item(ACTIONS, fields["ActionsId"]) is None:
        raise Failed(f"no actions {fields['ActionsId']}")
    made = ActionTiming(running.house.ids.uuid(), timing, fields["ActionsId"], fields["Weight"] or "0")
    plan = running.work.item(ACTION_PLAN, plan_id)
    if not isinstance(plan, ActionPlan):
        plan = ActionPlan(plan_id, None, ())
    before = () if fields["Overwrite"] == _TRUE else plan.ActionTimings
    members = plan.AccountIDs if account_ids is None else {**(plan.AccountIDs or {}), **dict.fromkeys(account_ids, True)}
    running.work.put_item(ACTION_PLAN, plan_id, ActionPlan(plan_id, members, (*before, made)))


def destination(running: Running, action: Ready) -> None:
    """Prefixes under a name."""
    fields = _fields(running, action, ["ID", "Prefixes"])
    running.work.put_item("destination", fields["ID"], Destination(fields["ID"], tuple(_list(fields["Prefixes"]))))


def rating_profile(running: Running, action: Ready) -> None:
    """An activation of a rating plan for a subject; the activations that the profile has stay."""
    columns = ["Tenant", "Category", "Subject", "ActivationTime", "RatingPlanId", "FallbackSubjects", "APIOpts"]
    fields = _fields(running, action, columns)
    try:
        since = parse_time(fields["ActivationTime"] or format_time(running.at_ns, UTC_ZONE), running.zone, running.at_ns)
    except ValueError as fault:
        raise Failed(str(fault)) from None
    if running.work.item("rating_plan", fields["RatingPlanId"]) is None:
        raise Failed(f"no rating plan {fields['RatingPlanId']}")
    key = f"*out:{fields['Tenant']}:{fields['Category']}:"
    fallback = tuple(f"{key}{subject}" for subject in _list(fields["FallbackSubjects"])) or None
    profile_id = key + fields["Subject"]
    stored = running.work.item("rating_profile", profile_id)
    before = stored.RatingPlanActivations if isinstance(stored, RatingProfile) else ()
    made = Activation(since.ns, fields["RatingPlanId"], fallback)
    running.work.put_item("rating_profile", profile_id, RatingProfile(profile_id, (*before, made)))
