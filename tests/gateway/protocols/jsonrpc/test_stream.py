"""From bytes to requests: each sample whole, byte by byte, and followed by more."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.jsonrpc.splitter import Splitter
from gateway.protocols.jsonrpc.stream import RequestStream

Found = tuple[str, bytes, bytes]  # method, params, id

PING = b'{"method":"CoreSv1.Ping","params":[{}],"id":1}'
PING_FOUND = ("CoreSv1.Ping", b"[{}]", b"1")


def read(*parts: bytes, limit_bytes: int = 1 << 20) -> tuple[list[Found], str]:
    stream = RequestStream(limit_bytes)
    found: list[Found] = []
    for part in parts:
        stream.feed(part)
        while (request := stream.next_request()) is not None:
            found.append((request.method, bytes(request.params), bytes(request.id)))
    return found, stream.broken


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


SAMPLES: list[tuple[str, bytes, list[Found]]] = [
    ("one line", PING + b"\n", [PING_FOUND]),
    ("no newline", PING, [PING_FOUND]),
    ("carriage returns", PING + b"\r\n" + PING + b"\r\n", [PING_FOUND] * 2),
    ("nothing between", PING + PING + PING, [PING_FOUND] * 3),
    ("two on a line", PING + b" " + PING + b"\n" + PING, [PING_FOUND] * 3),
    ("white space only", b" \r\n\t\n", []),
    (
        "over several lines",
        b'{\n  "method": "A.B",\n  "params": [\n    {"a": "}{"}\n  ],\n  "id": 2\n}\n',
        [("A.B", b'[\n    {"a": "}{"}\n  ]', b"2")],
    ),
    ("brackets and quotes in text", b'{"method":"A.B","params":["}]\\"{[\\\\"],"id":3}', [("A.B", b'["}]\\"{[\\\\"]', b"3")]),
    ("id as it was written", b'{"method":"A.B","params":[],"id":1.50}', [("A.B", b"[]", b"1.50")]),
    ("id of another kind", b'{"method":"A.B","params":[],"id": {"a":[1, 2]} }', [("A.B", b"[]", b'{"a":[1, 2]}')]),
    ("id null", b'{"method":"A.B","params":[],"id":null}', [("A.B", b"[]", b"null")]),
    ("no member at all", b"{}", [("", b"null", b"null")]),
    ("nulls", b'{"method":null,"params":null,"id":null}', [("", b"null", b"null")]),
    ("names in other letter case", b'{"METHOD":"A.B","Params":[{}],"iD":7}', [("A.B", b"[{}]", b"7")]),
    ("Kelvin sign is a k, long s an s", '{"method":"A.B","param\u017f":[1],"id":7}'.encode(), [("A.B", b"[1]", b"7")]),
    ("the later member counts", b'{"method":"A.B","METHOD":"C.D","id":1,"Id":2,"params":[]}', [("C.D", b"[]", b"2")]),
    ("a version", b'{"jsonrpc":"2.0","method":"A.B","params":[],"id":1}', [("A.B", b"[]", b"1")]),
    ("members that nobody knows", b'{"trace":{"a":["}"]},"method":"A.B","x":-1.5e3,"params":[],"id":1}', [("A.B", b"[]", b"1")]),
    ("escaped method", b'{"method":"\\u0041.\\u0042","params":[],"id":1}', [("A.B", b"[]", b"1")]),
    ("bytes that are no UTF-8 in params", b'{"method":"A.B","params":["\xff"],"id":1}', [("A.B", b'["\xff"]', b"1")]),
    ("bytes that are no UTF-8 in the method", b'{"method":"A.\xff","params":[],"id":1}', [("A.\ufffd", b"[]", b"1")]),
    ("half a surrogate pair in the id", b'{"method":"A.B","params":[],"id":"\\ud800"}', [("A.B", b"[]", b'"\\ud800"')]),
    ("half a surrogate pair in params", b'{"method":"A.B","params":["\\ud800\\n"],"id":1}', [("A.B", b'["\\ud800\\n"]', b"1")]),
    ("half a surrogate pair in the method", b'{"method":"A.\\ud800","params":[],"id":1}', [("A.\ufffd", b"[]", b"1")]),
    (
        "deeper than any recursion",
        b'{"method":"A.B","params":' + b"[" * 3000 + b"]" * 3000 + b',"id":1}',
        [("A.B", b"[" * 3000 + b"]" * 3000, b"1")],
    ),
]


@pytest.mark.parametrize(("data", "wanted"), [sample[1:] for sample in SAMPLES], ids=[sample[0] for sample in SAMPLES])
def test_samples_whole_bytewise_and_followed(data: bytes, wanted: list[Found]) -> None:
    assert read(data) == (wanted, "")
    assert read(*bytewise(data)) == (wanted, "")
    assert read(data + PING) == ([*wanted, PING_FOUND], "")
    assert read(data, PING + b"\n") == ([*wanted, PING_FOUND], "")


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense",
        b"[]",
        b"[" + PING + b"]",
        b"5",
        b'"x"',
        b"}",
        b'{"method":5,"params":[{}],"id":2}',
        b'{"method":true}',
        b'{"METHOD":{},"params":[]}',
        b'{"method":"A.B" "params":[]}',
        b'{"method":"A.B",}',
        b'{"method" 5}',
        b"{5:6}",
        b'{"X":01}',
        b'{"X":nul}',
        b'{"method":"A.B","params":[}',
        b'{"method":"A.B\nC"}',
        b'{"method":"A.\\uzzzz"}',
        b'{"method":"A.B","params":[],"id":"a\xffb"}',
        b'{"method":"A.B","params":[],"id":["a\x00b"]}',
        b'{"method":"A.B","params":[],"id":"a\\qb"}',
        b'{"method":"A.\\u0041" 5}',
        b"\xef\xbb\xbf" + PING,
    ],
)
def test_what_is_no_request_breaks_the_stream_after_what_came_before(data: bytes) -> None:
    for parts in ([PING + b"\n" + data + b"\n"], bytewise(PING + data + PING), [PING, data, PING]):
        found, broken = read(*parts)
        assert found == [PING_FOUND]
        assert broken


def test_an_unfinished_request_is_waited_for() -> None:
    assert read(b'{"method":"CoreSv1.Ping"') == ([], "")


@pytest.mark.parametrize("number", [b"-1", b"1.5", b"-0.25e-7", b"2E+9"])
def test_a_number_may_be_cut_anywhere(number: bytes) -> None:
    data = b'{"method":"A.B","params":[' + number + b'],"id":1}\n'
    for cut in range(1, len(data)):
        assert read(data[:cut], data[cut:]) == ([("A.B", b"[" + number + b"]", b"1")], "")


def test_a_request_may_be_as_large_as_the_limit_and_no_larger() -> None:
    data = b'{"method":"A.B","params":["' + b"x" * 1000 + b'"],"id":1}'
    for parts in ([data], bytewise(data), [data[:900], data[900:] + b"\n"]):
        assert len(read(*parts, limit_bytes=len(data))[0]) == 1
        assert read(*parts, limit_bytes=len(data) - 1) == ([], "request too large")


def test_what_is_held_is_counted_and_let_go() -> None:
    splitter = Splitter()
    splitter.feed(b'  {"a":1} {"b":')
    assert splitter.next_frame() == b'{"a":1}'
    assert splitter.next_frame() is None
    assert splitter.held == len(b'{"b":')
    splitter.feed(b"2}  ")
    assert splitter.next_frame() == b'{"b":2}'
    assert splitter.next_frame() is None
    assert splitter.held == 0


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@given(
    requests=st.lists(st.tuples(st.text(), VALUES, VALUES, st.sampled_from(["", " ", "\n", "\r\n\t"]), st.booleans()), max_size=5),
    cuts=st.lists(st.integers(min_value=0, max_value=400)),
)
def test_requests_survive_any_cut(requests: list[tuple[str, object, object, str, bool]], cuts: list[int]) -> None:
    data = b""
    for method, params, ident, between, pretty in requests:
        text = json.dumps({"method": method, "params": [params], "id": ident}, indent=1 if pretty else None, ensure_ascii=pretty)
        data += (text + between).encode("utf-8", "replace")
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    found, broken = read(*(data[start:end] for start, end in itertools.pairwise(edges)))
    assert broken == ""
    assert [method for method, _, _ in found] == [
        method.encode("utf-8", "replace").decode() if not pretty else method for method, _, _, _, pretty in requests
    ]
    for (_, given_params, given_id, _, _), (_, params, ident) in zip(requests, found, strict=True):
        assert json.loads(params) == json.loads(json.dumps([given_params]))
        assert json.loads(ident) == json.loads(json.dumps(given_id))


NOISE = st.lists(
    st.sampled_from(
        [b'{"method":', b'"A.B"', b',"params":[', b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"null", b"\xff", b"\n", PING]
    ),
    max_size=30,
).map(b"".join)


@given(data=NOISE | st.binary(max_size=200), cut=st.integers(min_value=0, max_value=200))
def test_noise_never_crashes_and_what_is_found_does_not_depend_on_the_cut(data: bytes, cut: int) -> None:
    whole = read(data, limit_bytes=150)
    parts = read(data[:cut], data[cut:], limit_bytes=150)
    single = read(*bytewise(data), limit_bytes=150)
    assert whole[0] == parts[0] == single[0]
    if single[1]:  # in pieces it may be noticed later, never earlier
        assert whole[1]


@pytest.mark.parametrize("data", [b"{nonsense", b"{,", b'{"method" 5', b'{"a":[}'])
def test_what_cannot_become_a_request_is_noticed_before_it_ends(data: bytes) -> None:
    assert read(data)[1]
