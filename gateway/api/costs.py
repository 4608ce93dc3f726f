"""Cost queries, which touch no account: by event, by described call, by octets, on rating plans."""

from __future__ import annotations

from typing import Final

import msgspec

from engine import commands
from engine.errors import Refusal, RequestError, server_error
from engine.money import amount_json, amount_of
from engine.rating.call import Call, CallCost
from engine.rating.cost import EventCost
from engine.times import Moment, Zone, parse_time, zone_of
from engine.usage import DATA, parse_duration
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.costquery import COST_QUERY, CostQuery, read_cost_query
from gateway.api.shapes import shape
from gateway.api.table import method

DEFAULT_CATEGORY: Final = "call"

_DATA_COST: Final = shape(
    "v1.AttrGetDataCost",
    "Tenant string; Category string; Subject string; AnswerTime string; Usage time.Duration; Opts map[string]any",
)
_DESCRIPTOR: Final = shape(
    "engine.CallDescriptorWithAPIOpts",
    "Category string; Tenant string; Subject string; Account string; Destination string; TimeStart time.Time; TimeEnd time.Time;"
    "LoopIndex float64; DurationIndex time.Duration; ToR string; MaxCostSoFar float64; APIOpts map[string]any",
)
_ON_PLANS: Final = shape(
    "utils.GetCostOnRatingPlansArgs",
    "Tenant string; Account string; Subject string; Destination string; SetupTime time.Time; Usage time.Duration;"
    "RatingPlanIDs []string; APIOpts map[string]any",
)
_PLANS: Final = shape(
    "utils.RatingPlanCostArg",
    "RatingPlanIDs []string; Destination string; SetupTime string; Usage string; APIOpts map[string]any",
)


def call_cost_data(cost: CallCost) -> dict[str, object]:
    """The CallCost that the Responder answers."""
    return cost.to_data()


def event_cost_json(cost: CallCost, cgrid: str = "") -> msgspec.Raw:
    """The EventCost of a query: its cost is the sum of its increments, neither rounded nor limited."""
    no_length = len(cost.spans) == 1 and cost.spans[0].increments is None
    return msgspec.Raw(EventCost.of(cost, cgrid, "").to_json(question=no_length))


def _call(api: Api, args: Args, start: Moment, usage_ns: int, tor: str) -> Call:
    return Call(
        api.tenant(args.text("Tenant")),
        args.text("Category") or DEFAULT_CATEGORY,
        args.text("Subject"),
        "",
        args.text("Destination") if "Destination" in args else "",
        tor,
        start.ns,
        start.ns + usage_ns,
        start.zone,
    )


def _cost(api: Api, call: Call) -> CallCost | Refusal:
    result = api.step(commands.GetCost(call))
    if isinstance(result, CallCost):
        return result
    assert isinstance(result, Refusal), "a cost query answers a cost or a refusal"
    return result


def _cost_or_server_error(api: Api, call: Call) -> CallCost:
    cost = _cost(api, call)
    if not isinstance(cost, CallCost):
        raise server_error(cost.value)
    return cost


def zone(api: Api) -> Zone:
    """The clock of times that are written without an offset."""
    return zone_of(api.options.default_timezone)


def moment(api: Api, text: str) -> Moment:
    """An instant as clients write it. RequestError when it is none."""
    try:
        return parse_time(text, zone(api), api.now())
    except ValueError as fault:
        raise RequestError(str(fault)) from None


def usage_of(text: str) -> int:
    """A usage as clients write it, in ns. RequestError when it is none."""
    try:
        return parse_duration(text)
    except ValueError as fault:
        raise RequestError(str(fault)) from None


def _get_cost(api: Api, query: CostQuery) -> object:
    usage_ns = usage_of(query.Usage)
    start = moment(api, query.AnswerTime)
    tenant, category = api.tenant(query.Tenant), query.Category or DEFAULT_CATEGORY
    call = Call(tenant, category, query.Subject, "", query.Destination, "", start.ns, start.ns + usage_ns, start.zone)
    return event_cost_json(_cost_or_server_error(api, call))


def _get_data_cost(api: Api, args: Args) -> object:
    start = moment(api, args.text("AnswerTime"))
    return _cost_or_server_error(api, _call(api, args, start, args.integer("Usage"), DATA)).to_octets_data()


def _responder_get_cost(api: Api, args: Args) -> object:
    start = moment(api, args.text("TimeStart"))
    end = moment(api, args.text("TimeEnd"))
    call = _call(api, args, start, end.ns - start.ns, args.text("ToR"))
    call.account = args.text("Account")
    call.subject = call.subject or call.account
    call.duration_index_ns = args.integer("DurationIndex")
    call.loop_index = int(args.number("LoopIndex"))
    call.max_cost_so_far = amount_of(args.number("MaxCostSoFar"))
    cost = _cost(api, call)
    if isinstance(cost, Refusal):
        raise RequestError(cost.value)
    return call_cost_data(cost)


def _plans_call(api: Api, args: Args, start: Moment, usage_ns: int) -> Call:
    tenant = api.tenant(args.text("Tenant") if "Tenant" in args else "")
    subject = args.text("Subject") if "Subject" in args else ""
    return Call(tenant, DEFAULT_CATEGORY, subject, "", args.text("Destination"), "", start.ns, start.ns + usage_ns, start.zone)


def _on_rating_plans(api: Api, args: Args) -> object:
    """The first plan's refusal is the answer: the others are not tried (recorded: costs/11)."""
    plan_ids = (args.texts("RatingPlanIDs") or [])[:1]
    if not plan_ids:
        return {}
    call = _plans_call(api, args, moment(api, args.text("SetupTime")), args.integer("Usage"))
    result = api.step(commands.GetPlansCost(call, plan_ids))
    if isinstance(result, Refusal):
        raise RequestError(Refusal.UNAUTHORIZED_DESTINATION.value)
    assert isinstance(result, tuple), "a plan and its cost"
    return {"Cost": amount_json(result[1].cost), "RatingPlanID": result[0]}


def _rating_plans_cost(api: Api, args: Args) -> object:
    start = moment(api, args.text("SetupTime"))
    usage_ns = usage_of(args.text("Usage"))
    result = api.step(commands.GetPlansCost(_plans_call(api, args, start, usage_ns), args.texts("RatingPlanIDs") or []))
    if isinstance(result, Refusal):
        return {"EventCost": None, "RatingPlanID": ""}
    assert isinstance(result, tuple), "a plan and its cost"
    return {"EventCost": event_cost_json(result[1]), "RatingPlanID": result[0]}


METHODS: Final = (
    method("APIerSv1.GetCost", COST_QUERY, _get_cost, reader=read_cost_query),
    method("APIerSv1.GetDataCost", _DATA_COST, _get_data_cost),
    method("Responder.GetCost", _DESCRIPTOR, _responder_get_cost),
    method("Responder.GetCostOnRatingPlans", _ON_PLANS, _on_rating_plans),
    method("RALsV1.GetRatingPlansCost", _PLANS, _rating_plans_cost, "RatingPlanIDs Destination SetupTime Usage"),
)
