"""One connection of a stranger: what every protocol that reads requests and answers them on a stream shares.

It is read on only while few enough of its requests wait for an answer, and it takes its answers. When its stream ends or breaks, what was
asked before is still answered, then it is closed. What a request is, and where it ends, says the protocol.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from enum import Enum
from typing import TYPE_CHECKING, Final, cast

from mypy_extensions import mypyc_attr

from gateway.transport import limits
from gateway.transport.census import Dropped
from gateway.transport.limits import (
    FLUSH_BYTES,
    HIGH_WATER_BYTES,
    KEEPALIVE_PAUSE_SECONDS,
    KEEPALIVE_SECONDS,
    KEEPALIVE_TRIES,
    MAX_IN_FLIGHT,
    MAX_STUCK_BYTES,
)

if TYPE_CHECKING:
    from gateway.transport.listener import Listener

log: Final = logging.getLogger(__name__)

# No constants to the compiler, so that a test can set them lower.
MAX_GATE_BYTES = limits.MAX_GATE_BYTES
MAX_HELD_BYTES = limits.MAX_HELD_BYTES
MAX_UNSENT_BYTES = limits.MAX_UNSENT_BYTES
MAX_WAITING_BYTES = limits.MAX_WAITING_BYTES
STALL_SECONDS = limits.STALL_SECONDS


def notice_when_gone(link: socket.socket) -> None:
    """Has the system find out that a peer is gone, however idle it was."""
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if link.proto not in (0, socket.IPPROTO_TCP):
        return
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_PAUSE_SECONDS)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_TRIES)


class Life(Enum):
    """What a connection may still do."""

    OPEN = "reads and answers"
    ENDING = "answers what it has read, then closes"
    CLOSED = "is gone"


@mypyc_attr(allow_interpreted_subclasses=True)
class Line:
    """An asyncio.Protocol in all but its base, which a compiled class cannot have. Who is one reads by `data_received` and `_turn`, and
    says by `_waits` whether something that was read is still to be looked at."""

    def __init__(self, door: Listener) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._life = Life.OPEN
        self._reading = True  # the transport delivers data
        self._busy = False  # another turn over requests that were read is under way
        self._since = 0.0  # when the request that is not whole yet was begun (loop time); 0: there is none
        self._stuck = False  # the client does not take its answers
        self._stuck_bytes = 0  # of answers that were not sent when it got stuck
        self._stall: asyncio.TimerHandle | None = None
        self._last: asyncio.TimerHandle | None = None  # closed, and the client has to take what is left
        self._in_flight = 0
        self._waiting_bytes = 0  # of answers in the gate
        self._held_bytes = 0
        self._out: list[bytes] = []
        self._out_bytes = 0

    @property
    def in_flight(self) -> int:
        """How many requests are not answered yet."""
        return self._in_flight

    # -- what a protocol adds ------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Answers what was read, up to the bounds of one turn."""
        raise NotImplementedError

    def _waits(self) -> bool:
        """Whether what was read may hold a further request."""
        raise NotImplementedError

    # -- called by the loop --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        if not self._door.admit(self):
            self._life = Life.CLOSED
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        link = transport.get_extra_info("socket")
        if link is not None:
            notice_when_gone(link)

    def eof_received(self) -> bool:
        """The client will ask nothing more; True keeps the other direction open, which TLS cannot."""
        self.end()
        return self._life is Life.ENDING and self._transport is not None and self._transport.get_extra_info("sslcontext") is None

    def connection_lost(self, exc: Exception | None) -> None:
        self._life = Life.CLOSED
        self._door.leave(self)
        self._hold_bytes(0)
        self._stop_timer()
        if self._last is not None:
            self._last.cancel()
        self._unstick()
        self._out.clear()

    def pause_writing(self) -> None:
        self._stuck = True
        if self._stall is None:
            self._stall = asyncio.get_running_loop().call_later(STALL_SECONDS, self._drop, Dropped.UNREAD)
        self._steer()
        if self._transport is not None and not self._stuck_bytes:
            self._stuck_bytes = self._transport.get_write_buffer_size()
            self._door.stuck_bytes += self._stuck_bytes
            if self._door.stuck_bytes > MAX_STUCK_BYTES:
                self._drop(Dropped.UNREAD_TOGETHER)

    def resume_writing(self) -> None:
        self._stuck = False
        self._stop_timer()
        self._unstick()
        self._go_on()

    # -- reading on ----------------------------------------------------------------------------------------------------

    def _full(self) -> bool:
        if not self._in_flight:
            return self._stuck
        crowded = self._door.gate.held_bytes >= MAX_GATE_BYTES
        return crowded or self._in_flight >= MAX_IN_FLIGHT or self._waiting_bytes >= MAX_WAITING_BYTES or self._stuck

    def _go_on(self) -> None:
        """Something that held the connection up may be over."""
        if not self._busy and self._waits() and not self._full():
            self._turn()
        else:
            self._steer()
            self._close_when_done()

    def _steer(self) -> None:
        """Reads on, or does not."""
        transport = self._transport
        if transport is None or self._life is Life.CLOSED or transport.is_closing():
            return
        wanted = self._life is Life.OPEN and not self._busy and not self._full()
        if wanted and not self._reading:
            self._reading = True
            transport.resume_reading()
        elif not wanted and self._reading and self._life is Life.OPEN:
            self._reading = False
            transport.pause_reading()

    # -- answers -------------------------------------------------------------------------------------------------------

    def deliver(self, answer: bytes) -> None:
        """An answer of a request in flight (Sink)."""
        self._in_flight -= 1
        self._waiting_bytes -= len(answer)
        self._put(answer)

    def _put(self, answer: bytes) -> None:
        if self._life is Life.CLOSED or not answer:
            return
        self._out.append(answer)
        self._out_bytes += len(answer)
        if self._out_bytes >= FLUSH_BYTES:
            self._write()

    def flush(self) -> None:
        """Sends what was delivered, and goes on with what waited for it (Sink)."""
        self._write()
        if not self._reading or self._life is Life.ENDING:
            self._go_on()

    def _write(self) -> None:
        if not self._out or self._transport is None or self._life is Life.CLOSED:
            return
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        self._out_bytes = 0
        if self._stuck and self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._drop(Dropped.UNREAD)
            return
        self._transport.write(data)

    # -- the end -------------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Asks nothing more of the client; closes when everything asked is answered."""
        if self._life is Life.OPEN:
            self._life = Life.ENDING
        self._close_when_done()

    def _close_when_done(self) -> None:
        """Closes after the last answer. While it is neither busy nor full, what was read holds no further request."""
        if self._life is not Life.ENDING or self._in_flight or self._busy or (self._waits() and self._full()):
            return
        self._write()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
            if self._transport.get_write_buffer_size():
                self._last = asyncio.get_running_loop().call_later(STALL_SECONDS, self._drop, Dropped.UNREAD)

    def _drop(self, reason: Dropped) -> None:
        if self._transport is not None and self._life is not Life.CLOSED:
            self._door.census.dropped[reason] += 1
            told = {"reason": reason.value, "peer": self._transport.get_extra_info("peername")}
            self._door.census.complaints.tell(log, logging.WARNING, "connection dropped", told)
            self.abort()

    def abort(self) -> None:
        """Closes at once, whatever waits."""
        self._life = Life.CLOSED
        if self._transport is not None:
            self._transport.abort()

    def drop_if_begun_before(self, instant: float) -> None:
        """Drops a client whose request was begun before that time of the loop and is not whole yet."""
        if 0.0 < self._since < instant and self._reading:
            self._drop(Dropped.UNFINISHED)

    def _stop_timer(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _hold_bytes(self, count: int) -> None:
        """Tells the listener how much was read that is not answered or in flight."""
        self._door.held_bytes += count - self._held_bytes
        self._held_bytes = count
        if not count:
            self._since = 0.0
        elif not self._since:
            self._since = asyncio.get_running_loop().time()
        if count and self._door.held_bytes > MAX_HELD_BYTES:
            self._drop(Dropped.HELD_TOGETHER)

    def _unstick(self) -> None:
        self._door.stuck_bytes -= self._stuck_bytes
        self._stuck_bytes = 0
