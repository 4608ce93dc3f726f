"""Options of what stands beside the engine: mailer, suretax, loader, migrator, registrarc, analyzers, configs, number lists."""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Anything, Conns, Duration, Flag, Group, Option, Secret, Section, Text, Texts
from gateway.config.options.parts import TIMEZONE, enabled
from gateway.config.options.stores import MONGO_SCHEME, redis_options

LOCALHOST: Final = ("*localhost",)

MAILER: Final = Section(
    "mailer",
    Group(
        (
            Option("server", Text(), "localhost", "Mail server: host or host:port."),
            Option("auth_user", Text(), "cgrates", "User of the mail server.", appliance="tollwire"),
            Option("auth_password", Secret(), "", "Password of auth_user."),
            Option(
                "from_address",
                Text(),
                "cgr-mailer@localhost.localdomain",
                "Sender of mails.",
                appliance="tollwire@localhost.localdomain",
            ),
        )
    ),
    "Mails of *mail actions.",
)

SURETAX: Final = Section(
    "suretax",
    Group(
        (
            Option("url", Text(), "", "Address of the service."),
            Option("client_number", Text(), "", "Customer number at the service."),
            Option("validation_key", Secret(), "", "Key of the customer at the service."),
            Option("business_unit", Text(), "", "Unit of the customer."),
            Option("timezone", TIMEZONE, "Local", "Time zone of times that are sent."),
            Option("include_local_cost", Flag(), False, "Add the service's sum to the cost computed here."),
            Option("return_file_code", Text(), "0", "0 to be charged, Q for a quote."),
            Option("response_group", Text(), "03", "How taxes are grouped in the answer."),
            Option("response_type", Text(), "D4", "Detail and decimals of the answer."),
            Option("regulatory_code", Text(), "03", "Kind of provider."),
            Option("client_tracking", Text(), "~*req.CGRID", "Tracking text."),
            Option("customer_number", Text(), "~*req.Subject", "Customer."),
            Option("orig_number", Text(), "~*req.Subject", "Calling number."),
            Option("term_number", Text(), "~*req.Destination", "Called number."),
            Option("bill_to_number", Text(), "", "Number that is billed."),
            Option("zipcode", Text(), "", "Postal code."),
            Option("plus4", Text(), "", "Postal code extension."),
            Option("p2pzipcode", Text(), "", "Postal code of the other end."),
            Option("p2pplus4", Text(), "", "Postal code extension of the other end."),
            Option("units", Text(), "1", "Number of lines."),
            Option("unit_type", Text(), "00", "Kind of units."),
            Option("tax_included", Text(), "0", "Whether the cost holds the tax."),
            Option("tax_situs_rule", Text(), "04", "How the place of taxation is found."),
            Option("trans_type_code", Text(), "010101", "Kind of transaction."),
            Option("sales_type_code", Text(), "R", "Kind of customer."),
            Option("tax_exemption_code_list", Text(), "", "Exemptions."),
        )
    ),
    "The SureTax service.",
)

LOADER: Final = Section(
    "loader",
    Group(
        (
            Option("tpid", Text(), "", "Tariff plan id."),
            Option("data_path", Text(), "./", "Folder of the tariff plan."),
            Option("disable_reverse", Flag(), False, "Do not store the reverse of destinations."),
            Option("field_separator", Text(), ",", "What separates columns."),
            Option("caches_conns", Conns(), LOCALHOST, "Engines whose caches are told."),
            Option("scheduler_conns", Conns(), LOCALHOST, "Engines whose schedulers are told."),
            Option("gapi_credentials", Text(), ".gapi/credentials.json", "File with the credentials of the spreadsheet service."),
            Option("gapi_token", Text(), ".gapi/token.json", "File with the token of the spreadsheet service."),
        )
    ),
    "CGRateS's separate loader program; `tollwire load` takes its place.",
)

DATADB_OPTS: Final = Group((*redis_options(), MONGO_SCHEME))
STORDB_OPTS: Final = Group((MONGO_SCHEME,))

