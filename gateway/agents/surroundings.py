"""What an agent shares with the rest of the process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from engine.filters.match import Filters
from engine.times import Zone
from gateway.agents.door import RequestDoor
from gateway.agents.stage import Stage
from gateway.processors.usercache import UserCache
from gateway.transport.caps import Caps
from gateway.transport.census import Census
from gateway.transport.gate import Gate
from gateway.transport.tls import Certificates


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`chance` is seeded by the system; `certificates` are those of TLS ports, None where the configuration names none."""

    door: RequestDoor
    filters: Filters
    clock: Callable[[], int]
    gate: Gate
    census: Census
    caps: Caps | None
    certificates: Certificates | None
    chance: Random
    node_id: str
    process_tag: str
    zone: Zone
    user_cache: UserCache
    stage: Stage
