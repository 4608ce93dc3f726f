"""How long a gateway with much to remember takes from exec to its first answer: python -m tests.perf.restart [SESSIONS]

As many accounts as sessions, every session begun and three times updated, so that the journal holds ten records and more of each; then
the process is killed. What is measured is the next one over the same state folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

import msgspec

from gateway.app import App
from gateway.cli.measure.plan import TENANT, write_plan
from gateway.cli.measure.process import Process
from gateway.config import load
from gateway.protocols.jsonrpc.request import Request
from tests.gateway.servers import environment
from tests.perf.startup import answers, cpu_seconds, waited

SESSIONS = 100_000
UPDATES = 3
TURN = 64  # calls between two looks at the loop
CONFIG = '[listen]\nrpc_json = ""\nhttp = ""\nbirpc_json = ""\n'


def call(method: str, params: object) -> Request:
    return msgspec.json.decode(json.dumps({"method": method, "params": [params], "id": 0}).encode(), type=Request)


def session(verb: str, flag: str, number: int, usage: str) -> Request:
    event = {
        "OriginID": f"s{number}",
        "OriginHost": "perf",
        "ToR": "*voice",
        "RequestType": "*prepaid",
        "Category": "call",
        "Account": f"a{number}",
        "Destination": f"{100_000 + number * 7 % 10_000}55",
        "SetupTime": "2026-04-08T10:00:00Z",
        "AnswerTime": "2026-04-08T10:00:00Z",
        "Usage": usage,
    }
    return call(f"SessionSv1.{verb}", {flag: True, "Tenant": TENANT, "Event": event})


class Maker:
    """Fills a state folder through the calls that a client makes, without sockets."""

    def __init__(self, folder: Path) -> None:
        self.app = App(load(str(folder / "config")).tree, folder / "state", {})
        self.calls = 0

    async def ask(self, request: Request) -> None:
        answer = self.app.server.dispatcher.call(request)
        body = (await answer)[0] if isinstance(answer, Awaitable) else answer
        assert b'"error":null' in body, body
        self.calls += 1
        if self.calls % TURN == 0:
            await asyncio.sleep(0)

    async def make(self, folder: Path, count: int) -> None:
        self.app.storage.start(asyncio.get_running_loop())
        await self.ask(call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(folder / "plan")}))
        for number in range(count):
            balance = {"Tenant": TENANT, "Account": f"a{number}", "BalanceType": "*monetary", "Value": 100, "Balance": {"ID": "cash"}}
            await self.ask(call("APIerSv1.AddBalance", balance))
            await self.ask(session("InitiateSession", "InitSession", number, "60s"))
            for _ in range(UPDATES):
                await self.ask(session("UpdateSession", "UpdateSession", number, "60s"))
        await self.app.storage.journal.wait(self.app.storage.journal.last_ticket)
        os._exit(0)  # as a kill would end it: nothing is closed


def measured(folder: Path, count: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    where = ["--config", str(folder / "config"), "--state", str(folder / "state"), "--set", f"listen.rpc_json={address}"]
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "gateway", "serve", *where], env=environment(), stderr=subprocess.DEVNULL, cwd=folder)
    try:
        seconds = waited(lambda: answers(address), began)
        print(f"{count:,} accounts and as many open sessions, {sum(f.stat().st_size for f in (folder / 'state').iterdir()) >> 20} MiB")
        print(
            f"exec to an answer {seconds:.1f} s, of CPU {cpu_seconds(process.pid):.1f} s; {Process(process.pid).memory_mib()} MiB resident"
        )
    finally:
        process.kill()
        process.wait()


def main() -> None:
    if sys.argv[1:2] == ["make"]:
        folder = Path(sys.argv[2])
        asyncio.run(Maker(folder).make(folder, int(sys.argv[3])))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config").mkdir()
        (folder / "config" / "tollwire.toml").write_text(CONFIG)
        write_plan(folder / "plan")
        subprocess.run([sys.executable, "-m", "tests.perf.restart", "make", str(folder), str(count)], check=True)
        measured(folder, count)


if __name__ == "__main__":
    main()
