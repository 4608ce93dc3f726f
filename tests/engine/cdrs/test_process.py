"""What comes of an event: its record, its charge, and why there is none."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from engine.cdrs.process import plan_of
from engine.commands import CdrSwitches, PutItem
from engine.limits import MAX_EVENTS_PER_STEP
from engine.money import ONE
from engine.options import CdrOptions, EngineOptions, SessionOptions
from engine.profiles.policies import ChargerProfile, ThresholdProfile
from engine.rating.book import Timing
from engine.rating.call import RatingOptions
from engine.rating.packing import cost_json
from engine.usage import SECOND
from tests.engine.cdrs.shop import add, ask, fields, kept, money, only, shop, taken, whole
from tests.engine.house import TENANT
from tests.site import Site, act, due, units


def answers(got: object) -> list[dict[str, Any]]:
    """What CDRsV2 answered, one for each run."""
    assert isinstance(got, list), got
    return got


def details(site: Site) -> dict[str, Any]:
    """The explained cost of the only record, as clients see it."""
    cdr = only(site)
    found: dict[str, Any] = json.loads(cost_json(cdr.cost_details, cdr.cgrid, cdr.run_id, usage_untold=cdr.usage_untold))
    return found


@pytest.mark.parametrize(
    ("request_type", "left", "cost"),
    [
        ("*postpaid", "99.4", "0.6"),
        ("*prepaid", "99.4", "0.6"),
        ("*pseudoprepaid", "99.4", "0.6"),
        ("*dynaprepaid", "99.4", "0.6"),
        ("*rated", "100", "0.6"),
        ("*sy", "100", "0.6"),  # types that nobody debits are priced apart from accounts
        ("*none", "100", "-1"),
    ],
)
def test_the_request_type_says_who_pays(request_type: str, left: str, cost: str) -> None:
    site = shop()
    assert ask(site, request=request_type) == "OK"
    assert money(site) == [whole(left)]
    assert only(site).cost_amount == whole(cost)
    assert only(site).cost_source == ("" if request_type == "*none" else "*cdrs")
    site.verify()


def test_a_direct_debit_takes_what_it_is_told_and_gives_exactly_that_back() -> None:
    site = shop(0.5)
    assert ask(site, request="*directdebit", Cost="1.25") == "OK"
    assert money(site) == [0, whole("-0.75")]
    assert only(site).cost_amount == whole("1.25")
    assert details(site)["Cost"] == 1.25
    assert ask(site, "*refund", "*store:false", request="*directdebit") == "OK"
    assert money(site) == [whole("0.5"), 0]
    site.verify()


@pytest.mark.parametrize("cost", [None, "", -1])
def test_a_direct_debit_without_a_cost_is_refused_before_anything_moves(cost: object) -> None:
    site = shop()
    assert ask(site, request="*directdebit", Cost=cost) == ("error", "MANDATORY_IE_MISSING: [Cost]")
    assert (money(site), kept(site)) == ([whole(100)], [])


def test_an_account_is_made_for_dynaprepaid_where_plans_say_so() -> None:
    site = shop(None)
    asap = Timing("*asap", StartTime="*asap")
    site.actions("GIFT", act("*topup", units("*monetary", "5", "gift")))
    site.plan("P", due(asap, "GIFT"))
    site.options.dynaprepaid_actionplans = ("P",)
    assert ask(site, request="*dynaprepaid") == "OK"
    assert (only(site).cost_amount, only(site).extra_info) == (-ONE, "ACCOUNT_NOT_FOUND")
    site.options.cdrs.scheduler = True
    site.cut()
    assert ask(site, request="*dynaprepaid", origin="other") == "OK"
    assert kept(site)[1].cost_amount == whole("0.6")
    assert money(site) == [whole("4.4")]


def test_why_there_is_no_cost_stands_in_the_record() -> None:
    site = shop(None)
    assert ask(site) == "OK"
    assert (only(site).cost_amount, only(site).extra_info, only(site).cost_source) == (-ONE, "ACCOUNT_NOT_FOUND", "")


def test_usage_beyond_all_bounds_is_not_rated() -> None:
    site = shop()
    site.options.rating.max_usage_ns = {"*voice": 59 * SECOND}
    assert ask(site) == "OK"
    assert (only(site).cost_amount, only(site).extra_info, money(site)) == (-ONE, "MAX_USAGE_EXCEEDED", [whole(100)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"Usage": "soon"},
        {"SetupTime": "yesterday"},
        {"AnswerTime": "32/01/2026 10:00:00"},
        {"Cost": "much"},
        {"CostDetails": "{"},
        {"CostDetails": [1]},
        {"CostDetails": {"Charges": 7}},
    ],
)
def test_an_event_that_cannot_be_read_changes_nothing(wrong: dict[str, Any]) -> None:
    site = shop()
    assert ask(site, **wrong) == ("error", "PARTIALLY_EXECUTED")
    assert (money(site), kept(site)) == ([whole(100)], [])
    assert ask(site) == "OK"  # and is no repetition afterwards


def test_the_second_of_two_equal_events_in_one_call_is_refused_with_the_first() -> None:
    site = shop()
    events = [{"Tenant": TENANT, "Event": fields()}, {"Tenant": TENANT, "Event": fields()}]
    assert site.call("CDRsV1.ProcessEvents", {"CGREvents": events}) == ("error", "EXISTS")
    assert (money(site), kept(site)) == ([whole(100)], [])


def test_many_events_are_taken_step_by_step() -> None:
    site = shop()
    count = 2 * MAX_EVENTS_PER_STEP + 3
    events = [{"Tenant": TENANT, "Event": fields(f"o{number}")} for number in range(count)]
    assert site.call("CDRsV1.ProcessEvents", {"CGREvents": events}) == "OK"
    assert len(kept(site)) == count
    assert [cdr.order_id for cdr in kept(site)] == list(range(1, count + 1))
    assert money(site) == [whole(100) - count * whole("0.6")]


def test_one_bad_event_stops_its_step_whole() -> None:
    site = shop()
    events = [{"Tenant": TENANT, "Event": fields("good")}, {"Tenant": TENANT, "Event": fields("bad", usage="soon")}]
    assert site.call("CDRsV1.ProcessEvents", {"CGREvents": events}) == ("error", "PARTIALLY_EXECUTED")
    assert (money(site), kept(site)) == ([whole(100)], [])


# -- repetitions ---------------------------------------------------------------------------------------------------------


def test_a_repetition_is_known_after_a_restart() -> None:
    site = shop()
    assert ask(site) == "OK"
    site.cut()
    assert ask(site) == ("error", "EXISTS")
    assert money(site) == [whole("99.4")]


def test_a_run_that_was_not_stored_is_known_for_a_while() -> None:
    site = shop()
    assert ask(site, "*store:false") == "OK"
    assert ask(site, "*store:false") == ("error", "EXISTS")
    assert ask(site) == ("error", "EXISTS")
    assert money(site) == [whole("99.4")]
    site.now += site.options.cdrs.ids_ttl_ns
    assert ask(site) == "OK"


def test_a_removed_record_may_come_again() -> None:
    site = shop()
    assert ask(site) == "OK"
    assert site.call("APIerSv1.RemoveCDRs", {"OriginIDs": ["o"]}) == "OK"
    assert kept(site) == []
    assert ask(site) == "OK"
    assert money(site) == [whole("98.8")]
    assert only(site).order_id == 2


# -- giving back ---------------------------------------------------------------------------------------------------------


def test_a_refund_gives_back_once() -> None:
    site = shop()
    assert ask(site) == "OK"
    for _ in range(3):
        assert ask(site, "*refund", "*store:false") == "OK"
        assert money(site) == [whole(100)]
    assert only(site).cost_amount == whole("0.6")  # the record looks as before (recorded)
    assert only(site).settled
    site.cut()
    assert ask(site, "*refund", "*store:false") == "OK"
    assert money(site) == [whole(100)]
    site.verify()


def test_a_refund_that_would_store_again_says_that_the_record_exists() -> None:
    site = shop()
    assert ask(site) == "OK"
    assert ask(site, "*refund") == ("error", "EXISTS")
    assert money(site) == [whole("99.4")]


def test_a_refund_with_reprocess_leaves_a_record_without_a_cost() -> None:
    site = shop()
    assert ask(site) == "OK"
    assert ask(site, "*refund", "*reprocess") == "OK"
    assert money(site) == [whole(100)]
    assert (only(site).order_id, only(site).cost_amount, only(site).cost_details) == (1, -ONE, b"")


def test_a_refund_of_what_was_never_there_is_refused() -> None:
    site = shop()
    assert ask(site, "*refund") == ("error", "PARTIALLY_EXECUTED")
    assert ask(site, "*rerate") == ("error", "PARTIALLY_EXECUTED")
    assert kept(site) == []


def test_what_was_never_stored_is_given_back_by_its_own_answer() -> None:
    site = shop()
    (answer,) = answers(ask(site, "*store:false", version=2))
    assert money(site) == [whole("99.4")]
    params = {"Tenant": TENANT, "Flags": ["*refund", "*store:false"], "Event": answer["Event"]}
    (answer,) = answers(site.call("CDRsV2.ProcessEvent", params))
    assert answer["Flags"] == ["*refund"]
    assert money(site) == [whole(100)]


def test_reprocessing_never_charges_twice() -> None:
    site = shop()
    for _ in range(3):
        assert ask(site, "*reprocess", "*rals") == "OK"
    assert money(site) == [whole("99.4")]
    assert taken(site, only(site).cgrid) == whole("0.6")
    for _ in range(2):
        assert ask(site, "*reprocess", "*rals", "*store:false", usage="30s") == "OK"
        assert money(site) == [whole("99.7")]
    assert only(site).cost_amount == whole("0.6")
    assert only(site).taken
    site.verify()


def test_rerating_keeps_the_record_in_its_place() -> None:
    site = shop()
    assert ask(site, origin="first") == "OK"
    assert ask(site, origin="second") == "OK"
    site.now += SECOND
    assert ask(site, "*rerate", origin="first", Subject="dear", Colour="red") == "OK"
    first, second = kept(site)
    assert (first.order_id, first.subject, first.cost_amount) == (1, "dear", whole("1.2"))
    assert first.created_ns == second.created_ns == first.updated_ns - SECOND
    assert msgspec.json.decode(first.extra_fields) == {"Colour": "red"}
    assert money(site) == [whole("98.2")]


def test_an_error_is_gone_when_the_record_is_rated() -> None:
    site = shop(None)
    assert ask(site) == "OK"
    add(site, "*monetary", 1)
    assert site.call("CDRsV1.RateCDRs", {"OriginIDs": ["o"], "Flags": ["*rerate"]}) == "OK"
    assert (only(site).cost_amount, only(site).extra_info) == (whole("0.6"), "")
    assert money(site) == [whole("0.4")]


def test_what_the_sender_says_besides_stays() -> None:
    site = shop()
    assert ask(site, ExtraInfo="by hand") == "OK"
    assert site.call("CDRsV1.RateCDRs", {"OriginIDs": ["o"]}) == "OK"
    assert (only(site).cost_amount, only(site).extra_info) == (whole("0.6"), "by hand")


def test_a_dry_run_is_nothing_to_give_back() -> None:
    site = shop(10, price="0.6234", method="*up", decimals=1, exact=False)
    assert ask(site, opts={"*ralsDryRun": True}) == "OK"
    assert money(site) == [whole(10)]
    assert only(site).cost_amount == whole("0.7")  # rounded as a debit is
    summary = details(site)["AccountSummary"]["BalanceSummaries"][0]
    assert (summary["Initial"], summary["Value"]) == (10, 9.3)
    assert ask(site, "*refund", "*store:false") == "OK"
    assert money(site) == [whole(10)]


# -- the cost of a session -------------------------------------------------------------------------------------------------


def test_a_stored_cost_is_fetched_once_and_by_the_right_usage() -> None:
    site = shop()
    (paid,) = answers(ask(site, "*store:false", version=2, origin="s"))
    details = paid["Event"]["CostDetails"]
    cgrid = paid["Event"]["CGRID"]
    cost = {"CGRID": cgrid, "RunID": "*default", "CostSource": "*sessions", "Usage": 60 * SECOND, "CostDetails": details}
    assert site.call("CDRsV1.StoreSessionCost", {"Cost": cost, "CheckDuplicate": True}) == "OK"
    assert site.call("CDRsV1.StoreSessionCost", {"Cost": cost, "CheckDuplicate": True}) == ("error", "SERVER_ERROR: EXISTS")
    site.now += site.options.cdrs.ids_ttl_ns
    site.cut()  # it waits through a restart
    assert ask(site, request="*prepaid", origin="s") == "OK"
    assert money(site) == [whole("99.4")]
    assert (only(site).cost_amount, only(site).cost_source) == (whole("0.6"), "*sessions")
    # rated again it is charged anew: the session's cost went back and is not there a second time
    assert ask(site, "*rerate", request="*prepaid", origin="s") == "OK"
    assert (money(site), only(site).cost_source) == ([whole("99.4")], "*cdrs")
    site.verify()


@pytest.mark.parametrize(("usage", "left"), [("90s", "99.1"), ("10s", "99.9")])
def test_another_usage_than_the_sessions_is_charged_anew(usage: str, left: str) -> None:
    site = shop()
    (paid,) = answers(ask(site, "*store:false", version=2, origin="s"))
    cost = {"CGRID": paid["Event"]["CGRID"], "RunID": "*default", "Usage": 60 * SECOND, "CostDetails": paid["Event"]["CostDetails"]}
    assert site.call("CDRsV2.StoreSessionCost", {"Cost": cost}) == "OK"
    site.now += site.options.cdrs.ids_ttl_ns
    assert ask(site, request="*prepaid", origin="s", usage=usage) == "OK"
    assert money(site) == [whole(left)]
    assert only(site).cost_source == "CDRs"
    assert details(site)["Usage"] is None
    site.verify()


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (None, "MANDATORY_IE_MISSING: [Cost]"),
        ({"RunID": "x"}, "MANDATORY_IE_MISSING: [CGRID CostDetails]"),
        ({"CGRID": "x", "CostDetails": {"Charges": "none"}}, "SERVER_ERROR: CostDetails: Charges is no list"),
    ],
)
def test_a_cost_that_is_none_is_refused(cost: object, text: str) -> None:
    assert shop().call("CDRsV1.StoreSessionCost", {"Cost": cost}) == ("error", text)


# -- runs and switches -----------------------------------------------------------------------------------------------------


def charger(name: str, run: str, weight: int) -> PutItem:
    return PutItem("charger_profile", f"{TENANT}:{name}", ChargerProfile(TENANT, name, None, None, run, ("*none",), str(weight)))


def test_every_run_has_its_record_and_one_refund_gives_all_of_them_back() -> None:
    site = shop()
    site.options.cdrs.chargers = True
    site.step(charger("A", "*default", 20))
    site.step(charger("B", "second", 10))
    assert ask(site) == "OK"
    assert [(cdr.run_id, cdr.cost_amount) for cdr in kept(site)] == [("*default", whole("0.6")), ("second", whole("0.6"))]
    assert money(site) == [whole("98.8")]
    one, two = answers(ask(site, "*refund", "*store:false", version=2))
    assert (one["Flags"], two["Flags"]) == (["*refund"], ["*refund"])
    assert money(site) == [whole(100)]


def test_rating_again_makes_no_other_runs() -> None:
    site = shop()
    assert ask(site) == "OK"
    site.options.cdrs.chargers = True
    site.step(charger("A", "*default", 20))
    site.step(charger("B", "second", 10))
    assert site.call("CDRsV1.RateCDRs", {"OriginIDs": ["o"]}) == "OK"
    assert only(site).run_id == "*default"
    assert money(site) == [whole("99.4")]


def test_thresholds_asked_for_by_name_are_not_passed_over_in_silence() -> None:
    site = shop()
    assert ask(site, "*thresholds", "*stats", origin="none to match") == "OK"
    site.step(PutItem("threshold_profile", f"{TENANT}:T", ThresholdProfile(TENANT, "T")))
    assert ask(site, "*thresholds") == ("error", "NOT_IMPLEMENTED: *thresholds")
    assert ask(site, "*stats") == "OK"
    assert money(site) == [whole("98.8")]


OPTIONS = EngineOptions(RatingOptions(exact=True), {}, SessionOptions(), cdrs=CdrOptions(attributes=True, chargers=True, rals=True))
PLANS: list[tuple[dict[str, bool], dict[str, bool]]] = [
    ({}, {"attributes": True, "chargers": True, "rate": True, "store": True, "refund": False, "reprocess": False}),
    ({"rate": False}, {"rate": False, "store": True}),
    ({"attributes": False, "chargers": False}, {"attributes": False, "chargers": False, "rate": True}),
    ({"refund": True}, {"refund": True, "rate": False, "reprocess": False}),
    ({"refund": True, "rate": True}, {"refund": True, "rate": True}),
    ({"rerate": True}, {"refund": True, "rate": True, "reprocess": True}),
    ({"rerate": True, "rate": False}, {"rate": True}),
    ({"rerate": False}, {"refund": False, "rate": True, "reprocess": False}),
    ({"reprocess": True, "store": False}, {"reprocess": True, "rate": True, "store": False}),
]


@pytest.mark.parametrize(("switches", "wanted"), PLANS)
def test_switches_go_before_the_configuration(switches: dict[str, bool], wanted: dict[str, bool]) -> None:
    made = plan_of(CdrSwitches(**switches), OPTIONS)
    assert {name: getattr(made, name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("flags", "opts", "charged"),
    [
        (["*rals:false"], {}, False),
        ([], {"*ralS": False}, False),
        ([], {"*ralS": "false"}, False),
        (["*rals"], {"*ralS": False}, True),  # a flag goes before an option
        (["*whistle"], {}, True),
        (["*rals:false", "*rals"], {}, True),  # the last word counts
    ],
)
def test_flags_and_options(flags: list[str], opts: dict[str, object], charged: bool) -> None:
    site = shop()
    assert ask(site, *flags, opts=opts) == "OK"
    assert money(site) == [whole("99.4" if charged else 100)]


def test_extra_fields_are_text() -> None:
    site = shop()
    given: dict[str, Any] = {"Size": 4, "Half": 0.5, "On": True, "Deep": {"a": [1]}, "ExtraFields": {"Inner": "x", "N": 3}}
    assert ask(site, **given) == "OK"
    assert json.loads(only(site).extra_fields) == {
        "Size": "4",
        "Half": "0.5",
        "On": "true",
        "Deep": '{"a":[1]}',
        "Inner": "x",
        "N": "3",
    }
