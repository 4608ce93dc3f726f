"""What one field does: values, shapes, places. The types themselves are tested where attributes have them, and by the recordings."""

from __future__ import annotations

import pytest

from engine.event import Event
from engine.fields.view import Rooms
from engine.sessions import commands
from engine.sessions.commands import SessionReply
from engine.times import zone_of
from gateway.processors.limits import MAX_FILLED, MAX_FILLED_CHARACTERS
from gateway.processors.reading import compile_fields
from gateway.processors.run import fill
from gateway.processors.terms import Terms
from gateway.processors.usercache import UserCache
from tests.gateway.processors.asking import NOW, Engine, Row, answer, compiled, field, processor, refusal, worked


def event_of(*asks: dict[str, object], request: dict[str, object] | None = None) -> Event:
    """The event that request fields make."""
    engine = Engine(ProcessMessage=SessionReply())
    found = worked(compiled(processor("*message", asks=asks)), engine, request=request)
    assert not found.failed, found.failed
    command = engine.asked[0]
    assert isinstance(command, commands.ProcessMessage)
    return command.event


# -- values ------------------------------------------------------------------------------------------------------------------


def test_other_separators_part_values() -> None:
    terms = Terms("cgrates.org", separator="|")
    assert answer(field("*rep.A", "~*req.X|;|~*req.Y"), request={"X": "1", "Y": "2"}, terms=terms) == [("A", "1;2")]
    assert answer(field("*rep.A", "~*req.X|3", type="*sum"), request={"X": "1"}, terms=terms) == [("A", "4")]


def test_a_constant_is_converted_too() -> None:
    assert answer(field("*rep.A", "1m{*duration_seconds}")) == [("A", "60")]


def test_a_cost_moves_its_point_and_keeps_its_decimals() -> None:
    says = field("*rep.A", "~*req.Cost", cost_shift_digits=2, rounding_decimals=1)
    assert answer(says, request={"Cost": "1.23456"}) == [("A", "123.5")]
    assert refusal(says, request={"Cost": "much"})


def test_numbers_of_a_destination_are_masked() -> None:
    rooms = Rooms()
    rooms.destinations_of = lambda number: ("DST_SECRET",) if number.startswith("49") else ()
    terms = Terms("cgrates.org", rooms=rooms)
    says = field("*rep.A", "~*req.To", mask_destinationd_id="DST_SECRET", mask_length=3)
    assert answer(says, request={"To": "4930123"}, terms=terms) == [("A", "4930***")]
    assert answer(says, request={"To": "4420123"}, terms=terms) == [("A", "4420123")]
    assert answer(says, request={"To": "49"}, terms=terms) == [("A", "**")]


def test_time_zones_of_the_house_the_processor_and_the_field() -> None:
    says = (
        field("*rep.A", "~*req.At", type="*datetime"),
        field("*rep.B", "~*req.At", type="*datetime", timezone="America/New_York"),
        field("*rep.C", "~*req.At", type="*datetime"),
    )
    rows = processor("*none", says=says, timezone="Asia/Tokyo")
    found = worked(compiled(rows, terms=Terms("cgrates.org", zone_of("Europe/Berlin"))), request={"At": "2026-03-02 10:00:00"})
    assert [text for _, text, _ in found.reply] == ["2026-03-02T10:00:00+09:00", "2026-03-02T10:00:00-05:00", "2026-03-02T10:00:00+09:00"]
    house = answer(says[0], request={"At": "2026-03-02 10:00:00"}, terms=Terms("cgrates.org", zone_of("Europe/Berlin")))
    assert house == [("A", "2026-03-02T10:00:00+01:00")]


def test_a_filter_that_cannot_be_decided_ends_the_request() -> None:
    assert refusal(field("*rep.A", "x", filters=["*gt:~*req.X:10"]), request={"X": "text"}).startswith(
        "SERVER_ERROR: unsupported comparison"
    )


