"""Filter indexes over the API: shown by type, field and value, in pages; dropped for good, computed again."""

from __future__ import annotations

from tests.site import Site

CHARGERS = "*chargers"
EVENT = {"Tenant": "t", "ID": "e", "Event": {"Account": "a"}}


def site() -> Site:
    made = Site()
    for id, rule in (("P", "*string:~*req.Account:a|b"), ("Q", "*string:~*req.Account:a"), ("R", "*prefix:~*req.To:+49")):
        profile = {"Tenant": "t", "ID": id, "FilterIDs": [rule], "RunID": "*default", "AttributeIDs": ["*none"]}
        assert made.call("APIerSv1.SetChargerProfile", profile) == "OK"
    return made


def shown(made: Site, **wanted: object) -> object:
    return made.call("APIerSv1.GetFilterIndexes", {"Tenant": "t", "ItemType": CHARGERS, **wanted})


def found(made: Site) -> object:
    answer = made.call("ChargerSv1.GetChargersForEvent", EVENT)
    return [profile["ID"] for profile in answer] if isinstance(answer, list) else answer


def test_shown() -> None:
    made = site()
    all_of_them = ["*prefix:*req.To:+49:R", "*string:*req.Account:a:P", "*string:*req.Account:a:Q", "*string:*req.Account:b:P"]
    assert shown(made) == all_of_them
    assert shown(made, FilterType="*string") == all_of_them[1:]
    assert shown(made, FilterType="*string", FilterField="*req.To") == ("error", "NOT_FOUND")
    assert shown(made, FilterType="*string", FilterField="*req.Account", FilterValue="b") == all_of_them[3:]
    assert shown(made, FilterField="*req.Account") == all_of_them  # a field alone says nothing
    assert shown(made, Limit=2, Offset=1) == all_of_them[1:3]
    assert shown(made, Offset=4) == []
    assert shown(made, Offset=5) is None
    assert shown(made, ItemType="*attributes", Context="*sessions") == ("error", "NOT_FOUND")
    assert shown(made, ItemType="*odd") == ("error", "SERVER_ERROR: unsupported item type: <*odd>")


def test_dropped_survives_a_restart_and_computed_too() -> None:
    made = site()
    assert found(made) == ["P", "Q"]
    assert made.call("APIerSv1.RemoveFilterIndexes", {"Tenant": "t", "ItemType": CHARGERS}) == "OK"
    assert found(made) == ("error", "NOT_FOUND")
    made.cut()
    assert (found(made), shown(made)) == (("error", "NOT_FOUND"), ("error", "NOT_FOUND"))
    assert made.call("APIerSv1.ComputeFilterIndexIDs", {"Tenant": "t", "ChargerIDs": ["Q", "NONE"]}) == "OK"
    assert found(made) == ["Q"]
    assert made.call("APIerSv1.ComputeFilterIndexes", {"Tenant": "t", "ThresholdS": True}) == "OK"
    assert found(made) == ["Q"]
    assert made.call("APIerSv1.ComputeFilterIndexes", {"Tenant": "t", "ChargerS": True}) == "OK"
    made.cut()
    assert found(made) == ["P", "Q"]


def test_a_profile_written_anew_is_found_again() -> None:
    made = site()
    made.call("APIerSv1.RemoveFilterIndexes", {"Tenant": "t", "ItemType": CHARGERS})
    profile = {"Tenant": "t", "ID": "Q", "FilterIDs": ["*string:~*req.Account:a"], "RunID": "*default", "AttributeIDs": ["*none"]}
    assert made.call("APIerSv1.SetChargerProfile", profile) == "OK"
    made.cut()
    assert found(made) == ["Q"]


def test_rules_ask_accounts_destinations_and_timings() -> None:
    made = Site()
    tenant = made.options.default_tenant
    assert made.call("APIerSv1.SetDestination", {"Id": "DST_DE", "Prefixes": ["49"]}) == "OK"
    assert made.call("APIerSv1.SetTiming", {"ID": "MORNING", "StartTime": "08:00:00", "EndTime": "12:00:00"}) == "OK"
    balance = {"Account": "rich", "BalanceType": "*monetary", "Value": 12, "Balance": {"ID": "m"}}
    assert made.call("APIerSv1.SetBalance", balance) == "OK"
    rules = {
        "RICH": "*gt:~*accounts.rich.BalanceMap.*monetary[0].Value:10",
        "GERMAN": "*destinations:~*req.Destination:DST_DE",
        "EARLY": "*timings:~*req.AnswerTime:MORNING",
    }
    for id, rule in rules.items():
        profile = {"ID": id, "FilterIDs": ["*string:~*req.Go:on", rule], "RunID": "*default", "AttributeIDs": ["*none"]}
        assert made.call("APIerSv1.SetChargerProfile", profile) == "OK"

    def ids(**fields: str) -> object:
        answer = made.call("ChargerSv1.GetChargersForEvent", {"Tenant": tenant, "ID": "e", "Event": {"Go": "on", **fields}})
        return [profile["ID"] for profile in answer] if isinstance(answer, list) else answer

    # The clock on the wall is the one that the time was written in.
    assert ids(Destination="4930", AnswerTime="2026-03-04T09:00:00+09:00") == ["RICH", "GERMAN", "EARLY"]
    assert ids(Destination="4330", AnswerTime="2026-03-04T13:00:00Z") == ["RICH"]
    assert made.call("APIerSv1.SetBalance", {**balance, "Value": 8}) == "OK"
    assert ids() == ("error", "NOT_FOUND")
