"""The rooms that a session request may ask beside charging: which flag means which, and what is said of those that cannot be asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.errors import RequestError

ROOM_OF_FLAG: Final[dict[str, tuple[str, str]]] = {
    "AuthorizeIP": ("ips", "IPs"),
    "AllocateIP": ("ips", "IPs"),
    "ReleaseIP": ("ips", "IPs"),
    "AuthorizeResources": ("resources", "ResourceS"),
    "AllocateResources": ("resources", "ResourceS"),
    "ReleaseResources": ("resources", "ResourceS"),
    "GetRoutes": ("routes", "RouteS"),
    "ProcessThresholds": ("thresholds", "ThresholdS"),
    "ProcessStats": ("stats", "StatS"),
    "*ips": ("ips", "IPs"),
    "*resources": ("resources", "ResourceS"),
    "*routes": ("routes", "RouteS"),
    "*thresholds": ("thresholds", "ThresholdS"),
    "*stats": ("stats", "StatS"),
}
"""Flag of a request -> (section of the configuration, the name that clients know the room by)."""


def refuse_unbuilt(flags: Iterable[str], connected: frozenset[str]) -> None:
    """Refuses a request that asks for rooms which sessions are not wired to, or which this build does not have. None of them is asked in
    part: nothing has been charged yet."""
    wanted = list(flags)
    for flag in wanted:
        section, name = ROOM_OF_FLAG[flag]
        if section not in connected:
            raise RequestError(f"NOT_CONNECTED: {name}")
    if wanted:
        raise RequestError(f"NOT_IMPLEMENTED: {' '.join(wanted)}")
