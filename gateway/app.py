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
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from engine.attributes.asked import Defaults
from engine.attributes.decide import AttributeOptions
from engine.chargers.decide import ChargerOptions
from engine.door import Engine
from engine.errors import Fault
from engine.filters.index import IndexOptions
from engine.options import CdrOptions, EngineOptions, SessionOptions
from engine.rating.call import RatingOptions
from engine.storage.memory.storage import MemoryStorage
from engine.storage.ports import Storage, StorageError
from engine.storage.sqlite.storage import open_sqlite
from engine.tariffplan.load import LOADED_KINDS, PlanError, Terms, load_folder
from engine.times import SECOND, zone_of
from engine.usage import parse_duration
from gateway import VERSION
from gateway.api.activesessions import SYNC_TIMEOUT_NS
from gateway.api.bidirectional import BidirectionalClients, ClientOptions
from gateway.api.cdrforms import record_routes
from gateway.api.cdrqueries import STORE
from gateway.api.cdrrating import JOURNAL
from gateway.api.clients import CLIENTS
from gateway.api.configuration import CONFIGURATION, Configuration
from gateway.api.context import Api, ApiOptions
from gateway.api.server import ApiServer, ServerOptions
from gateway.api.stirkeys import StirOptions
from gateway.api.upkeep import PRUNER
from gateway.api.versions import VERSIONS
from gateway.clockwork import Clockwork, Scheduler, clock, ticks
from gateway.config import Tree
from gateway.config.certificates import CertificateError, server_context
from gateway.config.tree import Indexed, Prometheus
from gateway.limits import (
    COLLECT_BUSY,
    COLLECT_IDLE,
    COLLECT_SECONDS,
    MIDDLE_COLLECTIONS,
    OLD_BY_HAND,
    YOUNG_OBJECTS,
)
from gateway.metrics import House, metrics_handler
from gateway.observe.log import line_writer, set_level
from gateway.observe.pulse import Pulse
from gateway.pruning import RunningPruner
from gateway.transport.census import Census, most_connections
from gateway.transport.http import HttpHandler
from gateway.transport.tls import Certificates

log: Final = logging.getLogger(__name__)

_ROOMS: Final = ("attributes", "cdrs", "ips", "resources", "thresholds", "stats", "routes")  # that sessions may be wired to
_ZERO_SUBJECT: Final = "*zero"


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


# -- what the rooms are told ---------------------------------------------------------------------------------------------


def engine_options(tree: Tree, node_id: str, zone_name: str) -> EngineOptions:
    """What the engine is told of a configuration."""
    general, rals, sessions, cdrs = tree.general, tree.rals, tree.sessions, tree.cdrs
    return EngineOptions(
        rating=RatingOptions(
            exact=general.increment_rounding == "exact",
            rounding_decimals=general.rounding_decimals,
            fallback_depth=rals.fallback_depth,
            max_increments=rals.max_increments,
            subject_prefix_matching=rals.rp_subject_prefix_matching,
            max_usage_ns=rals.max_computed_usage,
            returned_units=frozenset(sessions.returned_units),
        ),
        default_steps={tor: _step_of(subject) for tor, subject in rals.balance_rating_subject.items()},
        sessions=SessionOptions(
            default_usage=sessions.default_usage,
            debit_interval_ns=sessions.debit_interval_ns,
            session_ttl_ns=sessions.session_ttl_ns,
            store_session_costs=sessions.store_session_costs,
            failed_begin_ttl_ns=sessions.failed_begin_ttl_ns,
            closed_sessions_ttl_ns=tree.caches.partitions["*closed_sessions"].ttl_ns,
            alterable_fields=sessions.alterable_fields,
            ttl_max_delay_ns=sessions.session_ttl_max_delay_ns or 0,
            ttl_last_used_ns=sessions.session_ttl_last_used_ns,
            ttl_last_usage_ns=sessions.session_last_usage_ns,
            ttl_usage_ns=sessions.session_ttl_usage_ns,
            indexes=sessions.session_indexes,
            min_low_balance_ns=sessions.min_dur_low_balance_ns or 0,
            channel_sync_interval_ns=sessions.channel_sync_interval_ns,
            channel_sync_timeout_ns=sessions.channel_sync_timeout_ns,
            stale_max_extra_usage_ns=sessions.stale_chan_max_extra_usage_ns,
            replication=sessions.replication_conns,
            connected=frozenset(room for room in _ROOMS if getattr(sessions, f"{room}_conns")),
        ),
        default_tenant=general.default_tenant,
        default_category=general.default_category,
        default_request_type=general.default_request_type,
        zone=zone_of(zone_name),
        remove_expired=rals.remove_expired,
        scheduler=tree.schedulers.enabled,
        scheduler_filters=tree.schedulers.filters,
        dynaprepaid_actionplans=tree.schedulers.dynaprepaid_actionplans,
        cdrs=CdrOptions(
            attributes=bool(cdrs.attributes_conns),
            chargers=bool(cdrs.chargers_conns),
            rals=bool(cdrs.rals_conns),
            export=bool(cdrs.online_cdr_exports or cdrs.ees_conns),
            thresholds=bool(cdrs.thresholds_conns),
            stats=bool(cdrs.stats_conns),
            scheduler=bool(cdrs.scheduler_conns),
            ids_ttl_ns=tree.caches.partitions["*cdr_ids"].ttl_ns,
        ),
        store_cdrs=cdrs.store_cdrs,
        filters_ask=bool(tree.filters.apiers_conns),
        attributes_ask=bool(tree.attributes.apiers_conns),
        attributes=attribute_options(tree, zone_name),
        chargers=ChargerOptions(bool(tree.chargers.attributes_conns), index_options(tree.chargers)),
        chargers_connected=bool(sessions.chargers_conns),
        attributes_connected=bool(sessions.attributes_conns),
        rals_connected=bool(sessions.rals_conns),
        node_id=node_id,
    )


