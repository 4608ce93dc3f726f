"""Accounting items of a plan without faults: actions, action plans, action triggers, and what accounts are set to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from engine.actions.book import Action, ActionPlan, Actions, ActionTiming, ActionTrigger, ActionTriggers
from engine.actions.written import action_of, trigger_of
from engine.rating.book import Timing
from engine.tariffplan.cells import read_flag, read_number
from engine.tariffplan.read import Plan
from engine.tariffplan.sheets import BY_NAME
from engine.tariffplan.terms import Terms


class AccountAction(msgspec.Struct, frozen=True):
    """An account as a plan wants it: made if it is not there; its balances stay. Empty names give it nothing."""

    Tenant: str
    Account: str
    ActionPlanId: str = ""
    ActionTriggersId: str = ""
    AllowNegative: bool = False
    Disabled: bool = False

    @property
    def account_id(self) -> str:
        """`<tenant>:<account>`."""
        return f"{self.Tenant}:{self.Account}"


def drawn_id(*parts: str) -> str:
    """An identifier in the text of a UUID, drawn from the load's id and what it is for: the same load draws the same ones."""
    raw = bytearray(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80  # version 8 (RFC 9562): content of our own
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def actions(plan: Plan, known: Mapping[str, Timing]) -> list[Actions]:
    """The sets of actions, each in the order of its rows."""
    sheet = BY_NAME["Actions"]
    names = [column.field for column in sheet.columns]
    found: dict[str, list[Action]] = {}
    for table in plan.of(sheet.name):
        for row in table.cells:
            fields = dict(zip(names, row, strict=False))
            found.setdefault(row[0], []).append(action_of(row[0], fields, known.get, empty_is_given=False))
    return [Actions(tag, tuple(rows)) for tag, rows in found.items()]


def action_plans(plan: Plan, known: Mapping[str, Timing], load_id: str) -> list[ActionPlan]:
    """The action plans, without accounts: those that a plan has already stay with it, new ones come with their account."""
    found: dict[str, list[ActionTiming]] = {}
    for table in plan.of("ActionPlans"):
        for tag, actions_tag, timing_tag, weight in table.cells:
            timings = found.setdefault(tag, [])
            uuid = drawn_id(load_id, "action_plan", tag, str(len(timings)))
            timings.append(ActionTiming(uuid, known[timing_tag], actions_tag, read_number(weight)))
    return [ActionPlan(tag, None, tuple(timings)) for tag, timings in found.items()]


def action_triggers(plan: Plan, known: Mapping[str, Timing], terms: Terms) -> list[ActionTriggers]:
    """The groups of triggers. A trigger without a name of its own gets one."""
    sheet = BY_NAME["ActionTriggers"]
    names = [*(column.field for column in sheet.columns), "MinQueuedItems"]
    zone = terms.zone
    found: dict[str, list[ActionTrigger]] = {}
    for table in plan.of(sheet.name):
        for row in table.cells:
            group = found.setdefault(row[0], [])
            fields = dict(zip(names, row, strict=False))
            if not fields["UniqueID"]:
                fields["UniqueID"] = drawn_id(terms.load_id, "action_triggers", row[0], str(len(group)))
            group.append(trigger_of(row[0], fields, known.get, zone, terms.now_ns))
    return [ActionTriggers(tag, tuple(rows)) for tag, rows in found.items()]


def account_actions(plan: Plan) -> list[AccountAction]:
    """What accounts are set to, in the order of the rows."""
    return [
        AccountAction(tenant, account, action_plan, triggers, read_flag(negative), read_flag(disabled))
        for table in plan.of("AccountActions")
        for tenant, account, action_plan, triggers, negative, disabled in table.cells
    ]
