"""Actions on the account itself: its flags, its triggers and counters, its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from engine.accounts.account import Account, Balance, Trigger
from engine.accounts.counters import reset_counters
from engine.accounts.matching import matches
from engine.actions.balances import account_of
from engine.actions.book import ActionPlan
from engine.actions.kinds import ACCOUNT_PLANS, ACTION_PLAN
from engine.actions.running import Failed, Function, Ready, Running
from engine.actions.work import Work
from engine.times import NO_TIME


def allow_negative(running: Running, action: Ready) -> None:  # noqa: ARG001 - every action has these
    """The account may owe."""
    account_of(running).allow_negative = True
    running.work.touch(account_of(running), running.at_ns)


def deny_negative(running: Running, action: Ready) -> None:  # noqa: ARG001
    """It may not."""
    account_of(running).allow_negative = False
    running.work.touch(account_of(running), running.at_ns)


def enable_account(running: Running, action: Ready) -> None:  # noqa: ARG001
    """The account is charged again."""
    account_of(running).disabled = False
    running.work.touch(account_of(running), running.at_ns)


def disable_account(running: Running, action: Ready) -> None:  # noqa: ARG001
    """The account is refused whatever it asks for."""
    account_of(running).disabled = True
    running.work.touch(account_of(running), running.at_ns)


# -- triggers and counters -------------------------------------------------------------------------------------------------


class _Which(msgspec.Struct):
    GroupID: str = ""
    UniqueID: str = ""
    ThresholdType: str = ""


def wanted_by(action: Ready) -> Callable[[Trigger], bool]:
    """Which triggers an action means: by group or name in its extra parameters, else by threshold type and pattern."""
    which = _Which()
    if action.extra:
        try:
            which = msgspec.json.decode(action.extra, type=_Which)
        except msgspec.MsgspecError as fault:
            raise Failed(f"parameters of triggers: {fault}") from None

    def wanted(trigger: Trigger) -> bool:
        if action.pattern.type and action.pattern.type != trigger.balance.type:
            return False
        if which.GroupID:
            return trigger.id == which.GroupID
        if which.UniqueID:
            return trigger.unique_id == which.UniqueID
        if which.ThresholdType and which.ThresholdType != trigger.threshold_type:
            return False
        return matches(_watched(trigger), action.pattern, skip_ids=False, skip_expiry=False)

    return wanted


def _watched(trigger: Trigger) -> Balance:
    """The balance that the trigger's pattern describes."""
    pattern = trigger.balance
    balance = Balance(pattern.uuid or "", pattern.id or "", pattern.type or "", pattern.value or 0)
    balance.expires = pattern.expires or NO_TIME
    balance.weight = pattern.weight or 0
    balance.destination_ids = pattern.destination_ids
    balance.rating_subject = pattern.rating_subject or ""
    balance.categories = pattern.categories
    balance.shared_groups = pattern.shared_groups
    balance.timing_ids = pattern.timing_ids
    balance.disabled = bool(pattern.disabled)
    balance.blocker = bool(pattern.blocker)
    return balance


def reset_triggers(running: Running, action: Ready) -> None:
    """Triggers that have fired may fire again, and do so at once where they are due."""
    account = account_of(running)
    wanted = wanted_by(action)
    for trigger in account.triggers or ():
        if wanted(trigger):
            trigger.executed = False
    running.reacts.react(running.work, account, running.at_ns, wanted)
    running.work.touch(account, running.at_ns)


def _recurrent(recurrent: bool) -> Function:
    def change(running: Running, action: Ready) -> None:
        account = account_of(running)
        wanted = wanted_by(action)
        for trigger in account.triggers or ():
            if wanted(trigger):
                trigger.recurrent = recurrent
        running.work.touch(account, running.at_ns)

    return change


set_recurrent: Final[Function] = _recurrent(True)
unset_recurrent: Final[Function] = _recurrent(False)


def zero_counters(running: Running, action: Ready) -> None:
    """Counters begin again at 0."""
    account = account_of(running)
    reset_counters(account, action.pattern)
    running.work.touch(account, running.at_ns)


# -- the end ---------------------------------------------------------------------------------------------------------------


class _Named(msgspec.Struct):
    Tenant: str
    Account: str


def remove_account(running: Running, action: Ready) -> None:
    """The account goes, from its action plans too. Without an account the extra parameters name it."""
    account = running.account
    if account is None:
        try:
            named = msgspec.json.decode(action.extra, type=_Named)
        except msgspec.MsgspecError as fault:
            raise Failed(f"parameters of the account: {fault}") from None
        account = running.work.account(f"{named.Tenant}:{named.Account}")
        if account is None:
            raise Failed("NOT_FOUND")
    take_away(running.work, account, running.at_ns)
    running.account = None


def take_away(work: Work, account: Account, at_ns: int) -> None:
    """Removes the account, and takes it off every plan."""
    for plan_id in work.house.items.ids(ACTION_PLAN):
        plan = work.item(ACTION_PLAN, plan_id)
        if isinstance(plan, ActionPlan) and plan.AccountIDs and account.id in plan.AccountIDs:
            left = {account_id: flag for account_id, flag in plan.AccountIDs.items() if account_id != account.id}
            work.put_item(ACTION_PLAN, plan_id, msgspec.structs.replace(plan, AccountIDs=left))
    if work.item(ACCOUNT_PLANS, account.id) is not None:
        work.remove_item(ACCOUNT_PLANS, account.id)
    work.remove_account(account, at_ns)
