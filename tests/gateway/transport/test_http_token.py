"""Who reaches HTTP on another address than loopback gives the token, or a user's password."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Mapping

import pytest

from engine.times import SECOND
from gateway.observe.limits import MAX_LINES_PER_SECOND
from gateway.transport import http
from gateway.transport.census import Census
from gateway.transport.http import HttpListener, HttpReply, HttpRequest, is_bearer, is_within

TOKEN = b"q1w2e3r4t5"
BASIC = "Basic " + b64encode(b"anna:secret").decode()


class Reached(asyncio.BaseTransport):
    """A connection to an address of this machine."""

    def __init__(self, *sockname: object) -> None:
        super().__init__({"sockname": sockname} if sockname else {})


@pytest.mark.parametrize(
    ("sockname", "within"),
    [
        (("127.0.0.1", 2080), True),
        (("127.8.8.8", 2080), True),
        (("::1", 2080, 0, 0), True),
        (("::ffff:127.0.0.1", 2080, 0, 0), True),
        (("192.0.2.1", 2080), False),
        (("::ffff:192.0.2.1", 2080, 0, 0), False),
        (("2001:db8::1", 2080, 0, 0), False),
        (("fe80::1%eth0", 2080, 0, 2), False),
        (("no address", 1), False),
        ((), False),
    ],
)
def test_what_is_reached_from_this_machine_alone(sockname: tuple[object, ...], within: bool) -> None:
    assert is_within(Reached(*sockname)) is within


def test_no_connection_is_not_within() -> None:
    assert not is_within(None)


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("Bearer q1w2e3r4t5", True),
        ("bearer  q1w2e3r4t5", True),
        ("Bearer q1w2e3r4t", False),
        ("Bearer", False),
        ("", False),
        ("Basic q1w2e3r4t5", False),
        ("Bearer q1w2e3r4t5\udcff", False),
    ],
)
def test_only_the_token_itself_will_do(given: str, right: bool) -> None:
    assert is_bearer(given, TOKEN) is right


async def hello(_: HttpRequest) -> HttpReply:
    return HttpReply(200, b"hello")


async def statuses(token: bytes, users: Mapping[str, bytes] | None, *given: str) -> list[str]:
    """What a listener answers to requests with these values of Authorization, all in one second; and how it asks for one."""
    listener = HttpListener({"/": hello}, 1024, Census(16, lambda: SECOND), users=users, token=token)
    listener.start("127.0.0.1", 0)
    await listener.ready()
    found = []
    try:
        for value in given:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            header = f"Authorization: {value}\r\n" if value else ""
            writer.write(f"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{header}\r\n".encode())
            head = (await reader.read()).decode().partition("\r\n\r\n")[0].split("\r\n")
            asked = [line.split()[1] for line in head if line.lower().startswith("www-authenticate")]
            found.append(" ".join([head[0].split()[1], *asked]))
            writer.close()
            await writer.wait_closed()
    finally:
        await listener.stop(1)
    return found


def test_from_elsewhere_the_token_or_a_password_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "is_within", lambda _: False)
    users = {"anna": b"secret"}
    given = ("", "Bearer wrong", "Bearer q1w2e3r4t5", BASIC)
    assert asyncio.run(statuses(TOKEN, None, *given)) == ["401 Bearer", "401 Bearer", "200", "401 Bearer"]
    assert asyncio.run(statuses(TOKEN, users, *given)) == ["401 Basic", "401 Basic", "200", "200"]
    assert asyncio.run(statuses(b"", None, *given)) == ["200"] * 4


def test_who_asks_without_a_password_all_the_time_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "gateway.transport.http"):
        assert asyncio.run(statuses(TOKEN, {"anna": b"secret"}, *[""] * 250)) == ["401 Basic"] * 250
    assert len(caplog.records) == MAX_LINES_PER_SECOND


def test_on_loopback_only_passwords_are() -> None:
    assert asyncio.run(statuses(TOKEN, None, "", "Bearer wrong")) == ["200", "200"]
    assert asyncio.run(statuses(TOKEN, {"anna": b"secret"}, "", "Bearer q1w2e3r4t5", BASIC)) == ["401 Basic", "401 Basic", "200"]
