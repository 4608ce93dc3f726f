"""Accounts as clients set, get, list and remove them, in both of the forms in which they see them."""

from __future__ import annotations

from typing import Final

from engine import commands
from engine.accounts.account import Account, Balance, BalanceFilter, Trigger, UnitCounter
from engine.errors import RequestError, not_found, server_error
from engine.money import amount_json, factor_json
from engine.times import NO_TIME, UTC_ZONE, format_time
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.paging import in_turns, page_of_ids
from gateway.api.ratingdata import OK, shown_timing
from gateway.api.shapes import PAGINATOR_WITH_TENANT, TENANT_WITH_OPTS, shape
from gateway.api.table import method

_GET: Final = shape("utils.AttrGetAccount", "Tenant string; Account string; APIOpts map[string]any")
_LIST: Final = shape(
    "utils.AttrGetAccounts", "Tenant string; AccountIDs []string; Offset int; Limit int; Filter map[string]bool; APIOpts map[string]any"
)
_COUNT: Final = shape("utils.AttrGetAccountsCount", "Tenant string; APIOpts map[string]any")
_REMOVE: Final = shape("utils.AttrRemoveAccount", "Tenant string; Account string; ReloadScheduler bool; APIOpts map[string]any")
_OPTIONS: Final = "ExtraOptions map[string]bool; ReloadScheduler bool; APIOpts map[string]any"
_SET_V1: Final = shape(
    "utils.AttrSetAccount",
    "Tenant string; Account string; ActionPlanID string; ActionPlansOverwrite bool; ActionTriggerID string; ActionTriggersID string;"
    f"ActionTriggerOverwrite bool; {_OPTIONS}",
)
_SET_V2: Final = shape(
    "v2.AttrSetAccount",
    "Tenant string; Account string; ActionPlanIDs []string; ActionPlansOverwrite bool; ActionTriggerIDs []string;"
    f"ActionTriggerOverwrite bool; {_OPTIONS}",
)


def account_id(api: Api, args: Args) -> str:
    """The ID of the account that an argument names."""
    return f"{api.tenant(args.text('Tenant'))}:{args.text('Account')}"


def account_of(api: Api, wanted: str) -> Account:
    """The account with this ID; NOT_FOUND when there is none."""
    account = api.step(commands.GetAccount(wanted))
    if not isinstance(account, Account):
        raise not_found()
    return account


# -- what clients see --------------------------------------------------------------------------------------------------------


def account_data(api: Api, tenant: str, name: str) -> object:
    """An account in its newer form; NOT_FOUND when there is none."""
    return shown_account(account_of(api, f"{tenant}:{name}"))


def shown_account(account: Account) -> dict[str, object]:
    """An account in its newer form; a type without balances is null."""
    balances = account.balances
    counters = account.counters
    return {
        "ID": account.id,
        "BalanceMap": None if balances is None else {name: [_balance(one) for one in chain] or None for name, chain in balances.items()},
        "UnitCounters": None if counters is None else {name: [_counter(one) for one in chain] for name, chain in counters.items()},
        "ActionTriggers": None if account.triggers is None else [shown_trigger(one) for one in account.triggers],
        "AllowNegative": account.allow_negative,
        "Disabled": account.disabled,
        "UpdateTime": format_time(account.updated_at, UTC_ZONE),
    }


def _balance(balance: Balance) -> dict[str, object]:
    return {
        "Uuid": balance.shown_uuid(),
        "ID": balance.id,
        "Value": amount_json(balance.value),
        "ExpirationDate": balance.expires.text(),
        "Weight": amount_json(balance.weight),
        "DestinationIDs": balance.destination_ids,
        "RatingSubject": balance.rating_subject,
        "Categories": balance.categories,
        "SharedGroups": balance.shared_groups,
        "Timings": _timings(balance),
        "TimingIDs": balance.timing_ids,
        "Disabled": balance.disabled,
        "Factors": _factors(balance.factors),
        "Blocker": balance.blocker,
    }


def _timings(balance: Balance | BalanceFilter) -> object:
    return None if balance.timings is None else [shown_timing(one) for one in balance.timings]


def _factors(factors: dict[str, int] | None) -> object:
    return None if factors is None else {name: factor_json(factor) for name, factor in factors.items()}


def _counter(counter: UnitCounter) -> dict[str, object]:
    return {
        "CounterType": counter.counter_type,
        "Counters": [{"Value": amount_json(one.value), "Filter": _pattern(one.filter)} for one in counter.counters],
    }


