"""CDRsV1, CDRsV2 and the record methods of APIerSv1 and APIerSv2: making records, asking for them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, cast

import msgspec

from engine import commands
from engine.errors import RequestError, not_found, server_error
from engine.event import Event, usage_of
from engine.money import amount_json, amount_of
from engine.records import CdrPut
from engine.storage.ports import CdrStore
from engine.storage.query import CdrOrder, CdrQuery
from engine.times import ZERO_TIME, Zone, fixed_zone, format_time, parse_time, zone_of
from engine.usage import DATA, GENERIC, MMS, SMS, format_duration
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.sessions import event_of
from gateway.api.shapes import EVENT, PAGINATOR, shape
from gateway.api.table import method

STORE: Final = "cdrs"  # the name under which Api.rooms has the record store
_COUNTED: Final = (DATA, SMS, MMS, GENERIC)  # usage of these is shown as a number

_LISTS: Final = (
    "CGRIDs RunIDs OriginIDs OriginHosts Sources ToRs RequestTypes Tenants Categories Accounts Subjects DestinationPrefixes".split()
)
_TIMES: Final = "SetupTimeStart SetupTimeEnd AnswerTimeStart AnswerTimeEnd CreatedAtStart CreatedAtEnd UpdatedAtStart UpdatedAtEnd".split()
_FILTER_TEXT: Final = ";".join(
    [f"{name} []string; Not{name} []string" for name in _LISTS]
    + [f"{name} string" for name in _TIMES]
    + ["Costs []float64; NotCosts []float64; ExtraFields map[string]string; NotExtraFields map[string]string"]
    + ["MinUsage string; MaxUsage string; OrderBy string; ExtraArgs map[string]any; utils.Paginator; APIOpts map[string]any; Tenant string"]
)
_FILTER: Final = shape("utils.RPCCDRsFilter", _FILTER_TEXT, PAGINATOR)
_EXTERNAL: Final = shape(
    "engine.ExternalCDRWithAPIOpts",
    "CGRID string; RunID string; OriginHost string; Source string; OriginID string; ToR string; RequestType string; Tenant string;"
    "Category string; Account string; Subject string; Destination string; SetupTime string; AnswerTime string; Usage string;"
    "ExtraFields map[string]string; CostSource string; Cost float64; CostDetails string; ExtraInfo string; PreRated bool;"
    "APIOpts map[string]any",
)
_PROCESS: Final = shape("engine.ArgV1ProcessEvent", "Flags []string; ?utils.CGREvent", EVENT)

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
_QUERY_TIMES: Final = {
    "SetupTimeStart": "setup_start",
    "SetupTimeEnd": "setup_end",
    "AnswerTimeStart": "answer_start",
    "AnswerTimeEnd": "answer_end",
    "CreatedAtStart": "created_start",
    "CreatedAtEnd": "created_end",
    "UpdatedAtStart": "updated_start",
    "UpdatedAtEnd": "updated_end",
}


def query_of(api: Api, args: Args) -> CdrQuery:
    """The filter of a call as the store takes it. RequestError where a time, usage or order is none."""
    conditions: dict[str, object] = {}
    for name, field in _QUERY_LISTS.items():
        conditions[field] = tuple(args.texts(name) or ())
        conditions[f"not_{field}"] = tuple(args.texts(f"Not{name}") or ())
    zone = zone_of(api.options.default_timezone)
    try:
        for name, field in _QUERY_TIMES.items():
            if args.text(name):
                conditions[field] = parse_time(args.text(name), zone, api.now()).ns
        for name, field in (("MinUsage", "min_usage"), ("MaxUsage", "max_usage")):
            if args.text(name):
                conditions[field] = usage_of(args.text(name))
    except ValueError as fault:
        raise server_error(str(fault)) from None
    conditions["costs"] = tuple(amount_of(cost) for cost in _numbers(args, "Costs"))
    conditions["not_costs"] = tuple(amount_of(cost) for cost in _numbers(args, "NotCosts"))
    for name, field in (("ExtraFields", "extra_fields"), ("NotExtraFields", "not_extra_fields")):
        conditions[field] = tuple((args.mapping(name) or {}).items())
    _extra_conditions(args.mapping("ExtraArgs") or {}, conditions)
    order, _, direction = args.text("OrderBy").partition(";")
    if order:
        known = {one.value.lower(): one for one in CdrOrder}
        if order.lower() not in known:
            raise server_error(f"Invalid value : {order}")
        conditions["order_by"] = known[order.lower()]
        conditions["descending"] = direction == "desc"
    limit = args.integer_or_none("Limit")
    conditions["limit"] = None if limit is None or limit < 0 else limit
    conditions["offset"] = max(args.integer_or_none("Offset") or 0, 0)
    return msgspec.convert(conditions, CdrQuery)


def _extra_conditions(extra: dict[str, object], conditions: dict[str, object]) -> None:
    try:
        for name, field in (("MinCost", "min_cost"), ("MaxCost", "max_cost")):
            if extra.get(name) is not None:
                conditions[field] = amount_of(extra[name])
        for name, field in (("OrderIDStart", "order_id_start"), ("OrderIDEnd", "order_id_end")):
            if extra.get(name) is not None:
                conditions[field] = int(str(extra[name]))
    except ValueError as fault:
        raise server_error(str(fault)) from None


def _numbers(args: Args, name: str) -> list[int | Decimal]:
    value = args[name]
    return value if isinstance(value, list) else []


def _store(api: Api) -> CdrStore:
    return cast("CdrStore", api.rooms[STORE])


# -- shapes of answers ---------------------------------------------------------------------------------------------------


def _time(parts_ns: int, offset: int) -> str:
    zone: Zone = fixed_zone(offset)
    return format_time(parts_ns, zone) if parts_ns != ZERO_TIME else "0001-01-01T00:00:00Z"


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
        "ExtraFields": msgspec.json.decode(cdr.extra_fields),
        "CostSource": cdr.cost_source,
        "Cost": -1 if cost is None else amount_json(cost),
        "ExtraInfo": cdr.extra_info,
        "PreRated": cdr.pre_rated,
    }


def external_cdr(cdr: CdrPut) -> dict[str, object]:
    """A record as APIerSv2.GetCDRs writes it: usage and cost details as text."""
    usage = str(cdr.usage_ns) if cdr.tor in _COUNTED or cdr.pre_rated else format_duration(cdr.usage_ns)
    return _common(cdr) | {"Usage": usage, "CostDetails": cdr.cost_details.decode() or "null"}


def plain_cdr(cdr: CdrPut) -> dict[str, object]:
    """A record as CDRsV1.GetCDRs writes it: usage in ns, cost details as an object."""
    details = msgspec.Raw(cdr.cost_details) if cdr.cost_details else None
    return _common(cdr) | {"Usage": cdr.usage_ns, "Partial": cdr.partial, "CostDetails": details}


# -- methods -------------------------------------------------------------------------------------------------------------


async def _get_external(api: Api, args: Args) -> object:
    found = await _store(api).query(query_of(api, args))
    if not found:
        raise not_found()
    return [external_cdr(cdr) for cdr in found]


async def _get_plain(api: Api, args: Args) -> object:
    found = await _store(api).query(query_of(api, args))
    if not found:
        raise server_error("NOT_FOUND")
    return [plain_cdr(cdr) for cdr in found]


async def _count(api: Api, args: Args) -> object:
    return await _store(api).count(query_of(api, args))


def _process_external(api: Api, args: Args) -> object:
    fields: dict[str, object] = {}
    for name in ("RunID", "OriginHost", "Source", "OriginID", "ToR", "RequestType", "Category", "Account", "Subject", "Destination"):
        if args.text(name):
            fields[name] = args.text(name)
    fields["Tenant"] = api.tenant(args.text("Tenant"))
    for name in ("CGRID", "SetupTime", "AnswerTime", "Usage", "CostSource", "ExtraInfo"):
        if args.text(name):
            fields[name] = args.text(name)
    fields["Cost"] = args.number("Cost")
    fields["PreRated"] = args.flag("PreRated")
    fields |= args.mapping("ExtraFields") or {}
    _check_times(api, fields)
    event = Event(str(fields["Tenant"]), "", fields, args.mapping("APIOpts") or {})
    chargers = False if args.flag("PreRated") else None
    api.step(commands.ProcessCdr(event, chargers=chargers))
    return "OK"


def _check_times(api: Api, fields: dict[str, object]) -> None:
    """Refuses a record whose times or usage cannot be read, with the words of what is wrong."""
    zone = zone_of(api.options.default_timezone)
    try:
        for name in ("SetupTime", "AnswerTime"):
            parse_time(str(fields.get(name, "")), zone, api.now())
        usage_of(fields.get("Usage", ""))
    except ValueError as fault:
        raise RequestError(str(fault)) from None


def _process_event(api: Api, args: Args) -> object:
    if args.mapping("Event") is None:
        raise RequestError("PARTIALLY_EXECUTED")
    switches = _switches(args)
    api.step(
        commands.ProcessCdr(
            event_of(api, args), chargers=switches.get("*chargers"), rate=switches.get("*rals"), store=switches.get("*store")
        )
    )
    return "OK"


_FLAG_OPTIONS: Final = {"*chargers": "*chargerS", "*rals": "*ralS", "*rerate": "*rerate", "*refund": "*refund"}


def _switches(args: Args) -> dict[str, bool]:
    """What flags and options switch on or off; what this build does not do is refused."""
    found: dict[str, bool] = {}
    options = args.mapping("APIOpts") or {}
    for flag, option in _FLAG_OPTIONS.items():
        if option in options:
            found[flag] = options[option] in (True, "true")
    for text in args.texts("Flags") or ():
        flag, _, value = text.partition(":")
        found[flag] = value != "false"
    unbuilt = [flag for flag in ("*attributes", "*export", "*thresholds", "*stats", "*rerate", "*refund", "*reprocess") if found.get(flag)]
    if unbuilt:
        raise RequestError(f"NOT_IMPLEMENTED: {' '.join(unbuilt)}")
    return found


METHODS: Final = (
    method("APIerSv2.GetCDRs", _FILTER, _get_external),
    method("APIerSv2.CountCDRs", _FILTER, _count),
    method("CDRsV1.GetCDRs", _FILTER, _get_plain),
    method("CDRsV1.GetCDRsCount", _FILTER, _count),
    method("CDRsV1.ProcessExternalCDR", _EXTERNAL, _process_external),
    method("CDRsV1.ProcessEvent", _PROCESS, _process_event),
)
