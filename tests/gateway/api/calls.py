"""Calls as a client makes them: a line of text in, a line of text out."""

from __future__ import annotations

import json

from gateway.api.context import Api
from gateway.api.dispatch import Dispatcher
from gateway.api.methods import ROWS
from gateway.api.unbuilt import UNBUILT
from gateway.protocols.jsonrpc.envelope import decode


class Caller:
    """One client of one API."""

    def __init__(self, api: Api) -> None:
        self.dispatcher = Dispatcher(api, ROWS, UNBUILT)

    def raw(self, text: str) -> str:
        """The answer to a request that is written out."""
        answer = self.dispatcher.call(decode(text.encode()))
        assert isinstance(answer, bytes), "not a slow method"
        return answer.decode()

    def __call__(self, method: str, params: object) -> object:
        """The result, or ("error", text)."""
        answer = json.loads(self.raw(json.dumps({"method": method, "params": [params], "id": 1})))
        assert list(answer) == ["id", "result", "error"]
        return answer["result"] if answer["error"] is None else ("error", answer["error"])
