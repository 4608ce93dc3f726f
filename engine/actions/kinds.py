"""The kinds of this room; their items are tenant-less and have the ID that the operator gave them."""

from __future__ import annotations

from typing import Final

from engine.actions.book import ActionPlan, Actions, ActionTriggers
from engine.profiles.kind import Kind

ACTIONS: Final = "actions"
ACTION_PLAN: Final = "action_plan"
ACTION_TRIGGERS: Final = "action_triggers"

KINDS: Final = (
    Kind(ACTIONS, Actions, tenant=False),
    Kind(ACTION_PLAN, ActionPlan, tenant=False),
    Kind(ACTION_TRIGGERS, ActionTriggers, tenant=False),
)
