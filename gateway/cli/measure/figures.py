"""The figures of one measured rate, medians of several, and the table of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final


@dataclass(frozen=True, slots=True)
class Figures:
    """One row: events a second until all of it could be asked for again, milliseconds to an answer, CPU of the server and of the
    client in us an event."""

    work: str
    load: str
    rate: float
    p50_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    cpu_us: float | None
    memory_mib: float | None
    events: float
    settle_seconds: float
    client_us: float | None = None


HEADING: Final = ("work", "load", "events/s", "p50 ms", "p99 ms", "p99.9 ms", "CPU us", "MiB", "behind s", "client us")


def share_ms(times: Sequence[float], share: float) -> float:
    """The time within which that share of all was answered; `times` are sorted, in seconds."""
    return times[min(int(len(times) * share), len(times) - 1)] * 1000


def median(rows: Sequence[Figures]) -> Figures:
    """The median of every figure."""
    first = rows[0]
    found: dict[str, float | None] = {}
    for one in fields(Figures)[2:]:
        values = [getattr(row, one.name) for row in rows]
        found[one.name] = None if None in values else statistics.median(values)
    return Figures(first.work, first.load, **found)  # type: ignore[arg-type]


def cells(row: Figures) -> tuple[str, ...]:
    """A row as text."""
    return (
        row.work,
        row.load,
        f"{row.rate:,.0f}",
        *("-" if value is None else f"{value:.2f}" for value in (row.p50_ms, row.p99_ms, row.p999_ms)),
        "-" if row.cpu_us is None else f"{row.cpu_us:.1f}",
        "-" if row.memory_mib is None else f"{row.memory_mib:.0f}",
        f"{row.settle_seconds:.2f}",
        "-" if row.client_us is None else f"{row.client_us:.1f}",
    )


def as_data(row: Figures) -> dict[str, object]:
    """A row as JSON."""
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(row).items()}
