"""Whatever is asked of a gateway: it answers by the protocol, in documented words, and its state stays whole.

A few seconds in the test command, always the same requests, and no more of them on a quicker machine. Longer, drawn anew:
TOLLWIRE_FUZZ_SECONDS=600 TOLLWIRE_FUZZ_SEED=1 ./test tests/fuzz
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.client import Client, RefusedError, read_server
from tests.fuzz.attack import ANSWER_SECONDS, BATCH, Attack, prepare, resident_bytes
from tests.fuzz.values import NAMES
from tests.gateway.servers import Gateway, gateway, tollwire

SECONDS = float(os.environ.get("TOLLWIRE_FUZZ_SECONDS", "100"))
REQUESTS = 100_000_000 if "TOLLWIRE_FUZZ_SECONDS" in os.environ else 4000
SEED = int(os.environ.get("TOLLWIRE_FUZZ_SEED", "20260407"))
GROWTH_BYTES = 2000  # of memory a request that leaves something behind may take: accounts, profiles and offline items are kept
LISTINGS = (
    "APIerSv1.GetRatingPlanIDs APIerSv1.GetChargerProfileIDs APIerSv1.GetAttributeProfileIDs APIerSv1.GetFilterIDs"
    " APIerSv1.GetRouteProfileIDs APIerSv1.GetResourceProfileIDs APIerSv1.GetThresholdProfileIDs APIerSv1.GetStatQueueProfileIDs"
    " APIerSv2.GetActions APIerSv2.CountCDRs"
    " APIerSv1.GetTPIds APIerSv1.GetActionPlanIDs APIerSv1.GetActionTriggers SessionSv1.GetActiveSessionsCount APIerSv2.GetDestinations"
).split()


def listed(client: Client, method: str, params: object) -> object:
    try:
        found = client.call(method, params)
        # a list is compared as a bag: folded state comes back in the order of its keys
        return sorted(found, key=lambda one: json.dumps(one, sort_keys=True, default=str)) if isinstance(found, list) else found
    except RefusedError as refused:
        return refused.text


def census(served: Gateway) -> dict[str, object]:
    """What the gateway knows, by listing method and tenant."""
    tenants = sorted({name for name in NAMES if name.isprintable() and len(name) < 80 and name.isascii()})
    with served.client() as client:
        found = {f"{method} {tenant}": listed(client, method, {"Tenant": tenant}) for method in LISTINGS for tenant in ("default", "*any")}
        accounts = {f"accounts of {tenant}": listed(client, "APIerSv2.GetAccounts", {"Tenant": tenant}) for tenant in tenants}
        return found | accounts


@pytest.mark.slow
@pytest.mark.timeout(400 + 3 * SECONDS)
def test_chance_requests(tmp_path: Path) -> None:
    with gateway(tmp_path) as served:
        prepare(served, tmp_path / "plan")
        attack = Attack(served, SEED)
        attack.run(SECONDS / 4, REQUESTS // 4)
        half, asked = resident_bytes(served.process.pid), attack.requests
        attack.run(SECONDS, REQUESTS)
        grown = resident_bytes(served.process.pid) - half
        attack.close()
        assert attack.findings == []
        assert served.process.poll() is None
        assert attack.logged() == []
        assert attack.answers["answered"] > attack.requests / 10, "hardly anything was right: the requests test nothing"
        assert grown < (64 << 20) + GROWTH_BYTES * (attack.requests - asked), f"{grown} bytes more after {attack.requests - asked} requests"
        served.call("ServiceManagerV1.StopService", {"ServiceID": "*scheduler"})
        before = census(served)
        served.kill()
    verified = tollwire("verify", "--state", str(served.state))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    with gateway(tmp_path, "--set", "schedulers.enabled=false") as again:
        after = census(again)
        assert {name: (value, after[name]) for name, value in before.items() if value != after[name]} == {}
        assert again.stop() == 0


def test_every_method_is_asked(tmp_path: Path) -> None:
    with gateway(tmp_path) as served:
        attack = Attack(served, SEED)
        asks = [
            f'{{"method":"{row.name}","params":[{attack.values.of(row.args, "Arg")}]'.encode("utf-8", "surrogatepass")
            for row in attack.rows
        ]
        for start in range(0, len(asks), BATCH):
            attack.batch(asks[start : start + BATCH])
        attack.close()
        assert attack.findings == []
        assert attack.logged() == []


BROKEN = {
    "no JSON": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a string": b'"hello"',
    "a list": b"[1,2,3]",
    "closed twice": b'{"method":"CoreSv1.Ping","params":[{}],"id":1}}',
    "brackets": b'{"method":"CoreSv1.Ping","params":[{]},"id":1}',
    "NUL": b"\x00" * 100,
    "no UTF-8": b'{"method":"CoreSv1.\xff\xfe","params":[{}],"id":1}',
    "UTF-16": '{"method":"CoreSv1.Ping","params":[{}],"id":1}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"method":"CoreSv1.Ping","params":[{}],"id":1}',
    "half of it": b'{"method":"CoreSv1.Ping","par',
    "control character": b'{"method":"CoreSv1.Ping","params":[{"Tenant":"a\nb"}],"id":1}',
    "a method that is a number": b'{"method":17,"params":[{}],"id":1}',
    "deep": b'{"method":"CoreSv1.Ping","params":[' + b'{"APIOpts":' * 100_000 + b"1" + b"}" * 100_000 + b'],"id":1}',
    "deep and open": b'{"a":' * 200_000,
    "a number of a million digits": b'{"method":"CoreSv1.Ping","params":[{"APIOpts":{"a":' + b"7" * 1_000_000 + b'}}],"id":1}',
    "an exponent of a million": b'{"method":"APIerSv1.DebitBalance","params":[{"Account":"a","Value":1e1000000}],"id":1}',
    "an id like a house": b'{"method":"CoreSv1.Ping","params":[{}],"id":"' + b"i" * 1_000_000 + b'"}',
    "a key like a house": b'{"' + b"k" * 1_000_000 + b'":1,"method":"CoreSv1.Ping","params":[{}],"id":1}',
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("gateway"), "--set", "limits.request_size=4194304") as running:
        yield running


@pytest.mark.parametrize("name", BROKEN)
def test_broken_bytes_hurt_nobody_else(served: Gateway, name: str) -> None:
    with served.client() as other, socket.create_connection(read_server(served.address), ANSWER_SECONDS) as link:
        assert other.call("CoreSv1.Ping", {}) == "Pong"
        began = time.monotonic()
        answer = exchange(link, BROKEN[name])
        assert answer == b"" or answer.startswith((b'{"id":', b'{"id":1,')), answer[:200]
        assert b"internal" not in answer
        assert other.call("CoreSv1.Ping", {}) == "Pong"
        assert time.monotonic() - began < ANSWER_SECONDS
    assert served.process.poll() is None
    assert "level=error" not in served.text()


def test_a_request_beyond_the_bound_is_not_kept(served: Gateway) -> None:
    before = resident_bytes(served.process.pid)
    with socket.create_connection(read_server(served.address), ANSWER_SECONDS) as link:
        assert exchange(link, b'{"method":"CoreSv1.Ping","params":["' + b"x" * (64 << 20)) == b""
    assert served.call("CoreSv1.Ping", {}) == "Pong"
    assert resident_bytes(served.process.pid) - before < 48 << 20


def test_half_requests_of_many_connections(served: Gateway) -> None:
    links = [socket.create_connection(read_server(served.address), ANSWER_SECONDS) for _ in range(200)]
    try:
        for link in links:
            link.sendall(b'{"method":"CoreSv1.Ping","params":[{"Tenant":"')
        assert served.call("CoreSv1.Ping", {}) == "Pong"
        for link in links:
            link.sendall(b'"}],"id":1}')
        for link in links:
            assert link.recv(1000) == b'{"id":1,"result":"Pong","error":null}\n'
    finally:
        for link in links:
            link.close()


def exchange(link: socket.socket, data: bytes) -> bytes:
    """All that is answered to these bytes until the connection's end."""
    found = b""
    try:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        while piece := link.recv(1 << 20):
            found += piece
    except (ConnectionError, BrokenPipeError):
        pass  # it was closed while we still wrote
    return found
