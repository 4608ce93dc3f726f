"""What the process tells Prometheus: one table of metrics, each read from counters that are there, when somebody asks.

Nothing is counted for this alone on the way of an event but what engine.tally costs. docs/metrics.md is written from the same table:
python -m gateway.metrics docs/metrics.md
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.tally import Histogram, bounds_seconds
from engine.times import SECOND
from gateway.api.planjobs import jobs_under_way
from gateway.protocols.radius.codes import CODE_NAMES
from gateway.transport.http import HttpHandler, HttpReply, HttpRequest

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

    from engine.door import Engine
    from engine.storage.ports import StorageStatus
    from gateway.agents.diameter.agent import DiameterAgent
    from gateway.agents.radius.agent import RadiusAgent
    from gateway.agents.radius.counts import NasCounts
    from gateway.api.server import ApiServer
    from gateway.clockwork import Clockwork
    from gateway.observe.log import LineWriter
    from gateway.observe.pulse import Pulse
    from gateway.processors.usercache import UserCache

PREFIX: Final = "tollwire_"
MAX_NAMED_NASES: Final = 256  # that have labels of their own
OTHER_NASES: Final = "other"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

GAUGE: Final = "gauge"
COUNTER: Final = "counter"
HISTOGRAM: Final = "histogram"


@dataclass(frozen=True, slots=True)
class House:
    """What is looked at. `storage` and `sizes` are taken once for each answer."""

    server: ApiServer
    diameter: DiameterAgent | None
    radius: RadiusAgent | None
    user_cache: UserCache
    engine: Engine
    clockwork: Clockwork
    pulse: Pulse
    log: LineWriter | None
    version: str
    node_id: str
    storage: StorageStatus
    sizes: dict[str, int]


Sample = tuple[tuple[str, ...], "int | float | Histogram"]
Read = Callable[[House], Iterable[Sample]]


@dataclass(frozen=True, slots=True)
class Metric:
    """A row: the name without PREFIX (a counter's without _total), what sort it is, what it tells, its labels, and where it is read."""

    name: str
    kind: str
    help: str
    read: Read
    labels: tuple[str, ...] = ()
    values: str = ""
    """What the labels may be, for the manual: each has a bound."""


def _one(read: Callable[[House], int | float | Histogram]) -> Read:
    """A metric without labels."""
    return lambda house: (((), read(house)),)


def _size(name: str) -> Read:
    return lambda house: (((), house.sizes[name]),)


def _caps(name: str) -> Read:
    return lambda house: (((), getattr(house.server.caps, name) if house.server.caps else 0),)


def _log(name: str) -> Read:
    return lambda house: (((), getattr(house.log, name) if house.log else 0),)


def _storage(name: str) -> Read:
    return lambda house: (((), getattr(house.storage, name)),)


def _census(name: str) -> Read:
    return lambda house: (((), getattr(house.server.census, name)),)


# -- requests ------------------------------------------------------------------------------------------------------------


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
        _one(lambda house: house.server.gate.waited),
    ),
    Metric("gate_answers", GAUGE, "Answers that wait for the disk.", _one(lambda house: house.server.gate.held)),
    Metric("gate_bytes", GAUGE, "Octets of them.", _one(lambda house: house.server.gate.held_bytes)),
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

# -- connections ---------------------------------------------------------------------------------------------------------

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
        _one(lambda house: len(house.server.clients.names())),
    ),
)

# -- storage -------------------------------------------------------------------------------------------------------------

STORAGE: Final = (
    Metric("storage_available", GAUGE, "1 while the disk works, 0 while it is full or fails.", _storage("available")),
    Metric("journal_appends", COUNTER, "Steps whose records were given to the journal, ever.", _storage("last_ticket")),
    Metric(
        "journal_waiting",
        GAUGE,
        "Of these, those that are not on disk yet.",
        _one(lambda house: house.storage.last_ticket - house.storage.durable_ticket),
    ),
    Metric("journal_queue_bytes", GAUGE, "Octets of their records.", _storage("queued_bytes")),
    Metric("journal_bytes", GAUGE, "Octets of the journal that are not pruned yet.", _storage("journal_bytes")),
    Metric("log_bytes", GAUGE, "Octets of the write-ahead log, about.", _storage("log_bytes")),
    Metric(
        "commit_seconds",
        HISTOGRAM,
        "How long a commit takes, fsync included (SQLite does both in one call).",
        _storage("commits"),
    ),
    Metric(
        "checkpoint_seconds",
        HISTOGRAM,
        "How long it takes to bring the write-ahead log into the file, fsync included; beside the commits.",
        _storage("checkpoints"),
    ),
    Metric(
        "projection_lag",
        GAUGE,
        "Appends that are on disk and not in the tables yet.",
        _one(lambda house: house.storage.durable_ticket - house.storage.projected_ticket),
    ),
    Metric(
        "fold_lag",
        GAUGE,
        "Appends that are on disk and not folded into the stored state yet: what a restart replays.",
        _one(lambda house: house.storage.durable_ticket - house.storage.folded_ticket),
    ),
    Metric("unprojected_cdrs", GAUGE, "Records that lie in no table yet, kept in memory.", _storage("unprojected_cdrs")),
    Metric("queries", GAUGE, "Queries of records under way or waiting.", _storage("queries")),
)

