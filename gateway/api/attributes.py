"""AttributeSv1: which attribute profile an event meets, and what the profiles make of it."""

from __future__ import annotations

from typing import Final

from engine import commands
from engine.attributes.reply import AttributesReply
from engine.event import Event
from engine.times import UTC_ZONE, ZERO_TIME, parse_time
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.profiles import shown_profile
from gateway.api.shapes import EVENT
from gateway.api.table import method


def event_of(api: Api, args: Args) -> Event:
    """The event of a call whose argument is one; without fields it has none, its tenant is the default one where it names none."""
    at_ns = parse_time(args.text_or_none("Time") or "", UTC_ZONE, api.now()).ns
    return Event(
        api.tenant(args.text("Tenant")),
        args.text("ID"),
        args.mapping("Event") or {},
        args.mapping("APIOpts") or {},
        0 if at_ns == ZERO_TIME else at_ns,
    )


def shown_event(event: Event, args: Args) -> dict[str, object]:
    """An event as answers carry it, with the time that the call gave."""
    return {
        "Tenant": event.tenant,
        "ID": event.id,
        "Time": args.text_or_none("Time"),
        "Event": event.fields,
        "APIOpts": event.options,
    }


def _profile(api: Api, args: Args) -> object:
    return shown_profile("attribute_profile", api.step(commands.FindAttributeProfile(event_of(api, args))))


def _process(api: Api, args: Args) -> object:
    reply = api.step(commands.ProcessAttributes(event_of(api, args)))
    assert isinstance(reply, AttributesReply), "attributes come as a reply"
    return {"MatchedProfiles": reply.matched, "AlteredFields": reply.altered, **shown_event(reply.event, args)}


METHODS: Final = (
    method("AttributeSv1.GetAttributeForEvent", EVENT, _profile),
    method("AttributeSv1.ProcessEvent", EVENT, _process, "Event"),
)
