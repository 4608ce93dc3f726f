"""Clients that are connected and silent: hundreds of each sort cost little and are all answered; beyond the bound they are sent away."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gateway.cli.client import read_server
from gateway.transport.limits import RESERVED_FILES
from tests.gateway.certificates import Authority
from tests.gateway.servers import Gateway, gateway, until
from tests.perf.idle import DOORS, ask, connect, doors, measure

GENEROUS_BYTES = {"rpc_json": 32 << 10, "birpc_json": 32 << 10, "http": 64 << 10, "websocket": 96 << 10, "rpc_json_tls": 192 << 10}
"""Of memory for each connection; docs/performance.md has what it is."""


@pytest.mark.parametrize("door", DOORS)
def test_hundreds_of_silent_clients_are_kept_and_cost_little(door: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("server")
    files = {"tls.server_certificate": certificate, "tls.server_key": key}
    listen = {"listen.rpc_json_tls": "127.0.0.1:0", "listen.http_tls": ""}
    words = [word for name, value in {**files, **listen, "tls.server_policy": 0}.items() for word in ("--set", f"{name}={value}")]
    count = 100 if door == "rpc_json_tls" else 300
    with gateway(tmp_path / "state", *words) as served:
        until(lambda: "event=ready" in served.text(), "it is ready")
        found = measure(served, door, doors(served)[door], count, authority.client() if door == "rpc_json_tls" else None)
    assert found.kept == count
    assert found.bytes_each < GENEROUS_BYTES[door]


def test_more_clients_than_there_may_be_are_sent_away_and_come_again_later(tmp_path: Path) -> None:
    most = 50
    served = Gateway(tmp_path, under=("prlimit", f"--nofile={RESERVED_FILES + most}:{RESERVED_FILES + most}"))
    try:
        until(lambda: "event=ready" in served.text(), "it is ready")
        places = doors(served)
        links = [connect("rpc_json", places["rpc_json"], None) for _ in range(most - 10)]
        links += [connect("birpc_json", places["birpc_json"], None) for _ in range(20)]
        answered = [link for link in links if ask("rpc_json", link)]
        assert len(answered) == most
        with socket.create_connection(read_server(places["http"]), 20) as link:
            assert link.recv(100) == b""
        for link in answered[:5]:
            link.close()

        def is_answered() -> bool:
            with socket.create_connection(read_server(places["rpc_json"]), 20) as link:
                return ask("rpc_json", link)

        until(is_answered, "there is room again")
        assert ask("rpc_json", answered[10])
    finally:
        for link in links:
            link.close()
        served.kill()
