"""Hands that work only when the simulation says so: one of all threads runs at any time, so that a seed says what happens.

A hand runs until it rests, sleeps or is held up by the disk, and gives the word back; `go` lets it run on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class CrashError(BaseException):
    """The process is gone at this very point."""


class Clock:
    """Seconds that pass when the simulation says so."""

    def __init__(self) -> None:
        self.seconds = 0.0


class SimulatedHand:
    """See engine.storage.sqlite.hand.Hand."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.ended = True
        self.fault: BaseException | None = None
        self._clock = clock
        self._called = False
        self._hurried = False
        self._crashed = False
        self._resting = False
        self._wakes_at: float | None = None
        self._word = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._thread: threading.Thread | None = None

    # -- for the simulation ----------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether it would do something now."""
        if self.ended:
            return False
        if self._resting and self._called:
            return True
        return self._wakes_at is not None and (self._hurried or self._clock.seconds >= self._wakes_at)

    @property
    def is_current(self) -> bool:
        """Whether it is the one that runs."""
        return threading.current_thread() is self._thread

    def go(self) -> None:
        """Lets it run until it gives the word back or ends."""
        self._word.release()
        self._back.acquire()

    def crash(self) -> None:
        """The process is gone: the work ends where it is."""
        self._crashed = True
        while not self.ended:
            self.go()

    def held_up(self, seconds: float) -> None:
        """Called by the work: the disk takes its time."""
        self._give_back(seconds)

    # -- Hand ------------------------------------------------------------------------------------------------------------

    def start(self, work: Callable[[], None]) -> None:
        def run() -> None:
            self._word.acquire()
            try:
                work()
            except CrashError:
                pass
            except BaseException as fault:  # noqa: BLE001 - told by the simulation
                self.fault = fault
            self.ended = True
            self._back.release()

        self.ended = False
        self._wakes_at = 0.0
        self._thread = threading.Thread(target=run, name=self.name, daemon=True)
        self._thread.start()

    def join(self) -> None:
        while not self.ended:
            self.go()

    def call(self) -> None:
        self._called = True

    def rest(self, seconds: float | None) -> bool:
        if not self._called:
            self._resting = True
            self._give_back(seconds)
            self._resting = False
        called, self._called = self._called, False
        return called

    def sleep(self, seconds: float) -> None:
        self._give_back(seconds)

    def hurry(self) -> None:
        self._hurried = True

    def now(self) -> float:
        return self._clock.seconds

    def _give_back(self, seconds: float | None) -> None:
        self._wakes_at = None if seconds is None else self._clock.seconds + seconds
        self._back.release()
        self._word.acquire()
        self._wakes_at = None
        if self._crashed:
            raise CrashError
