"""Options of records in and out: ers (readers) and ees (exporters)."""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Anything, Duration, Fields, Flag, Group, Map, Objects, Option, Raw, Secret, Section, Text, Texts, Whole
from gateway.config.options.parts import COUNT, NO_TTL, TIMEZONE, conns, enabled, field

READER_TYPES: Final = (
    "*none",
    "*file_csv",
    "*file_fwv",
    "*file_xml",
    "*file_json",
    "*kafka_json_map",
    "*sql",
    "*amqp_json_map",
    "*amqpv1_json_map",
    "*s3_json_map",
    "*sqs_json_map",
    "*nats_json_map",
)
EXPORTER_TYPES: Final = (
    "*none",
    "*file_csv",
    "*file_fwv",
    "*http_post",
    "*http_json_map",
    "*nats_json_map",
    "*amqp_json_map",
    "*amqpv1_json_map",
    "*s3_json_map",
    "*sqs_json_map",
    "*kafka_json_map",
    "*virt",
    "*els",
    "*sql",
    "*log",
    "*rpc",
)


def queue_options(topic: str) -> tuple[Option, ...]:
    """What readers and exporters of queues share; `topic`: the name CGRateS's documentation gives them."""
    return (
        Option("amqpQueueID", Text(), None, f"AMQP queue, for example {topic}."),
        Option("amqpUsername", Text(), None, "AMQP 1.0 user."),
        Option("amqpPassword", Secret(), None, "AMQP 1.0 password."),
        Option("amqpExchange", Text(), None, "AMQP exchange."),
        Option("amqpExchangeType", Text(), None, "Kind of the AMQP exchange."),
        Option("amqpRoutingKey", Text(), None, "AMQP routing key."),
        Option("kafkaTopic", Text(), None, "Kafka topic."),
        Option("kafkaTLS", Flag(), None, "Speak TLS to Kafka."),
        Option("kafkaCAPath", Text(), None, "File with the authorities trusted for Kafka."),
        Option("kafkaSkipTLSVerify", Flag(), None, "Accept any certificate of Kafka."),
        Option("awsRegion", Text(), None, "AWS region."),
        Option("awsKey", Text(), None, "AWS access key id."),
        Option("awsSecret", Secret(), None, "AWS secret key."),
        Option("awsToken", Secret(), None, "AWS session token."),
        Option("sqsQueueID", Text(), None, "SQS queue."),
        Option("s3BucketID", Text(), None, "S3 bucket."),
        Option("natsJetStream", Flag(), None, "Use JetStream."),
        Option("natsJWTFile", Text(), None, "File with the NATS user token."),
        Option("natsSeedFile", Text(), None, "File with the NATS key seed."),
        Option("natsCertificateAuthority", Text(), None, "File with the authorities trusted for NATS."),
        Option("natsClientCertificate", Text(), None, "File with the certificate shown to NATS."),
        Option("natsClientKey", Text(), None, "File with the key of natsClientCertificate."),
        Option("natsJetStreamMaxWait", Duration(), None, "How long JetStream is waited for."),
        Option("sqlDBName", Text(), None, "Name of the SQL database."),
        Option("sqlTableName", Text(), None, "Name of the SQL table."),
        Option("pgSSLMode", Text(), None, "TLS to PostgreSQL."),
    )


