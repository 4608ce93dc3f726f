"""Sets of actions, action plans and action triggers as clients set, get, list and remove them; the scheduler from outside."""

from __future__ import annotations

from typing import Any

import pytest

from engine.times import DAY, UTC_ZONE, format_time
from engine.usage import HOUR
from tests.engine.house import TENANT
from tests.site import NOW, Site

MONEY = "*monetary"
ANN = f"{TENANT}:ann"
ROW = {"Identifier": "*topup", "BalanceId": "gift", "BalanceType": MONEY, "Units": "5", "Weight": 10}
PLAN_ROW = {"ActionsId": "SET", "Time": "12:00:00", "Weight": 10}


def site_of() -> Site:
    site = Site()
    assert site.call("APIerSv2.SetActions", {"ActionsId": "SET", "Actions": [ROW]}) == "OK"
    assert site.call("APIerSv1.SetActionPlan", {"Id": "PLAN", "ActionPlan": [PLAN_ROW]}) == "OK"
    trigger = {"ThresholdType": "*min_balance", "ThresholdValue": 2, "ActionsID": "SET", "BalanceType": MONEY, "BalanceID": "cash"}
    assert site.call("APIerSv1.SetActionTrigger", {"GroupID": "TG", "UniqueID": "t1", "ActionTrigger": trigger}) == "OK"
    assert site.call("APIerSv1.AddBalance", {"Account": "ann", "BalanceType": MONEY, "Value": 10, "Balance": {"ID": "cash"}}) == "OK"
    return site


def done(site: Site, method: str, **params: Any) -> None:
    assert site.call(method, params) == "OK", (method, params)


def rows(site: Site, method: str, params: object) -> list[Any]:
    found = site.call(method, params)
    assert isinstance(found, list), found
    return found


