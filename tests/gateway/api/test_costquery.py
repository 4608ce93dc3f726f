"""The argument of a cost query: the typed decoder and the reader of Go's rules agree on everything that both take."""

from __future__ import annotations

import pytest

from engine.errors import RequestError
from gateway.api.arguments import read_arguments
from gateway.api.costquery import COST_QUERY, CostQuery, read_cost_query
from gateway.protocols.jsonrpc.envelope import MalformedError

USUAL = b'[{"Tenant":"t","Category":"call","Subject":"s","AnswerTime":"2026-04-08T10:00:00Z","Destination":"49","Usage":"60s"}]'


def test_the_usual_spelling() -> None:
    assert read_cost_query(USUAL) == CostQuery("t", "call", "s", "2026-04-08T10:00:00Z", "49", "60s")


@pytest.mark.parametrize(
    "params",
    [
        USUAL,
        b"[{}]",
        b"[]",
        b"[null]",
        b'[{"Tenant":null,"Usage":"1m"}]',
        b'[{"tenant":"t","USAGE":"1m"}]',
        b'[{"Tenant":"a","Tenant":"b"}]',
        b'[{"Tenant":"a","tenant":"b"}]',
        b'[{"Tenant":"t","APIOpts":{"a":[1,2.5]},"Other":7}]',
        b'[{"Tenant":"t"},{"Tenant":"second"}]',
        b'[{"Tenant":"\\ud800"}]',
        b'[{"Tenant":"\xff"}]',
        '[{"Tenant":"\u00fc\u2028\\n"}]'.encode(),
    ],
)
def test_every_other_spelling_says_the_same(params: bytes) -> None:
    args = read_arguments(COST_QUERY, params)
    assert read_cost_query(params) == CostQuery(*[args.text(name) for name in CostQuery.__struct_fields__])


@pytest.mark.parametrize("params", [b"null", b"{}", b'[{"Tenant":1}]', b'[{"Usage":["1m"]}]', b"[7]", b'[{"APIOpts":{"a":1e999}}]'])
def test_what_is_refused_is_refused_with_the_same_words(params: bytes) -> None:
    with pytest.raises(RequestError) as usual:
        read_arguments(COST_QUERY, params)
    with pytest.raises(RequestError) as typed:
        read_cost_query(params)
    assert typed.value.text == usual.value.text


def test_what_is_no_json_ends_the_stream() -> None:
    with pytest.raises(MalformedError):
        read_cost_query(b'[{"Tenant":"t"')
