"""Offline plans sheet by sheet: set, get, list and remove the items that a plan's name keeps until it is loaded. One row per sheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.commands import GetItem, ListItems, PutItem, RemoveItem
from engine.errors import RequestError, not_found
from engine.tariffplan.kinds import OfflineItem, offline_key, offline_kind
from engine.tariffplan.offline import LOAD_ID, decode_item, encode_item, offline_id
from engine.tariffplan.sheet import Sheet
from engine.tariffplan.sheets import BY_NAME
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.gotypes import Struct
from gateway.api.paging import page
from gateway.api.ratingdata import OK, RATING_ACTIVATION
from gateway.api.shapes import PAGINATOR, shape
from gateway.api.table import Handler, Method, method


@dataclass(frozen=True, slots=True)
class TpRow:
    """A sheet's methods: Set<noun>, Get<noun>, Remove<noun> and `lister`. `mandatory` are the fields that Set<noun> needs."""

    sheet: str
    noun: str
    lister: str
    fields: Struct
    mandatory: str = "TPid ID"
    name: str = "ID"  # the argument of Get and Remove that names the item

    @property
    def kind(self) -> str:
        """Of the engine's items."""
        return offline_kind(self.sheet)


# -- shapes --------------------------------------------------------------------------------------------------------------

_TAGGED: Final = "TPid string; ID string;"
_PROFILE: Final = f"{_TAGGED} Tenant string; FilterIDs []string; ActivationInterval *utils.TPActivationInterval;"
INTERVAL: Final = shape("utils.TPActivationInterval", "ActivationTime string; ExpiryTime string")
_SLOT: Final = shape("utils.RateSlot", "ConnectFee float64; Rate float64; RateUnit string; RateIncrement string; GroupIntervalStart string")
_RATE: Final = shape("utils.TPRateRALs", f"{_TAGGED} RateSlots []*utils.RateSlot", _SLOT)
_DESTINATION_RATE: Final = shape(
    "utils.DestinationRate",
    "DestinationId string; RateId string; Rate *utils.TPRateRALs; RoundingMethod string; RoundingDecimals int; MaxCost float64;"
    "MaxCostStrategy string",
    _RATE,
)
_BINDING: Final = shape("utils.TPRatingPlanBinding", "DestinationRatesId string; TimingId string; Weight float64")
_GROUP: Final = shape("utils.TPSharedGroup", "Account string; Strategy string; RatingSubject string")
_ACTION: Final = shape(
    "utils.TPAction",
    "Identifier string; BalanceId string; BalanceUuid string; BalanceType string; Units string; ExpiryTime string; Filters string;"
    "TimingTags string; DestinationIds string; RatingSubject string; Categories string; SharedGroups string; BalanceWeight string;"
    "ExtraParameters string; BalanceBlocker string; BalanceDisabled string; Weight float64",
)
_ACTION_TIMING: Final = shape("utils.TPActionTiming", "ActionsId string; TimingId string; Weight float64")
_TRIGGER: Final = shape(
    "utils.TPActionTrigger",
    "Id string; UniqueID string; ThresholdType string; ThresholdValue float64; Recurrent bool; MinSleep string; ExpirationDate string;"
    "ActivationDate string; BalanceId string; BalanceType string; BalanceDestinationIds string; BalanceWeight string;"
    "BalanceExpirationDate string; BalanceTimingTags string; BalanceRatingSubject string; BalanceCategories string;"
    "BalanceSharedGroups string; BalanceBlocker string; BalanceDisabled string; ActionsId string; Weight float64",
)
_RULE: Final = shape("utils.TPFilter", "Type string; Element string; Values []string")
_METRIC: Final = shape("utils.MetricWithFilters", "FilterIDs []string; MetricID string")
_ROUTE: Final = shape(
    "utils.TPRoute",
    "ID string; FilterIDs []string; AccountIDs []string; RatingPlanIDs []string; ResourceIDs []string; StatIDs []string;"
    "Weight float64; Blocker bool; RouteParameters string",
)
_ATTRIBUTE: Final = shape("utils.TPAttribute", "FilterIDs []string; Path string; Type string; Value string")
_HOST: Final = shape("utils.TPDispatcherHostProfile", "ID string; FilterIDs []string; Weight float64; Params []any; Blocker bool")
_CONNECTION: Final = shape(
    "utils.TPDispatcherHostConn",
    "Address string; Transport string; ConnectAttempts int; Reconnects int; MaxReconnectInterval time.Duration;"
    "ConnectTimeout time.Duration; ReplyTimeout time.Duration; TLS bool; ClientKey string; ClientCertificate string;"
    "CaCertificate string",
)
RATING_PROFILE: Final = shape(
    "utils.TPRatingProfile",
    "TPid string; LoadId string; Tenant string; Category string; Subject string; RatingPlanActivations []*utils.TPRatingActivation",
    RATING_ACTIVATION,
)
ACCOUNT_ACTIONS: Final = shape(
    "utils.TPAccountActions",
    "TPid string; LoadId string; Tenant string; Account string; ActionPlanId string; ActionTriggersId string; AllowNegative bool;"
    "Disabled bool",
)

