"""Profiles of every kind through the API."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from gateway.api.gotypes import GoType, Instant, Integer, List, Map, Number, Pointer, Struct, Text
from gateway.api.profile_kinds import PROFILE_KINDS, ProfileKind
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import fake_api

IDS = [row.noun for row in PROFILE_KINDS]


def sample(kind: GoType, name: str = "") -> object:
    """Some value of a type that is not its zero value, as JSON."""
    if isinstance(kind, Pointer):
        return sample(kind.target, name)
    if isinstance(kind, List):
        return [sample(kind.item, name)]
    if isinstance(kind, Map):
        return {"Key": 2.5}
    if isinstance(kind, Struct):
        return {field: sample(inner, field) for field, (inner, _) in kind.fields.items()}
    if isinstance(kind, Instant):
        return "2026-01-01T00:00:00+02:00"
    if isinstance(kind, Integer):
        return 90_000_000_000
    if isinstance(kind, Number):
        return 10.5
    if isinstance(kind, Text):
        return {"MetricID": "*sum#~*req.Cost", "FilterIDs": "*string:~*req.Account:1001"}.get(name, f"{name}-x")
    return True


def full(row: ProfileKind, id_: str = "ONE") -> dict[str, object]:
    value = sample(row.fields)
    assert isinstance(value, dict)
    return {**value, "Tenant": "t.example", "ID": id_}


@pytest.mark.parametrize("row", PROFILE_KINDS, ids=IDS)
def test_a_full_profile_comes_back_as_it_was_written_and_goes(row: ProfileKind) -> None:
    call, noun, key = Caller(fake_api()), row.noun, {"Tenant": "t.example", "ID": "ONE"}
    assert call(f"APIerSv1.Get{noun}", key) == ("error", row.not_found)
    assert call(f"APIerSv1.Set{noun}", full(row)) == "OK"
    assert call(f"APIerSv1.Get{noun}", key) == full(row)
    assert call(f"ReplicatorSv1.Get{noun}", key) == full(row)
    assert call(f"APIerSv1.Get{noun}", {"ID": "ONE"}) == ("error", row.not_found)
    assert call(f"APIerSv1.Remove{noun}", key) == "OK"
    assert call(f"APIerSv1.Get{noun}", key) == ("error", row.not_found)
    assert call(f"APIerSv1.Remove{noun}", key) == ("error", row.not_found)
    assert call(f"ReplicatorSv1.Remove{noun}", key) == "OK"


@pytest.mark.parametrize("row", PROFILE_KINDS, ids=IDS)
def test_the_least_that_is_needed_and_another_writing_replaces_all(row: ProfileKind) -> None:
    call = Caller(fake_api())
    least: dict[str, object] = {"ID": "TWO"} | ({"Attributes": [{"Path": "*req.X"}]} if "Attributes" in row.fields.fields else {})
    call(f"APIerSv1.Set{row.noun}", {**full(row, "TWO"), "Tenant": ""})
    assert call(f"APIerSv1.Set{row.noun}", least) == "OK"
    found = call(f"APIerSv1.Get{row.noun}", {"ID": "TWO"})
    assert isinstance(found, dict)
    assert found.keys() == row.fields.fields.keys()
    for name, (kind, _) in row.fields.fields.items():
        wanted = json.loads(json.dumps(kind.zero()))
        if name == row.contexts:
            wanted = ["*any"]
        elif name == row.never_null:
            wanted = []
        elif name == "Attributes":
            wanted = [{"FilterIDs": None, "Path": "*req.X", "Type": "", "Value": None}]
        assert found[name] == {"Tenant": "cgrates.org", "ID": "TWO"}.get(name, wanted), name


@pytest.mark.parametrize("row", PROFILE_KINDS, ids=IDS)
def test_what_is_missing_is_named(row: ProfileKind) -> None:
    call = Caller(fake_api())
    wanted = ("error", f"MANDATORY_IE_MISSING: [{row.mandatory}]")
    for params in ({}, {"Tenant": "t"}, {"Tenant": "t", "ID": ""}):
        assert call(f"APIerSv1.Set{row.noun}", params) == wanted
        assert call(f"APIerSv1.Get{row.noun}", params) == ("error", "MANDATORY_IE_MISSING: [ID]")
        assert call(f"APIerSv1.Remove{row.noun}", params) == ("error", "MANDATORY_IE_MISSING: [ID]")


@pytest.mark.parametrize("row", PROFILE_KINDS, ids=IDS)
def test_the_list_its_pages_and_the_count(row: ProfileKind) -> None:
    call, list_, count = Caller(fake_api()), f"APIerSv1.Get{row.noun}IDs", f"APIerSv1.Get{row.noun}Count"
    tenant = {"Tenant": "t.example"}
    if not row.listed:
        assert call(list_, tenant) == ("error", f"rpc: can't find method {list_}")
        return
    assert call(list_, tenant) == ("error", "NOT_FOUND")
    for id_ in ("B", "AA", "AB"):
        call(f"APIerSv1.Set{row.noun}", full(row, id_))
    pages: list[tuple[dict[str, object], object]] = [
        ({}, ["AA", "AB", "B"]),
        ({"Limit": 0}, ["AA", "AB", "B"]),
        ({"Limit": -1, "Offset": -1}, ["AA", "AB", "B"]),
        ({"Limit": 1, "Offset": 1}, ["AB"]),
        ({"Limit": 9, "Offset": 2}, ["B"]),
        ({"Offset": 3}, []),
        ({"Offset": 4}, None),
        ({"Search": "B"}, ["AB", "B"]),
        ({"Search": "none"}, ("error", "NOT_FOUND")),
        ({"Tenant": "other.example"}, ("error", "NOT_FOUND")),
    ]
    for params, wanted in pages:
        assert call(list_, tenant | params) == wanted, params
    if row.counted:
        assert call(count, tenant) == 3
        assert call(count, {"Tenant": "other.example"}) == ("error", "NOT_FOUND")


@pytest.mark.parametrize("row", [row for row in PROFILE_KINDS if row.index], ids=[row.noun for row in PROFILE_KINDS if row.index])
@pytest.mark.parametrize(
    ("filter_id", "fine"),
    [
        ("THERE", True),
        ("*string:~*req.A:b", True),
        ("*odd:~*req.A:b", True),
        ("*prefix:~*req.A:", True),
        ("MISSING", False),
        ("ELSEWHERE", False),
        ("", False),
        ("*string", False),
        ("*string:", False),
        ("string:~*req.A:b", False),
        ("*regex:~*req.A:[", False),
        ("*rsr:~*req.A:~[", False),
        ("*string:~*req.Cost{*round:1}:1.3", False),
    ],
)
def test_references_to_filters(row: ProfileKind, filter_id: str, fine: bool) -> None:
    call = Caller(fake_api())
    call("APIerSv1.SetFilter", {"Tenant": "t.example", "ID": "THERE", "Rules": []})
    call("APIerSv1.SetFilter", {"Tenant": "other.example", "ID": "ELSEWHERE", "Rules": []})
    wanted: object = "OK" if fine else ("error", f"SERVER_ERROR: broken reference to filter: <{filter_id}> for item with ID: t.example:ONE")
    assert call(f"APIerSv1.Set{row.noun}", full(row) | {"FilterIDs": [filter_id]}) == wanted
    if not fine:
        assert call(f"APIerSv1.Get{row.noun}", {"Tenant": "t.example", "ID": "ONE"}) == ("error", row.not_found)
        assert call(f"ReplicatorSv1.Set{row.noun}", full(row) | {"FilterIDs": [filter_id]}) == "OK"


def test_a_filter_in_use_stays() -> None:
    call = Caller(fake_api())
    call("APIerSv1.SetFilter", {"Tenant": "t", "ID": "F", "Rules": []})
    call("APIerSv1.SetChargerProfile", {"Tenant": "t", "ID": "C", "FilterIDs": ["F"]})
    call("APIerSv1.SetRouteProfile", {"Tenant": "t", "ID": "R", "Routes": [{"ID": "r", "FilterIDs": ["F"]}]})
    users = '{"*charger_filter_indexes":{"C":{}},"*route_filter_indexes":{"R":{}}}'
    refused = f"SERVER_ERROR: cannot remove filter <t:F> because will broken the reference to following items: {users}"
    assert call("APIerSv1.RemoveFilter", {"Tenant": "t", "ID": "F"}) == ("error", refused)
    call("APIerSv1.RemoveChargerProfile", {"Tenant": "t", "ID": "C"})
    call("APIerSv1.RemoveRouteProfile", {"Tenant": "t", "ID": "R"})
    assert call("APIerSv1.RemoveFilter", {"Tenant": "t", "ID": "F"}) == "OK"


def test_filters() -> None:
    call = Caller(fake_api())
    assert call("APIerSv1.GetFilter", {"Tenant": "t", "ID": "*string:~*req.Account:1|2"}) == {
        "Tenant": "t",
        "ID": "*string:~*req.Account:1|2",
        "Rules": [{"Type": "*string", "Element": "~*req.Account", "Values": ["1", "2"]}],
        "ActivationInterval": None,
    }
    broken = {"ID": "F", "Rules": [{"Type": "*string", "Element": "", "Values": ["x"]}]}
    assert call("APIerSv1.SetFilter", broken) == ("error", "SERVER_ERROR: empty RSRParser in rule: <>")


def test_attribute_profiles_of_version_two() -> None:
    call = Caller(fake_api())
    part = {"Path": "*req.Subject", "Type": "*variable", "Value": "~*req.Account;-s"}
    assert call("APIerSv2.SetAttributeProfile", {"Tenant": "t", "ID": "A", "Attributes": [part], "Weight": 20}) == "OK"
    assert call("APIerSv2.GetAttributeProfile", {"Tenant": "t", "ID": "A"}) == {
        "Tenant": "t",
        "ID": "A",
        "Contexts": ["*any"],
        "FilterIDs": None,
        "ActivationInterval": None,
        "Attributes": [
            {"FilterIDs": None, "Path": "*req.Subject", "Type": "*variable", "Value": [{"Rules": "~*req.Account"}, {"Rules": "-s"}]}
        ],
        "Blocker": False,
        "Weight": 20,
    }
    refused: list[tuple[object, str]] = [
        (None, "SERVER_ERROR: MANDATORY_IE_MISSING: [Attributes]"),
        ([], "SERVER_ERROR: MANDATORY_IE_MISSING: [Attributes]"),
        ([{"Path": "*req.X"}], "SERVER_ERROR: MANDATORY_IE_MISSING: [Value]"),
        ([{"Value": "x"}], "SERVER_ERROR: MANDATORY_IE_MISSING: [Path]"),
    ]
    for attributes, text in refused:
        assert call("APIerSv2.SetAttributeProfile", {"ID": "A", "Attributes": attributes}) == ("error", text)
    attributes = [{"Path": "", "Value": [{"Rules": "x"}]}]
    assert call("APIerSv1.SetAttributeProfile", {"ID": "A", "Attributes": attributes}) == ("error", "MANDATORY_IE_MISSING: [Path]")


def test_a_metric_that_nobody_knows() -> None:
    call = Caller(fake_api())
    params = {"ID": "Q", "Metrics": [{"MetricID": "*unheard"}]}
    assert call("APIerSv1.SetStatQueueProfile", params) == ("error", "SERVER_ERROR: unsupported metric type <*unheard>")


@pytest.mark.parametrize("weight", ["0.1", "20", "20.0", "1e3", "-0.000001", "12345678901234567890.5"])
def test_weights_keep_their_value(weight: str) -> None:
    call = Caller(fake_api())
    call.raw('{"method":"APIerSv1.SetChargerProfile","params":[{"ID":"W","Weight":' + weight + '}],"id":1}')
    answer = call.raw('{"method":"APIerSv1.GetChargerProfile","params":[{"ID":"W"}],"id":1}')
    assert json.loads(answer, parse_float=Decimal)["result"]["Weight"] == Decimal(weight)
