"""A port that answers JSON-RPC, and the clients that are connected to it."""

from __future__ import annotations

from collections.abc import Callable

from gateway.transport.census import Census
from gateway.transport.gate import Gate
from gateway.transport.jsonrpc import Connection, RpcService
from gateway.transport.limits import REQUEST_SECONDS
from gateway.transport.listener import Listener


class JsonRpcListener(Listener):
    """The clients of one door: who answers them, and how long a request may be."""

    def __init__(
        self,
        service: RpcService,
        gate: Gate,
        max_request_bytes: int,
        census: Census,
        *,
        counted: bool = True,
        make: Callable[[JsonRpcListener], Connection] = Connection,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        super().__init__(gate, census, lambda: make(self), counted=counted, request_seconds=request_seconds)
        self.service = service
        self.max_request_bytes = max_request_bytes
