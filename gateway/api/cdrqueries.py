"""Asking for stored records: the filter of the record methods, records in the forms that clients know, counts, costs, removal.

An answer holds at most MAX_CDRS_PER_ANSWER records: a request that finds more, up to its limit, is refused, so that nobody takes a part
for the whole. Who wants more asks page by page (`OrderIDStart` in ExtraArgs, the order ID of the last record plus one).
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Final, TypeVar, cast

import msgspec

from engine import commands
from engine.errors import RequestError, not_found, server_error
from engine.event import usage_of
from engine.limits import QUERY_PAGE_RECORDS
from engine.money import amount_json, amount_of
from engine.rating.packing import cost_json
from engine.records import CdrPut
from engine.storage.ports import CdrStore, StorageRefused
from engine.storage.query import CdrOrder, CdrQuery
from engine.times import ZERO_TIME, fixed_zone, format_time, parse_time, zone_of
from engine.usage import VOICE, format_duration
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.limits import MAX_CDRS_PER_ANSWER
from gateway.api.paging import in_turns
from gateway.api.shapes import PAGINATOR, shape
from gateway.api.table import method

Answer = TypeVar("Answer")

STORE: Final = "cdrs"  # the name under which Api.rooms has the record store
UNAVAILABLE: Final = "storage unavailable, try again later"
DEFAULT_RUN: Final = "*default"
_NO_TIME: Final = "0001-01-01T00:00:00Z"

_QUERY_LISTS: Final = {
    "CGRIDs": "cgrids",
    "RunIDs": "run_ids",
    "OriginIDs": "origin_ids",
    "OriginHosts": "origin_hosts",
    "Sources": "sources",
    "ToRs": "tors",
    "RequestTypes": "request_types",
    "Tenants": "tenants",
    "Categories": "categories",
    "Accounts": "accounts",
    "Subjects": "subjects",
    "DestinationPrefixes": "destination_prefixes",
}
_QUERY_TIMES: Final = {"SetupTime": "setup", "AnswerTime": "answer", "CreatedAt": "created", "UpdatedAt": "updated"}
_FILTER_TEXT: Final = ";".join(
    [f"{name} []string; Not{name} []string" for name in _QUERY_LISTS]
    + [f"{name}Start string; {name}End string" for name in _QUERY_TIMES]
    + ["Costs []float64; NotCosts []float64; ExtraFields map[string]string; NotExtraFields map[string]string"]
    + ["MinUsage string; MaxUsage string; OrderBy string; ExtraArgs map[string]any; utils.Paginator; APIOpts map[string]any; Tenant string"]
)
FILTER: Final = shape("utils.RPCCDRsFilter", _FILTER_TEXT, PAGINATOR)

# The filter of APIerSv1.GetCDRs, older than the other: its own names for lists, and the answer's time alone.
_OLD_LISTS: Final = {
    "CgrIds": "cgrids",
    "MediationRunIds": "run_ids",
    "TORs": "tors",
    "CdrHosts": "origin_hosts",
    "CdrSources": "sources",
    "ReqTypes": "request_types",
    "Tenants": "tenants",
    "Categories": "categories",
    "Accounts": "accounts",
    "Subjects": "subjects",
    "DestinationPrefixes": "destination_prefixes",
}
_OLD_FILTER: Final = shape(
    "utils.AttrGetCdrs",
    ";".join(f"{name} []string" for name in _OLD_LISTS)
    + ";RatedAccounts []string; RatedSubjects []string; OrderIdStart *int64; OrderIdEnd *int64; TimeStart string; TimeEnd string;"
    "SkipErrors bool; SkipRated bool; SkipDerived bool; utils.Paginator; APIOpts map[string]any; Tenant string",
    PAGINATOR,
)
_EXPORT: Final = shape("v1.ArgExportCDRs", "ExporterIDs []string; Verbose bool; utils.RPCCDRsFilter", FILTER)
_EVENT_COST: Final = shape("utils.AttrGetCallCost", "CgrId string; RunId string")


# -- filters -------------------------------------------------------------------------------------------------------------


def query_of(api: Api, args: Args) -> CdrQuery:
    """The filter of a call as the store takes it. RequestError where a time, a usage, a number or an order is none.

    Ends of times and usages belong to what is asked for (recorded); ends of costs and order IDs do not.
    """
    conditions: dict[str, object] = {}
    for name, field in _QUERY_LISTS.items():
        conditions[field] = tuple(args.texts(name) or ())
        conditions[f"not_{field}"] = tuple(args.texts(f"Not{name}") or ())
    for name, field in (("ExtraFields", "extra_fields"), ("NotExtraFields", "not_extra_fields")):
        conditions[field] = tuple((args.mapping(name) or {}).items())
    try:
        for name, field in _QUERY_TIMES.items():
            conditions |= _times(api, field, args.text(f"{name}Start"), args.text(f"{name}End"))
        if args.text("MinUsage"):
            conditions["min_usage"] = usage_of(args.text("MinUsage"))
        if args.text("MaxUsage"):
            conditions["max_usage"] = usage_of(args.text("MaxUsage")) + 1
        conditions["costs"] = tuple(amount_of(cost) for cost in _numbers(args, "Costs"))
        conditions["not_costs"] = tuple(amount_of(cost) for cost in _numbers(args, "NotCosts"))
        conditions |= _extra(args.mapping("ExtraArgs") or {})
    except ValueError as fault:
        raise server_error(str(fault)) from None
    order, _, direction = args.text("OrderBy").partition(";")
    if order:
        known = {one.value.lower(): one for one in CdrOrder}
        if order.lower() not in known:
            raise server_error(f"Invalid value : {order}")
        conditions["order_by"] = known[order.lower()]
        conditions["descending"] = direction == "desc"
    return msgspec.convert(conditions | _page(args), CdrQuery)


def _old_query_of(api: Api, args: Args) -> CdrQuery:
    conditions: dict[str, object] = {field: tuple(args.texts(name) or ()) for name, field in _OLD_LISTS.items()}
    try:
        conditions |= _times(api, "answer", args.text("TimeStart"), args.text("TimeEnd"))
    except ValueError as fault:
        raise server_error(str(fault)) from None
    conditions["order_id_start"] = args.integer_or_none("OrderIdStart")
    conditions["order_id_end"] = args.integer_or_none("OrderIdEnd")
    if args.flag("SkipRated"):
        conditions["max_cost"] = amount_of(-1)
    elif args.flag("SkipErrors"):
        conditions |= {"min_cost": 0, "max_cost": amount_of(-1)}
    return msgspec.convert(conditions | _page(args), CdrQuery)


def _page(args: Args) -> dict[str, object]:
    limit = args.integer_or_none("Limit")
    return {"limit": None if limit is None or limit < 0 else limit, "offset": max(args.integer_or_none("Offset") or 0, 0)}


def _times(api: Api, field: str, start: str, end: str) -> dict[str, object]:
    zone = zone_of(api.options.default_timezone)
    found: dict[str, object] = {}
    if start:
        found[f"{field}_start"] = parse_time(start, zone, api.now()).ns
    if end:
        found[f"{field}_end"] = parse_time(end, zone, api.now()).ns + 1
    return found


def _extra(extra: dict[str, object]) -> dict[str, object]:
    """Conditions of the map ExtraArgs. ValueError where one is none."""
    found: dict[str, object] = {}
    for name, field in (("MinCost", "min_cost"), ("MaxCost", "max_cost")):
        if extra.get(name) is not None:
            found[field] = amount_of(extra[name])
    for name, field in (("OrderIDStart", "order_id_start"), ("OrderIDEnd", "order_id_end")):
        value = extra.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{name} is no whole number")
        found[field] = value
    return found


def _numbers(args: Args, name: str) -> list[int | Decimal]:
    value = args[name]
    return value if isinstance(value, list) else []


# -- shapes of answers ---------------------------------------------------------------------------------------------------


def _time(at_ns: int, offset: int) -> str:
    return format_time(at_ns, fixed_zone(offset)) if at_ns != ZERO_TIME else _NO_TIME


def _common(cdr: CdrPut) -> dict[str, object]:
    cost = cdr.cost_amount
    return {
        "CGRID": cdr.cgrid,
        "RunID": cdr.run_id,
        "OrderID": cdr.order_id,
        "OriginHost": cdr.origin_host,
        "Source": cdr.source,
        "OriginID": cdr.origin_id,
        "ToR": cdr.tor,
        "RequestType": cdr.request_type,
        "Tenant": cdr.tenant,
        "Category": cdr.category,
        "Account": cdr.account,
        "Subject": cdr.subject,
        "Destination": cdr.destination,
        "SetupTime": _time(cdr.setup_ns, cdr.setup_offset),
        "AnswerTime": _time(cdr.answer_ns, cdr.answer_offset),
        "ExtraFields": msgspec.Raw(cdr.extra_fields),
        "CostSource": cdr.cost_source,
        "Cost": -1 if cost is None else amount_json(cost),
        "ExtraInfo": cdr.extra_info,
        "PreRated": cdr.pre_rated,
    }


def _details(cdr: CdrPut) -> bytes:
    """The explained cost of a record as JSON; null without one."""
    if not cdr.cost_details:
        return b"null"
    return cost_json(cdr.cost_details, cdr.cgrid, cdr.run_id, usage_untold=cdr.usage_untold)


def external_cdr(cdr: CdrPut) -> dict[str, object]:
    """A record as APIerSv2.GetCDRs writes it: usage and cost details as text."""
    usage = format_duration(cdr.usage_ns) if cdr.tor == VOICE else str(cdr.usage_ns)
    return _common(cdr) | {"Usage": usage, "CostDetails": _details(cdr).decode()}


def plain_cdr(cdr: CdrPut) -> dict[str, object]:
    """A record as CDRsV1.GetCDRs writes it: usage in ns, cost details as an object."""
    return _common(cdr) | {"Usage": cdr.usage_ns, "Partial": cdr.partial, "CostDetails": msgspec.Raw(_details(cdr))}


# -- methods -------------------------------------------------------------------------------------------------------------


def store_of(api: Api) -> CdrStore:
    """The record store."""
    return cast("CdrStore", api.rooms[STORE])


async def asked(answer: Awaitable[Answer]) -> Answer:
    """What the store answers. RequestError while its disk fails."""
    try:
        return await answer
    except StorageRefused:
        raise server_error(UNAVAILABLE) from None


async def pages_of(api: Api, query: CdrQuery) -> AsyncIterator[list[CdrPut]]:
    """Records in pages, by order ID. RequestError while the disk fails."""
    try:
        async for page in store_of(api).pages(query):
            yield page
    except StorageRefused:
        raise server_error(UNAVAILABLE) from None


async def _answer(api: Api, query: CdrQuery, written: Callable[[CdrPut], dict[str, object]]) -> list[msgspec.Raw]:
    """The records of a query, each as JSON already, with the loop let go now and then."""
    bound = MAX_CDRS_PER_ANSWER + 1 if query.limit is None else min(query.limit, MAX_CDRS_PER_ANSWER + 1)
    found = await asked(store_of(api).query(msgspec.structs.replace(query, limit=bound)))
    if len(found) > MAX_CDRS_PER_ANSWER:
        raise server_error(f"more than {MAX_CDRS_PER_ANSWER} records: ask with a Limit, page by page")
    return await in_turns(found, written)


async def _get_external(api: Api, args: Args) -> object:
    answer = await _answer(api, query_of(api, args), external_cdr)
    if not answer:
        raise not_found()
    return answer


async def _get_old(api: Api, args: Args) -> object:
    answer = await _answer(api, _old_query_of(api, args), external_cdr)
    if not answer:
        raise not_found()
    return answer


async def _get_plain(api: Api, args: Args) -> object:
    answer = await _answer(api, query_of(api, args), plain_cdr)
    if not answer:
        raise server_error("NOT_FOUND")
    return answer


async def _count(api: Api, args: Args) -> object:
    return await asked(store_of(api).count(query_of(api, args)))


async def _event_cost(api: Api, args: Args) -> object:
    query = CdrQuery(cgrids=(args.text("CgrId"),), run_ids=(args.text("RunId") or DEFAULT_RUN,), limit=1)
    found = await asked(store_of(api).query(query))
    if not found or not found[0].cost_details:
        raise not_found()
    return msgspec.Raw(_details(found[0]))


async def _remove(api: Api, args: Args) -> object:
    """First all are found, then all are removed: what was begun is brought to its end, whatever the disk does."""
    found = array("q")
    async for page in pages_of(api, query_of(api, args)):
        found.extend(cdr.order_id for cdr in page)
    if not found:
        raise server_error("NOT_FOUND")
    api.step(commands.RemoveCdrs(list(found[:QUERY_PAGE_RECORDS])))
    for start in range(QUERY_PAGE_RECORDS, len(found), QUERY_PAGE_RECORDS):
        await asyncio.sleep(0)
        await api.go_on(commands.RemoveCdrs(list(found[start : start + QUERY_PAGE_RECORDS])))
    return "OK"


def _export(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    """Exporters are not built: there is none to be connected to."""
    raise RequestError("NOT_CONNECTED: EEs")


METHODS: Final = (
    method("APIerSv1.ExportCDRs", _EXPORT, _export),
    method("APIerSv1.GetCDRs", _OLD_FILTER, _get_old),
    method("APIerSv1.GetEventCost", _EVENT_COST, _event_cost, "CgrId"),
    method("APIerSv1.RemoveCDRs", FILTER, _remove),
    method("APIerSv2.GetCDRs", FILTER, _get_external),
    method("APIerSv2.CountCDRs", FILTER, _count),
    method("CDRsV1.GetCDRs", FILTER, _get_plain),
    method("CDRsV1.GetCDRsCount", FILTER, _count),
)
