"""Whatever an operator writes, reading it ends with a tree and faults, never with an exception."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import load
from gateway.config.options import SECTIONS as TABLE
from gateway.config.reference import to_reference_json
from gateway.config.render import as_written
from tests.gateway.config.folders import RECORDINGS

TOML = """
general = { node_id = "a", log_level = 3 }
[sessions]
enabled = true
session_ttl = "10m"
default_usage."*sms" = "1"
[[radius_agent.request_processors]]
id = "p"
flags = ["*initiate"]
request_fields = { Account = "~*req.User-Name", Usage = { value = "1", mandatory = true } }
[[radius_agent.request_processors]]
id = "q"
reply_fields = [ { path = "*rep.A", type = "*template", value = "*cca" } ]
[rpc_conns.far]
conns = [ { address = "10.0.0.1:2012" } ]
"""
JSON = (RECORDINGS / "configs" / "rpc" / "cgrates.json").read_text() + (RECORDINGS / "configs" / "http" / "cgrates.json").read_text()[:3000]
BITS = ["{", "}", "[", "]", '"', "'", ",", ":", "=", "\\", "*env:X", "*env:NO", "null", "-1", "1e999", "9" * 50, "//", "/*", "*/", "#",
        "\n", "\x00", "\ud7ff", "inf", "nan", "true", "\\u12", '"""', "[[", "]]", ".", "1979-05-27", "general", "*default",
        "0x1f"]  # fmt: skip

EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(BITS)), max_size=5)


def mutated(text: str, edits: list[tuple[float, int, str]]) -> str:
    for where, length, bit in edits:
        at = int(where * len(text))
        text = text[:at] + bit + text[at + length :]
    return text


def read(name: str, octets: bytes, overrides: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(octets)
        loaded = load(folder, overrides, {"X": "1"})
    assert all(str(fault) for fault in loaded.faults)
    changed = [name for name in loaded.tree.values if not loaded.tree.is_default((name,))]
    assert to_reference_json(loaded.tree, [name for name in changed if not TABLE[name].own]) is not None
    assert all(as_written(TABLE[name].kind, loaded.tree.values[name]) is not None for name in changed)


@settings(max_examples=300)
@given(EDITS)
def test_mutated_toml(edits: list[tuple[float, int, str]]) -> None:
    read("c.toml", mutated(TOML, edits).encode(), [])


@settings(max_examples=150)
@given(EDITS)
def test_mutated_json(edits: list[tuple[float, int, str]]) -> None:
    read("c.json", mutated(JSON, edits).encode(), [])


@settings(max_examples=100)
@given(st.sampled_from(["c.json", "c.toml"]), st.binary(max_size=200))
def test_any_octets(name: str, octets: bytes) -> None:
    read(name, octets, [])


ODD = st.sampled_from(
    ["", "1", "-1", "1e400", "true", "x", "[", '["a"]', "{}", '{"a": 1}', "*env:X", "*env:NO", "10s", "[[[]]]", "null", "nan"]
)
PATHS = st.sampled_from(
    ["general.log_level", "general.node_id", "sessions.session_ttl", "sessions.default_usage.*any", "sessions.stir", "rpc_conns.a",
     "ers.readers", "templates.t", "http_agent.x", "resources.opts.*units", "limits.request_size", "listen.http", "apiban.keys",
     "registrarc.rpc.hosts", "caches.partitions.*uch.ttl", "nothing", "general", "general.", ".a", "data_db.db_type"]
)  # fmt: skip


@settings(max_examples=200)
@given(PATHS, ODD)
def test_any_override(path: str, value: str) -> None:
    read("c.toml", b"", [f"{path}={value}"])


ODD_VALUES = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["0", "-1", "10s", "1.5", '"x"', '"*internal"', '""', '"5"', '"*env:NO"']),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "value", "*any", "address", "enabled"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def json_of(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(json_of, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{name}": {json_of(item)}' for name, item in value.items()) + "}"
    return {None: "null", True: "true", False: "false"}[value]  # type: ignore[index]


SECTIONS = st.sampled_from(
    ["general", "listen", "rals", "sessions", "ers", "http_agent", "templates", "rpc_conns", "caches", "radius_agent"]
)
NAMES = st.sampled_from(
    ["enabled", "conns", "readers", "request_processors", "partitions", "default_usage", "session_ttl", "client_secrets"]
)


@settings(max_examples=300)
@given(SECTIONS, NAMES, ODD_VALUES)
def test_any_value_anywhere(section: str, name: str, value: object) -> None:
    read("c.json", f'{{"{section}": {{"{name}": {json_of(value)}}}}}'.encode(), [])
    read("c.json", f'{{"{section}": {json_of(value)}}}'.encode(), [])