def _pattern(pattern: BalanceFilter) -> dict[str, object]:
    value = None if pattern.value is None else {"Method": "", "Params": None, "Static": amount_json(pattern.value)}
    return {
        "Uuid": pattern.uuid,
        "ID": pattern.id,
        "Type": pattern.type,
        "Value": value,
        "ExpirationDate": None if pattern.expires is None else pattern.expires.text(),
        "Weight": None if pattern.weight is None else amount_json(pattern.weight),
        "DestinationIDs": pattern.destination_ids,
        "RatingSubject": pattern.rating_subject,
        "Categories": pattern.categories,
        "SharedGroups": pattern.shared_groups,
        "TimingIDs": pattern.timing_ids,
        "Timings": _timings(pattern),
        "Disabled": pattern.disabled,
        "Factors": _factors(pattern.factors),
        "Blocker": pattern.blocker,
    }


def shown_trigger(trigger: Trigger) -> dict[str, object]:
    """A trigger of an account."""
    return {
        "ID": trigger.id,
        "UniqueID": trigger.unique_id,
        "ThresholdType": trigger.threshold_type,
        "ThresholdValue": amount_json(trigger.threshold_value),
        "Recurrent": trigger.recurrent,
        "MinSleep": trigger.min_sleep_ns,
        "ExpirationDate": trigger.expires.text(),
        "ActivationDate": trigger.activates.text(),
        "Balance": _pattern(trigger.balance),
        "Weight": amount_json(trigger.weight),
        "ActionsID": trigger.actions_id,
        "MinQueuedItems": trigger.min_queued_items,
        "Executed": trigger.executed,
        "LastExecutionTime": trigger.last_execution_at.text(),
    }


# -- the older form ----------------------------------------------------------------------------------------------------------


def _older(account: Account) -> dict[str, object]:
    """An account as the first API showed it: keys with a direction, sets as text, lists that are never null."""
    return {
        "Id": f"*out:{account.id}",
        "BalanceMap": {f"{name}*out": [_older_balance(one) for one in chain] for name, chain in (account.balances or {}).items()},
        "UnitCounters": [_older_counter(name, one) for name, chain in (account.counters or {}).items() for one in chain],
        "ActionTriggers": [_older_trigger(one) for one in account.triggers or ()],
        "AllowNegative": account.allow_negative,
        "Disabled": account.disabled,
    }


def members_text(members: dict[str, bool] | None) -> str:
    """A set as text: `A;B;!C`."""
    return ";".join(name if sign else f"!{name}" for name, sign in sorted((members or {}).items()))


def _older_balance(balance: Balance) -> dict[str, object]:
    return {
        "Uuid": balance.shown_uuid(),
        "Id": balance.id,
        "Value": amount_json(balance.value),
        "ExpirationDate": balance.expires.text(),
        "Weight": amount_json(balance.weight),
        "DestinationIds": members_text(balance.destination_ids),
        "RatingSubject": balance.rating_subject,
        "Category": members_text(balance.categories),
        "SharedGroup": members_text(balance.shared_groups),
        "Timings": _timings(balance),
        "TimingIDs": members_text(balance.timing_ids),
        "Disabled": balance.disabled,
    }


def _older_counter(balance_type: str, counter: UnitCounter) -> dict[str, object]:
    balances = []
    for one in counter.counters:
        pattern = one.filter
        held = Balance(pattern.uuid or "", pattern.id or "", balance_type, one.value)
        held.expires = pattern.expires or NO_TIME
        held.weight = pattern.weight or 0
        held.destination_ids = pattern.destination_ids
        held.rating_subject = pattern.rating_subject or ""
        held.categories = pattern.categories
        held.shared_groups = pattern.shared_groups
        held.timing_ids = pattern.timing_ids
        held.disabled = bool(pattern.disabled)
        balances.append(_older_balance(held))
    return {"Direction": "*out", "BalanceType": balance_type, "Balances": balances}


def _older_trigger(trigger: Trigger) -> dict[str, object]:
    pattern = trigger.balance
    return {
        "Id": trigger.id,
        "ThresholdType": trigger.threshold_type,
        "ThresholdValue": amount_json(trigger.threshold_value),
        "Recurrent": trigger.recurrent,
        "MinSleep": trigger.min_sleep_ns,
        "BalanceId": pattern.id or "",
        "BalanceType": pattern.type or "",
        "BalanceDirection": "*out",
        "BalanceDestinationIds": members_text(pattern.destination_ids),
        "BalanceWeight": amount_json(pattern.weight or 0),
        "BalanceExpirationDate": (pattern.expires or NO_TIME).text(),
        "BalanceTimingTags": members_text(pattern.timing_ids),
        "BalanceRatingSubject": pattern.rating_subject or "",
        "BalanceCategory": members_text(pattern.categories),
        "BalanceSharedGroup": members_text(pattern.shared_groups),
        "BalanceDisabled": bool(pattern.disabled),
        "Weight": amount_json(trigger.weight),
        "ActionsId": trigger.actions_id,
        "MinQueuedItems": trigger.min_queued_items,
        "Executed": trigger.executed,
    }


