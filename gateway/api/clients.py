"""Clients that can be called back: what sessions ask of whoever holds the connections.

`Clients` is what sessions need; the bidirectional doors and the agents fulfil it, each for the connections it holds. `Callbacks` does what
the engine's session effects ask, and tells the engine what came of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Final, Protocol

from engine.effects import (
    AlterSession,
    AskActiveSessions,
    AskSessions,
    DisconnectSession,
    ReplicateSession,
    SessionEffect,
    SessionEnded,
    WarnDisconnect,
)
from engine.errors import RequestError, StorageUnavailable
from engine.event import origin_cgrid
from engine.sessions.commands import AlterSessions, DisconnectFailed, ForceDisconnect, SyncSessions
from engine.times import SECOND

log: Final = logging.getLogger(__name__)

CLIENTS: Final = "clients"  # the name under which Api.rooms has them
PAUSES_SECONDS: Final = (0.001, 0.001, 0.002, 0.003, 0.005, 0.008, 0.013)  # between tries to reach a client; the last one repeats
MAX_TASKS: Final = 10_000  # calls to clients under way; beyond it a client counts as one that cannot be told


class NamedSession(Protocol):
    """A session as its switch names it."""

    @property
    def OriginID(self) -> str: ...  # noqa: N802 - as clients write it
    @property
    def OriginHost(self) -> str: ...  # noqa: N802


class Clients(Protocol):
    """The connections that can be called. A client is named by the text that its commands carry as `client`."""

    async def disconnect(self, effect: DisconnectSession) -> bool:
        """Tells the client to end its session; False when it is not connected, answers with an error or not in time."""

    async def warn(self, effect: WarnDisconnect) -> None:
        """Tells the client that credit runs out soon; whatever it answers."""

    async def list_sessions(self, timeout_seconds: float) -> Mapping[str, Sequence[NamedSession] | None]:
        """The sessions that each client says it has (none for NO_ACTIVE_SESSION); None for one that did not say, or not in time."""

    async def alter(self, session: AlterSession) -> bool:
        """Asks the client to alter its session; False when it is not connected, answers with anything but OK or not in time."""

    async def disconnect_peer(self, arguments: dict[str, object]) -> bool:
        """Tells all clients that understand it to disconnect a Diameter peer; False when one of them fails. True without any."""


class Callbacks:
    """Performs the effects of sessions, each in a task of its own. `step` sends the engine a command at this moment."""

    def __init__(self, clients: Clients, step: Callable[[object], object], attempts: int) -> None:
        self._clients = clients
        self._step = step
        self._attempts = max(1, attempts)
        self._tasks: set[asyncio.Task[None]] = set()

    def perform(self, effect: SessionEffect) -> None:
        """Does what the effect asks. Returns at once."""
        match effect:
            case DisconnectSession():
                if not self._start(self._disconnect(effect)) and not effect.closed:
                    self._tell(DisconnectFailed(effect.cgrid, effect.reason))
            case WarnDisconnect():
                self._start(self._clients.warn(effect))
            case AskActiveSessions():
                self._start(self._ask(effect))
            case SessionEnded():
                fields = {"cgrid": effect.cgrid, "tenant": effect.tenant, "account": effect.account, "reason": effect.reason}
                if effect.trouble:
                    log.warning("trouble at the end of a session", extra=fields | {"trouble": effect.trouble})
                else:
                    log.info("a session was ended", extra=fields)
            case ReplicateSession():
                fields = {"cgrid": effect.cgrid, "connections": " ".join(effect.connections)}
                log.warning("session not replicated: no connections to other engines in this build", extra=fields)
            case AskSessions():
                self._start(self._ask_sessions(effect))

    def stop(self) -> None:
        """Calls under way are dropped; after the next start their effects are asked for again."""
        for task in self._tasks:
            task.cancel()

    def _start(self, work: Coroutine[None, None, None]) -> bool:
        if len(self._tasks) >= MAX_TASKS:
            work.close()
            log.warning("too many calls to clients under way")
            return False
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return True

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a call to a client failed", exc_info=task.exception())

    async def _disconnect(self, effect: DisconnectSession) -> None:
        for attempt in range(1 if effect.closed else self._attempts):
            if attempt:
                await asyncio.sleep(PAUSES_SECONDS[min(attempt, len(PAUSES_SECONDS)) - 1])
            if await self._clients.disconnect(effect):
                return
        fields = {"client": effect.client, "cgrid": effect.cgrid, "reason": effect.reason}
        log.info("a client could not be told to end its session", extra=fields)
        if not effect.closed:
            self._tell(DisconnectFailed(effect.cgrid, effect.reason))

    async def _ask(self, effect: AskActiveSessions) -> None:
        self._tell(await asked(self._clients, effect.asked_at_ns, effect.timeout_ns))

    async def _ask_sessions(self, effect: AskSessions) -> None:
        """Alters or ends sessions for actions; nobody waits for it, so what goes wrong is told to the operator."""
        fields = {"account": effect.account_id, "actions": effect.actions_id, "tenant": effect.tenant}
        try:
            if not effect.alter:
                self._step(ForceDisconnect(effect.tenant, effect.filters, effect.limit, effect.fields))
                return
            wanted = self._step(AlterSessions(effect.tenant, effect.filters, effect.limit, effect.fields, effect.options))
        except RequestError as refused:
            log.info("actions on sessions did nothing", extra=fields | {"reason": refused.text})
            return
        assert isinstance(wanted, list), "sessions come as a list"
        for session in wanted:
            assert isinstance(session, AlterSession), "an AlterSession for each"
            if not await self._clients.alter(session):
                log.warning("a client did not alter its session", extra=fields | {"client": session.client, "cgrid": session.cgrid})

    def _tell(self, command: object) -> None:
        try:
            self._step(command)
        except StorageUnavailable:
            log.warning("a session has to wait for its end", extra={"reason": "storage unavailable"})
        except RequestError as refused:
            log.warning("a session has to wait for its end", extra={"reason": refused.text})


async def asked(clients: Clients, asked_at_ns: int, timeout_ns: int) -> SyncSessions:
    """Asks all clients for their calls; the command that tells the engine."""
    said = await clients.list_sessions(timeout_ns / SECOND)
    listed = frozenset(origin_cgrid(one.OriginID, one.OriginHost) for names in said.values() for one in names or ())
    silent = frozenset(name for name, names in said.items() if names is None)
    return SyncSessions(asked_at_ns, listed, frozenset(said) - silent, silent)
