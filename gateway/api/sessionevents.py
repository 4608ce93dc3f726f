"""SessionSv1.ProcessEvent and GetCost: stages chosen by flags."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.attributes.reply import AttributesReply
from engine.money import amount_json
from engine.rating.cost import EventCost
from engine.sessions import commands
from engine.sessions.commands import Asked, EventReply
from engine.sessions.flags import ATTRIBUTES, Flags
from engine.sessions.parties import STIR_AUTHENTICATE, STIR_INITIATE
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.sessions import event_of, shown_attributes
from gateway.api.shapes import EVENT, PAGINATOR, shape
from gateway.api.stir import Signer, verified_parties
from gateway.api.table import method

_PROCESS: Final = shape("sessions.V1ProcessEventArgs", "Flags []string; ?*utils.CGREvent; utils.Paginator", EVENT, PAGINATOR)


def _process(api: Api, args: Args) -> object:
    event, flags = event_of(api, args), args.texts("Flags") or []
    words = Flags(flags)
    signed = verified_parties(api, event) if words.has(STIR_AUTHENTICATE) else None
    signer = Signer.of_event(api, event) if words.has(STIR_INITIATE) else None
    reply = api.step(commands.ProcessSessionEvent(event, flags, api.client, signed))
    assert isinstance(reply, EventReply), "events are answered with an EventReply"
    answer: dict[str, object] = {}
    if reply.max_usage_ns is not None:
        answer["MaxUsage"] = reply.max_usage_ns
    if reply.costs is not None:
        answer["Cost"] = {name: amount_json(cost) for name, cost in reply.costs.items()}
    if reply.attributes:
        answer["Attributes"] = {name: shown_attributes(one, args) for name, one in reply.attributes.items()}
    if signer is not None and reply.parties is not None:
        answer["STIRIdentity"] = {name: signer.identity(parties) for name, parties in reply.parties.items()}
    return answer


def _cost(api: Api, args: Args) -> object:
    flags = Flags(args.texts("Flags") or ())
    asked = Asked(flags.has(ATTRIBUTES), flags.ids(ATTRIBUTES))
    found = api.step(commands.GetSessionCost(event_of(api, args), asked))
    assert isinstance(found, tuple), "attributes and a cost"
    attributes, cost = found
    assert isinstance(cost, EventCost), "a cost is an EventCost"
    shown = shown_attributes(attributes, args) if isinstance(attributes, AttributesReply) else None
    return {"Attributes": shown, "EventCost": msgspec.Raw(cost.to_json())}


METHODS: Final = (
    method("SessionSv1.ProcessEvent", _PROCESS, _process, "CGREvent"),
    method("SessionSv1.GetCost", _PROCESS, _cost, "CGREvent"),
)
