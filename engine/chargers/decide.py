"""From an event to its runs: one copy of the event for each charger profile that matches, changed by the profile's attributes.

Behaviour of reference services.md section 2 and of recordings api/chargers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from engine import commands
from engine.attributes.asked import PROFILE_IDS, SUBSYSTEM
from engine.attributes.decide import Attributes
from engine.attributes.inline import NO_ATTRIBUTES
from engine.chargers.run import RUN_ID_PATH, ChargerRun
from engine.errors import RequestError, not_found, server_error
from engine.event import RUN_ID, Event
from engine.filters.index import IndexOptions, ProfileIndex
from engine.filters.match import Filters
from engine.profiles.items import Items
from engine.profiles.policies import ChargerProfile

KIND: Final = "charger_profile"
CONTEXT: Final = "*chargers"
DEFAULT_RUN: Final = "*default"
NOT_FOUND: Final = "NOT_FOUND"
SERVER_ERROR: Final = "SERVER_ERROR"


@dataclass
class ChargerOptions:
    """`attributes_connected`: whether attribute profiles may change the runs; without, only profiles with `*none` can be used."""

    attributes_connected: bool = True
    index: IndexOptions = field(default_factory=IndexOptions)


class Chargers:
    """The room of charger profiles. `connected`: whether sessions are to ask for them at all; without, there is one run."""

    index: ProfileIndex
    filters: Filters
    attributes: Attributes
    options: ChargerOptions
    connected: bool

    def __init__(self, items: Items, filters: Filters, attributes: Attributes, options: ChargerOptions, *, connected: bool) -> None:
        self.index = ProfileIndex(items, KIND, filters, options.index)
        self.filters = filters
        self.attributes = attributes
        self.options = options
        self.connected = connected

    def steps(self) -> dict[type, Callable[..., object]]:
        return {
            commands.ProcessChargers: lambda command, now_ns: self.process(command.event, now_ns),
            commands.FindChargerProfiles: lambda command, now_ns: self.profiles_for(command.event, now_ns),
        }

    def profiles_for(self, event: Event, now_ns: int) -> list[ChargerProfile]:
        """The profiles that match, the heaviest first. RequestError NOT_FOUND when none does, or what a filter complains about."""
        found = self.index.open_to_all(event.tenant)
        if found is None:
            found = self.index.matching(event.tenant, self.filters.view(event, now_ns), now_ns)
        profiles = [profile for profile in found if isinstance(profile, ChargerProfile)]
        if not profiles:
            raise not_found()
        return profiles

    def process(self, event: Event, now_ns: int) -> list[ChargerRun]:
        """The runs of an event, the heaviest profile's first; the event itself stays as it is.

        RequestError: NOT_FOUND when no profile matches, SERVER_ERROR for what else its attributes complain about.
        """
        return [self._run(event, profile, now_ns) for profile in self.profiles_for(event, now_ns)]

    def runs(self, event: Event, now_ns: int) -> list[Event]:
        """The events of the runs, for sessions and records. RequestError CHARGERS_ERROR with the reason."""
        if not self.connected:
            run = event.copy()
            run.fields[RUN_ID] = DEFAULT_RUN
            return [run]
        try:
            return [run.event for run in self.process(event, now_ns)]
        except RequestError as fault:
            raise RequestError(f"CHARGERS_ERROR:{fault.text}") from None

    def _run(self, event: Event, profile: ChargerProfile, now_ns: int) -> ChargerRun:
        copy = event.copy()
        copy.fields[RUN_ID] = profile.RunID
        copy.options[SUBSYSTEM] = CONTEXT
        run = ChargerRun(profile.ID, copy)
        ids = profile.AttributeIDs or ()
        if ids == (NO_ATTRIBUTES,):
            return run
        if not self.options.attributes_connected:
            raise server_error("NOT_CONNECTED: AttributeS")
        copy.options[PROFILE_IDS] = list(ids)
        try:
            reply = self.attributes.change(copy, now_ns, context=CONTEXT, ids=ids)
        except RequestError as fault:
            if fault.text != NOT_FOUND:
                raise (fault if fault.text.startswith(SERVER_ERROR) else server_error(fault.text)) from None
            reply = None  # a filter asked a room for what is not there
        if reply is None:
            run.attribute_profiles = []
            return run
        run.attribute_profiles = reply.matched
        run.altered = [RUN_ID_PATH, *[path for path in reply.altered if path != RUN_ID_PATH]]
        run.event = reply.event
        return run
