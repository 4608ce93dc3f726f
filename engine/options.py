"""What the engine is told when it is built; the gateway fills it from the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.attributes.decide import AttributeOptions
from engine.chargers.decide import ChargerOptions
from engine.rating.call import RatingOptions
from engine.times import UTC_ZONE, Zone


@dataclass
class SessionOptions:
    """Durations and usages in ns; None where the configuration says nothing. `default_usage` by ToR, with `*any` for the others.

    `connected` are the rooms that sessions are wired to besides chargers and rating: attributes, cdrs, ips, resources, thresholds,
    stats, routes. `topup_reauthorizes`: clients whose first request is remembered look at their sessions again when their account gets
    more; `tariff_change_reauthorizes`: when rating data changes.
    """

    default_usage: dict[str, int] = field(default_factory=dict)
    debit_interval_ns: int = 0
    session_ttl_ns: int = 0
    store_session_costs: bool = False
    failed_begin_ttl_ns: int = 300_000_000_000
    closed_sessions_ttl_ns: int = 10_000_000_000
    alterable_fields: tuple[str, ...] = ()
    ttl_max_delay_ns: int = 0
    ttl_last_used_ns: int | None = None
    ttl_last_usage_ns: int | None = None
    ttl_usage_ns: int | None = None
    indexes: tuple[str, ...] = ()
    min_low_balance_ns: int = 0
    channel_sync_interval_ns: int = 0
    channel_sync_timeout_ns: int = 60_000_000_000
    stale_max_extra_usage_ns: int = 0
    replication: tuple[str, ...] = ()
    connected: frozenset[str] = frozenset({"cdrs"})
    topup_reauthorizes: bool = False
    tariff_change_reauthorizes: bool = False


@dataclass
class CdrOptions:
    """What is done with the events of records where a request does not say; durations in ns.

    `scheduler`: accounts that are not there are made for *dynaprepaid. `ids_ttl_ns` is how long a run that was processed and not stored
    is known for a repetition, `session_cost_ttl_ns` how long the cost of a session waits for its record.
    """

    attributes: bool = False
    chargers: bool = False
    rals: bool = True
    export: bool = False
    thresholds: bool = False
    stats: bool = False
    scheduler: bool = False
    ids_ttl_ns: int = 600_000_000_000
    session_cost_ttl_ns: int = 7 * 86_400_000_000_000


@dataclass
class EngineOptions:
    """All rooms' options; `..._connected` say which rooms sessions are wired to, `..._ask` whether the rules of filters and
    the values of attributes may ask accounts and the tariff."""

    rating: RatingOptions
    default_steps: dict[str, int]  # step of unit balances without a rating subject, by ToR and *any
    sessions: SessionOptions
    default_tenant: str = "cgrates.org"
    default_category: str = "call"
    default_request_type: str = "*rated"
    zone: Zone = UTC_ZONE
    remove_expired: bool = True
    scheduler: bool = True
    scheduler_filters: tuple[str, ...] = ()
    dynaprepaid_actionplans: tuple[str, ...] = ()
    cdrs: CdrOptions = field(default_factory=CdrOptions)
    store_cdrs: bool = True
    chargers_connected: bool = False
    attributes_connected: bool = False
    rals_connected: bool = True
    filters_ask: bool = True
    attributes_ask: bool = True
    attributes: AttributeOptions = field(default_factory=AttributeOptions)
    chargers: ChargerOptions = field(default_factory=ChargerOptions)
    node_id: str = ""
