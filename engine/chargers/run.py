"""One run of an event."""

from __future__ import annotations

from typing import Final

from engine.event import Event

RUN_ID_PATH: Final = "*req.RunID"


class ChargerRun:
    """A run: the id of its charger profile, the attribute profiles applied (None: none were to be), the paths changed, its event."""

    profile_id: str
    attribute_profiles: list[str] | None
    altered: list[str]
    event: Event

    def __init__(self, profile_id: str, event: Event) -> None:
        self.profile_id = profile_id
        self.attribute_profiles = None
        self.altered = [RUN_ID_PATH]
        self.event = event
