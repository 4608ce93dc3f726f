"""Balances as clients add, debit, set, remove and move them; sets of actions executed by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from engine import commands
from engine.actions.book import Action, BalancePattern, ValueFormula
from engine.actions.written import members_of
from engine.commands import GetItem
from engine.errors import RequestError, mandatory_missing, not_found, server_error
from engine.money import amount_of, amount_text
from engine.rating.book import Timing
from engine.rating.kinds import TIMING
from gateway.api import loose
from gateway.api.accounts import account_id
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.ratingdata import OK, zone
from gateway.api.shapes import shape
from gateway.api.table import Handler, method

_ADD: Final = shape(
    "v1.AttrAddBalance",
    "Tenant string; Account string; BalanceType string; Value float64; Balance map[string]any; ActionExtraData *map[string]any;"
    "Overwrite bool; Cdrlog bool; APIOpts map[string]any",
)
_SET: Final = shape(
    "utils.AttrSetBalance",
    "Tenant string; Account string; BalanceType string; Value float64; Balance map[string]any; ActionExtraData *map[string]any;"
    "Cdrlog bool; APIOpts map[string]any",
)
_SET_ONE: Final = shape("utils.AttrBalance", "BalanceType string; Value float64; Balance map[string]any; Cdrlog bool")
_SET_MANY: Final = shape(
    "utils.AttrSetBalances",
    "Tenant string; Account string; Balances []*utils.AttrBalance; ActionExtraData *map[string]any; APIOpts map[string]any",
    _SET_ONE,
)
_TRANSFER: Final = shape(
    "utils.AttrTransferBalance",
    "Tenant string; SourceAccountID string; SourceBalanceID string; DestinationAccountID string; DestinationBalanceID string;"
    "Units float64; DestinationReferenceValue *float64; Cdrlog bool; APIOpts map[string]any",
)
_EXECUTE: Final = shape(
    "utils.AttrExecuteAction", "Tenant string; Account string; ActionsId string; TimeStart string; APIOpts map[string]any"
)

_PUBLISH: Final = Action("", "*publish_account")


# -- the balance of a request ------------------------------------------------------------------------------------------------


def _pattern(api: Api, args: Args) -> BalancePattern:
    """The balance that a request describes: its type and value beside the fields in its map."""
    given = args.mapping("Balance") or {}
    value = abs(amount_of(args.number("Value")))
    if value == 0 and "Value" in given:
        value = abs(loose.units(given["Value"]))
    timing_ids = _members(given, "TimingIDs")
    expires = next((given[name] for name in ("ExpiryTime", "ExpirationDate") if name in given), None)
    return BalancePattern(
        Uuid=next((loose.text(given[name]) for name in ("UUID", "Uuid") if name in given), None),
        ID=loose.text(given["ID"]) if "ID" in given else None,
        Type=args.text("BalanceType"),
        Value=ValueFormula(Static=amount_text(value)) if value or "Value" in given else None,
        ExpirationDate=None if expires is None else loose.instant(expires, zone(api), api.now()),
        Weight=loose.number(given["Weight"]) if "Weight" in given else None,
        DestinationIDs=_members(given, "DestinationIDs"),
        RatingSubject=loose.text(given["RatingSubject"]) if "RatingSubject" in given else None,
        Categories=_members(given, "Categories"),
        SharedGroups=_members(given, "SharedGroups"),
        TimingIDs=timing_ids,
        Timings=tuple(_timing(api, timing_id) for timing_id in timing_ids) if timing_ids else None,
        Disabled=loose.flag(given["Disabled"]) if "Disabled" in given else None,
        Factors=loose.numbers(given["Factors"]) if given.get("Factors") is not None else None,
        Blocker=loose.flag(given["Blocker"]) if "Blocker" in given else None,
    )


def _members(given: Mapping[str, object], name: str) -> dict[str, bool] | None:
    return members_of(loose.text(given[name])) if name in given else None


def _timing(api: Api, timing_id: str) -> Timing:
    found = api.step(GetItem(TIMING, timing_id))
    if not isinstance(found, Timing):
        raise not_found()
    return found


def _cdrlog(args: Args) -> Action:
    """A record of the change; extra data of the request are fields of it."""
    extra = args.mapping("ActionExtraData")
    return Action("", "*cdrlog", ExtraParameters=json.dumps({name: loose.text(one) for name, one in extra.items()}) if extra else "")


def _run(api: Api, account: str, name: str, actions: list[Action], *, must_exist: bool = False) -> object:
    api.step(commands.RunActions(account, name, actions, must_exist))
    return OK


# -- handlers ----------------------------------------------------------------------------------------------------------------


def _adder(name: str, kind: str) -> Handler:
    def change(api: Api, args: Args) -> object:
        action = Action("", kind + "_reset" if args.flag("Overwrite") else kind, Balance=_pattern(api, args))
        actions = [action, _PUBLISH, *([_cdrlog(args)] if args.flag("Cdrlog") else ())]
        return _run(api, account_id(api, args), name, actions)

    return change


def _setting(api: Api, args: Args) -> Action:
    pattern = _pattern(api, args)
    if not pattern.ID and not pattern.Uuid:
        raise mandatory_missing("BalanceID or BalanceUUID")
    return Action("", "*set_balance", Balance=pattern)


def _set_balance(api: Api, args: Args) -> object:
    actions = [_setting(api, args), _PUBLISH, *([_cdrlog(args)] if args.flag("Cdrlog") else ())]
    return _run(api, account_id(api, args), "SetBalance", actions)


def _set_balances(api: Api, args: Args) -> object:
    balances = args.each("Balances")
    actions = [_setting(api, one) for one in balances]
    if any(one.flag("Cdrlog") for one in balances):
        actions.append(_cdrlog(args))
    return _run(api, account_id(api, args), "SetBalances", [*actions, _PUBLISH])


def _remove_balances(api: Api, args: Args) -> object:
    actions = [Action("", "*remove_balance", Balance=_pattern(api, args)), *([_cdrlog(args)] if args.flag("Cdrlog") else ())]
    return _run(api, account_id(api, args), "RemoveBalances", actions, must_exist=True)


def _transfer(api: Api, args: Args) -> object:
    """Answers an empty text when it worked."""
    tenant = api.tenant(args.text("Tenant"))
    receiver = args.text("DestinationAccountID")
    destination = {"DestinationAccountID": f"{tenant}:{receiver}", "DestinationBalanceID": args.text("DestinationBalanceID")}
    reference = args.number_or_none("DestinationReferenceValue")
    if reference is not None:
        destination["DestinationReferenceValue"] = amount_text(amount_of(reference))
    pattern = BalancePattern(ID=args.text("SourceBalanceID"), Value=ValueFormula(Static=amount_text(amount_of(args.number("Units")))))
    actions = [Action("", "*transfer_balance", ExtraParameters=json.dumps(destination), Balance=pattern)]
    if args.flag("Cdrlog"):
        fields = {"Destination": receiver, "BalanceID": "~*acnt.BalanceID"}
        actions.append(Action("", "*cdrlog", ExtraParameters=json.dumps(fields)))
    try:
        _run(api, f"{tenant}:{args.text('SourceAccountID')}", "TransferBalance", actions)
    except RequestError as fault:
        raise server_error(fault.text) from None
    return ""


def _execute(api: Api, args: Args) -> object:
    account = account_id(api, args) if args.text("Account") else ""
    api.step(commands.ExecuteActions(account, args.text("ActionsId")))
    return OK


METHODS: Final = (
    method("APIerSv1.AddBalance", _ADD, _adder("AddBalance", "*topup"), "Account BalanceType"),
    method("APIerSv1.DebitBalance", _ADD, _adder("DebitBalance", "*debit"), "Account BalanceType"),
    method("APIerSv1.SetBalance", _SET, _set_balance, "Account BalanceType"),
    method("APIerSv1.SetBalances", _SET_MANY, _set_balances, "Account Balances"),
    method("APIerSv1.RemoveBalances", _SET, _remove_balances, "Account BalanceType"),
    method(
        "APIerSv1.TransferBalance",
        _TRANSFER,
        _transfer,
        "SourceAccountID SourceBalanceID DestinationAccountID DestinationBalanceID",
    ),
    method("APIerSv1.ExecuteAction", _EXECUTE, _execute),
)