# -- getting and listing -----------------------------------------------------------------------------------------------------


def _get(api: Api, args: Args) -> object:
    return shown_account(account_of(api, account_id(api, args)))


def _get_older(api: Api, args: Args) -> object:
    return _older(account_of(api, account_id(api, args)))


def _all(api: Api, args: Args) -> list[Account]:
    found = api.step(commands.ListAccounts(api.tenant(args.text("Tenant"))))
    assert isinstance(found, list), "accounts come as a list"
    return found


def _chosen(api: Api, args: Args) -> list[Account]:
    """The accounts that GetAccounts asks for: by name or all, by page, and of those the ones with the flags."""
    wanted = args.texts("AccountIDs")
    if wanted:
        tenant = api.tenant(args.text("Tenant"))
        named = [api.step(commands.GetAccount(f"{tenant}:{name}")) for name in wanted]
        found = [one for one in named if isinstance(one, Account)]
    else:
        found = _all(api, args)
    offset, limit = max(args.integer("Offset"), 0), args.integer("Limit")
    found = found[offset : offset + limit if limit > 0 else None]
    flags = args.mapping("Filter") or {}
    return [one for one in found if one.disabled == flags.get("Disabled", one.disabled)
            and one.allow_negative == flags.get("AllowNegative", one.allow_negative)]  # fmt: skip


async def _list(api: Api, args: Args) -> object:
    return await in_turns(_chosen(api, args), shown_account)


async def _list_older(api: Api, args: Args) -> object:
    return await in_turns(_chosen(api, args), _older)


def _count(api: Api, args: Args) -> object:
    return len(_all(api, args))


def _count_v2(api: Api, args: Args) -> object:
    count = len(_all(api, args))
    if count == 0:
        raise not_found()
    return count


def _ids(api: Api, args: Args) -> object:
    return page_of_ids([one.name for one in _all(api, args)], args)


# -- setting and removing ----------------------------------------------------------------------------------------------------


def _set(api: Api, args: Args, command: commands.SetAccount) -> object:
    options = args.mapping("ExtraOptions") or {}
    for name, flag in options.items():
        if name == "AllowNegative":
            command.allow_negative = bool(flag)
        elif name == "Disabled":
            command.disabled = bool(flag)
    command.reload = args.flag("ReloadScheduler")
    try:
        api.step(command)
    except RequestError as fault:
        raise server_error(fault.text) from None
    return OK


def _set_v1(api: Api, args: Args) -> object:
    """One plan and one group of triggers, in place of those that the account has."""
    plan_id = args.text("ActionPlanID")
    group = args.text("ActionTriggerID") or args.text("ActionTriggersID")
    command = commands.SetAccount(account_id(api, args), only_plans=True, new_triggers=True)
    command.plan_ids = [plan_id] if plan_id else None
    command.trigger_groups = [group] if group else None
    return _set(api, args, command)


def _set_v2(api: Api, args: Args) -> object:
    command = commands.SetAccount(account_id(api, args))
    command.plan_ids = args.texts("ActionPlanIDs")
    command.only_plans = args.flag("ActionPlansOverwrite")
    command.trigger_groups = args.texts("ActionTriggerIDs")
    command.new_triggers = args.flag("ActionTriggerOverwrite")
    return _set(api, args, command)


def _remove(api: Api, args: Args) -> object:
    api.step(commands.RemoveAccount(account_id(api, args)))
    return OK


METHODS: Final = (
    method("APIerSv1.GetAccount", _GET, _get_older),
    method("APIerSv2.GetAccount", _GET, _get),
    method("APIerSv1.GetAccounts", _LIST, _list_older),
    method("APIerSv2.GetAccounts", _LIST, _list),
    method("APIerSv1.GetAccountsCount", TENANT_WITH_OPTS, _count),
    method("APIerSv2.GetAccountsCount", _COUNT, _count_v2),
    method("APIerSv1.GetAccountIDs", PAGINATOR_WITH_TENANT, _ids),
    method("APIerSv1.SetAccount", _SET_V1, _set_v1, "Account"),
    method("APIerSv2.SetAccount", _SET_V2, _set_v2, "Account"),
    method("APIerSv1.RemoveAccount", _REMOVE, _remove, "Account"),
)
