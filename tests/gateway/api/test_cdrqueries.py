"""What may be asked of stored records, and rating many of them again."""

from __future__ import annotations

from typing import Any

import pytest

from engine.usage import SECOND
from gateway.api import cdrqueries, cdrrating
from tests.engine.cdrs.shop import add, ask, kept, money, only, shop, whole
from tests.site import Site

DAYS = range(10, 18)


def eight() -> Site:
    """Records o10 to o17, one a day at 08:00, 20 s longer each; the odd ones to 44200, from ann's second line."""
    site = shop()
    for day in DAYS:
        at = f"2026-05-{day}T08:00:00Z"
        more: dict[str, Any] = {"Destination": "44200", "Source": "west"} if day % 2 else {"Destination": "55300", "Source": "east"}
        usage = f"{20 * (day - 9)}s"
        assert ask(site, origin=f"o{day}", request="*rated", usage=usage, SetupTime=at, AnswerTime=at, Day=str(day), **more) == "OK"
    return site


SITE = eight()


def count(**condition: Any) -> object:
    return SITE.call("APIerSv2.CountCDRs", condition)


CONDITIONS: list[tuple[dict[str, Any], int]] = [
    ({}, 8),
    ({"OriginIDs": ["o10", "o11", "x"]}, 2),
    ({"NotOriginIDs": ["o10"]}, 7),
    ({"Sources": ["east"], "NotOriginIDs": ["o10"]}, 3),
    ({"DestinationPrefixes": ["44", "9"]}, 4),
    ({"NotDestinationPrefixes": ["44"]}, 4),
    ({"ExtraFields": {"Day": "12"}}, 1),
    ({"ExtraFields": {"Day": "*exists"}}, 8),
    ({"NotExtraFields": {"Day": "12"}}, 7),
    ({"SetupTimeStart": "2026-05-13T08:00:00Z"}, 5),
    ({"SetupTimeEnd": "2026-05-13T08:00:00Z"}, 4),  # the recording is wrong here: tests/recordings/pending.txt
    ({"SetupTimeStart": "2026-05-11T08:00:00Z", "SetupTimeEnd": "2026-05-15T08:00:00Z"}, 5),
    ({"AnswerTimeStart": "2026-05-11T10:00:00+02:00", "AnswerTimeEnd": "2026-05-15T08:00:00Z"}, 5),
    ({"MinUsage": "60s"}, 6),
    ({"MaxUsage": "60s"}, 3),
    ({"MinUsage": "40s", "MaxUsage": "120s"}, 5),
    ({"MinUsage": "40000000000"}, 7),
    ({"Costs": [0.4, 0.6]}, 2),
    ({"NotCosts": [0.4]}, 7),
    ({"ExtraArgs": {"MinCost": 0.4}}, 7),
    ({"ExtraArgs": {"MaxCost": 0.4}}, 1),
    ({"ExtraArgs": {"MaxCost": -1}}, 0),
    ({"ExtraArgs": {"MinCost": 0, "MaxCost": -1}}, 8),
    ({"ExtraArgs": {"OrderIDStart": 3, "OrderIDEnd": 5}}, 2),
    ({"RunIDs": ["*default"], "Tenants": ["example.net"], "ToRs": ["*voice"], "Categories": ["call"], "OriginHosts": ["h"]}, 8),
    ({"Subjects": ["ann"], "Accounts": ["ann"], "RequestTypes": ["*rated"]}, 8),
    ({"NotSubjects": ["ann"]}, 0),
    ({"NotRequestTypes": ["*rated"]}, 0),
]


@pytest.mark.parametrize(("condition", "found"), CONDITIONS)
def test_conditions(condition: dict[str, Any], found: int) -> None:
    assert count(**condition) == found


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ({"SetupTimeStart": "sometime"}, "SERVER_ERROR: Unsupported time format"),
        ({"MinUsage": "long"}, 'SERVER_ERROR: time: invalid duration "long"'),
        ({"OrderBy": "Colour"}, "SERVER_ERROR: Invalid value : Colour"),
        ({"ExtraArgs": {"OrderIDStart": "first"}}, "SERVER_ERROR: OrderIDStart is no whole number"),
        ({"ExtraArgs": {"OrderIDEnd": 1.5}}, "SERVER_ERROR: OrderIDEnd is no whole number"),
        ({"ExtraArgs": {"MinCost": "cheap"}}, "SERVER_ERROR: not a decimal number: 'cheap'"),
    ],
)
def test_conditions_that_nobody_can_read(condition: dict[str, Any], text: str) -> None:
    assert SITE.call("APIerSv2.GetCDRs", condition) == ("error", text)