# -- the engine ----------------------------------------------------------------------------------------------------------


def _items(house: House) -> Iterator[Sample]:
    for kind, count in house.engine.items.counts().items():
        yield (kind,), count


def _changes(house: House) -> Iterator[Sample]:
    for kind, count in house.engine.items.changes.items():
        yield (kind,), count


def _partitions(house: House) -> Iterator[Sample]:
    for partition, count in house.server.api.caches.counts().items():
        yield (partition,), count


ENGINE: Final = (
    Metric("accounts", GAUGE, "Accounts.", _size("accounts")),
    Metric("sessions_open", GAUGE, "Open sessions.", _size("sessions_open")),
    Metric("sessions_awake", GAUGE, "Of these, those that are kept ready.", _size("sessions_awake")),
    Metric("runs_open", GAUGE, "Their runs.", _size("runs_open")),
    Metric("sessions_passive", GAUGE, "Copies of other engines' sessions.", _size("sessions_passive")),
    Metric("sessions_ended", GAUGE, "Ended sessions that are kept for their record.", _size("sessions_ended")),
    Metric("tombstones", GAUGE, "Sessions that are over, known for that.", _size("tombstones")),
    Metric("session_sweeps", GAUGE, "Clients that began anew and whose sessions are being ended.", _size("session_sweeps")),
    Metric("timers", GAUGE, "Places of sessions in the heap of timers.", _size("timers")),
    Metric("session_costs", GAUGE, "Costs of ended sessions that wait for their record.", _size("session_costs")),
    Metric("remembered_runs", GAUGE, "Runs that were processed and not stored, known for a repetition.", _size("remembered_runs")),
    Metric("remembered_answers", GAUGE, "Answers kept for a repetition of their request.", _size("remembered_answers")),
    Metric("remembered_answers_bytes", GAUGE, "Octets of them.", _size("remembered_answers_bytes")),
    Metric(
        "repetitions",
        COUNTER,
        "Requests that came again and got their first answer again.",
        _one(lambda house: house.engine.repetitions.given_again),
    ),
    Metric("items", GAUGE, "Tariff data, profiles and all else that an operator writes.", _items, ("kind",), "the kinds of items"),
    Metric(
        "item_changes",
        COUNTER,
        "Items put or removed since the start, recovered ones included: the version of the plan in force.",
        _changes,
        ("kind",),
        "the kinds of items",
    ),
    Metric("cache_items", GAUGE, "Items in partitions of CacheSv1.", _partitions, ("partition",), "the partitions of the caches section"),
    Metric("user_cache_values", GAUGE, "Values kept in *uch.", _one(lambda house: len(house.user_cache))),
    Metric("plan_jobs", GAUGE, "Tariff plans that are read or loaded, or wait for it.", _one(lambda _: jobs_under_way())),
    Metric("locks", GAUGE, "References that GuardianSv1 holds or that wait for one.", _one(lambda house: house.server.api.locks.count)),
)

# -- the process ---------------------------------------------------------------------------------------------------------

PROCESS: Final = (
    Metric("info", GAUGE, "Always 1.", lambda house: (((house.version, house.node_id), 1),), ("version", "node_id"), "of this process"),
    Metric("effects_waiting", GAUGE, "What the outside is still to be told.", _one(lambda house: house.clockwork.effects_waiting)),
    Metric("effects_under_way", GAUGE, "What it is being told.", _one(lambda house: house.clockwork.effects_under_way)),
    Metric(
        "loop_late_seconds",
        HISTOGRAM,
        "By how much a timer of the event loop was late, every half second.",
        _one(lambda house: house.pulse.late),
    ),
    Metric("collection_seconds", HISTOGRAM, "Pauses of garbage collection.", _one(lambda house: house.pulse.collections)),
    Metric("log_lines_waiting", GAUGE, "Log lines that nobody has read yet.", _log("waiting")),
    Metric(
        "log_lines_dropped",
        COUNTER,
        "Log lines that were dropped for that.",
        _log("dropped"),
    ),
)

