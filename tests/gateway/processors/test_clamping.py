"""Usages that no meter can mean."""

from __future__ import annotations

import pytest

from engine.sessions import commands
from engine.sessions.commands import SessionReply
from gateway.processors.clamping import clamped
from gateway.processors.limits import MOST_USAGE_NS
from tests.gateway.processors.asking import Engine, compiled, field, processor, worked

MOST = str(MOST_USAGE_NS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-1", "0"),
        ("-5s", "0"),
        ("-1h30m", "0"),
        ("-99999999999999999999999", "0"),
        ("-9999999999999999999s", "0"),
        ("18446744073709551615", MOST),
        ("9999999999999999999999999999", MOST),
        (str(MOST_USAGE_NS + 1), MOST),
        ("9999999999s", "9999999999s" if MOST_USAGE_NS >= 9999999999 * 10**9 else MOST),
        ("99999999h", MOST),
        ("99999999999999999999h", MOST),
        ("1e400", "1e400"),
    ],
)
def test_beyond_all_bounds(text: str, expected: str) -> None:
    fields: dict[str, object] = {"LastUsed": text}
    notes = clamped(fields)
    assert fields["LastUsed"] == expected
    assert bool(notes) is (text != expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0" * 40,
        "0" * 40 + "60",
        "0s",
        "10",
        "60s",
        "1h30m0s",
        "2097152",
        "1152921504606846976",
        "99999h",
        "*unlimited",
        "soon",
        "1.5",
        "72h0m0s",
        "-",
    ],
)
def test_within_bounds_or_no_usage_at_all(text: str) -> None:
    fields: dict[str, object] = {"Usage": text}
    assert clamped(fields) == []
    assert fields["Usage"] == text


def test_the_engine_never_sees_it_and_the_operator_is_told() -> None:
    engine = Engine(UpdateSession=SessionReply(0))
    asks = (field("*cgreq.Usage", "~*req.Asked"), field("*cgreq.LastUsed", "~*req.Used"), field("*cgreq.Account", "-1"))
    found = worked(compiled(processor("*update", "*accounts", asks=asks)), engine, request={"Asked": "-60s", "Used": 2**64 - 1})
    command = engine.asked[0]
    assert isinstance(command, commands.UpdateSession)
    assert command.event.fields == {"Usage": "0", "LastUsed": MOST, "Account": "-1"}
    assert found.notes == ["Usage -60s was taken for 0", f"LastUsed 18446744073709551615 was taken for {MOST}"]
