"""AttributeSv1 and ChargerSv1 as clients see them, and the samples of the manual's page on them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine import commands
from engine.event import Event
from engine.tariffplan.load import Terms, load_folder
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import NOW
from tests.gateway.api.policies import policy_caller, policy_engine

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "attributes.md").read_text()
TENANT = "north.example"


def set_attribute(call: Caller, id: str, value: str, **more: object) -> object:
    attribute = {"Path": "*req.Out", "Type": "*variable", "Value": value}
    return call("APIerSv2.SetAttributeProfile", {"Tenant": TENANT, "ID": id, "Attributes": [attribute], "Weight": 10, **more})


def process(call: Caller, event: dict[str, object], **more: object) -> object:
    return call("AttributeSv1.ProcessEvent", {"Tenant": TENANT, "ID": "e", "Event": event, **more})


def test_an_event_comes_back_as_it_went_in_but_for_what_was_changed() -> None:
    call = policy_caller()
    assert set_attribute(call, "A", "~*req.N") == "OK"
    fields = {"N": 7, "F": 1.5, "Big": 9007199254740993, "B": False, "L": [1, "a"], "M": {"k": {"x": None}}, "Z": None}
    assert process(call, fields, Time="2026-01-02T03:04:05.5Z", APIOpts={"k": 1}) == {
        "MatchedProfiles": [f"{TENANT}:A"],
        "AlteredFields": ["*req.Out"],
        "Tenant": TENANT,
        "ID": "e",
        "Time": "2026-01-02T03:04:05.5Z",
        "Event": fields | {"Out": "7"},
        "APIOpts": {"k": 1},
    }


def test_a_value_is_parted_by_semicolons_that_backticks_do_not_hide() -> None:
    call = policy_caller()
    set_attribute(call, "A", "a;`b;c`;~*req.X:s/^(.)$/<$1>/")
    shown = call("APIerSv1.GetAttributeProfile", {"Tenant": TENANT, "ID": "A"})
    assert isinstance(shown, dict)
    assert shown["Attributes"][0]["Value"] == [{"Rules": "a"}, {"Rules": "b;c"}, {"Rules": "~*req.X:s/^(.)$/<$1>/"}]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("~*req.In{*odd}", "SERVER_ERROR: invalid converter value in string: <*odd>, err: unsupported converter definition: <*odd>"),
        ("`a", "SERVER_ERROR: Unclosed unspilit syntax"),
        ("~*req.In{*round:2", "SERVER_ERROR: invalid converter terminator in rule: <~*req.In{*round:2>"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_when_it_is_written(value: str, words: str) -> None:
    call = policy_caller()
    assert set_attribute(call, "A", value) == ("error", words)
    assert call("APIerSv1.GetAttributeProfile", {"Tenant": TENANT, "ID": "A"}) == ("error", "NOT_FOUND")
    one = {"Path": "*req.Out", "Value": [{"Rules": "~*req.In{*odd}"}]}
    answer = call("APIerSv1.SetAttributeProfile", {"Tenant": TENANT, "ID": "A", "Attributes": [one]})
    assert answer == ("error", "SERVER_ERROR: invalid converter value in string: <*odd>, err: unsupported converter definition: <*odd>")


def test_what_is_missing() -> None:
    call = policy_caller()
    for service in ("AttributeSv1", "ChargerSv1"):
        assert call(f"{service}.ProcessEvent", {}) == ("error", "MANDATORY_IE_MISSING: [Event]")
        assert call(f"{service}.ProcessEvent", {"Event": {"A": 1}}) == ("error", "NOT_FOUND")
    assert call("AttributeSv1.GetAttributeForEvent", {}) == ("error", "NOT_FOUND")
    assert call("ChargerSv1.GetChargersForEvent", {}) == ("error", "NOT_FOUND")


def test_profiles_of_an_event_are_shown_as_they_were_set() -> None:
    call = policy_caller()
    set_attribute(call, "A", "x", Weight=2.5)
    call("APIerSv1.SetChargerProfile", {"Tenant": TENANT, "ID": "C", "RunID": "r", "Weight": 1.25})
    asked = {"Tenant": TENANT, "ID": "e", "Event": {"A": 1}}
    assert call("AttributeSv1.GetAttributeForEvent", asked) == call("APIerSv1.GetAttributeProfile", {"Tenant": TENANT, "ID": "A"})
    assert call("ChargerSv1.GetChargersForEvent", asked) == [call("APIerSv1.GetChargerProfile", {"Tenant": TENANT, "ID": "C"})]


# -- the manual -----------------------------------------------------------------------------------------------------------


@pytest.mark.house
def test_the_conversations_of_the_page_are_answered_so() -> None:
    call = policy_caller()
    lines = [line for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) for line in text.splitlines()]
    assert len(lines) >= 14
    for request, answer in zip(lines[::2], lines[1::2], strict=True):
        assert json.loads(call.raw(request)) == json.loads(answer), request


@pytest.mark.house
def test_the_sheets_of_the_page_load(tmp_path: Path) -> None:
    sheets = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    assert len(sheets) == 2
    for name, text in zip(("Attributes", "Chargers"), sheets, strict=True):
        (tmp_path / f"{name}.csv").write_text(text)
    outcome = load_folder(str(tmp_path), Terms("doc", NOW, "UTC", "example.net"))
    assert (outcome.faults, outcome.warnings) == ([], [])
    engine = policy_engine()
    engine.step(commands.LoadPlan(outcome.load), NOW)
    alias = engine.attributes.process(Event("example.net", "e", {"Account": "1001-alias"}, {}), NOW, context="*sessions")
    assert (alias.matched, alias.event.fields) == (["example.net:ALIAS"], {"Account": "1001"})
    plus = engine.attributes.process(Event("example.net", "e", {"Source": "pbx", "Destination": "004930"}, {}), NOW, context="*cdrs")
    assert plus.event.fields["Destination"] == "+4930"
    engine.chargers.connected = True
    runs = engine.chargers.runs(Event("example.net", "e", {"Reseller": "yes", "RequestType": "*prepaid"}, {}), NOW)
    assert [(run.fields["RunID"], run.fields["RequestType"], run.text("Subject")) for run in runs] == [
        ("*default", "*prepaid", ""),
        ("resale", "*rated", "wholesale"),
    ]
