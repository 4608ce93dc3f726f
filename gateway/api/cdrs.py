"""CDRsV1 and CDRsV2: making records of events, of CDRs and of external CDRs; costs that sessions leave for them."""

from __future__ import annotations

import asyncio
from typing import Final

from engine import commands
from engine.commands import CdrSwitches
from engine.errors import RequestError, mandatory_missing
from engine.event import Event, truth, usage_of
from engine.limits import MAX_EVENTS_PER_STEP
from engine.rating.cost import EventCost
from engine.times import parse_time, zone_of
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.sessions import event_of
from gateway.api.shapes import EVENT, shape
from gateway.api.table import method

PARTIALLY_EXECUTED: Final = "PARTIALLY_EXECUTED"
DEFAULT_RUN: Final = "*default"

_NAMES: Final = "CGRID RunID OriginHost Source OriginID ToR RequestType Tenant Category Account Subject Destination".split()
_CDR_TEXT: Final = (
    "; ".join(f"{name} string" for name in _NAMES)
    + "; OrderID int64; ExtraFields map[string]string; ExtraInfo string; Partial bool; PreRated bool; CostSource string; Cost float64"
)
_CDR: Final = shape(
    "engine.CDRWithAPIOpts",
    f"{_CDR_TEXT}; SetupTime time.Time; AnswerTime time.Time; Usage time.Duration; CostDetails map[string]any; APIOpts map[string]any",
)
_EXTERNAL: Final = shape(
    "engine.ExternalCDRWithAPIOpts",
    f"{_CDR_TEXT}; SetupTime string; AnswerTime string; Usage string; CostDetails string; APIOpts map[string]any",
)
_PROCESS: Final = shape("engine.ArgV1ProcessEvent", "Flags []string; ?utils.CGREvent", EVENT)
_PROCESS_MANY: Final = shape(
    "engine.ArgV1ProcessEvents", "Flags []string; CGREvents []*utils.CGREvent; APIOpts map[string]any; Tenant string", EVENT
)
_SESSION_COST: Final = shape(
    "engine.SMCost",
    "CGRID string; RunID string; OriginHost string; OriginID string; CostSource string; Usage time.Duration; CostDetails map[string]any",
)
_STORE_COST: Final = shape(
    "engine.AttrCDRSStoreSMCost", "Cost *engine.SMCost; CheckDuplicate bool; APIOpts map[string]any; Tenant string", _SESSION_COST
)

# -- flags ---------------------------------------------------------------------------------------------------------------

_FLAGS: Final = {
    "*attributes": "attributes",
    "*chargers": "chargers",
    "*rals": "rate",
    "*refund": "refund",
    "*rerate": "rerate",
    "*reprocess": "reprocess",
    "*store": "store",
    "*export": "export",
    "*thresholds": "thresholds",
    "*stats": "stats",
}
_OPTIONS: Final = {
    "*attributeS": "attributes",
    "*chargerS": "chargers",
    "*ralS": "rate",
    "*refund": "refund",
    "*rerate": "rerate",
    "*thresholdS": "thresholds",
    "*statS": "stats",
}


def switches_of(args: Args) -> CdrSwitches:
    """What options and flags (`*flag`, `*flag:false`) switch on or off; flags go before options, unknown ones are passed over."""
    switches = CdrSwitches()
    options = args.mapping("APIOpts") or {}
    for option, name in _OPTIONS.items():
        if option in options:
            setattr(switches, name, truth(options[option]))
    for text in args.texts("Flags") or ():
        flag, _, value = text.partition(":")
        if flag in _FLAGS:
            setattr(switches, _FLAGS[flag], value != "false")
    return switches


# -- events --------------------------------------------------------------------------------------------------------------


def _event(api: Api, args: Args) -> Event:
    if args.mapping("Event") is None:
        raise RequestError(PARTIALLY_EXECUTED)
    return event_of(api, args)


def _process_event(api: Api, args: Args) -> object:
    api.step(commands.ProcessCdrs([_event(api, args)], switches_of(args)))
    return "OK"


