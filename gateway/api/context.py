"""What every handler sees: the engine behind its door, the clock, and what the process says about itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from mypy_extensions import mypyc_attr

from engine.errors import StorageUnavailable
from gateway.api.locks import Locks
from gateway.api.partitions import CachePartitions
from gateway.api.stirkeys import StirKeys, StirOptions
from gateway.limits import RETRY_SECONDS

DEFAULT_TENANT: Final = "cgrates.org"


class EngineDoor(Protocol):
    """The part of `engine.door.Engine` that the API uses."""

    @property
    def ticket(self) -> int:
        """The ticket of the last records that any step appended; answers that show the engine's state wait for it."""

    def step(self, command: object, now_ns: int) -> object:
        """Does one command from first look-up to last entry. Raises RequestError, and nothing else that a client caused;
        StorageUnavailable while the disk fails."""


class AtWork(Protocol):
    """How many requests are worked on, where that is bounded."""

    at_work: int
    peak: int
    """The most that were seen, where it is looked at."""
    sampling: bool
    """Whether it is."""


class SchedulerSwitch(Protocol):
    """What ServiceManagerV1 may switch."""

    @property
    def running(self) -> bool:
        """Whether action plans are executed."""

    def start(self) -> None:
        """Executes action plans from now on."""

    def stop(self) -> None:
        """Executes no action plan until started again."""


@mypyc_attr(native_class=False)
@dataclass(frozen=True, slots=True)
class ApiOptions:
    """What the API needs to know of the configuration and of the process.

    `sections` are the configuration sections that are enabled: a service exists when its section is one of them (catalogue.SECTIONS).
    """

    sections: frozenset[str]
    version: str
    default_tenant: str = DEFAULT_TENANT
    default_timezone: str = "Local"
    node_id: str = ""
    started_ns: int = 0
    cache_ttls_ns: Mapping[str, int] = field(default_factory=dict)  # partition -> how long an item stays; 0 or absent: for ever
    stir: StirOptions = field(default_factory=StirOptions)


class Api:
    """Given to every handler. Handlers read and change the engine by `step` alone; the rest is the process's own state.

    `rooms` holds what further rooms of the API need (a plan loader, a record store), each under the name that the module which uses
    it gives; the composition root fills it.
    """

    engine: EngineDoor
    options: ApiOptions
    now: Callable[[], int]
    caches: CachePartitions
    locks: Locks
    stir_keys: StirKeys
    scheduler: SchedulerSwitch | None
    rooms: Mapping[str, object]
    caps: AtWork | None
    stepped: bool  # whether the call under way has asked the engine: its answer then waits until what it shows is durable
    client: str  # the bidirectional connection that the call under way came by, empty for any other; a slow handler must not ask for it

    def __init__(
        self,
        engine: EngineDoor,
        options: ApiOptions,
        now: Callable[[], int],
        *,
        scheduler: SchedulerSwitch | None = None,
        rooms: Mapping[str, object] | None = None,
    ) -> None:
        self.engine = engine
        self.options = options
        self.now = now
        self.caches = CachePartitions(options.cache_ttls_ns)
        self.locks = Locks()
        self.stir_keys = StirKeys()
        self.scheduler = scheduler
        self.rooms = rooms or {}
        self.caps = None
        self.stepped = False
        self.client = ""

    def step(self, command: object) -> object:
        """The engine's answer to a command at this moment. Raises RequestError."""
        self.stepped = True
        return self.engine.step(command, self.now())

    async def go_on(self, command: object) -> object:
        """A further step of a call that has changed something before it waited: what was begun is brought to its end, so this one waits
        while the storage takes nothing. Raises RequestError."""
        while True:
            try:
                return self.step(command)
            except StorageUnavailable:
                await asyncio.sleep(RETRY_SECONDS)

    def tenant(self, given: str) -> str:
        """The tenant that a request means."""
        return given or self.options.default_tenant
