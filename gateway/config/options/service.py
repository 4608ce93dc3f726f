"""Options of the process: general, cores, its listeners, HTTP, TLS, limits, storage folder, connections to others."""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Address, Duration, Flag, Group, Map, Objects, Option, Secret, Section, Size, Text, Texts, Whole
from gateway.config.options.parts import COUNT, TIMEZONE, conns, enabled

GENERAL: Final = Section(
    "general",
    Group(
        (
            Option("node_id", Text(), "", "Name of this engine in status, logs and records; empty: one is made at start."),
            Option(
                "increment_rounding",
                Text(("exact", "per_increment")),
                "per_increment",
                "exact: increments share one price and no rounding is lost; per_increment: each is rounded first, as CGRateS does.",
                appliance="exact",
                own=True,
            ),
            Option("rounding_decimals", Whole(0, 9), 5, "Decimals of costs and of increments; amounts are stored with 9 whatever it says."),
            Option("default_tenant", Text(), "cgrates.org", "Tenant of requests and events that name none.", appliance="default"),
            Option("default_category", Text(), "call", "Category of events that name none."),
            Option(
                "default_request_type",
                Text(("*rated", "*prepaid", "*postpaid", "*pseudoprepaid", "*dynaprepaid", "*none")),
                "*rated",
                "Request type of events that name none.",
            ),
            Option("default_timezone", TIMEZONE, "Local", "Time zone of times without an offset: its name, UTC or Local."),
            Option("logger", Text(("*syslog", "*stdout")), "*syslog", "Where log lines go.", appliance="*stdout"),
            Option("log_level", Whole(0, 7), 6, "Least severe syslog level that is written: 3 errors, 4 warnings, 6 information, 7 all."),
            Option("reply_timeout", Duration(), "2s", "How long the answer of a client, another engine or a database is waited for."),
            Option("connect_timeout", Duration(), "1s", "How long a connection to another engine may take.", effective=False),
            Option("connect_attempts", Whole(-1), 5, "First connections tried before giving up; -1: no limit.", effective=False),
            Option("reconnects", Whole(-1), -1, "Later connections tried before giving up; -1: no limit.", effective=False),
            Option("max_reconnect_interval", Duration(), "", "Longest pause between two reconnects; empty: no limit.", effective=False),
            Option("rsr_separator", Text(), ";", "What separates the parts of a value of templates and profiles."),
            Option(
                "digest_separator", Text(), ",", "What separates fields of a digest, the one-line form of altered fields.", effective=False
            ),
            Option("digest_equal", Text(), ":", "What separates name and value in a digest.", effective=False),
            Option(
                "tpexport_dir",
                Text(),
                "/var/spool/cgrates/tpe",
                "Folder of tariff plan exports.",
                appliance="/var/spool/tollwire/tpe",
                effective=False,
            ),
            Option("poster_attempts", Whole(1), 3, "Times a post to an outside service is tried.", effective=False),
            Option(
                "default_caching",
                Text(("*reload", "*load", "*remove", "*clear", "*none")),
                "*reload",
                "What a change does to caches when the request does not say. Here every change is seen at once.",
                effective=False,
            ),
            Option("caching_delay", Duration(), "0s", "Pause before caches are told of a change.", effective=False),
            Option("dbdata_encoding", Text(("*msgpack", "*json")), "*msgpack", "Encoding of items in CGRateS's stores.", effective=False),
            Option(
                "min_call_duration", Duration(), "0s", "Shortest call authorised; nothing enforces it, in CGRateS neither.", effective=False
            ),
            Option(
                "max_call_duration", Duration(), "3h", "Longest call authorised; nothing enforces it, in CGRateS neither.", effective=False
            ),
            Option("locking_timeout", Duration(), "0", "How long a lock may be held. Here nothing locks.", effective=False),
            Option("max_parallel_conns", COUNT, 100, "Parallel requests on one *parallel connection.", effective=False),
        )
    ),
    "Names, defaults of events, rounding, logs, and how other engines are waited for.",
    effective=True,
)

CORES: Final = Section(
    "cores",
    Group(
        (
            Option("caps", COUNT, 0, "Requests worked on at the same time, those whose answer waits for the disk included; 0: no limit."),
            Option(
                "caps_strategy",
                Text(("*busy", "*queue")),
                "*busy",
                "Beyond caps: refuse with MAX_CONCURRENT_RPC_EXCEEDED, or wait, first come first served.",
            ),
            Option(
                "caps_stats_interval",
                Duration(),
                "0",
                "How often the requests at work are counted, for caps_peak of CoreSv1.Status; 0: never.",
            ),
            Option("shutdown_timeout", Duration(), "1s", "How long what is in flight may take after SIGTERM."),
        )
    ),
    "The process as a whole.",
    effective=True,
)

