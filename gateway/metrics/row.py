"""A row of the table of metrics, and what rows are read from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.door import Engine
    from engine.storage.ports import StorageStatus
    from engine.tally import Histogram
    from gateway.agents.diameter.agent import DiameterAgent
    from gateway.agents.radius.agent import RadiusAgent
    from gateway.agents.stage import Stage
    from gateway.api.server import ApiServer
    from gateway.clockwork import Clockwork
    from gateway.observe.log import LineWriter
    from gateway.observe.pulse import Pulse
    from gateway.processors.usercache import UserCache
    from gateway.transport.fetcher import Fetcher

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
    stage: Stage
    fetcher: Fetcher
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


def one(read: Callable[[House], int | float | Histogram]) -> Read:
    """A metric without labels."""
    return lambda house: (((), read(house)),)