READER_OPTS: Final = Group(
    (
        Option("partialCacheAction", Text(("*none", "*post_cdr", "*dump_to_file", "*dump_to_json")), "*none", "Fate of overdue parts."),
        Option("partialOrderField", Text(), "~*req.AnswerTime", "Order in which parts are put together."),
        Option("csvRowLength", Whole(-1), 0, "Columns a row must have; 0: as the first row, -1: any."),
        Option("csvFieldSeparator", Text(), ",", "What separates columns."),
        Option("csvHeaderDefineChar", Text(), ":", "Begins the name of a column that a header line defines."),
        Option("csvLazyQuotes", Flag(), None, "Quotes may stand inside of fields."),
        Option("natsSubject", Text(), "cgrates_cdrs", "NATS subject that is read.", appliance="tollwire_cdrs"),
        Option("natsConsumerName", Text(), None, "JetStream consumer."),
        Option("natsStreamName", Text(), None, "JetStream stream."),
        Option("natsQueueID", Text(), None, "NATS queue group."),
        Option("ignoreErroredItems", Flag(), None, "Pass over items that cannot be read."),
        Option("xmlRootPath", Text(), None, "Path of the elements that are records."),
        Option("amqpConsumerTag", Text(), None, "AMQP consumer tag."),
        Option("kafkaGroupID", Text(), None, "Kafka consumer group."),
        Option("kafkaMaxWait", Duration(), None, "How long Kafka gathers messages."),
        Option("sqlBatchSize", COUNT, None, "Rows read at once; 0: all."),
        Option("sqlDeleteIndexedFields", Texts(), None, "Columns by which rows are deleted once read."),
        *queue_options("cgrates_cdrs"),
    )
)

READER_FIELDS: Final[tuple[dict[str, Raw], ...]] = tuple(
    field(name, f"*cgreq.{name}", f"~*req.{column}", mandatory=True)
    for name, column in (
        ("ToR", 2),
        ("OriginID", 3),
        ("RequestType", 4),
        ("Tenant", 6),
        ("Category", 7),
        ("Account", 8),
        ("Subject", 9),
        ("Destination", 10),
        ("SetupTime", 11),
        ("AnswerTime", 12),
        ("Usage", 13),
    )
)

READER: Final = Group(
    (
        Option("id", Text(), "", "Name; a new reader begins as a copy of *default."),
        Option("type", Text(READER_TYPES, open_choices=True), "*none", "What is read."),
        Option("run_delay", Duration(), "0", "How often the source is looked at; 0: never by itself, -1: whenever it changes."),
        Option("start_delay", Duration(), "0", "Pause before the first look."),
        Option("concurrent_requests", Whole(-1), 1024, "Files or messages worked on at the same time; -1: no limit."),
        Option(
            "source_path", Text(), "/var/spool/cgrates/ers/in", "Folder or address that is read.", appliance="/var/spool/tollwire/ers/in"
        ),
        Option(
            "processed_path",
            Text(),
            "/var/spool/cgrates/ers/out",
            "Folder of what was read; empty: it stays.",
            appliance="/var/spool/tollwire/ers/out",
        ),
        Option("tenant", Text(), "", "Tenant of the events: a text or ~path."),
        Option("timezone", TIMEZONE, "", "Time zone of times without an offset."),
        Option("filters", Texts(), (), "Rules that a record must pass."),
        Option("flags", Texts(), (), "What is asked of the engine, as in request processors."),
        Option("reconnects", Whole(-1), -1, "Reconnects to the source; -1: no limit."),
        Option("max_reconnect_interval", Duration(), "5m", "Longest pause between two reconnects."),
        Option("ees_ids", Texts(), None, "Exporters that get the raw records."),
        Option("ees_success_ids", Texts(), (), "Exporters that get what was worked off."),
        Option("ees_failed_ids", Texts(), (), "Exporters that get what failed."),
        Option("opts", READER_OPTS, None, "Details by type."),
        Option("fields", Fields("*cgreq."), READER_FIELDS, "Fields of the event."),
        Option("partial_commit_fields", Fields("*cgreq."), (), "Fields of a record put together from its parts."),
        Option("cache_dump_fields", Fields("*exp."), (), "Fields of parts that are written out."),
    )
)

