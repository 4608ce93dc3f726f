"""What the processors of an agent are read by and work with: the house's defaults, its filters, its rooms, its *uch and *cfg."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.fields.path import Source
from engine.fields.template import INNER_SEPARATOR
from engine.fields.view import REQ, Rooms
from engine.filters.match import Filters
from engine.times import UTC_ZONE, Zone
from gateway.processors.usercache import UserCache

Names = Callable[[str], str | None]
"""Whether a protocol has a name: None where it does, else the nearest that it has (an empty text: none is near)."""

REP: Final = "*rep"
CGREQ: Final = "*cgreq"
CGREP: Final = "*cgrep"
TMP: Final = "*tmp"
UCH: Final = "*uch"
CFG: Final = "*cfg"


class Terms:
    """`filters` and `rooms` are an engine's; without filters only rules written in place can be asked. `settings` is what ~*cfg leads
    into. `decimals` is where *value_exponent rounds unless a field says otherwise.

    `types` are request types that the agent does itself (`*radauth`, see calls.OwnRequest), `flags` those that it alone knows (`*pap`).
    For faults: `names` knows the names of the protocol, `outputs` are the scopes that the agent fills besides *rep (`*diamreq`), `inputs`
    those that it gives besides *req and *vars (`*oreq`); `named` is the scope whose names are the protocol's.
    """

    default_tenant: str
    zone: Zone
    separator: str
    decimals: int
    filters: Filters | None
    rooms: Rooms
    settings: Source
    cache: UserCache
    names: Names | None
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    named: str
    types: tuple[str, ...]
    flags: tuple[str, ...]

    def __init__(
        self,
        default_tenant: str,
        zone: Zone = UTC_ZONE,
        *,
        separator: str = INNER_SEPARATOR,
        decimals: int = 5,
        filters: Filters | None = None,
        rooms: Rooms | None = None,
        settings: Source | None = None,
        cache: UserCache | None = None,
        names: Names | None = None,
        outputs: tuple[str, ...] = (),
        inputs: tuple[str, ...] = (),
        named: str = REQ,
        types: tuple[str, ...] = (),
        flags: tuple[str, ...] = (),
    ) -> None:
        self.default_tenant = default_tenant
        self.zone = zone
        self.separator = separator
        self.decimals = decimals
        self.filters = filters
        self.rooms = Rooms() if rooms is None else rooms
        self.settings = Source() if settings is None else settings
        self.cache = UserCache() if cache is None else cache
        self.names = names
        self.outputs = outputs
        self.inputs = inputs
        self.named = named
        self.types = types
        self.flags = flags