def test_an_unknown_type_fails_the_request_that_meets_it() -> None:
    says = field("*rep.A", "x", type="*handler", filters=["*exists:~*req.X:"])
    assert answer(says) == []
    assert refusal(says, request={"X": "1"}) == "unsupported type: <*handler>"


# -- places ------------------------------------------------------------------------------------------------------------------


def test_an_event_has_the_first_value_of_each_path() -> None:
    asks = (
        field("*cgreq.Tag", "a", type="*group"),
        field("*cgreq.Tag", "b", type="*group"),
        field("*cgreq.Sip.To", "x"),
        field("*cgreq.Name", "attribute", attribute_id="how"),
        field("*cgreq.Last", "~*cgreq.Tag;~*cgreq.Tag[0];~*cgreq.Sip.To"),
    )
    assert event_of(*asks).fields == {"Tag": "a", "Sip.To": "x", "Last": "bax"}


def test_one_more_value_of_an_option_makes_a_list() -> None:
    asks = (
        field("*cgreq.A", "x"),
        field("*opts.*ids", "a", type="*group"),
        field("*opts.*ids", "b", type="*group"),
        field("*opts.x.y", "1"),
    )
    assert event_of(*asks).options == {"*ids": ["a", "b"], "x": {"y": "1"}}


def test_a_composed_value_grows_wherever_it_is() -> None:
    for scope in ("*rep", "*vars", "*tmp", "*uch", "*opts"):
        says = (
            field(f"{scope}.A", "1", type="*composed"),
            field(f"{scope}.A", "2", type="*composed"),
            field("*rep.B", f"~{scope}.A"),
        )
        assert answer(*says)[-1] == ("B", "12")


def test_values_are_taken_away_wherever_they_are() -> None:
    for scope in ("*rep", "*vars", "*tmp", "*uch", "*opts"):
        says = (
            field(f"{scope}.A", "1"),
            field(f"{scope}.A", type="*remove"),
            field("*rep.B", f"[;~{scope}.A;]"),
        )
        assert answer(*says) == []


def test_a_group_is_taken_away_with_what_is_in_it() -> None:
    says = (field("*rep.G.A", "1"), field("*rep.G.B.C", "2"), field("*rep.H", "3"), field("*rep.G", type="*remove"))
    assert answer(*says) == [("H", "3")]


def test_an_index_takes_one_value_away() -> None:
    values = [field("*rep.A", text, type="*group", new_branch=True) for text in "abc"]
    assert answer(*values, field("*rep.A[1]", type="*remove"), field("*rep.B", "~*rep.A[1]")) == [("A", "a"), ("A", "c"), ("B", "c")]
    assert answer(*values, field("*rep.A[7]", type="*remove"), field("*rep.B", "[;~*rep.A[7];]")) == [("A", "a"), ("A", "b"), ("A", "c")]


def test_a_later_value_takes_the_place_of_a_group() -> None:
    values = [field("*rep.A", text, type="*group", new_branch=True) for text in "ab"]
    assert answer(*values, field("*rep.A", "c")) == [("A", "c")]


def test_what_is_below_a_path_can_be_asked_for() -> None:
    says = (
        field("*rep.G.A", "1"),
        field("*rep.B", "yes", filters=["*exists:~*rep.G:"]),
        field("*rep.C", "no", filters=["*exists:~*rep.H:"]),
    )
    assert answer(*says) == [("G.A", "1"), ("B", "yes")]


def test_a_value_chooses_the_path() -> None:
    says = field("*rep.G.<~*req.Kind;-;~*req.Number>.Text", "x")
    assert answer(says, request={"Kind": "A", "Number": "7"}) == [("G.A-7.Text", "x")]
    assert answer(says, request={"Kind": "A"}) == []
    must = field("*rep.<~*req.Kind>", "x", mandatory=True, tag="Which")
    assert refusal(must) == "NOT_FOUND:Which"
    assert refusal(field("*rep.<~*req.Kind>", "x"), request={"Kind": ""}) == "a path without a name: <*rep>"