ERS: Final = Section(
    "ers",
    Group(
        (
            enabled("Read records."),
            conns("sessions", "Where events go.", default=("*internal",)),
            conns("ees", "Exporters of records."),
            conns("stats", "Told of what readers do."),
            conns("thresholds", "Told of what readers do."),
            Option("concurrent_events", Whole(1), 1, "Events worked on at the same time by one reader."),
            Option("partial_cache_ttl", Duration(), "1s", "How long the parts of a record are waited for."),
            Option("readers", Objects(READER, key="id", model="*default"), ({"id": "*default"},), "The readers."),
        )
    ),
    "Records in: files and queues.",
)

EXPORTER_OPTS: Final = Group(
    (
        Option("csvFieldSeparator", Text(), None, "What separates columns."),
        Option("elsApiKey", Secret(), None, "Elasticsearch API key."),
        Option("elsUsername", Text(), None, "Elasticsearch user."),
        Option("elsPassword", Secret(), None, "Elasticsearch password."),
        Option("elsServiceToken", Secret(), None, "Elasticsearch service token."),
        Option("elsCertificateFingerPrint", Text(), None, "Fingerprint of the Elasticsearch certificate."),
        Option("elsCAPath", Text(), None, "File with the authorities trusted for Elasticsearch."),
        Option("elsDiscoverNodesOnStart", Flag(), None, "Look for further nodes at start."),
        Option("elsDiscoverNodesInterval", Duration(), None, "How often further nodes are looked for."),
        Option("elsEnableDebugLogger", Anything(), None, "Log what the client does."),
        Option("elsLogger", Text(), None, "Form of the client's log."),
        Option("elsCompressRequestBody", Flag(), None, "Compress requests."),
        Option("elsCompressRequestBodyLevel", Whole(), None, "How much they are compressed."),
        Option("elsRetryOnStatus", Anything(), None, "Status codes upon which a request is repeated."),
        Option("elsMaxRetries", COUNT, None, "Repetitions at most."),
        Option("elsDisableRetry", Flag(), None, "Repeat nothing."),
        Option("elsIndex", Text(), None, "Elasticsearch index."),
        Option("elsRefresh", Text(), None, "When what was written can be found."),
        Option("elsOpType", Text(), None, "index or create."),
        Option("elsPipeline", Text(), None, "Ingest pipeline."),
        Option("elsRouting", Text(), None, "Routing value."),
        Option("elsTimeout", Duration(), None, "How long Elasticsearch may take."),
        Option("elsWaitForActiveShards", Text(), None, "Shards that must be there."),
        Option("sqlMaxIdleConns", COUNT, None, "Idle connections kept."),
        Option("sqlMaxOpenConns", COUNT, None, "Connections of the pool."),
        Option("sqlConnMaxLifetime", Duration(), None, "How long a connection is used."),
        Option("sqlUpdateIndexedFields", Texts(), None, "Columns by which rows are updated."),
        Option("mysqlDSNParams", Map(Text()), None, "Further parameters of the MySQL connection."),
        Option("kafkaLinger", Duration(), None, "How long messages are gathered."),
        Option("kafkaDeliveryTimeout", Duration(), None, "How long a delivery may take."),
        Option("sqsForcePathStyle", Flag(), None, "Name the queue in the path of the URL."),
        Option("sqsSkipTlsVerify", Flag(), None, "Accept any certificate of SQS."),
        Option("s3FolderPath", Text(), None, "Folder in the bucket."),
        Option("s3ForcePathStyle", Flag(), None, "Name the bucket in the path of the URL."),
        Option("s3SkipTlsVerify", Flag(), None, "Accept any certificate of S3."),
        Option("natsSubject", Text(), None, "NATS subject that is written."),
        Option("rpcCodec", Text(), None, "What is spoken to the engine that is called."),
        Option("serviceMethod", Text(), None, "Method that is called."),
        Option("keyPath", Text(), None, "File with the key of certPath."),
        Option("certPath", Text(), None, "File with the certificate shown."),
        Option("caPath", Text(), None, "File with the authorities that are trusted."),
        Option("tls", Flag(), None, "Speak TLS."),
        Option("connIDs", Texts(), None, "Connections of rpc_conns that are called."),
        Option("rpcConnTimeout", Duration(), None, "How long the connection may take."),
        Option("rpcReplyTimeout", Duration(), None, "How long the answer is waited for."),
        Option("rpcAPIOpts", Map(Anything()), None, "Options of the call."),
        *queue_options("cgrates_cdrs"),
    )
)