# -- Diameter ------------------------------------------------------------------------------------------------------------


def _diameter(read: Callable[[DiameterAgent], int]) -> Read:
    """A metric of the Diameter agent; 0 where that is off."""
    return lambda house: (((), 0 if house.diameter is None else read(house.diameter)),)


def _diameter_answers(house: House) -> Iterator[Sample]:
    if house.diameter is not None:
        for code, count in house.diameter.counts.answers.items():
            yield (code,), count


DIAMETER: Final = (
    Metric("diameter_peers", GAUGE, "Peers that are up, by connection.", _diameter(lambda agent: len(agent.house.roster))),
    Metric(
        "diameter_connections",
        GAUGE,
        "Connections, those that have not said who they are included.",
        _diameter(lambda agent: agent.connections),
    ),
    Metric("diameter_dialled", GAUGE, "Peers of diameter_agent.peers.", _diameter(lambda agent: agent.dialled[0])),
    Metric("diameter_dialled_connected", GAUGE, "Of these, those that are connected.", _diameter(lambda agent: agent.dialled[1])),
    Metric(
        "diameter_refused_addresses",
        COUNTER,
        "Connections closed because allowed_networks does not have them.",
        _diameter(lambda agent: agent.counts.refused_addresses),
    ),
    Metric(
        "diameter_refused_peers",
        COUNTER,
        "Peers refused because allowed_hosts or allowed_realms does not have them.",
        _diameter(lambda agent: agent.counts.refused_peers),
    ),
    Metric("diameter_peers_lost", COUNTER, "Peers that were up and are no more.", _diameter(lambda agent: agent.counts.disconnected)),
    Metric("diameter_requests", COUNTER, "Requests of peers.", _diameter(lambda agent: agent.counts.requests)),
    Metric(
        "diameter_requests_in_flight",
        GAUGE,
        "Of these, those whose answer waits for the disk.",
        _diameter(lambda agent: agent.house.in_flight),
    ),
    Metric(
        "diameter_repetitions",
        COUNTER,
        "Requests that came again and got their first answer.",
        _diameter(lambda agent: agent.counts.repetitions),
    ),
    Metric("diameter_busy", COUNTER, "Requests answered TOO_BUSY: too many at work.", _diameter(lambda agent: agent.counts.busy)),
    Metric(
        "diameter_unavailable",
        COUNTER,
        "Requests answered TOO_BUSY: the disk takes nothing.",
        _diameter(lambda agent: agent.counts.unavailable),
    ),
    Metric(
        "diameter_failed",
        COUNTER,
        "Requests that no processor took, or that could not be worked off (5012).",
        _diameter(lambda agent: agent.counts.failed),
    ),
    Metric(
        "diameter_answers",
        COUNTER,
        "Answers to peers by their Result-Code.",
        _diameter_answers,
        ("code",),
        "the first 64 codes that came up, `other` for those after them; empty where a processor gave none",
    ),
    Metric("diameter_asked", COUNTER, "Requests of ours to peers (RAR, ASR).", _diameter(lambda agent: agent.counts.asked)),
    Metric(
        "diameter_unanswered", COUNTER, "Of these, those that were not answered in time.", _diameter(lambda agent: agent.counts.unanswered)
    ),
    Metric("diameter_held_bytes", GAUGE, "Octets of messages that are not whole yet.", _diameter(lambda agent: agent.held_bytes)),
    Metric("diameter_stuck_bytes", GAUGE, "Octets of answers that peers do not take.", _diameter(lambda agent: agent.stuck_bytes)),
)

# -- RADIUS --------------------------------------------------------------------------------------------------------------


def _radius(read: Callable[[RadiusAgent], int]) -> Read:
    """A metric of the RADIUS agent; 0 where that is off."""
    return lambda house: (((), 0 if house.radius is None else read(house.radius)),)


def _by_nas(read: Callable[[NasCounts], Iterable[tuple[str, int]]]) -> Read:
    """A metric by NAS and one word more; NASes beyond those that have labels of their own count together."""

    def samples(house: House) -> Iterator[Sample]:
        found: dict[tuple[str, ...], int] = {}
        for number, nas in enumerate(house.radius.nases if house.radius is not None else ()):
            name = nas.name if number < MAX_NAMED_NASES else OTHER_NASES
            for word, count in read(nas.counts):
                labels = (name, word) if word else (name,)
                found[labels] = found.get(labels, 0) + count
        yield from found.items()

    return samples


