"""One connection: what it reads, when it answers, when it closes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.jsonrpc.envelope import MalformedError, encode_result
from gateway.protocols.jsonrpc.request import Request
from gateway.transport import jsonrpc
from gateway.transport import line as bounds
from gateway.transport.census import Census
from gateway.transport.gate import Gate
from gateway.transport.jsonrpc import Connection
from gateway.transport.jsonrpc_listener import JsonRpcListener
from gateway.transport.limits import MAX_CALLS_PER_TURN, MAX_IN_FLIGHT
from tests.gateway.api.fakes import FakeJournal


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn may take as long as a busy machine makes it."""
    monkeypatch.setattr(jsonrpc, "TURN_SECONDS", 1_000)


class Service:
    """Answers Put after its ticket is durable, Slow when it is told to, and all else at once."""

    def __init__(self, journal: FakeJournal) -> None:
        self.journal = journal
        self.ticket = 0
        self.calls = 0
        self.slow: list[asyncio.Future[None]] = []

    def call(self, request: Request, client: str = "") -> bytes | Awaitable[tuple[bytes, int]]:
        self.calls += 1
        self.ticket = self.journal.append() if request.method == "Put" else 0
        if request.method == "Slow":
            return self._finish(request)
        if bytes(request.params) == b"[broken]":
            raise MalformedError
        return encode_result(request.id, request.method)

    async def _finish(self, request: Request) -> tuple[bytes, int]:
        turn = asyncio.get_running_loop().create_future()
        self.slow.append(turn)
        await turn
        return encode_result(request.id, request.method), self.journal.append()


