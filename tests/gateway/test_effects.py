"""Effects on their way: when they are performed, how many at a time, and what the journal learns."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence

import pytest

from engine.effects import AlterSession, DisconnectSession, LogAction, WarnDisconnect
from engine.sessions.commands import ForceDisconnect
from gateway.api.bidirectional import BidirectionalClients, ClientOptions, client_name
from gateway.api.clients import NamedSession
from gateway.clockwork import Clockwork
from gateway.observe.log import LineWriter
from gateway.transport.bidirectional import Answer
from tests.engine.house import TENANT
from tests.engine.sessions.switch import Switch


class Slow:
    """Clients that answer when they are let."""

    never_asked: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.told: list[str] = []
        self.waiting = 0
        self.answers = asyncio.Semaphore(0)

    async def arrival(self, client: str, timeout_seconds: float) -> None:
        return

    async def disconnect(self, effect: DisconnectSession) -> bool:
        self.waiting += 1
        await self.answers.acquire()
        self.waiting -= 1
        self.told.append(str(effect.event["OriginID"]))
        return True

    async def warn(self, effect: WarnDisconnect) -> None:
        raise AssertionError

    async def list_sessions(self, timeout_seconds: float) -> Mapping[str, Sequence[NamedSession] | None]:
        raise AssertionError

    async def alter(self, session: AlterSession) -> bool:
        raise AssertionError

    async def disconnect_peer(self, arguments: dict[str, object]) -> bool:
        raise AssertionError


class Ended(Switch):
    """Five sessions of a client, which end when `end_all` is called; nothing is performed by the site itself."""

    def __init__(self) -> None:
        super().__init__(client="switch", credit=1000)
        for number in range(5):
            self.begin(f"o{number}", Usage="10s")

    def gather(self) -> None:
        self.storage.commit()

    def end_all(self, clockwork: Clockwork) -> None:
        assert clockwork.step(ForceDisconnect(TENANT, (), None, {}), self.now) == 5


async def turns() -> None:
    """Lets everything that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_effects_are_performed_when_they_are_durable_a_bounded_number_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.api.clients.MAX_TASKS", 2)
    site = Ended()

    async def scene() -> None:
        clients = Slow()
        clockwork = Clockwork(site.engine, clients, 3)
        clockwork.start()
        site.end_all(clockwork)
        await turns()
        assert clients.waiting == 0
        site.storage.commit()
        await turns()
        assert (clients.waiting, clients.told) == (2, [])
        for _ in range(3):
            clients.answers.release()
        await turns()
        assert (clients.waiting, clients.told) == (2, ["o0", "o1", "o2"])
        clockwork.stop()
        await turns()

    asyncio.run(scene())
    site.storage.commit()
    site.cut()
    again = [effect.event["OriginID"] for _, effect in site.engine.take_effects() if isinstance(effect, DisconnectSession)]
    assert again == ["o3", "o4"]


def test_what_was_recovered_is_performed_after_the_start() -> None:
    site = Ended()

    async def scene(*, start: bool) -> list[str]:
        clients = Slow()
        clockwork = Clockwork(site.engine, clients, 3)
        if not start:
            site.end_all(clockwork)
            site.storage.commit()
        else:
            clockwork.start()
        for _ in range(5):
            clients.answers.release()
        await turns()
        clockwork.stop()
        await turns()
        return clients.told

    assert asyncio.run(scene(start=False)) == []
    site.cut()
    assert asyncio.run(scene(start=True)) == [f"o{number}" for number in range(5)]
    site.storage.commit()
    site.cut()
    assert site.engine.take_effects() == []


class Connection:
    """A client of the bidirectional port, as far as its name goes."""

    def __init__(self, name: str, host: str) -> None:
        self.name = name
        self.host = host

    def ask_client(self, method: str, params: object, timeout_seconds: float) -> asyncio.Future[Answer]:
        raise AssertionError


@pytest.mark.parametrize(("name", "waits"), [("old", True), ("new", False)])
def test_clients_of_the_process_before_are_waited_for(name: str, waits: bool) -> None:
    async def scene() -> None:
        clients = BidirectionalClients(ClientOptions(), lambda: 0, "new-")
        gone = client_name("10.0.0.1:5060", f"{name}-", 1)
        waiting = asyncio.create_task(clients.arrival(gone, 60))
        await turns()
        assert waiting.done() is not waits
        clients.join(Connection(client_name("10.0.0.2:5060", "new-", 2), "10.0.0.2"))
        await turns()
        assert waiting.done() is not waits
        clients.join(Connection(client_name("10.0.0.1:5061", "new-", 3), "10.0.0.1"))
        await waiting
        await clients.arrival(gone, 60)

    asyncio.run(scene())


def test_nobody_is_waited_for_for_ever() -> None:
    async def scene() -> None:
        clients = BidirectionalClients(ClientOptions(), lambda: 0, "new-")
        await clients.arrival(client_name("10.0.0.1:5060", "old-", 1), 0)

    asyncio.run(scene())


def test_a_line_is_said_when_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Switch()
    reader = threading.Event()
    lines: list[str] = []

    def write(line: str) -> None:
        reader.wait()
        lines.append(line)

    writer = LineWriter(write)
    monkeypatch.setattr("gateway.clockwork.line_writer", lambda: writer)

    async def scene() -> None:
        clockwork = Clockwork(site.engine, Slow(), 3)
        clockwork.start()
        writer.put("a line before")
        assert clockwork.perform(7, LogAction("perf:1001", "SAY", "hello"))
        await turns()
        assert (site.engine.has_done, lines) == (False, [])
        reader.set()
        writer.close()
        await turns()
        assert (site.engine.has_done, lines) == (True, ["a line before"])
        clockwork.stop()

    asyncio.run(scene())