def got(method: str = "APIerSv2.GetCDRs", **condition: Any) -> list[dict[str, Any]]:
    answer = SITE.call(method, condition)
    assert isinstance(answer, list), answer
    return answer


@pytest.mark.parametrize(
    ("page", "origins"),
    [
        ({"OrderBy": "Usage;desc", "Limit": 2}, ["o17", "o16"]),
        ({"OrderBy": "SetupTime", "Limit": 2, "Offset": 3}, ["o13", "o14"]),
        ({"OrderBy": "orderid;desc", "Limit": 1}, ["o17"]),
        ({"OrderBy": "Cost", "Offset": 7}, ["o17"]),
        ({"Limit": 1}, ["o10"]),
    ],
)
def test_pages(page: dict[str, Any], origins: list[str]) -> None:
    assert [row["OriginID"] for row in got(**page)] == origins


def test_pages_by_order_id_are_the_whole() -> None:
    seen: list[int] = []
    while True:
        answer = SITE.call("CDRsV1.GetCDRs", {"Limit": 3, "ExtraArgs": {"OrderIDStart": max(seen, default=0) + 1}})
        if answer == ("error", "SERVER_ERROR: NOT_FOUND"):
            break
        assert isinstance(answer, list)
        seen += [row["OrderID"] for row in answer]
    assert seen == list(range(1, 9))


def test_more_than_an_answer_takes_is_refused_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdrqueries, "MAX_CDRS_PER_ANSWER", 5)
    text = "SERVER_ERROR: more than 5 records: ask with a Limit, page by page"
    assert SITE.call("APIerSv2.GetCDRs", {}) == ("error", text)
    assert SITE.call("APIerSv2.GetCDRs", {"Limit": 6}) == ("error", text)
    assert len(got(Limit=5)) == 5
    assert len(got(Limit=2**62, OriginIDs=["o10"])) == 1


def test_the_older_filter() -> None:
    def old(**condition: Any) -> list[str]:
        return [row["OriginID"] for row in got("APIerSv1.GetCDRs", **condition)]

    assert old(CdrSources=["east"], TimeEnd="2026-05-12T08:00:00Z") == ["o10", "o12"]
    assert old(OrderIdStart=2, OrderIdEnd=4, ReqTypes=["*rated"], TORs=["*voice"], CdrHosts=["h"]) == ["o11", "o12"]
    assert old(SkipErrors=True, Limit=1, Offset=1) == ["o11"]
    assert SITE.call("APIerSv1.GetCDRs", {"SkipRated": True}) == ("error", "NOT_FOUND")


def test_forms_of_usage() -> None:
    site = shop()
    for tor, usage in (("*voice", "90s"), ("*data", "2048"), ("*sms", "3"), ("*monetary", "1")):
        assert ask(site, "*rals:false", origin=tor, ToR=tor, usage=usage) == "OK"
    rows = site.call("APIerSv2.GetCDRs", {})
    assert isinstance(rows, list)
    assert [row["Usage"] for row in rows] == ["1m30s", "2048", "3", "1"]
    assert [row["CostDetails"] for row in rows] == ["null"] * 4


def test_the_cost_of_an_event() -> None:
    row = got(OriginIDs=["o10"])[0]
    cost = SITE.call("APIerSv1.GetEventCost", {"CgrId": row["CGRID"]})
    assert isinstance(cost, dict)
    assert cost["Cost"] == row["Cost"] == 0.2
    assert SITE.call("APIerSv1.GetEventCost", {"CgrId": row["CGRID"], "RunId": "other"}) == ("error", "NOT_FOUND")
    assert SITE.call("APIerSv1.GetEventCost", {}) == ("error", "MANDATORY_IE_MISSING: [CgrId]")


def test_a_record_without_a_cost_has_no_event_cost() -> None:
    site = shop()
    assert ask(site, "*rals:false") == "OK"
    assert site.call("APIerSv1.GetEventCost", {"CgrId": only(site).cgrid}) == ("error", "NOT_FOUND")


