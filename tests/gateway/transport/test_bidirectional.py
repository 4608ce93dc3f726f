"""Both sides call on one connection: whose id is whose, what a silent or busy client costs, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from gateway.protocols.jsonrpc.messages import MessageStream
from gateway.protocols.jsonrpc.request import Reply, Request
from gateway.transport import bidirectional, jsonrpc
from gateway.transport.bidirectional import BUSY, GONE, TIMED_OUT, BidirectionalConnection, Client
from gateway.transport.census import Census
from gateway.transport.gate import Gate
from gateway.transport.jsonrpc_listener import JsonRpcListener
from tests.gateway.api.fakes import FakeJournal
from tests.gateway.transport.test_jsonrpc import Service, Wire, line, settle


class Roster:
    """Who has asked something and is there."""

    def __init__(self) -> None:
        self.clients: list[Client] = []

    def join(self, client: Client) -> None:
        self.clients.append(client)

    def leave(self, client: Client) -> None:
        self.clients.remove(client)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn may take as long as a busy machine makes it."""
    monkeypatch.setattr(jsonrpc, "TURN_SECONDS", 1_000)


class Desk:
    """A bidirectional door without a port, and one client of it."""

    def __init__(self) -> None:
        self.roster = Roster()
        self.journal = FakeJournal()
        self.service = Service(self.journal)
        self.listener = JsonRpcListener(self.service, Gate(self.journal), 10_000, Census())
        self.client = BidirectionalConnection(self.listener, self.roster, lambda address: f"{address}/1")
        self.wire = Wire()
        self.client.connection_made(self.wire)

    def take(self) -> list[dict[str, object]]:
        """What reached the client since the last time."""
        found = [json.loads(text) for text in b"".join(self.wire.writes).splitlines()]
        self.wire.writes.clear()
        return found

    def reply(self, ident: object, result: object = None, error: object = None) -> None:
        self.client.data_received(json.dumps({"id": ident, "result": result, "error": error}).encode())


def run(scene: Callable[[Desk], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await scene(Desk())

    asyncio.run(main())


def test_a_client_is_known_from_its_first_request_to_its_end() -> None:
    async def scene(desk: Desk) -> None:
        assert desk.roster.clients == []
        desk.client.data_received(line("SessionSv1.Ping", 1))
        assert desk.roster.clients == [desk.client]
        assert desk.client.name.endswith("/1")
        desk.client.connection_lost(None)
        assert desk.roster.clients == []

    run(scene)


def test_each_side_counts_its_own_requests() -> None:
    async def scene(desk: Desk) -> None:
        first = desk.client.ask_client("AgentV1.A", {"n": 1}, 5)
        second = desk.client.ask_client("AgentV1.B", "", 5)
        desk.client.data_received(line("Here", 1))
        assert desk.take() == [
            {"method": "AgentV1.A", "params": [{"n": 1}], "id": 1},
            {"method": "AgentV1.B", "params": [""], "id": 2},
            {"id": 1, "result": "Here", "error": None},
        ]
        desk.reply(2, error="NO")
        desk.client.data_received(line("Here", 2))
        desk.reply(1, ["yes"])
        assert (await first).result == b'["yes"]'
        assert (await second).error == "NO"
        assert desk.take() == [{"id": 2, "result": "Here", "error": None}]

    run(scene)


def test_requests_and_replies_may_share_a_segment_and_be_cut_anywhere() -> None:
    async def scene(desk: Desk) -> None:
        text = b'{"id":1,"result":{"a":"}{"},"error":null}' + line("Here", 7) + b'{"error":{"code":1},"id":2}' + line("There", 8)
        for size in range(1, len(text)):
            asked = [desk.client.ask_client("A", {}, 5) for _ in range(2)]
            idents = [one["id"] for one in desk.take()]
            sent = text.replace(b'"id":1,', f'"id":{idents[0]},'.encode()).replace(b'"id":2}', f'"id":{idents[1]}}}'.encode())
            for at in range(0, len(sent), size):
                desk.client.data_received(sent[at : at + size])
            answers = [await one for one in asked]
            assert [(one.result, one.error) for one in answers] == [(b'{"a":"}{"}', None), (b"null", '{"code":1}')]
            assert [one["id"] for one in desk.take()] == [7, 8]

    run(scene)


def test_a_client_that_never_answers_costs_a_timeout_and_no_more() -> None:
    async def scene(desk: Desk) -> None:
        asked = [desk.client.ask_client("A", {}, 0) for _ in range(3)]
        assert {(await one).error for one in asked} == {TIMED_OUT}
        desk.reply(1, "late")
        desk.reply(99, "never asked")
        desk.reply("x", "no id of ours")
        desk.reply(None)
        desk.client.data_received(line("Here", 3))
        assert desk.take()[-1]["result"] == "Here"

    run(scene)


def test_calls_that_are_not_answered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bidirectional, "MAX_OUTSTANDING_CALLS", 2)

    async def scene(desk: Desk) -> None:
        asked = [desk.client.ask_client("A", {}, 5) for _ in range(3)]
        assert asked[2].result().error == BUSY
        desk.reply(1, 0)
        assert not desk.client.ask_client("A", {}, 5).done()

    run(scene)


def test_what_was_asked_of_a_client_that_goes_is_answered() -> None:
    async def scene(desk: Desk) -> None:
        desk.client.data_received(line("Here", 1))
        asked = desk.client.ask_client("A", {}, 5)
        desk.client.connection_lost(ConnectionResetError())
        assert (await asked).error == GONE
        assert (await desk.client.ask_client("A", {}, 5)).error == GONE

    run(scene)


def test_a_notification_is_done_and_not_answered() -> None:
    async def scene(desk: Desk) -> None:
        for request in ('{"method":"Here","params":[{}]}', '{"method":"Slow","params":[{}],"id":null}'):
            desk.client.data_received(request.encode())
        await settle()
        desk.service.slow[0].set_result(None)
        await settle()
        assert desk.service.calls == 2
        assert desk.take() == []
        desk.client.data_received(line("Here", 5))
        assert [one["id"] for one in desk.take()] == [5]

    run(scene)


@pytest.mark.parametrize("text", [b"[]", b'{"id":1,]', b'{"method":5}', b'{"result":}'])
def test_what_is_no_message_closes_the_connection(text: bytes) -> None:
    async def scene(desk: Desk) -> None:
        desk.client.data_received(line("Here", 1) + text)
        assert [one["id"] for one in desk.take()] == [1]
        assert desk.wire.end == "closed"

    run(scene)


def test_messages_in_any_spelling() -> None:
    stream = MessageStream()
    stream.feed(b'{"METHOD":"a.B","id":1,"x":[1]} {"Id":2,"Result":1.50} {"method":"","id":3,"error":"e\\u00e9"}')
    request = stream.next_request()
    assert isinstance(request, Request)
    assert (request.method, bytes(request.id)) == ("a.B", b"1")
    assert stream.next_request() is None
    first, second = stream.take_replies()
    assert isinstance(first, Reply)
    assert (bytes(first.id), bytes(first.result), bytes(first.error)) == (b"2", b"1.50", b"null")
    assert (bytes(second.id), bytes(second.error)) == (b"3", b'"e\\u00e9"')
    assert stream.take_replies() == []
