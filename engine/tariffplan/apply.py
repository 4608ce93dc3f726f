"""What the engine does with a load that was built: everything in one step, or taken out again in one step.

What lives in a stored item beside what sheets say stays: the accounts of an action plan, the members of a shared group, the balances
of an account. Actions that are due at once (`*asap`) are handed to the actions room as tasks: one for each account that the load
gives the plan, one without an account for a plan that nobody has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec

from engine import commands
from engine.actions.book import ActionPlan, ActionTiming
from engine.actions.kinds import ACTION_PLAN, ACTION_TRIGGERS, ACTIONS
from engine.actions.timings import ASAP
from engine.limits import STAGED_PER_STEP
from engine.profiles.items import Items
from engine.rating.book import SharedGroup, Timing
from engine.rating.kinds import DESTINATION, RATING_PLAN, RATING_PROFILE, SHARED_GROUP, TIMING
from engine.rating.tariff import Tariff
from engine.tariffplan.accounting import AccountAction
from engine.tariffplan.kinds import LOAD_MARK, LoadMark
from engine.tariffplan.load import PlanLoad
from engine.tariffplan.staging import STAGED_KINDS, Staging
from engine.tariffplan.terms import Known


@dataclass(frozen=True, slots=True)
class Task:
    """Actions that are due at once, for an account (`<tenant>:<account>`), or for none."""

    plan_id: str
    timing: ActionTiming
    account_id: str


class Holder(Protocol):
    """Who holds the items: the engine."""

    @property
    def items(self) -> Items:
        """All of them."""

    @property
    def tariff(self) -> Tariff:
        """What prices calls."""

    def become(self, staged: Staging) -> None:
        """Takes in what was staged, all at once."""

    def put_item(self, kind: str, id: str, item: object) -> None:
        """Stores or replaces one."""

    def remove_item(self, kind: str, id: str) -> bool:
        """Removes one; True when there was one."""


class Accounting(Protocol):
    """What the rooms of accounts and actions do for a load."""

    def set_account(self, account: AccountAction, now_ns: int) -> None:
        """Makes the account if there is none, sets its flags, and gives it the triggers of the group in place of what it had;
        its balances stay. Its action plan is not looked at."""

    def remove_account(self, account_id: str, now_ns: int) -> None:
        """Removes the account with its balances, if there is one."""

    def queue_tasks(self, tasks: list[Task], now_ns: int) -> None:
        """Runs the tasks, at once or soon, also when the process is killed before."""


class PlanRoom:
    """Answers commands.LoadPlan, commands.RemovePlan and commands.KnownNames."""

    def __init__(self, holder: Holder, accounting: Accounting) -> None:
        self._holder = holder
        self._accounting = accounting

    def steps(self) -> dict[type, Callable[[Any, int], object]]:
        """The room's commands, for the door."""
        return {
            commands.LoadPlan: self._load,
            commands.StagePlan: self._stage,
            commands.RemovePlan: self._remove,
            commands.KnownNames: self._known,
        }

    def _known(self, command: commands.KnownNames, now_ns: int) -> Known:
        items = self._holder.items
        return Known(
            destinations=frozenset(items.ids(DESTINATION)),
            rating_plans=frozenset(items.ids(RATING_PLAN)),
            rating_profiles=frozenset(items.ids(RATING_PROFILE)),
            actions=frozenset(items.ids(ACTIONS)),
            action_plans=frozenset(items.ids(ACTION_PLAN)),
            action_triggers=frozenset(items.ids(ACTION_TRIGGERS)),
            filters=frozenset(items.ids("filter")),
            timings={tag: timing for tag, timing in items.all(TIMING).items() if isinstance(timing, Timing)},
        )

    # -- in ------------------------------------------------------------------------------------------------------------

    def _load(self, command: commands.LoadPlan, now_ns: int) -> None:
        load = command.load
        assert isinstance(load, PlanLoad), "what is loaded was built by this room"
        staged = self._swap(command.staged)
        for kind, key, item in load.puts:
            if staged and kind in STAGED_KINDS:
                continue
            if kind == DESTINATION and item == self._holder.items.get(kind, key):
                continue  # most of a plan are destinations, and most of them stay as they are
            self._holder.put_item(kind, key, self._joined(kind, key, item))
        for account in load.accounts:
            self._accounting.set_account(account, now_ns)
        tasks = self._give_plans(load)
        self._mark(load, now_ns)
        if tasks:
            self._accounting.queue_tasks(tasks, now_ns)

    def _swap(self, staged: object) -> bool:
        """Puts in force what was staged; False where nothing was, or not for what is in force now."""
        if not isinstance(staged, Staging) or not staged.done or not staged.is_current(self._holder.items):
            return False
        self._holder.become(staged)
        return True

    def _stage(self, command: commands.StagePlan, now_ns: int) -> Staging:
        """Another slice; without one that goes on, a new beginning."""
        staged = command.staged
        if not isinstance(staged, Staging):
            load = command.load
            assert isinstance(load, PlanLoad), "what is staged was built by this room"
            return Staging(load, self._holder.items, self._holder.tariff, removal=command.removal)
        staged.work(STAGED_PER_STEP)
        return staged

    def _joined(self, kind: str, key: str, item: object) -> object:
        """The item with what the stored one knows besides."""
        stored = self._holder.items.get(kind, key)
        if isinstance(item, ActionPlan) and isinstance(stored, ActionPlan) and stored.AccountIDs:
            return msgspec.structs.replace(item, AccountIDs=stored.AccountIDs)
        if isinstance(item, SharedGroup) and isinstance(stored, SharedGroup) and stored.MemberIds:
            return msgspec.structs.replace(item, MemberIds=stored.MemberIds)
        return item

    def _give_plans(self, load: PlanLoad) -> list[Task]:
        """Enters accounts into their plans, and finds what is due at once."""
        of_plan: dict[str, list[str]] = {key: [] for kind, key, _ in load.puts if kind == ACTION_PLAN}
        for account in load.accounts:
            if account.ActionPlanId:
                of_plan.setdefault(account.ActionPlanId, []).append(account.account_id)
        tasks: list[Task] = []
        for plan_id, account_ids in of_plan.items():
            plan = self._holder.items.get(ACTION_PLAN, plan_id)
            if isinstance(plan, ActionPlan):
                self._enter(plan, account_ids)
                tasks += due_at_once(plan, account_ids)
        return tasks

    def _enter(self, plan: ActionPlan, account_ids: list[str]) -> None:
        """A plan that runs once only needs to remember nobody."""
        if account_ids and any(timing.Timing.StartTime != ASAP for timing in plan.ActionTimings):
            members = {**(plan.AccountIDs or {}), **dict.fromkeys(account_ids, True)}
            self._holder.put_item(ACTION_PLAN, plan.Id, msgspec.structs.replace(plan, AccountIDs=members))

    def _mark(self, load: PlanLoad, now_ns: int) -> None:
        kinds = {kind for kind, _, _ in load.puts}
        marks = {mark for kind in kinds for mark in PARTITIONS.get(kind, ())}
        if load.accounts:
            marks.add("*account_action_plans")
        for mark in sorted(marks):
            self._holder.put_item(LOAD_MARK, mark, LoadMark(now_ns))

    # -- out -----------------------------------------------------------------------------------------------------------

    def _remove(self, command: commands.RemovePlan, now_ns: int) -> None:
        load = command.load
        assert isinstance(load, PlanLoad), "what is removed was built by this room"
        staged = self._swap(command.staged)
        for kind, key, _ in load.puts:
            if not (staged and kind in STAGED_KINDS):
                self._holder.remove_item(kind, key)
        gone = {account.account_id for account in load.accounts}
        for account_id in gone:
            self._accounting.remove_account(account_id, now_ns)
        self._leave_plans(gone)
        self._mark(load, now_ns)

    def _leave_plans(self, gone: set[str]) -> None:
        if not gone:
            return
        for plan in list(self._holder.items.all(ACTION_PLAN).values()):
            if isinstance(plan, ActionPlan) and plan.AccountIDs and not gone.isdisjoint(plan.AccountIDs):
                members = {account_id: flag for account_id, flag in plan.AccountIDs.items() if account_id not in gone}
                self._holder.put_item(ACTION_PLAN, plan.Id, msgspec.structs.replace(plan, AccountIDs=members))