LISTEN: Final = Section(
    "listen",
    Group(
        (
            Option("rpc_json", Address(), "127.0.0.1:2012", "JSON-RPC over TCP.", effective=True),
            Option("http", Address(), "127.0.0.1:2080", "HTTP: JSON-RPC, WebSocket, CDRs by POST.", effective=True),
            Option(
                "birpc_json",
                Address(),
                "127.0.0.1:2014",
                "JSON-RPC over TCP where the server calls its clients too; with sessions.enabled.",
                effective=True,
            ),
            Option("rpc_json_tls", Address(), "127.0.0.1:2022", "JSON-RPC over TLS; with tls.server_certificate.", effective=True),
            Option("http_tls", Address(), "127.0.0.1:2280", "HTTP over TLS; with tls.server_certificate.", effective=True),
            Option("rpc_gob", Address(), "127.0.0.1:2013", "Go's own encoding: not spoken here.", appliance=""),
            Option("rpc_gob_tls", Address(), "127.0.0.1:2023", "Go's own encoding over TLS: not spoken here.", appliance=""),
            Option("birpc_gob", Address(), "", "Go's own encoding, bidirectional: not spoken here."),
        )
    ),
    "Addresses on which requests are accepted; an empty text is no listener.",
)

TLS: Final = Section(
    "tls",
    Group(
        (
            Option(
                "server_certificate",
                Text(),
                "",
                "File (PEM) with the certificate of the TLS listeners, then those that signed it; empty: no TLS listeners.",
                effective=True,
            ),
            Option("server_key", Text(), "", "File (PEM) with the key of server_certificate, without a password.", effective=True),
            Option("client_certificate", Text(), "", "File with the certificate shown to other engines."),
            Option("client_key", Text(), "", "File with the key of client_certificate."),
            Option(
                "ca_certificate",
                Text(),
                "",
                "File (PEM) with the authorities whose certificates are trusted; empty: those of the system.",
                effective=True,
            ),
            Option(
                "server_policy",
                Whole(0, 4),
                4,
                "Client certificates: 0 and 1 none, 2 (any, unchecked) is refused, 3 checked if given, 4 required and checked.",
                effective=True,
            ),
            Option("server_name", Text(), "", "Name that the certificate of another engine must carry."),
        )
    ),
    "Certificates of listeners and of connections to other engines.",
)

CLIENT_OPTS: Final = Group(
    (
        Option("skipTlsVerify", Flag(), False, "Accept any certificate.", effective=True),
        Option("tlsHandshakeTimeout", Duration(), "10s", "How long a TLS handshake may take."),
        Option("disableKeepAlives", Flag(), False, "One connection per request.", effective=True),
        Option("disableCompression", Flag(), False, "Do not ask for compressed answers."),
        Option("maxIdleConns", COUNT, 100, "Idle connections kept; 0: no limit."),
        Option("maxIdleConnsPerHost", COUNT, 2, "Idle connections kept to one host."),
        Option("maxConnsPerHost", COUNT, 0, "Connections to one host; 0: as many as there may be at all.", effective=True),
        Option("idleConnTimeout", Duration(), "90s", "How long an idle connection is kept.", effective=True),
        Option("responseHeaderTimeout", Duration(), "0", "How long the head of an answer is waited for; 0: no limit."),
        Option("expectContinueTimeout", Duration(), "0", "How long 100 Continue is waited for; 0: not at all."),
        Option("forceAttemptHttp2", Flag(), True, "Offer HTTP/2."),
        Option("dialTimeout", Duration(), "30s", "How long a connection may take."),
        Option("dialFallbackDelay", Duration(), "300ms", "Pause before the other address family is tried."),
        Option("dialKeepAlive", Duration(), "30s", "Interval of TCP keep-alive probes."),
    )
)

