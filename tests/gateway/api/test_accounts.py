"""Accounts and balances as clients set, get and change them; what is refused, in which words, and that it then changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.money import ONE
from engine.rating.book import Timing
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.site import Site, act, due, units

MONEY = "*monetary"


def site_of() -> Site:
    """ann has 10 money in a balance `cash`, 4 in `more`; bob has nothing; there are a plan, a group of triggers and a set."""
    site = Site()
    for id, value in (("cash", 10), ("more", 4)):
        assert site.call("APIerSv1.AddBalance", balance(id=id, value=value)) == "OK"
    site.account("bob")
    site.actions("GIFT", act("*topup", units(MONEY, 1, "gift")))
    site.plan("PLAN", due(Timing("D", StartTime="12:00:00"), "GIFT"))
    site.put("timing", "NIGHT", Timing("NIGHT", StartTime="20:00:00"))
    assert site.call("APIerSv1.SetActionTrigger", {"GroupID": "TG", "UniqueID": "t", "ActionTrigger": {"ThresholdValue": 5}}) == "OK"
    return site


def balance(account: str = "ann", id: str = "cash", value: object = 1, kind: str = MONEY, **more: Any) -> dict[str, Any]:
    return {"Account": account, "BalanceType": kind, "Value": value, "Balance": {"ID": id, **more}}


def held(site: Site, account: str = "ann") -> dict[str, float]:
    found = site.call("APIerSv2.GetAccount", {"Account": account})
    assert isinstance(found, dict)
    return {one["ID"]: one["Value"] for chain in (found["BalanceMap"] or {}).values() for one in chain or ()}


# -- what is refused -------------------------------------------------------------------------------------------------------------

PARTLY = "PARTIALLY_EXECUTED"
GO = "json: cannot unmarshal string into Go struct field "
REFUSED = [
    ("APIerSv1.AddBalance", {}, "MANDATORY_IE_MISSING: [Account BalanceType]"),
    ("APIerSv1.AddBalance", {"Account": "ann"}, "MANDATORY_IE_MISSING: [BalanceType]"),
    ("APIerSv1.AddBalance", balance(value="ten"), f"{GO}AttrAddBalance.Value of type float64"),
    ("APIerSv1.AddBalance", balance(Weight="heavy"), 'strconv.ParseFloat: parsing "heavy": invalid syntax'),
    ("APIerSv1.AddBalance", balance(Weight={}), "cannot convert field: map[string]interface {} to float64"),
    ("APIerSv1.AddBalance", balance(Blocker="maybe"), 'strconv.ParseBool: parsing "maybe": invalid syntax'),
    ("APIerSv1.AddBalance", balance(Blocker=[]), "cannot convert field: []interface {} to bool"),
    ("APIerSv1.AddBalance", balance(ExpiryTime="soon"), "Unsupported time format"),
    ("APIerSv1.AddBalance", balance(ExpiryTime=5), "cannot convert field: float64 to time.Time"),
    ("APIerSv1.AddBalance", balance(TimingIDs="NONE"), "NOT_FOUND"),
    ("APIerSv1.AddBalance", balance(Factors="x"), "cannot convert field: string to map[string]float64"),
    ("APIerSv1.AddBalance", balance(Factors={"x": "y"}), 'strconv.ParseFloat: parsing "y": invalid syntax'),
    ("APIerSv1.DebitBalance", {"Account": "ann"}, "MANDATORY_IE_MISSING: [BalanceType]"),
    ("APIerSv1.SetBalance", {}, "MANDATORY_IE_MISSING: [Account BalanceType]"),
    ("APIerSv1.SetBalance", balance(id=""), "MANDATORY_IE_MISSING: [BalanceID or BalanceUUID]"),
    ("APIerSv1.SetBalance", balance(UUID="none"), PARTLY),
    ("APIerSv1.SetBalances", {"Account": "ann"}, "MANDATORY_IE_MISSING: [Balances]"),
    ("APIerSv1.SetBalances", {"Account": "ann", "Balances": []}, "MANDATORY_IE_MISSING: [Balances]"),
    (
        "APIerSv1.SetBalances",
        {"Account": "ann", "Balances": [balance(id="cash", value=99), {"BalanceType": MONEY}]},
        "MANDATORY_IE_MISSING: [BalanceID or BalanceUUID]",
    ),
    ("APIerSv1.SetBalances", {"Account": "ann", "Balances": [balance(value=99), balance(UUID="none")]}, PARTLY),
    ("APIerSv1.RemoveBalances", {}, "MANDATORY_IE_MISSING: [Account BalanceType]"),
    ("APIerSv1.RemoveBalances", balance("nobody"), "NOT_FOUND"),
    ("APIerSv1.RemoveBalances", balance(id="none"), PARTLY),
    (
        "APIerSv1.TransferBalance",
        {"SourceAccountID": "ann"},
        "MANDATORY_IE_MISSING: [SourceBalanceID DestinationAccountID DestinationBalanceID]",
    ),
    ("APIerSv1.ExecuteAction", {"Account": "ann", "ActionsId": "NONE"}, "NOT_FOUND"),
    ("APIerSv1.GetAccount", {"Account": "nobody"}, "NOT_FOUND"),
    ("APIerSv2.GetAccount", {}, "NOT_FOUND"),
    ("APIerSv2.GetAccount", {"Account": 1}, "json: cannot unmarshal number into Go struct field AttrGetAccount.Account of type string"),
    ("APIerSv2.GetAccounts", {"Limit": True}, "json: cannot unmarshal bool into Go struct field AttrGetAccounts.Limit of type int"),
    ("APIerSv2.GetAccountsCount", {"Tenant": "empty.example"}, "NOT_FOUND"),
    ("APIerSv1.GetAccountIDs", {"Search": "none"}, "NOT_FOUND"),
    ("APIerSv1.SetAccount", {}, "MANDATORY_IE_MISSING: [Account]"),
    ("APIerSv2.SetAccount", {}, "MANDATORY_IE_MISSING: [Account]"),
    ("APIerSv1.SetAccount", {"Account": "new", "ActionPlanID": "NONE"}, "SERVER_ERROR: NOT_FOUND"),
    ("APIerSv1.SetAccount", {"Account": "new", "ActionTriggersID": "NONE"}, "SERVER_ERROR: NOT_FOUND"),
    ("APIerSv2.SetAccount", {"Account": "new", "ActionPlanIDs": ["PLAN", "NONE"]}, "SERVER_ERROR: NOT_FOUND"),
    ("APIerSv2.SetAccount", {"Account": "new", "ActionTriggerIDs": ["TG", "NONE"]}, "SERVER_ERROR: NOT_FOUND"),
    ("APIerSv1.RemoveAccount", {}, "MANDATORY_IE_MISSING: [Account]"),
]


def move(units: object, source: str = "cash", account: str = "bob", **more: object) -> dict[str, object]:
    names = {"SourceAccountID": "ann", "SourceBalanceID": source, "DestinationAccountID": account, "DestinationBalanceID": "cash"}
    return names | {"Units": units} | more


REFUSED += [
    ("APIerSv1.TransferBalance", move(11), f"SERVER_ERROR: {PARTLY}"),
    ("APIerSv1.TransferBalance", move(0), f"SERVER_ERROR: {PARTLY}"),
    ("APIerSv1.TransferBalance", move(1, source="none"), f"SERVER_ERROR: {PARTLY}"),
    ("APIerSv1.TransferBalance", move(1, account="nobody"), f"SERVER_ERROR: {PARTLY}"),
    ("APIerSv1.TransferBalance", move(11, Cdrlog=True), f"SERVER_ERROR: {PARTLY}"),
]


@pytest.mark.parametrize(("method", "params", "error"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_refused_changes_nothing(method: str, params: dict[str, Any], error: str) -> None:
    site = site_of()
    before, entries = shown(site), len(site.entries())
    assert site.call(method, params) == ("error", error)
    assert shown(site) == before
    assert len(site.entries()) == entries
    assert site.storage.tables.cdrs == {}


def shown(site: Site) -> str:
    return json.dumps(site.call("APIerSv2.GetAccounts", {}))


# -- balances --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "params", "after"),
    [
        ("AddBalance", balance(value=2.5), {"cash": 12.5, "more": 4}),
        ("AddBalance", balance(value=-2.5), {"cash": 12.5, "more": 4}),
        ("AddBalance", balance(value=0), {"cash": 10, "more": 4}),
        ("AddBalance", balance(id="new", value=1), {"cash": 10, "more": 4, "new": 1}),
        ("AddBalance", balance(value=3) | {"Overwrite": True}, {"cash": 3, "more": 4}),
        ("AddBalance", {"Account": "ann", "BalanceType": MONEY, "Balance": {"ID": "cash", "Value": "5"}}, {"cash": 15, "more": 4}),
        ("AddBalance", {"account": "ann", "BALANCETYPE": MONEY, "value": 1, "balance": {"ID": "cash"}}, {"cash": 11, "more": 4}),
        ("DebitBalance", balance(value=12), {"cash": -2, "more": 4}),
        ("DebitBalance", balance(value=12) | {"Overwrite": True}, {"cash": -12, "more": 4}),
        ("SetBalance", balance(value=7), {"cash": 7, "more": 4}),
        ("SetBalance", balance(id="new", value=7), {"cash": 10, "more": 4, "new": 7}),
        ("SetBalances", {"Account": "ann", "Balances": [balance(value=7), balance(id="more", value=8)]}, {"cash": 7, "more": 8}),
        ("RemoveBalances", balance(), {"more": 4}),
        ("RemoveBalances", {"Account": "ann", "BalanceType": MONEY}, {}),
    ],
)
def test_balances(method: str, params: dict[str, Any], after: dict[str, float]) -> None:
    site = site_of()
    assert site.call(f"APIerSv1.{method}", params) == "OK"
    assert held(site) == after
    site.verify()


def test_every_field_of_a_balance() -> None:
    site = site_of()
    fields = {
        "ExpiryTime": "2030-01-01T00:00:00Z",
        "Weight": "12.5",
        "DestinationIDs": "NEAR;!FAR",
        "RatingSubject": "*zero1m",
        "Categories": "call",
        "SharedGroups": "SG",
        "TimingIDs": "NIGHT",
        "Disabled": "true",
        "Blocker": True,
        "Factors": {"minute": 1.6666666666666667e-11, "double": "2"},
    }
    assert site.call("APIerSv1.AddBalance", balance("eve", "all", 60 * SECOND, "*voice", **fields)) == "OK"
    for _ in range(2):
        found = site.call("APIerSv2.GetAccount", {"Account": "eve"})
        assert isinstance(found, dict)
        (one,) = found["BalanceMap"]["*voice"]
        assert (one["ID"], one["Value"], one["Weight"], one["ExpirationDate"]) == ("all", 60 * SECOND, 12.5, "2030-01-01T00:00:00Z")
        assert (one["DestinationIDs"], one["Categories"]) == ({"NEAR": True, "FAR": False}, {"call": True})
        assert (one["SharedGroups"], one["TimingIDs"]) == ({"SG": True}, {"NIGHT": True})
        assert (one["RatingSubject"], one["Disabled"], one["Blocker"]) == ("*zero1m", True, True)
        assert one["Factors"] == {"minute": 1.6666666666666667e-11, "double": 2}
        assert [timing["ID"] for timing in one["Timings"]] == ["NIGHT"]
        site.cut()
    older = site.call("APIerSv1.GetAccount", {"Account": "eve"})
    assert isinstance(older, dict)
    assert older["Id"] == f"*out:{TENANT}:eve"
    (one,) = older["BalanceMap"]["*voice*out"]
    assert (one["Id"], one["DestinationIds"], one["Category"], one["SharedGroup"]) == ("all", "!FAR;NEAR", "call", "SG")


def test_a_balance_is_found_by_its_uuid() -> None:
    site = site_of()
    uuid = site.held("ann").of_type(MONEY)[1].uuid
    given = {"Account": "ann", "BalanceType": MONEY, "Value": 1, "Balance": {"UUID": uuid, "ID": "renamed"}}
    assert site.call("APIerSv1.SetBalance", given) == "OK"
    assert held(site) == {"cash": 10, "renamed": 1}


def test_changes_are_recorded_where_that_is_wanted() -> None:
    site = site_of()
    extra = {"ActionExtraData": {"Reason": "gift", "Number": 5}}
    assert site.call("APIerSv1.AddBalance", balance(value=3) | {"Cdrlog": True} | extra) == "OK"
    assert site.call("APIerSv1.DebitBalance", balance(value=2) | {"Cdrlog": True}) == "OK"
    assert site.call("APIerSv1.TransferBalance", move(1, Cdrlog=True)) == ""
    rows = [(cdr.run_id, cdr.cost_amount, json.loads(cdr.extra_fields)) for cdr in site.storage.tables.cdrs.values()]
    assert rows == [
        ("*topup", 3 * ONE, {"Reason": "gift", "Number": "5"}),
        ("*debit", 2 * ONE, {}),
        ("*transfer_balance", ONE, {"BalanceID": "cash"}),
    ]


def test_money_moves_between_accounts() -> None:
    site = site_of()
    assert site.call("APIerSv1.TransferBalance", move(2.5)) == ""
    assert site.call("APIerSv1.TransferBalance", move(1, DestinationReferenceValue=7)) == ""
    assert (held(site), held(site, "bob")) == ({"cash": 3, "more": 4}, {"cash": 7})
    site.verify()


# -- accounts --------------------------------------------------------------------------------------------------------------------


def test_an_account_is_made_by_whatever_names_it_first() -> None:
    site = site_of()
    for method, params in (
        ("APIerSv1.SetAccount", {"Account": "one"}),
        ("APIerSv2.SetAccount", {"Account": "two", "ExtraOptions": {"AllowNegative": True, "Other": True}}),
        ("APIerSv1.AddBalance", balance("three")),
        ("APIerSv1.ExecuteAction", {"Account": "four", "ActionsId": "GIFT"}),
    ):
        assert site.call(method, params) == "OK", method
    assert site.call("APIerSv1.GetAccountIDs", {}) == ["ann", "bob", "four", "one", "three", "two"]
    assert site.held("two").allow_negative


def test_flags_stay_until_they_are_given_anew() -> None:
    site = site_of()
    site.call("APIerSv2.SetAccount", {"Account": "ann", "ExtraOptions": {"AllowNegative": True, "Disabled": True}})
    site.call("APIerSv2.SetAccount", {"Account": "ann"})
    site.call("APIerSv1.SetAccount", {"Account": "ann", "ExtraOptions": {"Disabled": False}})
    assert (site.held("ann").allow_negative, site.held("ann").disabled) == (True, False)


def test_plans_and_triggers_are_added_by_the_newer_method_and_replaced_by_the_older() -> None:
    site = site_of()
    site.plan("OTHER", due(Timing("D", StartTime="13:00:00"), "GIFT", "u2"))
    site.call("APIerSv1.SetActionTrigger", {"GroupID": "TH", "UniqueID": "t", "ActionTrigger": {"ThresholdValue": 5}})

    def plans() -> list[str]:
        return sorted({one["ActionPlanId"] for one in as_list(site.call("APIerSv1.GetAccountActionPlan", {"Account": "ann"}))})

    def triggers() -> list[str]:
        return [one.id for one in site.held("ann").triggers or ()]

    for name, group in (("PLAN", "TG"), ("OTHER", "TH")):
        assert site.call("APIerSv2.SetAccount", {"Account": "ann", "ActionPlanIDs": [name], "ActionTriggerIDs": [group]}) == "OK"
    assert (plans(), triggers()) == (["OTHER", "PLAN"], ["TG", "TH"])
    overwrite = {"ActionPlanIDs": ["PLAN"], "ActionPlansOverwrite": True, "ActionTriggerIDs": ["TG"], "ActionTriggerOverwrite": True}
    assert site.call("APIerSv2.SetAccount", {"Account": "ann"} | overwrite) == "OK"
    assert (plans(), triggers()) == (["PLAN"], ["TG"])
    assert site.call("APIerSv1.SetAccount", {"Account": "ann", "ActionPlanID": "OTHER", "ActionTriggersID": "TH"}) == "OK"
    assert (plans(), triggers()) == (["OTHER"], ["TH"])


def as_list(value: object) -> list[Any]:
    assert isinstance(value, list)
    return value


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, ["ann", "bob", "eve"]),
        ({"AccountIDs": ["eve", "none", "ann"]}, ["eve", "ann"]),
        ({"Limit": 2}, ["ann", "bob"]),
        ({"Offset": 1, "Limit": 1}, ["bob"]),
        ({"Offset": 9}, []),
        ({"Offset": -1}, ["ann", "bob", "eve"]),
        ({"Filter": {"Disabled": True}}, ["eve"]),
        ({"Filter": {"Disabled": False}}, ["ann", "bob"]),
        ({"Filter": {"AllowNegative": True}}, []),
        ({"Tenant": "empty.example"}, []),
    ],
)
def test_accounts_are_listed(params: dict[str, Any], names: list[str]) -> None:
    site = site_of()
    site.account("eve", disabled=True)
    newer, older = (as_list(site.call(f"APIerSv{version}.GetAccounts", params)) for version in (2, 1))
    assert [one["ID"] for one in newer] == [f"{TENANT}:{name}" for name in names]
    assert [one["Id"] for one in older] == [f"*out:{TENANT}:{name}" for name in names]


def test_accounts_are_counted() -> None:
    site = site_of()
    assert site.call("APIerSv1.GetAccountsCount", {}) == site.call("APIerSv2.GetAccountsCount", {}) == 2
    assert site.call("APIerSv1.GetAccountsCount", {"Tenant": "empty.example"}) == 0


def test_an_account_that_is_removed_is_gone_and_may_be_removed_again() -> None:
    site = site_of()
    for _ in range(2):
        assert site.call("APIerSv1.RemoveAccount", {"Account": "ann"}) == "OK"
    assert site.call("APIerSv2.GetAccount", {"Account": "ann"}) == ("error", "NOT_FOUND")
    site.verify()
