"""How long the machine stood still while something was played whose text has times in it: recordings wait 3 s for an answer, and a second
for money to be taken. They are what they are, so where the machine did not keep their time they are played again."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

TURN_SECONDS: Final = 0.02
STILL_SECONDS: Final = 0.25  # this much later than it wanted to, a process that wants next to nothing was let run
TIMES: Final = 3


class Stillness:
    """Watches while a block runs; `longest` is by how many seconds a short sleep of this process came late at most."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        before = time.monotonic()
        while not self._over.wait(TURN_SECONDS):
            now = time.monotonic()
            self.longest, before = max(self.longest, now - before - TURN_SECONDS), now

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()


def in_time(play: Callable[[], str], watch: Callable[[], Stillness] = Stillness) -> str:
    """Why what is played is not as it should be; empty when it is. Where the machine stood still meanwhile it is played again, a few times
    at most, and what was wrong becomes a warning; where it did not, that is that."""
    for number in range(1, TIMES + 1):
        with watch() as still:
            why = play()
        if not why or still.longest < STILL_SECONDS or number == TIMES:
            return why
        warnings.warn(f"the machine stood still for {still.longest:.1f} s, so it is played again; it was:\n{why}", stacklevel=2)
    raise AssertionError("it is played once at least")