ROWS: Final = (
    TpRow(
        "Destinations",
        "TPDestination",
        "GetTPDestinationIDs",
        shape("utils.TPDestination", f"{_TAGGED} Prefixes []string"),
        "TPid ID Prefixes",
    ),
    TpRow(
        "Timings",
        "TPTiming",
        "GetTPTimingIds",
        shape("utils.ApierTPTiming", f"{_TAGGED} Years string; Months string; MonthDays string; WeekDays string; Time string"),
        "TPid ID Years Months MonthDays WeekDays Time",
    ),
    TpRow("Rates", "TPRate", "GetTPRateIds", _RATE, "TPid ID RateSlots"),
    TpRow(
        "DestinationRates",
        "TPDestinationRate",
        "GetTPDestinationRateIds",
        shape("utils.TPDestinationRate", f"{_TAGGED} DestinationRates []*utils.DestinationRate", _DESTINATION_RATE),
        "TPid ID DestinationRates",
    ),
    TpRow(
        "RatingPlans",
        "TPRatingPlan",
        "GetTPRatingPlanIds",
        shape("utils.TPRatingPlan", f"{_TAGGED} RatingPlanBindings []*utils.TPRatingPlanBinding", _BINDING),
        "TPid ID RatingPlanBindings",
    ),
    TpRow(
        "RatingProfiles",
        "TPRatingProfile",
        "GetTPRatingProfileIds",
        RATING_PROFILE,
        "TPid LoadId Category Subject RatingPlanActivations",
        "RatingProfileID",
    ),
    TpRow(
        "SharedGroups",
        "TPSharedGroups",
        "GetTPSharedGroupIds",
        shape("utils.TPSharedGroups", f"{_TAGGED} SharedGroups []*utils.TPSharedGroup", _GROUP),
        "TPid ID SharedGroups",
    ),
    TpRow(
        "Actions",
        "TPActions",
        "GetTPActionIds",
        shape("utils.TPActions", f"{_TAGGED} Actions []*utils.TPAction", _ACTION),
        "TPid ID Actions",
    ),
    TpRow(
        "ActionPlans",
        "TPActionPlan",
        "GetTPActionPlanIds",
        shape("utils.TPActionPlan", f"{_TAGGED} ActionPlan []*utils.TPActionTiming", _ACTION_TIMING),
        "TPid ID ActionPlan",
    ),
    TpRow(
        "ActionTriggers",
        "TPActionTriggers",
        "GetTPActionTriggerIds",
        shape("utils.TPActionTriggers", f"{_TAGGED} ActionTriggers []*utils.TPActionTrigger", _TRIGGER),
    ),
    TpRow(
        "AccountActions",
        "TPAccountActions",
        "GetTPAccountActionIds",
        ACCOUNT_ACTIONS,
        "TPid LoadId Account ActionPlanId",
        "AccountActionsId",
    ),
    TpRow(
        "Filters",
        "TPFilterProfile",
        "GetTPFilterProfileIds",
        shape(
            "utils.TPFilterProfile",
            f"{_TAGGED} Tenant string; Filters []*utils.TPFilter; ActivationInterval *utils.TPActivationInterval",
            _RULE,
            INTERVAL,
        ),
    ),
    TpRow(
        "Resources",
        "TPResource",
        "GetTPResourceIDs",
        shape(
            "utils.TPResourceProfile",
            f"{_PROFILE} UsageTTL string; Limit string; AllocationMessage string; Blocker bool; Stored bool; Weight float64;"
            "ThresholdIDs []string",
            INTERVAL,
        ),
        "TPid ID Limit",
    ),
    TpRow(
        "Stats",
        "TPStat",
        "GetTPStatIDs",
        shape(
            "utils.TPStatProfile",
            f"{_PROFILE} QueueLength int; TTL string; Metrics []*utils.MetricWithFilters; Blocker bool; Stored bool; Weight float64;"
            "MinItems int; ThresholdIDs []string",
            INTERVAL,
            _METRIC,
        ),
    ),
    TpRow(
        "Trends",
        "TPTrend",
        "GetTPTrendIDs",
        shape(
            "utils.TPTrendsProfile",
            f"{_TAGGED} Tenant string; Schedule string; StatID string; Metrics []string; TTL string; QueueLength int; MinItems int;"
            "CorrelationType string; Tolerance float64; Stored bool; ThresholdIDs []string",
        ),
    ),
    TpRow(
        "Rankings",
        "TPRanking",
        "GetTPRankingIDs",
        shape(
            "utils.TPRankingProfile",
            f"{_TAGGED} Tenant string; Schedule string; StatIDs []string; MetricIDs []string; Sorting string;"
            "SortingParameters []string; Stored bool; ThresholdIDs []string",
        ),
    ),
    TpRow(
        "Thresholds",
        "TPThreshold",
        "GetTPThresholdIDs",
        shape(
            "utils.TPThresholdProfile",
            f"{_PROFILE} MaxHits int; MinHits int; MinSleep string; Blocker bool; Weight float64; ActionIDs []string; Async bool;"
            "EeIDs []string",
            INTERVAL,
        ),
    ),
    TpRow(
        "Routes",
        "TPRouteProfile",
        "GetTPRouteProfileIDs",
        shape(
            "utils.TPRouteProfile",
            f"{_PROFILE} Sorting string; SortingParameters []string; Routes []*utils.TPRoute; Weight float64",
            INTERVAL,
            _ROUTE,
        ),
    ),
    TpRow(
        "Attributes",
        "TPAttributeProfile",
        "GetTPAttributeProfileIds",
        shape(
            "utils.TPAttributeProfile",
            f"{_PROFILE} Contexts []string; Attributes []*utils.TPAttribute; Blocker bool; Weight float64",
            INTERVAL,
            _ATTRIBUTE,
        ),
    ),
    TpRow(
        "Chargers",
        "TPCharger",
        "GetTPChargerIDs",
        shape("utils.TPChargerProfile", f"{_PROFILE} RunID string; AttributeIDs []string; Weight float64", INTERVAL),
    ),
    TpRow(
        "DispatcherProfiles",
        "TPDispatcherProfile",
        "GetTPDispatcherProfileIDs",
        shape(
            "utils.TPDispatcherProfile",
            f"{_PROFILE} Subsystems []string; Strategy string; StrategyParams []any; Weight float64;Hosts []*utils.TPDispatcherHostProfile",
            INTERVAL,
            _HOST,
        ),
    ),
    TpRow(
        "DispatcherHosts",
        "TPDispatcherHost",
        "GetTPDispatcherHostIDs",
        shape("utils.TPDispatcherHost", f"{_TAGGED} Tenant string; Conn *utils.TPDispatcherHostConn", _CONNECTION),
    ),
)


