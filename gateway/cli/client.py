"""A client of the API over TCP: one call at a time, or a few in flight; blocking, as a command line may be."""

from __future__ import annotations

import argparse
import itertools
import os
import socket
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import msgspec

from gateway.cli.limits import CONNECT_SECONDS, MAX_ANSWER_BYTES, REPLY_SECONDS
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.protocols.jsonrpc.splitter import Splitter

if TYPE_CHECKING:
    import ssl

DEFAULT_SERVER: Final = "127.0.0.1:2012"
SERVER_VARIABLE: Final = "TOLLWIRE_SERVER"


class Answer(msgspec.Struct):
    """What a server says; `error` is null where the call succeeded."""

    id: int | None = None
    result: object = None
    error: object = None


class RefusedError(CommandError):
    """The server answered a call with an error."""


_DECODER: Final = msgspec.json.Decoder(Answer, float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class Client:
    """A connection to a server, opened by the first call. Used as a context it is closed at its end."""

    def __init__(self, server: str = DEFAULT_SERVER, timeout_seconds: float = REPLY_SECONDS, context: ssl.SSLContext | None = None) -> None:
        """With a context it speaks TLS, and the server's certificate must carry the name that it is called by."""
        self.server = server
        self._context = context
        self._address = read_server(server)
        self._timeout = timeout_seconds
        self._socket: socket.socket | None = None
        self._splitter = Splitter(MAX_ANSWER_BYTES)
        self._ids = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; the next call opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._splitter = Splitter(MAX_ANSWER_BYTES)

    def call(self, method: str, params: object) -> object:
        """The result of a call. RefusedError with the server's own words; CommandError (3) when it cannot be reached."""
        ident = next(self._ids)
        request = _ENCODER.encode({"method": method, "params": [params], "id": ident}) + b"\n"
        try:
            channel = self._open()
            channel.sendall(request)
            answer = self._receive(channel, ident)
        except TimeoutError:
            self.close()
            raise CommandError(f"{self.server} did not answer {method} within {self._timeout:g} s", Exit.UNREACHABLE) from None
        except OSError as error:
            self.close()
            raise CommandError(f"cannot reach a server at {self.server}: {reason(error)}", Exit.UNREACHABLE) from None
        if answer.error is not None and answer.error != "":
            raise RefusedError(str(answer.error))
        return answer.result

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, CONNECT_SECONDS)
            self._socket.settimeout(self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                self._socket = self._context.wrap_socket(self._socket, server_hostname=self._address[0])
        return self._socket

    def _receive(self, channel: socket.socket, ident: int) -> Answer:
        while True:
            while (frame := self._splitter.next_frame()) is not None:
                answer = self._decode(frame)
                if answer.id == ident:
                    return answer
            if self._splitter.broken:
                raise CommandError(f"{self.server} does not speak JSON-RPC: {self._splitter.broken}", Exit.UNREACHABLE)
            data = channel.recv(1 << 20)
            if not data:
                raise ConnectionError("it closed the connection")
            self._splitter.feed(data)

    def _decode(self, frame: bytes) -> Answer:
        try:
            return _DECODER.decode(frame)
        except msgspec.MsgspecError as error:
            raise CommandError(f"{self.server} does not speak JSON-RPC: {error}", Exit.UNREACHABLE) from None


def read_server(text: str, default_port: str = DEFAULT_SERVER.rpartition(":")[2]) -> tuple[str, int]:
    """Host and port of host:port, :port, host or [address]:port. Raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not colon or (text.count(":") > 1 and not text.startswith("[")) or text.endswith("]"):
        host, port = text, default_port
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise UsageError(f"{text!r} is no address: host:port is wanted")
    return host.strip("[]") or "127.0.0.1", int(port)


def reason(error: OSError) -> str:
    """Why a server cannot be reached; ssl's texts end with a place in its source."""
    if isinstance(error, BrokenPipeError | ConnectionResetError):  # which of the two, chance decides
        return "it closed the connection"
    told = getattr(error, "verify_message", "") or (getattr(error, "reason", None) or "").lower().replace("_", " ")
    return f"TLS: {told}" if told else error.strerror or str(error)


def server_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares where the server is."""
    default = os.environ.get(SERVER_VARIABLE, DEFAULT_SERVER)
    parser.add_argument("--server", metavar="HOST:PORT", default=default, help=f"where the server listens (${SERVER_VARIABLE}; {default})")
    tls_arguments(parser, 2022)
    parser.add_argument(
        "--timeout", type=float, default=REPLY_SECONDS, metavar="SECONDS", help=f"how long to wait for an answer ({REPLY_SECONDS:g})"
    )


def tls_arguments(parser: argparse.ArgumentParser, port: int) -> None:
    """Declares with which certificates TLS is spoken."""
    parser.add_argument("--tls", action="store_true", help=f"speak TLS (port {port}); the three below do too")
    parser.add_argument("--ca", metavar="FILE", help="certificates (PEM) that the server's must be signed by (those of the system)")
    parser.add_argument("--certificate", metavar="FILE", help="certificate (PEM) that is shown to the server")
    parser.add_argument("--key", metavar="FILE", help="its key (PEM)")


def client_of(options: argparse.Namespace) -> Client:
    """The client that the arguments name."""
    if not options.timeout > 0:
        raise UsageError("--timeout must be above 0")
    return Client(options.server, options.timeout, context_of(options))


def context_of(options: argparse.Namespace) -> ssl.SSLContext | None:
    """What TLS is spoken with; None where it is not spoken."""
    if not (options.tls or options.ca or options.certificate or options.key):
        return None
    import ssl

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the same rules with every Python: 3.13 has stricter ones in its default
        if options.ca:
            context.load_verify_locations(options.ca)
        else:
            context.load_default_certs()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if options.certificate or options.key:
            context.load_cert_chain(options.certificate or options.key, options.key, lambda: "")
    except (OSError, ValueError) as error:
        names = " ".join(name for name in (options.ca, options.certificate, options.key) if name)
        raise UsageError(f"{names}: {reason(error) if isinstance(error, OSError) else error}") from None
    return context
