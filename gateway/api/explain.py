"""TollwireV1.ExplainCost: why a described call costs what it costs, and which balances would pay it. The reference has nothing like it."""

from __future__ import annotations

from typing import Final

from engine import commands
from engine.rating.call import Call
from engine.times import SECOND, Moment
from engine.usage import VOICE
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.costs import DEFAULT_CATEGORY, moment, usage_of, zone
from gateway.api.shapes import shape
from gateway.api.table import method

_EXPLAIN: Final = shape(
    "tollwire.ExplainCostArgs",
    "Tenant string; Category string; Subject string; Account string; Destination string; ToR string; AnswerTime string; Usage string;"
    "BalanceFactorID string; DenyNegativeAccount bool; APIOpts map[string]any",
)


def _explain_cost(api: Api, args: Args) -> object:
    """Call, Profiles, Spans and Total (or Refusal and NearMisses), and Debit, which is null where no account is named.

    Without a subject it is the account; without AnswerTime the call begins in this second. RequestError for a time or usage that is none.
    """
    text = args.text("AnswerTime")
    start = moment(api, text) if text else Moment(api.now() // SECOND * SECOND, zone(api))
    account = args.text("Account")
    call = Call(
        api.tenant(args.text("Tenant")),
        args.text("Category") or DEFAULT_CATEGORY,
        args.text("Subject") or account,
        account,
        args.text("Destination"),
        args.text("ToR") or VOICE,
        start.ns,
        start.ns + max(0, usage_of(args.text("Usage"))),
        start.zone,
    )
    call.factor_id = args.text("BalanceFactorID")
    call.deny_negative = args.flag("DenyNegativeAccount")
    tree = api.step(commands.ExplainCost(call))
    assert isinstance(tree, dict), "an explanation is a tree"
    return tree | {"Debit": api.step(commands.ExplainDebit(call)) if account else None}


METHODS: Final = (method("TollwireV1.ExplainCost", _EXPLAIN, _explain_cost, "Usage"),)
