"""Indexes find what a look at every profile would find."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.event import Event
from engine.filters.index import IndexOptions, ProfileIndex
from engine.filters.match import Filters
from engine.profiles.items import Items
from engine.profiles.policies import KINDS, ActivationInterval, AttributeProfile, ChargerProfile, Filter, FilterRule

NOW = 1_772_618_400_000_000_000  # 2026-03-04T10:00:00Z
KIND = "charger_profile"


class House:
    """Charger profiles of one tenant."""

    def __init__(self, options: IndexOptions | None = None) -> None:
        self.items = Items(KINDS)
        self.filters = Filters(self.items)
        self.index = ProfileIndex(self.items, KIND, self.filters, options or IndexOptions())

    def profile(self, id: str, *filter_ids: str, weight: str = "0", interval: ActivationInterval | None = None) -> None:
        self.items.put(KIND, f"t:{id}", ChargerProfile("t", id, filter_ids, interval, Weight=weight))

    def found(self, fields: dict[str, object], options: dict[str, object] | None = None, at_ns: int = 0, **how: object) -> list[str]:
        view = self.filters.view(Event("t", "e", fields, options or {}, at_ns), NOW)
        ids = how.get("ids", ())
        assert isinstance(ids, tuple)
        profiles = self.index.matching("t", view, NOW, ids, bool(how.get("ignore_filters")))
        open_to_all = self.index.open_to_all("t")
        assert ids or open_to_all in (None, profiles), "what every event meets is what this one meets"
        return [profile.ID for profile in profiles if isinstance(profile, ChargerProfile)]


def test_only_string_rules_lead_to_a_profile_by_default() -> None:
    for rule in (
        "*prefix:~*req.A:a",
        "*exists:~*req.A:",
        "*notstring:~*req.A:b",
        "*regex:~*req.A:^a",
        "*nistring:~*req.A:a",
        "*gt:~*req.A:a",
    ):
        house = House()
        house.profile("P", rule)
        assert house.found({"A": "a"}) == [], rule
        if not rule.startswith("*gt"):
            house.profile("P", rule, "*string:~*req.Go:on")
            assert house.found({"A": "a", "Go": "on"}) == ["P"], rule


def test_weight_order_and_profiles_without_filters() -> None:
    house = House()
    house.profile("LOW", "*string:~*req.A:a|b", weight="5")
    house.profile("ALL", weight="1")
    house.profile("HIGH", "*string:~*req.A:a", weight="20.5")
    house.profile("EQUAL", "*string:~*req.A:a", weight="5")
    assert house.found({"A": "a"}) == ["HIGH", "LOW", "EQUAL", "ALL"]
    assert house.found({"A": "c"}) == ["ALL"]


def test_options_and_reversed_rules_lead_too() -> None:
    house = House()
    house.profile("OPTS", "*string:~*opts.Trunk:gw")
    house.profile("BACK", "*string:ann:~*req.Account")
    assert house.found({"Account": "ann"}, {"Trunk": "gw"}) == ["OPTS", "BACK"]
    assert house.found({"Trunk": "gw"}) == []


def test_nested_fields() -> None:
    for nested in (False, True):
        house = House(IndexOptions(nested_fields=nested))
        house.profile("P", "*string:~*req.Sip.From:ann")
        house.profile("LIST", "*string:~*req.Legs[0].Id:x")
        assert house.found({"Sip": {"From": "ann"}, "Legs": [{"Id": "x"}]}) == (["P"] if nested else [])


def test_named_fields() -> None:
    options = IndexOptions(
        string_fields=("*req.Account",), prefix_fields=("*req.To",), suffix_fields=("*req.From",), exists_fields=("*req.S",)
    )
    house = House(options)
    house.profile("A", "*string:~*req.Account:ann")
    house.profile("B", "*string:~*req.Other:ann")
    house.profile("S", "*exists:~*req.S:")
    house.profile("F", "*suffix:~*req.From:.example")
    assert house.found({"Account": "ann", "Other": "ann"}) == ["A"]
    assert house.found({"S": None, "From": "pbx.example"}) == ["S", "F"]


def test_only_the_longest_known_prefix_is_looked_at() -> None:
    house = House(IndexOptions(prefix_fields=("*req.To",)))
    house.profile("SHORT", "*prefix:~*req.To:+49")
    house.profile("LONG", "*prefix:~*req.To:+4930", weight="20")
    assert house.found({"To": "+49301"}) == ["LONG"]
    assert house.found({"To": "+4940"}) == ["SHORT"]


def test_activation_uses_the_events_own_time_and_excludes_both_ends() -> None:
    house = House()
    house.profile("P", interval=ActivationInterval("2026-03-01T00:00:00Z", "2026-03-04T10:00:00Z"))
    assert house.found({}) == []
    assert house.found({}, at_ns=NOW - 1) == ["P"]
    assert house.found({}, at_ns=NOW - 294 * 3600 * 10**9) == []


def test_ids_bypass_the_indexes_and_may_bypass_the_filters() -> None:
    house = House()
    house.profile("P", "*prefix:~*req.A:a")
    assert house.found({"A": "ab"}, ids=("P", "NONE", "P")) == ["P"]
    assert house.found({"A": "x"}, ids=("P",)) == []
    assert house.found({"A": "x"}, ids=("P",), ignore_filters=True) == ["P"]
    assert house.found({"A": "x"}, ignore_filters=True) == []


def test_profiles_that_every_event_meets_are_known_as_long_as_all_are_such() -> None:
    house = House()
    assert house.index.open_to_all("t") is None
    house.profile("LOW", weight="5")
    house.profile("HIGH", weight="9")
    assert house.found({}) == ["HIGH", "LOW"]
    assert house.index.open_to_all("t") is not None
    house.profile("SOME", "*string:~*req.A:a")
    assert house.index.open_to_all("t") is None
    house.items.remove(KIND, "t:SOME")
    assert house.index.open_to_all("t") is not None
    house.profile("LATER", interval=ActivationInterval("2030-01-01T00:00:00Z", ""))
    assert house.index.open_to_all("t") is None
    assert house.found({}) == ["HIGH", "LOW"]


def test_changes_are_seen_by_the_next_event() -> None:
    house = House()
    house.items.put("filter", "t:F", Filter("t", "F", (FilterRule("*string", "~*req.A", ("one",)),)))
    house.profile("P", "F")
    assert house.found({"A": "one"}) == ["P"]
    house.items.put("filter", "t:F", Filter("t", "F", (FilterRule("*string", "~*req.A", ("two",)),)))
    assert (house.found({"A": "one"}), house.found({"A": "two"})) == ([], ["P"])
    house.profile("P", "*string:~*req.A:three")
    assert (house.found({"A": "two"}), house.found({"A": "three"})) == ([], ["P"])
    house.items.remove(KIND, "t:P")
    assert house.found({"A": "three"}) == []


def test_a_profile_that_cannot_be_read_fails_only_the_events_that_meet_it() -> None:
    house = House()
    house.profile("SOUND", "*string:~*req.A:a")
    house.profile("SOON", "*string:~*req.B:b", interval=ActivationInterval("soon"))
    house.profile("HEAVY", "*string:~*req.C:c", weight="1e99")
    assert house.found({"A": "a"}) == ["SOUND"]
    for name, value in (("B", "b"), ("C", "c")):
        with pytest.raises(RequestError):
            house.found({name: value})


def test_a_value_nested_beyond_all_use_leads_nowhere() -> None:
    house = House(IndexOptions(prefix_fields=("*req.A",)))
    house.profile("P", "*string:~*req.A:a", weight="1")
    house.profile("Q", "*prefix:~*req.A:a")
    house.profile("ALL")
    deep: object = "a"
    for _ in range(400):
        deep = [deep]
    assert house.found({"A": deep}) == ["ALL"]


def test_contexts() -> None:
    house = House()
    index = ProfileIndex(house.items, "attribute_profile", house.filters, IndexOptions())
    for id, context in (("S", "*sessions"), ("ANY", "*any"), ("C", "*cdrs")):
        house.items.put("attribute_profile", f"t:{id}", AttributeProfile("t", id, (context,), ("*string:~*req.A:a",)))
    view = house.filters.view(Event("t", "e", {"A": "a"}, {}), NOW)

    def ids(*contexts: str, named: tuple[str, ...] = ()) -> list[str]:
        return [profile.ID for profile in index.matching("t", view, NOW, named, contexts=contexts) if isinstance(profile, AttributeProfile)]

    assert ids("*sessions") == ["S"]
    assert ids("*sessions", "*any") == ["S", "ANY"]
    assert ids("*sessions", "*any", named=("C", "ANY")) == ["ANY"]


_VALUES = st.sampled_from(["a", "b", "ab", "1", ""])
_SOME = st.lists(_VALUES.filter(bool), min_size=1, max_size=2)
_RULES = st.one_of(
    st.builds(
        lambda f, v: f"*string:~*req.{f}:{'|'.join(v)}", st.sampled_from("ABC"), st.lists(_VALUES.filter(bool), min_size=1, max_size=2)
    ),
    st.builds(lambda f, v: f"*notstring:~*req.{f}:{v}", st.sampled_from("ABC"), _VALUES),
    st.builds(lambda f, v: f"*prefix:~*req.{f}:{v}", st.sampled_from("ABC"), _VALUES.filter(bool)),
    st.builds(lambda f: f"*exists:~*req.{f}:", st.sampled_from("ABC")),
)
_PROFILES = st.lists(st.tuples(st.integers(0, 6), st.lists(_RULES, max_size=3), st.integers(0, 2)), max_size=12)
_EVENTS = st.dictionaries(st.sampled_from("ABC"), st.one_of(_VALUES, st.just(1), st.just(Decimal("1.0")), st.none()), max_size=3)


@given(_PROFILES, st.lists(_EVENTS, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_the_index_finds_what_a_scan_finds(profiles: list[tuple[int, list[str], int]], events: list[dict[str, object]]) -> None:
    """Of the profiles that a *string rule leads to, or that have no filters; whatever was put over what before."""
    indexed, scanned = House(), House(IndexOptions(indexed_selects=False))
    led: dict[str, bool] = {}
    for number, rules, weight in profiles:
        for house in (indexed, scanned):
            house.profile(str(number), *rules, weight=str(weight))
        led[str(number)] = not rules or any(rule.startswith("*string") for rule in rules)
        event = events[0]
        assert indexed.found(event) == [id for id in scanned.found(event) if led[id]]
    for event in events:
        assert indexed.found(event) == [id for id in scanned.found(event) if led[id]]
