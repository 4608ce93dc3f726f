"""What a story is told with: a gateway on its usual ports, programs beside it, a capture of what they say to each other.

Everything in here runs inside a network namespace of its own (`__main__.py`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from pathlib import Path

from gateway.cli.client import RefusedError
from tests.gateway.servers import ROOT, Gateway, until
from tests.interop import decoded

HERE = Path(__file__).parent
CONFIG = ROOT / "packaging" / "config" / "diameter"
PLAN = ROOT / "packaging" / "tariffplans" / "diameter"
DIAMETER = 3868
BUILT = ROOT / "build" / "interop"
SETTLE_SECONDS = 0.4  # dumpcap hands packets on in lots
SOON_SECONDS = 15.0  # until what was sent has arrived, on a machine with much to do


def listening(port: int) -> bool:
    """Whether somebody accepts TCP connections on a port of loopback."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Program:
    """A program of other people, its output in a file; ended whatever happens."""

    def __init__(self, folder: Path, name: str, *words: str | Path, **environment: str) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "HOME": str(folder), **environment},
                start_new_session=True,
            )

    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    def wait(self, seconds: float = 30) -> int:
        """Its exit status."""
        return self.process.wait(seconds)

    def until(self, found: Callable[[], object], what: str, seconds: float = 15) -> None:
        """Waits until something is true. AssertionError with what it said when it ends before that, or at the deadline."""
        try:
            until(lambda: found() or self.process.poll() is not None, what, seconds)
            assert found(), f"{what}: the program ended"
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()[-3000:]}") from None

    def end(self, number: int = signal.SIGTERM, seconds: float = 10) -> None:
        """Asks it to end, and makes it end with all that it started."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)


class World:
    """A gateway with the sample set-up, and a capture that runs while the story does."""

    gateway: Gateway

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.capture = folder / "capture.pcapng"

    def program(self, name: str, *words: str | Path, **environment: str) -> Program:
        """A program that ends with the story."""
        started = Program(self.folder, name, *words, **environment)
        self.stack.callback(started.end)
        return started

    def start(self, *words: str) -> None:
        """Starts the capture and the gateway with the sample configuration and plan."""
        self.listen("lo", "tcp port 3868 or tcp port 3870")
        self.serve(CONFIG, *words)
        until(lambda: listening(DIAMETER), "it listens for Diameter peers")

    def listen(self, interface: str, packets: str) -> None:
        """Starts the capture of packets, as libpcap's filters say which."""
        self.sniffer = self.program("dumpcap", "dumpcap", "-q", "-i", interface, "-f", packets, "-w", self.capture)
        self.sniffer.until(lambda: "File:" in self.sniffer.text(), "dumpcap captures")

    def serve(self, config: Path, *words: str) -> None:
        """Starts the gateway with a configuration, and loads the sample plan."""
        self.gateway = Gateway(self.folder / "gateway", "--config", str(config), *words)
        self.stack.callback(self.gateway.kill)
        self.gateway.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(PLAN)})

    def finish(self) -> list[decoded.Message]:
        """Ends gateway and capture, and returns what was captured. AssertionError where the gateway complained of itself, left something
        unanswered, or said what tshark cannot read."""
        self.stop()
        found = decoded.complaints(self.capture, (DIAMETER,))
        assert not found, f"tshark says of the gateway's messages: {found}"
        return decoded.read_messages(self.capture)

    def stop(self) -> None:
        """Ends gateway and capture. AssertionError where the gateway complained of itself."""
        if self.gateway.process.poll() is None:
            self.gateway.stop()
        assert self.gateway.process.returncode == 0, self.gateway.text()
        assert "Traceback" not in self.gateway.text(), self.gateway.text()
        time.sleep(SETTLE_SECONDS)
        self.sniffer.end(signal.SIGINT)

    # -- what became of the money --------------------------------------------------------------------------------------

    def call(self, method: str, params: object) -> object:
        return self.gateway.call(method, params)

    def balance(self, account: str, kind: str = "*monetary") -> Decimal:
        """What an account holds of a kind."""
        found = self.call("APIerSv2.GetAccount", {"Tenant": "default", "Account": account})
        assert isinstance(found, dict)
        return sum((Decimal(str(one["Value"])) for one in found["BalanceMap"].get(kind) or ()), Decimal())

    def records(self, account: str, least: int = 1) -> list[tuple[str, str, str, Decimal]]:
        """Type, destination, usage and cost of every record of an account, in their order, once there are as many as `least`: a switch
        reports a call that is over when its caller has gone already. AssertionError where they do not come."""
        until(lambda: len(self._records(account)) >= least, f"{account} has {least} records", SOON_SECONDS)
        return self._records(account)

    def _records(self, account: str) -> list[tuple[str, str, str, Decimal]]:
        try:
            found = self.call("APIerSv2.GetCDRs", {"Accounts": [account], "OrderBy": "OrderID"})
        except RefusedError as error:
            if str(error) != "NOT_FOUND":
                raise
            return []
        assert isinstance(found, list)
        return [(one["ToR"], one["Destination"], str(one["Usage"]), Decimal(str(one["Cost"]))) for one in found]

    def sessions(self, account: str) -> int:
        """How many sessions of an account are open. A refused one stays until its client ends it, or its time to live is over."""
        found = self.call("SessionSv1.GetActiveSessionsCount", {"Tenant": "default", "Filters": [f"*string:~*req.Account:{account}"]})
        assert isinstance(found, int)
        return found

    def over(self, account: str) -> None:
        """Waits until no session of an account is open. AssertionError where one stays."""
        until(lambda: self.sessions(account) == 0, f"the sessions of {account} are over", SOON_SECONDS)


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A story's world; everything in it ends with the block."""
    with ExitStack() as stack:
        yield World(folder, stack)


def built(name: str, sources: Sequence[Path], build: Callable[[Path], None]) -> Path:
    """A folder with what `build` makes of sources, made once for each state of them; several runs at a time do not meet."""
    stamp = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = BUILT / f"{name}-{stamp}"
    if not folder.is_dir():
        made = BUILT / f"{name}-{stamp}.{os.getpid()}"
        made.mkdir(parents=True)
        build(made)
        try:
            made.rename(folder)
        except OSError:
            shutil.rmtree(made)  # another run was quicker
    return folder


def filled(template: Path, target: Path, **words: object) -> Path:
    """A configuration with its @WORDS@ filled in."""
    text = template.read_text()
    for name, value in words.items():
        text = text.replace(f"@{name}@", str(value))
    target.write_text(text)
    return target
