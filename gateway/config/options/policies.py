"""Options of the policy rooms: attributes, chargers, resources, ips, stats, trends, rankings, thresholds, routes, dispatchers."""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Duration, Flag, Group, Map, Number, Option, Section, Text, Texts, Whole
from gateway.config.options.parts import COUNT, STORE_INTERVAL, conns, enabled, exporters_of, indexing

PROFILE_IDS: Final = Option("*profileIDs", Texts(), (), "Profiles looked at; empty: those the indexes find.")
IGNORE_FILTERS: Final = Option("*profileIgnoreFilters", Flag(), False, "Do not ask the filters of profiles that are named.")

ATTRIBUTES: Final = Section(
    "attributes",
    Group(
        (
            enabled("Change events by attribute profiles.", on=True),
            conns("stats", "Answer ~*stats in values.", wired=True),
            conns("resources", "Answer ~*resources in values.", wired=True),
            conns("apiers", "Answer ~*accounts in values.", wired=True),
            *indexing(),
            Option("any_context", Flag(), True, "Profiles of the context *any serve every context."),
            Option(
                "opts",
                Group(
                    (
                        PROFILE_IDS,
                        Option("*profileRuns", COUNT, 0, "Times one profile may run for an event; 0: no limit."),
                        Option("*processRuns", COUNT, 1, "Profiles run one after the other."),
                        IGNORE_FILTERS,
                    )
                ),
                None,
                "What requests say when they do not say.",
            ),
        )
    ),
    "Attribute profiles.",
)

CHARGERS: Final = Section(
    "chargers",
    Group(
        (
            enabled("Fork events by charger profiles.", on=True),
            conns("attributes", "Changes the forks.", wired=True),
            *indexing(),
        )
    ),
    "Charger profiles.",
    effective=True,
)

RESOURCES: Final = Section(
    "resources",
    Group(
        (
            enabled("Count and limit what is used at the same time.", on=True),
            STORE_INTERVAL,
            conns("thresholds", "Told of resources that changed.", wired=True),
            *indexing(),
            Option(
                "opts",
                Group(
                    (
                        Option("*usageID", Text(), "", "Id under which units are held."),
                        Option("*usageTTL", Duration(), None, "How long units are held."),
                        Option("*units", Number(), "1", "Units held."),
                    )
                ),
                None,
                "What requests say when they do not say.",
            ),
        )
    ),
    "Resource profiles.",
)

IPS: Final = Section(
    "ips",
    Group(
        (
            enabled("Give addresses from pools.", on=True),
            STORE_INTERVAL,
            *indexing(),
            Option(
                "opts",
                Group(
                    (
                        Option("*allocationID", Text(), "", "Id under which an address is held."),
                        Option("*ttl", Duration(), "72h", "How long an address is held."),
                    )
                ),
                None,
                "What requests say when they do not say.",
            ),
        )
    ),
    "Address pools.",
)

STATS: Final = Section(
    "stats",
    Group(
        (
            enabled("Keep queues of events and their metrics.", on=True),
            STORE_INTERVAL,
            Option("store_uncompressed_limit", COUNT, 0, "Events up to which a queue is stored as it is; more are summed up."),
            conns("thresholds", "Told of queues that changed.", wired=True),
            *exporters_of("metrics"),
            *indexing(),
            Option("opts", Group((PROFILE_IDS, IGNORE_FILTERS)), None, "What requests say when they do not say."),
        )
    ),
    "Stat queues.",
)

TRENDS: Final = Section(
    "trends",
    Group(
        (
            enabled("Watch metrics over time.", on=True),
            STORE_INTERVAL,
            Option("store_uncompressed_limit", COUNT, 0, "Samples up to which a trend is stored as it is."),
            conns("stats", "The queues that are watched.", wired=True),
            Option("scheduled_ids", Map(Texts()), {}, "Trends sampled from start on, by tenant; an empty list: all of it."),
            conns("thresholds", "Told of trends that changed.", wired=True),
            *exporters_of("trends"),
        )
    ),
    "Trends.",
)

RANKINGS: Final = Section(
    "rankings",
    Group(
        (
            enabled("Sort stat queues by their metrics.", on=True),
            STORE_INTERVAL,
            conns("stats", "The queues that are sorted.", wired=True),
            Option("scheduled_ids", Map(Texts()), {}, "Rankings made from start on, by tenant; an empty list: all of it."),
            conns("thresholds", "Told of rankings that changed.", wired=True),
            *exporters_of("rankings"),
        )
    ),
    "Rankings.",
)

THRESHOLDS: Final = Section(
    "thresholds",
    Group(
        (
            enabled("Count events and act at limits.", on=True),
            STORE_INTERVAL,
            conns("sessions", "Sessions that actions end.", wired=True),
            conns("apiers", "Answer ~*accounts in filters.", wired=True),
            *exporters_of("hits"),
            *indexing(),
            Option("opts", Group((PROFILE_IDS, IGNORE_FILTERS)), None, "What requests say when they do not say."),
        )
    ),
    "Threshold profiles.",
)

ROUTES: Final = Section(
    "routes",
    Group(
        (
            enabled("Sort the carriers of a call.", on=True),
            *indexing(),
            conns("attributes", "Changes the event before.", wired=True),
            conns("resources", "Units in use on a carrier.", wired=True),
            conns("stats", "Quality of a carrier.", wired=True),
            conns("rals", "Cost at a carrier.", wired=True),
            Option("default_ratio", Whole(), 1, "Share of a carrier that *load names none for."),
            Option(
                "opts",
                Group(
                    (
                        Option("*context", Text(), "*routes", "Context of the attribute profiles."),
                        Option("*ignoreErrors", Flag(), False, "Leave out a carrier whose cost or metric is missing."),
                        Option("*maxCost", Text(), "", "Greatest cost: an amount, or *event_cost."),
                        Option("*profileCount", COUNT, None, "Profiles used; unset: all that fit."),
                        Option("*limit", COUNT, None, "Carriers answered."),
                        Option("*offset", COUNT, None, "Carriers passed over first."),
                    )
                ),
                None,
                "What requests say when they do not say.",
            ),
        )
    ),
    "Route profiles.",
)

DISPATCHERS: Final = Section(
    "dispatchers",
    Group(
        (
            enabled("Hand requests on to other engines."),
            *indexing(),
            conns("attributes", "Checks API keys."),
            Option("any_subsystem", Flag(), True, "Profiles of the subsystem *any serve every one."),
            Option("prevent_loops", Flag(), False, "Do not hand on what another dispatcher handed on."),
        )
    ),
    "Dispatcher profiles.",
)

SECTIONS: Final = (ATTRIBUTES, CHARGERS, RESOURCES, IPS, STATS, TRENDS, RANKINGS, THRESHOLDS, ROUTES, DISPATCHERS)
