"""JSON-RPC 2.0 over HTTP POST: one call or a batch a request; a body of notifications alone is answered by 204."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from time import monotonic
from typing import Final

from gateway.protocols.jsonrpc.envelope import MalformedError
from gateway.protocols.jsonrpc.version2 import Call, encode_error, read_body
from gateway.transport.gate import Gate
from gateway.transport.http import HttpHandler, HttpReply, HttpRequest
from gateway.transport.jsonrpc import RpcService
from gateway.transport.limits import MAX_CALLS_PER_TURN, MAX_UNSENT_BYTES, TURN_SECONDS

_CONTENT_TYPE: Final = "application/json"
_NO_CONTENT: Final = HttpReply(204, b"", "")
_NOT_POST: Final = HttpReply(405, b"JSON-RPC 2.0 is asked by POST\n")
_TOO_MUCH: Final = "SERVER_ERROR: answers too large"


def jsonrpc2_handler(service: RpcService, gate: Gate) -> HttpHandler:
    """The handler of a path that takes JSON-RPC 2.0; the service answers in its words."""

    async def handle(request: HttpRequest) -> HttpReply:
        if request.method != "POST":
            return _NOT_POST
        calls, batch = read_body(request.body)
        answers = [answer for answer in await _answer_all(service, gate, calls) if answer]
        if not answers:
            return _NO_CONTENT
        return HttpReply(200, (b"[" + b",".join(answers) + b"]" if batch else answers[0]) + b"\n", _CONTENT_TYPE)

    return handle


async def _answer_all(service: RpcService, gate: Gate, calls: list[Call]) -> list[bytes]:
    """The answers in the order of the calls, empty where there is none to give; slow calls run side by side."""
    answers: list[bytes] = []
    slow: dict[int, Awaitable[tuple[bytes, int]]] = {}
    ticket = size = done = 0
    over_at = monotonic() + TURN_SECONDS
    for call in calls:
        answer = _answer(service, call) if size <= MAX_UNSENT_BYTES else encode_error(call.request.id, _TOO_MUCH)
        if isinstance(answer, bytes):
            ticket = max(ticket, 0 if call.fault else service.ticket)
        else:
            slow[len(answers)] = answer
            answer = b""
        answers.append(b"" if call.notification else answer)
        size += len(answer)
        done += 1
        if done >= MAX_CALLS_PER_TURN or monotonic() > over_at:
            await asyncio.sleep(0)
            done, over_at = 0, monotonic() + TURN_SECONDS
    for place, (text, later) in zip(slow, await asyncio.gather(*slow.values()), strict=True):
        ticket = max(ticket, later)
        answers[place] = b"" if calls[place].notification else text
    if not gate.is_open(ticket):
        await gate.wait(ticket)
    return answers


def _answer(service: RpcService, call: Call) -> bytes | Awaitable[tuple[bytes, int]]:
    if call.fault:
        return call.fault
    try:
        return service.call(call.request)
    except MalformedError as fault:
        return encode_error(call.request.id, f"json: {fault}")
