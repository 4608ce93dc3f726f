"""A client of each kind against a gateway process, a thousand of them at once, and clients that misbehave."""

from __future__ import annotations

import asyncio
import io
import json
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

from tests.gateway.servers import DEADLINE_SECONDS, ROOT, Gateway, gateway, tollwire, until

CLIENTS = 1_000
CALLS = 5  # that each of them makes
MEGABYTE = 1 << 20
PONG = "Pong"

Found = TypeVar("Found")
Ask = Callable[[str, object], Awaitable[object]]

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module", autouse=True)
def open_files() -> Iterator[None]:
    """As many open files as a thousand clients need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4 * CLIENTS, hard)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("served")) as found:
        until(lambda: "ready" in found.text(), "it is ready")
        yield found
        assert "level=error" not in found.text()


def run(work: Awaitable[Found]) -> Found:
    async def main() -> Found:
        async with asyncio.timeout(240):
            return await work

    return asyncio.run(main())


def resident(served: Gateway) -> int:
    """Octets of memory that the gateway has."""
    pages = int(Path(f"/proc/{served.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


# -- clients -------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def stream(address: str) -> AsyncIterator[Ask]:
    """JSON-RPC 1.0 over TCP, one call after the other."""
    reader, writer = await asyncio.open_connection(*place(address), limit=64 * MEGABYTE)
    ident = 0

    async def ask(method: str, params: object) -> object:
        nonlocal ident
        ident += 1
        writer.write(json.dumps({"method": method, "params": [params], "id": ident}).encode())
        answer = json.loads(await reader.readline())
        assert answer["id"] == ident
        return answer["result"] if answer["error"] is None else ("error", answer["error"])

    try:
        yield ask
    finally:
        writer.close()


@asynccontextmanager
async def posts(address: str, path: str) -> AsyncIterator[Ask]:
    """JSON-RPC over HTTP: version 2.0 where the path is that one's."""
    async with aiohttp.ClientSession() as session:

        async def ask(method: str, params: object) -> object:
            version_2 = path == "/jsonrpc2"
            call: dict[str, Any] = {"method": method, "id": 1, "params": params if version_2 else [params]}
            body = io.BytesIO(json.dumps(call | ({"jsonrpc": "2.0"} if version_2 else {})).encode())
            async with session.post(f"http://{address}{path}", data=body) as reply:
                assert reply.status == 200
                answer = json.loads(await reply.read())
            assert answer["id"] == 1
            if answer.get("error") is None:
                return answer["result"]
            return ("error", answer["error"]["message"] if version_2 else answer["error"])

        yield ask


