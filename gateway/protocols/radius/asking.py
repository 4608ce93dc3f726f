"""Requests of ours and their answers: identifiers, sending again, and which answer is whose (RFC 2865 section 3, RFC 5080 section 2.2.1).

A server knows requests by the port that they come from and their identifier, so one port has at most 256 under way to a server. A request
is sent again with the same octets, after pauses that double, each by chance a tenth longer or shorter, so that many that began together
do not come again together. An answer counts only when it is signed with the secret and is one that its request can have; others are
passed over, and the request waits on: who can write to our port must not be able to end it.

Time comes in with every call, as ns of a clock that never goes back; nothing here sends, or waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.protocols.radius.codes import (
    ACCESS_ACCEPT,
    ACCESS_CHALLENGE,
    ACCESS_REJECT,
    ACCESS_REQUEST,
    ACCOUNTING_REQUEST,
    ACCOUNTING_RESPONSE,
    AUTHENTICATOR_BYTES,
    COA_ACK,
    COA_NAK,
    COA_REQUEST,
    DISCONNECT_ACK,
    DISCONNECT_NAK,
    DISCONNECT_REQUEST,
    HEADER_BYTES,
    PROTOCOL_ERROR,
    STATUS_SERVER,
)
from gateway.protocols.radius.limits import MAX_COPIES
from gateway.protocols.radius.packet import DecodeError, Packet, decode
from gateway.protocols.radius.signing import WRONG, answer_is_signed, message_authenticator

IDENTIFIERS: Final = 256
NEVER: Final = 1 << 62

ANSWERS: Final[dict[int, tuple[int, ...]]] = {
    ACCESS_REQUEST: (ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE, PROTOCOL_ERROR),
    ACCOUNTING_REQUEST: (ACCOUNTING_RESPONSE, PROTOCOL_ERROR),
    STATUS_SERVER: (ACCESS_ACCEPT, ACCOUNTING_RESPONSE, COA_ACK, COA_NAK, DISCONNECT_ACK, DISCONNECT_NAK, PROTOCOL_ERROR),
    DISCONNECT_REQUEST: (DISCONNECT_ACK, DISCONNECT_NAK, PROTOCOL_ERROR),
    COA_REQUEST: (COA_ACK, COA_NAK, PROTOCOL_ERROR),
}
"""What may answer each request."""

# why an answer was passed over
NO_PACKET: Final = "it is no packet"
NOT_ASKED: Final = "nobody waits for an answer with its identifier"
OTHER_KIND: Final = "no answer to what was asked"
WRONG_AUTHENTICATOR: Final = "its Response Authenticator is wrong: another secret, or not by whom it was asked"
WRONG_SIGNATURE: Final = "its Message-Authenticator is wrong"


class Pace:
    """When a request is sent again, and when it is given up; ns. `first_ns`: until the second copy, doubled for each one after it up to
    `most_ns`; 0: it is sent once, as over a stream. `copies`: how many there are at most."""

    first_ns: int
    most_ns: int
    timeout_ns: int
    copies: int

    def __init__(self, first_ns: int, most_ns: int, timeout_ns: int, copies: int = MAX_COPIES) -> None:
        self.first_ns = first_ns
        self.most_ns = most_ns
        self.timeout_ns = timeout_ns
        self.copies = copies


class Flight:
    """A request under way. `raw`: its octets, the same in every copy; `copies`: how many were sent; `tag`: whatever its owner needs."""

    raw: bytes
    secret: bytes
    copies: int
    tag: object
    due_ns: int
    ends_ns: int
    pause_ns: int
    most_ns: int
    most_copies: int

    def __init__(self, raw: bytes, secret: bytes, tag: object, ends_ns: int) -> None:
        self.raw = raw
        self.secret = secret
        self.copies = 1
        self.tag = tag
        self.due_ns = NEVER
        self.ends_ns = ends_ns
        self.pause_ns = 0
        self.most_ns = 0
        self.most_copies = 1

    @property
    def identifier(self) -> int:
        return self.raw[1]

    @property
    def authenticator(self) -> bytes:
        """Of the request: what hides values in its answer."""
        return self.raw[4:HEADER_BYTES]


class Flights:
    """The requests under way from one port of ours to one server.

    `answer`: the last packet that `receive` took. `why`: why it took none.
    """

    answer: Packet | None
    why: str
    _chance: Callable[[int], int]
    _flights: dict[int, Flight]
    _next: int

    def __init__(self, chance: Callable[[int], int]) -> None:
        """`chance`: a number by chance, from 0 on and below the one it is given."""
        self.answer = None
        self.why = ""
        self._chance = chance
        self._flights = {}
        self._next = chance(IDENTIFIERS)

    def __len__(self) -> int:
        return len(self._flights)

    @property
    def is_full(self) -> bool:
        """Whether all identifiers are under way."""
        return len(self._flights) >= IDENTIFIERS

    def free(self) -> int:
        """The identifier of the next request, that which was used longest ago if possible; -1 where all are under way."""
        for step in range(IDENTIFIERS):
            identifier = (self._next + step) % IDENTIFIERS
            if identifier not in self._flights:
                self._next = (identifier + 1) % IDENTIFIERS
                return identifier
        return -1

    def begin(self, raw: bytes, secret: bytes, pace: Pace, now_ns: int, tag: object = None) -> Flight:
        """A request with a free identifier was sent."""
        assert raw[1] not in self._flights, "an identifier that is free"
        flight = Flight(raw, secret, tag, now_ns + pace.timeout_ns)
        if pace.first_ns and pace.copies > 1:
            flight.most_copies = pace.copies
            flight.pause_ns = self._about(pace.first_ns)
            flight.most_ns = pace.most_ns
            flight.due_ns = now_ns + flight.pause_ns
        self._flights[raw[1]] = flight
        return flight

    def receive(self, data: bytes) -> Flight | None:
        """The request that a packet answers, which is over; None, and `why`, for one that answers none."""
        self.answer = None
        try:
            packet = decode(data)
        except DecodeError:
            self.why = NO_PACKET
            return None
        flight = self._flights.get(packet.identifier)
        if flight is None:
            self.why = NOT_ASKED
            return None
        if packet.code not in ANSWERS[flight.raw[0]]:
            self.why = OTHER_KIND
            return None
        authenticator = flight.authenticator
        assert len(authenticator) == AUTHENTICATOR_BYTES, "a request is a packet"
        if not answer_is_signed(packet, authenticator, flight.secret):
            self.why = WRONG_AUTHENTICATOR
            return None
        if message_authenticator(packet, flight.secret, authenticator) == WRONG:
            self.why = WRONG_SIGNATURE
            return None
        del self._flights[packet.identifier]
        self.answer = packet
        self.why = ""
        return flight

    def due(self, now_ns: int) -> list[Flight]:
        """The requests that are to be sent again now."""
        found: list[Flight] = []
        for flight in self._flights.values():
            if flight.due_ns <= now_ns < flight.ends_ns:
                flight.copies += 1
                flight.pause_ns = min(self._about(flight.pause_ns * 2), self._about(flight.most_ns))
                flight.due_ns = now_ns + flight.pause_ns if flight.copies < flight.most_copies else NEVER
                found.append(flight)
        return found

    def given_up(self, now_ns: int) -> list[Flight]:
        """The requests whose time is over; their identifiers are free again."""
        found = [flight for flight in self._flights.values() if flight.ends_ns <= now_ns]
        for flight in found:
            del self._flights[flight.identifier]
        return found

    def drop(self, flight: Flight) -> None:
        """A request that nobody waits for any more."""
        if self._flights.get(flight.identifier) is flight:
            del self._flights[flight.identifier]

    def drop_all(self) -> list[Flight]:
        """All of them: the connection that they went by is gone."""
        found = list(self._flights.values())
        self._flights = {}
        return found

    def next_ns(self) -> int:
        """When there is something to send again or to give up; NEVER where nothing is under way."""
        soonest = NEVER
        for flight in self._flights.values():
            soonest = min(soonest, flight.due_ns, flight.ends_ns)
        return soonest

    def _about(self, pause_ns: int) -> int:
        """A pause, by chance up to a tenth longer or shorter (RFC 5080 section 2.2.1)."""
        tenth = pause_ns // 10
        return pause_ns - tenth + self._chance(2 * tenth + 1)