class Wire(asyncio.Transport):
    """The client's end: what reaches it, and what was done to the connection."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.reading = True
        self.end = ""
        self.unsent = 0

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        assert not self.end, "written after the end"
        self.writes.append(bytes(data))

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_reading(self) -> bool:
        return self.reading

    def is_closing(self) -> bool:
        return bool(self.end)

    def close(self) -> None:
        self.end = self.end or "closed"

    def abort(self) -> None:
        self.end = "aborted"

    @property
    def ids(self) -> list[int]:
        return [json.loads(line)["id"] for line in b"".join(self.writes).splitlines()]


class Desk:
    """A listener without a port, and its clients."""

    def __init__(self, max_connections: int = 10) -> None:
        self.journal = FakeJournal()
        self.service = Service(self.journal)
        self.listener = JsonRpcListener(self.service, Gate(self.journal), 10_000, Census(max_connections))

    def connect(self) -> tuple[Connection, Wire]:
        connection, wire = Connection(self.listener), Wire()
        connection.connection_made(wire)
        return connection, wire


def line(method: str, ident: int) -> bytes:
    return json.dumps({"method": method, "params": [{}], "id": ident}).encode() + b"\n"


def run(scene: Callable[[Desk], Coroutine[Any, Any, None]], **options: int) -> None:
    async def main() -> None:
        await scene(Desk(**options))

    asyncio.run(main())


async def settle(rounds: int = 5) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0)


def test_answers_of_one_piece_leave_in_one_write() -> None:
    async def scene(desk: Desk) -> None:
        connection, wire = desk.connect()
        connection.data_received(line("Ping", 1) + line("Ping", 2) + line("Ping", 3)[:-1])
        assert len(wire.writes) == 1
        assert wire.ids == [1, 2, 3]

    run(scene)


def test_an_answer_waits_for_its_ticket_and_others_pass_it() -> None:
    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        one, wire = desk.connect()
        two, other = desk.connect()
        one.data_received(line("Put", 1) + line("Ping", 2) + line("Put", 3))
        two.data_received(line("Put", 4))
        assert (wire.ids, other.ids) == ([2], [])
        desk.journal.sync()
        assert (wire.ids, other.ids) == ([2, 1, 3], [4])
        assert len(wire.writes) == 2

    run(scene)


def test_what_is_durable_at_once_is_answered_at_once() -> None:
    async def scene(desk: Desk) -> None:
        connection, wire = desk.connect()
        connection.data_received(line("Put", 1))
        assert wire.ids == [1]

    run(scene)


def test_a_slow_method_lets_others_pass() -> None:
    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        connection, wire = desk.connect()
        connection.data_received(line("Slow", 1) + line("Slow", 2))
        connection.data_received(line("Ping", 3))
        await settle()
        assert wire.ids == [3]
        desk.service.slow[1].set_result(None)
        await settle()
        assert wire.ids == [3]
        desk.journal.sync()
        assert wire.ids == [3, 2]
        desk.journal.hold = False
        desk.service.slow[0].set_result(None)
        await settle()
        assert wire.ids == [3, 2, 1]

    run(scene)


@pytest.mark.parametrize("broken", [b"nonsense", b"[]", b'{"method":5}', b'{"method":"Ping","params":[broken],"id":9}'])
def test_a_broken_stream_is_closed_after_the_answers_to_what_came_before(broken: bytes) -> None:
    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        connection, wire = desk.connect()
        connection.data_received(line("Put", 1) + line("Ping", 2) + broken + line("Ping", 3))
        connection.data_received(line("Ping", 4))
        assert wire.ids == [2]
        assert not wire.is_closing()
        desk.journal.sync()
        assert wire.ids == [2, 1]
        assert wire.end == "closed"

    run(scene)


def test_a_broken_stream_without_anything_in_flight_is_closed_at_once() -> None:
    async def scene(desk: Desk) -> None:
        connection, wire = desk.connect()
        connection.data_received(line("Ping", 1) + b"?")
        assert wire.ids == [1]
        assert wire.end == "closed"

    run(scene)


def test_the_client_may_end_its_half_and_still_gets_its_answers() -> None:
    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        connection, wire = desk.connect()
        connection.data_received(line("Put", 1) + line("Slow", 2))
        await settle()
        assert connection.eof_received() is True
        desk.journal.sync()
        assert not wire.is_closing()
        desk.journal.hold = False
        desk.service.slow[0].set_result(None)
        await settle()
        assert wire.ids == [1, 2]
        assert wire.end == "closed"

    run(scene)


def test_an_idle_client_that_ends_its_half_is_closed() -> None:
    async def scene(desk: Desk) -> None:
        connection, wire = desk.connect()
        connection.data_received(b'{"method":')
        connection.eof_received()
        assert wire.end == "closed"

    run(scene)


def test_requests_in_flight_are_bounded_and_the_rest_is_read_later() -> None:
    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        connection, wire = desk.connect()
        count = MAX_IN_FLIGHT + 10
        for start in range(0, count, 100):
            connection.data_received(b"".join(line("Put", ident) for ident in range(start, min(start + 100, count))))
            await settle()
        assert desk.service.calls == MAX_IN_FLIGHT
        assert not wire.is_reading()
        desk.journal.sync()
        assert desk.service.calls == count
        assert wire.is_reading()
        assert len(wire.ids) == MAX_IN_FLIGHT
        desk.journal.sync()
        assert wire.ids == list(range(count))

    run(scene)


def test_answers_that_wait_for_the_disk_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_WAITING_BYTES", 100)

    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        connection, wire = desk.connect()
        connection.data_received(b"".join(line("Put", ident) for ident in range(10)))
        size = len(encode_result(msgspec.Raw(b"0"), "Put"))
        assert desk.service.calls == -(-100 // size)
        assert not wire.is_reading()
        for _ in range(10):
            desk.journal.sync()
        assert wire.ids == list(range(10))
        assert wire.is_reading()

    run(scene)


def test_one_client_with_many_requests_lets_others_have_their_turn() -> None:
    async def scene(desk: Desk) -> None:
        one, wire = desk.connect()
        two, other = desk.connect()
        count = 3 * MAX_CALLS_PER_TURN
        one.data_received(b"".join(line("Ping", ident) for ident in range(count)))
        assert len(wire.ids) == MAX_CALLS_PER_TURN
        assert not wire.is_reading()
        two.data_received(line("Ping", 1))
        assert other.ids == [1]
        one.eof_received()
        await settle()
        assert wire.ids == list(range(count))
        assert wire.end == "closed"

    run(scene)


def test_a_client_that_does_not_read_is_not_read_on() -> None:
    async def scene(desk: Desk) -> None:
        connection, wire = desk.connect()
        connection.pause_writing()
        assert not wire.is_reading()
        connection.data_received(line("Ping", 1))
        assert desk.service.calls == 0
        connection.resume_writing()
        assert wire.ids == [1]
        assert wire.is_reading()

    run(scene)


def test_a_client_that_never_reads_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "STALL_SECONDS", 0)

    async def scene(desk: Desk) -> None:
        connection, wire = desk.connect()
        connection.pause_writing()
        await settle()
        assert wire.end == "aborted"

    run(scene)


def test_a_client_that_does_not_take_what_is_left_at_the_end_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than HIGH_WATER_BYTES, for which nothing is paused: a closing transport would wait for ever."""
    monkeypatch.setattr(bounds, "STALL_SECONDS", 0)

    async def scene(desk: Desk) -> None:
        for unsent, end in ((1, "aborted"), (0, "closed")):
            connection, wire = desk.connect()
            wire.unsent = unsent
            connection.end()
            assert wire.end == "closed"
            await settle()
            assert wire.end == end
            connection.connection_lost(None)

    run(scene)


def test_a_client_that_reads_in_time_is_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "STALL_SECONDS", 0)

    async def scene(desk: Desk) -> None:
        connection, wire = desk.connect()
        connection.pause_writing()
        connection.resume_writing()
        await settle()
        assert not wire.is_closing()

    run(scene)


