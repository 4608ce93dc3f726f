"""Metrics of requests over JSON-RPC and HTTP, and of the connections they come by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.metrics.row import COUNTER, GAUGE, HISTOGRAM, House, Metric, Read, Sample, one


def _caps(name: str) -> Read:
    return lambda house: (((), getattr(house.server.caps, name) if house.server.caps else 0),)


def _census(name: str) -> Read:
    return lambda house: (((), getattr(house.server.census, name)),)


def _outcomes(house: House) -> Iterator[Sample]:
    for service, tally in house.server.dispatcher.tallies.items():
        found = {"done": tally.done, "refused": tally.refused, "unavailable": tally.unavailable, "failed": tally.failed}
        if any(found.values()):
            yield from (((service, outcome), count) for outcome, count in found.items())


def _times(house: House) -> Iterator[Sample]:
    for service, tally in house.server.dispatcher.tallies.items():
        if any(tally.took.buckets):
            yield (service,), tally.took


def _in_flight(house: House) -> Iterator[Sample]:
    for name, door in house.server.lines().items():
        yield (name,), door.in_flight


def _held_bytes(house: House) -> Iterator[Sample]:
    for name, door in (*house.server.doors().items(), *house.server.lines().items()):
        yield (name,), door.held_bytes


def _stuck_bytes(house: House) -> Iterator[Sample]:
    for name, door in (*house.server.doors().items(), *house.server.lines().items()):
        yield (name,), door.stuck_bytes


def _connections(house: House) -> Iterator[Sample]:
    for name, door in (*house.server.doors().items(), *house.server.lines().items()):
        yield (name,), door.connections


def _dropped(house: House) -> Iterator[Sample]:
    for reason, count in house.server.census.dropped.items():
        yield (reason.name.lower(),), count


def _fetched(house: House) -> Iterator[Sample]:
    for outcome, count in house.fetcher.outcomes.items():
        yield (outcome,), count


_SERVICE: Final = "one of the services of the API, such as SessionSv1; `unknown` for methods that there are not"
_DOOR: Final = "rpc_json, rpc_json_tls, birpc_json, http, http_tls; websocket, whose connections are those of http and http_tls too"
_LINE: Final = "rpc_json, rpc_json_tls, birpc_json, websocket"

REQUESTS: Final = (
    Metric(
        "requests",
        COUNTER,
        "Requests by what became of them.",
        _outcomes,
        ("service", "outcome"),
        f"{_SERVICE}; done, refused (the method's own answer), unavailable (the disk takes nothing), failed (a fault of ours)",
    ),
    Metric(
        "request_seconds",
        HISTOGRAM,
        "From a request that is read to its answer, without the wait for the disk.",
        _times,
        ("service",),
        _SERVICE,
    ),
    Metric(
        "gate_wait_seconds",
        HISTOGRAM,
        "How long an answer waits until what it tells is on disk: every sixteenth, and each that comes when none waits.",
        one(lambda house: house.server.gate.waited),
    ),
    Metric("gate_answers", GAUGE, "Answers that wait for the disk.", one(lambda house: house.server.gate.held)),
    Metric("gate_bytes", GAUGE, "Octets of them.", one(lambda house: house.server.gate.held_bytes)),
    Metric(
        "requests_in_flight",
        GAUGE,
        "Requests of connections that are not answered yet, for the disk or by a slow method.",
        _in_flight,
        ("door",),
        _LINE,
    ),
    Metric("caps_places", GAUGE, "cores.caps; 0: no bound.", _caps("places")),
    Metric(
        "caps_at_work",
        GAUGE,
        "Requests that hold one of these places.",
        _caps("at_work"),
    ),
    Metric("caps_waiting", GAUGE, "Requests that wait for a place.", _caps("waiting")),
    Metric(
        "caps_waiting_bytes",
        GAUGE,
        "Octets of their arguments.",
        _caps("waiting_bytes"),
    ),
    Metric(
        "caps_refused",
        COUNTER,
        "Requests refused with MAX_CONCURRENT_RPC_EXCEEDED.",
        _caps("refused"),
    ),
)

CONNECTIONS: Final = (
    Metric("connections", GAUGE, "Clients that are connected.", _connections, ("door",), _DOOR),
    Metric("connections_most", GAUGE, "How many there may be.", _census("most")),
    Metric("connections_accepted", COUNTER, "Connections that were taken.", _census("accepted")),
    Metric(
        "connections_refused",
        COUNTER,
        "Connections closed as they came, for there were too many.",
        _census("refused"),
    ),
    Metric(
        "connections_dropped",
        COUNTER,
        "Clients that were dropped, and why.",
        _dropped,
        ("reason",),
        "unread (answers not taken), unread_together, unfinished (a request begun and not ended), held_together",
    ),
    Metric(
        "tls_handshakes_failed",
        COUNTER,
        "TLS handshakes that failed or took too long.",
        _census("handshakes_failed"),
    ),
    Metric(
        "unauthorized",
        COUNTER,
        "HTTP requests without a user's password or the token.",
        _census("unauthorized"),
    ),
    Metric("held_bytes", GAUGE, "Octets of requests that are not whole yet.", _held_bytes, ("door",), _DOOR),
    Metric("stuck_bytes", GAUGE, "Octets of answers that clients do not take.", _stuck_bytes, ("door",), _LINE),
    Metric(
        "callable_clients",
        GAUGE,
        "Clients of the bidirectional port that sessions can call.",
        one(lambda house: len(house.server.clients.names())),
    ),
)

FETCHES: Final = (
    Metric(
        "fetch_waiting",
        GAUGE,
        "Requests of agents that wait for the values of *http# that they need.",
        one(lambda house: house.stage.waiting),
    ),
    Metric(
        "fetch_refused",
        COUNTER,
        "Requests that were answered busy, or dropped, because too many waited.",
        one(lambda house: house.stage.refused),
    ),
    Metric("fetches_under_way", GAUGE, "Services that are being asked for a value.", one(lambda house: house.fetcher.under_way)),
    Metric(
        "fetches",
        COUNTER,
        "Values that were asked for, by what became of it.",
        _fetched,
        ("outcome",),
        "done, late (no answer in time), unreached, refused (a status other than 200), unusable (too long, no text)",
    ),
    Metric("fetch_seconds", HISTOGRAM, "How long those took that were answered.", one(lambda house: house.fetcher.took)),
)
