"""Clients that the server calls: the owner of a session, its words, a disconnect that fails, and what each says of its sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.api.bidirectional import BidirectionalClients, ClientOptions, SessionName, client_name, host_of
from gateway.transport.bidirectional import GONE, Answer
from tests.gateway.api.fakes import NOW

OK = Answer(b'"OK"', None)
EVENT: dict[str, object] = {"CGRID": "c1", "Account": "1001", "Usage": 5}


class FakeClient:
    """Answers from a table by method; keeps what it was asked."""

    def __init__(self, name: str, **answers: Answer) -> None:
        self.name, self.host = name, host_of(name)
        self.answers = {name.replace("__", "."): answer for name, answer in answers.items()}
        self.default = OK
        self.asked: list[tuple[str, Any]] = []

    def ask_client(self, method: str, params: object, timeout_seconds: float) -> asyncio.Future[Answer]:
        self.asked.append((method, params))
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        future.set_result(self.answers.get(method, self.default))
        return future

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]


def run(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scene())


def made(*clients: FakeClient, protocol: int = 2) -> BidirectionalClients:
    found = BidirectionalClients(ClientOptions(protocol), lambda: NOW)
    for client in clients:
        found.join(client)
    return found


@dataclass(frozen=True)
class Session:
    """A session as an effect names it."""

    client: str
    event: dict[str, object] = field(default_factory=lambda: dict(EVENT))
    reason: str = ""
    options: dict[str, object] | None = None


@pytest.mark.parametrize(
    ("address", "name", "host"),
    [("10.0.0.1:5060", "10.0.0.1:5060/ab-7", "10.0.0.1"), ("2001:db8::1:5060", "2001:db8::1:5060/ab-7", "2001:db8::1")],
)
def test_a_name_holds_the_host(address: str, name: str, host: str) -> None:
    assert client_name(address, "ab-", 7) == name
    assert host_of(name) == host


def test_the_owner_is_called_or_who_came_from_its_host_when_it_is_gone() -> None:
    first, second, other = FakeClient("10.0.0.1:1/a"), FakeClient("10.0.0.1:2/b"), FakeClient("10.0.0.2:1/c")
    clients = made(first, second, other)
    assert clients.owner(first.name) is first
    clients.leave(first)
    assert clients.owner(first.name) is second
    assert clients.owner("10.0.0.1:9/of-an-earlier-process") is second
    assert clients.owner("10.0.0.9:1/x") is None
    assert clients.owner("") is None


@pytest.mark.parametrize(
    ("protocol", "method", "params"),
    [
        (0, "SMGClientV1.DisconnectSession", {"EventStart": EVENT, "Reason": "FRAUD"}),
        (1, "SessionSv1.DisconnectSession", {"EventStart": EVENT, "Reason": "FRAUD"}),
        (2, "AgentV1.DisconnectSession", EVENT | {"DisconnectCause": "FRAUD"}),
    ],
)
def test_a_disconnect_in_each_version_of_the_words(protocol: int, method: str, params: object) -> None:
    async def scene() -> None:
        client = FakeClient("h:1/a")
        clients = made(client, protocol=protocol)
        assert await clients.disconnect(Session(client.name, reason="FRAUD"))
        ((asked, told),) = client.asked
        assert asked == method
        if protocol == 2:
            assert {name: told[name] for name in ("Tenant", "Event", "APIOpts")} == {"Tenant": "", "Event": params, "APIOpts": None}
            assert told["Time"].endswith("Z")
        else:
            assert told == params

    run(scene)


def test_a_disconnect_without_a_reason_leaves_the_event_as_it_is() -> None:
    async def scene() -> None:
        client = FakeClient("h:1/a")
        clients = made(client)
        assert await clients.disconnect(Session(client.name, reason=""))
        assert client.asked[0][1]["Event"] == EVENT

    run(scene)


@pytest.mark.parametrize("error", ["Unknown Method", "rpc: can't find service AgentV1.DisconnectSession", "UNSUPPORTED_SERVICE_METHOD"])
def test_a_client_that_does_not_know_the_words_is_asked_in_older_ones_from_then_on(error: str) -> None:
    async def scene() -> None:
        client = FakeClient("h:1/a", AgentV1__DisconnectSession=Answer(b"null", error))
        clients = made(client)
        for _ in range(2):
            assert await clients.disconnect(Session(client.name, reason=""))
        assert client.methods == ["AgentV1.DisconnectSession", *["SessionSv1.DisconnectSession"] * 2]
        await clients.warn(Session(client.name))
        assert len(client.asked) == 3, "version 1 has no warning"

    run(scene)


def test_a_disconnect_that_fails_is_told() -> None:
    async def scene() -> None:
        client = FakeClient("h:1/a")
        client.default = Answer(b"null", "NO_SUCH_DIALOG")
        clients = made(client)
        assert not await clients.disconnect(Session(client.name))
        assert not await clients.disconnect(Session("nobody"))
        assert not await clients.disconnect(Session(""))
        assert len(client.asked) == 1

    run(scene)


def test_each_client_tells_its_sessions_and_one_that_does_not_is_known() -> None:
    async def scene() -> None:
        tells = FakeClient("a:1/a", AgentV1__GetActiveSessionIDs=Answer(b'[{"OriginHost":"h","OriginID":"1","x":1}]', None))
        none = FakeClient("b:1/b", AgentV1__GetActiveSessionIDs=Answer(b"null", None))
        silent = FakeClient("c:1/c", AgentV1__GetActiveSessionIDs=Answer(b"null", GONE))
        odd = FakeClient("d:1/d", AgentV1__GetActiveSessionIDs=Answer(b'{"a":', None))
        agent = FakeClient("e:1/e", AgentV1__GetActiveSessionIDs=Answer(b"null", "NO_ACTIVE_SESSION"))
        found = await made(tells, none, silent, odd, agent).list_sessions(1)
        assert found == {"a:1/a": [SessionName("h", "1")], "b:1/b": [], "c:1/c": None, "d:1/d": None, "e:1/e": []}
        assert tells.asked == [("AgentV1.GetActiveSessionIDs", "")]

    run(scene)


def test_altering_tells_what_the_client_answered() -> None:
    async def scene() -> None:
        client = FakeClient("h:1/a", AgentV1__AlterSession=Answer(b"null", "NO"))
        clients = made(client)
        assert not await clients.alter(Session(client.name, options={"o": 1}))
        assert client.asked[0][1]["APIOpts"] == {"o": 1}
        assert not await clients.alter(Session("nobody"))
        client.answers.clear()
        assert await clients.alter(Session(client.name))
        client.default = Answer(b'"LATER"', None)
        assert not await clients.alter(Session(client.name))

    run(scene)


def test_a_peer_is_disconnected_by_everybody_who_knows_how() -> None:
    async def scene() -> None:
        knows, old = FakeClient("a:1/a"), FakeClient("b:1/b", AgentV1__DisconnectPeer=Answer(b"null", "Unknown Method"))
        assert await made(knows, old).disconnect_peer({"OriginHost": "h"})
        fails = FakeClient("c:1/c", AgentV1__DisconnectPeer=Answer(b"null", "NO"))
        assert not await made(knows, fails).disconnect_peer({"OriginHost": "h"})
        assert await made().disconnect_peer({})

    run(scene)
