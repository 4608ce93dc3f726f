"""What templates and filters read: the scopes of one event, and the figures of other rooms.

A scope is a map, a list, a Source or a plain value (`*tenant`). `*req` are the event's fields and `*opts` its options; who reads on
behalf of something else sets more (`*vars`, `*cgreq`, `*cgrep`, `*rep`, `*tmp`, `*cdr`...). Nothing here is copied: a change of the
event is seen by the next look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container
from typing import Final

from engine.errors import server_error
from engine.event import Event
from engine.fields.path import Path, walk
from engine.fields.values import MISSING
from engine.times import UTC_ZONE, Moment, Zone

REQ: Final = "*req"
OPTS: Final = "*opts"
VARS: Final = "*vars"
TENANT: Final = "*tenant"

Ask = Callable[[str, Path, int], object]
"""Another room's answer for (tenant, path, now): path[1] is the id, what follows leads into it; MISSING when there is no such thing."""

OTHER_ROOMS: Final = frozenset({"*stats", "*resources", "*accounts", "*trends", "*rankings", "*ips", "*libphonenumber"})


class Rooms:
    """The rooms that can be asked, by the scope that names them. A scope whose room is not wired is refused as CGRateS refuses it.

    `destinations_of` gives the ids of all destinations that a number is in, `timing_is_active` whether a timing, by its id, holds at an
    instant; without the rating room there are none.
    """

    destinations_of: Callable[[str], Container[str]]
    timing_is_active: Callable[[str, Moment], bool]
    _asks: dict[str, Ask]

    def __init__(self) -> None:
        self._asks = {}
        self.destinations_of = _no_destinations
        self.timing_is_active = _no_timing

    def wire(self, scope: str, ask: Ask) -> None:
        """Has `ask` answer for a scope, `*stats` say."""
        assert scope in OTHER_ROOMS, "a scope of another room"
        self._asks[scope] = ask

    def look(self, tenant: str, path: Path, now_ns: int) -> object:
        ask = self._asks.get(path[0])
        if ask is None:
            raise server_error("MANDATORY_IE_MISSING: [connIDs]")
        return ask(tenant, path, now_ns) if len(path) > 1 else MISSING


def _no_destinations(_number: str) -> Container[str]:
    return ()


def _no_timing(_id: str, _at: Moment) -> bool:
    return False


class View:
    """One event as templates see it. `at_ns` is the time that activation intervals are compared with: the event's own, else now."""

    tenant: str
    now_ns: int
    at_ns: int
    zone: Zone
    scopes: dict[str, object]
    rooms: Rooms
    draws: int

    def __init__(self, event: Event, now_ns: int, zone: Zone = UTC_ZONE, rooms: Rooms | None = None) -> None:
        self.tenant = event.tenant
        self.now_ns = now_ns
        self.at_ns = event.at_ns if event.at_ns else now_ns
        self.zone = zone
        self.scopes = {REQ: event.fields, OPTS: event.options}
        self.rooms = Rooms() if rooms is None else rooms
        self.draws = 0

    def lookup(self, path: Path) -> object:
        """The value that a path leads to, MISSING when it leads nowhere. RequestError when it asks a room that is not wired."""
        if not path:
            return MISSING
        scope = self.scopes.get(path[0], MISSING)
        if scope is MISSING:
            return self.rooms.look(self.tenant, path, self.now_ns) if path[0] in OTHER_ROOMS else MISSING
        return walk(scope, path, 1)

    def draw(self, count: int) -> int:
        """A number in [0, count) that looks random, and is the same whenever the same event is looked at at the same instant."""
        self.draws += 1
        fields = self.scopes.get(REQ)
        origin = fields.get("OriginID", "") if isinstance(fields, dict) else ""
        seed = f"{self.now_ns}/{self.tenant}/{origin}/{self.draws}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(seed, digest_size=16).digest(), "big") % count
