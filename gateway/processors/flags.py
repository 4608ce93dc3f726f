"""The flags of a processor, read into what is asked of the engine. No other room knows these words.

*initiate *accounts *attributes:*ids:ATTR_A&ATTR_B *cdrs *continue *log
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.errors import mandatory_missing
from engine.sessions.commands import Asked
from engine.sessions.flags import (
    ATTRIBUTES,
    AUTHORIZE,
    CDRS,
    CHARGERS,
    FORCE_DURATION,
    INITIATE,
    RALS,
    TERMINATE,
    UPDATE,
    Flags,
)

DRYRUN: Final = "*dryrun"
MESSAGE: Final = "*message"
EVENT: Final = "*event"
NONE: Final = "*none"
ACCOUNTS: Final = "*accounts"
LOG: Final = "*log"
CONTINUE: Final = "*continue"

REQUEST_TYPES: Final = (DRYRUN, AUTHORIZE, INITIATE, UPDATE, TERMINATE, MESSAGE, CDRS, EVENT, NONE)
"""The first of these that a processor has is what it asks; those that its agent does itself go between *dryrun and the others."""

# Flags of rooms and what sessions call them, by request type; in the order in which sessions tell of them.
_ROOMS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    AUTHORIZE: (
        ("*ips", "AuthorizeIP"),
        ("*resources", "AuthorizeResources"),
        ("*routes", "GetRoutes"),
        ("*thresholds", "ProcessThresholds"),
        ("*stats", "ProcessStats"),
    ),
    INITIATE: (
        ("*ips", "AllocateIP"),
        ("*resources", "AllocateResources"),
        ("*thresholds", "ProcessThresholds"),
        ("*stats", "ProcessStats"),
    ),
    UPDATE: (("*thresholds", "ProcessThresholds"), ("*stats", "ProcessStats")),
    TERMINATE: (
        ("*ips", "ReleaseIP"),
        ("*resources", "ReleaseResources"),
        ("*thresholds", "ProcessThresholds"),
        ("*stats", "ProcessStats"),
    ),
    MESSAGE: (
        ("*routes", "GetRoutes"),
        ("*ips", "AllocateIP"),
        ("*resources", "AllocateResources"),
        ("*thresholds", "ProcessThresholds"),
        ("*stats", "ProcessStats"),
    ),
}

PERFORMANCE: Final = tuple(f"*{agent}{room}" for agent in ("da", "ra", "ha", "dns", "sip", "ja") for room in ("Stats", "Thresholds"))
"""Who is told how long a request took: `*daStats:ID&ID`. Nobody is, while there are no such rooms."""

KNOWN: Final = (
    *REQUEST_TYPES,
    ACCOUNTS,
    LOG,
    CONTINUE,
    ATTRIBUTES,
    CHARGERS,
    RALS,
    FORCE_DURATION,
    "*thresholds",
    "*stats",
    "*resources",
    "*ips",
    "*routes",
    "*routes_ignore_errors",
    "*routes_event_cost",
    "*routes_maxcost",
    "*blocker_error",
    "*stir_authenticate",
    "*stir_initiate",
    *PERFORMANCE,
)
"""Every flag that means something."""


class Wanted:
    """What a processor asks. `type` is one of REQUEST_TYPES or of the agent's own, empty where its flags name none. `refused` is what
    sessions say to a request that asks for nothing, empty where it asks for something."""

    type: str
    own: bool  # the agent does it
    asks: bool  # the engine or the agent is asked something
    records: bool  # makes records of the event afterwards
    charged: bool  # *accounts: what the request type does with money and units
    force_duration: bool
    goes_on: bool
    logged: bool
    asked: Asked
    texts: list[str]
    grants: bool  # an answer has a MaxUsage
    refused: str

    def __init__(self, texts: Sequence[str], own: Sequence[str] = ()) -> None:
        flags = Flags(texts)
        self.texts = list(texts)
        self.type = next((type for type in (DRYRUN, *own, *REQUEST_TYPES) if flags.has(type)), "")
        self.own = self.type in own
        self.records = flags.has(CDRS) and self.type != DRYRUN
        self.charged = flags.has(ACCOUNTS)
        self.force_duration = flags.has(FORCE_DURATION)
        self.goes_on = flags.has(CONTINUE)
        self.logged = flags.has(LOG) or self.type == DRYRUN
        rooms = [asked for flag, asked in _ROOMS.get(self.type, ()) if flags.has(flag)]
        self.asked = Asked(flags.has(ATTRIBUTES), flags.ids(ATTRIBUTES), tuple(rooms))
        self.asks = self.type not in ("", NONE, DRYRUN) or self.records
        self.grants = self.charged and self.type in (AUTHORIZE, INITIATE, UPDATE, MESSAGE)
        nothing = self.type in (AUTHORIZE, INITIATE, UPDATE, TERMINATE) and not (self.charged or self.asked.attributes or rooms)
        self.refused = mandatory_missing("Subsystems").text if nothing else ""
