"""The kinds of this room; their items are tenant-less and have the ID that the operator gave them."""

from __future__ import annotations

from typing import Final

from engine.actions.book import AccountPlans, ActionPlan, Actions, ActionTriggers, Run, Task
from engine.profiles.kind import Kind

ACTIONS: Final = "actions"
ACTION_PLAN: Final = "action_plan"
ACTION_TRIGGERS: Final = "action_triggers"
ACCOUNT_PLANS: Final = "account_plans"
TASK: Final = "action_task"
RUN: Final = "action_run"

KINDS: Final = (
    Kind(ACTIONS, Actions, tenant=False),
    Kind(ACTION_PLAN, ActionPlan, tenant=False),
    Kind(ACTION_TRIGGERS, ActionTriggers, tenant=False),
    Kind(ACCOUNT_PLANS, AccountPlans, tenant=False),
    Kind(TASK, Task, tenant=False),
    Kind(RUN, Run, tenant=False),
)