def test_a_path_that_nobody_can_write_to_fails_the_request() -> None:
    assert refusal(field("*req.A", "x")) == "unsupported field prefix: <*req> when set field"
    assert refusal(field("Account", "x")) == "unsupported field prefix: <Account> when set field"


@pytest.mark.parametrize("scope", ["*rep", "*vars", "*opts", "*uch", "*cgrep"])
def test_a_scope_alone_is_no_path(scope: str) -> None:
    for type in ("*constant", "*remove"):
        assert refusal(field(scope, "x", type=type), field("*rep.A", "x")).startswith(("a path without a name", "unsupported field prefix"))


def test_everything_of_a_scope_or_below_a_path_is_taken_away() -> None:
    values = (field("*rep.G.A", "1"), field("*rep.B", "2"), field("*vars.C", "3"))
    assert answer(*values, field("*rep.G", type="*removeall"), field("*rep.D", "~*vars.C")) == [("B", "2"), ("D", "3")]
    assert answer(*values, field("*rep", type="*removeall"), field("*vars", type="*removeall"), field("*rep.D", "[;~*vars.C;]")) == []


def test_what_the_engine_was_asked_with_is_not_changed_afterwards() -> None:
    engine = Engine(ProcessMessage=SessionReply())
    first = processor(
        "*message", "*continue", asks=[field("*cgreq.A", "x"), field("*opts.map.a", "1"), field("*opts.list", "1", type="*group")]
    )
    second = processor("*message", asks=[field("*cgreq.A", "x"), field("*opts.map.b", "2"), field("*opts.list", "2", type="*group")])
    worked(compiled(first, second), engine)
    options = [command.event.options for command in engine.asked if isinstance(command, commands.ProcessMessage)]
    assert options == [{"map": {"a": "1"}, "list": ["1"]}, {"map": {"a": "1", "b": "2"}, "list": ["1", "2"]}]


def test_notes_are_forgotten_between_request_and_reply() -> None:
    row = processor(
        "*none",
        asks=[field("*tmp.A", "x"), field("*vars.B", "~*tmp.A")],
        says=[field("*rep.A", "[;~*tmp.A;]"), field("*rep.B", "~*vars.B")],
    )
    assert worked(compiled(row)).reply == [(("B",), "x", False)]


def test_a_blocker_that_was_written_blocks() -> None:
    assert answer(field("*rep.A", "~*req.X", blocker=True), field("*rep.B", "b"), request={"X": "1"}) == [("A", "1")]
    assert answer(field("*rep.A", type="*none", blocker=True), field("*rep.B", "b")) == [("B", "b")]
    assert answer(field("*rep.A", type="*remove", blocker=True), field("*rep.B", "b")) == []


# -- bounds ------------------------------------------------------------------------------------------------------------------


def test_no_more_fields_than_an_answer_may_have() -> None:
    rows = [processor("*none", "*continue", says=[field("*rep.A", "x", type="*group")] * 1_000, id=str(number)) for number in range(5)]
    assert worked(compiled(*rows)).failed == f"more than {MAX_FILLED} fields"


