"""The loop's side of durability: numbers that grow, and who waits for them. Knows no disk and no thread."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from engine.storage.ports import StorageRefused


class Milestone:
    """A number that only grows, and those who wait for it to reach theirs; used on the loop's thread only."""

    value: int

    def __init__(self) -> None:
        self.value = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = 0
        self._closed = ""

    def reach(self, value: int) -> None:
        """It has grown to `value`, if that is more."""
        self.value = max(self.value, value)
        while self._waiting and self._waiting[0][0] <= self.value:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)

    async def wait(self, value: int) -> None:
        """Returns when it has reached `value`, at once when it has; StorageRefused when it is refused or closed before that."""
        if value <= self.value:
            return
        if self._closed:
            raise StorageRefused(self._closed)
        future = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        heapq.heappush(self._waiting, (value, self._arrivals, future))
        await future

    def refuse(self, text: str) -> None:
        """Refuses all who wait now."""
        waiting, self._waiting = self._waiting, []
        for _, _, future in waiting:
            if not future.done():
                future.set_exception(StorageRefused(text))

    def close(self, text: str) -> None:
        """It will not grow any more: refuses all who wait, now and later."""
        self._closed = text
        self.refuse(text)


class TicketGate:
    """Counts tickets up and tells those who wait for them to be durable."""

    last_ticket: int
    durable: Milestone

    def __init__(self) -> None:
        self.last_ticket = 0
        self.durable = Milestone()
        self._subscribers: list[Callable[[int], None]] = []

    def reset(self, ticket: int) -> None:
        """Takes up counting after the tickets that are already on disk."""
        self.last_ticket = ticket
        self.durable.reach(ticket)

    def issue(self) -> int:
        """The next ticket."""
        self.last_ticket += 1
        return self.last_ticket

    def subscribe(self, callback: Callable[[int], None]) -> None:
        """See `Journal.subscribe`."""
        self._subscribers.append(callback)

    def advance(self, ticket: int) -> None:
        """All tickets up to this one are durable now."""
        if ticket <= self.durable.value:
            return
        assert ticket <= self.last_ticket, "only what was appended becomes durable"
        self.durable.reach(ticket)
        for callback in self._subscribers:
            callback(ticket)
