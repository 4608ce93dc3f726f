"""Options of the engine's main rooms: schedulers, filters, rals, cdrs, sessions, apiers."""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Duration, Flag, Group, Map, Number, Option, Raw, Section, Text, Texts, Usage, Whole
from gateway.config.options.parts import COUNT, conns, enabled

SCHEDULERS: Final = Section(
    "schedulers",
    Group(
        (
            enabled("Run action plans at their times.", on=True),
            conns("cdrs", "Where CDRs of *cdrlog actions go.", wired=True),
            conns("thresholds", "Told of what action plans do.", wired=True, effective=False),
            conns("stats", "Told of what action plans do.", wired=True, effective=False),
            Option(
                "filters",
                Texts(),
                (),
                "Filters that a run must pass; `~*req` has AccountID, Tenant, Account, ActionsID, UUID.",
            ),
            Option("dynaprepaid_actionplans", Texts(), (), "Action plans given to an account that *dynaprepaid makes."),
        )
    ),
    "Action plans.",
    effective=True,
)

FILTERS: Final = Section(
    "filters",
    Group(
        (
            conns("stats", "Answer ~*stats in rules.", wired=True),
            conns("resources", "Answer ~*resources in rules.", wired=True),
            conns("apiers", "Answer ~*accounts in rules.", wired=True),
            conns("trends", "Answer ~*trends in rules.", wired=True),
            conns("rankings", "Answer ~*rankings in rules.", wired=True),
        )
    ),
    "What the rules of filters may look at.",
)

MAX_COMPUTED: Final[dict[str, Raw]] = {"*any": "189h", "*voice": "72h", "*data": "107374182400", "*sms": "10000", "*mms": "10000"}

RALS: Final = Section(
    "rals",
    Group(
        (
            enabled("Rate and debit.", on=True),
            conns("thresholds", "Told of balances that changed.", wired=True, effective=False),
            conns("stats", "Told of balances that changed.", wired=True, effective=False),
            conns("sessions", "Sessions that account actions end.", wired=True, effective=False),
            Option("rp_subject_prefix_matching", Flag(), False, "A rating profile fits every subject that begins with its own."),
            Option("remove_expired", Flag(), True, "Balances that have expired are removed from the account."),
            Option("max_computed_usage", Map(Usage()), MAX_COMPUTED, "Longest usage that is rated, by type of record."),
            Option("max_increments", Whole(1), 1_000_000, "Increments that one charge may have in CGRateS; here none are counted out."),
            Option("fallback_depth", Whole(0, 64), 3, "Fallback subjects followed one after the other."),
            Option(
                "balance_rating_subject",
                Map(Text()),
                {"*any": "*zero1ns", "*voice": "*zero1s"},
                "Rating subject of unit balances that name none, by type of record.",
            ),
        )
    ),
    "Rating and accounts.",
    effective=True,
)

CDRS: Final = Section(
    "cdrs",
    Group(
        (
            enabled("Take, rate and store CDRs.", on=True),
            Option(
                "extra_fields",
                Texts(),
                (),
                "Further fields stored with a CDR that FreeSWITCH posts, as ~*req paths; those of an event are always.",
            ),
            Option("store_cdrs", Flag(), True, "Store CDRs when the request does not say."),
            Option("compress_stored_cost", Flag(), False, "Pack stored costs; here they always are.", effective=False),
            Option(
                "session_cost_retries", COUNT, 5, "Times the cost of the session is looked for before a CDR is rated anew.", effective=False
            ),
            conns("chargers", "Forks of a CDR.", wired=True),
            conns("rals", "Rates a CDR.", wired=True),
            conns("attributes", "Changes a CDR before it is rated.", wired=True),
            conns("thresholds", "Told of rated CDRs.", wired=True, effective=False),
            conns("stats", "Told of rated CDRs.", wired=True, effective=False),
            Option("online_cdr_exports", Texts(), (), "Ids of exporters that every CDR goes to.", effective=False),
            conns("scheduler", "Makes accounts of *dynaprepaid CDRs.", wired=True),
            conns("ees", "Exporters of CDRs.", effective=False),
        )
    ),
    "Call detail records.",
    effective=True,
)

DEFAULT_USAGE: Final[dict[str, Raw]] = {"*any": "3h", "*voice": "3h", "*data": "1048576", "*sms": "1"}