def engine_in_memory(tree: Tree, loop: asyncio.AbstractEventLoop) -> Engine:
    """An engine alone, without doors, that forgets everything at its end."""
    storage = MemoryStorage()
    engine = Engine(engine_options(tree, "memory", "UTC"), storage, (*LOADED_KINDS, VERSIONS), os.urandom)
    engine.recover(clock(), ticks())
    storage.start(loop)
    return engine


def attribute_options(tree: Tree, zone_name: str) -> AttributeOptions:
    """What the attributes room is told."""
    section = tree.attributes
    opts = section.opts
    return AttributeOptions(
        any_context=section.any_context,
        defaults=Defaults(opts.profile_ids, opts.process_runs, opts.profile_runs, opts.profile_ignore_filters),
        index=index_options(section),
        decimals=tree.general.rounding_decimals,
        zone=zone_of(zone_name),
    )


def index_options(section: Indexed) -> IndexOptions:
    """How a room of profiles finds them."""
    return IndexOptions(
        indexed_selects=section.indexed_selects,
        string_fields=section.string_indexed_fields,
        prefix_fields=section.prefix_indexed_fields,
        suffix_fields=section.suffix_indexed_fields,
        exists_fields=section.exists_indexed_fields,
        nested_fields=section.nested_fields,
    )


def _step_of(subject: str) -> int:
    """The step, in ns, of a rating subject such as *zero1s; ValueError for another."""
    if not subject.startswith(_ZERO_SUBJECT):
        raise ValueError(f"rals.balance_rating_subject: {subject} is not *zero and a duration")
    return parse_duration(subject.removeprefix(_ZERO_SUBJECT))


def api_options(tree: Tree, node_id: str, zone_name: str, started_ns: int) -> ApiOptions:
    """What the API is told of a configuration."""
    stir = tree.sessions.stir
    return ApiOptions(
        sections=frozenset(name for name, value in tree.values.items() if isinstance(value, dict) and value.get("enabled") is True),
        version=f"Tollwire@{VERSION}",
        default_tenant=tree.general.default_tenant,
        default_timezone=zone_name,
        node_id=node_id,
        started_ns=started_ns,
        cache_ttls_ns={name: partition.ttl_ns for name, partition in tree.caches.partitions.items() if partition.ttl_ns},
        stir=StirOptions(stir.allowed_attest, stir.payload_maxduration_ns, stir.default_attest, stir.publickey_path, stir.privatekey_path),
    )


def client_options(tree: Tree) -> ClientOptions:
    """How clients of the bidirectional port are called."""
    return ClientOptions(int(tree.sessions.client_protocol), tree.general.reply_timeout_ns / SECOND)


def _users_of(tree: Tree) -> dict[str, bytes]:
    """Passwords by user. ValueError for one that is not in base64."""
    found: dict[str, bytes] = {}
    for name, text in tree.http.auth_users.items():
        try:
            found[name] = b64decode(text, validate=True)
        except ValueError:
            raise ValueError(f"http.auth_users.{name} is not in base64") from None
    return found


