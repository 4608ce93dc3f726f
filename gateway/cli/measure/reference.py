"""What CGRateS does with the same work, to compare with: figures that were measured once, and are no promise of anybody's.

CGRateS 0.11~dev (Go) on two cores of a machine of the kind that Tollwire is built on; the same work, 10,000 prefixes, 1,000 accounts, and
256 requests in flight where nothing else is said. Durable: data in Redis with an fsync for each write, records in PostgreSQL
(docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.cli.measure.figures import Figures

IN_FLIGHT: Final = "256 in flight"
HEADING: Final = ("against CGRateS 0.11~dev", "here/s", "2 cores, in memory", "1 core, in memory", "durable", "its CPU us", "ours")


@dataclass(frozen=True, slots=True)
class Reference:
    """Events a second and us of CPU an event."""

    in_memory: float
    cpu_us: float
    one_core: float
    durable: float


CGRATES: Final = {
    "cost query": Reference(in_memory=16_200, cpu_us=91, one_core=11_600, durable=4_300),
    "prepaid session events": Reference(in_memory=6_000, cpu_us=277, one_core=4_100, durable=513),
    "Gy session requests": Reference(in_memory=6_600, cpu_us=253, one_core=4_800, durable=900),
    "RADIUS accounting": Reference(in_memory=4_200, cpu_us=406, one_core=2_800, durable=630),
    "rated CDRs": Reference(in_memory=5_100, cpu_us=313, one_core=4_000, durable=271),
}


def ratios(rows: Sequence[Figures]) -> list[tuple[str, ...]]:
    """A row for each kind of work that was measured at IN_FLIGHT: our rate, and how many times theirs it is."""
    found = []
    for row in rows:
        theirs = CGRATES.get(row.work)
        if theirs is None or row.load != IN_FLIGHT:
            continue
        times = (f"{row.rate / rate:.2f} x {rate:,.0f}" for rate in (theirs.in_memory, theirs.one_core, theirs.durable))
        ours = "-" if row.cpu_us is None else f"{row.cpu_us:.1f}"
        found.append((row.work, f"{row.rate:,.0f}", *times, f"{theirs.cpu_us:.0f}", ours))
    return found
