"""The bytes of an answer."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from gateway.protocols.jsonrpc.envelope import depth_of, encode_error, encode_result


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("Pong", b'"Pong"'),
        (None, b"null"),
        ([], b"[]"),
        ({"a": [1, True]}, b'{"a":[1,true]}'),
        (10**25, b"10000000000000000000000000"),
        (Decimal("0.10"), b"0.10"),
        (0.1, b"0.1"),
        ("\u00e9\n", b'"\xc3\xa9\\n"'),
    ],
)
def test_a_result_has_a_null_error_and_the_members_in_order(result: object, text: bytes) -> None:
    assert encode_result(msgspec.Raw(b"7"), result) == b'{"id":7,"result":' + text + b',"error":null}\n'


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("NOT_FOUND", b'"NOT_FOUND"'), ('a "b"', b'"a \\"b\\""'), ("\u00e9", b'"\xc3\xa9"'), ("\ud800", b'"?"')],
)
def test_an_error_has_a_null_result(text: str, encoded: bytes) -> None:
    assert encode_error(msgspec.Raw(b'"x"'), text) == b'{"id":"x","result":null,"error":' + encoded + b"}\n"


@pytest.mark.parametrize(("text", "depth"), [(b"1", 0), (b"[]", 1), (b'[{"a":"[["}]', 2), (b"[[1],[[2]]]", 3)])
def test_depth(text: bytes, depth: int) -> None:
    assert depth_of(text) == depth
