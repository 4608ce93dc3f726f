"""Lines of the log that strangers cause, within a bound: who sends thousands of bad requests, or connections, fills no disk."""

from __future__ import annotations

import logging
from collections.abc import Callable

from engine.times import SECOND
from gateway.observe.limits import MAX_LINES_PER_SECOND


class Complaints:
    """Writes MAX_LINES_PER_SECOND lines of a second; how many were left out stands in the first one after them as `left_out`."""

    def __init__(self, clock: Callable[[], int]) -> None:
        """`clock` gives ns since any instant."""
        self._clock = clock
        self._second = 0
        self._lines = 0
        self._left_out = 0

    def tell(self, log: logging.Logger, level: int, event: str, extra: dict[str, object]) -> None:
        """Logs an event that a stranger has caused, or leaves it out."""
        second = self._clock() // SECOND
        if second != self._second:
            self._second = second
            self._lines = 0
        if self._lines >= MAX_LINES_PER_SECOND:
            self._left_out += 1
            return
        self._lines += 1
        if self._left_out:
            extra = extra | {"left_out": self._left_out}
            self._left_out = 0
        log.log(level, event, extra=extra)
