"""The sections of agents as their rooms read them; read when an agent is on. Fields are called as in `gateway.config.tree`."""

from msgspec import Struct, field


class DiameterListener(Struct, frozen=True, kw_only=True):
    """Where peers connect; network: tcp, tcp-tls, sctp."""

    address: str
    network: str


class DiameterPeer(Struct, frozen=True, kw_only=True):
    """A peer that is connected to."""

    id: str
    address: str
    network: str
    origin_host: str
    max_reconnect_interval_ns: int = field(name="max_reconnect_interval")


class Diameter(Struct, frozen=True, kw_only=True):
    """The Diameter agent. `ce_applications` is None where all of the dictionaries are meant; the rows of request processors are for
    gateway.processors."""

    enabled: bool
    listeners: tuple[DiameterListener, ...]
    peers: tuple[DiameterPeer, ...]
    allowed_hosts: tuple[str, ...]
    allowed_realms: tuple[str, ...]
    allowed_networks: tuple[str, ...]
    served_hosts: tuple[str, ...]
    served_realms: tuple[str, ...]
    watchdog_interval_ns: int = field(name="watchdog_interval")
    request_timeout_ns: int = field(name="request_timeout")
    max_message_bytes: int = field(name="max_message_size")
    max_requests: int
    request_in_errors: bool
    strict_avps: bool
    topup_reauthorizes: bool
    tariff_change_reauthorizes: bool
    dictionaries_path: str
    dictionaries_append_defaults: bool
    ce_applications: tuple[str, ...] | None
    sessions_conns: tuple[str, ...]
    origin_host: str
    origin_realm: str
    vendor_id: int
    product_name: str
    synced_conn_requests: bool
    asr_template: str
    rar_template: str
    forced_disconnect: str
    request_processors: list[dict[str, object]]


class RadiusListener(Struct, frozen=True, kw_only=True):
    """Where NASes send; network: udp, tcp, tls."""

    network: str
    auth_address: str
    acct_address: str


class RadiusClient(Struct, frozen=True, kw_only=True):
    """A NAS or proxy. `message_authenticator` is empty and `limit_proxy_state` None where the section's count."""

    id: str
    addresses: tuple[str, ...]
    secret: str
    dictionaries: tuple[str, ...] | None
    message_authenticator: str
    limit_proxy_state: bool | None
    certificate_names: tuple[str, ...]
    dynamic_authorization: bool


class RadiusDynamic(Struct, frozen=True, kw_only=True):
    """Where Disconnect- and CoA-Requests of a client go, and what is asked of it."""

    transport: str
    host: str
    port: int
    flags: tuple[str, ...]
    vendor: str
    dmr_template: str
    coa_template: str
    credit_end: str
    credit_end_template: str
    throttle: str
    redirect: str


class Radius(Struct, frozen=True, kw_only=True):
    """The RADIUS agent; the rows of request processors are for gateway.processors."""

    enabled: bool
    listeners: tuple[RadiusListener, ...]
    clients: tuple[RadiusClient, ...]
    message_authenticator: str
    limit_proxy_state: bool
    duplicate_window_ns: int = field(name="duplicate_window")
    max_duplicates: int
    max_requests: int
    receive_buffer_bytes: int = field(name="receive_buffer")
    client_secrets: dict[str, str]
    client_dictionaries: dict[str, tuple[str, ...]]
    client_da_addresses: dict[str, RadiusDynamic]
    requests_cache_key: str
    da_timeout_ns: int = field(name="da_timeout")
    da_pause_ns: int = field(name="da_pause")
    da_event_timestamp: bool
    da_source: str
    da_address: str
    da_session: dict[str, str]
    da_window_ns: int = field(name="da_window")
    dmr_template: str
    coa_template: str
    sessions_conns: tuple[str, ...]
    request_processors: list[dict[str, object]]
