"""Values from a service, as a whole: a real gateway, a real service, real Gy clients; money after each way in which it can go wrong."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.protocols.diameter.message import Message
from tests.acceptance.gypayers import MIB, Link, again, credit, granted, service
from tests.acceptance.sample import CONFIG, PLAN, Served
from tests.gateway.servers import until

pytestmark = pytest.mark.acceptance

LOOKUP = """
[http]
fetch_timeout = "LIMIT"

[[diameter_agent.request_processors]]
id = "lookup"
filters = ["*string:~*req.CC-Request-Type:1"]
flags = ["*none", "*continue"]
[diameter_agent.request_processors.request_fields]
Session = "~*req.Session-Id"
"*vars.Known" = { type = "*http#URL", mandatory = true }
"""


class Lookup:
    """A service that answers `status` as soon as `opened` is set; `asked` are the events that came."""

    def __init__(self) -> None:
        self.status = 200
        self.opened = threading.Event()
        self.opened.set()
        self.asked: list[dict[str, object]] = []
        lookup = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                lookup.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                lookup.opened.wait(30)
                self.send_response(lookup.status)
                self.send_header("Content-Length", "4")
                if lookup.status != 200:
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(b"yes\n")

            def log_message(self, format: str, *args: object) -> None:
                """Tells nobody."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 100  # of connections that wait until it goes on; with the usual 5, others knock again after seconds

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/who"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@contextmanager
def lookup() -> Iterator[Lookup]:
    made = Lookup()
    try:
        yield made
    finally:
        made.opened.set()
        made.server.shutdown()
        made.server.server_close()


class Asking(Served):
    """A gateway with the sample set-up whose initial requests need a value."""

    def __init__(self, folder: Path, url: str, limit: str = "20s") -> None:
        config = folder / "config"
        if not config.exists():
            shutil.copytree(CONFIG, config)
            (config / "00-lookup.toml").write_text(LOOKUP.replace("URL", url).replace("LIMIT", limit))
        anew = not (folder / "state").exists()
        super().__init__(folder, "--config", str(config), "--set", 'diameter_agent.listeners=[{"address": "127.0.0.1:0"}]')
        (self.port,) = self.agent_ports("diameter")
        if anew:
            self.load(PLAN)


@contextmanager
def asking(folder: Path, url: str, limit: str = "20s") -> Iterator[Asking]:
    made = Asking(folder, url, limit)
    try:
        yield made
        assert made.stop() == 0
        assert "Traceback" not in made.text()
    finally:
        made.kill()


def begin(link: Link, session: str) -> bytes:
    return credit(link.origin, session, "1001", 1, 0, service(MIB, None))


def end(link: Link, session: str) -> bytes:
    return credit(link.origin, session, "1001", 3, 1, service(None, MIB))


def code_of(answer: Message) -> tuple[int | None, int]:
    return answer.avps.number(268), granted(answer)


def test_a_session_is_charged_by_what_a_service_says(tmp_path: Path) -> None:
    with lookup() as there, asking(tmp_path, there.url) as gateway, closing(Link(gateway.port, "pgw.client.test")) as link:
        before = gateway.money("1001")
        assert code_of(link.ask(begin(link, "s;1"))) == (2001, MIB)
        assert code_of(link.ask(end(link, "s;1"))) == (2001, 0)
        assert [told["Event"] for told in there.asked] == [{"Session": "s;1"}]
        assert gateway.money("1001") == before - Decimal("0.01")
        there.status = 404
        assert code_of(link.ask(begin(link, "s;2"))) == (5012, 0)
        assert gateway.money("1001") == before - Decimal("0.01")
        assert len(gateway.records("1001")) == 1
        there.server.shutdown()
        there.server.server_close()
        there.status = 200  # nobody is there to say so: no connection was kept
        assert code_of(link.ask(begin(link, "s;3"))) == (5012, 0)
        assert len(there.asked) == 2
        assert gateway.money("1001") == before - Decimal("0.01")


def test_a_silent_service_holds_up_nobody_else(tmp_path: Path) -> None:
    with (
        lookup() as there,
        asking(tmp_path, there.url, "10s") as gateway,
        closing(Link(gateway.port, "pgw.client.test")) as one,
        closing(Link(gateway.port, "dra.client.test")) as other,
    ):
        there.opened.clear()
        for number in range(20):
            one.send(begin(one, f"s;{number}"))
        until(lambda: len(there.asked) == 20, "20 questions")
        before = gateway.money("1001")
        assert code_of(other.ask(end(other, "none"))) == (2001, 0)  # what was used is charged, by a request that waits for nothing
        assert gateway.money("1001") == before - Decimal("0.01")
        assert [code_of(one.hear()) for _ in range(20)] == [(5012, 0)] * 20
        assert gateway.money("1001") == before - Decimal("0.01")


def test_killed_while_a_request_waits_for_its_value(tmp_path: Path) -> None:
    """It has moved nothing; sent again it is charged once, and sent once more it is answered alike."""
    with lookup() as there:
        gateway = Asking(tmp_path, there.url)
        try:
            before = gateway.money("1001")
            with closing(Link(gateway.port, "pgw.client.test")) as link:
                there.opened.clear()
                request = begin(link, "s;1")
                link.send(request)
                until(lambda: there.asked, "a question")
                gateway.kill()
        finally:
            gateway.kill()
        there.opened.set()
        with asking(tmp_path, there.url) as gateway, closing(Link(gateway.port, "pgw.client.test")) as link:
            assert gateway.money("1001") == before
            first = link.ask(again(request, 8))
            assert code_of(first) == (2001, MIB)
            assert link.ask(again(request, 9)).raw[20:] == first.raw[20:]
            assert len(there.asked) == 2
            assert code_of(link.ask(end(link, "s;1"))) == (2001, 0)
            assert gateway.money("1001") == before - Decimal("0.01")
