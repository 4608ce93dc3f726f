"""What the engine may be asked. Each command is one struct; `engine.door.Engine.step` answers it.

Values inside are the engine's own: amounts in 10**-9, usage and instants in ns, items as the structs of their kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class GetItem:
    """The item of a kind, or None."""

    kind: str
    id: str


@dataclass(slots=True)
class ListItems:
    """All items of a kind: dict id -> item, in the order in which they first came (live: do not change it)."""

    kind: str


@dataclass(slots=True)
class PutItem:
    """Stores or replaces one item; it counts from the next command on. Answers None."""

    kind: str
    id: str
    item: object


@dataclass(slots=True)
class RemoveItem:
    """Removes one item; answers True when there was one."""

    kind: str
    id: str


@dataclass(slots=True)
class ChangeItems:
    """Several changes in one atomic step: first removals, then puts. `load_id` names a plan load in the load history."""

    puts: list[tuple[str, str, object]] = field(default_factory=list)  # (kind, id, item)
    removals: list[tuple[str, str]] = field(default_factory=list)
    load_id: str = ""
