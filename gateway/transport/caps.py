"""cores.caps: how many requests may be worked on at the same time, over all ports of the process, and what happens beyond.

A request is at work from the moment it is read until its answer may leave, the wait for the disk included. Beyond the bound it is refused
(*busy), or waits for its turn, first come first served (*queue); who has too many requests waiting is not read on, as ever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Final, Protocol

from gateway.protocols.jsonrpc.envelope import MalformedError
from gateway.protocols.jsonrpc.request import Request
from gateway.transport.gate import DurableJournal
from gateway.transport.jsonrpc import RpcService, dismiss
from gateway.transport.limits import MAX_QUEUED_BYTES, MAX_QUEUED_REQUESTS

BUSY: Final = "MAX_CONCURRENT_RPC_EXCEEDED"


class RefusingService(RpcService, Protocol):
    """Who answers requests, and can say in his own words why he does not."""

    def refuse(self, request: Request, reason: str) -> bytes:
        """The answer to a request that is not looked at."""


class Caps:
    """The places there are for requests, and who waits for one. Used on the loop's thread."""

    def __init__(self, places: int, journal: DurableJournal, *, queue: bool) -> None:
        """`places` above 0. `queue`: who comes when all are taken waits, within MAX_QUEUED_REQUESTS and MAX_QUEUED_BYTES; else it is
        refused."""
        self.places: Final = places
        self.at_work = 0
        self.refused = 0
        self.waiting_bytes = 0
        self.peak = 0
        self._queue: Final = queue
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._held: deque[int] = deque()  # tickets that answers wait for; each holds a place
        self._journal = journal
        self.sampling = False
        self._timer: asyncio.TimerHandle | None = None
        journal.subscribe(self._advance)

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return len(self._waiting)

    def take(self) -> bool:
        """Takes a place if there is one and nobody waits for it."""
        if self.at_work >= self.places or self._waiting:
            return False
        self.at_work += 1
        return True

    def wait(self, size_bytes: int) -> asyncio.Future[None] | None:
        """What ends when a place was taken for one more request; None where it is refused."""
        full = len(self._waiting) >= MAX_QUEUED_REQUESTS or self.waiting_bytes + size_bytes > MAX_QUEUED_BYTES
        if full or not self._queue:
            self.refused += 1
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, size_bytes))
        self.waiting_bytes += size_bytes
        return future

    def give_back(self, ticket: int) -> None:
        """The request is done: its place is free when that ticket is durable."""
        if ticket > self._journal.durable_ticket:
            self._held.append(ticket)
        else:
            self._free()

    def _free(self) -> None:
        """The place goes to who waits the longest, without ever being free."""
        while self._waiting:
            future, size_bytes = self._waiting.popleft()
            self.waiting_bytes -= size_bytes
            if not future.done():  # it is when its client has gone
                future.set_result(None)
                return
        self.at_work -= 1

    def _advance(self, durable_ticket: int) -> None:
        while self._held and self._held[0] <= durable_ticket:
            self._held.popleft()
            self._free()

    # -- what is counted (cores.caps_stats_interval) -----------------------------------------------------------------------

    def sample_every(self, seconds: float) -> None:
        """Looks at how many are at work, as often as that, and keeps the most in `peak`."""
        self.sampling = True
        self.peak = max(self.peak, self.at_work)
        self._timer = asyncio.get_running_loop().call_later(seconds, self.sample_every, seconds)

    def stop(self) -> None:
        """Looks no more."""
        if self._timer is not None:
            self._timer.cancel()


class _Place:
    """The place of a request that is done later, with what does it. It is given back once: when the request is done, or when whoever was
    to work on it was thrown away before he began."""

    __slots__ = ("_caps", "answer")

    def __init__(self, caps: Caps, answer: Awaitable[tuple[bytes, int]]) -> None:
        self._caps: Caps | None = caps
        self.answer = answer

    def give_back(self, ticket: int) -> None:
        """See `Caps.give_back`."""
        caps, self._caps = self._caps, None
        if caps is not None:
            caps.give_back(ticket)

    def __del__(self) -> None:
        if self._caps is not None:
            dismiss(self.answer)
            self.give_back(0)


class _Turn:
    """A turn that a request waits for. Where nobody takes it, it is passed on."""

    __slots__ = ("_caps", "_taken", "future")

    def __init__(self, caps: Caps, future: asyncio.Future[None]) -> None:
        self._caps = caps
        self._taken = False
        self.future = future

    async def take(self) -> None:
        """Returns when a place was taken."""
        await self.future
        self._taken = True

    def __del__(self) -> None:
        if not self.future.done():
            self.future.cancel()
        elif not self._taken and not self.future.cancelled():
            self._caps.give_back(0)


class CappedService:
    """A service no more than so many of whose requests are at work."""

    ticket: int

    def __init__(self, service: RefusingService, caps: Caps) -> None:
        self._service = service
        self._caps = caps
        self.ticket = 0

    def call(self, request: Request, client: str = "") -> bytes | Awaitable[tuple[bytes, int]]:
        """See `RpcService.call`."""
        caps = self._caps
        if caps.take():
            return self._work(request, client)
        future = caps.wait(len(bytes(request.params)))
        if future is not None:
            return self._queued(_Turn(caps, future), request, client)
        self.ticket = 0
        return self._service.refuse(request, BUSY)

    def _work(self, request: Request, client: str) -> bytes | Awaitable[tuple[bytes, int]]:
        """The answer to a request that has a place."""
        try:
            answer = self._service.call(request, client)
        except BaseException:
            self._caps.give_back(0)
            raise
        if not isinstance(answer, bytes):
            return _finish(_Place(self._caps, answer))
        self.ticket = self._service.ticket
        self._caps.give_back(self.ticket)
        return answer

    async def _queued(self, turn: _Turn, request: Request, client: str) -> tuple[bytes, int]:
        await turn.take()
        try:
            answer = self._work(request, client)
        except MalformedError as fault:  # too late to end the stream where it broke
            return self._service.refuse(request, f"json: {fault}"), 0
        return (answer, self.ticket) if isinstance(answer, bytes) else await answer


async def _finish(place: _Place) -> tuple[bytes, int]:
    ticket = 0
    try:
        text, ticket = await place.answer
    finally:
        place.give_back(ticket)
    return text, ticket