@asynccontextmanager
async def websocket(address: str) -> AsyncIterator[Ask]:
    """JSON-RPC 1.0 over WebSocket."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://{address}/ws", max_msg_size=64 * MEGABYTE) as link:

        async def ask(method: str, params: object) -> object:
            await link.send_json({"method": method, "params": [params], "id": 7})
            answer = json.loads((await link.receive()).data)
            assert answer["id"] == 7
            return answer["result"] if answer["error"] is None else ("error", answer["error"])

        yield ask


DOORS: dict[str, Callable[[Gateway], Any]] = {
    "tcp": lambda served: stream(served.address),
    "http": lambda served: posts(served.http, "/jsonrpc"),
    "websocket": lambda served: websocket(served.http),
    "jsonrpc2": lambda served: posts(served.http, "/jsonrpc2"),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_client_of_each_kind(served: Gateway, door: str) -> None:
    async def scene() -> None:
        async with DOORS[door](served) as ask:
            profile = {"Tenant": "default", "ID": f"CRG_{door}", "RunID": "*default", "Weight": 12.5}
            assert await ask("APIerSv1.SetChargerProfile", profile) == "OK"
            kept = await ask("APIerSv1.GetChargerProfile", {"Tenant": "default", "ID": f"CRG_{door}"})
            assert isinstance(kept, dict)
            assert (kept["RunID"], kept["Weight"]) == ("*default", 12.5)
            assert await ask("APIerSv1.GetChargerProfile", {"Tenant": "default", "ID": "none"}) == ("error", "NOT_FOUND")
            assert await ask("CoreSv1.Dance", {}) == ("error", "rpc: can't find method CoreSv1.Dance")

    run(scene())


def test_a_client_of_the_bidirectional_port(served: Gateway) -> None:
    async def scene() -> None:
        async with stream(served.both_ways) as ask:
            assert await ask("SessionSv1.Ping", {}) == PONG
            assert await ask("CoreSv1.Ping", {}) == ("error", "birpc: can't find method CoreSv1.Ping")

    run(scene())


@pytest.mark.parametrize("door", DOORS)
def test_a_big_question_and_a_big_answer(served: Gateway, door: str) -> None:
    names = [f"ATTR_{number:020}" for number in range(200_000)]

    async def scene() -> None:
        async with DOORS[door](served) as ask:
            profile = {"Tenant": "default", "ID": f"BIG_{door}", "AttributeIDs": names}
            assert await ask("APIerSv1.SetChargerProfile", profile) == "OK"
            kept = await ask("APIerSv1.GetChargerProfile", {"Tenant": "default", "ID": f"BIG_{door}"})
            assert isinstance(kept, dict)
            assert kept["AttributeIDs"] == names
            assert await ask("APIerSv1.RemoveChargerProfile", {"Tenant": "default", "ID": f"BIG_{door}"}) == "OK"

    run(scene())


# -- many ------------------------------------------------------------------------------------------------------------------


def test_a_thousand_clients_at_once(served: Gateway) -> None:
    """Each holds its connection while all others make their calls; each gets the answers to its own."""

    async def scene() -> None:
        async with AsyncExitStack() as stack:
            doors = [served.address] * (CLIENTS - CLIENTS // 10) + [served.both_ways] * (CLIENTS // 10)
            asks = [await stack.enter_async_context(stream(address)) for address in doors]
            for _ in range(CALLS):
                assert set(await asyncio.gather(*(ask("SessionSv1.Ping", {}) for ask in asks))) == {PONG}

    run(scene())


# -- clients that misbehave ------------------------------------------------------------------------------------------------


def test_half_requests_and_silence_harm_nobody_else(served: Gateway) -> None:
    before = resident(served)
    halves = [socket.create_connection(place(address)) for address in (served.address, served.both_ways, served.http) for _ in range(100)]
    try:
        for half in halves:
            half.sendall(b'{"method":"CoreSv1.Ping","params":[{"a":"' + b"x" * 10_000)
        with served.client() as client:
            assert client.call("CoreSv1.Ping", {}) == PONG
        assert resident(served) - before < 64 * MEGABYTE
    finally:
        for half in halves:
            half.close()


@pytest.mark.parametrize("port", ["tcp", "http"])
def test_a_client_that_does_not_read_is_bounded(served: Gateway, port: str) -> None:
    """It asks for far more than it takes; the gateway stops reading it, keeps its memory, and answers all once it reads again."""
    ask = b'{"method":"APIerSv1.GetChargerProfile","params":[{"Tenant":"default","ID":"SLOW"}],"id":1}\n'
    count, size = 2_000, 100_000
    with served.client() as client:
        client.call("APIerSv1.SetChargerProfile", {"Tenant": "default", "ID": "SLOW", "RunID": "x" * size})
        assert count * size > 128 * MEGABYTE
        before = resident(served)
        slow = socket.create_connection(place(served.address if port == "tcp" else served.http))
        slow.setblocking(False)
        body = ask * count
        if port == "http":
            body = b"POST /jsonrpc HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        try:
            sent = 0
            for _ in range(200):
                try:
                    sent += slow.send(body[sent : sent + MEGABYTE])
                except BlockingIOError:
                    assert client.call("CoreSv1.Ping", {}) == PONG
            assert resident(served) - before < 200 * MEGABYTE
            if port == "tcp":
                slow.setblocking(True)
                slow.settimeout(DEADLINE_SECONDS)
                slow.sendall(body[sent:])
                lines = 0
                while lines < count:
                    data = slow.recv(MEGABYTE)
                    assert data
                    lines += data.count(b"\n")
        finally:
            slow.close()


def test_clients_that_go_in_the_middle_harm_nobody_else(served: Gateway) -> None:
    for number in range(100):
        link = socket.create_connection(place((served.address, served.both_ways, served.http)[number % 3]))
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # a reset, not an end
        profile = json.dumps({"Tenant": "default", "ID": f"GONE_{number}", "RunID": "*default"})
        request = f'{{"method":"APIerSv1.SetChargerProfile","params":[{profile}],"id":{number}}}'
        link.sendall(request.encode()[: len(request) - number % 5] + b'{"method":"CoreSv1.Sleep","params":[{"Duration":1000000}],"id":1}')
        link.close()
    with served.client() as client:
        assert client.call("CoreSv1.Ping", {}) == PONG
        kept = client.call("APIerSv1.GetChargerProfileIDs", {"Tenant": "default"})
        assert isinstance(kept, list)
        assert {name for name in kept if name.startswith("GONE_")} <= {f"GONE_{number}" for number in range(100)}


# -- sessions of clients that are called ----------------------------------------------------------------------------------------


class Switch:
    """A client of the bidirectional port that answers every call of the gateway with OK and keeps it."""

    def __init__(self, address: str) -> None:
        self._socket = socket.create_connection(place(address), DEADLINE_SECONDS)
        self._lines = self._socket.makefile("rb")
        self._waiting: list[dict[str, Any]] = []

    def ask(self, method: str, params: object) -> object:
        self._send({"method": method, "params": [params], "id": 1})
        while "method" in (message := self._next()):
            self._waiting.append(message)
        return message["result"] if message["error"] is None else ("error", message["error"])

    def called(self) -> dict[str, Any]:
        """The gateway's next call."""
        call = self.heard()
        self._send({"id": call["id"], "result": "OK", "error": None})
        return call

    def heard(self) -> dict[str, Any]:
        """The gateway's next call, which gets no answer."""
        return self._waiting.pop(0) if self._waiting else self._next()

    def _send(self, message: object) -> None:
        self._socket.sendall(json.dumps(message).encode())

    def _next(self) -> dict[str, Any]:
        message = json.loads(self._lines.readline())
        assert isinstance(message, dict)
        return message

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def begin(origin_id: str) -> dict[str, object]:
    event = {
        "OriginID": origin_id,
        "OriginHost": "switch-1",
        "ToR": "*voice",
        "RequestType": "*prepaid",
        "Account": "anna",
        "Destination": "+9997555123",
        "AnswerTime": "2026-03-04T10:00:00Z",
        "Usage": "10s",
    }
    return {"InitSession": True, "Tenant": "default", "ID": origin_id, "Event": event}


