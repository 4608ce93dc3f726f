"""What several sections of the options table share: connections, field indexes, cached items, field templates, request processors."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET

from gateway.config.kinds import (
    INTERNAL,
    Conns,
    Duration,
    Fields,
    Flag,
    Group,
    Objects,
    Option,
    Raw,
    Text,
    Texts,
    TimeZone,
    Whole,
)

WIRED: Final[tuple[str, ...]] = (INTERNAL,)
CALLED_BACK: Final = ("*birpc_internal",)
PERFORMANCE: Final = "Told how long requests took, where a processor's flags say so."
PORTS: Final = Whole(0, 65535)
COUNT: Final = Whole(0)
TIMEZONE: Final = TimeZone()
NO_TTL: Final = "empty: kept for ever"

FIELD_TYPES: Final = (
    "*none",
    "*constant",
    "*variable",
    "*composed",
    "*group",
    "*usage_difference",
    "*cc_usage",
    "*sum",
    "*difference",
    "*multiply",
    "*divide",
    "*value_exponent",
    "*unix_timestamp",
    "*datetime",
    "*prefix",
    "*suffix",
    "*sipcid",
    "*filler",
    "*remove",
    "*removeall",
    "*template",
)

TEMPLATE: Final = Group(
    (
        Option("tag", Text(), None, "Name of the field in faults and logs; the path when left out."),
        Option("type", Text(FIELD_TYPES, open_choices=True, prefixes=("*http#",)), None, "How the value is made."),
        Option("path", Text(), None, "Where the value goes: *cgreq.Account, *rep.Result-Code, *opts.*rsUsageID ..."),
        Option("value", Text(), None, "What it is made of: texts and ~paths with converters, joined by the rsr_separator."),
        Option("filters", Texts(), None, "Rules that must pass for the field to be set."),
        Option("mandatory", Flag(), None, "A value that is missing ends the request with an error."),
        Option("blocker", Flag(), None, "Fields after this one are passed over once it is set."),
        Option("new_branch", Flag(), None, "A *group value begins a new group or a further AVP."),
        Option("attribute_id", Text(), None, "Name of the XML attribute that is set instead of the element's text."),
        Option("width", COUNT, None, "Characters that the value must have."),
        Option("strip", Text(("", "*left", "*right", "*xleft", "*xright")), None, "Where a value longer than width is cut."),
        Option("padding", Text(("", "*left", "*right", "*zeroleft")), None, "Where a value shorter than width is filled."),
        Option("timezone", TIMEZONE, None, "Time zone of times that are read or written."),
        Option("layout", Text(), None, "Go time layout of *datetime; RFC 3339 when left out."),
        Option("rounding_decimals", Whole(0, 18), None, "Decimals of a *value_exponent result."),
        Option("cost_shift_digits", Whole(0, 18), None, "Places by which the decimal point of a cost is moved to the right."),
        Option("mask_destinationd_id", Text(), None, "Destination id whose numbers are masked."),
        Option("mask_length", COUNT, None, "Digits at the end of a number that are masked."),
    ),
    sparse=True,
)


def enabled(doc: str, *, on: bool = False) -> Option:
    """The switch of a section; `on`: a room of the engine, set in the appliance column and looked at whatever else is."""
    return Option("enabled", Flag(), False, doc, appliance=True if on else UNSET, effective=True if on else None)


def conns(
    room: str, doc: str, *, wired: bool = False, default: tuple[str, ...] = (), name: str = "", effective: bool | None = None
) -> Option:
    """`<room>_conns`; `wired`: connected inside the process in the appliance column. `name`: where the option is called otherwise."""
    answered_by = {"scheduler": "schedulers"}.get(room, room)
    return Option(name or f"{room}_conns", Conns(answered_by), default, doc, appliance=WIRED if wired else UNSET, effective=effective)


def indexing() -> tuple[Option, ...]:
    """How candidates among profiles are found."""
    return (
        Option("indexed_selects", Flag(), True, "Find candidates by the filter indexes; false looks at every profile."),
        Option("string_indexed_fields", Texts(), None, "Event fields asked in *string indexes; unset: all of them."),
        Option("prefix_indexed_fields", Texts(), (), "Event fields asked in *prefix indexes."),
        Option("suffix_indexed_fields", Texts(), (), "Event fields asked in *suffix indexes."),
        Option("exists_indexed_fields", Texts(), (), "Event fields asked in *exists indexes."),
        Option("nested_fields", Flag(), False, "Ask the indexes for fields inside of fields too."),
    )


STORE_INTERVAL: Final = Option(
    "store_interval", Duration(), "", "How often changed items are stored; -1: at once. Here every change is durable before its answer."
)


def exporters_of(what: str) -> tuple[Option, ...]:
    """Where a policy room sends what it has made."""
    return (
        conns("ees", f"Exporters that get {what}."),
        Option("ees_exporter_ids", Texts(), (), f"Ids of the exporters that get {what}; empty: all."),
    )


def item_options(*, precache: bool) -> tuple[Option, ...]:
    """How one kind of item is kept: in a store or a cache partition."""
    common = (
        Option("limit", Whole(-1), -1, "Items kept; -1: no limit, 0: none at all."),
        Option("ttl", Duration(), "", f"How long an item is kept; {NO_TTL}."),
        Option("static_ttl", Flag(), False, "The time runs from when the item was set, not from its last use."),
        Option("remote", Flag(), False, "Ask remote_conns for items that are missing here."),
        Option("replicate", Flag(), False, "Send changes to replication_conns."),
    )
    if not precache:
        return common
    return (*common, Option("precache", Flag(), None, "Load all items when the process starts."))


def processors(prefix: str, what: str) -> Option:
    """The request_processors of an agent. `prefix`: what a short name among reply_fields stands in."""
    return Option("request_processors", Objects(processor_group(prefix), key="id"), (), f"How {what} become events and answers, in order.")


def processor_group(prefix: str) -> Group:
    """One request processor."""
    return Group(
        (
            Option("id", Text(), "", "Name; a later file changes the processor of the same name."),
            Option("filters", Texts(), (), "Rules that a request must pass; all of them."),
            Option("tenant", Text(), "", "Tenant of the event: a text or ~path; empty: general.default_tenant."),
            Option("timezone", TIMEZONE, "", "Time zone of times without an offset; empty: general.default_timezone."),
            Option("flags", Texts(), (), "What is asked of the engine: *initiate, *accounts, *cdrs, *dryrun, *continue ..."),
            Option("request_fields", Fields("*cgreq."), (), "Fields of the event; list of templates, or a table of name = value."),
            Option("reply_fields", Fields(prefix), (), "Fields of the answer; list of templates, or a table of name = value."),
        )
    )


def field(tag: str, path: str, value: str, *, kind: str = "*variable", **more: Raw) -> dict[str, Raw]:
    """One template of the defaults."""
    return {"tag": tag, "path": path, "type": kind, "value": value} | more


def observers() -> tuple[Option, ...]:
    """Who is told of an agent's own work."""
    return conns("stats", PERFORMANCE), conns("thresholds", PERFORMANCE)
