"""What GuardianSv1 keeps: locks that peers hold under a reference, until they give them back or their time is over."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from engine.errors import RequestError
from gateway.api.limits import MAX_LOCK_REFERENCES, MAX_LOCKS_PER_REFERENCE


class Locks:
    """All locks of the process; used on the loop's thread."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}  # lock id -> reference
        self._references: dict[str, list[str]] = {}  # reference -> lock ids, in the order in which they were asked for
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # lock id -> who wants it next
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def count(self) -> int:
        """References that hold or want locks."""
        return len(self._references)

    async def lock(self, reference: str, lock_ids: Sequence[str], timeout_ns: int) -> bool:
        """Holds all lock ids under the reference, waiting for those that are held; False when the reference is in use.

        They are given back by `unlock`, or after timeout_ns (0: never). Ids are taken in one order, so that two callers cannot wait
        for each other.
        """
        if reference in self._references:
            return False
        if len(self._references) >= MAX_LOCK_REFERENCES or len(lock_ids) > MAX_LOCKS_PER_REFERENCE:
            raise RequestError("MAX_LOCKS_EXCEEDED")
        self._references[reference] = list(dict.fromkeys(lock_ids))
        try:
            for lock_id in sorted(self._references[reference]):
                await self._take(lock_id, reference)
        except asyncio.CancelledError:
            self.unlock(reference)
            raise
        if timeout_ns > 0:
            self._timers[reference] = asyncio.get_running_loop().call_later(timeout_ns / 1e9, self.unlock, reference)
        return True

    async def _take(self, lock_id: str, reference: str) -> None:
        while lock_id in self._held:
            turn = asyncio.get_running_loop().create_future()
            queue = self._waiting.setdefault(lock_id, deque())
            queue.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn in queue:
                    queue.remove(turn)
                else:
                    self._wake(lock_id)
                raise
        self._held[lock_id] = reference

    def _wake(self, lock_id: str) -> None:
        """Lets the next one who waits have a look at the lock."""
        queue = self._waiting.get(lock_id)
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._waiting.pop(lock_id, None)

    def unlock(self, reference: str) -> list[str] | None:
        """Gives back what the reference holds and says what that was; None when it holds nothing."""
        timer = self._timers.pop(reference, None)
        if timer is not None:
            timer.cancel()
        lock_ids = self._references.pop(reference, None)
        if lock_ids is None:
            return None
        for lock_id in lock_ids:
            if self._held.get(lock_id) == reference:
                del self._held[lock_id]
                self._wake(lock_id)
        return lock_ids
