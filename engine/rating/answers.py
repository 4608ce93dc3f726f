"""What the rating room answers to commands. None of them changes anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine import commands
from engine.errors import Refusal
from engine.rating.call import CallCost, RatingOptions
from engine.rating.explain import explain_cost
from engine.rating.lookup import plan_infos, profile_key
from engine.rating.query import check_usage, get_cost
from engine.rating.tariff import Tariff

PLAN_CATEGORY: Final = "*rating_plan_cost"  # the category that a plan asked for by name is said to have


class Answers:
    """The room's commands over one tariff."""

    tariff: Tariff
    options: RatingOptions

    def __init__(self, tariff: Tariff, options: RatingOptions) -> None:
        self.tariff = tariff
        self.options = options

    def steps(self) -> dict[type, Callable[[Any, int], object]]:
        """Who answers which command."""
        return {
            commands.GetCost: self.cost,
            commands.GetPlansCost: self.plans_cost,
            commands.ExplainCost: self.explanation,
        }

    def cost(self, command: commands.GetCost, now_ns: int) -> object:
        """The cost of a call, apart from any account."""
        return answer_cost(self.tariff, self.options, command)

    def plans_cost(self, command: commands.GetPlansCost, now_ns: int) -> object:
        """The cost on rating plans by name."""
        return answer_plans_cost(self.tariff, self.options, command)

    def explanation(self, command: commands.ExplainCost, now_ns: int) -> object:
        """Why a call costs what it costs."""
        return explain_cost(self.tariff, command.call, self.options)


def answer_cost(tariff: Tariff, options: RatingOptions, command: commands.GetCost) -> CallCost | Refusal:
    """The cost of a call, apart from any account."""
    return check_usage(command.call, options) or get_cost(tariff, command.call, options)


def answer_plans_cost(tariff: Tariff, options: RatingOptions, command: commands.GetPlansCost) -> tuple[str, CallCost] | Refusal:
    """The first of the plans that prices the call, and what it then costs; the last refusal when none does."""
    refused = Refusal.RATING_PLAN_NOT_FOUND
    for plan_id in command.plan_ids:
        call = command.call.copy()
        infos = plan_infos(tariff, call, plan_id, profile_key(call.tenant, PLAN_CATEGORY, plan_id))
        if isinstance(infos, Refusal):
            refused = infos
            continue
        call.infos = infos
        cost = get_cost(tariff, call, options)
        if isinstance(cost, CallCost):
            return plan_id, cost
        refused = cost
    return refused
