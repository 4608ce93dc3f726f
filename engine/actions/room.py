"""The room of actions as the door sees it: its commands, the reactions to changed balances, the clock of the scheduler.

Accounts, their flags and triggers are changed here too, because plans and triggers come with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import msgspec

from engine import commands
from engine.accounts.account import Account, Balance, Trigger
from engine.accounts.counters import init_counters
from engine.accounts.ledger import Cause
from engine.actions.book import AccountPlans, Action, ActionPlan, ActionTiming, ActionTrigger, ActionTriggers
from engine.actions.flags import take_away
from engine.actions.kinds import ACCOUNT_PLANS, ACTION_PLAN, ACTION_TRIGGERS, ACTIONS
from engine.actions.patterns import trigger_of, written_trigger
from engine.actions.plans import is_asap, next_run
from engine.actions.run import Runner
from engine.actions.running import Failed
from engine.actions.schedule import PARTLY, Due, Schedule
from engine.actions.work import House, Outbox
from engine.effects import Effect
from engine.errors import RequestError, exists, not_found
from engine.money import parse_amount
from engine.records import Record
from engine.times import SECOND

RESTORED: Final = "*reset_account_cdr"  # the cause of entries of balances that a record brought back


class WantedAccount(Protocol):
    """An account as a tariff plan wants it (engine.tariffplan.accounting.AccountAction)."""

    @property
    def account_id(self) -> str: ...
    @property
    def ActionPlanId(self) -> str: ...  # noqa: N802 - a column of a sheet
    @property
    def ActionTriggersId(self) -> str: ...  # noqa: N802
    @property
    def AllowNegative(self) -> bool: ...  # noqa: N802
    @property
    def Disabled(self) -> bool: ...  # noqa: N802


class WantedTask(Protocol):
    """What a tariff plan wants done at once (engine.tariffplan.apply.Task)."""

    @property
    def timing(self) -> ActionTiming: ...
    @property
    def account_id(self) -> str: ...


class ActionsRoom:
    """`records` and `effects` are what steps leave for the door to journal and to hand on; `schedule.next_at` says when RunDue is to
    be sent."""

    house: House
    outbox: Outbox
    runner: Runner
    schedule: Schedule

    def __init__(self, house: House) -> None:
        self.house = house
        self.outbox = Outbox()
        self.runner = Runner(house, self.outbox)
        self.schedule = Schedule(house, self.runner)

    @property
    def records(self) -> list[Record]:
        """Removals of accounts of this step; the door empties it."""
        return self.outbox.records

    def take_effects(self) -> list[Effect]:
        """What was asked of the outside since it was last called."""
        effects, self.outbox.effects = self.outbox.effects, []
        return effects

    def steps(self) -> dict[type, Callable[[Any, int], object]]:
        """The commands of this room, for the door."""
        return {
            commands.GetAccount: self._get_account,
            commands.ListAccounts: self._list_accounts,
            commands.SetAccount: self._set_account,
            commands.RemoveAccount: self._remove_account,
            commands.RunActions: self._run_actions,
            commands.ExecuteActions: self._execute_actions,
            commands.RestoreBalances: self._restore,
            commands.AddAccountTriggers: self._add_triggers,
            commands.ChangeAccountTriggers: self._change_triggers,
            commands.RemoveAccountTriggers: self._remove_triggers,
            commands.ResetAccountTriggers: self._reset_triggers,
            commands.SetActionPlan: self._set_plan,
            commands.RemoveActionPlan: self._remove_plan,
            commands.RemoveActionTiming: self._remove_timing,
            commands.GetAccountPlans: self._account_plans,
            commands.ComputeAccountPlans: self._compute_account_plans,
            commands.ReloadSchedule: self._reload,
            commands.RunDue: self._run_due,
            commands.ListDue: self._list_due,
            commands.RunPlans: self._run_plans,
            commands.RunQueue: self._run_queue,
        }

    # -- for other rooms -----------------------------------------------------------------------------------------------

    def balances_changed(self, account: Account, changed: list[Balance], at_ns: int) -> None:
        """See engine.accounts.triggers.Reactor."""
        self.runner.balances_changed(account, changed, at_ns)

    def set_account(self, wanted: WantedAccount, now_ns: int) -> None:
        """What a tariff plan says of an account: it is made if there is none, its flags and triggers are replaced, its balances stay."""
        account = self._account(wanted.account_id) or self._make(wanted.account_id, now_ns)
        account.allow_negative = wanted.AllowNegative
        account.disabled = wanted.Disabled
        account.triggers = self._triggers([wanted.ActionTriggersId]) if wanted.ActionTriggersId else None
        init_counters(account)
        self.runner.direct.touch(account, now_ns)
        plan = self.house.items.get(ACTION_PLAN, wanted.ActionPlanId)
        if isinstance(plan, ActionPlan) and not _only_asap(plan):
            self._know(account.id, [*self._known(account.id), plan.Id])

    def remove_account(self, account_id: str, now_ns: int) -> None:
        """Removes the account with its balances, if there is one."""
        account = self._account(account_id)
        if account is not None:
            take_away(self.runner.direct, account, now_ns)

    def queue_tasks(self, tasks: Sequence[WantedTask], now_ns: int) -> None:
        """Has the tasks done, and takes up the plans that came with them."""
        for task in tasks:
            self.schedule.queue_task(task.account_id, task.timing.ActionsID, now_ns)
        self._reload(commands.ReloadSchedule(), now_ns)

    # -- accounts ------------------------------------------------------------------------------------------------------

    def _account(self, account_id: str) -> Account | None:
        return self.house.accounts.get(account_id)

    def _existing(self, account_id: str) -> Account:
        account = self._account(account_id)
        if account is None:
            raise not_found()
        return account

    def _make(self, account_id: str, now_ns: int) -> Account:
        tenant, _, name = account_id.partition(":")
        account = Account(tenant, name)
        self.runner.direct.add_account(account, now_ns)
        return account

    def _get_account(self, command: commands.GetAccount, now_ns: int) -> Account | None:
        return self._account(command.account_id)

    def _list_accounts(self, command: commands.ListAccounts, now_ns: int) -> list[Account]:
        return sorted(self.house.accounts.of_tenant(command.tenant), key=_account_id)

    def _set_account(self, command: commands.SetAccount, now_ns: int) -> None:
        plans = [self._plan(plan_id) for plan_id in command.plan_ids or ()]
        triggers = self._triggers(command.trigger_groups or ())
        account = self._account(command.account_id) or self._make(command.account_id, now_ns)
        if command.plan_ids is not None:
            self._give_plans(account.id, plans, command.only_plans, now_ns)
        if command.trigger_groups is not None:
            _give_triggers(account, triggers, command.new_triggers)
        if command.allow_negative is not None:
            account.allow_negative = command.allow_negative
        if command.disabled is not None:
            account.disabled = command.disabled
        self.runner.direct.touch(account, now_ns)
        if command.reload:
            self._reload(commands.ReloadSchedule(), now_ns)

    def _remove_account(self, command: commands.RemoveAccount, now_ns: int) -> bool:
        found = self._account(command.account_id) is not None
        self.remove_account(command.account_id, now_ns)
        return found

    # -- sets of actions -----------------------------------------------------------------------------------------------

    def _run_actions(self, command: commands.RunActions, now_ns: int) -> None:
        actions = [one for one in command.actions if isinstance(one, Action)]
        assert len(actions) == len(command.actions), "what is to be run are actions"
        try:
            self.runner.execute(command.account_id, actions, now_ns, command.name, make_account=not command.must_exist)
        except Failed as fault:
            raise RequestError(PARTLY) from fault

    def _execute_actions(self, command: commands.ExecuteActions, now_ns: int) -> None:
        try:
            self.schedule.execute(command.account_id, command.actions_id, command.actions_id, now_ns)
        except Failed as fault:
            raise RequestError(PARTLY) from fault

    def _restore(self, command: commands.RestoreBalances, now_ns: int) -> None:
        account = self._existing(command.account_id)
        work, cause = self.runner.direct, Cause(RESTORED, command.name, now_ns)
        for row in command.balances:
            balance = account.find(row.uuid)
            if balance is None:
                balance = Balance(row.uuid, row.id, row.type, 0)
                balance.weight = row.weight
                balance.factors = row.factors
                work.ledger.open(account, balance, cause)
            balance.disabled = row.disabled
            work.ledger.move(account, balance, row.value - balance.value, cause)
        work.touch(account, now_ns)
        self.runner.react(work, account, now_ns)

    # -- triggers ------------------------------------------------------------------------------------------------------

    def _triggers(self, groups: Sequence[str]) -> list[Trigger]:
        """Fresh triggers of these groups. NOT_FOUND for an unknown group."""
        found: list[Trigger] = []
        for group_id in groups:
            group = self.house.items.get(ACTION_TRIGGERS, group_id)
            if not isinstance(group, ActionTriggers):
                raise not_found()
            found += [trigger_of(item) for item in group.Triggers]
        for trigger in found:
            trigger.executed = False
        return found

    def _add_triggers(self, command: commands.AddAccountTriggers, now_ns: int) -> None:
        account = self._existing(command.account_id)
        triggers = self._triggers(command.groups)
        if isinstance(command.trigger, ActionTrigger):
            triggers.append(trigger_of(command.trigger))
        for trigger in triggers:
            trigger.executed = command.executed
            if command.activates:
                trigger.activates = trigger_of(ActionTrigger("", "", "", ActivationDate=command.activates)).activates
        _give_triggers(account, triggers, command.overwrite)
        self.runner.direct.touch(account, now_ns)

    def _change_triggers(self, command: commands.ChangeAccountTriggers, now_ns: int) -> None:
        account = self._existing(command.account_id)
        account.triggers = [
            _changed(trigger, command) if _is_meant(trigger, command.group, command.unique_id) else trigger
            for trigger in account.triggers or ()
        ]
        self._fire(account, now_ns)

    def _remove_triggers(self, command: commands.RemoveAccountTriggers, now_ns: int) -> None:
        account = self._existing(command.account_id)
        left = [trigger for trigger in account.triggers or () if not _is_meant(trigger, command.group, command.unique_id)]
        account.triggers = left or None
        init_counters(account)
        self.runner.direct.touch(account, now_ns)

    def _reset_triggers(self, command: commands.ResetAccountTriggers, now_ns: int) -> None:
        account = self._existing(command.account_id)
        for trigger in account.triggers or ():
            if _is_meant(trigger, command.group, command.unique_id):
                trigger.executed = command.executed
        if command.executed:
            self.runner.direct.touch(account, now_ns)
        else:
            self._fire(account, now_ns)

    def _fire(self, account: Account, now_ns: int) -> None:
        init_counters(account)
        self.runner.react(self.runner.direct, account, now_ns)
        self.runner.direct.touch(account, now_ns)

    # -- action plans --------------------------------------------------------------------------------------------------

    def _plan(self, plan_id: str) -> ActionPlan:
        plan = self.house.items.get(ACTION_PLAN, plan_id)
        if not isinstance(plan, ActionPlan):
            raise not_found()
        return plan

    def _known(self, account_id: str) -> tuple[str, ...]:
        known = self.house.items.get(ACCOUNT_PLANS, account_id)
        return known.Plans if isinstance(known, AccountPlans) else ()

    def _know(self, account_id: str, plan_ids: Sequence[str]) -> None:
        """The account knows these plans and no others."""
        wanted = tuple(dict.fromkeys(plan_ids))
        if wanted:
            if wanted != self._known(account_id):
                self.house.put_item(ACCOUNT_PLANS, account_id, AccountPlans(account_id, wanted))
        else:
            self.house.remove_item(ACCOUNT_PLANS, account_id)

    def _give_plans(self, account_id: str, plans: Sequence[ActionPlan], only: bool, now_ns: int) -> None:
        known = list(self._known(account_id))
        given = [plan.Id for plan in plans]
        if only:
            for plan_id in known:
                if plan_id not in given:
                    self._take_off(plan_id, account_id)
            known = [plan_id for plan_id in known if plan_id in given]
        for plan in plans:
            if plan.Id in known:
                continue
            for timing in sorted(plan.ActionTimings, key=_weight):
                if is_asap(timing.Timing):
                    self.schedule.queue_task(account_id, timing.ActionsID, now_ns)
            if not _only_asap(plan):
                members = {**(plan.AccountIDs or {}), account_id: True}
                self.house.put_item(ACTION_PLAN, plan.Id, msgspec.structs.replace(plan, AccountIDs=members))
                known.append(plan.Id)
        self._know(account_id, known)

    def _take_off(self, plan_id: str, account_id: str) -> None:
        plan = self.house.items.get(ACTION_PLAN, plan_id)
        if isinstance(plan, ActionPlan) and plan.AccountIDs and account_id in plan.AccountIDs:
            left = {one: member for one, member in plan.AccountIDs.items() if one != account_id}
            self.house.put_item(ACTION_PLAN, plan_id, msgspec.structs.replace(plan, AccountIDs=left))

    def _forget(self, plan_id: str, account_ids: Sequence[str]) -> None:
        """These accounts know the plan no more."""
        for account_id in account_ids:
            known = self._known(account_id)
            if plan_id in known:
                self._know(account_id, [one for one in known if one != plan_id])

    def _set_plan(self, command: commands.SetActionPlan, now_ns: int) -> None:
        plan = command.plan
        assert isinstance(plan, ActionPlan), "what is stored as a plan is one"
        before = self.house.items.get(ACTION_PLAN, plan.Id)
        if before is not None and not command.overwrite:
            raise exists()
        for timing in plan.ActionTimings:
            if self.house.items.get(ACTIONS, timing.ActionsID) is None:
                raise RequestError(f"BROKEN_REFERENCE:{timing.ActionsID}")
        timings = tuple(msgspec.structs.replace(timing, Uuid=self.house.ids.uuid()) for timing in plan.ActionTimings)
        self.house.put_item(ACTION_PLAN, plan.Id, msgspec.structs.replace(plan, ActionTimings=timings))
        if isinstance(before, ActionPlan):
            self._forget(plan.Id, list(before.AccountIDs or ()))
        if command.reload:
            self._reload(commands.ReloadSchedule(), now_ns)

    def _remove_plan(self, command: commands.RemoveActionPlan, now_ns: int) -> None:
        plan = self.house.items.get(ACTION_PLAN, command.plan_id)
        if isinstance(plan, ActionPlan):
            self.house.remove_item(ACTION_PLAN, plan.Id)
            self._forget(plan.Id, list(plan.AccountIDs or ()))

    def _remove_timing(self, command: commands.RemoveActionTiming, now_ns: int) -> None:
        plan = self._plan(command.plan_id)
        if command.account_id:
            self._take_off(plan.Id, command.account_id)
            self._forget(plan.Id, [command.account_id])
        else:
            left = tuple(timing for timing in plan.ActionTimings if command.timing_uuid and timing.Uuid != command.timing_uuid)
            if left:
                self.house.put_item(ACTION_PLAN, plan.Id, msgspec.structs.replace(plan, ActionTimings=left))
            else:
                self._remove_plan(commands.RemoveActionPlan(plan.Id), now_ns)
        if command.reload:
            self._reload(commands.ReloadSchedule(), now_ns)

    def _account_plans(self, command: commands.GetAccountPlans, now_ns: int) -> list[tuple[str, ActionTiming, int | None]]:
        found: list[tuple[str, ActionTiming, int | None]] = []
        for plan_id in self._known(command.account_id):
            plan = self.house.items.get(ACTION_PLAN, plan_id)
            if isinstance(plan, ActionPlan):
                found += [(plan.Id, timing, self._next(timing, now_ns)) for timing in plan.ActionTimings]
        return found

    def _next(self, timing: ActionTiming, now_ns: int) -> int | None:
        if is_asap(timing.Timing):
            return (now_ns // SECOND + 1) * SECOND
        return next_run(timing.Timing, self.house.options.zone, now_ns, now_ns)

    def _compute_account_plans(self, command: commands.ComputeAccountPlans, now_ns: int) -> None:
        wanted: dict[str, list[str]] = {account_id: [] for account_id in self.house.items.ids(ACCOUNT_PLANS)}
        for plan in self.house.items.all(ACTION_PLAN).values():
            if isinstance(plan, ActionPlan):
                for account_id in plan.AccountIDs or ():
                    wanted.setdefault(account_id, []).append(plan.Id)
        for account_id, plan_ids in wanted.items():
            self._know(account_id, plan_ids)

    # -- the scheduler -------------------------------------------------------------------------------------------------

    def _reload(self, command: commands.ReloadSchedule, now_ns: int) -> None:
        self.schedule.reload(now_ns)
        self.schedule.run_due(now_ns)

    def _run_due(self, command: commands.RunDue, now_ns: int) -> None:
        self.schedule.run_due(now_ns)

    def _list_due(self, command: commands.ListDue, now_ns: int) -> list[Due]:
        due = self.schedule.due()
        if not command.account_id:
            return due
        return [one for one in due if command.account_id in (self._plan(one[1]).AccountIDs or ())]

    def _run_plans(self, command: commands.RunPlans, now_ns: int) -> None:
        self.schedule.run_plans(command.plan_ids, command.account_id, now_ns)

    def _run_queue(self, command: commands.RunQueue, now_ns: int) -> None:
        self.schedule.run_between(command.from_ns, command.to_ns, now_ns)


def _account_id(account: Account) -> str:
    return account.id


def _only_asap(plan: ActionPlan) -> bool:
    return all(is_asap(timing.Timing) for timing in plan.ActionTimings)


def _weight(timing: ActionTiming) -> int:
    return -parse_amount(timing.Weight)


def _is_meant(trigger: Trigger, group: str, unique_id: str) -> bool:
    return (not group or trigger.id == group) and (not unique_id or trigger.unique_id == unique_id)


def _give_triggers(account: Account, triggers: Sequence[Trigger], in_place: bool) -> None:
    """Adds the triggers that the account has not; `in_place` of all that it has."""
    held: list[Trigger] = [] if in_place else list(account.triggers or ())
    for trigger in triggers:
        if not any(one.id == trigger.id and one.unique_id == trigger.unique_id for one in held):
            held.append(trigger)
    if held or in_place:
        account.triggers = held
    init_counters(account)


_FIELDS: Final = frozenset(ActionTrigger.__struct_fields__)


def _changed(trigger: Trigger, command: commands.ChangeAccountTriggers) -> Trigger:
    item = written_trigger(trigger)
    fields = {name: value for name, value in command.fields.items() if name in _FIELDS}
    pattern = msgspec.structs.replace(item.Balance, **command.balance)
    return trigger_of(msgspec.structs.replace(item, **{**fields, "Balance": pattern}))
