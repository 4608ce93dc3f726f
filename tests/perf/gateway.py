"""Events per second of a running gateway, over its JSON-RPC port, durable: `python -m tests.perf.gateway`.

Starts a gateway of its own (in a temporary folder, on free ports), loads a tariff of 10,000 prefixes and 1,000 accounts, then drives
each kind of work closed loop with 1, 32 and 256 requests in flight from this process. CPU is the server's own (its process times), the
figure that holds on a busy machine. Medians of several runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
ACCOUNTS = 1000
PREFIXES = 10_000


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def write_plan(folder: Path) -> None:
    """A plan with PREFIXES prefixes in 100 destinations."""
    folder.mkdir()
    prefixes = "\n".join(f"DST_{number % 100},{100_000 + number}" for number in range(PREFIXES))
    (folder / "Destinations.csv").write_text(f"{prefixes}\n")
    (folder / "Rates.csv").write_text("RT,0,0.6,60s,1s,0s\n")
    rows = "\n".join(f"DR,DST_{number},RT,*middle,5,0," for number in range(100))
    (folder / "DestinationRates.csv").write_text(f"{rows}\n")
    (folder / "RatingPlans.csv").write_text("RP,DR,*any,10\n")
    (folder / "RatingProfiles.csv").write_text("perf,call,*any,2020-01-01T00:00:00Z,RP,\n")
    (folder / "Chargers.csv").write_text("perf,CH,,,*default,*none,10\n")


class Client:
    """One connection; as many requests in flight as `drive` is told."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)

    async def call(self, method: str, params: object) -> object:
        self.writer.write(json.dumps({"method": method, "params": [params], "id": 0}).encode() + b"\n")
        answer = json.loads(await self.reader.readline())
        if answer["error"] is not None:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    async def drive(self, chains: list[list[bytes]], in_flight: int) -> list[float]:
        """Sends the requests of each chain one after the other, `in_flight` chains at a time; the time of each answer."""
        waiting = list(reversed(chains))
        open_chains: dict[int, tuple[list[bytes], int, float]] = {}
        times: list[float] = []
        ident = 0

        def send(chain: list[bytes], step: int) -> None:
            nonlocal ident
            ident += 1
            open_chains[ident] = (chain, step, time.perf_counter())
            self.writer.write(chain[step].replace(b"@ID@", b"%d" % ident))

        for _ in range(min(in_flight, len(waiting))):
            send(waiting.pop(), 0)
        while open_chains:
            line = await self.reader.readline()
            if b'"error":null' not in line:
                raise RuntimeError(line[:300].decode())
            chain, step, sent = open_chains.pop(int(line[6 : line.index(b",")]))
            times.append(time.perf_counter() - sent)
            if step + 1 < len(chain):
                send(chain, step + 1)
            elif waiting:
                send(waiting.pop(), 0)
        return times


def request(method: str, params: object) -> bytes:
    return b'{"method":"' + method.encode() + b'","params":[' + json.dumps(params).encode() + b'],"id":@ID@}\n'


def cost_queries(count: int, run: str) -> list[list[bytes]]:
    return [
        [
            request(
                "APIerSv1.GetCost",
                {
                    "Tenant": "perf",
                    "Category": "call",
                    "Subject": "anyone",
                    "AnswerTime": "2026-04-08T10:00:00Z",
                    "Destination": f"{100_000 + number * 7 % PREFIXES}55",
                    "Usage": "60s",
                },
            )
        ]
        for number in range(count)
    ]


