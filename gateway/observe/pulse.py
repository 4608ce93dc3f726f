"""How late the event loop is, and how long garbage collection holds it up: looked at now and then, at no cost to events."""

from __future__ import annotations

import asyncio
import gc
from time import monotonic_ns
from typing import Final

from engine.tally import Histogram
from engine.times import SECOND
from gateway.observe.limits import PULSE_SECONDS


class Pulse:
    """`late`: by how much a timer that goes off every PULSE_SECONDS was late; `collections`: pauses for garbage."""

    def __init__(self) -> None:
        self.late: Final = Histogram()
        self.collections: Final = Histogram()
        self._due = 0.0
        self._began = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Looks from now on."""
        gc.callbacks.append(self._collected)
        self._arm()

    def stop(self) -> None:
        """Looks no more."""
        if self._timer is not None:
            self._timer.cancel()
            gc.callbacks.remove(self._collected)
            self._timer = None

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + PULSE_SECONDS
        self._timer = loop.call_at(self._due, self._beat)

    def _beat(self) -> None:
        self.late.note(max(0, int((asyncio.get_running_loop().time() - self._due) * SECOND)))
        self._arm()

    def _collected(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._began = monotonic_ns()
        elif self._began:
            self.collections.note(monotonic_ns() - self._began)
            self._began = 0
