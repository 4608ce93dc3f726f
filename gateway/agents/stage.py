"""Where requests wait for the values of `*http#` that they need, before anything is asked of the engine.

Nothing of a request that waits here has happened yet: it has moved no money and is written nowhere, and when the process ends it is as if
it had never come. Requests of one name (a session) are worked off in the order in which they came: one that comes again meanwhile waits for
the first one and gets its answer, and is not fetched for twice. One that is about all sessions of its station (Accounting-Off) waits for
whatever the station has asked before, and what the station asks afterwards waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from gateway.agents.limits import MAX_BEHIND
from gateway.processors.fetching import Fetch, Fetched
from gateway.transport.fetcher import Fetcher, FetchError

log: Final = logging.getLogger(__name__)

# what becomes of a request that is offered
NOW: Final = 0  # it needs nothing, and is to be worked off at once
LATER: Final = 1  # its `work` or `drop` will be called
CROWDED: Final = 2  # too many wait


class Waiter(Protocol):
    """A request that may need values."""

    @property
    def name(self) -> bytes:
        """What tells it apart from requests that it may overtake."""

    @property
    def station(self) -> bytes:
        """Whose it is."""

    @property
    def is_for_all(self) -> bool:
        """Whether it is about all sessions of its station."""

    def wait(self) -> None:
        """It waits from now on."""

    def lacking(self, fetched: Fetched) -> list[Fetch]:
        """What it needs besides what was fetched; nothing where it can be worked off, or fails anyhow."""

    def work(self, fetched: Fetched) -> None:
        """Works it off with these values."""

    def drop(self) -> None:
        """Leaves it, as if it had never come."""


class Queue:
    """The requests of one name that wait: whose they are, the end of the last one, and how many they are."""

    def __init__(self, station: bytes, last: asyncio.Future[None]) -> None:
        self.station = station
        self.last = last
        self.count = 0


class Stage:
    """All requests of the process that wait for values."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._tasks: set[asyncio.Task[None]] = set()
        self._queues: dict[bytes, Queue] = {}
        self._for_all: dict[bytes, asyncio.Future[None]] = {}  # by station: the end of the last request about all its sessions
        self._stopped = False
        self.refused = 0

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._tasks)

    def take(self, waiter: Waiter) -> int:
        """What becomes of a request: NOW, LATER or CROWDED."""
        name = waiter.name
        queue = self._queues.get(name)
        before = self._before(waiter, queue)
        fetched, lacking = Fetched(), list[Fetch]()
        if not before:
            try:
                lacking = waiter.lacking(fetched)
            except Exception:  # a fault of ours, which working it off will meet again
                log.exception("what a request needs could not be found out")
            if not lacking:
                return NOW
        if self._stopped or len(self._tasks) >= self._fetcher.most or (queue is not None and queue.count >= MAX_BEHIND):
            self.refused += 1
            return CROWDED
        done = asyncio.get_running_loop().create_future()
        if queue is None:
            queue = self._queues[name] = Queue(waiter.station, done)
        queue.last = done
        queue.count += 1
        if waiter.is_for_all:
            self._for_all[waiter.station] = done
        waiter.wait()
        task = asyncio.get_running_loop().create_task(self._see_to(waiter, queue, before, done, fetched, lacking))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return LATER

    def _before(self, waiter: Waiter, queue: Queue | None) -> list[asyncio.Future[None]]:
        """The ends of those that a request must not overtake."""
        station = waiter.station
        if waiter.is_for_all:
            return [one.last for one in self._queues.values() if one.station == station]
        found = [] if queue is None else [queue.last]
        if station in self._for_all:
            found.append(self._for_all[station])
        return found

    async def _see_to(
        self,
        waiter: Waiter,
        queue: Queue,
        before: Sequence[asyncio.Future[None]],
        done: asyncio.Future[None],
        fetched: Fetched,
        lacking: Sequence[Fetch],
    ) -> None:
        """Fetches for one request and works it off; `before` are the ends of those that it must not overtake."""
        taken = False
        try:
            if before:
                await asyncio.wait(before)
                lacking = waiter.lacking(fetched)
            until = asyncio.get_running_loop().time() + self._fetcher.seconds
            while lacking:
                await asyncio.gather(*(self._fetch(fetch, fetched, until) for fetch in lacking))
                lacking = waiter.lacking(fetched)
            taken = True
            waiter.work(fetched)
        except Exception:  # a fault of ours: other requests go on
            log.exception("a request failed")
        finally:
            if not taken:
                waiter.drop()
            queue.count -= 1
            if not queue.count:
                del self._queues[waiter.name]
            if self._for_all.get(waiter.station) is done:
                del self._for_all[waiter.station]
            done.set_result(None)

    async def _fetch(self, fetch: Fetch, fetched: Fetched, until: float) -> None:
        remote = fetch.remote
        try:
            fetched.take(remote, await self._fetcher.fetch(remote.url, fetch.body, until))
        except FetchError as error:
            fetched.fail(remote, str(error))
        except Exception:
            log.exception("a value could not be fetched", extra={"url": remote.shown})
            fetched.fail(remote, "a fault of the gateway")

    async def settle(self, timeout_seconds: float) -> None:
        """Takes no more, waits for those that are here so long, and drops what is left."""
        self._stopped = True
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=timeout_seconds)
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left)
