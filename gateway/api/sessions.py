"""SessionSv1: authorize, begin, go on, end, message and record, over JSON-RPC."""

from __future__ import annotations

from typing import Final

from engine import commands
from engine.errors import RequestError, mandatory_missing
from engine.event import Event
from engine.times import NO_TIME, UTC_ZONE, parse_time
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.shapes import EVENT, shape
from gateway.api.table import method

_COMMON: Final = (
    "GetAttributes bool; ForceDuration bool; ProcessThresholds bool; ProcessStats bool;"
    "AttributeIDs []string; ThresholdIDs []string; StatIDs []string; ?*utils.CGREvent"
)
_ROUTES: Final = "GetRoutes bool; RoutesMaxCost string; RoutesIgnoreErrors bool; Limit *int; Offset *int"
_AUTHORIZE: Final = shape(
    "sessions.V1AuthorizeArgs",
    f"{_COMMON}; AuthorizeIP bool; AuthorizeResources bool; GetMaxUsage bool; {_ROUTES}",
    EVENT,
)
_INITIATE: Final = shape("sessions.V1InitSessionArgs", f"{_COMMON}; AllocateIP bool; AllocateResources bool; InitSession bool", EVENT)
_UPDATE: Final = shape("sessions.V1UpdateSessionArgs", f"{_COMMON}; UpdateSession bool", EVENT)
_TERMINATE: Final = shape(
    "sessions.V1TerminateSessionArgs", f"{_COMMON}; ReleaseIP bool; ReleaseResources bool; TerminateSession bool", EVENT
)
_MESSAGE: Final = shape(
    "sessions.V1ProcessMessageArgs",
    f"{_COMMON}; AllocateIP bool; AllocateResources bool; Debit bool; {_ROUTES}",
    EVENT,
)
_FILTER: Final = shape("utils.SessionFilter", "Limit *int; Filters []string; Tenant string; APIOpts map[string]any")

_POLICY_FLAGS: Final = (
    "GetAttributes",
    "AuthorizeIP",
    "AuthorizeResources",
    "GetRoutes",
    "AllocateIP",
    "AllocateResources",
    "ReleaseIP",
    "ReleaseResources",
    "ProcessThresholds",
    "ProcessStats",
)


def event_of(api: Api, args: Args) -> Event:
    """The event of a call that embeds one; its tenant is the default one where it names none."""
    fields = args.mapping("Event")
    if args.get("CGREvent") is False or fields is None:
        raise mandatory_missing("Event")
    at = parse_time(args.text_or_none("Time") or "", UTC_ZONE, api.now())
    return Event(
        api.tenant(args.text("Tenant")), args.text("ID"), fields, args.mapping("APIOpts") or {}, 0 if at.ns == NO_TIME.ns else at.ns
    )


def _asked(args: Args, *flags: str) -> None:
    """Refuses a call that has to ask for one of `flags` and asks for nothing, or that asks for a room that this build does not have."""
    wanted = [flag for flag in _POLICY_FLAGS if args.get(flag)]
    if flags and not wanted and not any(args.flag(flag) for flag in flags):
        raise mandatory_missing("Subsystems")
    if wanted:
        raise RequestError(f"NOT_IMPLEMENTED: {' '.join(wanted)}")


def _usage(api: Api, command: object) -> dict[str, object]:
    return {"MaxUsage": _step(api, command)}


def _step(api: Api, command: object) -> object:
    try:
        return api.step(command)
    except ValueError as fault:  # a usage or time in the event that is none
        raise RequestError(str(fault)) from None


def _authorize(api: Api, args: Args) -> object:
    _asked(args, "GetMaxUsage")
    return _usage(api, commands.AuthorizeSession(event_of(api, args)))


def _initiate(api: Api, args: Args) -> object:
    _asked(args, "InitSession")
    return _usage(api, commands.InitiateSession(event_of(api, args), args.flag("ForceDuration")))


def _update(api: Api, args: Args) -> object:
    _asked(args, "UpdateSession")
    return _usage(api, commands.UpdateSession(event_of(api, args)))


def _terminate(api: Api, args: Args) -> object:
    _asked(args, "TerminateSession")
    event = event_of(api, args)
    if not event.text("OriginID"):
        raise mandatory_missing("OriginID")
    _step(api, commands.TerminateSession(event, args.flag("ForceDuration")))
    return "OK"


def _message(api: Api, args: Args) -> object:
    _asked(args)
    event = event_of(api, args)
    if not args.flag("Debit"):
        return {}
    if not event.text("OriginID"):
        raise mandatory_missing("OriginID")
    return _usage(api, commands.ProcessMessage(event, args.flag("ForceDuration")))


def _process_cdr(api: Api, args: Args) -> object:
    _step(api, commands.ProcessSessionCdr(event_of(api, args)))
    return "OK"


def _count(api: Api, args: Args) -> object:
    if args.texts("Filters"):
        raise RequestError("NOT_IMPLEMENTED: Filters")
    sessions = api.step(commands.ListSessions())
    assert isinstance(sessions, list), "sessions come as a list"
    return len(sessions)


METHODS: Final = (
    method("SessionSv1.AuthorizeEvent", _AUTHORIZE, _authorize, "CGREvent"),
    method("SessionSv1.InitiateSession", _INITIATE, _initiate, "CGREvent"),
    method("SessionSv1.UpdateSession", _UPDATE, _update, "CGREvent"),
    method("SessionSv1.TerminateSession", _TERMINATE, _terminate, "CGREvent"),
    method("SessionSv1.ProcessMessage", _MESSAGE, _message, "CGREvent"),
    method("SessionSv1.ProcessCDR", EVENT, _process_cdr, "Event"),
    method("SessionSv1.GetActiveSessionsCount", _FILTER, _count),
)