def due_at_once(plan: ActionPlan, account_ids: list[str]) -> list[Task]:
    """The tasks of a plan's `*asap` timings, for each of the accounts the heavier first; without accounts one of each."""
    due = sorted((timing for timing in plan.ActionTimings if timing.Timing.StartTime == ASAP), key=_weight)
    if not account_ids:
        return [] if plan.AccountIDs else [Task(plan.Id, timing, "") for timing in due]
    return [Task(plan.Id, timing, account_id) for account_id in account_ids for timing in due]


def _weight(timing: ActionTiming) -> float:
    return -float(timing.Weight)


PARTITIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        DESTINATION: ("*destinations", "*reverse_destinations"),
        TIMING: ("*timings",),
        RATING_PLAN: ("*rating_plans",),
        RATING_PROFILE: ("*rating_profiles",),
        SHARED_GROUP: ("*shared_groups",),
        ACTIONS: ("*actions",),
        ACTION_PLAN: ("*action_plans",),
        ACTION_TRIGGERS: ("*action_triggers",),
        "filter": ("*filters",),
        "attribute_profile": ("*attribute_profiles",),
        "charger_profile": ("*charger_profiles",),
        "resource_profile": ("*resource_profiles", "*resources"),
        "ip_profile": ("*ip_profiles", "*ip_allocations"),
        "stat_queue_profile": ("*statqueue_profiles", "*statqueues"),
        "trend_profile": ("*trend_profiles", "*trends"),
        "ranking_profile": ("*ranking_profiles", "*rankings"),
        "threshold_profile": ("*threshold_profiles", "*thresholds"),
        "route_profile": ("*route_profiles",),
        "dispatcher_profile": ("*dispatcher_profiles",),
        "dispatcher_host": ("*dispatcher_hosts",),
    }
)
"""The cache partitions under whose names clients ask when items of a kind were loaded."""
