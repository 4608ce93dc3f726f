"""What becomes of the effects of sessions: clients are told, and the engine learns of those that cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.effects import AlterSession, AskActiveSessions, DisconnectSession, WarnDisconnect
from engine.event import origin_cgrid
from engine.sessions.commands import DisconnectFailed, SyncSessions
from engine.usage import SECOND
from gateway.api.clients import Callbacks, EveryClient, NamedSession, asked


@dataclass(frozen=True)
class Named:
    OriginID: str
    OriginHost: str


@dataclass
class Fake:
    """Clients that fail so many times before they listen."""

    failures: int = 0
    tries: int = 0
    warned: list[str] = field(default_factory=list)
    said: dict[str, list[Named] | None] = field(default_factory=dict)
    never_asked: tuple[str, ...] = ()

    async def arrival(self, client: str, timeout_seconds: float) -> None:
        return

    async def disconnect(self, effect: DisconnectSession) -> bool:
        self.tries += 1
        return self.tries > self.failures

    async def warn(self, effect: WarnDisconnect) -> None:
        self.warned.append(effect.client)

    async def list_sessions(self, timeout_seconds: float) -> Mapping[str, Sequence[NamedSession] | None]:
        assert timeout_seconds == 2
        return self.said

    async def alter(self, session: AlterSession) -> bool:
        return True

    async def disconnect_peer(self, arguments: dict[str, object]) -> bool:
        return True


def test_each_client_is_reached_by_who_holds_it() -> None:
    rest, special = Fake(), Fake()
    special.never_asked = ("diameter|",)
    rest.said, special.said = {"sw": None}, {"diameter|x": None}
    everybody = EveryClient(rest)
    everybody.add("diameter|", special)

    async def work() -> None:
        assert everybody.never_asked == ("diameter|",)
        for client, holder in (("diameter|x", special), ("192.0.2.1:4/x-1", rest), ("", rest)):
            before = holder.tries
            await everybody.disconnect(DisconnectSession(client, "c1", "t", {}, "", True))
            assert holder.tries == before + 1
            await everybody.warn(WarnDisconnect(client, "c1", "t", {}))
            assert holder.warned[-1] == client
            assert await everybody.alter(AlterSession(client, "c1", "t", {}, None))
            await everybody.arrival(client, 0)
        assert await everybody.list_sessions(2) == {"sw": None, "diameter|x": None}
        assert (await asked(everybody, 5, 2 * SECOND)).never_asked == ("diameter|",)
        assert await everybody.disconnect_peer({})

    asyncio.run(work())


class Told:
    """What the engine is told, and which effects are done."""

    def __init__(self) -> None:
        self.commands: list[object] = []
        self.ids: list[int] = []

    def step(self, command: object) -> object:
        self.commands.append(command)
        return None

    def finish(self, effect_id: int, command: object) -> object:
        self.done(effect_id)
        return self.step(command)

    def done(self, effect_id: int) -> None:
        self.ids.append(effect_id)


def played(clients: Fake, effect: DisconnectSession | WarnDisconnect | AskActiveSessions) -> list[object]:
    """What the engine is told after an effect."""
    told = Told()

    async def play() -> None:
        callbacks = Callbacks(clients, told, 3)
        callbacks.perform(7, effect)
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not asyncio.current_task()))

    asyncio.run(play())
    assert told.ids == [7]
    return told.commands


def ending(*, closed: bool) -> DisconnectSession:
    return DisconnectSession("sw", "c1", "t", {}, "INSUFFICIENT_CREDIT", closed)


def test_a_client_that_listens_late_is_asked_until_then() -> None:
    clients = Fake(failures=2)
    assert played(clients, ending(closed=False)) == []
    assert clients.tries == 3


def test_the_engine_learns_of_a_client_that_cannot_be_told() -> None:
    clients = Fake(failures=9)
    (told,) = played(clients, ending(closed=False))
    assert isinstance(told, DisconnectFailed)
    assert (told.cgrid, told.reason, clients.tries) == ("c1", "INSUFFICIENT_CREDIT", 3)


def test_the_client_of_a_session_that_is_over_is_told_once() -> None:
    clients = Fake(failures=9)
    assert played(clients, ending(closed=True)) == []
    assert clients.tries == 1


def test_a_warning_is_just_told() -> None:
    clients = Fake()
    assert played(clients, WarnDisconnect("sw", "c1", "t", {})) == []
    assert clients.warned == ["sw"]


def test_what_clients_say_of_their_calls_comes_back() -> None:
    clients = Fake(said={"a": [Named("o1", "h1")], "b": [], "c": None})
    (told,) = played(clients, AskActiveSessions(77, 2 * SECOND))
    assert isinstance(told, SyncSessions)
    assert told.asked_at_ns == 77
    assert told.listed == {origin_cgrid("o1", "h1")}
    assert (sorted(told.answered), sorted(told.silent)) == (["a", "b"], ["c"])