STIR: Final = Group(
    (
        Option("allowed_attest", Texts(), ("*any",), "Attestation levels accepted."),
        Option("payload_maxduration", Duration(), "-1", "Greatest age of an identity; -1: any."),
        Option("default_attest", Text(("A", "B", "C")), "A", "Attestation level of identities made here."),
        Option(
            "publickey_path", Text(), "", "The public key: a file of PEM, to verify; a URL or path, to be named in identities made here."
        ),
        Option("privatekey_path", Text(), "", "The private key: a file of PEM."),
    )
)

SESSIONS: Final = Section(
    "sessions",
    Group(
        (
            enabled("Authorise, charge and watch over sessions.", on=True),
            conns("apiers", "Accounts that session filters ask for.", wired=True, effective=False),
            conns("chargers", "Forks of a session.", wired=True),
            conns("rals", "Debits a session.", wired=True),
            conns("cdrs", "Takes the CDR of a session.", wired=True),
            conns("ips", "Address pools.", wired=True, effective=False),
            conns("resources", "Resources that a session holds.", wired=True, effective=False),
            conns("thresholds", "Told of session events.", wired=True, effective=False),
            conns("stats", "Told of session events.", wired=True, effective=False),
            conns("routes", "Finds routes of a call.", wired=True, effective=False),
            conns("attributes", "Changes an event before all else.", wired=True),
            conns("replication", "Engines that get copies of sessions.", name="replication_conns", effective=False),
            Option("debit_interval", Duration(), "0s", "How often a prepaid session is debited by the engine itself; 0: by its updates."),
            Option("store_session_costs", Flag(), False, "Store the cost apart when a session ends, for a CDR that comes later."),
            Option("default_usage", Map(Usage()), DEFAULT_USAGE, "Usage asked for by requests that name none, by type of record."),
            Option("session_ttl", Duration(), "0s", "A session without updates ends after it; 0: never."),
            Option("session_ttl_max_delay", Duration(), None, "Random time added to session_ttl, at most."),
            Option(
                "session_ttl_last_used",
                Duration(),
                None,
                "Usage put down to the last update of a session that its TTL ends.",
            ),
            Option("session_ttl_usage", Duration(), None, "Usage charged for a session that its TTL ends."),
            Option("session_last_usage", Duration(), None, "Last usage of a session that its TTL ends."),
            Option(
                "returned_units",
                Texts(),
                ("*voice", "*data"),
                "Types of the balances whose units come back when a session used less than was granted; CGRateS keeps those of all others.",
                appliance=("*any",),
                own=True,
            ),
            Option("failed_begin_ttl", Duration(), "5m", "How long a session whose begin failed is remembered.", own=True),
            Option("session_indexes", Texts(), (), "Fields by which active sessions are found quickly."),
            Option(
                "client_protocol",
                Number(("0.0", "1.0", "2.0")),
                "2.0",
                "Version of the calls to bidirectional clients; one that does not know a call is asked in older words from then on.",
            ),
            Option("channel_sync_interval", Duration(), "0", "How often switches are asked for their calls; 0: never."),
            Option("channel_sync_timeout", Duration(), "60s", "How long their answer is waited for."),
            Option(
                "stale_chan_max_extra_usage",
                Duration(),
                "0",
                "Random usage added to a session its switch has lost, at most.",
            ),
            Option("terminate_attempts", COUNT, 5, "Times a client is asked to end a call."),
            Option("alterable_fields", Texts(), (), "Fields that an update may change."),
            Option("min_dur_low_balance", Duration(), None, "Remaining time at which the caller is warned; unset: never."),
            Option("stir", STIR, None, "Signed caller identity (STIR/SHAKEN)."),
            conns("scheduler", "Makes accounts of *dynaprepaid sessions.", wired=True, effective=False),
            Option("backup_interval", Duration(), "0s", "How often sessions are stored. Here each change is.", effective=False),
        )
    ),
    "Sessions.",
    effective=True,
)

APIERS: Final = Section(
    "apiers",
    Group(
        (
            enabled("Serve the management methods.", on=True),
            conns("caches", "Caches that are told of changes.", default=("*internal",), effective=False),
            conns("scheduler", "Told of changed action plans.", wired=True, effective=False),
            conns("attributes", "Used for API keys.", wired=True, effective=False),
            conns("ees", "Exporters of CDRs that are exported by request.", effective=False),
        )
    ),
    "Management methods.",
    effective=True,
)

SECTIONS: Final = (FILTERS, RALS, SCHEDULERS, CDRS, SESSIONS, APIERS)
