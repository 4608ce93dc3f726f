"""Memory and files of a gateway that works for long: python -m tests.perf.soak [--accounts N] [--open N] [--sessions N] [--rounds N]

Accounts are made, sessions are begun and left open, then further sessions come and go (begin, update, end, record) in rounds. After each
round the table has the resident memory of the server's process and the size of its files. The exit status is 1 when the memory
with accounts and open sessions is above MOST_MIB for 100,000 of each, or when the last round has more than GROWTH above the first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.cli.measure.plan import TENANT, write_plan
from gateway.cli.measure.process import Process
from tests.gateway.servers import Gateway

MOST_MIB = 600
FULL = 100_000  # accounts and open sessions that MOST_MIB is for
GROWTH = 0.05
SLACK_MIB = 10  # for runs of a few sessions
IN_FLIGHT = 64
PIECE = 2_000  # chains that are made at a time


def request(method: str, params: object) -> bytes:
    return b'{"method":"' + method.encode() + b'","params":[' + json.dumps(params).encode() + b'],"id":@ID@}\n'


class Link:
    """One connection with IN_FLIGHT requests under way."""

    async def open(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.reader, self.writer = await asyncio.open_connection(host, int(port), limit=1 << 24)

    async def drive(self, chains: list[list[bytes]]) -> None:
        """Sends the requests of each chain one after the other, IN_FLIGHT chains at a time."""
        waiting = list(reversed(chains))
        under_way: dict[int, tuple[list[bytes], int]] = {}
        ident = 0
        while waiting or under_way:
            while waiting and len(under_way) < IN_FLIGHT:
                ident += 1
                under_way[ident] = (waiting.pop(), 0)
                self.writer.write(under_way[ident][0][0].replace(b"@ID@", b"%d" % ident))
            line = await self.reader.readline()
            if b'"error":null' not in line:
                raise RuntimeError(line[:300].decode())
            done = int(line[6 : line.index(b",")])
            chain, step = under_way.pop(done)
            if step + 1 < len(chain):
                under_way[done] = (chain, step + 1)
                self.writer.write(chain[step + 1].replace(b"@ID@", b"%d" % done))


def event_of(origin: str, number: int, accounts: int, usage: str) -> dict[str, object]:
    account = f"a{number % accounts}"
    return {
        "Tenant": TENANT,
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
    balance = {"Tenant": TENANT, "Account": f"a{number}", "BalanceType": "*monetary", "Value": 1_000_000, "Balance": {"ID": "cash"}}
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

    def __init__(self, served: Gateway, options: argparse.Namespace) -> None:
        self.link = Link()
        self.served = served
        self.process = Process(served.process.pid)
        self.accounts: int = options.accounts
        self.open: int = options.open
        self.sessions: int = options.sessions
        self.rounds: int = options.rounds

    async def run(self) -> int:
        await self.link.open(self.served.address)
        print(f"{'':<28}{'MiB resident':>13}{'MiB of files':>13}{'events/s':>10}{'CPU us/event':>14}", flush=True)
        self.say("empty", 0, 0.0, 0.0)
        await self.drive("accounts", self.accounts, account)
        full = await self.drive("open sessions", self.open, lambda number: begun(number, self.accounts))
        seen: list[int] = []
        each = self.sessions // self.rounds
        for turn in range(self.rounds):
            name = f"{(turn + 1) * each:,} further sessions"
            seen.append(await self.drive(name, each, lambda number, turn=turn: whole(turn, number, self.accounts)))  # type: ignore[misc]
        failed = False
        if self.open >= FULL and full > MOST_MIB:
            print(f"{full} MiB are more than {MOST_MIB}")
            failed = True
        if len(seen) > 1 and seen[-1] > seen[0] * (1 + GROWTH) + SLACK_MIB:
            print(f"it grew from {seen[0]} to {seen[-1]} MiB")
            failed = True
        return int(failed)

    async def drive(self, name: str, count: int, make: Callable[[int], list[bytes]]) -> int:
        cpu, began, events = self.process.cpu_seconds(), time.perf_counter(), 0
        for piece in pieces(count):
            chains = [make(number) for number in piece]
            events += sum(map(len, chains))
            await self.link.drive(chains)
        return self.say(name, events, time.perf_counter() - began, self.process.cpu_seconds() - cpu)

    def say(self, name: str, events: int, took: float, cpu: float) -> int:
        resident = self.process.memory_mib()
        files = sum(file.stat().st_size for file in self.served.state.iterdir()) >> 20
        rates = f"{events / took:>10,.0f}{cpu / events * 1e6:>14.0f}" if events else ""
        print(f"{name:<28}{resident:>13}{files:>13}{rates}", flush=True)
        return resident


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=FULL)
    parser.add_argument("--open", type=int, default=FULL, help="sessions that stay open")
    parser.add_argument("--sessions", type=int, default=200_000, help="further sessions; 1000000 is the whole proof")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollwire-soak-") as name:
        home = Path(name)
        write_plan(home / "plan")
        served = Gateway(home)
        try:
            served.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(home / "plan")})
            return asyncio.run(Soak(served, options).run())
        finally:
            served.kill()


if __name__ == "__main__":
    sys.exit(main())
