"""The composition root: from a configuration tree to a gateway that answers, and back.

Started in order: state folder (locked), engine (recovered), ports. Stopped in reverse. The clock is read here and nowhere else: every
step gets its `now` from `clock`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from engine.door import Engine
from engine.errors import Fault
from engine.storage.memory.storage import MemoryStorage
from engine.storage.ports import Storage, StorageError
from engine.storage.sqlite.storage import open_sqlite
from engine.tariffplan.load import LOADED_KINDS, PlanError, Terms, load_folder
from engine.times import SECOND, zone_of
from gateway import VERSION
from gateway.agents.settings import user_cache_of
from gateway.agents.stage import Stage
from gateway.agents.surroundings import Surroundings
from gateway.api.activesessions import SYNC_TIMEOUT_NS
from gateway.api.bidirectional import BidirectionalClients
from gateway.api.cdrforms import record_routes
from gateway.api.cdrqueries import STORE
from gateway.api.cdrrating import JOURNAL
from gateway.api.clients import CLIENTS, EveryClient
from gateway.api.configuration import CONFIGURATION, Configuration, FaultyError, Part
from gateway.api.context import Api
from gateway.api.server import ApiServer
from gateway.api.upkeep import PRUNER
from gateway.api.versions import VERSIONS
from gateway.clockwork import Clockwork, Scheduler, clock, ticks
from gateway.config import Loaded, Tree
from gateway.config.certificates import CertificateError, server_context
from gateway.config.tree import Prometheus
from gateway.limits import (
    COLLECT_BUSY,
    COLLECT_IDLE,
    COLLECT_SECONDS,
    OLD_BY_HAND,
    YOUNG_OBJECTS,
)
from gateway.live import CertificatesPart, ClientsPart, DiameterPart, HttpPart, LogPart, RadiusPart, SessionsPart
from gateway.metrics.exposition import metrics_handler
from gateway.metrics.row import House
from gateway.observe.log import line_writer
from gateway.observe.pulse import Pulse
from gateway.pruning import RunningPruner
from gateway.told import api_options, client_options, engine_options, fetch_options, server_options
from gateway.transport.census import Census, most_connections
from gateway.transport.fetcher import Fetcher
from gateway.transport.http import HttpHandler
from gateway.transport.tls import Certificates

if TYPE_CHECKING:
    from gateway.agents.diameter.agent import DiameterAgent
    from gateway.agents.radius.agent import RadiusAgent

log: Final = logging.getLogger(__name__)


class StartError(Exception):
    """The gateway cannot be started; one line for the operator."""


# -- where things are ----------------------------------------------------------------------------------------------------


def default_state_folder(configs: list[str], environ: Mapping[str, str]) -> Path:
    """The state folder that belongs to configuration folders and to no others.

    It lies below $STATE_DIRECTORY (systemd), /var/lib/tollwire (root) or $XDG_STATE_HOME/tollwire, and is called after the last folder
    and a digest of all their real paths; without a configuration it is called `default`.
    """
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        root = Path(given)
    elif os.geteuid() == 0:
        root = Path("/var/lib/tollwire")
    else:
        root = Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tollwire"
    if not configs:
        return root / "default"
    from hashlib import sha256

    real = [os.path.realpath(config) for config in configs]
    return root / f"{Path(real[-1]).stem}-{sha256(chr(0).join(real).encode()).hexdigest()[:12]}"


def local_zone_name(environ: Mapping[str, str]) -> str:
    """The name of the machine's time zone: TZ, else what /etc/localtime points to, else /etc/timezone, else UTC."""
    if "TZ" in environ:
        return environ["TZ"].removeprefix(":") or "UTC"
    path = os.path.realpath("/etc/localtime")
    _, found, name = path.partition("/zoneinfo/")
    if found:
        return name
    try:
        return Path("/etc/timezone").read_text().strip() or "UTC"
    except OSError:
        return "UTC"


