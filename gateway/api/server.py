"""The ports of the API: JSON-RPC over TCP and over HTTP, in front of one method table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.api.context import Api
from gateway.api.dispatch import Dispatcher
from gateway.api.methods import ROWS
from gateway.api.table import Method
from gateway.api.unbuilt import UNBUILT
from gateway.protocols.jsonrpc.limits import MAX_REQUEST_BYTES
from gateway.transport.gate import DurableJournal, Gate
from gateway.transport.http import HttpHandler, HttpListener, HttpReply, HttpRequest
from gateway.transport.jsonrpc import JsonRpcListener
from gateway.transport.jsonrpc_http import jsonrpc_handler


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where the API listens: "host:port", ":port" for every address, "" for nowhere; and the paths on the HTTP port."""

    rpc_json: str = "127.0.0.1:2012"
    http: str = "127.0.0.1:2080"
    jsonrpc_path: str = "/jsonrpc"
    ws_path: str = "/ws"
    max_request_bytes: int = MAX_REQUEST_BYTES


def read_address(text: str) -> tuple[str, int]:
    """Host and port of "host:port". Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{text!r} is no address: host:port is wanted")
    return host.strip("[]"), int(port)


async def _websocket(request: HttpRequest) -> HttpReply:
    if request.headers.get("upgrade", "").lower() == "websocket":
        return HttpReply(501, b"websocket is not built\n")
    return HttpReply(400, b"not websocket protocol")


class ApiServer:
    """Listens, answers, stops. `routes` are further paths of the HTTP port."""

    def __init__(
        self,
        api: Api,
        journal: DurableJournal,
        options: ServerOptions,
        *,
        routes: Mapping[str, HttpHandler] | None = None,
        rows: Iterable[Method] = ROWS,
    ) -> None:
        self._options = options
        gate = Gate(journal)
        self.dispatcher: Final = Dispatcher(api, rows, UNBUILT)
        self.tcp: Final = JsonRpcListener(self.dispatcher, gate, options.max_request_bytes)
        own = {
            options.jsonrpc_path: jsonrpc_handler(self.dispatcher, gate, options.max_request_bytes),
            options.ws_path: _websocket,
        }
        paths = {path: handler for path, handler in own.items() if path}
        self.http: Final = HttpListener(paths | dict(routes or {}), options.max_request_bytes)

    async def start(self) -> None:
        """Every port is taken when it returns, and TCP is answered; HTTP follows within a moment. Raises OSError and ValueError."""
        if self._options.rpc_json:
            await self.tcp.start(*read_address(self._options.rpc_json))
        if self._options.http:
            self.http.start(*read_address(self._options.http))

    async def stop(self, timeout_seconds: float) -> None:
        """Frees the ports at once, lets what is in flight finish for at most the timeout, closes every connection."""
        await asyncio.gather(self.tcp.stop(timeout_seconds), self.http.stop(timeout_seconds))