def server_options(tree: Tree, process_tag: str) -> ServerOptions:
    """Where the API listens."""
    return ServerOptions(
        rpc_json=tree.listen.rpc_json,
        http=tree.listen.http,
        birpc_json=tree.listen.birpc_json if tree.sessions.enabled else "",
        rpc_json_tls=tree.listen.rpc_json_tls,
        http_tls=tree.listen.http_tls,
        caps=tree.cores.caps,
        caps_queue=tree.cores.caps_strategy == "*queue",
        caps_stats_seconds=tree.cores.caps_stats_interval_ns / SECOND,
        jsonrpc_path=tree.http.json_rpc_url,
        jsonrpc2_path=tree.http.json_rpc2_url,
        ws_path=tree.http.ws_url,
        max_request_bytes=tree.limits.request_size_bytes,
        users=_users_of(tree) if tree.http.use_basic_auth else None,
        process_tag=process_tag,
    )


# -- without a running gateway -----------------------------------------------------------------------------------------


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
        gc.set_threshold(YOUNG_OBJECTS, MIDDLE_COLLECTIONS, OLD_BY_HAND)
        self._arm()

    def stop(self) -> None:
        """Leaves collecting to Python again, which will hardly come to it."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(COLLECT_SECONDS, self._look)

    def _look(self) -> None:
        gathered, seen = gc.get_count()[2], self._busy()
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

    def __init__(self, tree: Tree, state: Path, environ: Mapping[str, str]) -> None:
        """Opens and locks the state folder and recovers what is in it. StartError when that cannot be done."""
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
        clients = BidirectionalClients(client_options(tree), clock, process_tag)
        self._clockwork = Clockwork(self.engine, clients, tree.sessions.terminate_attempts)

        def apply(changed: Tree) -> None:
            """What takes effect while the process runs (configuration.LIVE)."""
            clients.options = client_options(changed)
            set_level(changed.general.log_level)

        api = Api(
            self._clockwork,
            api_options(tree, node_id, zone_name, clock()),
            clock,
            scheduler=Scheduler(self._clockwork),
            rooms={
                STORE: self.storage.cdrs,
                JOURNAL: self.storage.journal,
                CONFIGURATION: Configuration(tree, apply),
                CLIENTS: clients,
                PRUNER: RunningPruner(state, self.engine, lambda command: self._clockwork.step(command, clock())),
                SYNC_TIMEOUT_NS: tree.sessions.channel_sync_timeout_ns,
            },
        )
        self._pulse = Pulse()
        self._node_id = node_id
        cdrs, http = tree.cdrs, tree.http
        try:
            routes = record_routes(api, self.storage.journal, http.http_cdrs, http.freeswitch_cdrs_url, cdrs.extra_fields)
            served = server_options(tree, process_tag)
            context = server_context(tree.tls)
        except (ValueError, CertificateError) as error:
            raise StartError(str(error)) from None
        self._certificates = None if context is None else Certificates(context)
        self.server = ApiServer(
            api,
            self.storage.journal,
            served,
            clients,
            routes=(routes if cdrs.enabled else {}) | self._metrics(tree.prometheus),
            certificates=self._certificates,
            census=Census(most_connections()),
        )
        self._collector = Collector(lambda: self.engine.ticket)

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
            await self.server.start()
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
        return found

    def _metrics(self, options: Prometheus) -> dict[str, HttpHandler]:
        return {options.path: metrics_handler(self._look)} if options.enabled and options.path else {}

    def _look(self) -> House:
        """What metrics are read from."""
        return House(
            server=self.server,
            engine=self.engine,
            clockwork=self._clockwork,
            pulse=self._pulse,
            log=line_writer(),
            version=VERSION,
            node_id=self._node_id,
            storage=self.storage.status(),
            sizes=self.engine.sizes(),
        )

    def reload_certificates(self) -> None:
        """Reads the files of the tls section anew, for connections that come from now on. Where one of them cannot be used, all stay
        as they are, and an operator is told."""
        if self._certificates is None:
            return
        try:
            context = server_context(self._tree.tls)
        except CertificateError as error:
            log.warning("certificates not reloaded", extra={"reason": str(error)})
            return
        assert context is not None, "the section named certificates at the start, and it has not changed"
        self._certificates.context = context
        log.info("certificates reloaded")

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
        await self.server.stop(self._tree.cores.shutdown_timeout_ns / SECOND)
        await self.storage.close()


def _reason(error: Exception) -> str:
    """The end of a sentence: where, if it is known, and why."""
    if isinstance(error, OSError) and error.errno is not None:
        place = str(error).partition("address (")[2].partition(")")[0].replace("'", "").replace(", ", ":")
        return f"{f' on {place}' if place else ''}: {os.strerror(error.errno)}"
    return f": {error}"
