"""From an event to its runs: one copy of the event for each charger profile of the tenant that matches."""

from __future__ import annotations

from typing import Final

from engine.errors import RequestError
from engine.event import RUN_ID, Event
from engine.money import parse_amount
from engine.profiles.items import Items
from engine.profiles.policies import ChargerProfile

NO_ATTRIBUTES: Final = ("*none",)
DEFAULT_RUN: Final = "*default"


class Chargers:
    """`connected` is whether sessions and records are to ask for charger profiles at all; without, there is one run."""

    items: Items
    connected: bool
    _compiled: dict[str, list[ChargerProfile]]

    def __init__(self, items: Items, connected: bool) -> None:
        self.items = items
        self.connected = connected
        self._compiled = {}

    def changed(self) -> None:
        """A charger profile was put or removed."""
        self._compiled.clear()

    def runs(self, event: Event) -> list[Event]:
        """The events of the runs, the heaviest profile's first. RequestError when no profile matches."""
        if not self.connected:
            run = event.copy()
            run.fields[RUN_ID] = DEFAULT_RUN
            return [run]
        profiles = self._of_tenant(event.tenant)
        if not profiles:
            raise RequestError("CHARGERS_ERROR:NOT_FOUND")
        return [self._run(event, profile) for profile in profiles]

    def _of_tenant(self, tenant: str) -> list[ChargerProfile]:
        known = self._compiled.get(tenant)
        if known is None:
            # Profiles with filters need the filter room, which says whether they match; until it stands they do not.
            known = [
                profile
                for profile in self.items.all("charger_profile").values()
                if isinstance(profile, ChargerProfile) and profile.Tenant == tenant and not profile.FilterIDs
            ]
            known.sort(key=_weight, reverse=True)
            self._compiled[tenant] = known
        return known

    def _run(self, event: Event, profile: ChargerProfile) -> Event:
        if profile.AttributeIDs and tuple(profile.AttributeIDs) != NO_ATTRIBUTES:
            raise RequestError(f"CHARGERS_ERROR:NOT_IMPLEMENTED: attributes of charger {profile.ID}")
        run = event.copy()
        run.fields[RUN_ID] = profile.RunID or DEFAULT_RUN
        return run


def _weight(profile: ChargerProfile) -> int:
    return parse_amount(str(profile.Weight) or "0")
