"""JSON-RPC 2.0: the examples of its specification and what lies beside them."""

from __future__ import annotations

import json

import msgspec
import pytest

from gateway.protocols.jsonrpc.limits import MAX_BATCH
from gateway.protocols.jsonrpc.version2 import code_of, encode_error, encode_result, read_body


def call(**members: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **members}).encode()


def fault_of(body: bytes) -> tuple[int, object]:
    """The code and id of the only answer to a body that is no call."""
    calls, batch = read_body(body)
    assert not batch
    assert len(calls) == 1
    answer = json.loads(calls[0].fault)
    assert answer["jsonrpc"] == "2.0"
    return answer["error"]["code"], answer["id"]


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"A": 1}, b'[{"A": 1}]'),
        ([{"A": 1}], b'[{"A": 1}]'),
        ([], b"[]"),
        (["a", 2], b'["a", 2]'),
    ],
)
def test_params(params: object, wanted: bytes) -> None:
    (one,), batch = read_body(call(method="a.B", params=params, id=1))
    assert (batch, one.fault, one.notification) == (False, b"", False)
    assert (one.request.method, bytes(one.request.params), bytes(one.request.id)) == ("a.B", wanted, b"1")


def test_a_call_without_params_has_an_empty_argument() -> None:
    (one,), _ = read_body(call(method="a.B", id=1))
    assert bytes(one.request.params) == b"[null]"


@pytest.mark.parametrize("ident", ["1", "-1.5e3", '"x"', "null", "12345678901234567890"])
def test_an_id_comes_back_as_it_was(ident: str) -> None:
    (one,), _ = read_body(b'{"jsonrpc":"2.0","method":"a.B","id":%s}' % ident.encode())
    assert not one.notification
    assert bytes(one.request.id) == ident.encode()


def test_a_call_without_an_id_is_a_notification() -> None:
    (one,), _ = read_body(call(method="a.B"))
    assert one.notification
    assert not one.fault


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', (-32700, None)),
        (b'[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"', (-32700, None)),
        (b"", (-32700, None)),
        (b'{"a":1} {"b":2}', (-32700, None)),
        (b"[" * 100_000, (-32700, None)),
        (b'{"a":' * 100_000, (-32700, None)),
        (b'{"a":"\xff"}', (-32600, None)),
        (b'"text"', (-32600, None)),
        (b"[]", (-32600, None)),
        (b"[" + b"1," * MAX_BATCH + b"1]", (-32600, None)),
        (b'{"method":"a.B","id":1}', (-32600, 1)),
        (b'{"jsonrpc":"1.0","method":"a.B","id":1}', (-32600, 1)),
        (call(method=1, params="bar"), (-32600, None)),
        (call(id=3), (-32600, 3)),
        (call(method="a.B", id=[1]), (-32600, None)),
        (call(method="a.B", id=True), (-32600, None)),
        (call(method="a.B", params="bar", id=4), (-32600, 4)),
        (call(method="a.B", params=None, id=4), (-32600, 4)),
        (call(Method="a.B", id=4), (-32600, 4)),
    ],
)
def test_what_is_no_call(body: bytes, fault: tuple[int, object]) -> None:
    assert fault_of(body) == fault


def test_a_batch_may_hold_anything() -> None:
    calls, batch = read_body(b'[1, {"foo":"boo"},' + call(method="a.B", id=5) + b"," + call(method="a.C") + b"]")
    assert batch
    assert [json.loads(one.fault)["error"]["code"] for one in calls[:2]] == [-32600, -32600]
    assert [(one.request.method, one.notification) for one in calls[2:]] == [("a.B", False), ("a.C", True)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("rpc: can't find service X.Y", -32601),
        ("rpc: can't find method CoreSv1.Y", -32601),
        ("rpc: service/method request ill-formed: X", -32601),
        ("NOT_IMPLEMENTED: CoreSv1.Panic", -32601),
        ("json: cannot unmarshal string into Go struct field A.B of type int", -32602),
        ("MANDATORY_IE_MISSING: [ID]", -32602),
        ("SERVER_ERROR: internal error", -32603),
        ("SERVER_ERROR: storage unavailable, try again later", -32000),
        ("NOT_FOUND", -32000),
    ],
)
def test_codes(text: str, code: int) -> None:
    assert code_of(text) == code
    answer = {"jsonrpc": "2.0", "error": {"code": code, "message": text}, "id": "i"}
    assert json.loads(encode_error(msgspec.Raw(b'"i"'), text)) == answer


def test_results() -> None:
    assert encode_result(msgspec.Raw(b"1"), None) == b'{"jsonrpc":"2.0","result":null,"id":1}'
