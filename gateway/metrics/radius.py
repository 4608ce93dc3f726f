"""Metrics of the RADIUS agent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from gateway.metrics.row import COUNTER, GAUGE, House, Metric, Read, Sample
from gateway.protocols.radius.codes import CODE_NAMES

if TYPE_CHECKING:
    from gateway.agents.radius.agent import RadiusAgent
    from gateway.agents.radius.counts import NasCounts

MAX_NAMED_NASES: Final = 256  # that have labels of their own
OTHER_NASES: Final = "other"


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
    Metric(
        "radius_requests_in_flight",
        GAUGE,
        "Requests whose answer waits for the disk, or that wait for values of *http#.",
        _radius(lambda agent: agent.intake.in_flight),
    ),
    Metric("radius_kept_answers", GAUGE, "Answers kept for a request that comes again.", _radius(lambda agent: agent.kept_answers)),
    Metric("radius_kept_bytes", GAUGE, "Octets of these and of their requests.", _radius(lambda agent: agent.kept_bytes)),
    Metric("radius_connections", GAUGE, "Connections over TCP and TLS.", _radius(lambda agent: agent.connections)),
    Metric("radius_held_bytes", GAUGE, "Octets of packets on them that are not whole yet.", _radius(lambda agent: agent.held_bytes)),
    Metric("radius_stuck_bytes", GAUGE, "Octets of answers that their clients do not take.", _radius(lambda agent: agent.stuck_bytes)),
)
