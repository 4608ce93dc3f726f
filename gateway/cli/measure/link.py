"""A connection to the gateway that costs next to nothing: answers are lines, looked at no further than their id and whether they refuse."""

from __future__ import annotations

import socket
from typing import Final

from gateway.cli.client import read_server
from gateway.cli.limits import CONNECT_SECONDS
from gateway.cli.outcome import CommandError, Exit

_READ_BYTES: Final = 1 << 18
_BUFFER_BYTES: Final = 1 << 22


class Link:
    """One connection; it never blocks. What could not be sent yet waits in `unsent`."""

    unsent: bytes

    def __init__(self, server: str) -> None:
        """Connects. CommandError (3) when nobody is there."""
        try:
            self._take_over(socket.create_connection(read_server(server), CONNECT_SECONDS))
        except OSError as error:
            raise CommandError(f"cannot reach a server at {server}: {error.strerror or error}", Exit.UNREACHABLE) from None

    def _take_over(self, connected: socket.socket) -> None:
        self.socket = connected
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self.socket.setblocking(False)
        self.unsent = b""
        self._rest = b""

    def fileno(self) -> int:
        """For select."""
        return self.socket.fileno()

    def send(self, data: bytes) -> None:
        """Sends what the socket takes; the rest is kept and goes first next time."""
        if self.unsent:
            data = self.unsent + data
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise CommandError(f"the gateway closed a connection: {error.strerror or error}") from None
        self.unsent = data[sent:] if sent < len(data) else b""

    def lines(self) -> list[bytes]:
        """The answers that are there, without their ends."""
        found = self._received().split(b"\n")
        self._rest = found.pop()
        return found

    def _received(self) -> bytes:
        """What is there now, behind what was left of the last time."""
        try:
            data = self.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return self._rest
        except OSError as error:
            raise CommandError(f"the gateway closed a connection: {error.strerror or error}") from None
        if not data:
            raise CommandError("the gateway closed a connection")
        return self._rest + data if self._rest else data

    def close(self) -> None:
        """Closes the connection."""
        self.socket.close()
