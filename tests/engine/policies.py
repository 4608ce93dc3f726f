"""Policy rooms for tests: profiles in few words, in one item store."""

from __future__ import annotations

from engine.attributes.decide import AttributeOptions, Attributes
from engine.chargers.decide import ChargerOptions, Chargers
from engine.event import Event
from engine.fields.view import Rooms
from engine.filters.match import Filters
from engine.profiles.items import Items
from engine.profiles.policies import KINDS, ActivationInterval, Attribute, AttributeProfile, ChargerProfile, Template
from engine.times import UTC_ZONE, parse_time

TENANT = "example.net"
NOW = parse_time("2026-04-07T10:00:00Z", UTC_ZONE, 0).ns


class House:
    """Attributes and chargers over one store."""

    def __init__(self, *, options: AttributeOptions | None = None, charging: ChargerOptions | None = None, connected: bool = True) -> None:
        self.items = Items(KINDS)
        self.filters = Filters(self.items)
        self.attributes = Attributes(self.items, self.filters, options or AttributeOptions(), Rooms())
        self.chargers = Chargers(self.items, self.filters, self.attributes, charging or ChargerOptions(), connected=connected)

    def attribute(
        self,
        id: str,
        *steps: tuple[str, ...],
        filters: tuple[str, ...] = (),
        contexts: tuple[str, ...] = ("*any",),
        weight: str = "10",
        blocker: bool = False,
        tenant: str = TENANT,
        active: ActivationInterval | None = None,
    ) -> None:
        """Steps are (path, type, value) and, where they have any, filters."""
        attributes = tuple(
            Attribute(tuple(step[3:]) or None, step[0], step[1], tuple(Template(part) for part in step[2].split(";"))) for step in steps
        )
        self.items.put(
            "attribute_profile", f"{tenant}:{id}", AttributeProfile(tenant, id, contexts, filters, active, attributes, blocker, weight)
        )

    def charger(
        self, id: str, run: str, *ids: str, filters: tuple[str, ...] = (), weight: str = "10", active: ActivationInterval | None = None
    ) -> None:
        self.items.put("charger_profile", f"{TENANT}:{id}", ChargerProfile(TENANT, id, filters, active, run, ids, weight))


def event(
    fields: dict[str, object] | None = None,
    options: dict[str, object] | None = None,
    *,
    tenant: str = TENANT,
    at_ns: int = 0,
) -> Event:
    return Event(tenant, "e1", fields or {}, options or {}, at_ns)
