"""One connection of a protocol whose messages say how long they are: the turn in which those that came are worked off."""

from __future__ import annotations

import asyncio
from time import monotonic

from mypy_extensions import mypyc_attr

from gateway.transport import limits
from gateway.transport.limits import MAX_CALLS_PER_TURN
from gateway.transport.line import Life, Line
from gateway.transport.listener import Listener

TURN_SECONDS = limits.TURN_SECONDS  # no constant to the compiler, so that a test can set it lower


@mypyc_attr(allow_interpreted_subclasses=True)
class MessageLine(Line):
    """Who is one keeps the stream that cuts octets into messages, and works one off by `_take`; see the four below."""

    def __init__(self, door: Listener) -> None:
        super().__init__(door)
        self._next: bytes | None = None  # read, and left to the next turn

    # -- what a protocol adds ------------------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        """Octets were read."""
        raise NotImplementedError

    def _cut(self) -> bytes | None:
        """The next whole message; None where there is none, and where the stream can be cut no further: then the line has been ended."""
        raise NotImplementedError

    def _held(self) -> int:
        """Octets fed and not cut into messages yet."""
        raise NotImplementedError

    def _take(self, octets: bytes) -> None:
        """Works off a message."""
        raise NotImplementedError

    # -- the turn ------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._life is not Life.OPEN:
            return
        self._feed(data)
        if not self._busy:
            self._turn()

    def _turn(self) -> None:
        self._busy = False
        count = 0
        over_at = monotonic() + TURN_SECONDS
        while self._life is not Life.CLOSED and not self._full():
            octets = self._next or self._cut()
            self._next = None
            if octets is None:
                break
            if count and (count >= MAX_CALLS_PER_TURN or monotonic() > over_at):
                self._next = octets
                self._busy = True
                asyncio.get_running_loop().call_soon(self._turn)
                break
            self._take(octets)
            count += 1
        if count:
            self._since = 0.0
        self._hold_bytes(self._held())
        self._write()
        self._steer()
        self._close_when_done()

    def _waits(self) -> bool:
        return self._next is not None or self._held() > 0
