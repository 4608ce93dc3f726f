"""Memory and files of a gateway that works for long: python -m tests.perf.soak [--accounts N] [--open N] [--sessions N] [--rounds N]

Accounts are made, sessions are begun and left open, then further sessions come and go (begin, update, end, record) in rounds. After each
round the table has the resident memory of the server's process and the size of its files. The exit status is 1 when the memory
with accounts and open sessions is above MOST_MIB for 100,000 of each, or when the last round has more than GROWTH above the first.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.perf.gateway import Client, cpu_seconds, free_port, request, resident_mib, wait_for, write_plan

MOST_MIB = 600.0
FULL = 100_000  # accounts and open sessions that MOST_MIB is for
GROWTH = 0.03
IN_FLIGHT = 64
PIECE = 2_000  # chains that are made at a time


def event_of(origin: str, number: int, accounts: int, usage: str) -> dict[str, object]:
    account = f"a{number % accounts}"
    return {
        "Tenant": "perf",
        "Event": {
            "OriginID": f"{origin}-{number}",
            "OriginHost": "perf",
            "ToR": "*voice",
            "RequestType": "*prepaid",
            "Category": "call",
            "Account": account,
            "Subject": account,
            "Destination": f"{100_000 + number * 7 % 10_000}55",
            "SetupTime": "2026-04-08T10:00:00Z",
            "AnswerTime": "2026-04-08T10:00:00Z",
            "Usage": usage,
        },
    }


def account(number: int) -> list[bytes]:
    balance = {"Tenant": "perf", "Account": f"a{number}", "BalanceType": "*monetary", "Value": 1_000_000, "Balance": {"ID": "cash"}}
    return [request("APIerSv1.AddBalance", balance)]


def begun(number: int, accounts: int) -> list[bytes]:
    event = event_of("open", number, accounts, "60s")
    return [request("SessionSv1.InitiateSession", {"InitSession": True, **event})]


def whole(round_: int, number: int, accounts: int) -> list[bytes]:
    event, end = event_of(f"r{round_}", number, accounts, "60s"), event_of(f"r{round_}", number, accounts, "90s")
    return [
        request("SessionSv1.InitiateSession", {"InitSession": True, **event}),
        request("SessionSv1.UpdateSession", {"UpdateSession": True, **event}),
        request("SessionSv1.TerminateSession", {"TerminateSession": True, **end}),
        request("SessionSv1.ProcessCDR", end),
    ]


def pieces(count: int) -> Iterator[range]:
    for start in range(0, count, PIECE):
        yield range(start, min(start + PIECE, count))


class Soak:
    """One gateway and what is seen of it."""

    def __init__(self, port: int, pid: int, state: Path, options: argparse.Namespace) -> None:
        self.client = Client(port)
        self.pid = pid
        self.state = state
        self.accounts, self.open, self.sessions, self.rounds = options.accounts, options.open, options.sessions, options.rounds

    async def run(self, plan: Path) -> int:
        await self.client.open()
        await self.client.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})
        print(f"{'':<28}{'MiB resident':>13}{'MiB of files':>13}{'events/s':>10}{'CPU us/event':>14}", flush=True)
        self.say("empty", 0, 0.0, 0.0)
        await self.drive("accounts", [(account, (number,)) for number in range(self.accounts)])
        full = await self.drive("open sessions", [(begun, (number, self.accounts)) for number in range(self.open)])
        seen = []
        for round_ in range(self.rounds):
            work = [(whole, (round_, number, self.accounts)) for number in range(self.sessions // self.rounds)]
            seen.append(await self.drive(f"{(round_ + 1) * len(work):,} further sessions", work))
        most = MOST_MIB * max(self.accounts, self.open) / FULL
        failed = self.open >= FULL and full > most
        if failed:
            print(f"{full:.0f} MiB are more than {most:.0f}")
        if len(seen) > 1 and seen[-1] > seen[0] * (1 + GROWTH):
            print(f"it grew from {seen[0]:.0f} to {seen[-1]:.0f} MiB")
            failed = True
        return int(failed)

    async def drive(self, name: str, work: list) -> float:  # type: ignore[type-arg]
        cpu, began, events = cpu_seconds(self.pid), time.perf_counter(), 0
        for piece in pieces(len(work)):
            chains = [work[place][0](*work[place][1]) for place in piece]
            events += sum(map(len, chains))
            await self.client.drive(chains, IN_FLIGHT)
        return self.say(name, events, time.perf_counter() - began, cpu_seconds(self.pid) - cpu)

    def say(self, name: str, events: int, took: float, cpu: float) -> float:
        resident = resident_mib(self.pid)
        files = sum(file.stat().st_size for file in self.state.iterdir()) / 2**20
        rates = f"{events / took:>10,.0f}{cpu / events * 1e6:>14.0f}" if events else ""
        print(f"{name:<28}{resident:>13.0f}{files:>13.0f}{rates}", flush=True)
        return resident


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=FULL)
    parser.add_argument("--open", type=int, default=FULL, help="sessions that stay open")
    parser.add_argument("--sessions", type=int, default=1_000_000, help="further sessions")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="tollwire-soak-"))
    port = free_port()
    (home / "config").mkdir()
    (home / "config" / "tollwire.toml").write_text(f'[listen]\nrpc_json = "127.0.0.1:{port}"\nhttp = ""\nbirpc_json = ""\n')
    write_plan(home / "plan")
    words = [sys.executable, "-m", "gateway", "serve", "--config", str(home / "config"), "--state", str(home / "state")]
    server = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        return asyncio.run(Soak(port, server.pid, home / "state", options).run(home / "plan"))
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
