"""Connections that say nothing: what each costs, how quickly a burst is taken, and that all are answered afterwards.

python -m tests.perf.idle [CONNECTIONS]     (10000; of TLS a fifth, for its handshakes take a while)
"""

from __future__ import annotations

import os
import resource
import socket
import ssl
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.client import read_server
from tests.gateway.certificates import Authority
from tests.gateway.servers import Gateway, gateway, until

PING = b'{"method":"SessionSv1.Ping","params":[{}],"id":1}\n'
POST = b"POST /jsonrpc HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(PING) + PING
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
FRAME = b"\x81" + bytes([0x80 | len(PING)]) + bytes(4) + PING  # a text frame, masked by nothing
DOORS = ("rpc_json", "birpc_json", "http", "websocket", "rpc_json_tls")


@dataclass(frozen=True)
class Idle:
    """What came of it: connections that were kept, octets of memory and seconds of CPU for each, and how long it took."""

    kept: int
    bytes_each: float
    cpu_us_each: float
    burst_seconds: float
    answer_seconds: float


def resident(pid: int) -> int:
    """Resident octets of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connect(door: str, address: str, context: ssl.SSLContext | None) -> socket.socket:
    """One client, as far as it goes before it falls silent."""
    link = socket.create_connection(read_server(address), 60)
    if door == "websocket":
        link.sendall(UPGRADE)
        assert link.recv(4096).startswith(b"HTTP/1.1 101")
    if context is not None:
        return context.wrap_socket(link, server_hostname="localhost")
    return link


def ask(door: str, link: socket.socket) -> bool:
    """Whether it is answered."""
    try:
        link.sendall({"http": POST, "websocket": FRAME}.get(door, PING))
        return b"Pong" in link.recv(4096)
    except OSError:
        return False


def measure(served: Gateway, door: str, address: str, count: int, context: ssl.SSLContext | None = None) -> Idle:
    """Opens so many connections, waits until they are all there, has each answered once, and closes them."""
    pid = served.process.pid
    for link in [connect(door, address, context) for _ in range(50)]:  # what the first ones of a sort draw in is not theirs
        ask(door, link)
        link.close()
    before, busy, began = resident(pid), cpu_seconds(pid), time.monotonic()
    links = [connect(door, address, context) for _ in range(count)]
    last = time.monotonic()
    kept = sum(ask(door, link) for link in links[-1:])  # all before it are there when the last one is answered
    burst = time.monotonic() - began
    spent, used = cpu_seconds(pid) - busy, resident(pid) - before
    last = time.monotonic()
    kept += sum(ask(door, link) for link in links[:-1])
    took = time.monotonic() - last
    for link in links:
        link.close()
    return Idle(kept, used / count, spent / count * 1e6, burst, took)


def doors(served: Gateway) -> dict[str, str]:
    """Where each door listens."""
    import re

    found = {name: re.search(rf" {name}=(\S+)", served.text()) for name in DOORS}
    places = {name: match[1] for name, match in found.items() if match is not None}
    return places | {"websocket": places["http"]}


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        certificate, key = authority.sign("server")
        options = {
            "listen.rpc_json_tls": "127.0.0.1:0",
            "listen.http_tls": "",
            "tls.server_certificate": certificate,
            "tls.server_key": key,
            "tls.server_policy": 0,
        }
        words = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
        print("| door | connections | kept | KB each | CPU us each | burst s | all answered s |\n|---|---|---|---|---|---|---|")
        for door in DOORS:
            with gateway(Path(folder) / door, *words) as served:
                until(lambda served=served: "event=ready" in served.text(), "it is ready")  # type: ignore[misc]
                number = count // 5 if door == "rpc_json_tls" else count
                found = measure(served, door, doors(served)[door], number, authority.client() if door == "rpc_json_tls" else None)
                sizes = f"{found.bytes_each / 1024:.1f} | {found.cpu_us_each:.0f} | {found.burst_seconds:.1f} | {found.answer_seconds:.1f}"
                print(f"| {door} | {number} | {found.kept} | {sizes} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
