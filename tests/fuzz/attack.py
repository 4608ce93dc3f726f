"""Throws requests at a gateway process and looks at what comes back; what a run found stands in `Attack.findings`."""

from __future__ import annotations

import json
import random
import re
import socket
import time
from collections import Counter
from pathlib import Path
from shutil import copytree
from typing import Final

from gateway.api.methods import ROWS
from gateway.api.table import Method
from gateway.cli.client import read_server
from gateway.protocols.jsonrpc.splitter import Splitter
from tests.fuzz.values import Values
from tests.gateway.servers import ROOT, Gateway

BATCH: Final = 64  # requests in flight
ANSWER_SECONDS: Final = 60.0  # a batch that takes longer is a hang; the slowest single request is a plan loaded from disk
SPOILT: Final = 0.03  # share of requests whose bytes are spoilt
# these wait on purpose, until a lock is free or a time is over
SLOW: Final = frozenset({"CoreSv1.Sleep", "SessionSv1.Sleep", "GuardianSv1.RemoteLock"})
# what no client may get to read: our own fault, or Python's own words
INTERNAL: Final = re.compile(
    r"internal error|Traceback|NoneType|has no attribute|not subscriptable|unsupported operand|KeyError|ValueError|TypeError|<class|"
    r"invalid literal|could not convert|codec can't|index out of range|unhashable|object is not|must be (str|int|real)|Errno|sqlite|"
    r"msgspec|Decimal\(|Decimal[A-Z]|\.py\b|0x[0-9a-f]{8}|too large to convert|surrogates not allowed|positional argument|"
    r"not supported between|embedded null|recursion"
)
_LOGGED: Final = re.compile(r"level=(error|critical)|Traceback|call failed|could not be done")


TENANT: Final = "default"
PLAN: Final = {
    "Destinations.csv": "DST_1,49\nDST_2,4420\n",
    "Timings.csv": "PEAK,*any,*any,*any,1;2;3;4;5,08:00:00\n",
    "Rates.csv": "RT_1,0.1,0.6,60s,1s,0s\nRT_2,0,0.01,1s,1s,0s\nRT_3,0,1,1,1,0\n",
    "DestinationRates.csv": "DR_1,DST_1,RT_1,*up,4,0,\nDR_1,DST_2,RT_2,*middle,6,1,*free\nDR_2,*any,RT_3,*down,2,0,\n",
    "RatingPlans.csv": "RP_1,DR_1,*any,10\nRP_1,DR_1,PEAK,20\nRP_2,DR_2,*any,10\n",
    "RatingProfiles.csv": "".join(
        f"{tenant},{category},*any,2014-01-14T00:00:00Z,{plan},\n"
        for tenant in ("default", "cgrates.org")
        for category, plan in (("call", "RP_1"), ("data", "RP_2"), ("sms", "RP_2"), ("", "RP_1"))
        if category
    ),
    "Chargers.csv": "default,CH_1,,,*default,*none,20\ncgrates.org,CH_1,,,*default,*none,20\n",
    "Actions.csv": "ACT_1,*topup,,,,*monetary,,*any,,,*unlimited,,10,10,false,false,10\n",
}


def prepare(gateway: Gateway, folder: Path) -> None:
    """Gives it a tariff and accounts, so that not every request ends at a name that is unknown."""
    folder.mkdir()
    for name, text in PLAN.items():
        (folder / name).write_text(text)
    with gateway.client() as client:
        assert client.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(folder)}) == "OK"
        for account in ("1001", "1002", "1003"):
            for tenant in (TENANT, "cgrates.org"):
                for kind, value in (("*monetary", 1_000_000), ("*voice", 10**15), ("*data", 10**12), ("*sms", 1_000_000)):
                    balance = {"Tenant": tenant, "Account": account, "BalanceType": kind, "Value": value, "Balance": {"ID": f"{kind}0"}}
                    client.call("APIerSv1.AddBalance", balance)


