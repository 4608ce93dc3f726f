"""From a request's bytes to its answer's bytes."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from engine.commands import PutItem
from engine.errors import RequestError, StorageUnavailable
from engine.profiles.policies import Filter
from engine.storage.ports import StorageRefused
from gateway.api.args import Args
from gateway.api.catalogue import ALIASES, EXTENDS, METHODS, SECTIONS
from gateway.api.context import Api
from gateway.api.dispatch import Dispatcher
from gateway.api.methods import ROWS
from gateway.api.shapes import ANYTHING, NOTHING
from gateway.api.table import UNKNOWN, Table, method
from gateway.api.unbuilt import UNBUILT
from gateway.protocols.jsonrpc.envelope import MalformedError, decode, encode_error, encode_result
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import ALL_SECTIONS, fake_api

WORDS = (encode_result, encode_error)
WITHOUT_ATTRIBUTES = ALL_SECTIONS - {"attributes"}


@pytest.mark.parametrize(
    ("request_text", "answer"),
    [
        ('{"method":"CoreSv1.Ping","params":[{}],"id":1.50}', '{"id":1.50,"result":"Pong","error":null}'),
        ('{"method":"CoreSv1.Ping","params":[null]}', '{"id":null,"result":"Pong","error":null}'),
        ('{"Method":"ApierV2.Ping","params":[],"id":{"a":[1]}}', '{"id":{"a":[1]},"result":"Pong","error":null}'),
        ('{"method":"CoreSv1.Ping","id":2}', '{"id":2,"result":null,"error":"jsonrpc: request body missing params"}'),
        (
            '{"method":"CoreSv1.Ping","params":{},"id":2}',
            '{"id":2,"result":null,"error":"json: cannot unmarshal object into Go value of type [1]interface {}"}',
        ),
        ("{}", '{"id":null,"result":null,"error":"rpc: service/method request ill-formed: "}'),
        ('{"method":"Ping","id":1}', '{"id":1,"result":null,"error":"rpc: service/method request ill-formed: Ping"}'),
        ('{"method":"A.B","id":1}', '{"id":1,"result":null,"error":"rpc: can\'t find service A.B"}'),
        ('{"method":".Ping","id":1}', '{"id":1,"result":null,"error":"rpc: can\'t find service .Ping"}'),
        ('{"method":"CoreSv1.","id":1}', '{"id":1,"result":null,"error":"rpc: can\'t find method CoreSv1."}'),
        ('{"method":"CoreSv1.ping","id":1}', '{"id":1,"result":null,"error":"rpc: can\'t find method CoreSv1.ping"}'),
        ('{"method":"CoreSv1.Ping.More","id":1}', '{"id":1,"result":null,"error":"rpc: can\'t find service CoreSv1.Ping.More"}'),
        ('{"method":"AttributeSv1.Ping","id":1}', '{"id":1,"result":null,"error":"rpc: can\'t find service AttributeSv1.Ping"}'),
        ('{"method":"CoreSv1.Panic","params":[{}],"id":1}', '{"id":1,"result":null,"error":"NOT_IMPLEMENTED: CoreSv1.Panic"}'),
        (
            '{"method":"StatSv1.ProcessEvent","params":[{}],"id":1}',
            '{"id":1,"result":null,"error":"MANDATORY_IE_MISSING: [ID]"}',
        ),
        (
            '{"method":"SessionSv1.STIRIdentity","params":[{}],"id":1}',
            '{"id":1,"result":null,"error":"MANDATORY_IE_MISSING: [Payload]"}',
        ),
    ],
)
def test_requests_and_answers(request_text: str, answer: str) -> None:
    assert Caller(fake_api(WITHOUT_ATTRIBUTES)).raw(request_text) == answer + "\n"


def test_every_service_of_the_catalogue_answers_ping_and_knows_its_methods() -> None:
    call = Caller(fake_api())
    for service, names in METHODS.items():
        assert call(f"{service}.Ping", {"ID": "p1", "Event": {"A": 1}}) == "Pong"
        for name in sorted(names):
            answer = call.raw(json.dumps({"method": f"{service}.{name}", "params": 7, "id": 1}))
            assert "can't find" not in answer
    for alias in ALIASES:
        assert call(f"{alias}.Ping", {}) == "Pong"


def test_version_two_has_all_methods_of_version_one() -> None:
    table = Table(ROWS, UNBUILT, ALL_SECTIONS)
    for service, other in EXTENDS.items():
        own = METHODS[service]
        for name in METHODS[other]:
            row = table.methods[f"{service}.{name}"]
            assert row.name == (f"{service}.{name}" if name in own else f"{other}.{name}")


def test_a_service_is_there_when_its_section_is_enabled() -> None:
    for service, section in SECTIONS.items():
        table = Table(ROWS, UNBUILT, frozenset())
        assert (f"{service}.Ping" in table.methods) == (section == "")
        assert f"{service}.Ping" in Table(ROWS, UNBUILT, frozenset({section})).methods


def test_a_row_twice_or_outside_the_catalogue_is_refused() -> None:
    row = method("CoreSv1.Status", NOTHING, None)
    with pytest.raises(AssertionError, match="two rows"):
        Table((row, row), (), ALL_SECTIONS)
    with pytest.raises(AssertionError, match="not in the catalogue"):
        Table((method("CoreSv1.Reboot", NOTHING, None),), (), ALL_SECTIONS)


def answer_of(handler: object, params: str = "[{}]") -> tuple[dict[str, object], int, Api]:
    api = fake_api()
    dispatcher = Dispatcher(api, (method("CoreSv1.Status", ANYTHING, handler),), ())  # type: ignore[arg-type]
    answer = dispatcher.call(decode(b'{"method":"CoreSv1.Status","params":' + params.encode() + b',"id":1}'))
    assert isinstance(answer, bytes)
    return json.loads(answer), dispatcher.ticket, api


def test_a_bug_of_ours_is_logged_and_answered(caplog: pytest.LogCaptureFixture) -> None:
    def broken(api: Api, args: Args) -> object:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        answer, _, _ = answer_of(broken)
    assert answer == {"id": 1, "result": None, "error": "SERVER_ERROR: internal error"}
    assert "ZeroDivisionError" in caplog.text
    assert answer_of(lambda api, args: object())[0]["error"] == "SERVER_ERROR: internal error"
    assert answer_of(lambda api, args: "\ud800")[0]["error"] == "SERVER_ERROR: internal error"


def test_an_answer_waits_for_the_ticket_of_the_engine_if_it_was_asked() -> None:
    put = PutItem("filter", "t:F", Filter("t", "F"))

    def change(api: Api, args: Args) -> object:
        api.step(put)
        return "OK"

    def change_and_refuse(api: Api, args: Args) -> object:
        api.step(put)
        raise RequestError("NO")

    assert answer_of(change)[1] == 1
    assert answer_of(change_and_refuse)[1] == 1
    assert answer_of(lambda api, args: "OK")[1] == 0


def test_a_disk_that_fails_is_told_at_once_whatever_waits_for_it() -> None:
    def change(api: Api, args: Args) -> object:
        api.step(PutItem("filter", "t:F", Filter("t", "F")))
        raise StorageUnavailable

    answer, ticket, api = answer_of(change)
    assert (answer["error"], ticket, api.engine.ticket) == ("SERVER_ERROR: storage unavailable, try again later", 0, 1)


def test_params_that_are_no_json_break_the_stream() -> None:
    with pytest.raises(MalformedError):
        answer_of(lambda api, args: "OK", "[{]")


def test_a_slow_method_is_answered_later_with_its_ticket(caplog: pytest.LogCaptureFixture) -> None:
    async def slow(api: Api, args: Args) -> object:
        await asyncio.sleep(0)
        if args["Arg"] == "refuse":
            raise RequestError("NO")
        if args["Arg"] == "break":
            raise ZeroDivisionError
        if args["Arg"] == "disk":
            raise StorageRefused("storage unavailable")
        api.step(PutItem("filter", "t:F", Filter("t", "F")))
        return "OK"

    async def main() -> list[tuple[bytes, int]]:
        dispatcher = Dispatcher(fake_api(), (method("CoreSv1.Sleep", ANYTHING, slow),), ())
        found = []
        for what in ("done", "refuse", "break", "disk"):
            answer = dispatcher.call(decode(b'{"method":"CoreSv1.Sleep","params":["%s"],"id":1}' % what.encode()))
            assert not isinstance(answer, bytes)
            found.append(await answer)
        return found

    assert asyncio.run(main()) == [
        (b'{"id":1,"result":"OK","error":null}\n', 1),
        (b'{"id":1,"result":null,"error":"NO"}\n', 1),
        (b'{"id":1,"result":null,"error":"SERVER_ERROR: internal error"}\n', 1),
        (b'{"id":1,"result":null,"error":"SERVER_ERROR: storage unavailable, try again later"}\n', 0),
    ]
    assert "ZeroDivisionError" in caplog.text


def test_what_became_of_requests_is_counted_by_service() -> None:
    def handler(api: Api, args: Args) -> object:
        what = args["Arg"]
        if what == "disk":
            raise StorageUnavailable
        if what == "break":
            raise ZeroDivisionError
        if what == "refuse":
            raise RequestError("NO")
        return "OK"

    async def slow(api: Api, args: Args) -> object:
        return handler(api, args)

    async def main() -> None:
        rows = (method("CoreSv1.Sleep", ANYTHING, slow), method("CoreSv1.Status", ANYTHING, handler))
        dispatcher = Dispatcher(fake_api(), rows, ())
        for name in ("Sleep", "Status"):
            for what in ("done", "done", "refuse", "break", "disk"):
                answer = dispatcher.call(decode(b'{"method":"CoreSv1.%s","params":["%s"],"id":1}' % (name.encode(), what.encode())))
                if not isinstance(answer, bytes):
                    await answer
        for stranger in (b"A.B", b"CoreSv1.Dance"):
            dispatcher.in_words(*WORDS).call(decode(b'{"method":"%s","id":1}' % stranger))
        found = dispatcher.tallies["CoreSv1"]
        assert (found.done, found.refused, found.failed, found.unavailable, sum(found.took.buckets)) == (4, 2, 2, 2, 8)
        unknown = dispatcher.tallies[UNKNOWN]
        assert (unknown.done, unknown.refused, sum(unknown.took.buckets)) == (0, 2, 2)

    asyncio.run(main())


def test_services_that_go_by_two_names_are_counted_once() -> None:
    dispatcher = Dispatcher(fake_api(), ROWS, UNBUILT)
    for name in (b"ApierV1.Ping", b"APIerSv1.Ping"):
        dispatcher.call(decode(b'{"method":"%s","params":[{}],"id":1}' % name))
    assert dispatcher.tallies["APIerSv1"].done == 2
    assert not set(dispatcher.tallies) & set(ALIASES)
