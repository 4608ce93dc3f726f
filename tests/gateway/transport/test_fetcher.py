"""Values from services over HTTP: what is asked, what is taken for an answer, and every way in which there is none."""

from __future__ import annotations

import asyncio
import errno
import gzip
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from gateway.config.certificates import CertificateError
from gateway.transport import fetcher as module
from gateway.transport.fetcher import DONE, LATE, REFUSED, UNREACHED, UNUSABLE, Fetcher, FetchError, FetchOptions
from tests.gateway.certificates import Authority
from tests.gateway.service import Answer, Service, service

OPTIONS = FetchOptions(60.0, 10, 0, 10.0, True, ssl.create_default_context, True, "tollwire/test")
SHORT = 0.15


async def ask(fetcher: Fetcher, url: str, seconds: float = 60.0) -> str:
    return await fetcher.fetch(url, b'{"Event":{"Account":"1001"}}', asyncio.get_running_loop().time() + seconds)


def at_service(
    test: Callable[[Service, Fetcher], Awaitable[None]], options: FetchOptions = OPTIONS, context: ssl.SSLContext | None = None
) -> None:
    async def run() -> None:
        fetcher = Fetcher(options)
        try:
            async with service(context) as there:
                await test(there, fetcher)
        finally:
            await fetcher.stop()
        assert fetcher.under_way == 0

    asyncio.run(run())


def fails(answer: Answer | None, outcome: str, why: str, *, seconds: float = 60.0, path: str = "/") -> None:
    """The answer of a service is none, for a reason, and is counted."""

    async def test(there: Service, fetcher: Fetcher) -> None:
        there.answer = answer
        with pytest.raises(FetchError, match=why) as raised:
            await ask(fetcher, there.url + path, seconds)
        assert raised.value.outcome == outcome
        assert fetcher.outcomes == dict.fromkeys(module.OUTCOMES, 0) | {outcome: 1}

    at_service(test)


def test_the_event_is_told_and_the_text_is_the_value() -> None:
    async def test(there: Service, fetcher: Fetcher) -> None:
        there.text = "s3cret für\r\n"
        assert await ask(fetcher, there.url + "/passwd?of=all") == "s3cret für"
        assert there.asked == [{"Event": {"Account": "1001"}}]
        assert there.paths == ["GET /passwd?of=all application/json"]
        there.text = ""
        assert await ask(fetcher, there.url) == ""
        assert fetcher.outcomes[DONE] == 2
        assert sum(fetcher.took.buckets) == 2

    at_service(test)


def test_one_end_of_line_is_taken_away_and_nothing_else() -> None:
    async def test(there: Service, fetcher: Fetcher) -> None:
        there.text = " a \n\n"
        assert await ask(fetcher, there.url) == " a \n"

    at_service(test)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 401, 404, 500, 503])
def test_another_status_is_no_value_and_no_redirection_is_followed(status: int) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status in (301, 302) else {})

    fails(answer, REFUSED, f"status {status}")


def test_a_long_answer_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FETCHED_BYTES", 1000)
    sent: list[int] = []

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        for _ in range(100_000):
            await reply.write(b"x" * 8192)
            sent.append(8192)
        return reply

    fails(endless, UNUSABLE, "more than 1000 octets")
    assert sum(sent) < 50_000_000


@pytest.mark.parametrize(("size", "works"), [(1000, True), (1001, False)])
def test_the_bound_of_an_answer(monkeypatch: pytest.MonkeyPatch, size: int, works: bool) -> None:
    monkeypatch.setattr(module, "MAX_FETCHED_BYTES", 1000)

    async def test(there: Service, fetcher: Fetcher) -> None:
        there.text = "x" * size
        if works:
            assert await ask(fetcher, there.url) == there.text
        else:
            with pytest.raises(FetchError, match="more than 1000 octets"):
                await ask(fetcher, there.url)

    at_service(test)


def test_a_compressed_answer_was_not_asked_for() -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=gzip.compress(b"x" * 10_000_000), headers={"Content-Encoding": "gzip"})

    fails(answer, UNUSABLE, "compressed")


@pytest.mark.parametrize(("octets", "why"), [(b"\xff\xfe", "no UTF-8"), (b"a\0b", "NUL")])
def test_what_is_no_text_is_no_value(octets: bytes, why: str) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=octets)

    fails(answer, UNUSABLE, why)


def test_a_service_that_does_not_answer_is_given_up() -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    fails(answer, LATE, "no answer within", seconds=SHORT)


