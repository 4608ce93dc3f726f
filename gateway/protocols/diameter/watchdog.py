"""Whether a peer is alive (RFC 3539 section 3.4.1): silence is asked about once, and ends the connection at the second time.

Time is nanoseconds of any clock that does not run backwards; `spread` of -1 to 1 (in thousandths) keeps peers from asking in step.
"""

from __future__ import annotations

from typing import Final

INITIAL: Final = 0  # the capabilities are not exchanged yet
OKAY: Final = 1
SUSPECT: Final = 2  # it did not answer: nothing new is to be sent to it while there is another
REOPEN: Final = 3  # it is back after a failure, and has not answered often enough since
DOWN: Final = 4

_ANSWERS_TO_TRUST: Final = 3  # watchdogs that a peer that came back answers before it is used like others
_JITTER_NS: Final = 2_000_000_000
LEAST_INTERVAL_NS: Final = 6_000_000_000

NOTHING: Final = 0
ASK: Final = 1
GIVE_UP: Final = 2


class Watchdog:
    """The timer Tw of one connection and what follows from it."""

    state: int
    wake_at: int  # when `wake` is to be called; 0: never
    _interval: int
    _jitter: int
    _waiting: bool  # a DWR is not answered
    _answered: int  # since it came back

    def __init__(self, interval_ns: int, spread: int = 0) -> None:
        self.state = INITIAL
        self.wake_at = 0
        self._interval = max(interval_ns, LEAST_INTERVAL_NS)
        self._jitter = _JITTER_NS * max(-1000, min(1000, spread)) // 1000
        self._waiting = False
        self._answered = 0

    def opened(self, now: int, came_back: bool) -> None:
        """The connection is open; `came_back`: after one to the same peer had failed."""
        self.state = REOPEN if came_back else OKAY
        self._waiting = False
        self._answered = 0
        self._set(now)

    def heard(self, now: int, is_answer: bool) -> None:
        """A message came; `is_answer`: a DWA."""
        if self.state == REOPEN:
            if is_answer:
                self._answered += 1
                self._waiting = False
                if self._answered >= _ANSWERS_TO_TRUST:
                    self.state = OKAY
                self._set(now)
            return
        if self.state == SUSPECT:
            self.state = OKAY
        if self.state == OKAY:
            if is_answer:
                self._waiting = False
            self._set(now)

    def wake(self, now: int) -> int:
        """What is to be done now: NOTHING, ASK (send a DWR), GIVE_UP (close the connection)."""
        if self.wake_at == 0 or now < self.wake_at:
            return NOTHING
        if self.state in (OKAY, REOPEN) and not self._waiting:
            self._waiting = True
            self._set(now)
            return ASK
        if self.state == OKAY:
            self.state = SUSPECT
            self._set(now)
            return NOTHING
        self.state = DOWN
        self.wake_at = 0
        return GIVE_UP

    def stop(self) -> None:
        """Nothing is watched any more."""
        self.wake_at = 0

    def _set(self, now: int) -> None:
        self.wake_at = now + self._interval + self._jitter
