"""How long from exec to the first answer, and from SIGTERM to free ports: python -m tests.perf.startup [RUNS]"""

from __future__ import annotations

import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gateway.cli.client import Client, read_server
from gateway.cli.outcome import CommandError
from tests.gateway.servers import DEADLINE_SECONDS, environment

RUNS = 10


def waited(done: Callable[[], bool], since: float) -> float:
    """Seconds from `since` until it is done, asked every millisecond."""
    while not done():
        assert time.monotonic() - since < DEADLINE_SECONDS, "it takes for ever"
        time.sleep(0.001)
    return time.monotonic() - since


def answers(address: str) -> bool:
    try:
        with Client(address) as client:
            return client.call("CoreSv1.Status", {}) is not None
    except CommandError:
        return False


def accepts_http(address: str) -> bool:
    request = b'POST /jsonrpc HTTP/1.1\r\nHost: a\r\nContent-Length: 47\r\n\r\n{"method":"CoreSv1.Ping","params":[{}],"id":1}\n'
    try:
        with socket.create_connection(read_server(address), 5) as link:
            link.sendall(request)
            return link.recv(1000).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def is_free(address: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(read_server(address)) != 0


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, which hardly depends on what else the machine does."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def one_run(folder: Path, addresses: tuple[str, str]) -> tuple[float, ...]:
    """Seconds to the first answer over TCP, the CPU time of it, to the first over HTTP, to free ports, to the end."""
    import subprocess

    sets = [word for name, value in zip(("rpc_json", "http"), addresses, strict=True) for word in ("--set", f"listen.{name}={value}")]
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(folder / "config"), "--state", str(folder / "state"), *sets]
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL, cwd=folder)
    try:
        tcp = waited(lambda: answers(addresses[0]), began)
        cpu = cpu_seconds(process.pid)
        http = waited(lambda: accepts_http(addresses[1]), began)
        ended = time.monotonic()
        process.terminate()
        free = waited(lambda: all(map(is_free, addresses)), ended)
        assert process.wait(DEADLINE_SECONDS) == 0
        return tcp, cpu, http, free, time.monotonic() - ended
    finally:
        process.kill()


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        addresses = tuple(f"127.0.0.1:{taken.getsockname()[1]}" for taken in (one, other))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config").mkdir()
        (folder / "config" / "tollwire.toml").write_text('[general]\nnode_id = "perf"\n[listen]\nbirpc_json = ""\n')
        found = [one_run(folder, (addresses[0], addresses[1])) for _ in range(runs)]
    print(f"{'ms, ' + str(runs) + ' runs':<34}{'median':>8}{'worst':>8}")
    for title, values in zip(
        ("exec to an answer over TCP", "  of it CPU time", "exec to an answer over HTTP", "SIGTERM to free ports", "SIGTERM to the end"),
        zip(*found, strict=True),
        strict=True,
    ):
        print(f"{title:<34}{1000 * statistics.median(values):>8.0f}{1000 * max(values):>8.0f}")


if __name__ == "__main__":
    main()
