"""Action triggers as clients set, get and remove them: in groups, and on accounts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from engine import commands
from engine.actions.book import ActionTrigger, ActionTriggers, BalancePattern
from engine.actions.kinds import ACTION_TRIGGERS
from engine.actions.written import members_of
from engine.commands import GetItem, PutItem, RemoveItem
from engine.errors import RequestError, not_found, server_error
from engine.money import amount_of
from gateway.api import loose
from gateway.api.accounts import account_id, account_of, shown_trigger
from gateway.api.actions import find_timing, ids_of, shown_pattern
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.gotypes import read_number
from gateway.api.ratingdata import OK, zone
from gateway.api.shapes import TENANT_ACCOUNT, shape
from gateway.api.table import method

# -- groups of triggers ------------------------------------------------------------------------------------------------------

_TRIGGER: Final = shape("v1.AttrSetActionTrigger", "GroupID string; UniqueID string; ActionTrigger map[string]any; APIOpts map[string]any")
_GET_TRIGGERS: Final = shape("v1.AttrGetActionTriggers", "GroupIDs []string; APIOpts map[string]any")
_REMOVE_TRIGGER: Final = shape("v1.AttrRemoveActionTrigger", "GroupID string; UniqueID string; APIOpts map[string]any")

_Reader = Callable[[object], object]


def _members(value: object) -> dict[str, bool]:
    return members_of(";".join(loose.texts(value)))


def _count_of(value: object) -> int:
    return amount_of(loose.number(value)) // 10**9


# The fields of a trigger in the map that changes it: name there, name of the field, and how its value is read.
_OWN: Final[Mapping[str, tuple[str, _Reader]]] = MappingProxyType(
    {
        "ThresholdType": ("ThresholdType", loose.text),
        "ThresholdValue": ("ThresholdValue", loose.number),
        "Recurrent": ("Recurrent", loose.flag),
        "Executed": ("Executed", loose.flag),
        "MinSleep": ("MinSleep", loose.duration),
        "ActionsID": ("ActionsID", loose.text),
        "MinQueuedItems": ("MinQueuedItems", _count_of),
        "Weight": ("Weight", loose.number),
    }
)
_OF_BALANCE: Final[Mapping[str, tuple[str, _Reader]]] = MappingProxyType(
    {
        "BalanceUuid": ("Uuid", loose.text),
        "BalanceID": ("ID", loose.text),
        "BalanceType": ("Type", loose.text),
        "BalanceDestinationIds": ("DestinationIDs", _members),
        "BalanceWeight": ("Weight", loose.number),
        "BalanceRatingSubject": ("RatingSubject", loose.text),
        "BalanceCategories": ("Categories", _members),
        "BalanceSharedGroups": ("SharedGroups", _members),
        "BalanceTimingTags": ("TimingIDs", _members),
        "BalanceBlocker": ("Blocker", loose.flag),
        "BalanceDisabled": ("Disabled", loose.flag),
    }
)


def _changes(api: Api, given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """What a map says of a trigger: fields of its own, and fields of its balance."""

    def instant(value: object) -> str:
        return loose.instant(value, zone(api), api.now())

    fields = {name: read(given[key]) for key, (name, read) in _OWN.items() if key in given}
    fields |= {name: instant(given[name]) for name in ("ExpirationDate", "ActivationDate") if name in given}
    balance = {name: read(given[key]) for key, (name, read) in _OF_BALANCE.items() if key in given}
    if "BalanceExpirationDate" in given:
        balance["ExpirationDate"] = instant(given["BalanceExpirationDate"])
    if balance.get("TimingIDs"):
        found = (find_timing(api, timing_id) for timing_id in _members(given["BalanceTimingTags"]))
        balance["Timings"] = tuple(timing for timing in found if timing is not None)
    return fields, balance


def _group(api: Api, group_id: str) -> ActionTriggers | None:
    found = api.step(GetItem(ACTION_TRIGGERS, group_id))
    return found if isinstance(found, ActionTriggers) else None


def _set_trigger(api: Api, args: Args) -> object:
    """Changes the trigger of the group that has the name; without one, or without a name, a new one joins the group."""
    group_id, unique_id = args.text("GroupID"), args.text("UniqueID")
    group = _group(api, group_id) or ActionTriggers(group_id, ())
    fields, balance = _changes(api, args.mapping("ActionTrigger") or {})
    triggers = list(group.Triggers)
    place = next((place for place, one in enumerate(triggers) if unique_id and one.UniqueID == unique_id), len(triggers))
    if place == len(triggers):
        triggers.append(ActionTrigger(group_id, unique_id or str(uuid.uuid4()), ""))
    before = triggers[place]
    pattern = msgspec.structs.replace(before.Balance, **balance)
    triggers[place] = msgspec.structs.replace(before, **{**fields, "Balance": pattern})
    api.step(PutItem(ACTION_TRIGGERS, group_id, ActionTriggers(group_id, tuple(triggers))))
    return OK


def _get_triggers(api: Api, args: Args) -> object:
    found: list[object] = []
    for group_id in args.texts("GroupIDs") or ids_of(api, ACTION_TRIGGERS):
        group = _group(api, group_id)
        if group is None:
            raise not_found()
        found += [_shown_item(one) for one in group.Triggers]
    return found or None


def _shown_item(item: ActionTrigger) -> dict[str, object]:
    shown: dict[str, object] = {name: getattr(item, name) for name in item.__struct_fields__}
    shown["ThresholdValue"] = read_number(item.ThresholdValue)
    shown["Weight"] = read_number(item.Weight)
    shown["Balance"] = shown_pattern(item.Balance)
    return shown


def _remove_trigger(api: Api, args: Args) -> object:
    """One trigger of a group, or the group."""
    group_id, unique_id = args.text("GroupID"), args.text("UniqueID")
    if not unique_id:
        api.step(RemoveItem(ACTION_TRIGGERS, group_id))
        return OK
    group = _group(api, group_id)
    if group is None:
        raise not_found()
    left = tuple(one for one in group.Triggers if one.UniqueID != unique_id)
    api.step(PutItem(ACTION_TRIGGERS, group_id, ActionTriggers(group_id, left)))
    return OK


# -- triggers of accounts ----------------------------------------------------------------------------------------------------

_ADD_TRIGGERS: Final = shape(
    "v1.AttrAddAccountActionTriggers",
    "Tenant string; Account string; ActionTriggerIDs []string; ActionTriggerOverwrite bool; ActivationDate string; Executed bool;"
    "APIOpts map[string]any",
)
_SET_TRIGGERS: Final = shape(
    "v1.AttrSetAccountActionTriggers",
    "Tenant string; Account string; GroupID string; UniqueID string; ActionTrigger map[string]any; APIOpts map[string]any",
)
_SOME_TRIGGERS: Final = shape(
    "v1.AttrRemoveAccountActionTriggers", "Tenant string; Account string; GroupID string; UniqueID string; APIOpts map[string]any"
)
_RESET_TRIGGERS: Final = shape(
    "v1.AttrResetAccountActionTriggers",
    "Tenant string; Account string; GroupID string; UniqueID string; Executed bool; APIOpts map[string]any",
)
_ADD_TRIGGER: Final = shape(
    "v1.AttrAddActionTrigger",
    "ActionTriggersId string; ActionTriggersUniqueId string; Tenant string; Account string; ThresholdType string;"
    "ThresholdValue float64; BalanceId string; BalanceType string; BalanceDestinationIds string; BalanceRatingSubject string;"
    "BalanceWeight float64; BalanceExpiryTime string; BalanceSharedGroup string; Weight float64; ActionsId string",
)


def _get_account_triggers(api: Api, args: Args) -> object:
    try:
        account = account_of(api, account_id(api, args))
    except RequestError as fault:
        raise server_error(fault.text) from None
    return [shown_trigger(one) for one in account.triggers or ()]


def _add_account_triggers(api: Api, args: Args) -> object:
    activates = args.text("ActivationDate")
    if activates:
        activates = loose.instant(activates, zone(api), api.now())
    groups = args.texts("ActionTriggerIDs") or []
    api.step(
        commands.AddAccountTriggers(account_id(api, args), groups, args.flag("ActionTriggerOverwrite"), args.flag("Executed"), activates)
    )
    return OK


def _set_account_triggers(api: Api, args: Args) -> object:
    fields, balance = _changes(api, args.mapping("ActionTrigger") or {})
    api.step(commands.ChangeAccountTriggers(account_id(api, args), args.text("GroupID"), args.text("UniqueID"), fields, balance))
    return OK


def _remove_account_triggers(api: Api, args: Args) -> object:
    api.step(commands.RemoveAccountTriggers(account_id(api, args), args.text("GroupID"), args.text("UniqueID")))
    return OK


def _reset_account_triggers(api: Api, args: Args) -> object:
    api.step(commands.ResetAccountTriggers(account_id(api, args), args.text("GroupID"), args.text("UniqueID"), args.flag("Executed")))
    return OK


def _add_triggered_action(api: Api, args: Args) -> object:
    """One trigger for one account; its expiry counts even where none is given: it watches balances that never expire."""
    weight = args.number("BalanceWeight")
    pattern = BalancePattern(
        ID=args.text("BalanceId") or None,
        Type=args.text("BalanceType") or None,
        ExpirationDate=loose.instant(args.text("BalanceExpiryTime"), zone(api), api.now()),
        Weight=loose.number(weight) if weight else None,
        DestinationIDs=members_of(args.text("BalanceDestinationIds")) or None,
        RatingSubject=args.text("BalanceRatingSubject") or None,
        SharedGroups=members_of(args.text("BalanceSharedGroup")) or None,
    )
    trigger = ActionTrigger(
        ID=args.text("ActionTriggersId"),
        UniqueID=args.text("ActionTriggersUniqueId"),
        ThresholdType=args.text("ThresholdType"),
        ThresholdValue=loose.number(args.number("ThresholdValue")),
        Balance=pattern,
        Weight=loose.number(args.number("Weight")),
        ActionsID=args.text("ActionsId"),
    )
    api.step(commands.AddAccountTriggers(account_id(api, args), trigger=trigger))
    return OK


METHODS: Final = (
    method("APIerSv1.SetActionTrigger", _TRIGGER, _set_trigger, "GroupID"),
    method("APIerSv1.GetActionTriggers", _GET_TRIGGERS, _get_triggers),
    method("APIerSv1.RemoveActionTrigger", _REMOVE_TRIGGER, _remove_trigger, "GroupID"),
    method("APIerSv1.GetAccountActionTriggers", TENANT_ACCOUNT, _get_account_triggers, "Account"),
    method("APIerSv1.AddAccountActionTriggers", _ADD_TRIGGERS, _add_account_triggers, "Account"),
    method("APIerSv1.SetAccountActionTriggers", _SET_TRIGGERS, _set_account_triggers, "Account"),
    method("APIerSv1.RemoveAccountActionTriggers", _SOME_TRIGGERS, _remove_account_triggers, "Account"),
    method("APIerSv1.ResetAccountActionTriggers", _RESET_TRIGGERS, _reset_account_triggers, "Account"),
    method("APIerSv1.AddTriggeredAction", _ADD_TRIGGER, _add_triggered_action, "Account"),
)