def test_answers_that_pile_up_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_UNSENT_BYTES", 100)

    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        connection, wire = desk.connect()
        connection.data_received(line("Put", 1))
        connection.pause_writing()
        wire.unsent = 101
        desk.journal.sync()
        assert wire.end == "aborted"
        assert wire.writes == []
        connection.connection_lost(None)

    run(scene)


def test_unfinished_requests_are_bounded_over_all_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_HELD_BYTES", 1000)

    async def scene(desk: Desk) -> None:
        one, wire = desk.connect()
        two, other = desk.connect()
        one.data_received(b'{"a":"' + b"x" * 600)
        two.data_received(b'{"a":"' + b"x" * 600)
        assert (wire.end, other.end) == ("", "aborted")
        two.connection_lost(None)
        one.data_received(b'"}')
        assert desk.listener.held_bytes == 0

    run(scene)


def test_a_request_that_is_too_large_ends_the_connection() -> None:
    async def scene(desk: Desk) -> None:
        connection, wire = desk.connect()
        connection.data_received(b'{"a":"' + b"x" * 20_000)
        assert wire.end == "closed"
        assert desk.listener.held_bytes == 0

    run(scene)


def test_a_connection_too_many_is_refused() -> None:
    async def scene(desk: Desk) -> None:
        (first, wire), (_, other) = desk.connect(), desk.connect()
        assert (wire.end, other.end) == ("", "aborted")
        first.connection_lost(None)
        assert desk.connect()[1].end == ""

    run(scene, max_connections=1)


def test_a_lost_client_is_forgotten_and_its_answers_with_it() -> None:
    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        connection, wire = desk.connect()
        connection.data_received(line("Put", 1) + line("Slow", 2))
        await settle()
        connection.connection_lost(None)
        assert desk.listener.connections == 0
        await settle()
        assert desk.service.slow[0].cancelled()
        desk.journal.sync()
        assert wire.writes == []

    run(scene)


PIECES = st.lists(st.integers(min_value=1, max_value=60), max_size=30)


@given(
    methods=st.lists(st.sampled_from(["Put", "Ping", "Slow"]), max_size=12),
    pieces=PIECES,
    syncs=st.lists(st.integers(min_value=0, max_value=30)),
    order=st.randoms(use_true_random=False),
)
def test_every_request_is_answered_once_however_it_comes(methods: list[str], pieces: list[int], syncs: list[int], order: Any) -> None:
    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        connection, wire = desk.connect()
        data = b"".join(line(method, ident)[: -1 if ident % 2 else None] for ident, method in enumerate(methods))
        for number, size in enumerate([*pieces, len(data) or 1]):
            connection.data_received(data[:size])
            data = data[size:]
            if number in syncs:
                desk.journal.sync()
        await settle()
        order.shuffle(desk.service.slow)
        for turn in desk.service.slow:
            turn.set_result(None)
            await settle()
        connection.eof_received()
        desk.journal.sync()
        assert sorted(wire.ids) == list(range(len(methods)))
        assert wire.end == "closed"

    run(scene)


def test_calls_that_take_long_leave_the_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonrpc, "TURN_SECONDS", -1)

    async def scene(desk: Desk) -> None:
        (busy, wire), (other, others_wire) = desk.connect(), desk.connect()
        busy.data_received(b"".join(line("Here", ident) for ident in range(3)))
        other.data_received(line("There", 9))
        assert (wire.ids, others_wire.ids) == ([0], [9])
        await settle()
        assert wire.ids == [0, 1, 2]

    run(scene)


def test_the_time_of_a_request_is_counted_from_its_first_octet() -> None:
    async def scene(desk: Desk) -> None:
        connection, wire = desk.connect()
        clock = asyncio.get_running_loop().time
        whole = line("Ping", 1).strip()
        connection.drop_if_begun_before(clock() + 60)
        for _ in range(3):
            begun = clock()
            connection.data_received(whole[:9])
            connection.drop_if_begun_before(begun)
            assert not wire.end
            connection.data_received(whole[9:] + b"\n")
            connection.drop_if_begun_before(clock() + 60)
            assert not wire.end, "it is whole"
        connection.data_received(whole[:9])
        connection.data_received(whole[9:15])
        connection.drop_if_begun_before(clock() + 60)
        assert wire.end == "aborted"

    run(scene)


def test_answers_that_wait_for_the_disk_have_a_bound_over_all_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_GATE_BYTES", 100)

    async def scene(desk: Desk) -> None:
        desk.journal.hold = True
        (first, one), (second, other) = desk.connect(), desk.connect()
        first.data_received(line("Put", 1) * 10)
        second.data_received(line("Put", 2) * 10)
        calls = desk.service.calls
        assert (one.reading, other.reading) == (False, False)
        assert calls < 6  # the second one has one there, and is not read on
        for _ in range(20):
            desk.journal.sync()
        assert (len(one.ids), len(other.ids), one.reading, other.reading, desk.listener.gate.held_bytes) == (10, 10, True, True, 0)

    run(scene)
