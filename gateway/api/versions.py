"""The versions of the reference's stored data, which its migration tools ask for; and posts that failed, of which there are none here.

Nothing of ours depends on these numbers: they are those of the release that we are compatible with, until a client sets others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from engine.commands import GetItem, PutItem
from engine.errors import RequestError, mandatory_missing
from engine.profiles.kind import Kind
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.shapes import TEXT, shape
from gateway.api.table import Handler, method

VERSIONS: Final = Kind("versions", dict[str, int], tenant=False)

_FIRST: Final[Mapping[str, int]] = {
    "Accounts": 3,
    "ActionPlans": 3,
    "ActionTriggers": 2,
    "Actions": 2,
    "Attributes": 6,
    "CDRs": 2,
    "Chargers": 2,
    "CostDetails": 2,
    "Dispatchers": 2,
    "RQF": 5,
    "Routes": 2,
    "SessionSCosts": 3,
    "SharedGroups": 2,
    "Stats": 4,
    "Thresholds": 4,
    **dict.fromkeys(
        (
            "Destinations IP LoadIDs RatingPlan RatingProfile Resource ReverseDestinations Subscribers Timing "
            "TpAccountActions TpActionPlans TpActionTriggers TpActions TpChargers TpDestinationRates TpDestinations "
            "TpDispatchers TpFilters TpIP TpIPs TpRates TpRatingPlan TpRatingPlans TpRatingProfile TpRatingProfiles "
            "TpResource TpResources TpRoutes TpSharedGroups TpStats TpThresholds TpTiming"
        ).split(),
        1,
    ),
}

_SET: Final = shape("v1.SetVersionsArg", "Versions map[string]int64; Overwrite bool; APIOpts map[string]any; Tenant string")
_REPLAY: Final = shape(
    "v1.ReplayFailedPostsParams", "Tenant string; APIOpts map[string]any; SourcePath string; FailedPath string; Modules []string"
)


def _versions(api: Api, database: str) -> dict[str, int]:
    found = api.step(GetItem(VERSIONS.name, database))
    return dict(found) if isinstance(found, dict) else dict(_FIRST)


def _get(database: str) -> Handler:
    def handler(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
        found = _versions(api, database)
        return dict(sorted(found.items()))

    return handler


def _set(database: str) -> Handler:
    def handler(api: Api, args: Args) -> object:
        given = args.mapping("Versions")
        if not given:
            raise mandatory_missing("Versions")
        before = {} if args.flag("Overwrite") else _versions(api, database)
        api.step(PutItem(VERSIONS.name, database, before | given))
        return "OK"

    return handler


def _replay_posts(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    """Nothing was posted by this build, so nothing has failed; files of another engine are not read."""
    path = args.text("SourcePath")
    if path and os.path.isdir(path) and os.listdir(path):
        raise RequestError("NOT_IMPLEMENTED: APIerSv1.ReplayFailedPosts of another engine's files")
    return "OK"


METHODS: Final = (
    method("APIerSv1.GetDataDBVersions", TEXT, _get("data_db")),
    method("APIerSv1.GetStorDBVersions", TEXT, _get("stor_db")),
    method("APIerSv1.SetDataDBVersions", _SET, _set("data_db")),
    method("APIerSv1.SetStorDBVersions", _SET, _set("stor_db")),
    method("APIerSv1.ReplayFailedPosts", _REPLAY, _replay_posts),
)
