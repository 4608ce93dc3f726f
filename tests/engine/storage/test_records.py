"""Records as bytes, and integers of any size as parts."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import records
from engine.parts import Parts, join_amount, read_amount, split_amount
from engine.records import AccountPut, CdrPut, decode_commit, encode_records, join_commit
from tests.engine.storage.drivers import cdr, entry


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        (0, 0),
        (-1, -1),
        (1_500_000_000, 1_500_000_000),
        (2**62 - 1, 2**62 - 1),
        (-(2**62), -(2**62)),
        (2**62, (4_611_686_018, 427_387_904)),
        (-(2**62) - 1, (-4_611_686_019, 572_612_095)),
        (2**62 * 10**9, (4, 611686018427387904, 0)),
        (-62_135_596_800 * 10**9, (-62_135_596_800, 0)),
    ],
)
def test_parts_of_an_amount(amount: int, parts: Parts) -> None:
    assert split_amount(amount) == parts
    assert join_amount(parts) == read_amount(parts) == amount


@pytest.mark.parametrize(
    ("parts", "amount"), [((0, 0), 0), ((-1, 999_999_999), -1), ((1, 500_000_000), 1_500_000_000), ((-(2**63), 0), -(2**63) * 10**9)]
)
def test_parts_as_older_versions_wrote_them(parts: Parts, amount: int) -> None:
    assert join_amount(parts) == amount


@pytest.mark.parametrize("stored", ["1", None, [1], [1, "2"], 1.5])
def test_what_is_no_number_is_refused(stored: object) -> None:
    with pytest.raises(ValueError, match="a stored number"):
        read_amount(stored)


@given(st.integers() | st.integers(-(10**80), 10**80))
def test_every_integer_comes_back_and_can_be_encoded(amount: int) -> None:
    parts = split_amount(amount)
    body = msgspec.msgpack.encode(parts)
    assert join_amount(parts) == amount
    assert msgspec.msgpack.decode(body, type=Parts) == parts
    assert read_amount(msgspec.msgpack.decode(body)) == amount


def test_a_commit_is_the_appends_in_it() -> None:
    appends: list[list[records.Record]] = [[cdr(1), entry(1)], [], [AccountPut("a", b"\xff")]]
    assert decode_commit(join_commit([encode_records(append) for append in appends])) == appends


def test_tags_are_told_apart_and_stay_what_they_are() -> None:
    """What was written stays readable only while no tag moves."""
    tags = {kind.__struct_config__.tag: kind.__name__ for kind in vars(records).values() if isinstance(kind, type(CdrPut))}
    assert tags == {
        1: "AccountPut",
        2: "AccountRemoved",
        3: "Entry",
        4: "EntriesForwarded",
        5: "SessionPut",
        6: "SessionClosed",
        7: "CdrPut",
        8: "CdrRemoved",
        9: "ItemPut",
        10: "ItemRemoved",
        11: "MetaPut",
        12: "EffectPut",
        13: "EffectDone",
        14: "SessionProgress",
        15: "AnswerPut",
    }


def test_a_record_without_its_last_fields_is_read_with_their_defaults() -> None:
    """As an earlier version wrote it."""
    assert records.decode_cdr(msgspec.msgpack.encode([7, 5, "c", "*default", "host"])) == CdrPut(5, "c", "*default", "host")
