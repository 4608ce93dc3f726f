"""One call: from the request as it came to the bytes of its answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic_ns
from typing import Final

import msgspec

from engine.errors import RequestError, StorageUnavailable
from engine.money import OutOfRange
from engine.storage.ports import StorageRefused
from engine.tally import Outcomes
from gateway.api.context import Api
from gateway.api.table import UNKNOWN, Method, Table
from gateway.protocols.jsonrpc.envelope import MalformedError, encode_error, encode_result
from gateway.protocols.jsonrpc.request import Request

log: Final = logging.getLogger(__name__)

UNAVAILABLE: Final = "SERVER_ERROR: storage unavailable, try again later"
INTERNAL_ERROR: Final = "SERVER_ERROR: internal error"
OUT_OF_RANGE: Final = "SERVER_ERROR: a number out of range"


class Dispatcher:
    """Answers requests. Whatever a handler does, a request gets an answer; only what is no JSON raises MalformedError.

    `ticket` belongs to the last call that was answered at once: the answer may leave when that ticket is durable (0: at once).
    Answers that come later, from slow methods, are told with theirs.
    """

    ticket: int
    _api: Api
    _table: Table
    _methods: dict[str, Method]
    tallies: dict[str, Outcomes]
    """What became of requests, by service."""
    _tally_of: dict[str, Outcomes]
    _strangers: Outcomes
    _explain: Callable[[str], RequestError]
    _encode_result: Callable[[msgspec.Raw, object], bytes]
    _encode_error: Callable[[msgspec.Raw, str], bytes]

    def __init__(self, api: Api, rows: Iterable[Method], unbuilt: Iterable[Method], table: Table | None = None) -> None:
        """`table` is that of the same rows, where it is made already."""
        if table is None:
            table = Table(rows, unbuilt, api.options.sections)
        self.ticket = 0
        self._api = api
        self._table = table
        self._methods = table.methods
        self.tallies = table.tallies
        self._tally_of = table.tally_of
        self._strangers = table.tallies[UNKNOWN]
        self._explain = table.explain
        self._encode_result = encode_result
        self._encode_error = encode_error

    def in_words(
        self, encode_result: Callable[[msgspec.Raw, object], bytes], encode_error: Callable[[msgspec.Raw, str], bytes]
    ) -> Dispatcher:
        """The same table, its answers written otherwise."""
        other = self._twin()
        other._encode_result = encode_result
        other._encode_error = encode_error
        return other

    def only(self, service: str) -> Dispatcher:
        """The methods of one service alone; what else is asked is refused as the reference's bidirectional port does."""
        other = self._twin()
        other._methods = {name: row for name, row in self._methods.items() if name.startswith(f"{service}.")}
        other._explain = lambda name: RequestError(f"birpc: can't find method {name}")
        return other

    def _twin(self) -> Dispatcher:
        other = Dispatcher(self._api, (), (), self._table)
        other._methods = self._methods
        other._explain = self._explain
        other._encode_result = self._encode_result
        other._encode_error = self._encode_error
        return other

    def call(self, request: Request, client: str = "") -> bytes | Awaitable[tuple[bytes, int]]:
        """The answer, with its ticket in `ticket`; or, from a slow method, what will become (answer, ticket).

        `client` names the connection on which the server may call back who asks; handlers see it in `api.client`.
        """
        api = self._api
        api.stepped = False
        api.client = client
        self.ticket = 0
        name = request.method
        row = self._methods.get(name)
        tally = self._tally_of.get(name, self._strangers)
        began = monotonic_ns()
        try:
            if row is None:
                raise self._explain(name)
            args = row.read(bytes(request.params))
            if row.handler is None:
                raise RequestError(f"NOT_IMPLEMENTED: {row.name}")
            result = row.handler(api, args)
            if row.slow:
                assert isinstance(result, Awaitable), "a slow handler is a coroutine function"
                return self._finish(request.id, name, result, tally, began)
            answer = self._encode_result(request.id, result)
            tally.done += 1
        except (StorageUnavailable, StorageRefused):
            tally.unavailable += 1
            return self._encode_error(request.id, UNAVAILABLE)
        except RequestError as fault:
            tally.refused += 1
            answer = self._encode_error(request.id, fault.text)
        except OutOfRange:
            tally.refused += 1
            answer = self._encode_error(request.id, OUT_OF_RANGE)
        except MalformedError:
            raise
        except Exception:
            log.exception("call failed", extra={"method": name})
            tally.failed += 1
            answer = self._encode_error(request.id, INTERNAL_ERROR)
        tally.took.note(monotonic_ns() - began)
        if api.stepped:
            self.ticket = api.engine.ticket
        return answer

    def refuse(self, request: Request, reason: str) -> bytes:
        """The answer to a request that is not looked at."""
        return self._encode_error(request.id, reason)

    async def _finish(self, ident: msgspec.Raw, name: str, result: Awaitable[object], tally: Outcomes, began: int) -> tuple[bytes, int]:
        try:
            answer = self._encode_result(ident, await result)
            tally.done += 1
        except (StorageUnavailable, StorageRefused):
            tally.unavailable += 1
            return self._encode_error(ident, UNAVAILABLE), 0
        except RequestError as fault:
            tally.refused += 1
            answer = self._encode_error(ident, fault.text)
        except OutOfRange:
            tally.refused += 1
            answer = self._encode_error(ident, OUT_OF_RANGE)
        except Exception:
            log.exception("call failed", extra={"method": name})
            tally.failed += 1
            answer = self._encode_error(ident, INTERNAL_ERROR)
        tally.took.note(monotonic_ns() - began)
        return answer, self._api.engine.ticket
