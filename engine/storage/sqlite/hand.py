"""Whoever does the work of storage beside the loop: a thread that works, rests until it is called, and sleeps between tries.

A simulation puts hands of its own in their place, which work only when it says so.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

_SHORT_SECONDS: Final = 0.005  # a sleep that need not be cut short by `hurry`


class Hand(Protocol):
    """One worker. `rest`, `sleep` and `now` are called by the work itself, the others by whoever has the work done."""

    def start(self, work: Callable[[], None]) -> None:
        """Begins the work; it ends when `work` returns."""

    def join(self) -> None:
        """Waits for its end."""

    def call(self) -> None:
        """Ends a rest; one that has not begun yet will end at once."""

    def rest(self, seconds: float | None) -> bool:
        """Waits until it is called: True; or so long: False."""

    def sleep(self, seconds: float) -> None:
        """Waits so long, or until `hurry`."""

    def hurry(self) -> None:
        """No sleep lasts from now on."""

    def now(self) -> float:
        """Seconds on a clock that only runs forward."""


class Thread:
    """A hand in service."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._hurried = threading.Event()

    def start(self, work: Callable[[], None]) -> None:
        """See `Hand`."""
        self._thread = threading.Thread(target=work, name=self._name, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """See `Hand`."""
        if self._thread is not None:
            self._thread.join()

    def call(self) -> None:
        """See `Hand`."""
        self._bell.put(None)

    def rest(self, seconds: float | None) -> bool:
        """See `Hand`."""
        try:
            self._bell.get(timeout=seconds)
        except queue.Empty:
            return False
        return True

    def sleep(self, seconds: float) -> None:
        """See `Hand`."""
        if seconds < _SHORT_SECONDS:
            time.sleep(seconds)
        else:
            self._hurried.wait(seconds)

    def hurry(self) -> None:
        """See `Hand`."""
        self._hurried.set()

    def now(self) -> float:
        """See `Hand`."""
        return time.monotonic()
