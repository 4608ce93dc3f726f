"""Repetitions: requests that are being worked on, and answers that may be asked for again (RFC 5080 section 2.2.2).

A client sends a request again with the same octets from the same port. The first one is worked on, those behind it wait for its answer or
get it. A request of the same identifier with other octets is a new one, and the answer before it is forgotten.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from gateway.protocols.radius.packet import Packet

# what offer() says
NEW: Final = 0  # to be worked on; then answered() or dropped()
BUSY: Final = 1  # the same is being worked on: nothing is to be done
REPEATED: Final = 2  # `answer` is to be sent again
FULL: Final = 3  # as many are being worked on as may be: to be discarded


class Exchange:
    """One request of a client. `answer` is empty while it is worked on; `at` is when it came, then when it was answered."""

    key: tuple[str, int, int]
    request: bytes
    answer: bytes
    at: int

    def __init__(self, key: tuple[str, int, int], request: bytes, at: int) -> None:
        self.key = key
        self.request = request
        self.answer = b""
        self.at = at


class Duplicates:
    """The window of one listener: at most `limit` requests and answers of at most `limit_bytes`, answers for `keep_ns`. The oldest answers
    go first.

    What is worked on is never dropped for another: offer() says FULL.
    """

    answer: bytes  # for REPEATED
    repeated: int  # how often an answer was sent again or a copy passed over
    held_bytes: int  # of requests and answers
    _limit: int
    _keep_ns: int
    _limit_bytes: int
    _working: dict[tuple[str, int, int], Exchange]
    _answered: dict[tuple[str, int, int], Exchange]
    _order: deque[Exchange]  # in which they were answered; those that were forgotten before their time have no answer

    def __init__(self, limit: int, keep_ns: int, limit_bytes: int = 1 << 40) -> None:
        assert limit > 0, "a window holds something"
        self.answer = b""
        self.repeated = 0
        self.held_bytes = 0
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._keep_ns = keep_ns
        self._working = {}
        self._answered = {}
        self._order = deque()

    def __len__(self) -> int:
        return len(self._working) + len(self._answered)

    @property
    def working(self) -> int:
        """How many are being worked on."""
        return len(self._working)

    def offer(self, client: str, packet: Packet, now_ns: int) -> int:
        """What to do with a request. `client` tells sender and listener apart: address, port, and what else counts."""
        self.expire(now_ns)
        key = (client, packet.code, packet.identifier)
        before = self._working.get(key)
        if before is not None and before.request == packet.raw:
            self.repeated += 1
            return BUSY
        known = self._answered.get(key)
        if known is not None:
            if known.request == packet.raw:
                self.repeated += 1
                self.answer = known.answer
                return REPEATED
            self._forget(known)
        if before is not None:  # its client has given it up
            del self._working[key]
            self.held_bytes -= len(before.request)
        elif len(self._working) >= self._limit:
            return FULL
        self.held_bytes += len(packet.raw)
        order = self._order
        while order and (len(self._working) + len(order) >= self._limit or self.held_bytes > self._limit_bytes):
            self._forget(order.popleft())
        self._working[key] = Exchange(key, packet.raw, now_ns)
        return NEW

    def answered(self, client: str, packet: Packet, answer: bytes, now_ns: int) -> bool:
        """Keeps the answer of a request. False: its client has begun another one under its identifier, and waits for this no more."""
        key = (client, packet.code, packet.identifier)
        exchange = self._working.get(key)
        if exchange is None or exchange.request != packet.raw:
            return False
        del self._working[key]
        exchange.answer = answer
        exchange.at = now_ns
        self.held_bytes += len(answer)
        self._answered[key] = exchange
        self._order.append(exchange)
        return True

    def dropped(self, client: str, packet: Packet) -> None:
        """A request that is not answered: a copy of it will be worked on anew."""
        key = (client, packet.code, packet.identifier)
        exchange = self._working.get(key)
        if exchange is not None and exchange.request == packet.raw:
            del self._working[key]
            self.held_bytes -= len(exchange.request)

    def _forget(self, exchange: Exchange) -> None:
        """An answer is not kept any longer; nothing where it was forgotten before."""
        if exchange.answer:
            self.held_bytes -= len(exchange.request) + len(exchange.answer)
            del self._answered[exchange.key]
            exchange.request = exchange.answer = b""

    def expire(self, now_ns: int) -> None:
        """Forgets answers that are older than may be."""
        order, oldest = self._order, now_ns - self._keep_ns
        while order and order[0].at <= oldest:
            self._forget(order.popleft())
