"""CGRateS's JSON: what it may hold, where everything stands, and what is said when it cannot be read."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.json_text import read_json
from gateway.config.limits import MAX_DEPTH
from gateway.config.source import Environment, Node, Source, UnreadableError


def read(text: str, told: list[str] | None = None, **environment: str) -> Node:
    heard = told if told is not None else []
    return read_json(
        text, Environment(environment, lambda _at, name, _near: heard.append(name)), lambda _at, message: heard.append(message)
    )


def values(node: Node) -> object:
    if isinstance(node.value, list):
        return [values(item) for item in node.value]
    if isinstance(node.value, dict):
        return {name: values(entry.node) for name, entry in node.value.items()}
    return node.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\ufeff{"a": [1, 2.50, -3e2, true, false, null]}', {"a": [1, Decimal("2.50"), Decimal("-3e2"), True, False, None]}),
        ('{// note\n"a": 1, /* more\nnotes */ "b": 2,}', {"a": 1, "b": 2}),
        ("[1, 2, ]", [1, 2]),
        ('{"a": "http://x // no comment /* nor here */"}', {"a": "http://x // no comment /* nor here */"}),
        (r'["\"\\\/\b\f\n\r\t", "\u00e4\ud83d\ude00", "\ud83d", "\ud83dA"]', ['"\\/\b\f\n\r\t', "ä😀", "\ufffd", "\ufffdA"]),
        ('["s/(.*):\\\\d+/${1}/"]', ["s/(.*):\\d+/${1}/"]),
        ("{}", {}),
    ],
)
def test_reads(text: str, expected: object) -> None:
    assert values(read(text)) == expected


def test_environment_in_texts_and_bare() -> None:
    text = '{"a": "redis://*env:HOST:6379", "b": *env:PORT, "c": *env:ON, "d": [*env:NAME]}'
    assert values(read(text, HOST="db", PORT="12", ON="true", NAME="x y")) == {"a": "redis://db:6379", "b": 12, "c": True, "d": ["x y"]}


def test_missing_environment_is_told() -> None:
    told: list[str] = []
    assert values(read('{"a": "*env:NO", "b": *env:NEITHER}', told)) == {"a": "", "b": ""}
    assert told == ["NO", "NEITHER"]


def test_equal_names_and_what_follows_are_told() -> None:
    told: list[str] = []
    assert values(read('{"a": 1, "a": 2}, }', told)) == {"a": 2}
    assert told == ['"a" stands twice in this table; the later one counts', "what follows the end of the configuration is passed over"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", (1, 1), "the text ends where a value is expected"),
        ('{"a": }', (1, 7), "a value is expected, not '}'"),
        ('{"a" 1}', (1, 6), '":" is expected after the name "a"'),
        ('{"a": 1 "b": 2}', (1, 9), '"," or "}" is expected'),
        ('{\n  "a": yes\n}', (2, 8), "a value is expected; texts stand in quotes"),
        ('{"a": "b\n"}', (1, 7), 'a text that does not end on its line: " is missing'),
        ('{"a": 1', (1, 8), '"," or "}" is expected'),
        ("{a: 1}", (1, 2), "a name in quotes is expected"),
        ("/* x", (1, 1), "a comment that does not end: */ is missing"),
        (r'["a\d"]', (1, 4), r"JSON has no escape \d; a backslash is written \\"),
        ('["\\u12"]', (1, 3), r"JSON has no escape \u; a backslash is written \\"),
        ("[" * 200, (1, MAX_DEPTH + 2), f"lists and tables are nested deeper than {MAX_DEPTH}"),
        ("[1234567890123456789012345678901234567890123]", (1, 2), "a number of more than 40 characters"),
        ("[1e99999999999999999999]", (1, 2), "a number that is too large"),
    ],
)
def test_refuses(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        read(text)
    assert (Source("x", text, "json").place(refused.value.offset), refused.value.message) == (place, message)


def test_every_value_knows_its_place() -> None:
    text = '{\n "a": {"b": [10,\n   "x"]}\n}'
    root = read(text)
    source = Source("x", text, "json")
    assert isinstance(root.value, dict)
    inner = root.value["a"].node
    assert isinstance(inner.value, dict)
    items = inner.value["b"].node.value
    assert isinstance(items, list)
    assert source.place(root.value["a"].offset) == (2, 2)
    assert source.place(inner.value["b"].offset) == (2, 8)
    assert [source.place(item.offset) for item in items] == [(2, 14), (3, 4)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 1, 3]), st.booleans())
def test_reads_all_of_json(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    if "*env:" not in text:
        assert values(read(text)) == value
