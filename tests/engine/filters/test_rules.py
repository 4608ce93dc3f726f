"""Rule types: which events pass."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.errors import RequestError
from engine.event import Event
from engine.filters.match import Filters
from engine.profiles.items import Items
from engine.profiles.policies import KINDS, ActivationInterval, Filter, FilterRule

NOW = 1_772_618_400_000_000_000  # 2026-03-04T10:00:00Z
MISSING = object()


def house() -> Filters:
    return Filters(Items(KINDS))


def passes(rule: str, value: object) -> bool:
    filters = house()
    filters.rooms.destinations_of = lambda number: ["DE"] if number.startswith("49") else []
    filters.rooms.timing_is_active = lambda name, at: name == "NOON" and at.ns == NOW
    fields = {} if value is MISSING else {"F": value}
    return filters.matches("t", [rule], filters.view(Event("t", "e", fields, {}), NOW), NOW)


@pytest.mark.parametrize(
    ("rule", "yes", "no"),
    [
        ("*string:~*req.F:1001|1002", ["1001", 1002], ["10011", "", None, MISSING]),
        ("*string:~*req.F:", [], ["", "x", MISSING]),
        ("*notstring:~*req.F:1001", ["1002", "", MISSING], ["1001", 1001]),
        ("*nistring:~*req.F:1001", ["1001"], ["1002", MISSING]),
        ("*prefix:~*req.F:+49|+43", ["+4930", "+43"], ["+41", "4930", MISSING]),
        ("*notprefix:~*req.F:+49", ["+41", MISSING], ["+49"]),
        ("*niprefix:~*req.F:+49", ["+49"], ["+41"]),
        ("*suffix:~*req.F:@pbx", ["a@pbx", "@pbx"], ["@pbx.org", MISSING]),
        ("*notsuffix:~*req.F:@pbx", ["x", MISSING], ["a@pbx"]),
        ("*contains:~*req.F:mid", ["amidst"], ["min", MISSING]),
        ("*notcontains:~*req.F:mid", ["min", MISSING], ["amidst"]),
        ("*exists:~*req.F:", ["x", "", None], [MISSING]),
        ("*notexists:~*req.F:", [MISSING], ["x", "", None]),
        ("*niexists:~*req.F:", [""], [MISSING]),
        ("*empty:~*req.F:", ["", None, [], {}, MISSING], ["x", 0, False]),
        ("*notempty:~*req.F:", ["x", 0], ["", [], None, MISSING]),
        ("*regex:~*req.F:^a.*z$|^[0-9]{4}$", ["abz", "1234"], ["12345", MISSING]),
        ("*notregex:~*req.F:^[0-9]+$", ["ann", MISSING], ["1001"]),
        ("*gt:~*req.F:10", [Decimal("10.5"), "11", 11], [10, "9", MISSING]),
        ("*gte:~*req.F:10", [10, "10.0"], [Decimal("9.99")]),
        ("*lt:~*req.F:10", [9], [10]),
        ("*lte:~*req.F:10", [10], [Decimal("10.01")]),
        ("*gt:~*req.F:10.5", ["11"], ["10"]),
        ("*gt:~*req.F:5|20", [6, 21], [4]),
        ("*gt:~*req.F:1m", ["61s", "1h", 61_000_000_000], ["60s", "59s"]),
        ("*eq:~*req.F:1m", ["60s", 60_000_000_000], ["61s"]),
        ("*noteq:~*req.F:10", [11, MISSING], [10]),
        ("*eq:~*req.F:ann", ["ann"], ["bob"]),
        ("*gte:~*req.F:2026-03-04T00:00:00Z", ["2026-03-04T00:00:00Z", "2026-03-05 10:00:00"], ["2026-03-03T23:59:59Z"]),
        ("*ipnet:~*req.F:10.1.0.0/16|192.0.2.0/24", ["10.1.2.3", "192.0.2.9"], ["10.2.2.3", "host", "2001:db8::1", MISSING]),
        ("*ipnet:~*req.F:2001:db8::/32", ["2001:db8::1"], ["2001:db9::1"]),
        ("*ipnet:~*req.F:10.0.0.0/99", [], ["10.0.0.1"]),
        ("*notipnet:~*req.F:10.1.0.0/16", ["10.2.2.3", MISSING], ["10.1.2.3"]),
        ("*ai:~*req.F:2026-03-01T00:00:00Z", ["2030-03-01T00:00:00Z"], ["2026-03-01T00:00:00Z", "2026-02-28T23:59:59Z", MISSING]),
        (
            "*ai:~*req.F:2026-03-01T00:00:00Z|2026-04-01T00:00:00Z",
            ["2026-03-15T00:00:00Z"],
            ["2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"],
        ),
        ("*ai:~*req.F:|2026-04-01T00:00:00Z", ["2026-03-15T00:00:00Z"], ["2026-04-01T00:00:00Z"]),
        ("*rsr:~*req.F:99$", ["4999"], ["9949"]),
        ("*rsr:~*req.F:^anna$", ["anna"], ["annabel"]),
        ("*rsr:~*req.F:^49|99$|~^x[0-9]+$", ["491", "1099", "x42"], ["other"]),
        ("*rsr:~*req.F:>5", ["6", "10"], ["5", "x", MISSING]),
        ("*rsr:~*req.F:>=5", ["5"], ["4"]),
        ("*rsr:~*req.F:<5", ["4"], ["5"]),
        ("*rsr:~*req.F:<=5", ["5"], ["6"]),
        ("*rsr:~*req.F:!^+49", ["+4330"], ["+4930"]),
        ("*rsr:~*req.F:^$", ["", MISSING], ["x"]),
        ("*rsr:~*req.F:mid", ["amidst"], ["x"]),
        ("*notrsr:~*req.F:^+49", ["+4330"], ["+4930"]),
        ("*destinations:~*req.F:NO|DE", ["4930"], ["4330", MISSING]),
        ("*notdestinations:~*req.F:DE", ["4330", MISSING], ["4930"]),
        ("*timings:~*req.F:NOON", ["2026-03-04T10:00:00Z"], ["2026-03-04T10:00:01Z", MISSING]),
        ("*string:1001:1001", ["x", MISSING], []),
        ("*string:1001:1002", [], ["x"]),
        ("*string:x:~*req.F", ["x"], ["y", MISSING]),
        ("*prefix:4930:~*req.F", ["49"], ["43"]),
        ("*string:~:x", [], ["x"]),
        ("*never:~*req.F:x", [], ["x"]),
    ],
)
def test_rule(rule: str, yes: list[object], no: list[object]) -> None:
    for value in yes:
        assert passes(rule, value), value
    for value in no:
        assert not passes(rule, value), value


@pytest.mark.parametrize(
    ("rule", "value", "error"),
    [
        ("*odd:~*req.F:x", "x", "SERVER_ERROR: NOT_IMPLEMENTED:*odd"),
        ("*gt:~*req.F:ten", 11, "SERVER_ERROR: incomparable: <11> with <<nil>>"),
        ("*gt:~*req.F:ten", "zzz", "SERVER_ERROR: unsupported comparison type: string, kind: string"),
        ("*ai:~*req.F:soon", "2026-03-04T10:00:00Z", "SERVER_ERROR: Unsupported time format"),
        ("*regex:~*req.F:[", "x", "SERVER_ERROR: error parsing regexp: missing ]: ["),
        ("*string", "x", "SERVER_ERROR: inline parse error for string: <*string>"),
        ("NONE", "x", "SERVER_ERROR: NOT_FOUND:NONE"),
        ("*string:~*req.F{*duration_seconds}:1", "soon", 'SERVER_ERROR: time: invalid duration "soon"'),
    ],
)
def test_undecidable(rule: str, value: object, error: str) -> None:
    with pytest.raises(RequestError) as refused:
        passes(rule, value)
    assert refused.value.text == error


def test_all_filters_must_pass_and_the_first_that_does_not_ends_it() -> None:
    filters = house()
    view = filters.view(Event("t", "e", {"A": "1", "B": "2"}, {}), NOW)
    assert filters.matches("t", ["*string:~*req.A:1", "*string:~*req.B:2"], view, NOW)
    assert not filters.matches("t", ["*string:~*req.A:2", "*odd:~*req.B:2"], view, NOW)
    assert filters.matches("t", [], view, NOW)


def test_stored_filters_change_and_are_passed_over_outside_their_interval() -> None:
    filters = house()
    view = filters.view(Event("t", "e", {"A": "1"}, {}), NOW)
    rule = FilterRule("*string", "~*req.A", ("2",))
    filters.items.put("filter", "t:F", Filter("t", "F", (rule,)))
    assert not filters.matches("t", ["F"], view, NOW)
    past = ActivationInterval("2014-01-01T00:00:00Z", "2015-01-01T00:00:00Z")
    filters.items.put("filter", "t:F", Filter("t", "F", (rule,), past))
    assert filters.matches("t", ["F"], view, NOW)
    filters.items.remove("filter", "t:F")
    with pytest.raises(RequestError):
        filters.matches("t", ["F"], view, NOW)
