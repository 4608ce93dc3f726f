"""tollwire api: every method with what it takes."""

from __future__ import annotations

import json

import pytest

from gateway.api.catalogue import METHODS
from gateway.cli.api import described, type_text
from gateway.cli.main import main
from gateway.cli.outcome import Exit


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["api", *words]) == Exit.OK
    return capsys.readouterr().out


def test_every_method_of_the_catalogue_is_described() -> None:
    found = {str(one["method"]): one for one in described()}
    assert len(found) == sum(len(names) for names in METHODS.values()) + len(METHODS["APIerSv1"] - METHODS["APIerSv2"])
    assert found["CoreSv1.Panic"]["built"] is False
    assert found["CoreSv1.Ping"]["built"] is True
    assert found["SchedulerSv1.Reload"]["section"] == "schedulers"
    assert found["APIerSv2.GetChargerProfile"]["fields"] == found["APIerSv1.GetChargerProfile"]["fields"]
    assert found["APIerSv1.GetCost"]["aliases"] == ["ApierV1.GetCost"]


def test_fields_have_types_and_say_whether_they_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "--json", "apiersv1.setactionplan"))
    assert found["method"] == "APIerSv1.SetActionPlan"
    fields = {field["name"]: field for field in found["fields"]}
    assert (fields["Id"]["type"], fields["Id"]["needed"]) == ("text", True)
    assert (fields["Overwrite"]["type"], fields["Overwrite"]["needed"]) == ("true or false", False)
    assert fields["ActionPlan"]["type"] == "list of object"
    assert {"name": "Weight", "type": "number", "needed": False} in fields["ActionPlan"]["fields"]


def test_one_method_is_shown_with_the_fields_inside(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "APIerSv1.SetActionPlan")
    assert text.startswith("APIerSv1.SetActionPlan\nwhile apiers.enabled\n")
    assert "ActionPlan.ActionsId" in text
    assert printed(capsys, "CoreSv1.Panic").startswith("CoreSv1.Panic (not built)\nin every configuration\n")


def test_methods_are_found_by_a_part_of_their_name(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "remotelock").splitlines()
    assert lines[2].split() == ["GuardianSv1.RemoteLock", "Tenant", "APIOpts", "ReferenceID", "LockIDs", "Timeout"]
    assert "CoreSv1.Panic" in printed(capsys, "coresv1")
    assert "CoreSv1.Panic" not in printed(capsys, "--built", "coresv1")
    assert main(["api", "nosuchmethod"]) == Exit.REFUSED
    assert "no method contains 'nosuchmethod'" in capsys.readouterr().err


def test_no_type_is_without_words() -> None:
    from gateway.api.methods import ROWS

    assert not [row.name for row in ROWS if "." in type_text(row.args) or "[]" in type_text(row.args)]
