"""What is kept in the order of time, a dict whose oldest stands first, looked at from there: a few at a time, because a look at the first
of a dict passes over all that went before it."""

from __future__ import annotations

from collections.abc import Iterable

from engine.limits import FORGOTTEN_PER_STEP


def oldest(names: Iterable[str], count: int) -> list[str]:
    """The first ones, no more than so many."""
    return [name for name, _ in zip(names, range(count), strict=False)]


def due(until: dict[str, int], now_ns: int, most: int) -> list[str]:
    """The first ones that are over for long enough, or that there are too many of; no more than FORGOTTEN_PER_STEP."""
    spare = len(until) - most
    return [name for place, name in enumerate(oldest(until, FORGOTTEN_PER_STEP)) if until[name] <= now_ns or place < spare]


def in_order(moments: dict[str, int]) -> dict[str, int]:
    """The same, sorted by their moments; what has one moment stays in its order."""
    return dict(sorted(moments.items(), key=_moment))


def _moment(item: tuple[str, int]) -> int:
    return item[1]
