"""Requests of ours: identifiers, copies, and that nobody but the server that was asked ends one."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from gateway.protocols.radius.asking import (
    IDENTIFIERS,
    NEVER,
    NO_PACKET,
    NOT_ASKED,
    OTHER_KIND,
    WRONG_AUTHENTICATOR,
    WRONG_SIGNATURE,
    Flight,
    Flights,
    Pace,
)
from gateway.protocols.radius.codes import COA_ACK, DISCONNECT_ACK, DISCONNECT_NAK, DISCONNECT_REQUEST, HEADER_BYTES
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.signing import answer, request

SECRET = b"nas-shared"
SECOND = 1_000_000_000
PACE = Pace(SECOND, 4 * SECOND, 20 * SECOND)


def begun(flights: Flights, now_ns: int = 0, pace: Pace = PACE) -> Flight:
    return flights.begin(request(DISCONNECT_REQUEST, flights.free(), b"", SECRET), SECRET, pace, now_ns)


def answered(flight: Flight, code: int = DISCONNECT_ACK, secret: bytes = SECRET) -> bytes:
    return answer(Packet(flight.raw), code, b"", secret)


def test_an_answer_ends_its_request() -> None:
    flights = Flights(Random(1).randrange)
    first, second = begun(flights), begun(flights)
    assert first.identifier != second.identifier
    assert flights.receive(answered(second, DISCONNECT_NAK)) is second
    assert flights.answer is not None
    assert flights.answer.code == DISCONNECT_NAK
    assert flights.receive(answered(second)) is None
    assert (flights.why, len(flights)) == (NOT_ASKED, 1)


def test_what_is_no_answer_is_passed_over() -> None:
    flights = Flights(Random(1).randrange)
    flight = begun(flights)
    right = answered(flight)
    at = HEADER_BYTES + 2  # the Message-Authenticator stands first
    twisted = right[:at] + bytes(16) + right[at + 16 :]
    resigned = Packet(twisted)
    for data, why in (
        (b"", NO_PACKET),
        (right[:-1], NO_PACKET),
        (right[:1] + bytes((flight.identifier ^ 1,)) + right[2:], NOT_ASKED),
        (answered(flight, COA_ACK), OTHER_KIND),
        (answered(flight, secret=b"another"), WRONG_AUTHENTICATOR),
        (resigned.raw, WRONG_AUTHENTICATOR),
    ):
        assert flights.receive(data) is None
        assert (flights.why, flights.answer) == (why, None)
    assert flights.receive(right) is flight


def test_a_wrong_message_authenticator_is_no_answer() -> None:
    from hashlib import md5

    flights = Flights(Random(1).randrange)
    flight = begun(flights)
    body = bytes((80, 18)) + bytes(16)
    head = bytes((DISCONNECT_ACK, flight.identifier, 0, HEADER_BYTES + len(body)))
    assert flights.receive(head + md5(head + flight.authenticator + body + SECRET).digest() + body) is None
    assert flights.why == WRONG_SIGNATURE


def test_identifiers_run_out_and_come_back() -> None:
    flights = Flights(Random(1).randrange)
    all_of_them = [begun(flights) for _ in range(IDENTIFIERS)]
    assert sorted(flight.identifier for flight in all_of_them) == list(range(IDENTIFIERS))
    assert flights.free() == -1
    flights.drop(all_of_them[7])
    assert flights.free() == all_of_them[7].identifier


def test_copies_are_the_same_and_their_pauses_double() -> None:
    flights = Flights(Random(1).randrange)
    flight = begun(flights)
    raw, sent_at, now = flight.raw, [0], 0
    given_up: list[Flight] = []
    while len(flights):
        now = flights.next_ns()
        sent_at += [now for _ in flights.due(now)]
        given_up = flights.given_up(now)
    assert given_up == [flight]
    assert (flight.raw, now) == (raw, 20 * SECOND)
    pauses = [(later - earlier) / SECOND for earlier, later in pairwise(sent_at)]
    assert len(pauses) == flight.copies - 1 == 6
    for pause, wanted in zip(pauses, (1, 2, 4, 4, 4, 4), strict=True):
        assert wanted * 0.8 <= pause <= wanted * 1.2
    assert len(set(pauses)) == len(pauses)
    assert flights.next_ns() == NEVER


def test_many_that_began_together_do_not_come_again_together() -> None:
    flights = Flights(Random(1).randrange)
    dues = {begun(flights).due_ns for _ in range(100)}
    assert len(dues) == 100


def test_copies_are_bounded() -> None:
    flights = Flights(Random(1).randrange)
    flight = begun(flights, pace=Pace(SECOND, SECOND, 20 * SECOND, copies=3))
    sent = 0
    for now in range(0, 20 * SECOND, SECOND // 2):
        sent += len(flights.due(now))
    assert (sent, flight.copies, flights.next_ns()) == (2, 3, 20 * SECOND)


def test_over_a_stream_a_request_is_sent_once() -> None:
    flights = Flights(Random(1).randrange)
    flight = begun(flights, pace=Pace(0, 0, SECOND))
    assert flights.next_ns() == SECOND
    assert flights.due(SECOND - 1) == []
    assert flights.given_up(SECOND) == [flight]
    assert begun(flights) in flights.drop_all()
    assert len(flights) == 0
