"""The runs of an event."""

from __future__ import annotations

import pytest

from engine.chargers.decide import ChargerOptions
from engine.errors import RequestError
from engine.filters.index import IndexOptions
from engine.profiles.policies import ActivationInterval
from tests.engine.policies import NOW, TENANT, House, event


def refusal(house: House, fields: dict[str, object], *, runs: bool = False) -> str:
    with pytest.raises(RequestError) as fault:
        (house.chargers.runs if runs else house.chargers.process)(event(fields), NOW)
    return fault.value.text


def test_one_run_a_profile_the_heaviest_first() -> None:
    house = House()
    house.charger("SUPP", "supplier", "*none", weight="10")
    house.charger("CUST", "customer", "*none", weight="20")
    house.charger("VIP", "vip", "*none", filters=("*string:~*req.Kind:vip",), weight="30")
    given = event({"Account": "ann", "RunID": "theirs"})
    runs = house.chargers.process(given, NOW)
    assert [(run.profile_id, run.event.fields, run.altered) for run in runs] == [
        ("CUST", {"Account": "ann", "RunID": "customer"}, ["*req.RunID"]),
        ("SUPP", {"Account": "ann", "RunID": "supplier"}, ["*req.RunID"]),
    ]
    assert given.fields == {"Account": "ann", "RunID": "theirs"}
    assert [one.fields["RunID"] for one in house.chargers.runs(event({"Kind": "vip"}), NOW)] == ["vip", "customer", "supplier"]
    assert [one.ID for one in house.chargers.profiles_for(event({"Kind": "vip"}), NOW)] == ["VIP", "CUST", "SUPP"]


def test_no_profile() -> None:
    house = House()
    house.charger("C", "r", "*none", filters=("*string:~*req.Kind:vip",))
    assert refusal(house, {}) == "NOT_FOUND"
    assert refusal(house, {}, runs=True) == "CHARGERS_ERROR:NOT_FOUND"


def test_a_house_without_chargers_has_one_run() -> None:
    runs = House(connected=False).chargers.runs(event({"Account": "ann"}), NOW)
    assert [run.fields for run in runs] == [{"Account": "ann", "RunID": "*default"}]


def test_attributes_of_a_run() -> None:
    house = House()
    house.attribute("A", ("*req.Subject", "*constant", "retail"), ("*req.RunID", "*composed", "-x"), contexts=("*chargers",))
    house.attribute("LATER", ("*req.Subject", "*constant", "other"), contexts=("*sessions",), weight="50")
    house.charger("N", "n", "*none", weight="4")
    house.charger("ANY", "any", weight="3")
    house.charger("NAMED", "named", "A", weight="2")
    house.charger("GONE", "gone", "GONE", weight="1")
    runs = house.chargers.process(event({}, {"*context": ""}), NOW)
    assert [(run.event.fields, run.attribute_profiles, run.altered) for run in runs] == [
        ({"RunID": "n"}, None, ["*req.RunID"]),
        ({"RunID": "any-x", "Subject": "retail"}, [f"{TENANT}:A"], ["*req.RunID", "*req.Subject"]),
        ({"RunID": "named-x", "Subject": "retail"}, [f"{TENANT}:A"], ["*req.RunID", "*req.Subject"]),
        ({"RunID": "gone"}, [], ["*req.RunID"]),
    ]
    assert runs[3].event.options == {"*context": "", "*subsys": "*chargers", "*attrProfileIDs": ["GONE"]}


def test_runs_do_not_see_each_other() -> None:
    house = House()
    house.charger("A", "a", "*constant:*req.Sip.To:x", weight="2")
    house.charger("B", "b", "*none", weight="1")
    runs = house.chargers.process(event({"Sip": {"From": "ann"}}), NOW)
    assert [run.event.fields["Sip"] for run in runs] == [{"From": "ann", "To": "x"}, {"From": "ann"}]


def test_what_attributes_complain_about() -> None:
    house = House()
    house.charger("C", "r", "*sum:*req.A:x&1")
    assert refusal(house, {}) == 'SERVER_ERROR: strconv.ParseFloat: parsing "x": invalid syntax'
    house.charger("C", "r", "*constant:*req.A:x")
    assert refusal(house, {"Account": "*attributes"}, runs=True) == "CHARGERS_ERROR:SERVER_ERROR: MANDATORY_IE_MISSING: [Account]"


def test_without_attributes_only_runs_that_need_none() -> None:
    house = House(charging=ChargerOptions(attributes_connected=False))
    house.charger("C", "r", "*none")
    assert [run.event.fields for run in house.chargers.process(event(), NOW)] == [{"RunID": "r"}]
    house.charger("D", "s")
    assert refusal(house, {}) == "SERVER_ERROR: NOT_CONNECTED: AttributeS"


def test_indexes_and_activation() -> None:
    house = House(charging=ChargerOptions(index=IndexOptions(indexed_selects=False)))
    house.charger("P", "p", "*none", filters=("*prefix:~*req.Destination:+49",))
    house.charger("OLD", "old", "*none", active=ActivationInterval("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"))
    assert [run.event.fields["RunID"] for run in house.chargers.process(event({"Destination": "+4930"}), NOW)] == ["p"]


def test_a_filter_that_cannot_be_decided_is_the_answer() -> None:
    house = House()
    house.charger("C", "r", "*none", filters=("*string:~*req.Go:on", "*gt:~*req.Cost:many"))
    assert refusal(house, {"Go": "on", "Cost": 3}).startswith("SERVER_ERROR: ")
