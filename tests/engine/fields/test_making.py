"""Every type of value, as documented, and that none of them fails in a way that nobody expects."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.event import Event
from engine.fields.making import TYPES, Making, value_parts
from engine.fields.values import FieldNotFoundError
from engine.fields.view import View
from engine.times import UTC_ZONE, fixed_zone, parse_time

NOW = parse_time("2026-03-04T10:00:00Z", UTC_ZONE, 0).ns
FIELDS: dict[str, object] = {
    "A": 4,
    "B": "2.5",
    "Used": "10s",
    "Start": "1772618400",
    "End": "2026-03-04T10:00:10Z",
    "Id": "call",
    "Empty": "",
}


def made(type: str, text: str, *, beside: str = "", layout: str = "", decimals: int = 5, offset: int = 0) -> str:
    view = View(Event("t", "e", FIELDS, {}), NOW, fixed_zone(offset))
    how = {"layout": layout} if layout else {}
    return Making(type, value_parts(text), beside=beside, decimals=decimals, **how).text(view)


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("*constant", "red;-;ish", "red-ish"),
        ("*constant", "~*req.A;x", "x"),
        ("*constant", "`a;b`", "a;b"),
        ("*variable", "~*req.A;-;~*req.Id", "4-call"),
        ("*variable", "", ""),
        ("*composed", "~*req.A", "4"),
        ("*usage_difference", "~*req.End;~*req.Start", "10s"),
        ("*usage_difference", "~*req.Start;~*req.End", "-10s"),
        ("*cc_usage", "3;20s;10s", "40s"),
        ("*cc_usage", "0;7s;10s", "7s"),
        ("*cc_usage", "1;0;10s", "0s"),
        ("*sum", "~*req.A;10", "14"),
        ("*difference", "~*req.Used;1s", "9s"),
        ("*multiply", "~*req.B;2", "5"),
        ("*divide", "~*req.A;3", "1"),
        ("*value_exponent", "12.34;2", "1234"),
        ("*value_exponent", "12345;-3", "12.345"),
        ("*unix_timestamp", "~*req.End", "1772618410"),
        ("*datetime", "~*req.Start", "2026-03-04T10:00:00Z"),
        ("*sipcid", "~*req.Id;zoe;~*req.Missing;adam;~*req.Empty", "call;adam;zoe"),
        ("*sipcid", "~*req.Id;~*req.Missing", "call"),
    ],
)
def test_values(type: str, text: str, value: str) -> None:
    assert made(type, text) == value


def test_what_joins_and_how_times_are_written() -> None:
    assert made("*prefix", "+", beside="~*req.A") == "+4"
    assert made("*suffix", "-x", beside="*rep.Name") == "*rep.Name-x"
    assert made("*datetime", "~*req.Start", layout="2006-01-02 15:04:05", offset=3600) == "2026-03-04 11:00:00"
    assert made("*value_exponent", "1.239;0", decimals=2) == "1.24"
    with pytest.raises(FieldNotFoundError):
        made("*prefix", "+", beside="~*req.Missing")


@pytest.mark.parametrize(
    ("type", "text", "words"),
    [
        ("*usage_difference", "~*req.End", 'invalid arguments <[{"Rules":"~*req.End"}]> to *usage_difference'),
        ("*usage_difference", "soon;later", "Unsupported time format"),
        ("*cc_usage", "1;2s", 'invalid arguments <[{"Rules":"1"},{"Rules":"2s"}]> to *cc_usage'),
        ("*cc_usage", "x;20s;10s", "invalid requestNumber <x> to *cc_usage"),
        ("*cc_usage", "1;x;10s", "invalid usedCCTime <x> to *cc_usage"),
        ("*cc_usage", "1;1s;x", "invalid debitInterval <x> to *cc_usage"),
        ("*value_exponent", "x;2", "invalid value <x> to *value_exponent"),
        ("*value_exponent", "1;x", "invalid exponent <x> to *value_exponent"),
        ("*value_exponent", "1;31", "invalid exponent <31> to *value_exponent"),
        ("*unix_timestamp", "soon", "Unsupported time format"),
        ("*sipcid", "", "invalid arguments <[]> to *sipcid"),
        ("*sum", "1", "NotEnoughParameters"),
        ("*odd", "1", "unsupported type: <*odd>"),
        ("*http#http://127.0.0.1", "1", "NOT_IMPLEMENTED: *http#http://127.0.0.1"),
        ("*variable", "~*req.A{*odd}", "invalid converter value in string: <*odd>, err: unsupported converter definition: <*odd>"),
        ("*variable", "`a", "Unclosed unspilit syntax"),
    ],
)
def test_refusals(type: str, text: str, words: str) -> None:
    with pytest.raises(ValueError) as fault:  # noqa: PT011 - the words are compared below
        made(type, text)
    assert str(fault.value) == words


PARTS = st.one_of(
    st.sampled_from([f"~*req.{name}" for name in ("A", "B", "Used", "Start", "End", "Id", "Empty", "Missing", "L", "M")]),
    st.sampled_from(["0", "-1", "1.5", "1e30", "9223372036854775807", "2562047h", "*now", "*remove", "~*stats.Q.*acd"]),
    st.text(max_size=8),
)


@given(
    st.sampled_from(sorted(TYPES)),
    st.lists(PARTS, max_size=4),
    st.dictionaries(
        st.sampled_from("ABLM"),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.decimals(),
            st.text(max_size=6),
            st.lists(st.integers(), max_size=2),
        ),
    ),
)
def test_any_value_is_made_or_refused(type: str, parts: list[str], more: dict[str, object]) -> None:
    view = View(Event("t", "e", FIELDS | more, {}), NOW, UTC_ZONE)
    with contextlib.suppress(ValueError, FieldNotFoundError, RequestError):
        assert isinstance(Making(type, parts, beside="~*req.A").text(view), str)
