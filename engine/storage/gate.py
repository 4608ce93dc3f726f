"""The loop's side of durability: the last ticket, the durable one, and who waits for it. Knows no disk and no thread."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from engine.storage.ports import StorageRefused


class TicketGate:
    """Counts tickets up and tells those who wait; used on the loop's thread only."""

    last_ticket: int
    durable_ticket: int

    def __init__(self) -> None:
        self.last_ticket = 0
        self.durable_ticket = 0
        self._subscribers: list[Callable[[int], None]] = []
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = 0
        self._closed = False

    def reset(self, ticket: int) -> None:
        """Takes up counting after the tickets that are already on disk."""
        self.last_ticket = self.durable_ticket = ticket

    def issue(self) -> int:
        """The next ticket."""
        self.last_ticket += 1
        return self.last_ticket

    def subscribe(self, callback: Callable[[int], None]) -> None:
        """See `Journal.subscribe`."""
        self._subscribers.append(callback)

    def advance(self, ticket: int) -> None:
        """All tickets up to this one are durable now."""
        if ticket <= self.durable_ticket:
            return
        assert ticket <= self.last_ticket, "only what was appended becomes durable"
        self.durable_ticket = ticket
        while self._waiting and self._waiting[0][0] <= ticket:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)
        for callback in self._subscribers:
            callback(ticket)

    async def wait(self, ticket: int) -> None:
        """See `Journal.wait`."""
        if ticket <= self.durable_ticket:
            return
        if self._closed:
            raise StorageRefused("storage is closed")
        future = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        heapq.heappush(self._waiting, (ticket, self._arrivals, future))
        await future

    def close(self) -> None:
        """Nothing becomes durable any more: those who still wait are refused."""
        self._closed = True
        self.refuse("storage is closed")

    def refuse(self, text: str) -> None:
        """Refuses all who wait."""
        waiting, self._waiting = self._waiting, []
        for _, _, future in waiting:
            if not future.done():
                future.set_exception(StorageRefused(text))
