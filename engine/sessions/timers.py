"""When sessions are to be looked at: one heap, in which every session stands about once.

A session whose moment moves later stays where it is, and is put back when it comes up; one whose moment moves nearer gets a second
place, and the first one is passed over when it comes up. What is passed over is swept out before it is half of the heap.
"""

from __future__ import annotations

import heapq
from typing import Final

from engine.sessions.session import NEVER

SWEEP_FROM: Final = 1024  # entries below which nothing is swept


class Timers:
    """Moments on the clock that only runs forward, by CGRID."""

    _heap: list[tuple[int, str]]
    _queued: dict[str, int]

    def __init__(self) -> None:
        self._heap = []
        self._queued = {}

    def set(self, cgrid: str, ticks: int) -> None:
        """The session is to be looked at then, or earlier if an earlier moment is set; NEVER forgets it."""
        if ticks >= NEVER:
            self._queued.pop(cgrid, None)
            return
        known = self._queued.get(cgrid)
        if known is not None and known <= ticks:
            return
        self._queued[cgrid] = ticks
        heapq.heappush(self._heap, (ticks, cgrid))
        if len(self._heap) > SWEEP_FROM + 2 * len(self._queued):
            self._heap = [(at, one) for one, at in self._queued.items()]
            heapq.heapify(self._heap)

    def forget(self, cgrid: str) -> None:
        """The session is over."""
        self._queued.pop(cgrid, None)

    def next_ticks(self) -> int | None:
        """The nearest moment."""
        while self._heap:
            ticks, cgrid = self._heap[0]
            if self._queued.get(cgrid) == ticks:
                return ticks
            heapq.heappop(self._heap)
        return None

    def take(self, ticks: int) -> str | None:
        """The next session whose moment has come; None when there is none. It is forgotten by this."""
        due = self.next_ticks()
        if due is None or due > ticks:
            return None
        _, cgrid = heapq.heappop(self._heap)
        del self._queued[cgrid]
        return cgrid

    def __len__(self) -> int:
        return len(self._heap)
