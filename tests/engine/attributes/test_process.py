"""Which profile changes an event, how often, and what the caller gets."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.attributes.asked import Defaults
from engine.attributes.decide import AttributeOptions
from engine.errors import RequestError
from engine.filters.index import IndexOptions
from engine.limits import MAX_ATTRIBUTE_RUNS, MAX_INLINE_PROFILES
from engine.profiles.policies import ActivationInterval
from engine.times import UTC_ZONE, parse_time
from tests.engine.policies import NOW, TENANT, House, event


def refusal(house: House, fields: dict[str, object], options: dict[str, object] | None = None, **how: object) -> str:
    with pytest.raises(RequestError) as fault:
        house.attributes.process(event(fields, options), NOW, **how)  # type: ignore[arg-type]
    return fault.value.text


def test_the_given_event_stays_as_it_was() -> None:
    house = House()
    house.attribute("A", ("*req.Sip.To", "*constant", "bob"), ("*req.Account", "*constant", "*remove"), ("*opts.*x", "*constant", "1"))
    given = event({"Account": "ann", "Sip": {"From": "ann", "Legs": {"a": 1}}}, {"k": 1})
    before = copy.deepcopy((given.fields, given.options, given.tenant))
    reply = house.attributes.process(given, NOW, context="*sessions", ids=["A"])
    assert (given.fields, given.options, given.tenant) == before
    assert reply.event.fields == {"Sip": {"From": "ann", "To": "bob", "Legs": {"a": 1}}}
    assert reply.event.options == {"k": 1, "*x": "1", "*subsys": "*sessions", "*attrProfileIDs": ["A"]}
    assert reply.altered == ["*req.Sip.To", "*req.Account", "*opts.*x"]
    assert reply.matched == [f"{TENANT}:A"]


def test_a_failing_value_changes_nothing() -> None:
    house = House()
    house.attribute("A", ("*req.Sip.To", "*constant", "bob"), ("*req.Out", "*variable", "~*req.Missing"))
    given = event({"Sip": {"From": "ann"}})
    with pytest.raises(RequestError, match=r"^NOT_FOUND$"):
        house.attributes.process(given, NOW)
    assert given.fields == {"Sip": {"From": "ann"}}


# -- the room that asks ---------------------------------------------------------------------------------------------------


def test_the_context_is_that_of_the_room_unless_the_event_names_one() -> None:
    house = House()
    for context in ("*sessions", "*cdrs", "*default"):
        house.attribute(context, ("*req.Out", "*constant", context), contexts=(context,))
    assert house.attributes.process(event(), NOW, context="*sessions").event.fields == {"Out": "*sessions"}
    assert house.attributes.process(event(), NOW).event.fields == {"Out": "*default"}
    reply = house.attributes.process(event({}, {"*context": "*cdrs"}), NOW, context="*sessions")
    assert reply.event.fields == {"Out": "*cdrs"}
    assert reply.event.options == {"*context": "*cdrs", "*subsys": "*sessions"}


def test_a_profile_may_name_a_context_itself() -> None:
    house = House()
    house.attribute("A", ("*opts.*context", "*constant", "gold"), contexts=("*sessions",))
    assert house.attributes.process(event(), NOW, context="*sessions").event.options["*context"] == "gold"


def test_filters_see_the_room_that_asks() -> None:
    house = House()
    house.attribute("A", ("*req.Out", "*constant", "x"), filters=("*string:~*opts.*subsys:*cdrs",))
    assert house.attributes.process(event(), NOW, context="*cdrs").matched == [f"{TENANT}:A"]
    assert refusal(house, {}, context="*sessions") == "NOT_FOUND"


def test_any_context_can_be_switched_off() -> None:
    house = House(options=AttributeOptions(any_context=False))
    house.attribute("A", ("*req.Out", "*constant", "x"))
    assert refusal(house, {}, context="*sessions") == "NOT_FOUND"
    assert refusal(house, {}, {"*attrProfileIDs": ["A"]}, context="*sessions") == "NOT_FOUND"
    assert house.attributes.process(event({}, {"*context": "*any"}), NOW).matched == [f"{TENANT}:A"]


# -- runs -----------------------------------------------------------------------------------------------------------------


def test_runs_and_their_limits() -> None:
    house = House()
    house.attribute("A", ("*req.Trail", "*composed", "a"), weight="20")
    house.attribute("B", ("*req.Trail", "*composed", "b"))
    for options, trail in (
        ({}, "a"),
        ({"*attrProcessRuns": 2}, "ab"),
        ({"*attrProcessRuns": "4"}, "abab"),
        ({"*attrProcessRuns": 9, "*attrProfileRuns": 1}, "ab"),
        ({"*attrProcessRuns": 9, "*attrProfileRuns": 2}, "abab"),
    ):
        assert house.attributes.process(event({}, dict(options)), NOW).event.fields == {"Trail": trail}
    assert house.attributes.process(event({}, {"*attrProcessRuns": 0}), NOW).matched == []


def test_a_blocker_ends_the_runs() -> None:
    house = House()
    house.attribute("A", ("*req.Trail", "*composed", "a"), weight="20", blocker=True)
    house.attribute("B", ("*req.Trail", "*composed", "b"))
    assert house.attributes.process(event({}, {"*attrProcessRuns": 5}), NOW).event.fields == {"Trail": "a"}


def test_filters_and_values_see_the_runs() -> None:
    house = House()
    house.attribute("A", ("*req.N", "*composed", "~*vars.*processRuns"), weight="20")
    house.attribute("B", ("*req.N", "*composed", "~*vars.*processedProfileIDs[0]"), filters=("*string:~*vars.*processRuns:2",), weight="30")
    reply = house.attributes.process(event({}, {"*attrProcessRuns": 3}), NOW)
    assert reply.event.fields == {"N": f"1{TENANT}:A3"}


def test_the_configuration_speaks_where_the_event_does_not() -> None:
    house = House(options=AttributeOptions(defaults=Defaults(("B",), 2, 1, True)))
    house.attribute("A", ("*req.Trail", "*composed", "a"), weight="20")
    house.attribute("B", ("*req.Trail", "*composed", "b"), filters=("*string:~*req.Never:x",))
    assert house.attributes.process(event(), NOW).matched == [f"{TENANT}:B"]
    assert house.attributes.process(event({}, {"*attrProfileIDs": ["A"]}), NOW).matched == [f"{TENANT}:A"]
    assert house.attributes.process(event({}, {"*attrProfileIDs": [], "*attrProfileIgnoreFilters": False}), NOW).matched == [f"{TENANT}:A"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"*attrProcessRuns": "x"}, 'SERVER_ERROR: strconv.ParseInt: parsing "x": invalid syntax'),
        ({"*attrProcessRuns": True}, "SERVER_ERROR: cannot convert field: true to int"),
        ({"*attrProcessRuns": MAX_ATTRIBUTE_RUNS + 1}, "SERVER_ERROR: *attrProcessRuns is 1001, at most 1000 are allowed"),
        ({"*attrProfileRuns": {}}, "SERVER_ERROR: cannot convert field: {} to int"),
        ({"*attrProfileIDs": "A"}, "SERVER_ERROR: cannot convert field: A to []string"),
        ({"*attrProfileIgnoreFilters": "maybe"}, 'SERVER_ERROR: strconv.ParseBool: parsing "maybe": invalid syntax'),
    ],
)
def test_options_of_another_kind(options: dict[str, object], words: str) -> None:
    house = House()
    house.attribute("A", ("*req.Out", "*constant", "x"))
    assert refusal(house, {}, options) == words


# -- selection ------------------------------------------------------------------------------------------------------------


def test_named_profiles_by_weight_with_those_written_out_among_them() -> None:
    house = House()
    house.attribute("LOW", ("*req.Trail", "*composed", "l"), weight="-5")
    house.attribute("HIGH", ("*req.Trail", "*composed", "h"), weight="5")
    ids: list[object] = ["LOW", "*composed:*req.Trail:1", "HIGH", "*composed:*req.Trail:2", "GONE"]
    reply = house.attributes.process(event({}, {"*attrProfileIDs": ids, "*attrProcessRuns": 9, "*attrProfileRuns": 1}), NOW)
    assert reply.event.fields == {"Trail": "h12l"}


def test_a_changed_profile_counts_at_once() -> None:
    house = House()
    house.attribute("A", ("*req.Out", "*constant", "old"))
    assert house.attributes.process(event(), NOW).event.fields == {"Out": "old"}
    house.attribute("A", ("*req.Out", "*constant", "new"))
    assert house.attributes.process(event(), NOW).event.fields == {"Out": "new"}
    house.items.remove("attribute_profile", f"{TENANT}:A")
    assert refusal(house, {}) == "NOT_FOUND"


def test_the_time_of_the_event_decides_what_is_active() -> None:
    house = House()
    house.attribute("A", ("*req.Out", "*constant", "x"), active=ActivationInterval("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"))
    assert refusal(house, {}) == "NOT_FOUND"
    inside = parse_time("2020-06-01T00:00:00Z", UTC_ZONE, 0).ns
    assert house.attributes.process(event(at_ns=inside), NOW).matched == [f"{TENANT}:A"]


def test_without_indexes_every_profile_is_asked() -> None:
    wide = House(options=AttributeOptions(index=IndexOptions(indexed_selects=False)))
    narrow = House()
    for house in (wide, narrow):
        house.attribute("A", ("*req.Out", "*constant", "x"), filters=("*prefix:~*req.Destination:+49",))
    assert wide.attributes.process(event({"Destination": "+4930"}), NOW).matched == [f"{TENANT}:A"]
    assert refusal(narrow, {"Destination": "+4930"}) == "NOT_FOUND"


def test_the_profile_of_an_event() -> None:
    house = House()
    house.attribute("A", ("*req.Out", "*constant", "x"), weight="5")
    house.attribute("B", ("*req.Out", "*constant", "x"), filters=("*string:~*req.Kind:b",))
    assert house.attributes.profile_for(event({"Kind": "b"}), NOW).ID == "B"
    assert house.attributes.profile_for(event(), NOW).ID == "A"
    written = house.attributes.profile_for(event({}, {"*attrProfileIDs": ["*constant:*req.A:x"]}), NOW)
    assert (written.ID, written.Contexts) == ("*constant:*req.A:x", ("*any",))
    with pytest.raises(RequestError, match=r"^NOT_FOUND$"):
        house.attributes.profile_for(event(tenant="other.example"), NOW)


# -- writing --------------------------------------------------------------------------------------------------------------


def one(path: str, type: str, value: str, fields: dict[str, object]) -> object:
    house = House()
    house.attribute("A", (path, type, value))
    return house.attributes.process(event(fields), NOW).event.fields


@pytest.mark.parametrize(
    ("path", "type", "value", "fields", "after"),
    [
        ("*req.A", "", "~*req.B;-", {"B": 1}, {"A": "1-", "B": 1}),
        ("*req.A.B.C", "*constant", "x", {}, {"A": {"B": {"C": "x"}}}),
        ("*req.A.B", "*constant", "x", {"A": None}, {"A": {"B": "x"}}),
        ("*req.A.B", "*constant", "*remove", {"A": {"B": 1, "C": 2}}, {"A": {"C": 2}}),
        ("*req.A.B.C", "*constant", "*remove", {"A": 1}, {"A": 1}),
        ("*req.A", "*composed", "x", {"A": None}, {"A": "x"}),
        ("*req.A", "*composed", "x", {"A": ["b"]}, {"A": '["b"]x'}),
        ("*req.A", "*prefix", "+;4", {"A": 9}, {"A": "+49"}),
        ("*cgreq.A", "*constant", "x", {"B": 1}, {"B": 1}),
    ],
)
def test_writing(path: str, type: str, value: str, fields: dict[str, object], after: dict[str, object]) -> None:
    assert one(path, type, value, fields) == after


def test_what_an_attribute_writes_aside_the_next_one_reads() -> None:
    house = House()
    house.attribute("A", ("*vars.Home", "*constant", "DE"), ("Aside", "*constant", "x"), ("*req.Out", "*variable", "~*vars.Home;~Aside"))
    assert house.attributes.process(event(), NOW).event.fields == {"Out": "DEx"}


@pytest.mark.parametrize(
    ("path", "type", "value", "words"),
    [
        ("*req", "*constant", "x", "SERVER_ERROR: WRONG_PATH"),
        ("*req.Account.Name", "*constant", "x", "SERVER_ERROR: WRONG_PATH"),
        ("*tenant", "*constant", "*remove", "SERVER_ERROR: WRONG_PATH"),
        ("*req.A", "*odd", "x", "SERVER_ERROR: unsupported type: <*odd>"),
        ("*req.A", "*http#http://127.0.0.1/", "x", "SERVER_ERROR: NOT_IMPLEMENTED: *http#http://127.0.0.1/"),
        ("*req.A", "*variable", "~*stats.Q.*acd", "SERVER_ERROR: MANDATORY_IE_MISSING: [connIDs]"),
    ],
)
def test_attributes_that_cannot_be(path: str, type: str, value: str, words: str) -> None:
    house = House()
    house.attribute("A", (path, type, value))
    assert refusal(house, {"Account": "ann"}) == words


def test_an_attribute_that_cannot_be_is_no_harm_where_its_filters_fail() -> None:
    house = House()
    house.attribute("A", ("*req.A", "*odd", "x", "*string:~*req.Odd:yes"), ("*req.B", "*constant", "b"))
    assert house.attributes.process(event(), NOW).event.fields == {"B": "b"}


def test_the_tenant_that_is_written_counts_for_the_next_run() -> None:
    house = House()
    house.attribute("MOVE", ("*tenant", "*constant", "new.example"))
    here = ("*string:~*tenant:new.example", "*string:~*req.Go:on")
    house.attribute("HERE", ("*req.Out", "*variable", "~*tenant"), tenant="new.example", filters=here)
    reply = house.attributes.process(event({"Go": "on"}, {"*attrProcessRuns": 2}), NOW)
    assert (reply.event.tenant, reply.event.fields["Out"]) == ("new.example", "new.example")
    assert reply.matched == [f"{TENANT}:MOVE", "new.example:HERE"]


def test_fields_that_ask_for_a_value() -> None:
    house = House()
    house.attribute("A", ("*req.Category", "*constant", "call"))
    assert refusal(house, {"Password": "*attributes", "Account": "*attributes"}) == "MANDATORY_IE_MISSING: [Account Password]"
    assert house.attributes.process(event({"Category": "*attributes"}), NOW).event.fields == {"Category": "call"}


# -- written out ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("*constant:*req.Out", "SERVER_ERROR: inline parse error for string: <*constant:*req.Out>"),
        ("*constant:*req.Out:x;*constant", "SERVER_ERROR: inline parse error for string: <*constant>"),
        ("*constant::x", "SERVER_ERROR: empty path in inline AttributeProfile <*constant::x>"),
        ("*odd:*req.Out:x", "SERVER_ERROR: unsupported type: <*odd>"),
    ],
)
def test_what_is_no_profile_written_out(id: str, words: str) -> None:
    assert refusal(House(), {}, ids=[id]) == words


def test_profiles_written_out_are_bounded() -> None:
    house = House()
    for number in range(MAX_INLINE_PROFILES + 10):
        house.attributes.process(event(), NOW, ids=[f"*constant:*req.Out:{number}"])
    assert len(house.attributes._compiled_inline) <= MAX_INLINE_PROFILES


WORDS = st.sampled_from(["a", "b", "c"])
PROFILES = st.lists(st.tuples(WORDS, st.sampled_from(["1", "2", "3"]), st.booleans(), WORDS), min_size=1, max_size=5)


@given(PROFILES, st.integers(0, 8), st.integers(0, 3), st.dictionaries(WORDS, WORDS, max_size=3))
def test_any_house_keeps_its_promises(rows: list[tuple[str, str, bool, str]], runs: int, times: int, fields: dict[str, object]) -> None:
    house = House()
    for number, (field, weight, blocker, value) in enumerate(rows):
        house.attribute(f"P{number}", (f"*req.{field}", "*composed", value), filters=(), weight=weight, blocker=blocker)
    given_event = event(dict(fields), {"*attrProcessRuns": runs, "*attrProfileRuns": times})
    reply = house.attributes.process(given_event, NOW)
    assert given_event.fields == fields
    assert len(reply.matched) <= runs
    assert all(one != other for one, other in zip(reply.matched, reply.matched[1:], strict=False))
    if times:
        assert all(reply.matched.count(name) <= times for name in reply.matched)
    grown = sum(len(str(value)) for value in reply.event.fields.values()) - sum(len(str(value)) for value in fields.values())
    assert grown == len(reply.matched)
    if runs:
        assert reply.matched[0] == f"{TENANT}:P{max(range(len(rows)), key=lambda number: (int(rows[number][1]), -number))}"