HTTP: Final = Section(
    "http",
    Group(
        (
            Option("json_rpc_url", Text(), "/jsonrpc", "Path of JSON-RPC; empty: not served.", effective=True),
            Option("json_rpc2_url", Text(), "/jsonrpc2", "Path of JSON-RPC 2.0; empty: not served.", effective=True, own=True),
            Option("ws_url", Text(), "/ws", "Path of JSON-RPC over WebSocket; empty: not served.", effective=True),
            Option("http_cdrs", Text(), "/cdr_http", "Path where CDRs are posted as forms; empty: not served.", effective=True),
            Option(
                "freeswitch_cdrs_url",
                Text(),
                "/freeswitch_json",
                "Path where FreeSWITCH posts CDRs as JSON; empty: not served.",
                effective=True,
            ),
            Option("registrars_url", Text(), "/registrar", "Path where dispatcher hosts register; empty: not served."),
            Option("pprof_path", Text(), "/debug/pprof/", "Path of Go's profiler: there is none here."),
            Option("use_basic_auth", Flag(), False, "Ask for user and password of auth_users, whatever the path.", effective=True),
            Option("auth_users", Map(Secret()), {}, "Passwords in base64 by user name.", effective=True),
            Option(
                "token",
                Secret(),
                "",
                "What requests to other addresses than loopback carry (Authorization: Bearer); a user's password will do too.",
                effective=True,
                own=True,
            ),
            Option("client_opts", CLIENT_OPTS, None, "How this engine behaves as an HTTP client."),
            Option(
                "fetch_timeout",
                Duration(),
                "2s",
                "How long a request waits for the values of *http# that it needs, all together; then it fails.",
                effective=True,
                own=True,
            ),
            Option(
                "max_fetching",
                Whole(1, 100_000),
                1000,
                "Requests that wait for such values at a time; one more is answered busy (RADIUS: dropped).",
                effective=True,
                own=True,
            ),
        )
    ),
    "Paths on the HTTP listener, and the HTTP client.",
)

CONNECTION: Final = Group(
    (
        Option("id", Text(), None, "Name of this host of the pool."),
        Option("address", Text(), "", "host:port, a URL for *http_jsonrpc, *internal or *birpc_internal."),
        Option(
            "transport",
            Text(("*json", "*gob", "*birpc_json", "*birpc_gob", "*http_jsonrpc", "")),
            "",
            "What is spoken; empty: *json. Go's gob encodings are not spoken here.",
        ),
        Option("connect_attempts", Whole(-1), None, "As general.connect_attempts, for this host."),
        Option("reconnects", Whole(-1), None, "As general.reconnects, for this host."),
        Option("max_reconnect_interval", Duration(), None, "As general.max_reconnect_interval, for this host."),
        Option("connect_timeout", Duration(), None, "As general.connect_timeout, for this host."),
        Option("reply_timeout", Duration(), None, "As general.reply_timeout, for this host."),
        Option("tls", Flag(), False, "Speak TLS."),
        Option("client_key", Text(), None, "File with the key of client_certificate."),
        Option("client_certificate", Text(), None, "File with the certificate shown to the host."),
        Option("ca_certificate", Text(), None, "File with the authorities that are trusted for this host."),
    )
)

RPC_CONNS: Final = Section(
    "rpc_conns",
    Map(
        Group(
            (
                Option(
                    "strategy",
                    Text(
                        (
                            "*first",
                            "*next",
                            "*random",
                            "*broadcast",
                            "*broadcast_sync",
                            "*broadcast_async",
                            "*first_positive",
                            "*parallel",
                        )
                    ),
                    "*first",
                    "Which hosts of the pool are asked.",
                ),
                Option("poolSize", COUNT, 0, "Connections of a *parallel pool; 0: general.max_parallel_conns."),
                Option("conns", Objects(CONNECTION), (), "The hosts of the pool."),
            )
        )
    ),
    "Named pools of other engines, for the *_conns options.",
    default={},
)

LIMITS: Final = Section(
    "limits",
    Group((Option("request_size", Size(), "16MB", "Octets of one JSON-RPC request or HTTP body; a longer one is refused.", own=True),)),
    "What a stranger may ask for before the engine says no.",
    effective=True,
    own=True,
)

STORAGE: Final = Section(
    "storage",
    Group(
        (
            Option(
                "state_folder",
                Text(),
                "",
                "Folder of the database and its lock; --state goes before it; empty: one that belongs to the configuration folder.",
                own=True,
            ),
        )
    ),
    "The embedded store.",
    effective=True,
    own=True,
)

PROMETHEUS_AGENT: Final = Section(
    "prometheus_agent",
    Group(
        (
            enabled("Serve metrics (docs/metrics.md).", on=True),
            Option("path", Text(), "/prometheus", "Path on the HTTP listeners.", effective=True),
            conns("apiers", "Counts accounts and profiles."),
            conns("caches", "Counts cached items."),
            Option("cache_ids", Texts(), (), "Cache partitions that are counted; empty: all."),
            conns("cores", "Tells of the process."),
            conns("stats", "Tells metrics of stat queues."),
            Option("stat_queue_ids", Texts(), (), "Stat queues whose metrics are told."),
        )
    ),
    "Metrics for Prometheus.",
)

SECTIONS: Final = (GENERAL, CORES, LISTEN, LIMITS, STORAGE, TLS, HTTP, RPC_CONNS, PROMETHEUS_AGENT)
