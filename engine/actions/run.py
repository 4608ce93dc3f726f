"""Runs sets of actions: one row for each type of action, and the triggers that fire when values have changed.

A set is asked for by a client, by the clock, or by a trigger. Asked for or due it is all or nothing; fired by a trigger it stops at
the first action that fails and keeps what was done before, because what fired it stays done as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from engine.accounts.account import Account, Balance, Trigger
from engine.accounts.ledger import Cause
from engine.accounts.triggers import BALANCE_EXPIRED, by_weight, is_due, is_open
from engine.actions import balances, cdrlog, dynamic, flags, outside, policies
from engine.actions.book import Action, Actions
from engine.actions.conditions import passes
from engine.actions.kinds import ACTIONS
from engine.actions.running import Failed, Function, Ready, Running
from engine.actions.work import Draft, House, Outbox, Work
from engine.effects import ActionsFailed
from engine.errors import RequestError
from engine.limits import MAX_ACTIONS_DEPTH
from engine.times import UTC_ZONE, ZERO_TIME, Moment

EXPIRED: Final = "*expired"  # the cause of entries of balances that expired


class Row(NamedTuple):
    """A type of action: what does it, and whether it is passed over where a set runs without an account."""

    function: Function
    on_account: bool


TABLE: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "*topup": Row(balances.topup, True),
        "*topup_reset": Row(balances.topup_reset, True),
        "*topup_zero_negative": Row(balances.topup_zero_negative, True),
        "*debit": Row(balances.debit, True),
        "*debit_reset": Row(balances.debit_reset, True),
        "*set_balance": Row(balances.set_balance, True),
        "*set_expiry": Row(balances.set_expiry, True),
        "*remove_balance": Row(balances.remove_balance, True),
        "*remove_expired": Row(balances.remove_expired, True),
        "*transfer_balance": Row(balances.transfer_balance, True),
        "*transfer_monetary_default": Row(balances.transfer_monetary_default, True),
        "*reset_account": Row(balances.reset_account, True),
        "*allow_negative": Row(flags.allow_negative, True),
        "*deny_negative": Row(flags.deny_negative, True),
        "*enable_account": Row(flags.enable_account, True),
        "*disable_account": Row(flags.disable_account, True),
        "*reset_triggers": Row(flags.reset_triggers, True),
        "*set_recurrent": Row(flags.set_recurrent, True),
        "*unset_recurrent": Row(flags.unset_recurrent, True),
        "*reset_counters": Row(flags.zero_counters, True),
        "*remove_account": Row(flags.remove_account, False),
        "*cdrlog": Row(cdrlog.cdrlog, True),
        "*log": Row(outside.log, False),
        "*publish_account": Row(outside.publish_account, True),
        "*reset_account_cdr": Row(outside.restore_account, True),
        "*alter_sessions": Row(outside.alter_sessions, False),
        "*force_disconnect_sessions": Row(outside.disconnect_sessions, False),
        "*dynamic_action": Row(dynamic.action, False),
        "*dynamic_action_plan": Row(dynamic.action_plan, False),
        "*dynamic_action_plan_accounts": Row(dynamic.action_plan_accounts, False),
        "*dynamic_action_trigger": Row(dynamic.action_trigger, False),
        "*dynamic_destination": Row(dynamic.destination, False),
        "*dynamic_rating_profile": Row(dynamic.rating_profile, False),
        **{kind: Row(policies.profile, False) for kind in policies.SHEETS},
        **{
            kind: Row(outside.outside, False)
            for kind in (
                "*mail_async",
                "*cgr_rpc",
                "*http_post",
                "*http_post_async",
                "*export",
                "*remote_set_account",
                "*set_ddestinations",
                "*remove_session_costs",
                "*reset_threshold",
                "*reset_stat_queue",
                "*sy_publish",
            )
        },
    }
)


class Runner:
    """Runs sets of actions on accounts."""

    house: House
    outbox: Outbox
    direct: Work

    def __init__(self, house: House, outbox: Outbox) -> None:
        self.house = house
        self.outbox = outbox
        self.direct = Work(house, outbox)

    # -- sets that are asked for or due --------------------------------------------------------------------------------

    def execute(
        self,
        account_id: str,
        actions: Sequence[Action],
        at_ns: int,
        cause_id: str,
        *,
        make_account: bool = True,
        event: Mapping[str, object] | None = None,
    ) -> None:
        """Runs all of the actions, or none: then Failed says why. An account that is not there is made, unless that is not wanted:
        then NOT_FOUND. Without an account ID actions on accounts are passed over."""
        draft = Draft(self.house, self.outbox)
        account = draft.account(account_id) if account_id else None
        if account_id and account is None:
            if not make_account:
                raise RequestError("NOT_FOUND")
            tenant, _, name = account_id.partition(":")
            account = Account(tenant, name)
            draft.add_account(account, at_ns)
        self.run(draft, account, actions, at_ns, cause_id, event)
        try:
            draft.commit(at_ns)
        except RequestError as fault:
            raise Failed(fault.text, fault) from None

    def run(
        self,
        work: Work,
        account: Account | None,
        actions: Sequence[Action],
        at_ns: int,
        cause_id: str,
        event: Mapping[str, object] | None = None,
    ) -> None:
        """Runs the actions, the heavier first, until one fails (Failed)."""
        running = Running(self, work, account, at_ns, cause_id, event)
        for action in _by_weight(actions, running):
            if running.account is not None and not work.holds(running.account):
                running.account = None  # a trigger that this set fired has removed it
            if running.account is not None and action.filters and not self._passes(running.account, action, at_ns):
                continue
            row = TABLE.get(action.kind)
            if row is None:
                raise Failed(f"unknown action type <{action.kind}>")
            if running.account is not None or not row.on_account:
                row.function(running, action)

    def _passes(self, account: Account, action: Ready, at_ns: int) -> bool:
        try:
            return passes(account, action.filters, self.house.filters, at_ns)
        except RequestError as fault:
            raise Failed(fault.text) from None

    # -- triggers ------------------------------------------------------------------------------------------------------

    def balances_changed(self, account: Account, changed: list[Balance], at_ns: int) -> None:
        """See engine.accounts.triggers.Reactor: a debit has changed these balances."""
        if changed:
            self.react(self.direct, account, at_ns)

    def react(self, work: Work, account: Account, at_ns: int, wanted: Callable[[Trigger], bool] | None = None) -> None:
        """Lets the due triggers of the account fire, the heavier first, and drops what has expired.

        Recorded: every balance that was ever written counts as changed, so that a trigger which is reset, or gets another threshold,
        fires at once. While triggers of an account fire, what they change does not fire them again.
        """
        if account.in_triggers:
            return
        if account.triggers:
            account.in_triggers = True
            try:
                self._fire_due(work, account, at_ns, wanted)
            finally:
                account.in_triggers = False
        self._drop_expired(work, account, at_ns)

    def _fire_due(self, work: Work, account: Account, at_ns: int, wanted: Callable[[Trigger], bool] | None) -> None:
        triggers = by_weight(account.triggers or [])
        account.triggers = triggers
        for trigger in list(triggers):
            counted = "counter" in trigger.threshold_type or "connect" in trigger.threshold_type
            if counted and trigger.balance.id is None and trigger.unique_id:
                trigger.balance.id = trigger.unique_id
            if not is_open(trigger, at_ns) or (wanted is not None and not wanted(trigger)):
                continue
            if not counted and "balance" not in trigger.threshold_type:
                continue
            if is_due(trigger, account, _written(account, trigger), at_ns):
                self._fire(work, account, trigger, at_ns)
                if not work.holds(account):
                    return
                work.touch(account, at_ns)

    def _fire(self, work: Work, account: Account, trigger: Trigger, at_ns: int) -> None:
        trigger.last_execution_at = Moment(at_ns, UTC_ZONE)
        actions = work.item(ACTIONS, trigger.actions_id)
        if account.disabled or not isinstance(actions, Actions) or work.depth >= MAX_ACTIONS_DEPTH:
            return
        trigger.executed = True
        work.depth += 1
        try:
            self.run(work, account, actions.Actions, at_ns, trigger.actions_id)
        except (Failed, RequestError) as fault:
            # What was done before stays, what comes after is not done.
            work.effect(ActionsFailed(account.id, trigger.actions_id, trigger.unique_id, str(fault)))
        finally:
            work.depth -= 1
        if trigger.recurrent:
            trigger.executed = False

    def _drop_expired(self, work: Work, account: Account, at_ns: int) -> None:
        if self.house.options.remove_expired and account.balances:
            for chain in list(account.balances.values()):
                for balance in chain:
                    if balance.expires.ns != ZERO_TIME and balance.expires.ns < at_ns:
                        work.ledger.close(account, balance, Cause(EXPIRED, balance.id, at_ns))
        triggers = account.triggers
        if triggers and any(one.expires.ns != ZERO_TIME and one.expires.ns < at_ns for one in triggers):
            account.triggers = [one for one in triggers if one.expires.ns == ZERO_TIME or one.expires.ns >= at_ns]
            work.touch(account, at_ns)


def _written(account: Account, trigger: Trigger) -> list[Balance]:
    """The balances that a trigger is to look at: all but the empty ones that a reset left and nobody wrote to since."""
    found = account.of_type(trigger.balance.type or "")
    if trigger.threshold_type == BALANCE_EXPIRED:
        return found
    return [balance for balance in found if balance.value != 0 or balance.shown_uuid()]


def _by_weight(actions: Sequence[Action], running: Running) -> list[Ready]:
    """The actions made ready, the heavier first, equal ones in their order."""
    for action in actions:
        try:
            running.all.append(Ready(action, running.zone, running.at_ns))
        except ValueError as fault:
            raise Failed(f"action <{action.ActionType}>: {fault}") from None
    running.all.sort(key=_weight)
    return running.all


def _weight(action: Ready) -> int:
    return -action.weight