def held(site: Site, name: str = "ann") -> dict[str, list[int]]:
    return {kind: [value // 10**9 for value in values] for kind, values in site.values(name).items()}


# -- what is refused -------------------------------------------------------------------------------------------------------------

GO = "json: cannot unmarshal {} into Go struct field {} of type {}"
NO_PARAMS = '{"Method":"*incremental"}'
NO_NUMBER, NO_SWITCH = ('strconv.ParseFloat: parsing "x": invalid syntax', 'strconv.ParseBool: parsing "x": invalid syntax')
REFUSED = [
    ("APIerSv2.SetActions", {}, "MANDATORY_IE_MISSING: [ActionsId Actions]"),
    ("APIerSv1.SetActions", {"ActionsId": "A"}, "MANDATORY_IE_MISSING: [Actions]"),
    ("APIerSv2.SetActions", {"ActionsId": "SET", "Actions": [ROW]}, "EXISTS"),
    ("APIerSv2.SetActions", {"ActionsId": "A", "Actions": [{"Identifier": " "}]}, "MANDATORY_IE_MISSING:Action: :[Identifier]"),
    ("APIerSv2.SetActions", {"ActionsId": "A", "Actions": [ROW, ROW | {"Units": "many"}]}, "Invalid value: many"),
    (
        "APIerSv2.SetActions",
        {"ActionsId": "A", "Actions": [ROW | {"Units": '{"Method":"*incremental"}'}]},
        'Invalid value: {"Method":"*incremental"}',
    ),
    ("APIerSv2.SetActions", {"ActionsId": "A", "Actions": [ROW | {"BalanceWeight": "heavy"}]}, "Invalid value: heavy"),
    ("APIerSv2.SetActions", {"ActionsId": "A", "Actions": [ROW | {"BalanceBlocker": "maybe"}]}, "Invalid value: maybe"),
    ("APIerSv2.SetActions", {"ActionsId": "A", "Actions": [ROW | {"Units": 5}]}, GO.format("number", "TPAction.Actions.Units", "string")),
    ("APIerSv1.SetActions", {"ActionsId": "A", "Actions": [ROW]}, GO.format("string", "V1TPAction.Actions.Units", "float64")),
    ("APIerSv1.GetActions", "NONE", "SERVER_ERROR: NOT_FOUND"),
    ("APIerSv2.GetActions", {"ActionIDs": ["SET", "NONE"]}, "SERVER_ERROR: NOT_FOUND"),
    ("APIerSv1.RemoveActions", {}, "NOT_FOUND"),
    ("APIerSv1.SetActionPlan", {}, "MANDATORY_IE_MISSING: [Id ActionPlan]"),
    ("APIerSv1.SetActionPlan", {"Id": "P", "ActionPlan": [{}]}, "MANDATORY_IE_MISSING:Action::[ActionsId Time]"),
    ("APIerSv1.SetActionPlan", {"Id": "P", "ActionPlan": [{"ActionsId": "SET"}]}, "MANDATORY_IE_MISSING:Action:SET:[Time]"),
    ("APIerSv1.SetActionPlan", {"Id": "PLAN", "ActionPlan": [PLAN_ROW]}, "EXISTS"),
    ("APIerSv1.SetActionPlan", {"Id": "P", "ActionPlan": [PLAN_ROW | {"ActionsId": "NONE"}]}, "BROKEN_REFERENCE:NONE"),
    ("APIerSv1.SetActionPlanAccounts", {"Id": "P"}, "MANDATORY_IE_MISSING: [ActionPlan]"),
    ("APIerSv1.GetActionPlan", {"ID": "NONE"}, "NOT_FOUND"),
    ("APIerSv1.GetActionPlanIDs", {"Search": "NONE"}, "NOT_FOUND"),
    ("APIerSv1.RemoveActionPlan", {}, "MANDATORY_IE_MISSING: [ID]"),
    ("APIerSv1.RemoveActionTiming", {}, "MANDATORY_IE_MISSING: [ActionPlanId]"),
    ("APIerSv1.RemoveActionTiming", {"ActionPlanId": "NONE"}, "SERVER_ERROR: NOT_FOUND"),
    ("APIerSv1.GetAccountActionPlan", {}, "MANDATORY_IE_MISSING: [Account ]"),
    ("APIerSv1.GetScheduledActions", {}, "NOT_FOUND"),
    ("SchedulerSv1.ExecuteActionPlans", {"ActionPlanIDs": ["PLAN", "NONE"], "AccountID": "ann"}, "NOT_FOUND"),
    ("SchedulerSv1.ExecuteActions", {"ActionPlanID": "NONE"}, "NOT_FOUND"),
    ("APIerSv1.SetActionTrigger", {}, "MANDATORY_IE_MISSING: [GroupID]"),
    (
        "APIerSv1.SetActionTrigger",
        {"GroupID": "G", "ActionTrigger": {"BalanceCategories": "x"}},
        "cannot convert field: string to []string",
    ),
    ("APIerSv1.SetActionTrigger", {"GroupID": "TG", "ActionTrigger": {"MinSleep": "long"}}, 'time: invalid duration "long"'),
    (
        "APIerSv1.SetActionTrigger",
        {"GroupID": "TG", "ActionTrigger": {"ThresholdValue": "x"}},
        'strconv.ParseFloat: parsing "x": invalid syntax',
    ),
    ("APIerSv1.SetActionTrigger", {"GroupID": "TG", "ActionTrigger": {"Recurrent": "x"}}, NO_SWITCH),
    ("APIerSv1.SetActionTrigger", {"GroupID": "TG", "ActionTrigger": {"ExpirationDate": "x"}}, "Unsupported time format"),
    ("APIerSv1.GetActionTriggers", {"GroupIDs": ["TG", "NONE"]}, "NOT_FOUND"),
    ("APIerSv1.RemoveActionTrigger", {}, "MANDATORY_IE_MISSING: [GroupID]"),
    ("APIerSv1.RemoveActionTrigger", {"GroupID": "NONE", "UniqueID": "t"}, "NOT_FOUND"),
    ("APIerSv1.GetAccountActionTriggers", {}, "MANDATORY_IE_MISSING: [Account]"),
    ("APIerSv1.GetAccountActionTriggers", {"Account": "nobody"}, "SERVER_ERROR: NOT_FOUND"),
    ("APIerSv1.AddAccountActionTriggers", {"Account": "ann", "ActionTriggerIDs": ["TG", "NONE"]}, "NOT_FOUND"),
    ("APIerSv1.AddAccountActionTriggers", {"Account": "nobody", "ActionTriggerIDs": ["TG"]}, "NOT_FOUND"),
    ("APIerSv1.AddAccountActionTriggers", {"Account": "ann", "ActivationDate": "x"}, "Unsupported time format"),
    ("APIerSv1.SetAccountActionTriggers", {"Account": "nobody"}, "NOT_FOUND"),
    ("APIerSv1.RemoveAccountActionTriggers", {"Account": "nobody"}, "NOT_FOUND"),
    ("APIerSv1.ResetAccountActionTriggers", {"Account": "nobody"}, "NOT_FOUND"),
    ("APIerSv1.AddTriggeredAction", {"Account": "nobody"}, "NOT_FOUND"),
    ("APIerSv1.AddTriggeredAction", {"Account": "ann", "BalanceExpiryTime": "x"}, "Unsupported time format"),
]


@pytest.mark.parametrize(("method", "params", "error"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_refused_changes_nothing(method: str, params: object, error: str) -> None:
    site = site_of()
    ticket = site.engine.ticket
    assert site.call(method, params) == ("error", error)
    assert site.engine.ticket == ticket


# -- sets of actions -------------------------------------------------------------------------------------------------------------


def test_a_set_comes_back_as_it_was_given() -> None:
    site = site_of()
    row = ROW | {
        "ExpiryTime": "*monthly",
        "Filters": "*string:~*req.Disabled:false;FLTR",
        "TimingTags": "",
        "DestinationIds": "A;!B",
        "RatingSubject": "s",
        "Categories": "call",
        "SharedGroups": "SG",
        "BalanceWeight": "7.5",
        "ExtraParameters": "x",
        "BalanceBlocker": "true",
        "BalanceDisabled": "false",
        "BalanceUuid": "",
    }
    done(site, "APIerSv2.SetActions", ActionsId="SET", Actions=[row], Overwrite=True)
    for _ in range(2):
        (back,) = rows(site, "APIerSv1.GetActions", "SET")
        assert back | row == back | {"BalanceUuid": ""}
        site.cut()
    found = site.call("APIerSv2.GetActions", {})
    assert isinstance(found, dict)
    (one,) = found["SET"]
    assert (one["Id"], one["ActionType"], one["Filters"]) == ("SET", "*topup", ["*string:~*req.Disabled:false", "FLTR"])
    assert one["Balance"]["Value"] == {"Method": "", "Params": None, "Static": 5}
    assert one["Balance"]["DestinationIDs"] == {"A": True, "B": False}


def test_the_older_method_takes_numbers() -> None:
    site = site_of()
    row = ROW | {"Units": 2.5, "BalanceWeight": 3, "BalanceBlocker": True}
    done(site, "APIerSv1.SetActions", ActionsId="NUMBERS", Actions=[row])
    (back,) = rows(site, "APIerSv1.GetActions", "NUMBERS")
    assert (back["Units"], back["BalanceWeight"], back["BalanceBlocker"]) == ("2.5", "3", "true")
    done(site, "APIerSv1.ExecuteAction", Account="ann", ActionsId="NUMBERS")
    assert site.values("ann")[MONEY] == [10 * 10**9, 25 * 10**8]


def test_a_formula_comes_back_as_it_was_given() -> None:
    site = site_of()
    text = '{"Method":"*incremental","Params":{"Units":30,"Interval":"month","Increment":"day"}}'
    done(site, "APIerSv2.SetActions", ActionsId="F", Actions=[ROW | {"Units": text}])
    (back,) = rows(site, "APIerSv1.GetActions", "F")
    assert back["Units"] == text
    done(site, "APIerSv1.ExecuteAction", Account="ann", ActionsId="F")
    assert held(site)[MONEY] == [10, 1], "30 in April, on one of its days"


def test_sets_are_listed_counted_and_removed() -> None:
    site = site_of()
    done(site, "APIerSv2.SetActions", ActionsId="A", Actions=[ROW])
    for params, names in (({}, ["A", "SET"]), ({"Limit": 1}, ["A"]), ({"Offset": 1}, ["SET"]), ({"ActionIDs": ["SET"]}, ["SET"])):
        found = site.call("APIerSv2.GetActions", params)
        assert isinstance(found, dict)
        assert list(found) == names
    assert site.call("APIerSv2.GetActionsCount", {}) == 2
    done(site, "APIerSv1.RemoveActions", ActionIDs=["A", "SET", "NONE"])
    assert site.call("APIerSv2.GetActionsCount", {}) == ("error", "NOT_FOUND")
    assert site.call("APIerSv2.GetActions", {}) == ("error", "SERVER_ERROR: NOT_FOUND")


# -- plans -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "timing"),
    [
        ({"Time": "*asap"}, ([], [], [], [], "*asap", "")),
        ({"Time": "10:00:00;20:00:00"}, ([], [], [], [], "10:00:00", "20:00:00")),
        ({"Years": "2026;2027", "Months": "1", "MonthDays": "-1", "WeekDays": "*any"}, ([2026, 2027], [1], [-1], [], "12:00:00", "")),
        ({"MonthDays": "x"}, ([], [], None, [], "12:00:00", "")),
        ({"MonthDays": "x;1"}, ([], [], [1], [], "12:00:00", "")),
        ({"Time": "*monthly"}, ([], [], [7], [], "10:00:00", "")),
        ({"Time": "*weekly"}, ([], [], [], [2], "10:00:00", "")),
    ],
)
def test_the_timing_of_a_plan(row: dict[str, str], timing: tuple[Any, ...]) -> None:
    site = site_of()
    done(site, "APIerSv1.SetActionPlan", Id="P", ActionPlan=[PLAN_ROW | row])
    (plan,) = rows(site, "APIerSv1.GetActionPlan", {"ID": "P"})
    (one,) = plan["ActionTimings"]
    found = one["Timing"]["Timing"]
    assert tuple(found[name] for name in ("Years", "Months", "MonthDays", "WeekDays", "StartTime", "EndTime")) == timing
    assert (one["ActionsID"], one["Weight"], plan["AccountIDs"]) == ("SET", 10, None)


def test_plans_are_listed_and_removed() -> None:
    site = site_of()
    done(site, "APIerSv1.SetActionPlan", Id="B", ActionPlan=[PLAN_ROW])
    assert site.call("APIerSv1.GetActionPlanIDs", {}) == ["B", "PLAN"]
    assert [plan["Id"] for plan in rows(site, "APIerSv1.GetActionPlan", {})] == ["B", "PLAN"]
    for name in ("B", "B", "PLAN"):
        done(site, "APIerSv1.RemoveActionPlan", ID=name)
    assert site.call("APIerSv1.GetActionPlan", {}) == ("error", "NOT_FOUND")


def test_a_plan_for_accounts_and_what_the_scheduler_says_of_it() -> None:
    site = site_of()
    done(site, "APIerSv1.SetActionPlanAccounts", Id="ACC", AccountIDs=[ANN], ActionPlan=[PLAN_ROW], ReloadScheduler=True)
    done(site, "APIerSv1.ComputeAccountActionPlans")
    (mine,) = rows(site, "APIerSv1.GetAccountActionPlan", {"Account": "ann"})
    assert (mine["ActionPlanId"], mine["ActionsId"], mine["NextExecTime"]) == ("ACC", "SET", format_time(NOW + 2 * HOUR, UTC_ZONE))
    (due,) = rows(site, "APIerSv1.GetScheduledActions", {"Account": "ann"})
    assert due == {
        "NextRunTime": mine["NextExecTime"],
        "Accounts": 1,
        "ActionPlanID": "ACC",
        "ActionTimingUUID": mine["Uuid"],
        "ActionsID": "SET",
    }
    assert len(rows(site, "APIerSv1.GetScheduledActions", {})) == 2
    assert len(rows(site, "APIerSv1.GetScheduledActions", {"Limit": 1, "Offset": 1})) == 1
    for params in ({"Account": "bob"}, {"TimeStart": "2027-01-01T00:00:00Z"}, {"TimeEnd": "2026-01-01T00:00:00Z"}):
        assert site.call("APIerSv1.GetScheduledActions", params) == ("error", "NOT_FOUND")
    site.sleep(DAY)
    assert held(site) == {MONEY: [10, 5]}
    done(site, "APIerSv1.RemoveActionTiming", ActionPlanId="ACC", ActionTimingId=mine["Uuid"], ReloadScheduler=True)
    site.sleep(DAY)
    assert held(site) == {MONEY: [10, 5]}


def test_plans_by_hand() -> None:
    site = site_of()
    done(site, "SchedulerSv1.ExecuteActionPlans", ActionPlanIDs=["PLAN"], AccountID="ann")
    assert held(site) == {MONEY: [10, 5]}
    done(site, "APIerSv1.SetActionPlanAccounts", Id="ACC", AccountIDs=[ANN], ActionPlan=[PLAN_ROW], ReloadScheduler=True)
    done(site, "SchedulerSv1.ExecuteActions", ActionPlanID="ACC")
    assert held(site) == {MONEY: [10, 10]}
    done(site, "SchedulerSv1.ExecuteActions", TimeStart="2026-05-01T00:00:00Z", TimeEnd="2026-05-03T00:00:00Z")
    assert held(site) == {MONEY: [10, 20]}, "two noons"
    done(site, "SchedulerSv1.Reload")
    assert held(site) == {MONEY: [10, 20]}


# -- triggers --------------------------------------------------------------------------------------------------------------------


def test_a_trigger_comes_back_as_it_was_given() -> None:
    site = site_of()
    given = {
        "ThresholdType": "*max_balance",
        "ThresholdValue": "7.5",
        "Recurrent": "true",
        "MinSleep": "1m",
        "ExpirationDate": "2030-01-01T00:00:00Z",
        "ActivationDate": "2020-01-01T00:00:00Z",
        "BalanceID": "b",
        "BalanceType": MONEY,
        "BalanceDestinationIds": ["A", "!B"],
        "BalanceWeight": 3,
        "BalanceExpirationDate": "2031-01-01T00:00:00Z",
        "BalanceRatingSubject": "s",
        "BalanceCategories": ["call"],
        "BalanceSharedGroups": ["SG"],
        "BalanceTimingTags": ["NIGHT"],
        "BalanceBlocker": True,
        "BalanceDisabled": False,
        "ActionsID": "SET",
        "MinQueuedItems": 2,
        "Weight": 20,
        "Executed": True,
    }
    done(site, "APIerSv1.SetActionTrigger", GroupID="G", UniqueID="u", ActionTrigger=given)
    for _ in range(2):
        (one,) = rows(site, "APIerSv1.GetActionTriggers", {"GroupIDs": ["G"]})
        assert (one["ID"], one["UniqueID"], one["ThresholdType"], one["ThresholdValue"]) == ("G", "u", "*max_balance", 7.5)
        assert (one["Recurrent"], one["MinSleep"], one["Weight"], one["Executed"]) == (True, 60 * 10**9, 20, True)
        assert (one["ExpirationDate"], one["ActivationDate"]) == ("2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z")
        assert (one["ActionsID"], one["MinQueuedItems"]) == ("SET", 2)
        pattern = one["Balance"]
        assert (pattern["ID"], pattern["Type"], pattern["Weight"], pattern["RatingSubject"]) == ("b", MONEY, 3, "s")
        assert (pattern["DestinationIDs"], pattern["Categories"]) == ({"A": True, "B": False}, {"call": True})
        assert (pattern["SharedGroups"], pattern["TimingIDs"]) == ({"SG": True}, {"NIGHT": True})
        assert (pattern["Blocker"], pattern["Disabled"], pattern["ExpirationDate"]) == (True, False, "2031-01-01T00:00:00Z")
        site.cut()
    done(site, "APIerSv1.SetActionTrigger", GroupID="G", UniqueID="u", ActionTrigger={"Weight": 5})
    (one,) = rows(site, "APIerSv1.GetActionTriggers", {"GroupIDs": ["G"]})
    assert (one["Weight"], one["ThresholdValue"]) == (5, 7.5), "what is not given stays"


def test_a_group_grows_and_shrinks() -> None:
    site = site_of()
    done(site, "APIerSv1.SetActionTrigger", GroupID="TG", UniqueID="t2", ActionTrigger={})
    done(site, "APIerSv1.SetActionTrigger", GroupID="TG", ActionTrigger={})
    names = [one["UniqueID"] for one in rows(site, "APIerSv1.GetActionTriggers", {"GroupIDs": ["TG"]})]
    assert names[:2] == ["t1", "t2"]
    assert len(set(names)) == 3
    assert len(names[2]) == 36
    done(site, "APIerSv1.RemoveActionTrigger", GroupID="TG", UniqueID="t1")
    assert len(rows(site, "APIerSv1.GetActionTriggers", {})) == 2
    done(site, "APIerSv1.RemoveActionTrigger", GroupID="TG")
    assert site.call("APIerSv1.GetActionTriggers", {"GroupIDs": ["TG"]}) == ("error", "NOT_FOUND")
    assert site.call("APIerSv1.GetActionTriggers", {}) is None


def test_triggers_of_an_account() -> None:
    site = site_of()
    done(site, "APIerSv1.AddAccountActionTriggers", Account="ann", ActionTriggerIDs=["TG"], ActivationDate="2026-01-01T00:00:00Z")
    done(site, "APIerSv1.AddAccountActionTriggers", Account="ann", ActionTriggerIDs=["TG"])
    (mine,) = rows(site, "APIerSv1.GetAccountActionTriggers", {"Account": "ann"})
    assert (mine["ID"], mine["UniqueID"], mine["Executed"], mine["ActivationDate"]) == ("TG", "t1", False, "2026-01-01T00:00:00Z")
    done(site, "APIerSv1.SetAccountActionTriggers", Account="ann", GroupID="TG", ActionTrigger={"ThresholdValue": 50})
    assert held(site) == {MONEY: [10, 5]}, "it is due with its new threshold"
    done(site, "APIerSv1.ResetAccountActionTriggers", Account="ann", UniqueID="t1")
    assert held(site) == {MONEY: [10, 10]}
    done(site, "APIerSv1.ResetAccountActionTriggers", Account="ann", UniqueID="none")
    done(site, "APIerSv1.ResetAccountActionTriggers", Account="ann", Executed=True)
    assert held(site) == {MONEY: [10, 10]}
    done(site, "APIerSv1.RemoveAccountActionTriggers", Account="ann", GroupID="none")
    assert len(rows(site, "APIerSv1.GetAccountActionTriggers", {"Account": "ann"})) == 1
    done(site, "APIerSv1.RemoveAccountActionTriggers", Account="ann", GroupID="TG", UniqueID="t1")
    assert rows(site, "APIerSv1.GetAccountActionTriggers", {"Account": "ann"}) == []


def test_one_trigger_for_one_account() -> None:
    site = site_of()
    given = {"ActionTriggersId": "OWN", "ThresholdType": "*min_balance", "ThresholdValue": 9, "BalanceType": MONEY, "ActionsId": "SET"}
    done(site, "APIerSv1.AddTriggeredAction", Account="ann", **given)
    done(site, "APIerSv1.DebitBalance", Account="ann", BalanceType=MONEY, Value=1, Balance={"ID": "cash"})
    assert held(site) == {MONEY: [9, 5]}