def test_no_more_characters_than_an_answer_may_have() -> None:
    grows = [field("*rep.A", "~*req.X", type="*composed")] * 5
    text = "x" * (MAX_FILLED_CHARACTERS // 4)
    assert refusal(*grows, request={"X": text}) == f"fields of more than {MAX_FILLED_CHARACTERS} characters"


# -- what lives on -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("static", "expected"), [(False, ["kept", "kept", ""]), (True, ["kept", "", ""])])
def test_a_user_cache_forgets(static: bool, expected: list[str]) -> None:
    cache = UserCache(10, 100, static)
    terms = Terms("cgrates.org", cache=cache)
    writes = compiled(processor("*none", asks=[field("*uch.A", "kept")]), terms=terms)
    reads = compiled(processor("*none", says=[field("*rep.A", "~*uch.A")]), terms=terms)
    writes.work({"*req": {}}, Engine(), NOW)
    found = [reads.work({"*req": {}}, Engine(), NOW + after).reply for after in (60, 120, 300)]
    assert [reply[0][1] if reply else "" for reply in found] == expected


def test_a_user_cache_has_a_bound() -> None:
    cache = UserCache(3)
    for number in range(5):
        cache.put(str(number), "x")
        cache.get("0")
    assert len(cache) == 3
    assert [name for name in "01234" if cache.get(name) == "x"] == ["0", "3", "4"]
    nothing = UserCache(0)
    nothing.put("a", "x")
    assert len(nothing) == 0


def test_a_user_cache_lets_go_of_what_is_over() -> None:
    cache = UserCache(-1, 100)
    cache.put("a", "x")
    cache.now_ns = 1_000
    cache.put("b", "y")
    assert len(cache) == 1


# -- requests that the server sends ------------------------------------------------------------------------------------------------


def test_a_template_is_filled_for_a_request_of_our_own() -> None:
    rows = [
        field("*diamreq.Session-Id", "~*req.Session-Id", mandatory=True, tag="SessionId"),
        field("*diamreq.Auth-Application-Id", "~*vars.*appid"),
        field("*cgreq.OriginID", "~*req.Session-Id"),
        field("*opts.*policy", "a", type="*group"),
    ]
    fields = compile_fields(rows, {}, Terms("cgrates.org", outputs=("*diamreq",)))
    scopes: dict[str, object] = {"*req": {"Session-Id": "s;1"}, "*vars": {"*appid": 4}}
    assert fill(fields, scopes, "*diamreq", NOW) == [(("Session-Id",), "s;1", False), (("Auth-Application-Id",), "4", False)]
    assert scopes["*opts"] == {"*policy": ["a"]}
    with pytest.raises(ValueError, match="NOT_FOUND:SessionId"):
        fill(fields, {"*req": {}}, "*diamreq", NOW)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (field("*vars.Kind", "b"), "b"),
        (field("*vars.<~*req.Where>", "b"), "b"),
        (field("*vars.Kind", "b", type="*composed"), "ab"),
        (field("*vars.Kind", "b", type="*group"), "b"),
    ],
)
def test_a_variable_that_a_field_writes_is_read_anew(written: Row, kind: str) -> None:
    asks = [field("*cgreq.Before", "~*vars.Kind"), written]
    first = processor("*none", "*continue", asks=asks, id="first", filters=["*string:~*vars.Kind:a"])
    says = [field("*rep.Kind", "~*vars.Kind"), field("*rep.Fixed", "~*vars.Fixed")]
    second = processor("*none", says=says, id="second", filters=[f"*string:~*vars.Kind:{kind}", "*string:~*vars.Fixed:7"])
    found = worked(compiled(first, second), request={"Where": "Kind"}, variables={"Kind": "a", "Fixed": 7})
    assert (found.taken_by, [text for _, text, _ in found.reply]) == (["first", "second"], [kind, "7"])


def test_a_variable_that_is_taken_away_is_read_anew() -> None:
    for path, type in (("*vars.Kind", "*remove"), ("*vars.Kind", "*removeall"), ("*vars", "*removeall")):
        first = processor("*none", "*continue", asks=[field(path, type=type)], id="first", filters=["*string:~*vars.Kind:a"])
        second = processor("*none", id="second", filters=["*string:~*vars.Kind:a"])
        assert worked(compiled(first, second), variables={"Kind": "a"}).taken_by == ["first"]


def test_a_variable_that_nobody_writes_is_read_once_for_each_request() -> None:
    processors = compiled(*[processor("*none", id=kind, filters=[f"*string:~*vars.Kind:{kind}"]) for kind in "abc"])
    for kind in "cab":
        assert worked(processors, variables={"Kind": kind}).taken_by == [kind]
    assert not worked(processors).handled
