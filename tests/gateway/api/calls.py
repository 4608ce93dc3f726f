"""Calls as a client makes them: a line of text in, a line of text out."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import TypeVar

from gateway.api.context import Api
from gateway.api.dispatch import Dispatcher
from gateway.api.methods import ROWS
from gateway.api.unbuilt import UNBUILT
from gateway.protocols.jsonrpc.envelope import decode

Result = TypeVar("Result")


def run(work: Awaitable[Result]) -> Result:
    """What comes of a coroutine that waits for nothing but its turn."""
    steps = work.__await__()
    for _ in range(100_000):
        try:
            steps.send(None)
        except StopIteration as done:
            result: Result = done.value
            return result
    raise AssertionError("it waits for something")


class Caller:
    """One client of one API."""

    def __init__(self, api: Api) -> None:
        self.dispatcher = Dispatcher(api, ROWS, UNBUILT)

    def raw(self, text: str) -> str:
        """The answer to a request that is written out."""
        answer = self.dispatcher.call(decode(text.encode()))
        return (answer if isinstance(answer, bytes) else run(answer)[0]).decode()

    def __call__(self, method: str, params: object) -> object:
        """The result, or ("error", text)."""
        answer = json.loads(self.raw(json.dumps({"method": method, "params": [params], "id": 1})))
        assert list(answer) == ["id", "result", "error"]
        return answer["result"] if answer["error"] is None else ("error", answer["error"])
