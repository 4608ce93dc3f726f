"""What chance found once: each request with the answer that it gets now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.event import usage_of
from engine.money import OutOfRange, amount_of
from engine.profiles.policies import KINDS
from gateway.cli.client import RefusedError
from tests.gateway.servers import Gateway, gateway

LONG = "x" * 5000
ATTRIBUTE = {"Tenant": "t", "ID": "A", "Contexts": ["*any"]}
COST = {"Tenant": "t", "Category": "call", "Subject": "s", "Destination": "49", "AnswerTime": "0000-01-01T00:00:00Z", "Usage": "60s"}
CALL = {"Tenant": "t", "Account": "a", "Destination": "49", "TimeStart": "0000-01-01T00:00:00Z", "TimeEnd": "0000-01-01T00:01:00Z"}

REFUSED = {
    "a path too long": ("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": LONG}, "INVALID_PATH"),
    "a path with a NUL": ("APIerSv1.RemoveTPFromFolder", {"FolderPath": "a\x00b"}, "INVALID_PATH"),
    "a file, no folder": ("APIerSv1.ImportTariffPlanFromFolder", {"TPid": "t", "FolderPath": "/dev/null"}, "INVALID_PATH"),
    "page before the first": ("APIerSv2.GetCDRs", {"Offset": -(2**63)}, "NOT_FOUND"),
    "page without an end": ("APIerSv2.GetCDRs", {"Offset": 2**63 - 1, "Limit": 2**63 - 1}, "NOT_FOUND"),
    "less than no records": ("APIerSv2.GetCDRs", {"Limit": -1}, "NOT_FOUND"),
    "the year 0": ("APIerSv1.GetCost", COST, "SERVER_ERROR: RATING_PLAN_NOT_FOUND"),
    "a call in the year 0": ("Responder.Debit", CALL, "ACCOUNT_NOT_FOUND"),
    "a usage that is none": ("SessionSv1.GetCost", {"Event": {"Usage": "x"}}, 'time: invalid duration "x"'),
    "a cost that nobody knows": ("SessionSv1.GetCost", {"Event": {"Usage": "1s", "Category": "x"}}, "RALS_ERROR:RATING_PLAN_NOT_FOUND"),
    "a configuration that is a number": (
        "ConfigSv1.SetConfigFromJSON",
        {"Config": "1001", "DryRun": True},
        "json: cannot unmarshal number into Go value of type config.CgrJsonCfg",
    ),
    "more money than there is": (
        "APIerSv1.AddBalance",
        {"Tenant": "t", "Account": "a", "BalanceType": "*monetary", "Value": 10**300},
        "SERVER_ERROR: a number out of range",
    ),
    "a threshold beyond all money": (
        "APIerSv1.AddTriggeredAction",
        {"Tenant": "t", "Account": "a", "ThresholdValue": 10**300, "BalanceType": "*monetary"},
        "SERVER_ERROR: a number out of range",
    ),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_documented_words(served: Gateway, name: str) -> None:
    method, params, text = REFUSED[name]
    with pytest.raises(RefusedError) as refused:
        served.call(method, params)
    assert refused.value.text == text


def test_an_element_that_is_null_is_none(served: Gateway) -> None:
    attributes = [None, {"Path": "*req.Account", "Type": "*constant", "Value": [None, {"Rules": "1001"}]}]
    assert served.call("APIerSv1.SetAttributeProfile", {**ATTRIBUTE, "Attributes": attributes}) == "OK"
    found = served.call("APIerSv1.GetAttributeProfile", {"Tenant": "t", "ID": "A"})
    assert isinstance(found, dict)
    (only,) = found["Attributes"]
    assert [value["Rules"] for value in only["Value"]] == ["1001"]


def test_integers_beyond_64_bits_are_kept_over_a_restart(tmp_path: Path) -> None:
    wanted = {"big": 10**30, "small": -(10**30)}
    host = {"ID": "H", "FilterIDs": [], "Weight": 1, "Params": wanted, "Blocker": False}
    profile = {"Tenant": "t", "ID": "D", "Subsystems": ["*any"], "Hosts": [host]}
    with gateway(tmp_path) as first:
        assert first.call("APIerSv1.SetDispatcherProfile", profile) == "OK"
        first.kill()
    with gateway(tmp_path) as second:
        found = second.call("APIerSv1.GetDispatcherProfile", {"Tenant": "t", "ID": "D"})
        assert isinstance(found, dict)
        assert found["Hosts"][0]["Params"] == wanted


def test_items_that_were_removed_and_came_again_keep_their_order_over_a_restart(tmp_path: Path) -> None:
    def listed(served: Gateway) -> list[str]:
        found = served.call("APIerSv2.GetDestinations", {})
        assert isinstance(found, list)
        return [one["Id"] for one in found]

    with gateway(tmp_path) as first:
        for name in ("A", "B"):
            assert first.call("APIerSv1.SetDestination", {"Id": name, "Prefixes": ["49"]}) == "OK"
        assert first.call("APIerSv1.RemoveDestination", {"DestinationIDs": ["A"]}) == "OK"
        assert first.call("APIerSv1.SetDestination", {"Id": "A", "Prefixes": ["49"]}) == "OK"
        before = listed(first)
        first.kill()
    with gateway(tmp_path) as second:
        assert listed(second) == before == ["B", "A"]


def test_an_export_to_a_path_that_is_none(served: Gateway) -> None:
    every = dict.fromkeys(("Years", "Months", "MonthDays", "WeekDays"), "*any")
    served.call("APIerSv1.SetTPTiming", {"TPid": "T", "ID": "X", **every, "Time": "08:00:00"})
    for path in ("a\x00b", LONG):
        with pytest.raises(RefusedError, match="SERVER_ERROR: open "):
            served.call("APIerSv1.ExportTPToFolder", {"TPid": "T", "ExportPath": path})


def test_a_pipe_among_the_sheets_keeps_nobody_waiting(served: Gateway, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Destinations.csv")
    with pytest.raises(RefusedError, match=r"Destinations\.csv: cannot be read: no file"):
        served.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(tmp_path)})


def test_kinds_keep_what_they_are_given() -> None:
    kind = next(one for one in KINDS if one.name == "dispatcher_profile")
    item = kind.type(Tenant="t", ID="D", StrategyParams={"a": 2**64, "b": [-(2**63) - 1, {"c": 2**70}]})
    assert kind.decode(kind.encode(item)) == item


def test_numbers_that_are_no_amounts() -> None:
    for value in (10**41, -(10**41)):
        with pytest.raises(OutOfRange):
            amount_of(value)
    assert amount_of(10**39) == 10**48


def test_a_usage_that_is_none_is_told_in_the_words_of_go() -> None:
    with pytest.raises(ValueError, match=r"^cannot convert field: map\[a:1 b:\[true x\]\] to time.Duration$"):
        usage_of({"b": [True, "x"], "a": 1})