def sessions(count: int, run: str) -> list[list[bytes]]:
    """Authorize, initiate, two updates, terminate, CDR: six events a session."""
    chains = []
    for number in range(count // 6):
        event = {
            "OriginID": f"{run}-{number}",
            "OriginHost": "perf",
            "ToR": "*voice",
            "RequestType": "*prepaid",
            "Category": "call",
            "Account": f"a{number % ACCOUNTS}",
            "Subject": f"a{number % ACCOUNTS}",
            "Destination": f"{100_000 + number * 7 % PREFIXES}55",
            "SetupTime": "2026-04-08T10:00:00Z",
            "AnswerTime": "2026-04-08T10:00:00Z",
        }

        def event_of(usage: str, event: dict[str, str] = event) -> dict[str, object]:
            return {"Tenant": "perf", "Event": {**event, "Usage": usage}}

        chains.append(
            [
                request("SessionSv1.AuthorizeEvent", {"GetMaxUsage": True, **event_of("60s")}),
                request("SessionSv1.InitiateSession", {"InitSession": True, **event_of("60s")}),
                request("SessionSv1.UpdateSession", {"UpdateSession": True, **event_of("60s")}),
                request("SessionSv1.UpdateSession", {"UpdateSession": True, **event_of("60s")}),
                request("SessionSv1.TerminateSession", {"TerminateSession": True, **event_of("150s")}),
                request("SessionSv1.ProcessCDR", event_of("150s")),
            ]
        )
    return chains


def cdrs(count: int, run: str) -> list[list[bytes]]:
    return [
        [
            request(
                "CDRsV1.ProcessEvent",
                {
                    "Tenant": "perf",
                    "Event": {
                        "OriginID": f"{run}-{number}",
                        "OriginHost": "perf",
                        "ToR": "*voice",
                        "RequestType": "*rated",
                        "Category": "call",
                        "Account": f"a{number % ACCOUNTS}",
                        "Destination": f"{100_000 + number * 7 % PREFIXES}55",
                        "SetupTime": "2026-04-08T10:00:00Z",
                        "AnswerTime": "2026-04-08T10:00:00Z",
                        "Usage": "60s",
                    },
                },
            )
        ]
        for number in range(count)
    ]


WORK: dict[str, Callable[[int, str], list[list[bytes]]]] = {
    "cost query": cost_queries,
    "prepaid session events": sessions,
    "rated CDRs": cdrs,
}


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def measure(port: int, pid: int, events: int, runs: int) -> None:
    client = Client(port)
    await client.open()
    print(f"{'work':<24}{'in flight':>10}{'events/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'CPU us/event':>14}{'MiB':>7}")
    serial = 0
    for name, make in WORK.items():
        for in_flight in (1, 32, 256):
            rows = []
            for _ in range(runs):
                serial += 1
                chains = make(events if in_flight > 1 else events // 8, f"r{serial}")
                cpu, began = cpu_seconds(pid), time.perf_counter()
                times = sorted(await client.drive(chains, in_flight))
                took, used = time.perf_counter() - began, cpu_seconds(pid) - cpu
                rows.append((len(times) / took, times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3, used / len(times) * 1e6))
            rate, p50, p99, cpu_us = (statistics.median(column) for column in zip(*rows, strict=True))
            print(f"{name:<24}{in_flight:>10}{rate:>12,.0f}{p50:>9.2f}{p99:>9.2f}{cpu_us:>14.1f}{resident_mib(pid):>7.0f}", flush=True)


async def prepare(port: int, plan: Path) -> None:
    client = Client(port)
    await client.open()
    await client.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})
    for number in range(ACCOUNTS):
        await client.call(
            "APIerSv1.AddBalance",
            {"Tenant": "perf", "Account": f"a{number}", "BalanceType": "*monetary", "Value": 1_000_000, "Balance": {"ID": "cash"}},
        )


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("the gateway did not come up")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=24_000, help="events of one run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="leave the state folder behind")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="tollwire-perf-"))
    port, http = free_port(), free_port()
    (home / "config").mkdir()
    (home / "config" / "tollwire.toml").write_text(f'[listen]\nrpc_json = "127.0.0.1:{port}"\nhttp = "127.0.0.1:{http}"\nbirpc_json = ""\n')
    write_plan(home / "plan")
    words = [sys.executable, "-m", "gateway", "serve", "--config", str(home / "config"), "--state", str(home / "state")]
    server = subprocess.Popen(words)
    try:
        wait_for(port, server)
        asyncio.run(prepare(port, home / "plan"))
        asyncio.run(measure(port, server.pid, options.events, options.runs))
    finally:
        server.terminate()
        server.wait(20)
        if not options.keep:
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
