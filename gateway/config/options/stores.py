"""Options of what is kept: data_db, stor_db, caches."""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Duration, Flag, Group, Map, Option, Raw, Secret, Section, Size, Text, Texts, Whole
from gateway.config.options.parts import COUNT, PORTS, conns, item_options

PROFILES: Final = (
    "*resource_profiles",
    "*resources",
    "*ip_profiles",
    "*ip_allocations",
    "*ranking_profiles",
    "*rankings",
    "*trend_profiles",
    "*trends",
    "*statqueue_profiles",
    "*statqueues",
    "*threshold_profiles",
    "*thresholds",
    "*filters",
    "*route_profiles",
    "*attribute_profiles",
    "*charger_profiles",
    "*dispatcher_profiles",
    "*dispatcher_hosts",
    "*load_ids",
)
TARIFF: Final = (
    "*reverse_destinations",
    "*destinations",
    "*rating_plans",
    "*rating_profiles",
    "*actions",
    "*action_plans",
    "*account_action_plans",
    "*action_triggers",
    "*shared_groups",
    "*timings",
)
INDEXES: Final = (
    "*resource_filter_indexes",
    "*ip_filter_indexes",
    "*stat_filter_indexes",
    "*threshold_filter_indexes",
    "*route_filter_indexes",
    "*attribute_filter_indexes",
    "*charger_filter_indexes",
    "*dispatcher_filter_indexes",
    "*reverse_filter_indexes",
)
DATA_ITEMS: Final = ("*accounts", *TARIFF, *PROFILES, "*versions", *INDEXES, "*sessions_backup")
SHEETS: Final = (
    "*tp_timings",
    "*tp_destinations",
    "*tp_rates",
    "*tp_destination_rates",
    "*tp_rating_plans",
    "*tp_rating_profiles",
    "*tp_shared_groups",
    "*tp_actions",
    "*tp_action_plans",
    "*tp_action_triggers",
    "*tp_account_actions",
    "*tp_resources",
    "*tp_ips",
    "*tp_stats",
    "*tp_rankings",
    "*tp_trends",
    "*tp_thresholds",
    "*tp_filters",
    "*tp_routes",
    "*tp_attributes",
    "*tp_chargers",
    "*tp_dispatcher_profiles",
    "*tp_dispatcher_hosts",
)
STOR_ITEMS: Final = ("*session_costs", "*cdrs", "*versions", *SHEETS)
ITEM: Final = Group(item_options(precache=False))
PARTITION: Final = Group(item_options(precache=True))

DB_TYPE_DOC: Final = "The store's driver. This build has the embedded one, *internal; another that a file names is refused at start."
DATA_DRIVERS: Final = Text(("*internal", "*redis", "*mongo", "internal", "redis", "mongo"))
STOR_DRIVERS: Final = Text(("*internal", "*mysql", "*postgres", "*mongo", "internal", "mysql", "postgres", "mongo"))


def dump_options(name: str) -> tuple[Option, ...]:
    """Where and when CGRateS writes its in-memory store to disk; here the embedded store is on disk before each answer."""
    own = "/var/lib/tollwire/internal_db"
    return (
        Option(
            "internalDBDumpPath", Text(), f"/var/lib/cgrates/internal_db/{name}", "Folder of dumps of the store.", appliance=f"{own}/{name}"
        ),
        Option(
            "internalDBBackupPath",
            Text(),
            f"/var/lib/cgrates/internal_db/backup/{name}",
            "Folder of copies of the dumps.",
            appliance=f"{own}/backup/{name}",
        ),
        Option("internalDBStartTimeout", Duration(), "5m", "How long reading the dumps may take at start."),
        Option("internalDBDumpInterval", Duration(), "0s", "How often changes are dumped; 0: never, -1: at once."),
        Option("internalDBRewriteInterval", Duration(), "0s", "How often dumps are compacted; 0: never, -1: at start, -2: at stop."),
        Option("internalDBFileSizeLimit", Size(), "1GB", "Size at which a new dump file begins."),
    )


