"""SessionSv1 for switches: authorize, begin, go on, end, message and record, over JSON-RPC."""

from __future__ import annotations

from typing import Final

from engine.attributes.reply import AttributesReply
from engine.errors import mandatory_missing
from engine.event import Event
from engine.sessions import commands
from engine.sessions.commands import Asked, SessionReply
from engine.times import NO_TIME, UTC_ZONE, parse_time
from gateway.api.args import Args
from gateway.api.attributes import shown_event
from gateway.api.context import Api
from gateway.api.shapes import ANY_MAP, EVENT, shape
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

_ROOM_FLAGS: Final = (
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
_DIGESTED: Final = 1_000_000_000  # ns of a second, in which digests count


def event_of(api: Api, args: Args) -> Event:
    """The event of a call that embeds one; its tenant is the default one where it names none."""
    fields = args.mapping("Event")
    if args.get("CGREvent") is False or fields is None:
        raise mandatory_missing("Event")
    at = parse_time(args.text_or_none("Time") or "", UTC_ZONE, api.now())
    return Event(
        api.tenant(args.text("Tenant")), args.text("ID"), fields, args.mapping("APIOpts") or {}, 0 if at.ns == NO_TIME.ns else at.ns
    )


def _asked(args: Args, *flags: str) -> Asked:
    """What a call asks for beside charging; it has to ask for that or for one of `flags`."""
    rooms = [flag for flag in _ROOM_FLAGS if args.get(flag)]
    attributes = args.flag("GetAttributes")
    if flags and not attributes and not rooms and not any(args.flag(flag) for flag in flags):
        raise mandatory_missing("Subsystems")
    return Asked(attributes, args.texts("AttributeIDs"), rooms)


def _step(api: Api, command: object) -> SessionReply:
    reply = api.step(command)
    assert isinstance(reply, SessionReply), "sessions answer with a SessionReply"
    return reply


def shown_attributes(reply: AttributesReply, args: Args) -> dict[str, object]:
    """What attributes made of an event, as session answers carry it."""
    return {"MatchedProfiles": reply.matched, "AlteredFields": reply.altered, **shown_event(reply.event, args)}


def _plain(reply: SessionReply, args: Args) -> dict[str, object]:
    """What was asked for, and nothing else."""
    answer: dict[str, object] = {}
    if reply.attributes is not None:
        answer["Attributes"] = shown_attributes(reply.attributes, args)
    if reply.max_usage_ns is not None:
        answer["MaxUsage"] = reply.max_usage_ns
    return answer


def seconds(usage_ns: int) -> object:
    """Usage in seconds; -1, no limit, stays."""
    if usage_ns < 0:
        return -1
    whole, rest = divmod(usage_ns, _DIGESTED)
    return usage_ns / _DIGESTED if rest else whole


def _digest(reply: SessionReply) -> dict[str, object]:
    """The answer as scripts read it: texts, and seconds."""
    return {
        "AttributesDigest": None if reply.attributes is None else attributes_digest(reply.attributes),
        "AllocatedIP": None,
        "ResourceAllocation": None,
        "MaxUsage": 0 if reply.max_usage_ns is None else seconds(reply.max_usage_ns),
        "Thresholds": None,
        "StatQueues": None,
    }


def attributes_digest(reply: AttributesReply) -> str:
    """The altered fields of an event and their values: `Field:value,Field:value`."""
    names = [path.removeprefix("*req.") for path in reply.altered]
    return ",".join(f"{name}:{reply.event.text(name)}" for name in names if reply.event.has(name))


def _authorized(api: Api, args: Args) -> SessionReply:
    asked = _asked(args, "GetMaxUsage")
    return _step(api, commands.AuthorizeSession(event_of(api, args), args.flag("GetMaxUsage"), asked))


def _authorize(api: Api, args: Args) -> object:
    return _plain(_authorized(api, args), args)


def _authorize_digest(api: Api, args: Args) -> object:
    return _digest(_authorized(api, args)) | {"RoutesDigest": None}


def _initiated(api: Api, args: Args) -> SessionReply:
    asked = _asked(args, "InitSession")
    event = event_of(api, args)
    return _step(api, commands.InitiateSession(event, args.flag("ForceDuration"), args.flag("InitSession"), asked, api.client))


def _initiate(api: Api, args: Args) -> object:
    return _plain(_initiated(api, args), args)


def _initiate_digest(api: Api, args: Args) -> object:
    return _digest(_initiated(api, args))


def _update(api: Api, args: Args) -> object:
    asked = _asked(args, "UpdateSession")
    return _plain(_step(api, commands.UpdateSession(event_of(api, args), args.flag("UpdateSession"), asked, api.client)), args)


def _terminate(api: Api, args: Args) -> object:
    asked = _asked(args, "TerminateSession")
    event = event_of(api, args)
    if not event.text("OriginID"):
        raise mandatory_missing("OriginID")
    api.step(commands.TerminateSession(event, args.flag("ForceDuration"), args.flag("TerminateSession"), asked, api.client))
    return "OK"


def _message(api: Api, args: Args) -> object:
    asked = _asked(args)
    event = event_of(api, args)
    return _plain(_step(api, commands.ProcessMessage(event, args.flag("ForceDuration"), args.flag("Debit"), asked, api.client)), args)


def _process_cdr(api: Api, args: Args) -> object:
    api.step(commands.ProcessSessionCdr(event_of(api, args)))
    return "OK"


# -- SMGenericV1: an event as a flat map, usage in seconds -----------------------------------------------------------------


def _flat(api: Api, args: Args) -> Event:
    fields = args.mapping("Arg") or {}
    tenant = fields.get("Tenant")
    return Event(api.tenant(tenant if isinstance(tenant, str) else ""), "", dict(fields), {})


def _old_usage(reply: SessionReply) -> object:
    return 0 if reply.max_usage_ns is None else seconds(reply.max_usage_ns)


def _old_max_usage(api: Api, args: Args) -> object:
    return _old_usage(_step(api, commands.AuthorizeSession(_flat(api, args))))


def _old_initiate(api: Api, args: Args) -> object:
    return _old_usage(_step(api, commands.InitiateSession(_flat(api, args), client=api.client)))


def _old_update(api: Api, args: Args) -> object:
    return _old_usage(_step(api, commands.UpdateSession(_flat(api, args), client=api.client)))


def _old_terminate(api: Api, args: Args) -> object:
    api.step(commands.TerminateSession(_flat(api, args), client=api.client))
    return "OK"


def _old_cdr(api: Api, args: Args) -> object:
    api.step(commands.ProcessSessionCdr(_flat(api, args)))
    return "OK"


METHODS: Final = (
    method("SessionSv1.AuthorizeEvent", _AUTHORIZE, _authorize, "CGREvent"),
    method("SessionSv1.AuthorizeEventWithDigest", _AUTHORIZE, _authorize_digest, "CGREvent"),
    method("SessionSv1.InitiateSession", _INITIATE, _initiate, "CGREvent"),
    method("SessionSv1.InitiateSessionWithDigest", _INITIATE, _initiate_digest, "CGREvent"),
    method("SessionSv1.UpdateSession", _UPDATE, _update, "CGREvent"),
    method("SessionSv1.TerminateSession", _TERMINATE, _terminate, "CGREvent"),
    method("SessionSv1.ProcessMessage", _MESSAGE, _message, "CGREvent"),
    method("SessionSv1.ProcessCDR", EVENT, _process_cdr, "Event"),
    method("SMGenericV1.GetMaxUsage", ANY_MAP, _old_max_usage),
    method("SMGenericV1.InitiateSession", ANY_MAP, _old_initiate),
    method("SMGenericV1.UpdateSession", ANY_MAP, _old_update),
    method("SMGenericV1.TerminateSession", ANY_MAP, _old_terminate),
    method("SMGenericV1.ProcessCDR", ANY_MAP, _old_cdr),
)
