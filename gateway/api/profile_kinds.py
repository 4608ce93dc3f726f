"""The kinds of profiles as the API shows them: one row each, with the shape of its object and what is special about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.api.gotypes import Struct
from gateway.api.shapes import ACTIVATION, TENANT_ID, TENANT_ID_WITH_OPTS, named, shape


@dataclass(frozen=True, slots=True)
class ProfileKind:
    """A row. `noun` names the methods: Set<noun>, Get<noun>, Remove<noun>, Get<noun>IDs, Get<noun>Count."""

    kind: str  # of the engine's items (engine/profiles/policies.py)
    noun: str
    fields: Struct  # the object itself
    setter: Struct  # what Set<noun> takes
    getter: Struct = TENANT_ID  # what Get<noun> takes
    replica_setter: Struct | None = None  # what ReplicatorSv1.Set<noun> takes; None: the same as Set<noun>
    mandatory: str = "ID"
    not_found: str = "NOT_FOUND"
    listed: bool = True  # Get<noun>IDs exists
    counted: bool = False  # Get<noun>Count exists
    index: str = ""  # the name of its filter index; "" where the kind has no filters
    contexts: str = ""  # the field that means ["*any"] where it is empty
    never_null: str = ""  # the list that is [] where it is empty


_OPTS: Final = "APIOpts map[string]any"


def _setter(name: str, fields: Struct) -> Struct:
    return shape(name, f"*{fields.name}; {_OPTS}", fields)


_COMMON: Final = "Tenant string; ID string; FilterIDs []string; ActivationInterval *utils.ActivationInterval;"

_PARSER: Final = shape("config.RSRParser", "Rules string")
_PARSERS: Final = named("config.RSRParsers", "[]*config.RSRParser", _PARSER)
_ATTRIBUTE_VALUE: Final = shape("engine.Attribute", "FilterIDs []string; Path string; Type string; Value config.RSRParsers", _PARSERS)
ATTRIBUTE_FIELDS: Final = shape(
    "engine.AttributeProfile",
    "Tenant string; ID string; Contexts []string; FilterIDs []string; ActivationInterval *utils.ActivationInterval;"
    "Attributes []*engine.Attribute; Blocker bool; Weight float64",
    ACTIVATION,
    _ATTRIBUTE_VALUE,
)
_CHARGER: Final = shape("engine.ChargerProfile", f"{_COMMON} RunID string; AttributeIDs []string; Weight float64", ACTIVATION)
_RESOURCE: Final = shape(
    "engine.ResourceProfile",
    f"{_COMMON} UsageTTL time.Duration; Limit float64; AllocationMessage string; Blocker bool; Stored bool; Weight float64;"
    "ThresholdIDs []string",
    ACTIVATION,
)
_METRIC: Final = shape("engine.MetricWithFilters", "FilterIDs []string; MetricID string")
_STAT: Final = shape(
    "engine.StatQueueProfile",
    f"{_COMMON} QueueLength int; TTL time.Duration; MinItems int; Metrics []*engine.MetricWithFilters; Stored bool; Blocker bool;"
    "Weight float64; ThresholdIDs []string",
    ACTIVATION,
    _METRIC,
)
_THRESHOLD: Final = shape(
    "engine.ThresholdProfile",
    f"{_COMMON} MaxHits int; MinHits int; MinSleep time.Duration; Blocker bool; Weight float64; ActionIDs []string; Async bool;"
    "EeIDs []string",
    ACTIVATION,
)
_ROUTE_ENTRY: Final = shape(
    "engine.Route",
    "ID string; FilterIDs []string; AccountIDs []string; RatingPlanIDs []string; ResourceIDs []string; StatIDs []string;"
    "Weight float64; Blocker bool; RouteParameters string",
)
_ROUTE: Final = shape(
    "engine.RouteProfile",
    f"{_COMMON} Sorting string; SortingParameters []string; Routes []*engine.Route; Weight float64",
    ACTIVATION,
    _ROUTE_ENTRY,
)
_TREND: Final = shape(
    "engine.TrendProfile",
    "Tenant string; ID string; Schedule string; StatID string; Metrics []string; TTL time.Duration; QueueLength int; MinItems int;"
    "CorrelationType string; Tolerance float64; Stored bool; ThresholdIDs []string",
)
_RANKING: Final = shape(
    "engine.RankingProfile",
    "Tenant string; ID string; Schedule string; StatIDs []string; MetricIDs []string; Sorting string; SortingParameters []string;"
    "Stored bool; ThresholdIDs []string",
)
_POOL: Final = shape(
    "engine.IPPool",
    "ID string; FilterIDs []string; Type string; Range string; Strategy string; Message string; Weight float64; Blocker bool",
)
_IP: Final = shape(
    "engine.IPProfile", f"{_COMMON} Weight float64; TTL time.Duration; Stored bool; Pools []*engine.IPPool", ACTIVATION, _POOL
)
_HOST_ENTRY: Final = shape(
    "engine.DispatcherHostProfile", "ID string; FilterIDs []string; Weight float64; Params map[string]any; Blocker bool"
)
_HOST_ENTRIES: Final = named("engine.DispatcherHostProfiles", "[]*engine.DispatcherHostProfile", _HOST_ENTRY)
_DISPATCHER: Final = shape(
    "engine.DispatcherProfile",
    "Tenant string; ID string; Subsystems []string; FilterIDs []string; ActivationInterval *utils.ActivationInterval;"
    "Strategy string; StrategyParams map[string]any; Weight float64; Hosts engine.DispatcherHostProfiles",
    ACTIVATION,
    _HOST_ENTRIES,
)
_REMOTE: Final = shape(
    "config.RemoteHost",
    "ID string; Address string; Transport string; ConnectAttempts int; Reconnects int; MaxReconnectInterval time.Duration;"
    "ConnectTimeout time.Duration; ReplyTimeout time.Duration; TLS bool; ClientKey string; ClientCertificate string;"
    "CaCertificate string",
)
_HOST: Final = shape("engine.DispatcherHost", "Tenant string; *config.RemoteHost", _REMOTE)
_RULE: Final = shape("engine.FilterRule", "Type string; Element string; Values []string")
FILTER_FIELDS: Final = shape(
    "engine.Filter",
    "Tenant string; ID string; Rules []*engine.FilterRule; ActivationInterval *utils.ActivationInterval",
    ACTIVATION,
    _RULE,
)

# Attributes as version 2 of the API takes them: values as one text.
_TEXT_VALUE: Final = shape("engine.ExternalAttribute", "FilterIDs []string; Path string; Type string; Value string")
ATTRIBUTE_V2: Final = shape(
    "engine.APIAttributeProfile",
    "Tenant string; ID string; Contexts []string; FilterIDs []string; ActivationInterval *utils.ActivationInterval;"
    "Attributes []*engine.ExternalAttribute; Blocker bool; Weight float64",
    ACTIVATION,
    _TEXT_VALUE,
)
ATTRIBUTE_V2_SETTER: Final = _setter("v2.AttributeWithAPIOpts", ATTRIBUTE_V2)

PROFILE_KINDS: Final = (
    ProfileKind(
        "attribute_profile",
        "AttributeProfile",
        ATTRIBUTE_FIELDS,
        _setter("engine.AttributeProfileWithAPIOpts", ATTRIBUTE_FIELDS),
        TENANT_ID_WITH_OPTS,
        mandatory="ID Attributes",
        counted=True,
        index="*attribute_filter_indexes",
        contexts="Contexts",
    ),
    ProfileKind(
        "charger_profile",
        "ChargerProfile",
        _CHARGER,
        _setter("v1.ChargerWithAPIOpts", _CHARGER),
        replica_setter=_setter("engine.ChargerProfileWithAPIOpts", _CHARGER),
        index="*charger_filter_indexes",
    ),
    ProfileKind(
        "resource_profile",
        "ResourceProfile",
        _RESOURCE,
        _setter("engine.ResourceProfileWithAPIOpts", _RESOURCE),
        index="*resource_filter_indexes",
    ),
    ProfileKind(
        "stat_queue_profile",
        "StatQueueProfile",
        _STAT,
        _setter("engine.StatQueueProfileWithAPIOpts", _STAT),
        index="*stat_filter_indexes",
    ),
    ProfileKind(
        "threshold_profile",
        "ThresholdProfile",
        _THRESHOLD,
        _setter("engine.ThresholdProfileWithAPIOpts", _THRESHOLD),
        counted=True,
        index="*threshold_filter_indexes",
    ),
    ProfileKind(
        "route_profile",
        "RouteProfile",
        _ROUTE,
        _setter("v1.RouteWithAPIOpts", _ROUTE),
        replica_setter=_setter("engine.RouteProfileWithAPIOpts", _ROUTE),
        index="*route_filter_indexes",
    ),
    ProfileKind("trend_profile", "TrendProfile", _TREND, _setter("engine.TrendProfileWithAPIOpts", _TREND), listed=False),
    ProfileKind("ranking_profile", "RankingProfile", _RANKING, _setter("engine.RankingProfileWithAPIOpts", _RANKING)),
    ProfileKind(
        "ip_profile",
        "IPProfile",
        _IP,
        _setter("engine.IPProfileWithAPIOpts", _IP),
        index="*ip_filter_indexes",
        never_null="Pools",
    ),
    ProfileKind(
        "dispatcher_profile",
        "DispatcherProfile",
        _DISPATCHER,
        _setter("v1.DispatcherWithAPIOpts", _DISPATCHER),
        replica_setter=_setter("engine.DispatcherProfileWithAPIOpts", _DISPATCHER),
        not_found="DSP_PROFILE_NOT_FOUND",
        index="*dispatcher_filter_indexes",
        contexts="Subsystems",
    ),
    ProfileKind(
        "dispatcher_host",
        "DispatcherHost",
        _HOST,
        _setter("engine.DispatcherHostWithAPIOpts", _HOST),
        not_found="DSP_HOST_NOT_FOUND",
    ),
    ProfileKind("filter", "Filter", FILTER_FIELDS, _setter("engine.FilterWithAPIOpts", FILTER_FIELDS)),
)
