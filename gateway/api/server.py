"""The ports of the API: JSON-RPC over TCP, HTTP, WebSocket and both ways, in front of one method table."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.api.bidirectional import BidirectionalClients, client_name
from gateway.api.context import Api
from gateway.api.dispatch import Dispatcher
from gateway.api.methods import ROWS
from gateway.api.table import Method
from gateway.api.unbuilt import UNBUILT
from gateway.protocols.jsonrpc import version2
from gateway.protocols.jsonrpc.limits import MAX_REQUEST_BYTES
from gateway.transport.bidirectional import BidirectionalConnection
from gateway.transport.caps import CappedService, Caps
from gateway.transport.census import Census
from gateway.transport.gate import DurableJournal, Gate
from gateway.transport.http import HttpHandler, HttpListener
from gateway.transport.jsonrpc import RpcService
from gateway.transport.jsonrpc2_http import jsonrpc2_handler
from gateway.transport.jsonrpc_http import jsonrpc_handler
from gateway.transport.jsonrpc_listener import JsonRpcListener
from gateway.transport.tls import Certificates


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where the API listens: "host:port", ":port" for every address, "" for nowhere; and the paths on the HTTP port."""

    rpc_json: str = "127.0.0.1:2012"
    http: str = "127.0.0.1:2080"
    birpc_json: str = ""
    rpc_json_tls: str = ""
    http_tls: str = ""
    jsonrpc_path: str = "/jsonrpc"
    jsonrpc2_path: str = "/jsonrpc2"
    ws_path: str = "/ws"
    max_request_bytes: int = MAX_REQUEST_BYTES
    users: Mapping[str, bytes] | None = None  # who may use HTTP, passwords by name; None: everybody
    token: bytes = b""  # what HTTP requests to other addresses than loopback have to carry; empty: nothing
    caps: int = 0  # requests that are worked on at the same time; 0: no bound
    caps_queue: bool = False  # beyond it they wait, or are refused
    caps_stats_seconds: float = 0.0  # how often the requests at work are counted; 0: never
    process_tag: str = ""  # a name of this process that no earlier one had


def read_address(text: str) -> tuple[str, int]:
    """Host and port of "host:port". Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{text!r} is no address: host:port is wanted")
    return host.strip("[]"), int(port)


class ApiServer:
    """Listens, answers, stops. `clients` keeps who may be called back; `routes` are further paths of the HTTP port."""

    def __init__(
        self,
        api: Api,
        journal: DurableJournal,
        options: ServerOptions,
        clients: BidirectionalClients,
        *,
        routes: Mapping[str, HttpHandler] | None = None,
        certificates: Certificates | None = None,
        census: Census | None = None,
        rows: Iterable[Method] = ROWS,
    ) -> None:
        self._options = options
        self.api: Final = api
        self.gate: Final = Gate(journal)
        gate = self.gate
        limit = options.max_request_bytes
        self._certificates = certificates
        self.census: Final = census or Census()
        self.dispatcher: Final = Dispatcher(api, rows, UNBUILT)
        self.caps: Final = Caps(options.caps, journal, queue=options.caps_queue) if options.caps else None
        api.caps = self.caps
        service = self._capped(self.dispatcher)
        self.tcp: Final = JsonRpcListener(service, gate, limit, self.census)
        self.tls: Final = JsonRpcListener(service, gate, limit, self.census)
        self.websocket: Final = JsonRpcListener(service, gate, limit, self.census, counted=False)
        self.clients: Final = clients
        self.both_ways: Final = self._bidirectional(gate)
        version_2 = self.dispatcher.in_words(version2.encode_result, version2.encode_error)
        own = {
            options.jsonrpc_path: jsonrpc_handler(service, gate, limit),
            options.jsonrpc2_path: jsonrpc2_handler(self._capped(version_2), gate),
        }
        paths = {path: handler for path, handler in own.items() if path}
        sockets = {options.ws_path: self.websocket.connect} if options.ws_path else {}
        paths |= dict(routes or {})
        self.http: Final = HttpListener(paths, limit, self.census, sockets=sockets, users=options.users, token=options.token)
        self.https: Final = HttpListener(paths, limit, self.census, sockets=sockets, users=options.users, token=options.token)

    def ask(self, users: Mapping[str, bytes] | None, token: bytes) -> None:
        """Who may use HTTP from now on, as in ServerOptions."""
        for listener in (self.http, self.https):
            listener.ask(users, token)

    def _bidirectional(self, gate: Gate) -> JsonRpcListener:
        """The port whose clients are called too. It has the methods of SessionSv1 alone, as in the reference."""
        numbers = itertools.count(1)

        def make(listener: JsonRpcListener) -> BidirectionalConnection:
            return BidirectionalConnection(
                listener, self.clients, lambda address: client_name(address, self._options.process_tag, next(numbers))
            )

        service = self._capped(self.dispatcher.only("SessionSv1"))
        return JsonRpcListener(service, gate, self._options.max_request_bytes, self.census, make=make)

    def _capped(self, service: Dispatcher) -> RpcService:
        """The service as far as `caps` lets it be asked."""
        return service if self.caps is None else CappedService(service, self.caps)

    def lines(self) -> dict[str, JsonRpcListener]:
        """The doors whose clients ask one line after the other."""
        return {"rpc_json": self.tcp, "birpc_json": self.both_ways, "rpc_json_tls": self.tls, "websocket": self.websocket}

    def doors(self) -> dict[str, JsonRpcListener | HttpListener]:
        """The doors that have ports, by the option that says where."""
        return {
            "rpc_json": self.tcp,
            "birpc_json": self.both_ways,
            "http": self.http,
            "rpc_json_tls": self.tls,
            "http_tls": self.https,
        }

    async def start(self) -> None:
        """Every port is taken when it returns, and TCP is answered; HTTP follows within a moment. Raises OSError and ValueError."""
        if self.caps is not None and self._options.caps_stats_seconds:
            self.caps.sample_every(self._options.caps_stats_seconds)
        if self._options.rpc_json:
            await self.tcp.start(*read_address(self._options.rpc_json))
        if self._options.birpc_json:
            await self.both_ways.start(*read_address(self._options.birpc_json))
        if self._options.http:
            self.http.start(*read_address(self._options.http))
        if self._certificates is not None and self._options.rpc_json_tls:
            self.tls.start_tls(*read_address(self._options.rpc_json_tls), self._certificates)
        if self._certificates is not None and self._options.http_tls:
            self.https.start(*read_address(self._options.http_tls), self._certificates)

    async def ready(self) -> None:
        """Returns when everything answers."""
        for door in (self.http, self.https):
            if door.listening:
                await door.ready()

    async def stop(self, timeout_seconds: float) -> None:
        """Frees the ports at once, lets what is in flight finish for at most the timeout, closes every connection."""
        if self.caps is not None:
            self.caps.stop()
        await asyncio.gather(*(door.stop(timeout_seconds) for door in (*self.doors().values(), self.websocket)))