def test_removing() -> None:
    site = shop()
    for number in range(3):
        assert ask(site, origin=f"o{number}") == "OK"
    assert site.call("APIerSv1.RemoveCDRs", {"OriginIDs": ["o1"]}) == "OK"
    assert [cdr.origin_id for cdr in kept(site)] == ["o0", "o2"]
    assert site.call("APIerSv1.RemoveCDRs", {"OriginIDs": ["o1"]}) == ("error", "SERVER_ERROR: NOT_FOUND")
    assert money(site) == [whole("98.2")]  # what was taken stays taken


# -- rating again ----------------------------------------------------------------------------------------------------------


def minutes() -> Site:
    """One free minute, two calls of a minute; the later call came first and has it."""
    site = shop()
    add(site, "*voice", 60 * SECOND)
    for origin, hour in (("late", 16), ("early", 15)):
        at = f"2026-04-07T{hour}:00:00Z"
        assert ask(site, origin=origin, SetupTime=at, AnswerTime=at) == "OK"
    assert costs(site) == {"late": 0, "early": whole("0.6")}
    return site


def costs(site: Site) -> dict[str, int | None]:
    return {cdr.origin_id: cdr.cost_amount for cdr in kept(site)}


@pytest.mark.parametrize("step", [1, 16])
def test_records_are_rated_again_in_the_order_asked_for(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is given back before the first is rated, however many go into a step."""
    monkeypatch.setattr(cdrrating, "MAX_RERATED_PER_STEP", step)
    site = minutes()
    assert site.call("CDRsV1.RateCDRs", {"OrderBy": "AnswerTime"}) == "OK"
    assert costs(site) == {"late": whole("0.6"), "early": 0}
    assert site.call("CDRsV1.RateCDRs", {"OrderBy": "AnswerTime;desc"}) == "OK"
    assert costs(site) == {"late": 0, "early": whole("0.6")}
    assert site.call("CDRsV1.RateCDRs", {"OrderBy": "AnswerTime", "Limit": 1, "Offset": 1}) == "OK"
    assert costs(site) == {"late": 0, "early": whole("0.6")}
    site.verify()


def test_reprocessing_gives_back_or_rates_as_flags_say() -> None:
    site = minutes()
    assert site.call("CDRsV1.ReprocessCDRs", {"Flags": ["*refund"]}) == "OK"
    assert money(site) == [whole(100)]
    assert {(cdr.cost_amount, cdr.extra_info) for cdr in kept(site)} == {(whole(-1), "REFUNDED")}
    assert site.call("CDRsV1.ReprocessCDRs", {"Flags": ["*rals:false"]}) == "OK"
    assert money(site) == [whole(100)]
    assert site.call("CDRsV1.ReprocessCDRs", {"Flags": ["*rerate"], "OrderBy": "OrderID"}) == "OK"
    assert costs(site) == {"late": 0, "early": whole("0.6")}
    assert {cdr.extra_info for cdr in kept(site)} == {""}


def test_rating_without_storing_leaves_the_record_and_gives_back_once() -> None:
    site = shop()
    assert ask(site) == "OK"
    before = only(site)
    for _ in range(2):
        assert site.call("CDRsV1.ReprocessCDRs", {"Flags": ["*refund", "*store:false"]}) == "OK"
        assert money(site) == [whole(100)]
    assert (only(site).cost_amount, only(site).cost_details) == (before.cost_amount, before.cost_details)
    assert site.call("CDRsV1.ReprocessCDRs", {"Flags": ["*refund"]}) == "OK"  # now its record says so too
    assert (money(site), only(site).cost_amount, only(site).extra_info) == ([whole(100)], whole(-1), "REFUNDED")


def test_records_that_nobody_rates_are_left_alone() -> None:
    site = shop()
    assert ask(site, origin="n", request="*none", Cost=3) == "OK"
    params = {"OriginID": "p", "OriginHost": "h", "Account": "ann", "RequestType": "*postpaid", "PreRated": True, "Cost": 2, "Usage": "1s"}
    assert site.call("CDRsV1.ProcessExternalCDR", params) == "OK"
    before = kept(site)
    assert site.call("CDRsV1.RateCDRs", {}) == "OK"
    assert kept(site) == before


def test_too_many_are_refused_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdrrating, "MAX_RERATED_PER_CALL", 1)
    site = minutes()
    assert site.call("CDRsV1.RateCDRs", {}) == ("error", "SERVER_ERROR: more than 1 records: ask for fewer at a time")
    assert costs(site) == {"late": 0, "early": whole("0.6")}
    assert site.call("CDRsV1.RateCDRs", {"OriginIDs": ["none"]}) == ("error", "NOT_FOUND")
