"""Ports whose connections begin with a TLS handshake, or that the event loop knows no listener for: accepted here, then
handed on."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Final

from gateway.transport.census import Census
from gateway.transport.limits import (
    ACCEPT_PAUSE_SECONDS,
    ACCEPTS_PER_TURN,
    BACKLOG,
    HANDSHAKE_SECONDS,
    MAX_HANDSHAKES,
    TLS_CLOSE_SECONDS,
)

log: Final = logging.getLogger(__name__)


class Certificates:
    """The TLS context of new connections; one that is put in later counts for those that come after it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context


class TlsPort:
    """Accepts connections on a socket and makes a protocol of each whose handshake succeeds in time.

    A handshake that fails costs its client the connection and nobody else anything; no more than MAX_HANDSHAKES are under way.
    """

    def __init__(
        self, make: Callable[[], asyncio.BaseProtocol], certificates: Certificates | None, census: Census, *, counts: bool
    ) -> None:
        """`counts`: the connections do not enter the census by themselves. Without `certificates` there is no handshake."""
        self._make = make
        self._counts = counts
        self._certificates = certificates
        self._census = census
        self._handshakes: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None
        self._pause: asyncio.TimerHandle | None = None

    def open(self, listening: socket.socket) -> None:
        """Accepts from now on."""
        self._socket = listening
        asyncio.get_running_loop().add_reader(listening.fileno(), self._accept)

    def close(self) -> None:
        """Accepts no more, frees the port and drops handshakes that are under way."""
        if self._socket is not None:
            if self._pause is not None:
                self._pause.cancel()
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
        for task in self._handshakes:
            task.cancel()

    def _accept(self) -> None:
        assert self._socket is not None, "a port that accepts is open"
        for _ in range(ACCEPTS_PER_TURN):
            try:
                link, address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no more files or memory: others have to go first
                log.warning("connections not accepted", extra={"reason": error.strerror})
                self._rest()
                return
            coming = len(self._handshakes)
            if coming >= MAX_HANDSHAKES:
                self._census.refused += 1
            if coming >= MAX_HANDSHAKES or not self._census.has_room(coming):
                link.close()
                continue
            link.setblocking(False)
            task = asyncio.get_running_loop().create_task(self._shake(link, address[0]))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    def _rest(self) -> None:
        assert self._socket is not None, "a port that accepts is open"
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket.fileno())
        self._pause = loop.call_later(ACCEPT_PAUSE_SECONDS, loop.add_reader, self._socket.fileno(), self._accept)

    async def _shake(self, link: socket.socket, host: str) -> None:
        loop, certificates = asyncio.get_running_loop(), self._certificates
        try:
            if certificates is None:
                await loop.connect_accepted_socket(self._make, link)
            else:
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.connect_accepted_socket(
                    self._make,
                    link,
                    ssl=certificates.context,
                    ssl_handshake_timeout=HANDSHAKE_SECONDS,
                    ssl_shutdown_timeout=TLS_CLOSE_SECONDS,
                )
            self._census.accepted += self._counts
        except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
            self._census.handshakes_failed += 1
            reason = error.reason if isinstance(error, ssl.SSLError) and error.reason else str(error) or type(error).__name__
            self._census.complaints.tell(log, logging.INFO, "TLS handshake failed", {"peer": host, "reason": reason})
            link.close()
        except asyncio.CancelledError:
            link.close()
            raise


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on an address, on every one where the host is empty. Raises OSError when it cannot be had."""
    both = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
    found = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
    found.setblocking(False)
    return found
