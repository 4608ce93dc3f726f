"""Plans that were damaged: whatever stands in a file, reading ends with faults or with a load, never with an exception."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tariffplan.load import Outcome, load_sources
from engine.tariffplan.read import Source, folder_sources
from tests.engine.tariffplan.plans import RECORDINGS, TUTORIAL, terms

FILES = [
    Source(f"{folder.name}/{source.name}", source.data)
    for folder in (TUTORIAL, RECORDINGS / "old" / "plans" / "old")
    for source in folder_sources(str(folder))[0]
]
PIECES = [
    b"",
    b",",
    b'"',
    b"\n",
    b";",
    b"#",
    b"-",
    b"*any",
    b"\xff",
    b"1e999",
    b"9" * 60,
    b"*",
    b"{",
    b'"{""Method"":1}"',
    b"\r",
    b"+1h",
    b"!",
]
DAMAGE = st.tuples(st.integers(0, len(FILES) - 1), st.integers(0, 2000), st.integers(0, 12), st.sampled_from(PIECES))


@settings(max_examples=300)
@given(st.lists(DAMAGE, min_size=1, max_size=4), st.sampled_from([",", ";"]))
def test_a_damaged_plan_is_refused_or_loaded(damages: list[tuple[int, int, int, bytes]], separator: str) -> None:
    files = dict.fromkeys(FILES)
    data = {source: source.data for source in files}
    for which, place, length, piece in damages:
        source = FILES[which]
        place %= len(data[source]) + 1
        data[source] = data[source][:place] + piece + data[source][place + length :]
    outcome = load_sources([Source(source.name, content) for source, content in data.items()], terms(), separator)
    assert (outcome.load is None) == bool(outcome.faults)
    for fault in outcome.faults:
        assert fault.file
        assert fault.line >= 0
        assert fault.column >= 0
        lines = next(content for source, content in data.items() if source.name == fault.file).decode("utf-8", "replace").split("\n")
        assert fault.line <= len(lines)
    msgspec.json.encode(outcome.faults)
    assert isinstance(outcome, Outcome)


@given(st.binary(max_size=200), st.sampled_from([source.name for source in FILES]))
def test_any_bytes_are_a_file(data: bytes, name: str) -> None:
    outcome = load_sources([Source(name, data)], terms())
    assert (outcome.load is None) == bool(outcome.faults)
