"""What a processor's event asks of the engine, and what `*cgrep` holds afterwards.

`*cgrep` has `Error` (empty when all went well), `MaxUsage` as a duration text (-1: no limit; 0 where a grant was asked for and none was
made, or more was used than can be paid), `Attributes.<field>` for each field that was altered; after *event all of these one level
deeper, by run.
"""

from __future__ import annotations

from typing import Final, Protocol

from engine.attributes.reply import AttributesReply
from engine.errors import RequestError, mandatory_missing
from engine.event import USAGE, Event
from engine.fields.values import Duration
from engine.fields.view import REQ
from engine.money import amount_json
from engine.sessions.commands import (
    AuthorizeSession,
    EventReply,
    InitiateSession,
    ProcessMessage,
    ProcessSessionCdr,
    ProcessSessionEvent,
    SessionReply,
    TerminateSession,
    UpdateSession,
)
from engine.sessions.flags import AUTHORIZE, INITIATE, TERMINATE, UPDATE
from gateway.processors.flags import EVENT, MESSAGE, Wanted

ERROR: Final = "Error"
MAX_USAGE: Final = "MaxUsage"
ATTRIBUTES: Final = "Attributes"
COST: Final = "Cost"
NO_LIMIT: Final = -1
EMPTY_EVENT: Final = "CGREvent"


class OwnRequest:
    """What a processor asks of its agent: a request type of Terms.types, with all flags and what is known of the request. `step` answers
    None; RequestError for what becomes *cgrep.Error."""

    type: str
    flags: list[str]
    scopes: dict[str, object]

    def __init__(self, type: str, flags: list[str], scopes: dict[str, object]) -> None:
        self.type = type
        self.flags = flags
        self.scopes = scopes


class Ask(Protocol):
    """The engine as an agent reaches it. `client` is the name of the connection that can be called back; empty for none."""

    client: str

    def step(self, command: object) -> object:
        """Does a command of engine.sessions.commands, or an OwnRequest. RequestError for what the client is told."""


class Asking:
    """One event's way through the engine. `reply` is what *cgrep becomes; None as long as nothing was asked."""

    wanted: Wanted
    event: Event
    scopes: dict[str, object]
    client: str
    reply: dict[str, object] | None

    def __init__(self, wanted: Wanted, event: Event, scopes: dict[str, object], client: str) -> None:
        self.wanted = wanted
        self.event = event
        self.scopes = scopes
        self.client = client
        self.reply = None

    def work(self, ask: Ask) -> None:
        """Asks what the flags say, and for the records after it."""
        command = self._command()
        if command is not None:
            self._call(ask, command)
        if self.wanted.records:
            self._record(ask)

    def _command(self) -> object | None:
        """What the request type asks; None for those that ask nothing."""
        wanted, type, event = self.wanted, self.wanted.type, self.event
        if wanted.own:
            return OwnRequest(type, wanted.texts, self.scopes)
        if type == AUTHORIZE:
            return AuthorizeSession(event, wanted.charged, wanted.asked)
        if type == INITIATE:
            return InitiateSession(event, wanted.force_duration, wanted.charged, wanted.asked, self.client)
        if type == UPDATE:
            return UpdateSession(event, wanted.charged, wanted.asked, self.client)
        if type == TERMINATE:
            return TerminateSession(event, wanted.force_duration, wanted.charged, wanted.asked, self.client)
        if type == MESSAGE:
            return ProcessMessage(event, wanted.force_duration, wanted.charged, wanted.asked, self.client)
        return ProcessSessionEvent(event, wanted.texts, self.client) if type == EVENT else None

    def _call(self, ask: Ask, command: object) -> None:
        reply: object = None
        error = self.wanted.refused
        try:
            if not self.event.fields and not self.wanted.own:
                raise mandatory_missing(EMPTY_EVENT)
            if not error:
                reply = ask.step(command)
        except RequestError as refused:
            error = refused.text
        self.reply = {}
        if isinstance(reply, EventReply):
            self.reply = by_run(reply)
        elif isinstance(reply, SessionReply):
            self._take(reply)
        if self.wanted.grants and MAX_USAGE not in self.reply:
            self.reply[MAX_USAGE] = 0
        self.reply[ERROR] = error
        if self.wanted.type == MESSAGE and self.wanted.charged:
            self._charged(reply)

    def _take(self, reply: SessionReply) -> None:
        assert self.reply is not None, "an answer is being made"
        if reply.attributes is not None:
            self.reply[ATTRIBUTES] = altered(reply.attributes)
            self.event = reply.attributes.event
        if reply.max_usage_ns is not None:
            owed = self.wanted.type == UPDATE and reply.max_usage_ns < 0
            self.reply[MAX_USAGE] = usage(0 if owed else reply.max_usage_ns)

    def _charged(self, reply: object) -> None:
        """The record that follows a message is about what was charged, nothing where that failed."""
        granted = reply.max_usage_ns if isinstance(reply, SessionReply) else 0
        self.event = self.event.copy()
        self.event.fields[USAGE] = granted or 0

    def _record(self, ask: Ask) -> None:
        try:
            if not self.event.fields:
                raise mandatory_missing(EMPTY_EVENT)
            ask.step(ProcessSessionCdr(self.event))
        except RequestError as refused:
            if self.reply is None:
                self.reply = {}
            self.reply[ERROR] = refused.text


def usage(usage_ns: int) -> object:
    """A usage as fields read it: a duration; -1, no limit, as that number. What is owed, where a client used more than it was granted and
    the account cannot pay, is no grant."""
    if usage_ns == NO_LIMIT:
        return usage_ns
    return Duration(max(0, usage_ns))


def altered(reply: AttributesReply) -> dict[str, object]:
    """The fields that attribute profiles altered, with what they hold now."""
    found: dict[str, object] = {}
    fields = reply.event.fields
    for path in reply.altered:
        name = path.removeprefix(REQ + ".")
        if name in fields:
            found[name] = fields[name]
    return found


def by_run(reply: EventReply) -> dict[str, object]:
    """What *event is answered, by run."""
    found: dict[str, object] = {}
    if reply.max_usage_ns is not None:
        found[MAX_USAGE] = {name: usage(usage_ns) for name, usage_ns in reply.max_usage_ns.items()}
    if reply.attributes is not None:
        found[ATTRIBUTES] = {name: altered(one) for name, one in reply.attributes.items()}
    if reply.costs is not None:
        found[COST] = {name: amount_json(cost) for name, cost in reply.costs.items()}
    return found