# -- stored items --------------------------------------------------------------------------------------------------------


def stored(api: Api, row: TpRow, tpid: str) -> list[OfflineItem]:
    """The items of one sheet of a plan; of all plans when it has no name."""
    found = api.step(ListItems(row.kind))
    assert isinstance(found, dict), "items come by their id"
    return [item for item in found.values() if isinstance(item, OfflineItem) and (not tpid or item.TPid == tpid)]


def _sheet(row: TpRow) -> Sheet:
    return BY_NAME[row.sheet]


def _named(api: Api, row: TpRow, args: Args) -> str:
    """The id of the item that Get and Remove mean."""
    name = args.text(row.name)
    if row.name != "ID":
        parts = len(_sheet(row).keys) + 1
        if name.count(":") < parts - 1:
            raise RequestError(f"Wrong {row.noun}Id: {name}")
        return name
    return f"{api.tenant(args.text('Tenant'))}:{name}" if "Tenant" in args else name


# -- handlers ------------------------------------------------------------------------------------------------------------


def _setter(row: TpRow) -> Handler:
    def set_item(api: Api, args: Args) -> object:
        fields = {**args, "Tenant": api.tenant(args.text("Tenant"))} if "Tenant" in args else args
        if row.sheet == "ActionPlans":
            _check_action_plan(args)
        item = OfflineItem(args.text("TPid"), offline_id(_sheet(row), fields), encode_item(fields))
        api.step(PutItem(row.kind, offline_key(item.TPid, item.Id), item))
        return OK

    return set_item


def _check_action_plan(args: Args) -> None:
    for one in args.each("ActionPlan"):
        missing = [name for name in ("ActionsId", "TimingId") if not one.text(name)]
        if missing:
            raise RequestError(f"MANDATORY_IE_MISSING:Action:{one.text('ActionsId')}:[{' '.join(missing)}]")


