"""The scheduler: which timing is due next, and its runs.

What operators wrote are action plans; what the scheduler remembers are Run items (one a timing: so a run that was missed while the
engine was down is made up for, once) and Task items (what `*asap` timings want done). Both change in the steps that change accounts,
so that nothing is done twice and nothing is lost. A plan that changes counts from the next reload on.

A step runs at most MAX_SCHEDULED_PER_STEP sets; `next_at` then says that more is due at once.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from engine.actions.book import ActionPlan, Actions, ActionTiming, Run, Task
from engine.actions.kinds import ACTION_PLAN, ACTIONS, RUN, TASK
from engine.actions.plans import is_asap, next_run
from engine.actions.run import TABLE, Runner
from engine.actions.running import Failed
from engine.actions.work import House
from engine.effects import ActionsFailed
from engine.errors import RequestError, not_found
from engine.event import Event
from engine.limits import MAX_RUNS_BY_HAND, MAX_SCHEDULED_PER_STEP
from engine.money import parse_amount
from engine.times import SECOND

PARTLY = "PARTIALLY_EXECUTED"


Due = tuple[int, str, ActionTiming, int]
"""A timing in the queue: when it runs next (ns), its plan, the timing, and of how many accounts."""


class Schedule:
    """`enabled` is whether anything runs by itself; the process switches it."""

    house: House
    runner: Runner
    enabled: bool
    _queue: list[tuple[int, int, str, str]]  # (second, weight with a minus, plan, uuid of the timing)
    _tasks: deque[str]

    def __init__(self, house: House, runner: Runner) -> None:
        self.house = house
        self.runner = runner
        self.enabled = True
        self._queue = []
        self._tasks = deque()

    # -- what is due ---------------------------------------------------------------------------------------------------

    def next_at(self, now_ns: int) -> int | None:
        """When `run_due` is to be called next; None when nothing will be due."""
        if not self.enabled:
            return None
        if self._tasks:
            return now_ns
        return self._queue[0][0] * SECOND if self._queue else None

    def due(self) -> list[Due]:
        """The queue, the next first."""
        found: list[Due] = []
        for second, _, plan_id, uuid in sorted(self._queue):
            plan, timing = self._timing(plan_id, uuid)
            if plan is not None and timing is not None:
                found.append((second * SECOND, plan_id, timing, len(plan.AccountIDs or ())))
        return found

    def reload(self, now_ns: int) -> None:
        """Takes up plans and tasks as they are now."""
        self._tasks = deque(sorted(self.house.items.ids(TASK)))
        self._queue = []
        known: set[str] = set()
        for plan in list(self.house.items.all(ACTION_PLAN).values()):
            assert isinstance(plan, ActionPlan), "a plan is stored as a plan"
            for timing in plan.ActionTimings:
                if not is_asap(timing.Timing):
                    known.add(timing.Uuid)
                    self._enqueue(plan.Id, timing, self._run_of(timing.Uuid, now_ns))
        for uuid in self.house.items.ids(RUN):
            if uuid not in known:
                self.house.remove_item(RUN, uuid)

    def _run_of(self, uuid: str, now_ns: int) -> Run:
        run = self.house.items.get(RUN, uuid)
        if isinstance(run, Run):
            return run
        run = Run(uuid, now_ns // SECOND, now_ns // SECOND)
        self.house.put_item(RUN, uuid, run)
        return run

    def _enqueue(self, plan_id: str, timing: ActionTiming, run: Run) -> None:
        second = run.Due
        if second is None:
            due_ns = next_run(timing.Timing, self.house.options.zone, run.Last * SECOND, run.Since * SECOND)
            if due_ns is None:
                return
            second = due_ns // SECOND
        heapq.heappush(self._queue, (second, -parse_amount(timing.Weight), plan_id, timing.Uuid))

    def _timing(self, plan_id: str, uuid: str) -> tuple[ActionPlan | None, ActionTiming | None]:
        plan = self.house.items.get(ACTION_PLAN, plan_id)
        if not isinstance(plan, ActionPlan):
            return None, None
        return plan, next((timing for timing in plan.ActionTimings if timing.Uuid == uuid), None)

    # -- runs ----------------------------------------------------------------------------------------------------------

    def run_due(self, now_ns: int) -> None:
        """Runs what is due: tasks first, then timings in the order of the queue."""
        budget = MAX_SCHEDULED_PER_STEP
        while self.enabled and self._tasks and budget > 0:
            budget -= 1
            self._run_task(self._tasks.popleft(), now_ns)
        while self.enabled and self._queue and self._queue[0][0] * SECOND <= now_ns and budget > 0:
            second, _, plan_id, uuid = heapq.heappop(self._queue)
            budget -= self._run_timing(plan_id, uuid, second, budget, now_ns)

    def _run_task(self, task_id: str, now_ns: int) -> None:
        task = self.house.items.get(TASK, task_id)
        if isinstance(task, Task) and self._is_wanted(task.AccountID, task.ActionsID, task_id, now_ns):
            self.house.remove_item(TASK, task_id)
            self._run_set(task.AccountID, task.ActionsID, task_id, now_ns)

    def _run_timing(self, plan_id: str, uuid: str, second: int, budget: int, now_ns: int) -> int:
        """Runs as much of a timing as the budget allows; answers what it took of it."""
        plan, timing = self._timing(plan_id, uuid)
        if plan is None or timing is None:
            return 0
        run = self._run_of(uuid, now_ns)
        account_ids = _members(plan)
        if not account_ids and self._is_wanted("", timing.ActionsID, uuid, now_ns):
            self._run_set("", timing.ActionsID, uuid, now_ns)
        waiting = [account_id for account_id in account_ids if run.Due is None or account_id > run.After]
        for account_id in waiting[:budget]:
            if self._is_wanted(account_id, timing.ActionsID, uuid, now_ns):
                self._run_set(account_id, timing.ActionsID, uuid, now_ns)
        if len(waiting) > budget:
            run = msgspec.structs.replace(run, Due=second, After=waiting[budget - 1])
        else:
            run = msgspec.structs.replace(run, Last=max(second, now_ns // SECOND), Due=None, After="")
        self.house.put_item(RUN, uuid, run)
        if run.Due is not None or self._can_run(timing.ActionsID):
            self._enqueue(plan_id, timing, run)
        return min(budget, max(1, len(waiting)))

    def _can_run(self, actions_id: str) -> bool:
        """False for a set with an action that nobody knows: its timing rests until the next reload."""
        actions = self.house.items.get(ACTIONS, actions_id)
        return not isinstance(actions, Actions) or all(one.ActionType in TABLE for one in actions.Actions)

    def _is_wanted(self, account_id: str, actions_id: str, uuid: str, now_ns: int) -> bool:
        """Whether the run passes schedulers.filters. What does not is left out; a task waits for a reload at which it does."""
        wanted, filters = self.house.options.scheduler_filters, self.house.filters
        if not wanted:
            return True
        tenant, _, name = account_id.partition(":")
        fields: dict[str, object] = {"AccountID": account_id, "Tenant": tenant, "Account": name, "ActionsID": actions_id, "UUID": uuid}
        home = self.house.options.default_tenant
        try:
            return filters.matches(home, wanted, filters.view(Event(tenant or home, "", fields, {}), now_ns), now_ns)
        except RequestError as fault:
            self.runner.direct.effect(ActionsFailed(account_id, actions_id, "", f"schedulers.filters: {fault.text}"))
            return False

    def _run_set(self, account_id: str, actions_id: str, cause_id: str, now_ns: int) -> None:
        """Runs one set; nobody waits for it, so a failure is told to the operator."""
        try:
            self.execute(account_id, actions_id, cause_id, now_ns)
        except (Failed, RequestError) as fault:
            self.runner.direct.effect(ActionsFailed(account_id, actions_id, "", str(fault)))

    def execute(self, account_id: str, actions_id: str, cause_id: str, now_ns: int) -> None:
        """Runs a stored set, all or nothing. NOT_FOUND when there is no such set, Failed when an action fails."""
        actions = self.house.items.get(ACTIONS, actions_id)
        if not isinstance(actions, Actions):
            raise not_found()
        self.runner.execute(account_id, actions.Actions, now_ns, cause_id)

    # -- by hand -------------------------------------------------------------------------------------------------------

    def queue_task(self, account_id: str, actions_id: str, now_ns: int) -> None:
        """Has the set run when the scheduler is reloaded next."""
        task_id = f"{now_ns:020d}-{len(self.house.items.all(TASK)):06d}-{self.house.ids.uuid()}"
        self.house.put_item(TASK, task_id, Task(task_id, account_id, actions_id))

    def run_plans(self, plan_ids: Iterable[str], account_id: str, now_ns: int) -> None:
        """Runs all timings of these plans now: for the account, or without one for the accounts of each plan. NOT_FOUND when a plan is
        not there: then none has run. PARTIALLY_EXECUTED when a set failed: the others have run."""
        plans = [self.house.items.get(ACTION_PLAN, plan_id) for plan_id in plan_ids]
        found = [plan for plan in plans if isinstance(plan, ActionPlan)]
        if len(found) != len(plans):
            raise not_found()
        failed = False
        for plan in found:
            for timing in sorted(plan.ActionTimings, key=_weight):
                failed |= self._run_for([account_id] if account_id else _members(plan) or [""], timing, now_ns)
        if failed:
            raise RequestError(PARTLY)

    def _run_for(self, account_ids: Sequence[str], timing: ActionTiming, now_ns: int) -> bool:
        """Runs a timing's set for accounts; True when one failed."""
        failed = False
        for account_id in account_ids:
            try:
                self.execute(account_id, timing.ActionsID, timing.Uuid, now_ns)
            except (Failed, RequestError) as fault:
                self.runner.direct.effect(ActionsFailed(account_id, timing.ActionsID, "", str(fault)))
                failed = True
        return failed

    def run_between(self, from_ns: int, to_ns: int, now_ns: int) -> None:
        """Runs what the queue would run from one instant to another, now."""
        left = MAX_RUNS_BY_HAND
        ahead: list[tuple[int, int, str, str]] = []
        for _, weight, plan_id, uuid in self._queue:
            self._push(ahead, plan_id, uuid, weight, from_ns - SECOND)
        while ahead and ahead[0][0] <= to_ns and left > 0:
            at_ns, weight, plan_id, uuid = heapq.heappop(ahead)
            plan, timing = self._timing(plan_id, uuid)
            if plan is not None and timing is not None:
                left -= 1
                self._run_for(_members(plan) or [""], timing, now_ns)
                self._push(ahead, plan_id, uuid, weight, at_ns)

    def _push(self, ahead: list[tuple[int, int, str, str]], plan_id: str, uuid: str, weight: int, after_ns: int) -> None:
        _, timing = self._timing(plan_id, uuid)
        if timing is not None:
            due_ns = next_run(timing.Timing, self.house.options.zone, after_ns, after_ns)
            if due_ns is not None:
                heapq.heappush(ahead, (due_ns, weight, plan_id, uuid))


def _members(plan: ActionPlan) -> list[str]:
    """The accounts of a plan, sorted."""
    return sorted(account_id for account_id, member in (plan.AccountIDs or {}).items() if member)


def _weight(timing: ActionTiming) -> int:
    return -parse_amount(timing.Weight)
