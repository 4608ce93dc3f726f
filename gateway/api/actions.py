"""Sets of actions as clients set, get, list and remove them, and how what they hold is shown."""

from __future__ import annotations

import json
from typing import Final

from engine.actions.book import Action, Actions, BalancePattern, ValueFormula
from engine.actions.kinds import ACTIONS
from engine.actions.written import action_of
from engine.commands import ChangeItems, GetItem, ListItems, PutItem
from engine.errors import RequestError, exists, not_found, server_error
from engine.money import amount_text, parse_amount
from engine.rating.book import Timing
from engine.rating.kinds import TIMING
from gateway.api import loose
from gateway.api.accounts import members_text
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.gotypes import read_number
from gateway.api.paging import page
from gateway.api.ratingdata import OK, shown_timing
from gateway.api.shapes import TEXT, shape
from gateway.api.table import method

# -- sets of actions ---------------------------------------------------------------------------------------------------------

_TEXTS: Final = (
    "Identifier string; BalanceId string; BalanceUuid string; BalanceType string; ExpiryTime string; Filters string; TimingTags string;"
    "DestinationIds string; RatingSubject string; Categories string; SharedGroups string; ExtraParameters string; Weight float64;"
)
_ACTION: Final = shape("utils.TPAction", _TEXTS + "Units string; BalanceWeight string; BalanceBlocker string; BalanceDisabled string")
_ACTION_V1: Final = shape("v1.V1TPAction", _TEXTS + "Units float64; BalanceWeight float64; BalanceBlocker bool; BalanceDisabled bool")
_SET: Final = shape("utils.AttrSetActions", "ActionsId string; Overwrite bool; Actions []*utils.TPAction; APIOpts map[string]any", _ACTION)
_SET_V1: Final = shape(
    "v1.V1AttrSetActions", "ActionsId string; Overwrite bool; Actions []*v1.V1TPAction; APIOpts map[string]any", _ACTION_V1
)
_GET: Final = shape("v2.AttrGetActions", "ActionIDs []string; Offset *int; Limit *int; APIOpts map[string]any")
_COUNT: Final = shape("v2.AttrGetActionsCount", "APIOpts map[string]any")
_REMOVE: Final = shape("v1.AttrRemoveActions", "ActionIDs []string; APIOpts map[string]any")


def find_timing(api: Api, name: str) -> Timing | None:
    """A stored timing."""
    found = api.step(GetItem(TIMING, name))
    return found if isinstance(found, Timing) else None


def _set_actions(api: Api, args: Args) -> object:
    set_id = args.text("ActionsId")
    for one in args.each("Actions"):
        if not one.text("Identifier").strip():
            raise RequestError(f"MANDATORY_IE_MISSING:Action:{one.text('Identifier')}:[Identifier]")
    if not args.flag("Overwrite") and api.step(GetItem(ACTIONS, set_id)) is not None:
        raise exists()
    try:
        made = tuple(
            action_of(
                set_id, {name: loose.text(value) for name, value in one.items()}, lambda name: find_timing(api, name), empty_is_given=True
            )
            for one in args.each("Actions")
        )
    except ValueError as fault:
        raise RequestError(str(fault)) from None
    api.step(PutItem(ACTIONS, set_id, Actions(set_id, made)))
    return OK


def _actions(api: Api, set_id: str) -> Actions:
    found = api.step(GetItem(ACTIONS, set_id))
    if not isinstance(found, Actions):
        raise server_error("NOT_FOUND")
    return found


def _get_actions_v1(api: Api, args: Args) -> object:
    return [_as_row(one) for one in _actions(api, args.text("Arg")).Actions]


