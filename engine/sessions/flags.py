"""The flags of SessionSv1.ProcessEvent: `*flag[:sub[:id&id]]`, read into what each flag says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

ATTRIBUTES: Final = "*attributes"
CHARGERS: Final = "*chargers"
RALS: Final = "*rals"
CDRS: Final = "*cdrs"
IDS: Final = "*ids"
DERIVED: Final = "*derived_reply"
AUTHORIZE: Final = "*authorize"
INITIATE: Final = "*initiate"
UPDATE: Final = "*update"
TERMINATE: Final = "*terminate"
COST: Final = "*cost"
FORCE_DURATION: Final = "*fd"
ROOM_FLAGS: Final = ("*routes", "*thresholds", "*stats", "*resources", "*ips")


class Flags:
    """Each flag with its subs, each sub with its ids. A third part that is no list of ids (`*rals:*initiate:*fd`) is one too, and says
    nothing to anybody (recorded)."""

    _subs: dict[str, dict[str, list[str]]]

    def __init__(self, texts: Sequence[str]) -> None:
        self._subs = {}
        for text in texts:
            name, _, rest = text.partition(":")
            subs = self._subs.setdefault(name, {})
            if rest:
                sub, _, ids = rest.partition(":")
                subs.setdefault(sub, []).extend(one for one in ids.split("&") if one)

    def has(self, name: str) -> bool:
        """Whether the flag was given, whatever stands behind it."""
        return name in self._subs

    def says(self, name: str, sub: str) -> bool:
        """Whether the flag was given with this sub."""
        return sub in self._subs.get(name, {})

    def ids(self, name: str) -> list[str] | None:
        """The ids of `name:*ids:...`; None without them."""
        return self._subs.get(name, {}).get(IDS)

    def subs(self, name: str) -> list[str]:
        """All subs of a flag."""
        return list(self._subs.get(name, {}))

    def rooms(self) -> list[str]:
        """The flags of rooms besides charging."""
        return [name for name in ROOM_FLAGS if name in self._subs]