def test_a_service_that_begins_and_does_not_end_is_given_up() -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        await reply.write(b"x")
        await asyncio.Event().wait()
        raise AssertionError

    fails(answer, LATE, "no answer within", seconds=SHORT)


def test_a_service_that_breaks_off_gives_no_half_value() -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Length": "100"})
        await reply.prepare(request)
        await reply.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return reply

    fails(answer, UNREACHED, "broke off")


def against(octets: bytes) -> None:
    """A server that says these octets instead of HTTP."""

    async def run() -> None:
        async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(octets)
            writer.close()

        server = await asyncio.start_server(say, "127.0.0.1", 0)
        fetcher = Fetcher(OPTIONS)
        with pytest.raises(FetchError) as raised:
            await ask(fetcher, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        assert raised.value.outcome == UNREACHED
        await fetcher.stop()
        server.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "octets", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 200 " + b"x" * 100_000]
)
def test_what_speaks_no_http_is_no_service(octets: bytes) -> None:
    against(octets)


def test_nobody_listens_there() -> None:
    async def test(there: Service, fetcher: Fetcher) -> None:
        with socket.socket() as taken:  # bound, and nobody listens
            taken.bind(("127.0.0.1", 0))
            with pytest.raises(FetchError, match="not reached") as raised:
                await ask(fetcher, f"http://127.0.0.1:{taken.getsockname()[1]}/")
        assert raised.value.outcome == UNREACHED

    at_service(test)


def test_over_tls_a_certificate_is_looked_at_unless_any_will_do(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign("service"))
    ours = ssl.create_default_context(cafile=str(authority.file))

    async def works(there: Service, fetcher: Fetcher) -> None:
        assert await ask(fetcher, there.url) == "value"

    async def refused(there: Service, fetcher: Fetcher) -> None:
        with pytest.raises(FetchError) as raised:
            await ask(fetcher, there.url)
        assert (raised.value.outcome, there.asked) == (UNREACHED, [])

    at_service(works, replace(OPTIONS, context=lambda: ours), context)
    at_service(refused, OPTIONS, context)
    at_service(works, replace(OPTIONS, verifies=False), context)


def test_certificates_of_ours_that_cannot_be_used_are_tried_again() -> None:
    usable: list[bool] = []

    def context() -> ssl.SSLContext:
        if not usable:
            raise CertificateError("ca_certificate", "gone.pem holds no certificates")
        return ssl.create_default_context()

    async def test(there: Service, fetcher: Fetcher) -> None:
        with pytest.raises(FetchError, match=r"our certificates cannot be used: .*gone\.pem"):
            await ask(fetcher, there.url)
        usable.append(True)
        assert await ask(fetcher, there.url) == "value"

    at_service(test, replace(OPTIONS, context=context))


def test_what_cannot_be_opened_is_tried_again_and_holds_up_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = module._import_client
    lacking = [OSError(errno.EMFILE, "Too many open files")] * 2

    def open_client() -> object:
        if lacking:
            raise lacking.pop()
        return opened()

    monkeypatch.setattr(module, "_import_client", open_client)

    async def test(there: Service, fetcher: Fetcher) -> None:
        other = Fetcher(OPTIONS)
        for one in (other, fetcher):
            with pytest.raises(OSError, match="Too many"):
                await ask(one, there.url)
        await other.stop()
        assert await ask(fetcher, there.url) == "value"

    at_service(test)


def test_connections_to_one_host_are_bounded() -> None:
    async def test(there: Service, fetcher: Fetcher) -> None:
        there.gate.clear()
        tasks = [asyncio.create_task(ask(fetcher, there.url)) for _ in range(5)]
        await there.until_asked(2)
        await asyncio.sleep(0)
        assert (len(there.asked), fetcher.under_way) == (2, 5)
        there.gate.set()
        assert await asyncio.gather(*tasks) == ["value"] * 5

    at_service(test, replace(OPTIONS, per_host=2))


def test_without_idle_connections_each_question_has_its_own() -> None:
    ports: set[object] = set()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        return web.Response(text="x")

    async def test(there: Service, fetcher: Fetcher) -> None:
        there.answer = answer
        for _ in range(3):
            await ask(fetcher, there.url)

    at_service(test)
    assert len(ports) == 1
    ports.clear()
    at_service(test, replace(OPTIONS, keeps=False))
    assert len(ports) == 3
