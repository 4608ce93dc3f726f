"""What attribute profiles made of an event."""

from __future__ import annotations

from engine.event import Event


class AttributesReply:
    """`matched` names the profiles in the order of the runs, `altered` each path once (`*req.Account`); `event` is the changed copy."""

    matched: list[str]
    altered: list[str]
    event: Event

    def __init__(self, matched: list[str], altered: list[str], event: Event) -> None:
        self.matched = matched
        self.altered = altered
        self.event = event
