"""TOML with positions: the values are the standard library's, and every place is where the value or name begins."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.render import key_text, value_text
from gateway.config.source import Environment, Node, Source, UnreadableError
from gateway.config.toml_text import read_toml

SAMPLE = '''# head
[general]
node_id = "a"  # said
  "quoted key" = 'x'
[a.b]
c.d = { e = [1, 2], "f.g" = """
two
lines""" }
[[list]]
id = "one"
[list.inner]
deep = true
[[list]]
id = "two"
items = [
  # a note
  { n = 1 },
  { n = 2 },
]
when = 1979-05-27 07:32:00
'''


def read(text: str, **environment: str) -> Node:
    return read_toml(text, Environment(environment, lambda _at, _name, _near: None))


def at(node: Node, *path: str | int) -> tuple[Node, int]:
    """The value at a path, and the offset of its name."""
    name_at = node.offset
    for part in path:
        if isinstance(part, int):
            assert isinstance(node.value, list)
            node = node.value[part]
            name_at = node.offset
        else:
            assert isinstance(node.value, dict)
            name_at, node = node.value[part].offset, node.value[part].node
    return node, name_at


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (("general",), (2, 1), (2, 1)),
        (("general", "node_id"), (3, 1), (3, 11)),
        (("general", "quoted key"), (4, 3), (4, 18)),
        (("a", "b"), (5, 1), (5, 1)),
        (("a", "b", "c"), (6, 1), (6, 7)),
        (("a", "b", "c", "d"), (6, 3), (6, 7)),
        (("a", "b", "c", "d", "e"), (6, 9), (6, 13)),
        (("a", "b", "c", "d", "e", 1), (6, 17), (6, 17)),
        (("a", "b", "c", "d", "f.g"), (6, 21), (6, 29)),
        (("list",), (9, 1), (9, 1)),
        (("list", 0, "id"), (10, 1), (10, 6)),
        (("list", 0, "inner", "deep"), (12, 1), (12, 8)),
        (("list", 1), (13, 1), (13, 1)),
        (("list", 1, "id"), (14, 1), (14, 6)),
        (("list", 1, "items", 1, "n"), (18, 5), (18, 9)),
        (("list", 1, "when"), (20, 1), (20, 8)),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_places(path: tuple[str | int, ...], name: tuple[int, int], value: tuple[int, int], ends: str) -> None:
    source = Source("x", SAMPLE, "toml")
    node, name_at = at(read(SAMPLE.replace("\n", ends)), *path)
    assert (source.place(name_at), source.place(node.offset)) == (name, value)


def test_values() -> None:
    root = read('a = 1.50\nb = 2020-01-01\nc = "*env:X"\nd = 0x10', X="y")
    assert [at(root, name)[0].value for name in "abcd"] == [Decimal("1.50"), "2020-01-01", "y", 16]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a = 1\nb = \n", (2, 5), "Invalid value"),
        ("a = 1\na = 2\n", (2, 6), "Cannot overwrite a value"),
        ("[a]\nb 1", (2, 3), "Expected '=' after a key in a key/value pair"),
        ("a = " + "[" * 60 + "]" * 60, (1, 53), "lists and tables are nested deeper than 48"),
        ("a = " + "9" * 50, (1, 5), "a number of more than 40 characters"),
        ("a = " + "9" * 5000, (1, 1), "a number of more than 40 characters"),
        ("b = 1\n[" + "a." * 20_000 + "a]", (2, 2), "a name of more than 256 parts"),
        ('x = {"a".' + " 'a' . b." * 20_000 + "a = 1}", (1, 6), "a name of more than 256 parts"),
        ("a = " + "[" * 330 + "]" * 330, (1, 53), "lists and tables are nested deeper than 48"),
        ("a = " + "[" * 5000 + "]" * 5000, (1, 1), "lists and tables are nested deeper than 48"),
    ],
)
def test_refuses(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        read(text)
    assert (Source("x", text, "toml").place(refused.value.offset), refused.value.message) == (place, message)


VALUES = st.recursive(
    st.booleans() | st.integers(-(10**15), 10**15) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.\"' \n#[]=", max_size=4), inner, max_size=3),
    max_leaves=8,
)
TABLES = st.dictionaries(st.text("abc_-.*", min_size=1, max_size=4), VALUES, max_size=4)


def written(tables: list[tuple[list[str], bool, dict[str, object]]]) -> str:
    lines = []
    for path, listed, members in tables:
        head = ".".join(map(key_text, path))
        lines.append(f"[[{head}]]" if listed else f"[{head}]")
        lines += [f"{key_text(name)} = {value_text(value)} # note" for name, value in members.items()]
    return "\n".join(lines)


@given(st.lists(st.tuples(st.lists(st.sampled_from(["x", "y.z", "*w"]), min_size=1, max_size=2), st.booleans(), TABLES), max_size=4))
def test_every_place_holds_its_value(tables: list[tuple[list[str], bool, dict[str, object]]]) -> None:
    text = written(tables)
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(UnreadableError):
            read(text)
        return
    check_places(text, read(text), expected)


def check_places(text: str, node: Node, expected: object) -> None:
    """Names stand where they are said to; plain values can be read again from their place."""
    if isinstance(expected, dict):
        assert isinstance(node.value, dict)
        assert node.value.keys() == expected.keys()
        for name, entry in node.value.items():
            assert text.startswith((name, key_text(name), "["), entry.offset), (name, text[entry.offset :][:20])
            check_places(text, entry.node, expected[name])
    elif isinstance(expected, list):
        assert isinstance(node.value, list)
        for item, value in zip(node.value, expected, strict=True):
            check_places(text, item, value)
    else:
        assert node.value == expected
        assert text.startswith(value_text(expected), node.offset)