EXPORTER: Final = Group(
    (
        Option("id", Text(), "", "Name; a new exporter begins as a copy of *default."),
        Option("type", Text(EXPORTER_TYPES, open_choices=True), "*none", "Where records go."),
        Option("export_path", Text(), "/var/spool/cgrates/ees", "Folder or address.", appliance="/var/spool/tollwire/ees"),
        Option(
            "failed_posts_dir",
            Text(),
            "/var/spool/cgrates/failed_posts",
            "Folder of posts that failed.",
            appliance="/var/spool/tollwire/failed_posts",
        ),
        Option("concurrent_requests", COUNT, 0, "Exports at the same time; 0: no limit."),
        Option("timezone", TIMEZONE, "", "Time zone of times that are written."),
        Option("filters", Texts(), (), "Rules that an event must pass."),
        Option("flags", Texts(), (), "Further steps, as in request processors."),
        Option("attribute_ids", Texts(), (), "Attribute profiles applied before."),
        Option("attribute_context", Text(), "", "Context of the attribute profiles."),
        Option("synchronous", Flag(), False, "The caller waits for the export."),
        Option("blocker", Flag(), None, "Exporters after this one are passed over."),
        Option("attempts", Whole(1), 1, "Times an export is tried."),
        Option("metrics_reset_schedule", Text(), "", "Cron schedule on which the exporter's metrics begin anew."),
        Option("opts", EXPORTER_OPTS, None, "Details by type."),
        Option("fields", Fields("*exp."), (), "Fields that are written; empty: the whole event."),
    )
)

EXPORTER_CACHE: Final = Group(
    (
        Option("limit", Whole(-1), -1, "Exporters kept open; -1: no limit."),
        Option("ttl", Duration(), "", f"How long an exporter is kept open; {NO_TTL}."),
        Option("static_ttl", Flag(), False, "The time runs from when it was opened, not from its last use."),
        Option("precache", Flag(), None, "Open it when the process starts."),
        Option("remote", Flag(), None, "Means nothing for exporters."),
        Option("replicate", Flag(), None, "Means nothing for exporters."),
    )
)

KEPT_OPEN: Final[dict[str, Raw]] = {
    "*file_csv": {"ttl": "5s"},
    **{
        name: {}
        for name in (
            "*nats_json_map",
            "*amqp_json_map",
            "*amqpv1_json_map",
            "*kafka_json_map",
            "*s3_json_map",
            "*sqs_json_map",
            "*sql",
            "*els",
        )
    },
}

FAILED_POSTS: Final = Group(
    (
        Option(
            "dir",
            Text(),
            "/var/spool/cgrates/failed_posts",
            "Folder of posts that failed.",
            appliance="/var/spool/tollwire/failed_posts",
        ),
        Option("ttl", Duration(), "5s", "How long failed posts of one exporter are gathered into a file."),
        Option("static_ttl", Flag(), True, "The time runs from the first of them."),
    )
)

EES: Final = Section(
    "ees",
    Group(
        (
            enabled("Write records."),
            conns("attributes", "Changes records before they are written."),
            Option("cache", Map(EXPORTER_CACHE), KEPT_OPEN, "Exporters kept open, by type."),
            Option("failed_posts", FAILED_POSTS, None, "Posts that failed."),
            Option("exporters", Objects(EXPORTER, key="id", model="*default"), ({"id": "*default"},), "The exporters."),
        )
    ),
    "Records out: files, queues, posts.",
)

SECTIONS: Final = (ERS, EES)
