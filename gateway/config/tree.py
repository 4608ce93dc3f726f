"""The configuration as the rooms read it: typed sections for what this build looks at, plain checked values for the rest.

Fields are called as the options are; durations end in _ns and sizes in _bytes, because they are int nanoseconds and octets.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, convert, field

from gateway.config.kinds import Value
from gateway.config.report import Path
from gateway.config.source import Source

if TYPE_CHECKING:
    from gateway.config.agents import Diameter, Radius

Conns = tuple[str, ...]
T = TypeVar("T")


class General(Struct, frozen=True, kw_only=True):
    """Names, defaults of events, rounding, logs."""

    node_id: str
    increment_rounding: str
    rounding_decimals: int
    default_tenant: str
    default_category: str
    default_request_type: str
    default_timezone: str
    logger: str
    log_level: int
    reply_timeout_ns: int = field(name="reply_timeout")
    connect_timeout_ns: int = field(name="connect_timeout")
    connect_attempts: int
    reconnects: int
    max_reconnect_interval_ns: int = field(name="max_reconnect_interval")
    rsr_separator: str
    digest_separator: str
    digest_equal: str
    tpexport_dir: str


class Cores(Struct, frozen=True, kw_only=True):
    """The process as a whole."""

    caps: int
    caps_strategy: str
    caps_stats_interval_ns: int = field(name="caps_stats_interval")
    shutdown_timeout_ns: int = field(name="shutdown_timeout")


class Listen(Struct, frozen=True, kw_only=True):
    """Addresses as host:port; empty: no listener. See `split_address`."""

    rpc_json: str
    http: str
    birpc_json: str
    rpc_json_tls: str
    http_tls: str


class Limits(Struct, frozen=True, kw_only=True):
    """What a stranger may ask for."""

    request_size_bytes: int = field(name="request_size")


class Storage(Struct, frozen=True, kw_only=True):
    """The embedded store; an empty folder: one that belongs to the configuration."""

    state_folder: str


class Tls(Struct, frozen=True, kw_only=True):
    """Files with certificates."""

    server_certificate: str
    server_key: str
    client_certificate: str
    client_key: str
    ca_certificate: str
    server_policy: int
    server_name: str


class HttpClient(Struct, frozen=True, kw_only=True):
    """How services are asked over HTTP; 0 connections to one host: no bound of its own."""

    skip_tls_verify: bool = field(name="skipTlsVerify")
    disable_keep_alives: bool = field(name="disableKeepAlives")
    max_conns_per_host: int = field(name="maxConnsPerHost")
    idle_conn_timeout_ns: int = field(name="idleConnTimeout")


class Http(Struct, frozen=True, kw_only=True):
    """Paths on the HTTP listener; empty: not served. What is asked of services over HTTP."""

    json_rpc_url: str
    json_rpc2_url: str
    ws_url: str
    http_cdrs: str
    freeswitch_cdrs_url: str
    use_basic_auth: bool
    auth_users: dict[str, str]
    token: str
    client_opts: HttpClient
    fetch_timeout_ns: int = field(name="fetch_timeout")
    max_fetching: int


class Prometheus(Struct, frozen=True, kw_only=True):
    """Where metrics are served."""

    enabled: bool
    path: str


class PoolConn(Struct, frozen=True, kw_only=True):
    """One engine of a pool; what is None is as general says."""

    id: str | None
    address: str
    transport: str
    connect_attempts: int | None
    reconnects: int | None
    max_reconnect_interval_ns: int | None = field(name="max_reconnect_interval")
    connect_timeout_ns: int | None = field(name="connect_timeout")
    reply_timeout_ns: int | None = field(name="reply_timeout")
    tls: bool
    client_key: str | None
    client_certificate: str | None
    ca_certificate: str | None


class Pool(Struct, frozen=True, kw_only=True):
    """A named pool of other engines."""

    strategy: str
    poolSize: int  # noqa: N815 - the option's own name
    conns: tuple[PoolConn, ...]


class Database(Struct, frozen=True, kw_only=True):
    """A store: its driver, and where its server is."""

    db_type: str
    db_host: str
    db_port: int
    db_name: str
    db_user: str
    db_password: str


class Partition(Struct, frozen=True, kw_only=True):
    """How one kind of item is cached."""

    limit: int
    ttl_ns: int = field(name="ttl")
    static_ttl: bool


class Caches(Struct, frozen=True, kw_only=True):
    """What is kept in memory for later requests, by partition."""

    partitions: dict[str, Partition]


class Filters(Struct, frozen=True, kw_only=True):
    """What the rules of filters may look at."""

    stats_conns: Conns
    resources_conns: Conns
    apiers_conns: Conns
    trends_conns: Conns
    rankings_conns: Conns


class Rals(Struct, frozen=True, kw_only=True):
    """Rating and accounts."""

    enabled: bool
    thresholds_conns: Conns
    stats_conns: Conns
    sessions_conns: Conns
    rp_subject_prefix_matching: bool
    remove_expired: bool
    max_computed_usage: dict[str, int]
    max_increments: int
    fallback_depth: int
    balance_rating_subject: dict[str, str]


class Schedulers(Struct, frozen=True, kw_only=True):
    """Action plans."""

    enabled: bool
    cdrs_conns: Conns
    thresholds_conns: Conns
    stats_conns: Conns
    filters: tuple[str, ...]
    dynaprepaid_actionplans: tuple[str, ...]


class Cdrs(Struct, frozen=True, kw_only=True):
    """Call detail records."""

    enabled: bool
    extra_fields: tuple[str, ...]
    store_cdrs: bool
    session_cost_retries: int
    chargers_conns: Conns
    rals_conns: Conns
    attributes_conns: Conns
    thresholds_conns: Conns
    stats_conns: Conns
    online_cdr_exports: tuple[str, ...]
    scheduler_conns: Conns
    ees_conns: Conns


class Stir(Struct, frozen=True, kw_only=True):
    """Signed caller identity."""

    allowed_attest: tuple[str, ...]
    payload_maxduration_ns: int = field(name="payload_maxduration")
    default_attest: str
    publickey_path: str
    privatekey_path: str


class Sessions(Struct, frozen=True, kw_only=True):
    """Sessions. What is None is unset."""

    enabled: bool
    apiers_conns: Conns
    chargers_conns: Conns
    rals_conns: Conns
    cdrs_conns: Conns
    ips_conns: Conns
    resources_conns: Conns
    thresholds_conns: Conns
    stats_conns: Conns
    routes_conns: Conns
    attributes_conns: Conns
    replication_conns: Conns
    scheduler_conns: Conns
    debit_interval_ns: int = field(name="debit_interval")
    store_session_costs: bool
    default_usage: dict[str, int]
    session_ttl_ns: int = field(name="session_ttl")
    session_ttl_max_delay_ns: int | None = field(name="session_ttl_max_delay")
    session_ttl_last_used_ns: int | None = field(name="session_ttl_last_used")
    session_ttl_usage_ns: int | None = field(name="session_ttl_usage")
    session_last_usage_ns: int | None = field(name="session_last_usage")
    failed_begin_ttl_ns: int = field(name="failed_begin_ttl")
    returned_units: tuple[str, ...]
    session_indexes: tuple[str, ...]
    client_protocol: Decimal
    channel_sync_interval_ns: int = field(name="channel_sync_interval")
    channel_sync_timeout_ns: int = field(name="channel_sync_timeout")
    stale_chan_max_extra_usage_ns: int = field(name="stale_chan_max_extra_usage")
    terminate_attempts: int
    alterable_fields: tuple[str, ...]
    min_dur_low_balance_ns: int | None = field(name="min_dur_low_balance")
    stir: Stir


class Apiers(Struct, frozen=True, kw_only=True):
    """Management methods."""

    enabled: bool
    caches_conns: Conns
    scheduler_conns: Conns
    attributes_conns: Conns
    ees_conns: Conns


class Indexed(Struct, frozen=True, kw_only=True):
    """What all rooms of profiles share; string_indexed_fields None: all fields."""

    enabled: bool
    indexed_selects: bool
    string_indexed_fields: tuple[str, ...] | None
    prefix_indexed_fields: tuple[str, ...]
    suffix_indexed_fields: tuple[str, ...]
    exists_indexed_fields: tuple[str, ...]
    nested_fields: bool


class AttributeOpts(Struct, frozen=True, kw_only=True):
    """What requests to the attributes room say when they do not say."""

    profile_ids: tuple[str, ...] = field(name="*profileIDs")
    profile_runs: int = field(name="*profileRuns")
    process_runs: int = field(name="*processRuns")
    profile_ignore_filters: bool = field(name="*profileIgnoreFilters")


class Attributes(Indexed, frozen=True, kw_only=True):
    """Attribute profiles."""

    stats_conns: Conns
    resources_conns: Conns
    apiers_conns: Conns
    any_context: bool
    opts: AttributeOpts


class Chargers(Indexed, frozen=True, kw_only=True):
    """Charger profiles."""

    attributes_conns: Conns


class Room(Struct, frozen=True, kw_only=True):
    """A room whose details are read by the work that builds it."""

    enabled: bool


class Tree:
    """A whole configuration. It is never changed; a reload makes another."""

    __slots__ = (
        "apiers",
        "attributes",
        "caches",
        "cdrs",
        "chargers",
        "column",
        "cores",
        "data_db",
        "filters",
        "general",
        "http",
        "ips",
        "limits",
        "listen",
        "places",
        "prometheus",
        "rals",
        "rankings",
        "resources",
        "routes",
        "rpc_conns",
        "schedulers",
        "sessions",
        "stats",
        "stor_db",
        "storage",
        "thresholds",
        "tls",
        "trends",
        "values",
    )

    def __init__(self, column: str, values: Mapping[str, Value], places: Mapping[Path, tuple[Source, int]]) -> None:
        """`column`: whose defaults stand where no file says otherwise. `values`: every section, checked and complete."""
        self.column = column
        self.values = values
        self.places = places
        self.general = self._typed("general", General)
        self.cores = self._typed("cores", Cores)
        self.listen = self._typed("listen", Listen)
        self.limits = self._typed("limits", Limits)
        self.storage = self._typed("storage", Storage)
        self.tls = self._typed("tls", Tls)
        self.http = self._typed("http", Http)
        self.prometheus = self._typed("prometheus_agent", Prometheus)
        self.rpc_conns: dict[str, Pool] = self._typed("rpc_conns", dict[str, Pool])
        self.data_db = self._typed("data_db", Database)
        self.stor_db = self._typed("stor_db", Database)
        self.caches = self._typed("caches", Caches)
        self.filters = self._typed("filters", Filters)
        self.rals = self._typed("rals", Rals)
        self.schedulers = self._typed("schedulers", Schedulers)
        self.cdrs = self._typed("cdrs", Cdrs)
        self.sessions = self._typed("sessions", Sessions)
        self.apiers = self._typed("apiers", Apiers)
        self.attributes = self._typed("attributes", Attributes)
        self.chargers = self._typed("chargers", Chargers)
        self.resources = self._typed("resources", Room)
        self.ips = self._typed("ips", Room)
        self.stats = self._typed("stats", Room)
        self.trends = self._typed("trends", Room)
        self.rankings = self._typed("rankings", Room)
        self.thresholds = self._typed("thresholds", Room)
        self.routes = self._typed("routes", Room)

    def _typed(self, name: str, kind: type[T]) -> T:
        return convert(self.values[name], kind)

    def section(self, name: str) -> Mapping[str, Value]:
        """The plain values of a section that is a table: durations int nanoseconds, sizes int octets, None where unset.

        Field templates keep only the members that were written. KeyError for a name that is no section.
        """
        value = self.values[name]
        assert isinstance(value, dict), "http_agent is the one section that is a list; read it from `values`"
        return value

    def diameter(self) -> "Diameter | None":
        """The Diameter agent; None where it is off. Its options are read when this is called."""
        if self.is_default(("diameter_agent",)) or not self.is_on("diameter_agent"):
            return None
        from gateway.config.agents import Diameter

        return self._typed("diameter_agent", Diameter)

    def radius(self) -> "Radius | None":
        """The RADIUS agent; None where it is off. Its options are read when this is called."""
        if self.is_default(("radius_agent",)) or not self.is_on("radius_agent"):
            return None
        from gateway.config.agents import Radius

        return self._typed("radius_agent", Radius)

    def is_on(self, name: str) -> bool:
        """Whether a section is switched on; what has no switch, or is no section, is."""
        value = self.values.get(name)
        return not isinstance(value, dict) or value.get("enabled", True) is True

    def place(self, path: Path) -> tuple[Source, int] | None:
        """Where a file gave the value at a path, for faults that are found later: `source.fault(offset, message)`.

        A path is the names from the section down; members of a list that merges by id are named by it, other members by index.
        """
        return self.places.get(path)

    def is_default(self, path: Path) -> bool:
        """Whether no file gave the value at a path."""
        return path not in self.places


def split_address(text: str) -> tuple[str, int] | None:
    """Host and port of a checked address; host empty: every address of the machine. None: no listener."""
    if not text:
        return None
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)
