"""Microseconds of one request through request processors, without protocol and engine: `python -m tests.perf.processors [requests]`.

The processors are those of the recordings' diameter-gy; that of an update of a data session has 12 request fields and, with the template
*cca, 13 reply fields. Figures are this thread's own time, medians of several runs.
"""

from __future__ import annotations

import sys

from engine.sessions.commands import SessionReply
from gateway.processors.reading import compile_processors
from gateway.processors.run import Processors
from gateway.processors.terms import Terms
from tests.gateway.processors.asking import NOW, Row, field, processor
from tests.gateway.processors.recorded import tree_of
from tests.perf.filters import microseconds

GRANT = SessionReply(2_097_152)
SERVICE_UNITS: Row = {"Requested-Service-Unit": {"CC-Total-Octets": "2097152"}, "Used-Service-Unit": {"CC-Total-Octets": "2097152"}}
UPDATE: Row = {
    "Session-Id": "gy;1",
    "Service-Context-Id": "data",
    "CC-Request-Type": "2",
    "CC-Request-Number": "1",
    "Origin-Host": "pgw1.tollgate.example",
    "Event-Timestamp": "2026-03-02T10:00:00Z",
    "Subscription-Id": {"Subscription-Id-Data": {"[~Subscription-Id-Type(0)]": "gy-1"}},
    "Multiple-Services-Credit-Control": {**SERVICE_UNITS, "Rating-Group": "1"},
}
VARIABLES: Row = {"OriginHost": "us.example", "OriginRealm": "example", "*appid": "4"}
TEN: tuple[tuple[str, list[Row]], ...] = (
    ("texts as they stand", [field(f"*rep.A{number}", "x") for number in range(10)]),
    ("fields of the request", [field(f"*rep.A{number}", "~*req.Session-Id") for number in range(10)]),
    ("values of three parts", [field(f"*rep.A{number}", "~*req.Session-Id;-;~*req.Origin-Host") for number in range(10)]),
    ("sums of two", [field(f"*rep.A{number}", "~*req.CC-Request-Number;1", type="*sum") for number in range(10)]),
    ("filters that do not pass", [field(f"*rep.A{number}", "x", filters=["*notempty:~*cgrep.Error:"]) for number in range(10)]),
)


class Granting:
    """An engine that grants all."""

    client = "peer"

    def step(self, command: object) -> object:
        return GRANT


def took(processors: Processors, request: Row, times: int) -> float:
    """The time of one request."""
    engine = Granting()
    assert not processors.work({"*req": request, "*vars": VARIABLES}, engine, NOW).failed, "the request is answered"
    return microseconds(lambda: processors.work({"*req": request, "*vars": VARIABLES}, engine, NOW), times)


def main() -> int:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    tree = tree_of("diameter-gy")
    terms = Terms(tree.general.default_tenant)
    rows = tree.section("diameter_agent")["request_processors"]
    processors = compile_processors(rows, tree.values["templates"], terms)
    print(f"{took(processors, UPDATE, times):7.2f} us an update of a data session, {len(processors.all)} processors")
    last: Row = {**UPDATE, "Service-Context-Id": "groups", "CC-Request-Type": "4"}
    print(f"{took(processors, last, times):7.2f} us a request that the last of them takes")
    nothing = took(compile_processors([processor("*none")], {}, terms), UPDATE, times)
    print(f"{nothing:7.2f} us a processor without fields")
    for name, says in TEN:
        print(f"{took(compile_processors([processor('*none', says=says)], {}, terms), UPDATE, times) - nothing:7.2f} us ten fields: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