def zone_name_of(tree: Tree, environ: Mapping[str, str]) -> str:
    """The name of the time zone that a configuration means."""
    name = tree.general.default_timezone
    return local_zone_name(environ) if name in ("", "Local") else name


# -- without a running gateway -----------------------------------------------------------------------------------------


def engine_in_memory(tree: Tree, loop: asyncio.AbstractEventLoop) -> Engine:
    """An engine alone, without doors, that forgets everything at its end."""
    storage = MemoryStorage()
    engine = Engine(engine_options(tree, "memory", "UTC"), storage, (*LOADED_KINDS, VERSIONS), os.urandom)
    engine.recover(clock(), ticks())
    storage.start(loop)
    return engine


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What was found in a folder of sheets: rows by sheet, and what there is to say, the worst last.

    `findings` are (what they are called, those that are named, how many more there are).
    """

    rows: dict[str, int]
    findings: tuple[tuple[str, list[Fault], int], ...]

    @property
    def faults(self) -> int:
        """How many faults there are; a plan with any is not loaded."""
        _, named, more = self.findings[-1]
        return len(named) + more


def check_plan(folder: str, tree: Tree, environ: Mapping[str, str], separator: str) -> PlanReport:
    """What would come of loading a folder into a gateway that is empty. StartError when there is no such folder."""
    terms = Terms("dry-run", clock(), zone_name_of(tree, environ), tree.general.default_tenant)
    try:
        found = load_folder(folder, terms, separator)
    except (PlanError, ValueError) as error:
        raise StartError(f"{folder}: {error}") from None

    def placed(faults: list[Fault]) -> list[Fault]:
        return [replace(fault, file=os.path.join(folder, fault.file)) for fault in faults]

    return PlanReport(
        found.counts,
        (
            ("notice", placed(found.notices), found.notices_more),
            ("warning", placed(found.warnings), found.warnings_more),
            ("fault", placed(found.faults), found.faults_more),
        ),
    )


# -- life ------------------------------------------------------------------------------------------------------------------


class Collector:
    """Garbage is collected by hand: a look at everything takes as long as there are accounts, so it waits for a quiet minute.

    What lives at the start is never looked at again (costs.md); the house makes no cycles on its way through an event.
    """

    def __init__(self, busy: Callable[[], int]) -> None:
        """`busy` counts what was asked of us so far."""
        self._busy = busy
        self._seen = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Freezes what is there; collects from now on."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, OLD_BY_HAND, OLD_BY_HAND)
        self._arm()

    def stop(self) -> None:
        """Leaves collecting to Python again, which will hardly come to it."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(COLLECT_SECONDS, self._look)

    def _look(self) -> None:
        gathered, seen = gc.get_count()[1], self._busy()
        if gathered >= (COLLECT_IDLE if seen == self._seen else COLLECT_BUSY):
            gc.collect()
            gc.freeze()  # what is left of this, a plan that was loaded or sessions that go on, is not looked at again either
        self._seen = seen
        self._arm()