MIGRATOR: Final = Section(
    "migrator",
    Group(
        (
            Option("out_datadb_type", Text(), "redis", "Driver of the new data store."),
            Option("out_datadb_host", Text(), "127.0.0.1", "Its host."),
            Option("out_datadb_port", Text(), "6379", "Its port."),
            Option("out_datadb_name", Text(), "10", "Its database."),
            Option("out_datadb_user", Text(), "cgrates", "Its user.", appliance="tollwire"),
            Option("out_datadb_password", Secret(), "", "Password of its user."),
            Option("out_datadb_encoding", Text(), "msgpack", "Encoding of its items."),
            Option("out_stordb_type", Text(), "mysql", "Driver of the new CDR store."),
            Option("out_stordb_host", Text(), "127.0.0.1", "Its host."),
            Option("out_stordb_port", Text(), "3306", "Its port."),
            Option("out_stordb_name", Text(), "cgrates", "Its database.", appliance="tollwire"),
            Option("out_stordb_user", Text(), "cgrates", "Its user.", appliance="tollwire"),
            Option("out_stordb_password", Secret(), "", "Password of its user."),
            Option("users_filters", Texts(), (), "Attributes of old users that become filters."),
            Option("out_datadb_opts", DATADB_OPTS, None, "Details of the data store's driver."),
            Option("out_stordb_opts", STORDB_OPTS, None, "Details of the CDR store's driver."),
        )
    ),
    "CGRateS's separate migration program.",
)

REGISTRATION: Final = Group(
    (
        Option("enabled", Flag(), False, "Register with registrars."),
        Option("registrars_conns", Conns(), (), "The registrars."),
        Option("hosts", Anything(), (), "What is registered: tables of Tenant and hosts."),
        Option("refresh_interval", Duration(), "5m", "How often the registration is repeated."),
    )
)

REGISTRARC: Final = Section(
    "registrarc",
    Group(
        (
            Option("rpc", REGISTRATION, None, "Registration as a host of rpc_conns."),
            Option("dispatchers", REGISTRATION, None, "Registration as a host of dispatchers."),
        )
    ),
    "Registration of this engine with others.",
)

ANALYZERS: Final = Section(
    "analyzers",
    Group(
        (
            enabled("Keep requests and answers for searching."),
            Option(
                "db_path", Text(), "/var/spool/cgrates/analyzers", "Folder of the kept requests.", appliance="/var/spool/tollwire/analyzers"
            ),
            Option("index_type", Text(("*scorch", "*boltdb", "*leveldb", "*mossdb", "*internal")), "*scorch", "Kind of the index."),
            Option("ttl", Duration(), "24h", "How long requests are kept."),
            Option("cleanup_interval", Duration(), "1h", "How often old ones are removed."),
        )
    ),
    "A searchable record of requests.",
)

APIBAN: Final = Section(
    "apiban",
    Group((Option("keys", Texts(secret=True), (), "Keys of the service."),)),
    "The APIBAN list of bad addresses.",
)

SENTRYPEER: Final = Section(
    "sentrypeer",
    Group(
        (
            Option("client_id", Text(), "", "Id of the client at the service."),
            Option("client_secret", Secret(), "", "Secret of client_id."),
            Option("token_url", Text(), "https://authz.sentrypeer.com/oauth/token", "Where tokens are asked for."),
            Option("ips_url", Text(), "https://sentrypeer.com/api/ip-addresses", "Where addresses are asked about."),
            Option("numbers_url", Text(), "https://sentrypeer.com/api/phone-numbers", "Where numbers are asked about."),
            Option("audience", Text(), "https://sentrypeer.com/api", "Audience of tokens."),
            Option("grant_type", Text(), "client_credentials", "How tokens are asked for."),
        )
    ),
    "The SentryPeer list of bad addresses and numbers.",
)

CONFIGS: Final = Section(
    "configs",
    Group(
        (
            Option("enabled", Flag(), False, "Serve configuration files over HTTP."),
            Option("url", Text(), "/configs/", "Path under which they are served."),
            Option(
                "root_dir",
                Text(),
                "/var/spool/cgrates/configs",
                "Folder whose files are served.",
                appliance="/var/spool/tollwire/configs",
            ),
        )
    ),
    "Configuration files for other engines.",
)

SECTIONS: Final = (MAILER, SURETAX, ANALYZERS, REGISTRARC, CONFIGS, APIBAN, SENTRYPEER, LOADER, MIGRATOR)
