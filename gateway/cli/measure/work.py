"""The kinds of work that are measured, as requests that are bytes already: only numbers are put into them while the clock runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.cli.measure.link import Link
from gateway.cli.measure.plan import ACCOUNTS, FIRST_PREFIX, PREFIXES, TENANT
from gateway.cli.outcome import CommandError

LINK_SHARE: Final = 64
START: Final = "2026-04-08T10:00:00Z"
_ID_BASE: Final = 1_000_000  # ids all have as many digits: an answer's id is found where it stands
_ID_AT: Final = len(b'{"id":')
_ID_END: Final = _ID_AT + 7
GOOD: Final = b'"error":null}'
STRIDE: Final = 7  # one prefix after the other would be kind to caches
_NUMBER, _ACCOUNT, _PREFIX = "@number@", "@account@", "@prefix@"


class Speech(Protocol):
    """How a protocol puts numbers into requests, and finds them again in answers.

    `share` requests are in flight on one connection, unless the number of connections is said.
    """

    @property
    def share(self) -> int: ...

    def connect(self, server: str) -> Link:
        """A connection on which requests may be sent. CommandError where there is none."""

    def request(self, step: bytes, filled: tuple[object, ...], place: int) -> bytes:
        """A request for a place (0 <= place < 1,000,000) that its answer will name."""

    def place(self, answer: bytes) -> int:
        """The place that an answer is for. CommandError where it refuses."""


class JsonRpc:
    """Lines of JSON over TCP."""

    share: Final = LINK_SHARE

    def connect(self, server: str) -> Link:
        return Link(server)

    def request(self, step: bytes, filled: tuple[object, ...], place: int) -> bytes:
        return step % (*filled, _ID_BASE + place)

    def place(self, answer: bytes) -> int:
        if answer[-13:] != GOOD:
            raise refuse(answer)
        return int(answer[_ID_AT:_ID_END]) - _ID_BASE


JSON_RPC: Final = JsonRpc()


def refuse(line: bytes) -> CommandError:
    """What ends a run: an answer that is an error."""
    return CommandError(f"the gateway refused: {line[-300:].decode(errors='replace')}")


@dataclass(frozen=True, slots=True)
class Work:
    """Chains of requests; the next request of a chain is sent when the one before is answered (or, at a given rate, is due).

    `steps` are the requests of a chain, with places for `fill(number of the chain)` and what `speech` adds. `origin` begins the OriginID of
    each chain, where there is one, before its number; `stores` is how many records a chain leaves.
    """

    name: str
    origin: str
    steps: tuple[bytes, ...]
    fill: Callable[[int], tuple[object, ...]]
    stores: int = 0
    speech: Speech = JSON_RPC
    digits: int = 0

    def origin_of(self, number: int) -> str:
        """The OriginID of a chain; its number has at least so many `digits`."""
        return f"{self.origin}{number:0{self.digits}d}"


def _request(method: str, params: dict[str, object]) -> bytes:
    """A request with a %d for each place, in the order in which they stand, and one for the id."""
    text = json.dumps({"method": method, "params": [params], "id": "@id@"}, separators=(",", ":"))
    for place in (_NUMBER, _ACCOUNT, _PREFIX):
        text = text.replace(place, "%d")
    return text.replace('"@id@"', "%d").encode() + b"\n"


def _event(origin: str, request_type: str, usage: str) -> dict[str, object]:
    return {
        "Tenant": TENANT,
        "Event": {
            "OriginID": f"{origin}{_NUMBER}",
            "OriginHost": "bench",
            "ToR": "*voice",
            "RequestType": request_type,
            "Category": "call",
            "Account": f"a{_ACCOUNT}",
            "Destination": f"{_PREFIX}55",
            "SetupTime": START,
            "AnswerTime": START,
            "Usage": usage,
        },
    }


def _by_prefix(number: int) -> tuple[int, ...]:
    return (FIRST_PREFIX + number * STRIDE % PREFIXES,)


def _by_account(number: int) -> tuple[int, ...]:
    return (number, number % ACCOUNTS, FIRST_PREFIX + number * STRIDE % PREFIXES)


def cost_queries(run: str) -> Work:
    """APIerSv1.GetCost: what a minute costs; nothing is stored."""
    asked = {"Tenant": TENANT, "Category": "call", "Subject": "anyone", "AnswerTime": START, "Destination": f"{_PREFIX}55", "Usage": "60s"}
    return Work("cost query", run, (_request("APIerSv1.GetCost", {**asked}),), _by_prefix)


def sessions(run: str) -> Work:
    """Prepaid sessions of six events: authorize, initiate, two updates, terminate, CDR."""

    def asked(method: str, usage: str, **flags: bool) -> bytes:
        return _request(f"SessionSv1.{method}", {**flags, **_event(run, "*prepaid", usage)})

    steps = (
        asked("AuthorizeEvent", "60s", GetMaxUsage=True),
        asked("InitiateSession", "60s", InitSession=True),
        asked("UpdateSession", "60s", UpdateSession=True),
        asked("UpdateSession", "60s", UpdateSession=True),
        asked("TerminateSession", "150s", TerminateSession=True),
        asked("ProcessCDR", "150s"),
    )
    return Work("prepaid session events", run, steps, _by_account, stores=1)


def cdrs(run: str) -> Work:
    """CDRsV1.ProcessEvent: records that are rated and stored."""
    return Work("rated CDRs", run, (_request("CDRsV1.ProcessEvent", _event(run, "*rated", "60s")),), _by_account, stores=1)


# by the name that is said on the command line
WORKS: Final[dict[str, Callable[[str], Work]]] = {"cost": cost_queries, "sessions": sessions, "cdrs": cdrs}