class Attack:
    """One client that knows no manners. `findings` says what should not have happened, with the request that did it."""

    def __init__(self, gateway: Gateway, seed: int) -> None:
        self.gateway = gateway
        self.chance = random.Random(seed)
        sample = gateway.state.parent / "sample"  # a copy: exports go there too
        copytree(ROOT / "packaging" / "tariffplans" / "tutorial", sample)
        self.values = Values(self.chance, (str(sample), "", "/nonexistent", "plan", "a\x00b", "/dev/null", "x" * 5000, "\ud800", "."))
        self.rows: list[Method] = [row for row in ROWS if row.handler is not None and row.name not in SLOW]
        self.findings: list[str] = []
        self.answers: Counter[str] = Counter()
        self.slowest = (0.0, b"")
        self.requests = 0
        self._socket: socket.socket | None = None

    def request(self) -> bytes:
        """The next request, without its id."""
        row = self.chance.choice(self.rows)
        draw = self.chance.random()
        if draw < 0.9:
            params = f"[{self.values.of(row.args, 'Arg')}]"
        elif draw < 0.97:
            params = f"[{self.values.anything()}]"
        else:
            params = self.values.anything()
        name = row.name if self.chance.random() < 0.995 else self.chance.choice((row.name.lower(), "X.Y", "", "APIerSv1", "a.b.c", "\x00."))
        return f'{{"method":{json.dumps(name)},"params":{params}'.encode("utf-8", "surrogatepass")

    def run(self, seconds: float, requests: int) -> None:
        """Attacks for so long, or with so many requests, or until something was found."""
        end, last = time.monotonic() + seconds, self.requests + requests
        while time.monotonic() < end and self.requests < last and not self.findings:
            self.batch([self.request() for _ in range(BATCH)])
            if self.chance.random() < SPOILT * 4:
                self.spoil()

    def close(self) -> None:
        """Ends its connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def batch(self, requests: list[bytes]) -> None:
        """Sends requests at once and reads as many answers."""
        sent = dict(enumerate(requests))
        began = time.monotonic()
        try:
            if self._socket is None:
                self._socket = self.connect()
            self._socket.sendall(b"".join(text + b',"id":%d}\n' % number for number, text in sent.items()))
            splitter = Splitter(1 << 30)
            while sent:
                data = self._socket.recv(1 << 20)
                if not data:
                    raise ConnectionError("the connection was closed")
                splitter.feed(data)
                while (frame := splitter.next_frame()) is not None:
                    self.look(sent, frame, time.monotonic() - began)
        except OSError as error:
            for text in requests:
                self.findings.append(f"{error!r} after {time.monotonic() - began:.1f} s; unanswered {len(sent)}: {show(text)}")
        self.requests += len(requests)

    def look(self, sent: dict[int, bytes], frame: bytes, took: float) -> None:
        answer = json.loads(frame)
        request = sent.pop(answer["id"])
        if took > self.slowest[0]:
            self.slowest = (took, request)
        error = answer["error"]
        self.answers["answered" if error is None else kind_of(str(error))] += 1
        if list(answer) != ["id", "result", "error"] or (
            error is not None and (answer["result"] is not None or not isinstance(error, str))
        ):
            self.findings.append(f"no answer by the protocol: {frame[:500]!r} to {show(request)}")
        elif error is not None and (INTERNAL.search(error) or not error):
            self.findings.append(f"{error[:300]!r} to {show(request)}")

    def spoil(self) -> None:
        """Sends spoilt bytes on a connection of their own, and waits until the gateway has dealt with them."""
        with self.connect() as link:
            try:
                link.sendall(self.values.spoilt(self.request() + b',"id":1}\n'))
                link.shutdown(socket.SHUT_WR)
                while link.recv(1 << 20):
                    pass
            except TimeoutError:
                self.findings.append("spoilt bytes: no end of the connection")
            except OSError:
                pass  # it was dropped: as it should be

    def connect(self) -> socket.socket:
        link = socket.create_connection(read_server(self.gateway.address), ANSWER_SECONDS)
        link.settimeout(ANSWER_SECONDS)
        return link

    def logged(self) -> list[str]:
        """Lines of the log that tell of a fault of ours."""
        return [line for line in self.gateway.text().splitlines() if _LOGGED.search(line)]


def kind_of(error: str) -> str:
    """An error without what is particular in it."""
    return re.sub(r"[\d.]+", "0", error.partition(":")[0] + ":" + error.partition(":")[2][:24])[:60]


def show(request: bytes) -> str:
    return request[:1500].decode("utf-8", "replace")


def resident_bytes(pid: int) -> int:
    """What a process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
