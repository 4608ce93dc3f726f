"""Destinations, rating plans, rating profiles, timings and shared groups, as clients set, get, list and remove them."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.commands import ChangeItems, GetItem, ListItems, PutItem, RemoveItem
from engine.errors import RequestError, exists, not_found
from engine.rating.book import NO_ACTIVATION_TIME, Activation, Destination, RatingPlan, RatingProfile, SharedGroup, Timing
from engine.rating.kinds import DESTINATION, RATING_PLAN, RATING_PROFILE, SHARED_GROUP, TIMING
from engine.rating.timings import is_active
from engine.times import UTC_ZONE, ZERO_TIME, Moment, Zone, format_time, parse_time, zone_of
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.gotypes import read_number
from gateway.api.paging import page_of_ids
from gateway.api.shapes import PAGINATOR_WITH_TENANT, TEXT, shape
from gateway.api.table import method

OK: Final = "OK"
_OUT: Final = "*out:"
_LAST_INSTANT: Final = 2**63 - 1


def zone(api: Api) -> Zone:
    """The clock of times that are written without an offset."""
    return zone_of(api.options.default_timezone)


# -- destinations --------------------------------------------------------------------------------------------------------


def _destination(api: Api, destination_id: str) -> Destination:
    item = api.step(GetItem(DESTINATION, destination_id))
    if not isinstance(item, Destination):
        raise not_found()
    return item


def _set_destination(api: Api, args: Args) -> object:
    destination_id = args.text("Id")
    if not args.flag("Overwrite") and api.step(GetItem(DESTINATION, destination_id)) is not None:
        raise exists()
    api.step(PutItem(DESTINATION, destination_id, Destination(destination_id, tuple(args.texts("Prefixes") or ()))))
    return OK


def _get_destination(api: Api, args: Args) -> object:
    return _shown_destination(_destination(api, args.text("Arg")))


def _shown_destination(item: Destination) -> dict[str, object]:
    return {"Id": item.Id, "Prefixes": list(item.Prefixes)}


def _get_destinations(api: Api, args: Args) -> object:
    wanted = args.texts("DestinationIDs")
    if wanted:
        return [_shown_destination(_destination(api, destination_id)) for destination_id in wanted]
    return [_shown_destination(item) for item in _all_destinations(api)]


def _all_destinations(api: Api) -> list[Destination]:
    found = api.step(ListItems(DESTINATION))
    assert isinstance(found, dict), "items come by their id"
    return [item for item in found.values() if isinstance(item, Destination)]


def _remove_destination(api: Api, args: Args) -> object:
    """Removes destinations, or, where prefixes are named, those prefixes from them; all of it or nothing."""
    gone = frozenset(args.texts("Prefixes") or ())
    changes = ChangeItems()
    for destination_id in args.texts("DestinationIDs") or ():
        item = _destination(api, destination_id)
        left = tuple(prefix for prefix in item.Prefixes if prefix not in gone)
        if gone and left:
            changes.puts.append((DESTINATION, destination_id, Destination(destination_id, left)))
        else:
            changes.removals.append((DESTINATION, destination_id))
    if changes.puts or changes.removals:
        api.step(changes)
    return OK


def _get_reverse_destination(api: Api, args: Args) -> object:
    prefix = args.text("Arg")
    found = [item.Id for item in _all_destinations(api) if prefix in item.Prefixes]
    if not found:
        raise not_found()
    return found


def _compute_reverse_destinations(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    """The engine keeps prefixes and destinations in step with every change: there is nothing to compute."""
    return OK


# -- rating plans --------------------------------------------------------------------------------------------------------


def _get_rating_plan(api: Api, args: Args) -> object:
    item = api.step(GetItem(RATING_PLAN, args.text("Arg")))
    if not isinstance(item, RatingPlan):
        raise not_found()
    ratings = {
        key: {
            "ConnectFee": read_number(rating.ConnectFee),
            "RoundingMethod": rating.RoundingMethod,
            "RoundingDecimals": rating.RoundingDecimals,
            "MaxCost": read_number(rating.MaxCost),
            "MaxCostStrategy": rating.MaxCostStrategy,
            "Rates": [{**msgspec.structs.asdict(rate), "Value": read_number(rate.Value)} for rate in rating.Rates],
        }
        for key, rating in item.Ratings.items()
    }
    rates = {
        destination: [{**msgspec.structs.asdict(rate), "Weight": read_number(rate.Weight)} for rate in rows]
        for destination, rows in item.DestinationRates.items()
    }
    timings = {key: shown_timing(timing) for key, timing in item.Timings.items()}
    return {"Id": item.Id, "Timings": timings, "Ratings": ratings, "DestinationRates": rates}


def shown_timing(timing: Timing) -> object:
    """A timing as clients see it."""
    return msgspec.to_builtins(timing)


def _ids(api: Api, kind: str) -> list[str]:
    found = api.step(ListItems(kind))
    assert isinstance(found, dict), "items come by their id"
    return list(found)


def _get_rating_plan_ids(api: Api, args: Args) -> object:
    return page_of_ids(_ids(api, RATING_PLAN), args)


def _remove_rating_plan(api: Api, args: Args) -> object:
    api.step(RemoveItem(RATING_PLAN, args.text("Arg")))
    return OK


# -- rating profiles -----------------------------------------------------------------------------------------------------


def _profile_id(api: Api, args: Args) -> str:
    return f"{_OUT}{api.tenant(args.text('Tenant'))}:{args.text('Category')}:{args.text('Subject')}"


def _set_rating_profile(api: Api, args: Args) -> object:
    """New activations are added to those that are there, or take their place with Overwrite."""
    profile_id = _profile_id(api, args)
    subjects = profile_id.rpartition(":")[0]
    stored = None if args.flag("Overwrite") else api.step(GetItem(RATING_PROFILE, profile_id))
    before = stored.RatingPlanActivations if isinstance(stored, RatingProfile) else ()
    for one in args.each("RatingPlanActivations"):
        missing = [name for name in ("ActivationTime", "RatingPlanId") if not one.text(name)]
        if missing:
            raise RequestError(f"MANDATORY_IE_MISSING:RatingPlanActivation:[{' '.join(missing)}]")
    added = tuple(_activation(api, one, subjects) for one in args.each("RatingPlanActivations"))
    api.step(PutItem(RATING_PROFILE, profile_id, RatingProfile(profile_id, before + added)))
    return OK


def _activation(api: Api, one: Args, subjects: str) -> Activation:
    plan_id, time = one.text("RatingPlanId"), one.text("ActivationTime")
    try:
        begins = parse_time(time, zone(api), api.now()).ns
    except ValueError:
        raise RequestError(f"SERVER_ERROR:Cannot parse activation time from {time}") from None
    if api.step(GetItem(RATING_PLAN, plan_id)) is None:
        raise RequestError(f"NOT_FOUND:RatingPlanId:{plan_id}")
    fallback = one.text("FallbackSubjects")
    keys = tuple(f"{subjects}:{subject}" for subject in fallback.split(";")) if fallback else None
    return Activation(max(NO_ACTIVATION_TIME, min(begins, _LAST_INSTANT)), plan_id, keys)


def _get_rating_profile(api: Api, args: Args) -> object:
    item = api.step(GetItem(RATING_PROFILE, _profile_id(api, args)))
    if not isinstance(item, RatingProfile):
        raise not_found()
    activations = [
        {
            "ActivationTime": _instant(one.ActivationTime),
            "RatingPlanId": one.RatingPlanId,
            "FallbackKeys": list(one.FallbackKeys) if one.FallbackKeys is not None else None,
        }
        for one in item.RatingPlanActivations
    ]
    return {"Id": item.Id, "RatingPlanActivations": activations}


def _instant(ns: int) -> str:
    return format_time(ZERO_TIME if ns == NO_ACTIVATION_TIME else ns, UTC_ZONE)


def _get_rating_profile_ids(api: Api, args: Args) -> object:
    prefix = f"{_OUT}{api.tenant(args.text('Tenant'))}:"
    return page_of_ids([key.removeprefix(prefix) for key in _ids(api, RATING_PROFILE) if key.startswith(prefix)], args)


def _remove_rating_profile(api: Api, args: Args) -> object:
    api.step(RemoveItem(RATING_PROFILE, _profile_id(api, args)))
    return OK


# -- timings and shared groups -------------------------------------------------------------------------------------------


def _set_timing(api: Api, args: Args) -> object:
    def numbers(name: str) -> tuple[int, ...] | None:
        found = args.integers(name)
        return tuple(found) if found is not None else None

    timing = Timing(
        args.text("ID"),
        numbers("Years"),
        numbers("Months"),
        numbers("MonthDays"),
        numbers("WeekDays"),
        args.text("StartTime"),
        args.text("EndTime"),
    )
    api.step(PutItem(TIMING, timing.ID, timing))
    return OK


def _timing(api: Api, timing_id: str) -> Timing:
    item = api.step(GetItem(TIMING, timing_id))
    if not isinstance(item, Timing):
        raise not_found()
    return item


def _get_timing(api: Api, args: Args) -> object:
    return shown_timing(_timing(api, args.text("ID")))


def _remove_timing(api: Api, args: Args) -> object:
    api.step(RemoveItem(TIMING, args.text("ID")))
    return OK


def _timing_is_active_at(api: Api, args: Args) -> object:
    timing = _timing(api, args.text("TimingID"))
    try:
        moment: Moment = parse_time(args.text("Time"), zone(api), api.now())
    except ValueError as wrong:
        raise RequestError(str(wrong)) from None
    return is_active(timing, moment.ns, moment.zone)


def _get_shared_group(api: Api, args: Args) -> object:
    """A group that is not there is an empty one."""
    item = api.step(GetItem(SHARED_GROUP, args.text("Arg")))
    if not isinstance(item, SharedGroup):
        return {"Id": "", "AccountParameters": None, "MemberIds": None}
    parameters = {account: msgspec.structs.asdict(one) for account, one in item.AccountParameters.items()}
    return {"Id": item.Id, "AccountParameters": parameters, "MemberIds": dict.fromkeys(item.MemberIds, True) or None}


# -- the table -----------------------------------------------------------------------------------------------------------

_OPTS: Final = "APIOpts map[string]any"
_SET_DESTINATION: Final = shape("utils.AttrSetDestination", f"Id string; Prefixes []string; Overwrite bool; {_OPTS}")
_REMOVE_DESTINATION: Final = shape("v1.AttrRemoveDestination", f"DestinationIDs []string; Prefixes []string; {_OPTS}")
_GET_DESTINATIONS: Final = shape("v2.AttrGetDestinations", "DestinationIDs []string")
RATING_ACTIVATION: Final = shape("utils.TPRatingActivation", "ActivationTime string; RatingPlanId string; FallbackSubjects string")
_SET_PROFILE: Final = shape(
    "utils.AttrSetRatingProfile",
    f"Tenant string; Category string; Subject string; Overwrite bool; RatingPlanActivations []*utils.TPRatingActivation; {_OPTS}",
    RATING_ACTIVATION,
)
_GET_PROFILE: Final = shape("utils.AttrGetRatingProfile", "Tenant string; Category string; Subject string")
_REMOVE_PROFILE: Final = shape("v1.AttrRemoveRatingProfile", f"Tenant string; Category string; Subject string; {_OPTS}")
_TIMING: Final = shape(
    "utils.TPTiming", "ID string; Years []int; Months []int; MonthDays []int; WeekDays []int; StartTime string; EndTime string"
)
_TIMING_WITH_OPTS: Final = shape("utils.TPTimingWithAPIOpts", f"*utils.TPTiming; Tenant string; {_OPTS}", _TIMING)
_TIMING_ID: Final = shape("v1.ArgsGetTimingID", "ID string")
_TIME: Final = shape("v1.TimeParams", "TimingID string; Time string")

METHODS: Final = (
    method("APIerSv1.SetDestination", _SET_DESTINATION, _set_destination, "Id Prefixes"),
    method("APIerSv1.GetDestination", TEXT, _get_destination),
    method("APIerSv2.GetDestinations", _GET_DESTINATIONS, _get_destinations),
    method("APIerSv1.RemoveDestination", _REMOVE_DESTINATION, _remove_destination),
    method("APIerSv1.GetReverseDestination", TEXT, _get_reverse_destination),
    method("APIerSv1.ComputeReverseDestinations", TEXT, _compute_reverse_destinations),
    method("APIerSv1.GetRatingPlan", TEXT, _get_rating_plan),
    method("APIerSv1.GetRatingPlanIDs", PAGINATOR_WITH_TENANT, _get_rating_plan_ids),
    method("APIerSv1.RemoveRatingPlan", TEXT, _remove_rating_plan),
    method("APIerSv1.SetRatingProfile", _SET_PROFILE, _set_rating_profile, "Subject RatingPlanActivations"),
    method("APIerSv1.GetRatingProfile", _GET_PROFILE, _get_rating_profile, "Category Subject"),
    method("APIerSv1.GetRatingProfileIDs", PAGINATOR_WITH_TENANT, _get_rating_profile_ids),
    method("APIerSv1.RemoveRatingProfile", _REMOVE_PROFILE, _remove_rating_profile),
    method("APIerSv1.SetTiming", _TIMING_WITH_OPTS, _set_timing, "ID"),
    method("APIerSv1.GetTiming", _TIMING_ID, _get_timing, "ID"),
    method("APIerSv1.RemoveTiming", _TIMING_WITH_OPTS, _remove_timing, "ID"),
    method("APIerSv1.TimingIsActiveAt", _TIME, _timing_is_active_at),
    method("APIerSv1.GetSharedGroup", TEXT, _get_shared_group),
)