def end(served: Gateway, origin_id: str) -> None:
    wanted = {"Tenant": "default", "Filters": [f"*string:~*req.OriginID:{origin_id}"], "Event": {"DisconnectCause": "FRAUD"}}
    assert served.call("SessionSv1.ForceDisconnect", wanted) == "OK"


def assert_disconnected(switch: Switch, origin_id: str, *, after: tuple[str, ...] = ()) -> None:
    """The switch is told to end the call; what comes `after` a kill may be repeated before that."""
    repeated = list(after)
    while True:
        call = switch.called()
        assert call["method"] == "AgentV1.DisconnectSession"
        event = call["params"][0]["Event"]
        assert event["DisconnectCause"] == "FRAUD"
        if event["OriginID"] == origin_id:
            return
        repeated.remove(event["OriginID"])


def test_a_session_is_ended_where_it_was_begun_or_where_its_switch_is_now(tmp_path: Path) -> None:
    plan = ROOT / "packaging" / "tariffplans" / "tutorial"
    with gateway(tmp_path) as served:
        served.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})
        first, other = Switch(served.both_ways), Switch(served.both_ways)
        assert other.ask("SessionSv1.Ping", {}) == PONG
        for name in ("here", "gone", "killed"):
            assert first.ask("SessionSv1.InitiateSession", begin(name)) == {"MaxUsage": 10_000_000_000}
        listed = tollwire("sessions", "--server", served.address, "--account", "anna", "--json").stdout.splitlines()
        assert {json.loads(line)["OriginID"] for line in listed} == {"here", "gone", "killed"}
        ended = tollwire("sessions", "disconnect", "--server", served.address, "--origin-id", "here", "--cause", "FRAUD")
        assert (ended.returncode, ended.stdout) == (0, "ended: 1\n")
        assert_disconnected(first, "here")
        first.close()
        end(served, "gone")
        assert_disconnected(other, "gone")
        other.close()
        served.kill()
    with gateway(tmp_path) as served:
        again = Switch(served.both_ways)
        assert again.ask("SessionSv1.Ping", {}) == PONG
        end(served, "killed")
        assert_disconnected(again, "killed", after=("here", "gone"))
        again.close()
        assert served.call("SessionSv1.GetActiveSessionsCount", {"Tenant": "default"}) == 0