def _getter(row: TpRow) -> Handler:
    def get_item(api: Api, args: Args) -> object:
        item = api.step(GetItem(row.kind, offline_key(args.text("TPid"), _named(api, row, args))))
        if not isinstance(item, OfflineItem):
            raise not_found()
        return decode_item(item.Body)

    return get_item


def _remover(row: TpRow) -> Handler:
    def remove_item(api: Api, args: Args) -> object:
        api.step(RemoveItem(row.kind, offline_key(args.text("TPid"), _named(api, row, args))))
        return OK

    return remove_item


def _lister(row: TpRow) -> Handler:
    def list_ids(api: Api, args: Args) -> object:
        ids = [item.Id for item in stored(api, row, args.text("TPid")) if args.text("Search") in item.Id]
        return page(ids, args.integer_or_none("Limit"), args.integer_or_none("Offset"))

    return list_ids


def _by_tag(handler: Handler) -> Handler:
    """Version 2 of the API calls the ID of a destination its tag."""

    def answer(api: Api, args: Args) -> object:
        return handler(api, Args({**args, "ID": args["Tag"]}))

    return answer


def _load_ids(row: TpRow) -> Handler:
    def list_load_ids(api: Api, args: Args) -> object:
        return list(dict.fromkeys(str(fields[LOAD_ID]) for _, fields in matching(api, row, args)))

    return list_load_ids


def _by_load(row: TpRow) -> Handler:
    def list_items(api: Api, args: Args) -> object:
        found = [fields for _, fields in matching(api, row, args)]
        if not found:
            raise not_found()
        return found

    return list_items


def matching(api: Api, row: TpRow, args: Args) -> list[tuple[OfflineItem, dict[str, object]]]:
    """The items of a plan that have what the arguments say, with their fields; empty arguments say nothing."""
    sheet = _sheet(row)
    keys = (LOAD_ID, *(sheet.columns[place].field for place in sheet.keys))
    wanted = {name: value for name in keys if (value := args.get(name))}
    found = ((item, decode_item(item.Body)) for item in stored(api, row, args.text("TPid")))
    return [(item, fields) for item, fields in found if all(fields[name] == value for name, value in wanted.items())]


# -- the table -----------------------------------------------------------------------------------------------------------

_TENANT_ID: Final = shape("utils.TPTntID", "TPid string; Tenant string; ID string")
_IDS: Final = shape("v1.AttrGetTPIds", "TPid string; utils.Paginator", PAGINATOR)


def _methods(row: TpRow) -> Iterator[Method]:
    if row.name == "ID":
        fields = _TENANT_ID if "Tenant" in row.fields.fields else shape(f"v1.AttrGet{row.noun}", "TPid string; ID string")
    else:
        fields = shape(f"v1.AttrGet{row.noun}", f"TPid string; {row.name} string")
    yield method(f"APIerSv1.Set{row.noun}", row.fields, _setter(row), row.mandatory)
    yield method(f"APIerSv1.Get{row.noun}", fields, _getter(row), f"TPid {row.name}")
    yield method(f"APIerSv1.Remove{row.noun}", fields, _remover(row), f"TPid {row.name}")
    yield method(f"APIerSv1.{row.lister}", _IDS, _lister(row), "TPid")


BY_SHEET: Final = {row.sheet: row for row in ROWS}
_DESTINATIONS: Final = BY_SHEET["Destinations"]
_PROFILES: Final = BY_SHEET["RatingProfiles"]
_ACCOUNTS: Final = BY_SHEET["AccountActions"]
_TAG: Final = shape("v2.AttrGetTPDestination", "TPid string; Tag string")

METHODS: Final = (
    *(one for row in ROWS for one in _methods(row)),
    method("APIerSv2.SetTPDestination", _DESTINATIONS.fields, _setter(_DESTINATIONS), _DESTINATIONS.mandatory),
    method("APIerSv2.GetTPDestination", _TAG, _by_tag(_getter(_DESTINATIONS)), "TPid Tag"),
    method("APIerSv2.RemoveTPDestination", _TAG, _by_tag(_remover(_DESTINATIONS)), "TPid Tag"),
    method("APIerSv1.GetTPRatingProfileLoadIds", RATING_PROFILE, _load_ids(_PROFILES), "TPid"),
    method("APIerSv1.GetTPRatingProfilesByLoadID", RATING_PROFILE, _by_load(_PROFILES), "TPid LoadId"),
    method("APIerSv1.GetTPAccountActionLoadIds", ACCOUNT_ACTIONS, _load_ids(_ACCOUNTS), "TPid"),
    method("APIerSv1.GetTPAccountActionsByLoadId", ACCOUNT_ACTIONS, _by_load(_ACCOUNTS), "TPid LoadId"),
)