def redis_options() -> tuple[Option, ...]:
    """How Redis is reached."""
    return (
        Option("redisMaxConns", COUNT, 10, "Connections of the pool."),
        Option("redisConnectAttempts", Whole(-1), 20, "First connections tried before giving up."),
        Option("redisSentinel", Text(), "", "Name of the Sentinel group; empty: no Sentinel."),
        Option("redisCluster", Flag(), False, "The address is a Cluster."),
        Option("redisClusterSync", Duration(), "5s", "How often the Cluster's slots are read again."),
        Option("redisClusterOndownDelay", Duration(), "0", "How long commands wait for a failed Cluster to come back."),
        Option("redisConnectTimeout", Duration(), "0", "How long a connection may take; 0: no limit."),
        Option("redisPoolPipelineWindow", Duration(), "150µs", "How long commands are gathered into one pipeline."),
        Option("redisPoolPipelineLimit", COUNT, 0, "Commands in one pipeline; 0: no limit."),
        Option("redisTLS", Flag(), False, "Speak TLS to Redis."),
        Option("redisClientCertificate", Text(), "", "File with the certificate shown to Redis."),
        Option("redisClientKey", Text(), "", "File with the key of redisClientCertificate."),
        Option("redisCACertificate", Text(), "", "File with the authorities trusted for Redis."),
    )


MONGO_SCHEME: Final = Option("mongoConnScheme", Text(("mongodb", "mongodb+srv")), "mongodb", "Scheme of the MongoDB address.")
MONGO: Final = (Option("mongoQueryTimeout", Duration(), "10s", "How long a MongoDB query may take."), MONGO_SCHEME)

DATA_DB: Final = Section(
    "data_db",
    Group(
        (
            Option("db_type", DATA_DRIVERS, "*internal", DB_TYPE_DOC, effective=True),
            Option("db_host", Text(), "127.0.0.1", "Host of the database server."),
            Option("db_port", PORTS, 6379, "Port of the database server."),
            Option("db_name", Text(), "10", "Name or number of the database."),
            Option("db_user", Text(), "cgrates", "User of the database.", appliance="tollwire"),
            Option("db_password", Secret(), "", "Password of db_user."),
            Option("remote_conns", Texts(), (), "Engines asked for items that are missing here."),
            Option("remote_conn_id", Text(), "", "Name under which this engine asks remote_conns."),
            Option("replication_conns", Texts(), (), "Engines that are told of changes."),
            Option("replication_filtered", Flag(), False, "Tell only the engines that asked for the item."),
            Option("replication_cache", Text(), "", "What the told engines do to their caches."),
            Option("replication_failed_dir", Text(), "", "Folder of changes that could not be told."),
            Option("replication_interval", Duration(), "", "How often changes are told; empty: at once."),
            Option("items", Map(ITEM, keys=DATA_ITEMS), {name: {} for name in DATA_ITEMS}, "How each kind of item is kept."),
            Option(
                "opts",
                Group(
                    (
                        *dump_options("datadb"),
                        Option("redisBatchSize", COUNT, 1000, "Keys read from Redis in one batch."),
                        *redis_options(),
                        *MONGO,
                    )
                ),
                None,
                "Details of the drivers.",
            ),
        )
    ),
    "Where accounts, tariffs and profiles are kept. The embedded store needs none of it.",
)