def _words(counts: dict[int, int]) -> Iterator[tuple[str, int]]:
    return ((CODE_NAMES.get(code, str(code)), count) for code, count in counts.items())


def _asked(house: House) -> Iterator[Sample]:
    """Requests of ours to NASes by their code."""
    if house.radius is not None:
        for word, count in _words(house.radius.clients.counts.asked):
            yield (word,), count


_NAS: Final = "the first 256 of radius_agent.clients and client_secrets, `other` for those after them"
_DISCARDS: Final = (
    "too_short, bad_length, bad_attribute (no packet); bad_code; bad_authenticator, bad_message_authenticator, no_message_authenticator, "
    "proxy_state_unsigned; no_secret; duplicate (is being worked on); overload; unavailable (the disk takes nothing); "
    "unhandled (no processor took it), failed; unsent (the answer); stale (its Event-Timestamp)"
)

RADIUS: Final = (
    Metric("radius_unknown_clients", COUNTER, "Packets from addresses of no client.", _radius(lambda agent: agent.intake.unknown)),
    Metric(
        "radius_requests",
        COUNTER,
        "Requests that were worked on.",
        _by_nas(lambda counts: _words(counts.requests)),
        ("nas", "code"),
        f"{_NAS}; Access-Request, Accounting-Request, Status-Server",
    ),
    Metric(
        "radius_answers",
        COUNTER,
        "Answers to them.",
        _by_nas(lambda counts: _words(counts.answers)),
        ("nas", "code"),
        f"{_NAS}; Access-Accept, Access-Reject, Access-Challenge, Accounting-Response",
    ),
    Metric(
        "radius_repeated",
        COUNTER,
        "Answers that were sent again to a request that came again.",
        _by_nas(lambda counts: (("", counts.repeated),)),
        ("nas",),
        _NAS,
    ),
    Metric(
        "radius_discards",
        COUNTER,
        "Packets that were not answered, and why.",
        _by_nas(lambda counts: counts.discards.items()),
        ("nas", "reason"),
        f"{_NAS}; {_DISCARDS}",
    ),
    Metric(
        "radius_access_signed",
        COUNTER,
        "Access-Requests with a right Message-Authenticator.",
        _by_nas(lambda counts: (("", counts.signed),)),
        ("nas",),
        _NAS,
    ),
    Metric(
        "radius_access_unsigned",
        COUNTER,
        "Access-Requests that were taken without one: while this grows the client cannot be told to need it.",
        _by_nas(lambda counts: (("", counts.unsigned),)),
        ("nas",),
        _NAS,
    ),
    Metric(
        "radius_senders_demanded",
        GAUGE,
        "Addresses of which Message-Authenticator is demanded since they sent it (auto).",
        _radius(lambda agent: agent.demanded),
    ),
    Metric(
        "radius_system_drops",
        COUNTER,
        "Datagrams that the system dropped because those before them were not read in time.",
        _radius(lambda agent: agent.system_drops),
    ),
    Metric(
        "radius_asked",
        COUNTER,
        "Requests of ours to NASes.",
        _asked,
        ("code",),
        "Disconnect-Request, CoA-Request",
    ),
    Metric("radius_asked_refused", COUNTER, "Those that a NAS answered with NAK.", _radius(lambda agent: agent.clients.counts.refused)),
    Metric(
        "radius_asked_unanswered", COUNTER, "Those that were not answered in time.", _radius(lambda agent: agent.clients.counts.unanswered)
    ),
    Metric(
        "radius_asked_in_flight",
        GAUGE,
        "Those under way, and those that wait for them.",
        _radius(lambda agent: agent.clients.outgoing.under_way),
    ),
    Metric(
        "radius_asked_strange",
        COUNTER,
        "Packets that came for them and answer none: wrongly signed, or too late.",
        _radius(lambda agent: agent.clients.outgoing.strange),
    ),
    Metric(
        "radius_incoming_in_flight",
        GAUGE,
        "Disconnect- and CoA-Requests of others that are being worked on.",
        _radius(lambda agent: 0 if agent.incoming is None else agent.incoming.under_way),
    ),
    Metric("radius_requests_in_flight", GAUGE, "Requests whose answer waits for the disk.", _radius(lambda agent: agent.intake.in_flight)),
    Metric("radius_kept_answers", GAUGE, "Answers kept for a request that comes again.", _radius(lambda agent: agent.kept_answers)),
    Metric("radius_kept_bytes", GAUGE, "Octets of these and of their requests.", _radius(lambda agent: agent.kept_bytes)),
    Metric("radius_connections", GAUGE, "Connections over TCP and TLS.", _radius(lambda agent: agent.connections)),
    Metric("radius_held_bytes", GAUGE, "Octets of packets on them that are not whole yet.", _radius(lambda agent: agent.held_bytes)),
    Metric("radius_stuck_bytes", GAUGE, "Octets of answers that their clients do not take.", _radius(lambda agent: agent.stuck_bytes)),
)

