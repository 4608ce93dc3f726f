"""A Diameter client for the command line: one connection, one request after the other, blocking.

It answers what the other side asks meanwhile: watchdogs, re-authorizations and aborts (2001), other requests (3001).
"""

from __future__ import annotations

import itertools
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Final

from gateway import VERSION
from gateway.cli.avps import Tree, encoded
from gateway.cli.client import reason
from gateway.cli.limits import CONNECT_SECONDS
from gateway.cli.outcome import CommandError, Exit
from gateway.protocols.diameter.codes import (
    ABORT_SESSION,
    CAPABILITIES_EXCHANGE,
    COMMAND_UNSUPPORTED,
    CREDIT_CONTROL_APPLICATION,
    DEVICE_WATCHDOG,
    DISCONNECT_PEER,
    ERROR,
    ORIGIN_REALM,
    PROXIABLE,
    RE_AUTH,
    REQUEST,
    RESULT_CODE,
    RETRANSMITTED,
    SUCCESS,
)
from gateway.protocols.diameter.dictionary import Dictionary
from gateway.protocols.diameter.message import DecodeError, Message, answer_to, decode, encode
from gateway.protocols.diameter.stream import MessageStream

_READ_BYTES: Final = 1 << 16
_TGPP: Final = 10415
_OF_THE_LINK: Final = (CAPABILITIES_EXCHANGE, DEVICE_WATCHDOG, DISCONNECT_PEER)
_ANSWERED: Final = (RE_AUTH, ABORT_SESSION, DEVICE_WATCHDOG, DISCONNECT_PEER)


class DiameterLink:
    """A connection on which capabilities were exchanged. `peer` is what the CEA said, `asked` hears of every request of the other side."""

    peer: Message

    def __init__(
        self,
        dictionary: Dictionary,
        address: tuple[str, int],
        origin: Mapping[str, str],
        timeout_seconds: float,
        context: ssl.SSLContext | None = None,
        asked: Callable[[Message], None] | None = None,
    ) -> None:
        """Connects, with TLS where there is a context, and sends CER; `origin` are Origin-Host and Origin-Realm.

        CommandError: 3 where nobody is there or answers, 1 where the capabilities are refused.
        """
        self.dictionary, self.origin, self.timeout, self.asked = dictionary, dict(origin), timeout_seconds, asked
        self.where = f"{address[0]}:{address[1]}"
        self._stream = MessageStream()
        self._idents = itertools.count(time.time_ns() & 0x7FFF_FFFF)
        try:
            self.socket = socket.create_connection(address, CONNECT_SECONDS)
            if context is not None:
                self.socket = context.wrap_socket(self.socket, server_hostname=address[0])
        except OSError as error:
            raise CommandError(f"cannot reach a Diameter peer at {self.where}: {reason(error)}", Exit.UNREACHABLE) from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.peer = self._exchange_capabilities()
        except BaseException:
            self.socket.close()
            raise

    def _exchange_capabilities(self) -> Message:
        host: str = self.socket.getsockname()[0]
        application = {"Vendor-Id": _TGPP, "Auth-Application-Id": CREDIT_CONTROL_APPLICATION}
        tree: Tree = {
            **self.origin,
            "Host-IP-Address": host,
            "Vendor-Id": 0,
            "Product-Name": f"tollwire diameter send {VERSION}",
            "Supported-Vendor-Id": _TGPP,
            "Auth-Application-Id": CREDIT_CONTROL_APPLICATION,
            "Vendor-Specific-Application-Id": application,
        }
        answer = self.exchange(CAPABILITIES_EXCHANGE, 0, encoded(self.dictionary, tree))
        code = answer.avps.number(RESULT_CODE)
        if code != SUCCESS:
            raise CommandError(f"{self.where} refuses the exchange of capabilities: {code}")
        return answer

    @property
    def realm(self) -> str:
        """The Origin-Realm of the other side."""
        return self.peer.avps.text(ORIGIN_REALM) or ""

    def exchange(self, command: int, application: int, body: bytes, *, again: bool = False) -> Message:
        """Sends a request and returns its answer; `again` sets the T bit. CommandError (3) where none comes."""
        ident = next(self._idents) & 0xFFFF_FFFF
        flags = REQUEST | (0 if command in _OF_THE_LINK else PROXIABLE) | (RETRANSMITTED if again else 0)
        self._send(encode(flags, command, application, ident, ident, body))
        deadline = time.monotonic() + self.timeout
        while (message := self._next(deadline)) is not None:
            if not message.is_request and message.hop_by_hop == ident:
                return message
        raise CommandError(f"{self.where} did not answer within {self.timeout:g} s", Exit.UNREACHABLE)

    def listen(self, seconds: float) -> None:
        """Waits for what the other side asks, so long."""
        deadline = time.monotonic() + seconds
        while self._next(deadline) is not None:
            pass

    def goodbye(self) -> None:
        """DPR, its answer, the end of the connection."""
        try:
            self.exchange(DISCONNECT_PEER, 0, encoded(self.dictionary, {**self.origin, "Disconnect-Cause": 2}))
        finally:
            self.close()

    def close(self) -> None:
        """Ends the connection without a word."""
        self.socket.close()

    def _send(self, data: bytes) -> None:
        try:
            self.socket.settimeout(self.timeout)
            self.socket.sendall(data)
        except OSError as error:
            raise CommandError(f"{self.where}: {reason(error)}", Exit.UNREACHABLE) from None

    def _next(self, deadline: float) -> Message | None:
        """The next message; requests are answered, and returned as well. None at the deadline."""
        while (data := self._stream.next()) is None:
            left = deadline - time.monotonic()
            if self._stream.broken is not None:
                raise CommandError(f"{self.where} does not speak Diameter: {self._stream.broken.text}", Exit.UNREACHABLE)
            if left <= 0:
                return None
            try:
                self.socket.settimeout(left)
                more = self.socket.recv(_READ_BYTES)
            except TimeoutError:
                return None
            except OSError as error:
                raise CommandError(f"{self.where}: {reason(error)}", Exit.UNREACHABLE) from None
            if not more:
                raise CommandError(f"{self.where} closed the connection", Exit.UNREACHABLE)
            self._stream.feed(more)
        try:
            message = decode(data)
        except DecodeError as error:
            raise CommandError(f"{self.where} does not speak Diameter: {error.text}", Exit.UNREACHABLE) from None
        if message.is_request:
            self._answer(message)
        return message

    def _answer(self, request: Message) -> None:
        known = request.command in _ANSWERED
        session = request.avps.text(263)
        tree: Tree = {
            **({"Session-Id": session} if session else {}),
            "Result-Code": SUCCESS if known else COMMAND_UNSUPPORTED,
            **self.origin,
        }
        self._send(answer_to(request, encoded(self.dictionary, tree), error=not known))
        if self.asked is not None:
            self.asked(request)


def result_of(answer: Message) -> int:
    """The Result-Code of an answer; that of its Experimental-Result where it has none, 0 where it has neither."""
    code = answer.avps.number(RESULT_CODE)
    if code is None:
        position = answer.avps.find(297)
        code = answer.avps.group(position).number(298) if position >= 0 else None
    return code or 0


def bits_of(message: Message) -> str:
    """The bits of a header that are worth telling."""
    return " ".join(name for name, bit in (("error bit", ERROR), ("T bit", RETRANSMITTED)) if message.flags & bit)
