"""Peers that are connected to from here: again and again, with pauses that grow, for as long as the process lives."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Final, cast

from gateway.agents.diameter.limits import FAREWELL_SECONDS, FIRST_PAUSE_SECONDS
from gateway.agents.diameter.link import Link
from gateway.agents.diameter.settings import SCTP, TLS, sctp_socket
from gateway.config.agents import DiameterPeer
from gateway.config.tree import split_address
from gateway.protocols.diameter.codes import DO_NOT_WANT_TO_TALK_TO_YOU

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trust:
    """How peers are dialled over TLS: what is shown and who is believed; the name that a peer's certificate must carry, where it is empty
    the host of the peer's address."""

    context: ssl.SSLContext
    server_name: str


class Dialler:
    """One peer of the configuration. `make` gives the protocol of a connection, whose `closed` ends when it is gone, True where it was up
    and the peer did not send it away."""

    def __init__(
        self,
        peer: DiameterPeer,
        make: Callable[[str], DialledLink],
        has_called: Callable[[str], bool],
        trust: Callable[[], Trust | None],
        timeout_seconds: float,
        chance: Random,
    ) -> None:
        """`make` is told who the peer was the last time. `has_called`: whether a host is connected by itself; then it is not dialled.
        `trust`, asked each time, is for tcp-tls."""
        self.peer: Final = peer
        self.link: Link | None = None
        self._host = peer.origin_host
        self._make = make
        self._has_called = has_called
        self._trust = trust
        self._timeout_seconds = timeout_seconds
        self._chance = chance
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection, ours or the peer's own."""
        return self.link is not None or self._is_here()

    def start(self) -> None:
        """Connects from now on."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Connects no more; a connection that is there stays."""
        if self._task is not None:
            self._task.cancel()

    def leave(self) -> None:
        """Connects no more, and takes leave of the peer."""
        link = self.link
        self.stop()
        if link is not None and link.say_goodbye(DO_NOT_WANT_TO_TALK_TO_YOU, FAREWELL_SECONDS).done():
            link.abort()  # it has not said who it is yet

    def _is_here(self) -> bool:
        return bool(self._host) and self._has_called(self._host)

    async def _run(self) -> None:
        longest = self.peer.max_reconnect_interval_ns / 1e9
        pause = FIRST_PAUSE_SECONDS
        while True:
            begun_at = monotonic()
            stayed = self._is_here()
            try:
                stayed = stayed or await self._once() or monotonic() - begun_at > longest
            except (OSError, TimeoutError, ValueError) as error:
                reason = str(error) or type(error).__name__
                log.warning("a peer cannot be connected to", extra={"peer": self.peer.id, "address": self.peer.address, "reason": reason})
            pause = FIRST_PAUSE_SECONDS if stayed else min(pause * 2, longest)
            # not all of a site at the same moment after it was cut off
            await asyncio.sleep(min(pause, longest) * (0.5 + self._chance.random() / 2))

    async def _once(self) -> bool:
        """One connection from its begin to its end."""
        link = self._make(self._host)
        async with asyncio.timeout(self._timeout_seconds):
            await self._connect(link)
        self.link = link.link
        try:
            return await link.closed
        finally:
            self._host = self.peer.origin_host or link.link.told_host or self._host
            self.link = None

    async def _connect(self, link: DialledLink) -> None:
        loop = asyncio.get_running_loop()
        address = split_address(self.peer.address)
        assert address is not None, "a peer has an address: the configuration was checked"
        host, port = address
        if self.peer.network == SCTP:
            made = sctp_socket(host, port, listening=False)
            try:
                await loop.sock_connect(made, (host, port))
                await loop.create_connection(lambda: link.protocol, sock=made)
            except BaseException:
                made.close()
                raise
        elif self.peer.network == TLS:
            trust = self._trust()
            assert trust is not None, "where a peer is dialled over TLS there is a context for it"
            await loop.create_connection(lambda: link.protocol, host, port, ssl=trust.context, server_hostname=trust.server_name or host)
        else:
            await loop.create_connection(lambda: link.protocol, host, port)


class DialledLink:
    """A connection that is dialled: its protocol, and what ends when it is gone."""

    def __init__(self, link: Link, closed: asyncio.Future[bool]) -> None:
        self.link = link
        self.protocol = cast(asyncio.Protocol, link)
        self.closed = closed