def _as_row(action: Action) -> dict[str, object]:
    """An action as the row of a sheet."""
    pattern = action.Balance or BalancePattern()
    return {
        "Identifier": action.ActionType,
        "BalanceId": pattern.ID or "",
        "BalanceUuid": pattern.Uuid or "",
        "BalanceType": pattern.Type or "",
        "Units": "0" if pattern.Value is None else _units(pattern.Value),
        "ExpiryTime": action.ExpirationString,
        "Filters": ";".join(action.Filters or ()),
        "TimingTags": members_text(pattern.TimingIDs),
        "DestinationIds": members_text(pattern.DestinationIDs),
        "RatingSubject": pattern.RatingSubject or "",
        "Categories": members_text(pattern.Categories),
        "SharedGroups": members_text(pattern.SharedGroups),
        "BalanceWeight": "0" if pattern.Weight is None else pattern.Weight,
        "ExtraParameters": action.ExtraParameters,
        "BalanceBlocker": "true" if pattern.Blocker else "false",
        "BalanceDisabled": "true" if pattern.Disabled else "false",
        "Weight": read_number(action.Weight),
    }


def _units(value: ValueFormula) -> str:
    if not value.Method:
        return amount_text(parse_amount(value.Static))
    return json.dumps({"Method": value.Method, "Params": value.Params}, separators=(",", ":"))


def _get_actions_v2(api: Api, args: Args) -> object:
    wanted = args.texts("ActionIDs") or ids_of(api, ACTIONS)
    if not wanted:
        raise server_error("NOT_FOUND")
    chosen = page(wanted, args.integer_or_none("Limit"), args.integer_or_none("Offset")) or []
    return {set_id: [shown_action(one) for one in _actions(api, set_id).Actions] for set_id in chosen}


def shown_action(action: Action) -> dict[str, object]:
    """An action as it is kept."""
    return {
        "Id": action.Id,
        "ActionType": action.ActionType,
        "ExtraParameters": action.ExtraParameters,
        "Filters": None if action.Filters is None else list(action.Filters),
        "ExpirationString": action.ExpirationString,
        "Weight": read_number(action.Weight),
        "Balance": None if action.Balance is None else shown_pattern(action.Balance),
    }


def shown_pattern(pattern: BalancePattern) -> dict[str, object]:
    """A pattern of balances as it is kept; what was not given is null."""
    value = pattern.Value
    shown: dict[str, object] = {name: getattr(pattern, name) for name in pattern.__struct_fields__}
    shown["Value"] = None if value is None else {"Method": value.Method, "Params": value.Params, "Static": read_number(value.Static)}
    shown["Weight"] = None if pattern.Weight is None else _weight_number(pattern.Weight)
    shown["Timings"] = None if pattern.Timings is None else [shown_timing(one) for one in pattern.Timings]
    shown["Factors"] = None if pattern.Factors is None else {name: read_number(factor) for name, factor in pattern.Factors.items()}
    return shown


def _weight_number(text: str) -> object:
    """A weight as a number; one that is made from the time when the balance is made stays the word that says so."""
    return text if text.startswith("*") else read_number(text)


def _count_actions(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    count = len(ids_of(api, ACTIONS))
    if count == 0:
        raise not_found()
    return count


def _remove_actions(api: Api, args: Args) -> object:
    wanted = args.texts("ActionIDs")
    if wanted is None:
        raise not_found()
    api.step(ChangeItems(removals=[(ACTIONS, set_id) for set_id in wanted]))
    return OK


def ids_of(api: Api, kind: str) -> list[str]:
    """The ids of a kind's items, sorted."""
    items = api.step(ListItems(kind))
    assert isinstance(items, dict), "items come by their id"
    return sorted(items)


METHODS: Final = (
    method("APIerSv1.SetActions", _SET_V1, _set_actions, "ActionsId Actions"),
    method("APIerSv2.SetActions", _SET, _set_actions, "ActionsId Actions"),
    method("APIerSv1.GetActions", TEXT, _get_actions_v1),
    method("APIerSv2.GetActions", _GET, _get_actions_v2),
    method("APIerSv2.GetActionsCount", _COUNT, _count_actions),
    method("APIerSv1.RemoveActions", _REMOVE, _remove_actions),
)