def _process_event_2(api: Api, args: Args) -> object:
    runs = api.step(commands.ProcessCdrs([_event(api, args)], switches_of(args), answers=True))
    assert isinstance(runs, list), "runs come as a list"
    return [{"Flags": flags, "Event": fields} for flags, fields in runs]


async def _process_events(api: Api, args: Args) -> object:
    """All events of a step or none; more than a step takes go on in the next, after those before them, whatever the disk does."""
    events = [_event(api, one) for one in args.each("CGREvents")]
    switches = switches_of(args)
    for start in range(0, len(events), MAX_EVENTS_PER_STEP):
        command = commands.ProcessCdrs(events[start : start + MAX_EVENTS_PER_STEP], switches)
        if start:
            await asyncio.sleep(0)
            await api.go_on(command)
        else:
            api.step(command)
    return "OK"


# -- CDRs ----------------------------------------------------------------------------------------------------------------


def process_fields(api: Api, fields: dict[str, object], options: dict[str, object]) -> None:
    """Makes the records of a CDR given by its fields; one that came rated is stored as it is. RequestError with what is wrong."""
    if not fields.get("OriginID") and not fields.get("CGRID"):
        raise mandatory_missing("OriginID")
    _check(api, fields)
    fields["Tenant"] = api.tenant(str(fields.get("Tenant") or ""))
    switches = CdrSwitches()
    if truth(fields.get("PreRated")):
        switches.chargers = switches.rate = False
    else:
        fields["RunID"] = DEFAULT_RUN
    api.step(commands.ProcessCdrs([Event(str(fields["Tenant"]), "", fields, options)], switches))


def _check(api: Api, fields: dict[str, object]) -> None:
    """Refuses a CDR whose times or usage cannot be read, with the words of what is wrong."""
    zone = zone_of(api.options.default_timezone)
    try:
        for name in ("SetupTime", "AnswerTime"):
            parse_time(str(fields.get(name) or ""), zone, api.now())
        usage_of(fields.get("Usage") or 0)
    except ValueError as fault:
        raise RequestError(str(fault)) from None


def _process_cdr(api: Api, args: Args) -> object:
    extra = args.mapping("ExtraFields") or {}
    fields: dict[str, object] = {name: value for name, value in extra.items() if name not in args}
    for name in (*_NAMES, "SetupTime", "AnswerTime", "ExtraInfo", "CostSource", "CostDetails"):
        if args[name]:
            fields[name] = args[name]
    fields |= {name: args[name] for name in ("Usage", "Cost", "Partial", "PreRated")}
    process_fields(api, fields, args.mapping("APIOpts") or {})
    return "OK"


# -- what sessions cost --------------------------------------------------------------------------------------------------


def _store_cost(api: Api, args: Args) -> object:
    cost = args.nested("Cost")
    if cost is None:
        raise mandatory_missing("Cost")
    missing = [name for name in ("CGRID", "CostDetails") if not cost[name]]
    if missing:
        raise mandatory_missing(*missing)
    try:
        details = EventCost.from_data(cost.mapping("CostDetails") or {})
    except ValueError as fault:
        raise RequestError(f"SERVER_ERROR: CostDetails: {fault}") from None
    command = commands.StoreSessionCost(
        cost.text("CGRID"),
        cost.text("RunID"),
        cost.text("OriginHost"),
        cost.text("OriginID"),
        cost.text("CostSource"),
        cost.integer("Usage"),
        details,
        args.flag("CheckDuplicate"),
    )
    try:
        api.step(command)
    except RequestError as fault:
        raise RequestError(f"SERVER_ERROR: {fault.text}" if fault.text == "EXISTS" else fault.text) from None
    return "OK"


METHODS: Final = (
    method("CDRsV1.ProcessCDR", _CDR, _process_cdr),
    method("CDRsV1.ProcessEvent", _PROCESS, _process_event),
    method("CDRsV1.ProcessEvents", _PROCESS_MANY, _process_events),
    method("CDRsV1.ProcessExternalCDR", _EXTERNAL, _process_cdr),
    method("CDRsV1.StoreSessionCost", _STORE_COST, _store_cost),
    method("CDRsV2.ProcessEvent", _PROCESS, _process_event_2),
    method("CDRsV2.StoreSessionCost", _STORE_COST, _store_cost),
)
