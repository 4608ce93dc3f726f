"""Actions that write profiles: every kind as the API then gives it back, fields of the event in it, and what cannot be written."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.actions.policies import SHEETS
from engine.actions.running import Failed
from engine.profiles.policies import Filter, FilterRule
from tests.engine.house import TENANT
from tests.site import NOW, Site, act

SINCE = "2026-01-01T00:00:00Z"
ANN = f"{TENANT}:ann"

EVERY: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    (
        "*dynamic_filter",
        f"{TENANT};FN;*prefix;~*req.Destination;49&<~*req.Account>;{SINCE};",
        "GetFilter",
        {
            "Rules": [{"Type": "*prefix", "Element": "~*req.Destination", "Values": ["49", "ann"]}],
            "ActivationInterval": {"ActivationTime": SINCE, "ExpiryTime": "0001-01-01T00:00:00Z"},
        },
    ),
    (
        "*dynamic_threshold",
        f"*tenant;TH_<~*req.Account>;*string:~*req.Account:<~*req.Account>&FLT;{SINCE}&2027-01-01T00:00:00Z;-1;2;1s;true;10;ACT_A&ACT_B;true;EE;",
        "GetThresholdProfile",
        {
            "ID": "TH_ann",
            "FilterIDs": ["*string:~*req.Account:ann", "FLT"],
            "ActivationInterval": {"ActivationTime": SINCE, "ExpiryTime": "2027-01-01T00:00:00Z"},
            "MaxHits": -1,
            "MinHits": 2,
            "MinSleep": 10**9,
            "Blocker": True,
            "Weight": 10,
            "ActionIDs": ["ACT_A", "ACT_B"],
            "Async": True,
        },
    ),
    (
        "*dynamic_stats",
        f"{TENANT};ST;FLT;;100;10s;3;*acd&*tcd;;true;false;7;TH_A&TH_B;",
        "GetStatQueueProfile",
        {"ID": "ST", "QueueLength": 100, "TTL": 10**10, "MinItems": 3, "Stored": True, "Weight": 7, "ThresholdIDs": ["TH_A", "TH_B"]},
    ),
    (
        "*dynamic_attribute",
        f"{TENANT};AT;*sessions&*cdrs;;;FLT;*req.Subject;*variable;~*req.Account;false;5;",
        "GetAttributeProfile",
        {
            "Contexts": ["*sessions", "*cdrs"],
            "Weight": 5,
            "Attributes": [{"FilterIDs": ["FLT"], "Path": "*req.Subject", "Type": "*variable", "Value": [{"Rules": "~*req.Account"}]}],
        },
    ),
    (
        "*dynamic_route",
        f"{TENANT};RT;FLT;;*weight;;way;FLT;~*req.Account;RP_A&RP_B;;;9;false;param;4;",
        "GetRouteProfile",
        {
            "Sorting": "*weight",
            "Weight": 4,
            "Routes": [
                {
                    "ID": "way",
                    "FilterIDs": ["FLT"],
                    "AccountIDs": ["ann"],
                    "RatingPlanIDs": ["RP_A", "RP_B"],
                    "ResourceIDs": None,
                    "StatIDs": None,
                    "Weight": 9,
                    "Blocker": False,
                    "RouteParameters": "param",
                }
            ],
        },
    ),
    (
        "*dynamic_ranking",
        f"{TENANT};RK;@daily;ST_A&ST_B;*acd;*asc;;true;TH;",
        "GetRankingProfile",
        {"Schedule": "@daily", "StatIDs": ["ST_A", "ST_B"], "MetricIDs": ["*acd"], "Sorting": "*asc", "Stored": True},
    ),
    (
        "*dynamic_trend",
        f"{TENANT};TR;@hourly;ST;*acd&*tcd;-1;-1;1;*average;2.1;true;TH_A;",
        "GetTrendProfile",
        {"Schedule": "@hourly", "StatID": "ST", "Metrics": ["*acd", "*tcd"], "CorrelationType": "*average", "Stored": True},
    ),
    (
        "*dynamic_resource",
        f"{TENANT};RS;;;1h;12.5;hello <~*req.Account>;true;false;3;TH;",
        "GetResourceProfile",
        {"UsageTTL": 3600 * 10**9, "Limit": 12.5, "AllocationMessage": "hello ann", "Blocker": True, "Stored": False, "Weight": 3},
    ),
)


def site_of() -> Site:
    site = Site()
    site.put("filter", f"{TENANT}:FLT", Filter(TENANT, "FLT", (FilterRule("*string", "~*req.Account", ("ann",)),)))
    site.account("ann")
    return site


def run(site: Site, kind: str, extra: str, *, account: str = ANN, event: dict[str, object] | None = None) -> None:
    site.engine.actions.runner.execute(account, [act(kind, extra=extra)], NOW, "SET", event=event)


def test_every_kind_has_a_row() -> None:
    assert {kind for kind, *_ in EVERY} == set(SHEETS)


@pytest.mark.parametrize(("kind", "extra", "method", "wanted"), EVERY, ids=[kind for kind, *_ in EVERY])
def test_every_kind_is_written_as_the_api_knows_it(kind: str, extra: str, method: str, wanted: dict[str, Any]) -> None:
    site = site_of()
    run(site, kind, extra)
    name = extra.split(";")[1].replace("<~*req.Account>", "ann")
    found = site.call(f"APIerSv1.{method}", {"Tenant": TENANT, "ID": name})
    assert isinstance(found, dict), found
    assert {field: found[field] for field in wanted} == wanted


def test_what_the_set_runs_for_goes_before_the_account() -> None:
    site = site_of()
    run(site, "*dynamic_resource", f"{TENANT};RS_<~*req.Account>;;;;~*req.Limit;;;;;;", event={"Account": "bob", "Limit": 7})
    found = site.call("APIerSv1.GetResourceProfile", {"Tenant": TENANT, "ID": "RS_ann"})
    assert isinstance(found, tuple), "the account is no field of the event"
    found = site.call("APIerSv1.GetResourceProfile", {"Tenant": TENANT, "ID": "RS_bob"})
    assert isinstance(found, dict)
    assert found["Limit"] == 7


def test_without_an_account_the_tenant_is_the_default_one() -> None:
    site = site_of()
    run(site, "*dynamic_resource", "*tenant;RS;;;;1;;;;;;", account="")
    assert isinstance(site.call("APIerSv1.GetResourceProfile", {"Tenant": TENANT, "ID": "RS"}), dict)


def test_a_profile_is_replaced_and_survives_a_kill() -> None:
    site = site_of()
    for limit in ("1", "2"):
        site.actions("SET", act("*dynamic_resource", extra=f"{TENANT};RS;;;;{limit};;;;;;"))
        assert site.call("APIerSv1.ExecuteAction", {"Tenant": TENANT, "Account": "ann", "ActionsId": "SET"}) == "OK"
        site.storage.commit()
    site.cut()
    found = site.call("APIerSv1.GetResourceProfile", {"Tenant": TENANT, "ID": "RS"})
    assert isinstance(found, dict)
    assert found["Limit"] == 2


@pytest.mark.parametrize(
    ("kind", "extra", "said"),
    [
        ("*dynamic_resource", "a;b", "takes 12 parameters, not 2"),
        ("*dynamic_resource", f"{TENANT};RS;;;;much;;;;;;", "Limit: not a number: 'much'"),
        ("*dynamic_resource", f"{TENANT};RS;;;soon;1;;;;;;", "UsageTTL: time: invalid duration"),
        ("*dynamic_resource", f"{TENANT};RS;;;;1;;maybe;;;;", "Blocker: neither true nor false"),
        ("*dynamic_resource", f"{TENANT};;;;;1;;;;;;", "ID: is empty"),
        ("*dynamic_resource", f"{TENANT};RS;GONE;;;1;;;;;;", f"broken reference to filter: <GONE> for item with ID: {TENANT}:RS"),
        ("*dynamic_resource", f"{TENANT};<~*req.Nothing>;;;;1;;;;;;", "no field Nothing"),
        ("*dynamic_route", f"{TENANT};RT;;;*weight;;way;GONE;;;;;9;false;;4;", "broken reference to filter: <GONE>"),
    ],
)
def test_what_cannot_be_written_changes_nothing(kind: str, extra: str, said: str) -> None:
    site = site_of()
    before = len(site.engine.items.all("resource_profile")) + len(site.engine.items.all("route_profile"))
    with pytest.raises(Failed, match=re.escape(said)):
        run(site, kind, extra)
    assert len(site.engine.items.all("resource_profile")) + len(site.engine.items.all("route_profile")) == before