SECTIONS: Final = (
    ("Requests", REQUESTS),
    ("Connections", CONNECTIONS),
    ("Storage", STORAGE),
    ("Engine", ENGINE),
    ("Diameter", DIAMETER),
    ("RADIUS", RADIUS),
    ("Process", PROCESS),
)
METRICS: Final = tuple(metric for _, metrics in SECTIONS for metric in metrics)


# -- the answer ------------------------------------------------------------------------------------------------------------


class Collector:
    """All metrics at one moment, as prometheus_client wants them."""

    def __init__(self, look: Callable[[], House]) -> None:
        self._look = look

    def collect(self) -> Iterator[Family]:
        """Every row of the table with its samples."""
        house = self._look()
        for metric in METRICS:
            yield _family(metric, metric.read(house))


def _family(metric: Metric, samples: Iterable[Sample]) -> Family:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    name = PREFIX + metric.name
    if metric.kind == HISTOGRAM:
        histogram = HistogramMetricFamily(name, metric.help, labels=metric.labels)
        for labels, value in samples:
            assert isinstance(value, Histogram), "a histogram is read from one"
            histogram.add_metric(labels, _buckets(value), sum_value=value.total_ns / SECOND)
        return histogram
    family = (CounterMetricFamily if metric.kind == COUNTER else GaugeMetricFamily)(name, metric.help, labels=metric.labels)
    for labels, value in samples:
        assert not isinstance(value, Histogram), "a number is read from one"
        family.add_metric(labels, value)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Bounds and how many were below each."""
    found: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*map(str, bounds_seconds()), "+Inf"), histogram.buckets, strict=True):
        total += count
        found.append((bound, total))
    return found


class Exposition:
    """The text of all metrics. The library is drawn in beside the loop when the first one asks."""

    def __init__(self, look: Callable[[], House]) -> None:
        self._look = look
        self._opening = asyncio.Lock()
        self._text: Callable[[], bytes] | None = None

    async def handle(self, _request: HttpRequest) -> HttpReply:
        """See `HttpHandler`."""
        async with self._opening:
            if self._text is None:
                self._text = await asyncio.to_thread(self._open)
        return HttpReply(200, self._text(), CONTENT_TYPE)

    def _open(self) -> Callable[[], bytes]:
        from prometheus_client import CollectorRegistry, ProcessCollector
        from prometheus_client.exposition import generate_latest

        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(Collector(self._look))
        return lambda: generate_latest(registry)


def metrics_handler(look: Callable[[], House]) -> HttpHandler:
    """The handler of the path of metrics."""
    return Exposition(look).handle


# -- the manual ------------------------------------------------------------------------------------------------------------

HEAD: Final = """# Metrics

<!-- Written by `python -m gateway.metrics docs/metrics.md`; do not edit by hand. -->

`GET /prometheus` on the HTTP ports answers all of this in the text form of Prometheus:

```toml
[prometheus_agent]
enabled = true            # so it is by itself with a TOML configuration; with CGRateS's JSON it is off
path = "/prometheus"
```

    curl http://127.0.0.1:2080/prometheus

`listen.http` is on loopback by itself; with `http.use_basic_auth` metrics need a password as everything there does (`docs/security.md`). An
answer is made from counters that are there anyway, in some ms; nothing is gathered while nobody asks. Labels take only the values
below, so the number of series has a bound. A histogram has ten buckets from 16 us to 4.3 s, each four times as wide as the one before.
The library adds `process_*`: CPU seconds, resident and virtual memory, open files, start time.
"""


def document() -> str:
    """The page of the manual."""
    lines = [HEAD]
    for title, metrics in SECTIONS:
        lines += [f"## {title}", "", "| metric | | what it tells |", "|---|---|---|"]
        for metric in metrics:
            name = f"{PREFIX}{metric.name}{'_total' if metric.kind == COUNTER else ''}"
            labels = f" By {', '.join(f'`{label}`' for label in metric.labels)}: {metric.values}." if metric.labels else ""
            lines.append(f"| `{name}` | {metric.kind} | {metric.help}{labels} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
