"""Described calls against an account: what Responder and the usage methods answer, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from engine.commands import SetAccount
from engine.times import UTC_ZONE, format_time
from engine.usage import MINUTE, SECOND
from tests.engine.house import TENANT
from tests.properties.series import increments
from tests.site import NOW, Site

MONEY = "*monetary"


def site_of() -> Site:
    """ann: 1 money; min: 60 s; poor: nothing; off: disabled; block: a blocker of 0.1; lost: minutes whose price nobody knows."""
    site = Site()
    site.price("*any", ("0", "0.6", SECOND, MINUTE))
    site.price("lost", ("0", "0.6", SECOND, MINUTE), category="own")
    site.options.rating.max_usage_ns["*voice"] = 72 * 60 * MINUTE
    for name, kind, value, fields in (
        ("ann", MONEY, 1, {}),
        ("min", "*voice", MINUTE, {}),
        ("block", MONEY, 0.1, {"Blocker": True}),
        ("lost", "*voice", MINUTE, {"RatingSubject": "none"}),
        ("off", MONEY, 1, {}),
        ("share", MONEY, 1, {"SharedGroups": "NONE"}),
    ):
        given = {"Account": name, "BalanceType": kind, "Value": value, "Balance": {"ID": "b"} | fields}
        assert site.call("APIerSv1.AddBalance", given) == "OK"
    site.account("poor")
    site.step(SetAccount(f"{TENANT}:off", disabled=True))
    return site


def asked(name: str = "ann", seconds: float = 60, **more: Any) -> dict[str, Any]:
    begin, end = (format_time(at, UTC_ZONE) for at in (NOW, NOW + int(seconds * SECOND)))
    known = {"Category": "call", "ToR": "*voice", "Account": name, "Subject": name, "Destination": "49301"}
    return known | {"TimeStart": begin, "TimeEnd": end} | more


def held(site: Site, name: str = "ann") -> list[int]:
    return [value for values in site.values(name).values() for value in values]


FIELD = "CallDescriptorWithAPIOpts.CallDescriptor.MaxRate"
ALL = ("Debit", "MaxDebit", "GetMaxSessionTime")
REFUSED = [
    *((method, asked("nobody"), "ACCOUNT_NOT_FOUND") for method in ALL),
    *((method, asked("off"), "ACCOUNT_DISABLED") for method in ALL),
    *((method, asked("share"), "NOT_FOUND") for method in ALL),
    *((method, asked("lost", Category="own"), "RATING_PLAN_NOT_FOUND") for method in ALL),
    *((method, asked(Category="none"), "RATING_PLAN_NOT_FOUND") for method in ALL),
    *((method, asked(seconds=73 * 3600), "MAX_USAGE_EXCEEDED") for method in ALL),
    ("Debit", asked("block"), "INSUFFICIENT_CREDIT_BALANCE_BLOCKER"),
    ("MaxDebit", asked("ann", 200, ForceDuration=True), "INSUFFICIENT_CREDIT"),
    ("DebitMonetary", asked(), "MANDATORY_IE_MISSING: [Cost]"),
    ("DebitMonetary", {"Account": "nobody", "Cost": 1}, "ACCOUNT_NOT_FOUND"),
    ("Debit", asked(TimeStart="x"), 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'),
    ("Debit", asked(MaxRate="x"), f"json: cannot unmarshal string into Go struct field {FIELD} of type float64"),
]


@pytest.mark.parametrize(("method", "params", "error"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_refused_takes_nothing(method: str, params: dict[str, Any], error: str) -> None:
    site = site_of()
    entries = len(site.entries())
    answer = site.call(f"Responder.{method}", params)
    assert answer == ("error", error)
    assert len(site.entries()) == entries


def cost(answer: object) -> dict[str, Any]:
    assert isinstance(answer, dict), answer
    return answer


def test_a_debit_takes_what_it_says() -> None:
    site = site_of()
    answer = cost(site.call("Responder.Debit", asked()))
    assert (answer["Cost"], answer["RatedUsage"], answer["Account"], answer["Tenant"]) == (0.6, MINUTE, "ann", TENANT)
    (span,) = answer["Timespans"]
    assert (span["TimeStart"], span["TimeEnd"], span["Cost"]) == ("2026-04-07T10:00:00Z", "2026-04-07T10:01:00Z", 0.6)
    assert [(one["Duration"], one["Cost"], one["CompressFactor"]) for one in span["Increments"]] == [(SECOND, 0.01, 60)]
    (row,) = answer["AccountSummary"]["BalanceSummaries"]
    assert (row["ID"], row["Initial"], row["Value"]) == ("b", 1, 0.4)
    assert held(site) == [4 * 10**8]


def test_a_debit_may_owe_and_a_debit_of_what_there_is_may_not() -> None:
    site = site_of()
    assert cost(site.call("Responder.MaxDebit", asked(seconds=200)))["RatedUsage"] == 100 * SECOND
    assert held(site) == [0]
    assert cost(site.call("Responder.MaxDebit", asked()))["Timespans"] is None
    assert cost(site.call("Responder.Debit", asked(DenyNegativeAccount=True)))["Cost"] == 0
    assert held(site) == [0]
    assert cost(site.call("Responder.Debit", asked()))["Cost"] == 0.6
    assert held(site) == [0, -6 * 10**8]
    site.verify()


@pytest.mark.parametrize("params", [asked(DryRun=True), asked(APIOpts={"*ralsDryRun": True}), asked(APIOpts={"*ralsDryRun": "true"})])
def test_a_dry_run_says_the_same_and_takes_nothing(params: dict[str, Any]) -> None:
    dry, real = site_of(), site_of()
    one, other = cost(dry.call("Responder.Debit", params)), cost(real.call("Responder.Debit", asked()))
    for answer in (one, other):
        for row in answer["AccountSummary"]["BalanceSummaries"]:
            row.pop("Initial")
    assert one == other
    assert held(dry) == [10**9]


def test_how_long_a_call_may_last() -> None:
    site = site_of()
    for name, seconds, wanted in (("ann", 60, 60), ("ann", 200, 100), ("min", 200, 60), ("block", 60, 10), ("poor", 60, 0), ("ann", 0, 0)):
        assert site.call("Responder.GetMaxSessionTime", asked(name, seconds)) == wanted * SECOND, name
    site.step(SetAccount(f"{TENANT}:poor", allow_negative=True))
    assert site.call("Responder.GetMaxSessionTime", asked("poor")) == -1
    assert site.call("Responder.GetMaxSessionTime", asked(MaxRate=0.5, MaxRateUnit=MINUTE)) == 0
    assert site.call("Responder.GetMaxSessionTime", asked(MaxRate=0.6, MaxRateUnit=MINUTE)) == MINUTE


def test_the_first_account_that_can_pay() -> None:
    site = site_of()
    site.price("*any", ("0", "0.6", SECOND, MINUTE), category="*routes")
    given = {"Subject": "ann", "Destination": "49301", "SetupTime": "2026-04-07T10:00:00Z", "Usage": MINUTE}
    on = "Responder.GetMaxSessionTimeOnAccounts"
    assert site.call(on, given | {"AccountIDs": ["poor", "nobody", "min", "ann"]}) == {"Account": "min", "Cost": 0, "MaxUsage": MINUTE}
    assert site.call(on, given | {"AccountIDs": ["poor"]}) is None
    assert site.call(on, given | {"AccountIDs": ["poor", "nobody"]}) == ("error", "ACCOUNT_NOT_FOUND")


@pytest.mark.parametrize("exact", [True, False])
def test_a_refund_gives_back_what_its_increments_say(exact: bool) -> None:
    site = Site(exact=exact)
    site.price("*any", ("0", "0.07", SECOND, MINUTE), fee="0.25")
    for kind, value, fields in ((MONEY, 10, {}), ("*voice", 7 * SECOND, {"Factors": {"f": 0.333333333333}})):
        given = {"Account": "ann", "BalanceType": kind, "Value": value, "Balance": {"ID": kind} | fields}
        assert site.call("APIerSv1.AddBalance", given) == "OK"
    before = held(site)
    taken = cost(site.call("Responder.Debit", asked(seconds=71, ExtraFields={"BalanceFactorID": "f"})))
    assert held(site) != before
    rows = increments(taken)
    back = cost(site.call("Responder.RefundIncrements", asked(Increments=rows)))
    assert back["ID"] == f"{TENANT}:ann"
    assert held(site) == before
    site.verify()


def test_refunds_that_name_nothing_change_nothing() -> None:
    site = site_of()
    uuid = site.held("ann").of_type(MONEY)[0].uuid
    account = f"{TENANT}:ann"
    for info in (
        None,
        {"AccountID": account, "Monetary": {"UUID": "none"}},
        {"AccountID": f"{TENANT}:nobody", "Monetary": {"UUID": uuid}},
        {"AccountID": account, "Unit": {"UUID": uuid, "Consumed": 5}},  # no factor: nothing comes back
    ):
        given = [{"Duration": SECOND, "Cost": 1, "BalanceInfo": info, "CompressFactor": 1}]
        cost(site.call("Responder.RefundIncrements", asked(Increments=given)))
        assert held(site) == [10**9]
    assert cost(site.call("Responder.RefundIncrements", asked()))["ID"] == ""


def test_a_rounding_is_taken_and_given_back() -> None:
    site = site_of()
    info = {"AccountID": f"{TENANT}:ann", "Monetary": {"UUID": site.held("ann").of_type(MONEY)[0].uuid}}
    for correction, left in ((0.1, 9 * 10**8), (-0.2, 11 * 10**8)):
        given = [{"Cost": correction, "BalanceInfo": info, "CompressFactor": 1}]
        cost(site.call("Responder.RefundRounding", asked(Increments=given)))
        assert held(site) == [left]
    site.verify()


def test_an_amount_of_money() -> None:
    site = site_of()
    given = {"Category": "call", "Account": "ann", "Destination": "49301", "AnswerTime": "2026-04-07T10:00:00Z", "Usage": MINUTE}
    cost(site.call("Responder.DebitMonetary", given | {"Cost": 0.75}))
    assert held(site) == [25 * 10**7]
    cost(site.call("Responder.DebitMonetary", given | {"Cost": 0.75}))
    assert held(site) == [0, -5 * 10**8]
    site.verify()


# -- usage records -----------------------------------------------------------------------------------------------------------------


def usage(name: str = "ann", length: str = "1m", **more: str) -> dict[str, Any]:
    return {"Account": name, "Destination": "49301", "SetupTime": "2026-04-07T10:00:00Z", "Usage": length} | more


@pytest.mark.parametrize(
    ("params", "answer"),
    [
        (usage(), MINUTE),
        (usage(length=""), 100 * SECOND),
        (usage(length="200s"), 100 * SECOND),
        (usage("poor"), 0),
        (usage("nobody"), ("error", "ACCOUNT_NOT_FOUND")),
        (usage(length="long"), ("error", 'time: invalid duration "long"')),
        (usage(SetupTime="never"), ("error", "Unsupported time format")),
    ],
)
def test_how_long_a_usage_record_may_be(params: dict[str, Any], answer: object) -> None:
    assert site_of().call("APIerSv1.GetMaxUsage", params) == answer


def test_usage_records_are_debited() -> None:
    site = site_of()
    assert site.call("APIerSv1.DebitUsage", usage()) == "OK"
    assert held(site) == [4 * 10**8]
    assert site.call("APIerSv1.DebitUsageWithOptions", {"UsageRecord": usage()}) == "OK"
    assert held(site) == [0], "what there is, and no more"
    assert site.call("APIerSv1.DebitUsageWithOptions", {"UsageRecord": usage(), "AllowNegativeAccount": True}) == "OK"
    assert held(site) == [0, -6 * 10**8]
    assert site.call("APIerSv1.DebitUsage", usage("nobody")) == ("error", "SERVER_ERROR: ACCOUNT_NOT_FOUND")
    assert site.call("APIerSv1.DebitUsageWithOptions", {}) == ("error", "MANDATORY_IE_MISSING: [UsageRecord]")


def test_what_an_event_would_cost_its_account() -> None:
    site = site_of()
    fields = {
        "Account": "ann",
        "Category": "call",
        "ToR": "*voice",
        "Destination": "49301",
        "SetupTime": "2026-04-07T10:00:00Z",
        "Usage": "1m",
    }
    found = cost(site.call("APIerSv1.GetAccountCost", {"Event": fields}))
    assert (found["Cost"], found["Usage"]) == (0.6, MINUTE)
    assert held(site) == [10**9]
    assert site.call("APIerSv1.GetAccountCost", {"Event": fields | {"Account": "nobody"}}) == ("error", "SERVER_ERROR: ACCOUNT_NOT_FOUND")
    assert site.call("APIerSv1.GetAccountCost", {"Event": fields | {"Usage": "long"}}) == ("error", 'time: invalid duration "long"')
