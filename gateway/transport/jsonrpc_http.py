"""JSON-RPC over HTTP POST: as many requests as the body holds, answers one per line in the order in which they are ready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from time import monotonic
from typing import Final

from gateway.protocols.jsonrpc.envelope import MalformedError
from gateway.protocols.jsonrpc.request import Request
from gateway.protocols.jsonrpc.stream import RequestStream
from gateway.transport.gate import Gate
from gateway.transport.http import HttpHandler, HttpReply, HttpRequest
from gateway.transport.jsonrpc import RpcService
from gateway.transport.limits import MAX_CALLS_PER_TURN, MAX_UNSENT_BYTES, TURN_SECONDS

_CONTENT_TYPE: Final = "application/json"


def jsonrpc_handler(service: RpcService, gate: Gate, max_request_bytes: int) -> HttpHandler:
    """The handler of a path that takes JSON-RPC. A body that is none is answered by nothing, with status 200."""

    async def handle(request: HttpRequest) -> HttpReply:
        return HttpReply(200, await _answer(service, gate, request.body, max_request_bytes), _CONTENT_TYPE)

    return handle


async def _answer(service: RpcService, gate: Gate, body: bytes, max_request_bytes: int) -> bytes:
    stream = RequestStream(max_request_bytes)
    stream.feed(body)
    answers: list[bytes] = []
    tasks: list[asyncio.Task[None]] = []
    ticket = calls = size = 0
    over_at = monotonic() + TURN_SECONDS
    while (request := stream.next_request()) is not None:
        calls += 1
        if calls >= MAX_CALLS_PER_TURN or monotonic() > over_at:
            await asyncio.sleep(0)
            if len(tasks) >= MAX_CALLS_PER_TURN:
                await asyncio.gather(*tasks)
                tasks.clear()
            calls, over_at = 0, monotonic() + TURN_SECONDS
        answer = _call(service, request) if size <= MAX_UNSENT_BYTES else None
        if answer is None:
            break
        if isinstance(answer, bytes):
            answers.append(answer)
            size += len(answer)
            ticket = max(ticket, service.ticket)
        else:
            tasks.append(asyncio.create_task(_finish(gate, answer, answers)))
    if not gate.is_open(ticket):
        await gate.wait(ticket)
    await asyncio.gather(*tasks)
    return b"".join(answers)


def _call(service: RpcService, request: Request) -> bytes | Awaitable[tuple[bytes, int]] | None:
    try:
        return service.call(request)
    except MalformedError:
        return None


async def _finish(gate: Gate, answer: Awaitable[tuple[bytes, int]], answers: list[bytes]) -> None:
    text, ticket = await answer
    if not gate.is_open(ticket):
        await gate.wait(ticket)
    answers.append(text)