class App:
    """A gateway in one process. `start` and `stop` on a running loop, once each."""

    engine: Engine
    storage: Storage
    server: ApiServer
    diameter: DiameterAgent | None
    radius: RadiusAgent | None

    def __init__(self, tree: Tree, state: Path, environ: Mapping[str, str], load_again: Callable[[], Loaded] | None = None) -> None:
        """Opens and locks the state folder and recovers what is in it. StartError when that cannot be done. `load_again` reads the files
        anew that `tree` was read from."""
        self._tree = tree
        zone_name = zone_name_of(tree, environ)
        node_id = tree.general.node_id or os.urandom(4).hex()
        try:
            options = engine_options(tree, node_id, zone_name)
            self.storage = open_sqlite(state)
        except (StorageError, ValueError) as error:
            raise StartError(str(error)) from None
        self.engine = Engine(options, self.storage, (*LOADED_KINDS, VERSIONS), os.urandom)
        self._recover()
        process_tag = f"{os.urandom(4).hex()}-"
        called = BidirectionalClients(client_options(tree), clock, process_tag)
        clients = EveryClient(called)
        self._clockwork = Clockwork(self.engine, clients, tree.sessions.terminate_attempts)

        self._live: list[Part] = [LogPart(), ClientsPart(called), SessionsPart(options)]
        self._configuration = Configuration(tree, self._live, load_again)
        api = self._api(state, node_id, zone_name, clients)
        self._pulse = Pulse()
        self._node_id = node_id
        cdrs, http = tree.cdrs, tree.http
        try:
            routes = record_routes(api, self.storage.journal, http.http_cdrs, http.freeswitch_cdrs_url, cdrs.extra_fields)
            served = server_options(tree, process_tag)
            context = server_context(tree.tls)
            self.fetcher = Fetcher(fetch_options(tree))
        except (ValueError, CertificateError) as error:
            raise StartError(str(error)) from None
        self._certificates = None if context is None else Certificates(context)
        if self._certificates is not None:
            self._live.append(CertificatesPart(self._certificates))
        self.server = ApiServer(
            api,
            self.storage.journal,
            served,
            called,
            routes=(routes if cdrs.enabled else {}) | self._metrics(tree.prometheus),
            certificates=self._certificates,
            census=Census(most_connections()),
        )
        self._live.append(HttpPart(self.server))
        self.user_cache = user_cache_of(tree)
        self.stage = Stage(self.fetcher)
        self.diameter, self.radius = self._agents(clients, zone_name, process_tag)
        self._collector = Collector(lambda: self.engine.ticket)

    def _api(self, state: Path, node_id: str, zone_name: str, clients: EveryClient) -> Api:
        """What answers calls, with the rooms that they lead into."""
        tree = self._tree
        return Api(
            self._clockwork,
            api_options(tree, node_id, zone_name, clock()),
            clock,
            scheduler=Scheduler(self._clockwork),
            rooms={
                STORE: self.storage.cdrs,
                JOURNAL: self.storage.journal,
                CONFIGURATION: self._configuration,
                CLIENTS: clients,
                PRUNER: RunningPruner(state, self.engine, lambda command: self._clockwork.step(command, clock())),
                SYNC_TIMEOUT_NS: tree.sessions.channel_sync_timeout_ns,
            },
        )

    def _agents(self, clients: EveryClient, zone_name: str, process_tag: str) -> tuple[DiameterAgent | None, RadiusAgent | None]:
        """The agents, whose peers are clients too; None for those that are off. StartError where one cannot be as it is configured."""
        around = Surroundings(
            door=self._clockwork,
            filters=self.engine.filters,
            clock=clock,
            gate=self.server.gate,
            census=self.server.census,
            caps=self.server.caps,
            certificates=self._certificates,
            chance=Random(int.from_bytes(os.urandom(8), "big")),
            node_id=self._node_id,
            process_tag=process_tag,
            zone=zone_of(zone_name),
            user_cache=self.user_cache,
            stage=self.stage,
        )
        try:
            return self._diameter(clients, around), self._radius(clients, around)
        except (ValueError, CertificateError) as error:
            raise StartError(str(error)) from None

    def _diameter(self, clients: EveryClient, around: Surroundings) -> DiameterAgent | None:
        section = self._tree.diameter()
        if section is None:
            return None
        from gateway.agents.diameter.assembly import diameter_agent
        from gateway.agents.diameter.roster import PREFIX

        agent = diameter_agent(self._tree, section, around)
        clients.add(PREFIX, agent.clients)
        self._live.append(DiameterPart(agent, around))
        return agent

    def _radius(self, clients: EveryClient, around: Surroundings) -> RadiusAgent | None:
        section = self._tree.radius()
        if section is None:
            return None
        from gateway.agents.radius.assembly import radius_agent
        from gateway.agents.radius.targets import PREFIX

        agent = radius_agent(self._tree, section, around)
        clients.add(PREFIX, agent.clients)
        self._live.append(RadiusPart(agent, around))
        return agent

    def _recover(self) -> None:
        started = time.monotonic()
        try:
            self.engine.recover(clock(), ticks())
        except StorageError as error:
            raise StartError(str(error)) from None
        seconds, ticket = round(time.monotonic() - started, 3), self.storage.journal.last_ticket
        log.info("recovered", extra={"seconds": seconds, "ticket": ticket, "effects": self.engine.effects_waiting})

    async def start(self) -> None:
        """Every port is taken when it returns, and JSON-RPC is answered. StartError, and nothing is left open, when one cannot be had."""
        self.storage.start(asyncio.get_running_loop())
        try:
            if self.diameter is not None:
                await self.diameter.start()
            if self.radius is not None:
                await self.radius.start()
            await self.server.start()  # last: who finds JSON-RPC answered finds everything answered
        except (OSError, ValueError) as error:
            await self.stop()
            raise StartError(f"cannot listen{_reason(error)}") from None
        self._clockwork.start()
        self._pulse.start()

    def addresses(self) -> dict[str, str]:
        """Where it listens, by the option that says so."""
        found = {}
        for option, door in self.server.doors().items():
            if door.listening:
                host, _, _ = getattr(self._tree.listen, option).rpartition(":")
                found[option] = f"{host}:{door.port}"
        if self.diameter is not None:
            found["diameter"] = " ".join(self.diameter.addresses())
        if self.radius is not None:
            found["radius"] = " ".join(self.radius.addresses())
        return found

    def _metrics(self, options: Prometheus) -> dict[str, HttpHandler]:
        return {options.path: metrics_handler(self._look)} if options.enabled and options.path else {}

    def _look(self) -> House:
        """What metrics are read from."""
        return House(
            server=self.server,
            diameter=self.diameter,
            radius=self.radius,
            user_cache=self.user_cache,
            stage=self.stage,
            fetcher=self.fetcher,
            engine=self.engine,
            clockwork=self._clockwork,
            pulse=self._pulse,
            log=line_writer(),
            version=VERSION,
            node_id=self._node_id,
            storage=self.storage.status(),
            sizes=self.engine.sizes(),
        )

    async def reload(self) -> None:
        """Reads the configuration's files anew, certificates and dictionaries too. What running parts can take is in force from then on,
        the rest at the next start; where anything is wrong with it all stays as it is. An operator is told either way."""
        try:
            found = await self._configuration.read_again(dry_run=False)
        except FaultyError as error:
            for fault in error.faults:
                log.error("configuration not reloaded", extra={"fault": fault})
            return
        log.info("configuration reloaded", extra={"changed": ", ".join(found.changed)})
        if found.waiting:
            log.warning("some options take effect at the next start only", extra={"options": ", ".join(found.waiting)})

    async def settle(self) -> None:
        """Returns when everything answers and what is there is put aside from garbage collection."""
        await self.server.ready()
        self._collector.start()

    async def stop(self) -> None:
        """Frees every port at once, lets what is in flight finish for at most cores.shutdown_timeout, makes all of it durable.

        StorageError when that was not possible: what was not acknowledged may be lost.
        """
        self._collector.stop()
        self._clockwork.stop()
        self._pulse.stop()
        seconds = self._tree.cores.shutdown_timeout_ns / SECOND
        for agent in (self.diameter, self.radius):
            if agent is not None:
                await agent.stop(seconds)
        await self.stage.settle(0)
        await self.fetcher.stop()
        await self.server.stop(seconds)
        await self.storage.close()


def _reason(error: Exception) -> str:
    """The end of a sentence: where, if it is known, and why."""
    if isinstance(error, OSError) and error.errno is not None:
        place = str(error).partition("address (")[2].partition(")")[0].replace("'", "").replace(", ", ":")
        return f"{f' on {place}' if place else ''}: {os.strerror(error.errno)}"
    return f": {error}"
