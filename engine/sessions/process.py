"""SessionSv1.ProcessEvent and GetCost: stages that flags choose, always in the same order.

Chargers, attributes, who calls, what costs, what is reserved and charged, records. `*raw` names the event itself; with `*chargers` every
run is named too, where a stage's `*derived_reply` asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.attributes.reply import AttributesReply
from engine.commands import CdrSwitches
from engine.errors import Refusal, RequestError
from engine.event import RUN_ID, Event
from engine.rating.cost import EventCost
from engine.rating.query import get_cost
from engine.sessions import commands
from engine.sessions.commands import EventReply
from engine.sessions.flags import (
    ATTRIBUTES,
    AUTHORIZE,
    CDRS,
    CHARGERS,
    COST,
    DERIVED,
    FORCE_DURATION,
    INITIATE,
    RALS,
    TERMINATE,
    UPDATE,
    Flags,
)
from engine.sessions.life import rals_error
from engine.sessions.parties import STIR_AUTHENTICATE, STIR_INITIATE, Parties, parties_of, signable
from engine.sessions.policies import refuse_unbuilt
from engine.sessions.request import Part
from engine.sessions.session import NONE, RAW_RUN
from engine.sessions.stages import Sessions, least


class Events:
    """Does what flags ask of an event."""

    sessions: Sessions

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    def steps(self) -> dict[type, Callable[[Any, int], object]]:
        """The commands of this room, for the door."""
        return {commands.ProcessSessionEvent: self.process, commands.GetSessionCost: self.get_cost}

    def process(self, command: commands.ProcessSessionEvent, now_ns: int) -> EventReply:
        """See ProcessSessionEvent. An error of charging ends it, whatever *blocker_error says (recorded)."""
        flags = Flags(command.flags)
        life = self.sessions.life
        refuse_unbuilt(flags.rooms(), life.options.sessions.connected)
        reply = EventReply()
        events = {RAW_RUN: command.event}
        if flags.has(CHARGERS):
            for run in life.chargers.runs(command.event, now_ns):
                events[run.text(RUN_ID)] = run
        if flags.has(ATTRIBUTES):
            reply.attributes = self._attributes(events, flags, now_ns)
        self._callers(events, flags, command.signed, reply)
        if flags.says(RALS, COST):
            reply.costs = {name: self._cost(event, now_ns).cost for name, event in self._asked(events, flags, RALS).items()}
        self._charge(events[RAW_RUN], flags, command.client, reply, now_ns)
        if flags.has(CDRS):
            self._record(events, flags, now_ns)
        return reply

    def _asked(self, events: dict[str, Event], flags: Flags, name: str) -> dict[str, Event]:
        """The events that a stage answers for."""
        return events if flags.says(name, DERIVED) else {RAW_RUN: events[RAW_RUN]}

    def _attributes(self, events: dict[str, Event], flags: Flags, now_ns: int) -> dict[str, AttributesReply]:
        """Changes the events in place of which it answers."""
        found: dict[str, AttributesReply] = {}
        for name, event in self._asked(events, flags, ATTRIBUTES).items():
            reply = self.sessions.attributes(event, flags.ids(ATTRIBUTES), now_ns)
            if reply is not None:
                found[name] = reply
                events[name] = reply.event
        return found

    def _callers(self, events: dict[str, Event], flags: Flags, signed: Parties | None, reply: EventReply) -> None:
        """Refuses an event that is not what its identity says; finds who calls whom for identities that are to be made."""
        if flags.has(STIR_AUTHENTICATE):
            if signed is None:
                raise RequestError(f"{STIR_AUTHENTICATE}: missing parts of the message header")
            for event in self._asked(events, flags, STIR_AUTHENTICATE).values():
                signed.expect(parties_of(event, STIR_AUTHENTICATE))
        if flags.has(STIR_INITIATE):
            reply.parties = {name: signable(event) for name, event in self._asked(events, flags, STIR_INITIATE).items()}

    def _charge(self, event: Event, flags: Flags, client: str, reply: EventReply, now_ns: int) -> None:
        force = flags.says(RALS, FORCE_DURATION)
        granted: dict[str, int]
        if flags.says(RALS, AUTHORIZE):
            granted = self.sessions.limits(event, now_ns)
        elif flags.says(RALS, INITIATE):
            _, granted = self.sessions.begin(event, client, now_ns, force_duration=force)
        elif flags.says(RALS, UPDATE):
            granted = self.sessions.go_on(event, client, now_ns)
        else:
            if flags.says(RALS, TERMINATE):
                self.sessions.finish(event, client, now_ns, force_duration=force)
            return
        reply.max_usage_ns = {RAW_RUN: least(granted)}
        if flags.says(RALS, DERIVED):
            reply.max_usage_ns.update((name, usage_ns) for name, usage_ns in granted.items() if name != RAW_RUN)

    def _record(self, events: dict[str, Event], flags: Flags, now_ns: int) -> None:
        """The records: of the session, or of the event as the flags' own subs say."""
        rate = True if flags.says(CDRS, RALS) else None
        for event in self._asked(events, flags, CDRS).values():
            self.sessions.make_records(event, now_ns, CdrSwitches(rate=rate))

    # -- what an event costs ----------------------------------------------------------------------------------------------

    def _cost(self, event: Event, now_ns: int) -> EventCost:
        """What the event costs by rating alone. RequestError where it has no price."""
        life = self.sessions.life
        run = life.make_run(event, now_ns)
        usage_ns = Part(event, life.options.sessions).given_ns or 0
        if run.request_type == NONE:
            return EventCost(event.cgrid(), run.id, run.call.start_ns, run.call.zone, run.call.tor)
        call = run.call
        call.end_ns = call.start_ns + usage_ns
        call.duration_index_ns = usage_ns
        cost = get_cost(life.charging.tariff, call, life.options.rating)
        if isinstance(cost, Refusal):
            raise rals_error(cost)
        return EventCost.of(cost, life.charging.ids.uuid(), "")

    def get_cost(self, command: commands.GetSessionCost, now_ns: int) -> tuple[AttributesReply | None, EventCost]:
        """See GetSessionCost."""
        event, attributes = self.sessions.prepare(command.event, command.asked, now_ns)
        return attributes, self._cost(event, now_ns)
