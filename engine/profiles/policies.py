"""Profiles of the policy kinds as an operator wrote them: stored so, listed back so, field names as API clients know them.

Weights, limits and tolerances stay in decimal text, durations are ns, instants RFC 3339 text. None is a list or interval that was
not given, which clients see as null; an empty list they see as []. Items are stored under `<Tenant>:<ID>`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.profiles.kind import Kind

Texts = tuple[str, ...] | None
NO_TIME_TEXT: Final = "0001-01-01T00:00:00Z"


class ActivationInterval(msgspec.Struct, frozen=True):
    """Active after ActivationTime and before ExpiryTime, both ends outside; the zero time bounds nothing."""

    ActivationTime: str = NO_TIME_TEXT
    ExpiryTime: str = NO_TIME_TEXT


class FilterRule(msgspec.Struct, frozen=True):
    """A test of an event: Type names how Element (a path) is compared with Values."""

    Type: str
    Element: str
    Values: Texts = None


class Filter(msgspec.Struct, frozen=True):
    """Rules that must all hold; kind `filter`."""

    Tenant: str
    ID: str
    Rules: tuple[FilterRule, ...] | None = None
    ActivationInterval: ActivationInterval | None = None


class Template(msgspec.Struct, frozen=True):
    """One part of a value: `~*req.Field` with its converters, or the text itself."""

    Rules: str


class Attribute(msgspec.Struct, frozen=True):
    """A field that an attribute profile writes, where its own filters pass."""

    FilterIDs: Texts = None
    Path: str = ""
    Type: str = ""
    Value: tuple[Template, ...] | None = None


class AttributeProfile(msgspec.Struct, frozen=True):
    """Fields to write into events of these contexts; kind `attribute_profile`."""

    Tenant: str
    ID: str
    Contexts: Texts = None
    FilterIDs: Texts = None
    ActivationInterval: ActivationInterval | None = None
    Attributes: tuple[Attribute, ...] | None = None
    Blocker: bool = False
    Weight: str = "0"


class ChargerProfile(msgspec.Struct, frozen=True):
    """A run that an event is charged in, and the attribute profiles applied to it; kind `charger_profile`."""

    Tenant: str
    ID: str
    FilterIDs: Texts = None
    ActivationInterval: ActivationInterval | None = None
    RunID: str = ""
    AttributeIDs: Texts = None
    Weight: str = "0"


class ResourceProfile(msgspec.Struct, frozen=True):
    """Something of which Limit pieces exist, each held for at most UsageTTL; kind `resource_profile`."""

    Tenant: str
    ID: str
    FilterIDs: Texts = None
    ActivationInterval: ActivationInterval | None = None
    UsageTTL: int = 0
    Limit: str = "0"
    AllocationMessage: str = ""
    Blocker: bool = False
    Stored: bool = False
    Weight: str = "0"
    ThresholdIDs: Texts = None


class IPPool(msgspec.Struct, frozen=True):
    """Addresses of an IP profile."""

    ID: str
    FilterIDs: Texts = None
    Type: str = ""
    Range: str = ""
    Strategy: str = ""
    Message: str = ""
    Weight: str = "0"
    Blocker: bool = False


class IPProfile(msgspec.Struct, frozen=True):
    """Address pools, an address held for at most TTL; kind `ip_profile`."""

    Tenant: str
    ID: str
    FilterIDs: Texts = None
    ActivationInterval: ActivationInterval | None = None
    Weight: str = "0"
    TTL: int = 0
    Stored: bool = False
    Pools: tuple[IPPool, ...] = ()


class Metric(msgspec.Struct, frozen=True):
    """What a queue counts, of the events that pass the filters."""

    MetricID: str
    FilterIDs: Texts = None


class StatQueueProfile(msgspec.Struct, frozen=True):
    """A queue of events and the metrics over it; kind `stat_queue_profile`."""

    Tenant: str
    ID: str
    FilterIDs: Texts = None
    ActivationInterval: ActivationInterval | None = None
    QueueLength: int = 0
    TTL: int = 0
    MinItems: int = 0
    Metrics: tuple[Metric, ...] | None = None
    Stored: bool = False
    Blocker: bool = False
    Weight: str = "0"
    ThresholdIDs: Texts = None


class TrendProfile(msgspec.Struct, frozen=True):
    """Metrics of a queue sampled on a schedule; kind `trend_profile`."""

    Tenant: str
    ID: str
    Schedule: str = ""
    StatID: str = ""
    Metrics: Texts = None
    TTL: int = 0
    QueueLength: int = 0
    MinItems: int = 0
    CorrelationType: str = ""
    Tolerance: str = "0"
    Stored: bool = False
    ThresholdIDs: Texts = None


class RankingProfile(msgspec.Struct, frozen=True):
    """Queues sorted by their metrics on a schedule; kind `ranking_profile`."""

    Tenant: str
    ID: str
    Schedule: str = ""
    StatIDs: Texts = None
    MetricIDs: Texts = None
    Sorting: str = ""
    SortingParameters: Texts = None
    Stored: bool = False
    ThresholdIDs: Texts = None


class ThresholdProfile(msgspec.Struct, frozen=True):
    """Actions to run once enough events have hit; kind `threshold_profile`."""

    Tenant: str
    ID: str
    FilterIDs: Texts = None
    ActivationInterval: ActivationInterval | None = None
    MaxHits: int = 0
    MinHits: int = 0
    MinSleep: int = 0
    Blocker: bool = False
    Weight: str = "0"
    ActionIDs: Texts = None
    Async: bool = False
    EeIDs: Texts = None


class Route(msgspec.Struct, frozen=True):
    """One way of a route profile, and what its price and quality are looked up in."""

    ID: str
    FilterIDs: Texts = None
    AccountIDs: Texts = None
    RatingPlanIDs: Texts = None
    ResourceIDs: Texts = None
    StatIDs: Texts = None
    Weight: str = "0"
    Blocker: bool = False
    RouteParameters: str = ""


class RouteProfile(msgspec.Struct, frozen=True):
    """Ways to a destination and how they are sorted; kind `route_profile`."""

    Tenant: str
    ID: str
    FilterIDs: Texts = None
    ActivationInterval: ActivationInterval | None = None
    Sorting: str = ""
    SortingParameters: Texts = None
    Routes: tuple[Route, ...] | None = None
    Weight: str = "0"


class DispatcherProfileHost(msgspec.Struct, frozen=True):
    """A host of a dispatcher profile."""

    ID: str
    FilterIDs: Texts = None
    Weight: str = "0"
    Params: dict[str, object] | None = None
    Blocker: bool = False


class DispatcherProfile(msgspec.Struct, frozen=True):
    """Which hosts serve the requests of which subsystems; kind `dispatcher_profile`."""

    Tenant: str
    ID: str
    Subsystems: Texts = None
    FilterIDs: Texts = None
    ActivationInterval: ActivationInterval | None = None
    Strategy: str = ""
    StrategyParams: dict[str, object] | None = None
    Weight: str = "0"
    Hosts: tuple[DispatcherProfileHost, ...] | None = None


class DispatcherHost(msgspec.Struct, frozen=True):
    """Where a host is and how it is connected to; kind `dispatcher_host`."""

    Tenant: str
    ID: str
    Address: str = ""
    Transport: str = ""
    ConnectAttempts: int = 0
    Reconnects: int = 0
    MaxReconnectInterval: int = 0
    ConnectTimeout: int = 0
    ReplyTimeout: int = 0
    TLS: bool = False
    ClientKey: str = ""
    ClientCertificate: str = ""
    CaCertificate: str = ""


class DroppedIndex(msgspec.Struct, frozen=True):
    """Profiles of a tenant (and context) that were taken out of the filter indexes by hand; kind `dropped_index`."""

    Tenant: str
    Kind: str
    Context: str
    IDs: tuple[str, ...]


KINDS: Final = (
    Kind("filter", Filter, tenant=True),
    Kind("attribute_profile", AttributeProfile, tenant=True),
    Kind("charger_profile", ChargerProfile, tenant=True),
    Kind("resource_profile", ResourceProfile, tenant=True),
    Kind("ip_profile", IPProfile, tenant=True),
    Kind("stat_queue_profile", StatQueueProfile, tenant=True),
    Kind("trend_profile", TrendProfile, tenant=True),
    Kind("ranking_profile", RankingProfile, tenant=True),
    Kind("threshold_profile", ThresholdProfile, tenant=True),
    Kind("route_profile", RouteProfile, tenant=True),
    Kind("dispatcher_profile", DispatcherProfile, tenant=True),
    Kind("dispatcher_host", DispatcherHost, tenant=True),
    Kind("dropped_index", DroppedIndex, tenant=True),
)
