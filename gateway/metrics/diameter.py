"""Metrics of the Diameter agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from gateway.metrics.row import COUNTER, GAUGE, House, Metric, Read, Sample

if TYPE_CHECKING:
    from gateway.agents.diameter.agent import DiameterAgent


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
        "Of these, those whose answer waits for the disk, or that wait for values of *http#.",
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