STOR_DB: Final = Section(
    "stor_db",
    Group(
        (
            Option("db_type", STOR_DRIVERS, "*internal", DB_TYPE_DOC, effective=True),
            Option("db_host", Text(), "127.0.0.1", "Host of the database server."),
            Option("db_port", PORTS, 3306, "Port of the database server."),
            Option("db_name", Text(), "cgrates", "Name of the database.", appliance="tollwire"),
            Option("db_user", Text(), "cgrates", "User of the database.", appliance="tollwire"),
            Option("db_password", Secret(), "", "Password of db_user."),
            Option("string_indexed_fields", Texts(), (), "CDR fields with an index in the in-memory store."),
            Option("prefix_indexed_fields", Texts(), (), "CDR fields with a prefix index in the in-memory store."),
            Option("items", Map(ITEM, keys=STOR_ITEMS), {name: {} for name in STOR_ITEMS}, "How each kind of item is kept."),
            Option(
                "opts",
                Group(
                    (
                        *dump_options("stordb"),
                        Option("sqlMaxOpenConns", COUNT, 100, "Connections of the pool."),
                        Option("sqlMaxIdleConns", COUNT, 10, "Idle connections kept."),
                        Option("sqlLogLevel", Whole(1, 4), 3, "What the SQL driver logs: 1 nothing, 2 errors, 3 warnings, 4 all."),
                        Option("sqlConnMaxLifetime", Duration(), "0", "How long a connection is used; 0: for ever."),
                        Option("mysqlDSNParams", Map(Text()), {}, "Further parameters of the MySQL connection."),
                        Option("mysqlLocation", Text(), "Local", "Time zone of times in MySQL."),
                        *MONGO,
                        Option(
                            "pgSSLMode",
                            Text(("disable", "allow", "prefer", "require", "verify-ca", "verify-full")),
                            "disable",
                            "TLS to PostgreSQL.",
                        ),
                        Option("pgSSLCert", Text(), None, "File with the certificate shown to PostgreSQL."),
                        Option("pgSSLKey", Text(), None, "File with the key of pgSSLCert."),
                        Option("pgSSLPassword", Secret(), None, "Password of pgSSLKey."),
                        Option("pgSSLCertMode", Text(("disable", "allow", "require")), None, "Whether a certificate is shown."),
                        Option("pgSSLRootCert", Text(), None, "File with the authorities trusted for PostgreSQL."),
                        Option("pgSchema", Text(), "", "Schema of the tables in PostgreSQL."),
                    )
                ),
                None,
                "Details of the drivers.",
            ),
        )
    ),
    "Where CDRs and offline tariff plans are kept. The embedded store needs none of it.",
)

PRECACHED: Final = (*TARIFF, *PROFILES)
MADE_HERE: Final[dict[str, dict[str, Raw]]] = {
    "*event_resources": {},
    "*event_ips": {},
    **{name: {} for name in INDEXES},
    "*dispatcher_routes": {},
    "*dispatcher_loads": {},
    "*dispatchers": {},
    "*diameter_messages": {"ttl": "3h"},
    "*radius_packets": {"ttl": "3h"},
    "*rpc_responses": {"limit": 0, "ttl": "2s"},
    "*closed_sessions": {"ttl": "10s"},
    "*event_charges": {"limit": 0, "ttl": "10s"},
    "*cdr_ids": {"ttl": "10m"},
    "*rpc_connections": {},
    "*uch": {"ttl": "3h"},
    "*stir": {"ttl": "3h"},
    "*apiban": {"ttl": "2m"},
    "*sentrypeer": {"ttl": "86400s", "static_ttl": True},
    "*caps_events": {},
    "*replication_hosts": {"limit": 0},
}

CACHES: Final = Section(
    "caches",
    Group(
        (
            Option(
                "partitions",
                Map(PARTITION, keys=(*PRECACHED, *MADE_HERE)),
                {**{name: {"precache": False} for name in PRECACHED}, **MADE_HERE},
                "How each kind of item is cached.",
                effective=True,
            ),
            conns("replication", "Engines that are told of cached items.", name="replication_conns"),
            conns("remote", "Engines asked for cached items that are missing here.", name="remote_conns"),
        )
    ),
    "What is kept in memory for later requests.",
)

SECTIONS: Final = (DATA_DB, STOR_DB, CACHES)
