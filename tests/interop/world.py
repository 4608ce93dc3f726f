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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from pathlib import Path

from gateway.cli.client import RefusedError
from tests.gateway.servers import ROOT, Gateway, environment, until
from tests.interop import decoded

HERE = Path(__file__).parent
DIALPLANS = ROOT / "dialplans"
CONFIG = ROOT / "packaging" / "config" / "diameter"
PLAN = ROOT / "packaging" / "tariffplans" / "diameter"
DIAMETER = 3868
BUILT = ROOT / "build" / "interop"
DISCARD = 9  # the port (RFC 863) of the packet that a capture ends with
BESIDE_SECONDS = 1.0  # until dumpcap has read other interfaces, too, when it has read one
SOON_SECONDS = 60.0  # until what was sent has arrived, on a machine that may stand still in between


class OurError(AssertionError):
    """What no program of other people can be to blame for: such a story is told once (test_interop.py)."""


class MoneyError(OurError):
    """A sum is wrong."""


class GatewayError(OurError):
    """The gateway has complained of itself, or has said what tshark cannot read."""


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

    def wait(self, seconds: float = SOON_SECONDS) -> int:
        """Its exit status."""
        return self.process.wait(seconds)

    def until(self, found: Callable[[], object], what: str, seconds: float = SOON_SECONDS) -> None:
        """Waits until something is true. AssertionError with what it said when it ends before that, or at the deadline."""
        try:
            until(lambda: found() or self.process.poll() is not None, what, seconds)
            assert found(), f"{what}: the program ended"
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()[-3000:]}") from None

    def end(self, number: int = signal.SIGTERM, seconds: float = 30) -> None:
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
        self.captured = "lo"

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
        """Starts the capture of packets, as libpcap's filters say which; and of the last one, which goes over loopback (`settle`)."""
        self.captured, last = interface, f"udp port {DISCARD}"
        where = ["-i", interface, "-f", f"({packets}) or {last}"] + ([] if interface == "lo" else ["-i", "lo", "-f", last])
        self.sniffer = self.program("dumpcap", "dumpcap", "-q", *where, "-w", self.capture)
        self.sniffer.until(lambda: "File:" in self.sniffer.text(), "dumpcap captures")

    def serve(self, config: Path, *words: str, plan: Path = PLAN, **variables: str) -> None:
        """Starts the gateway with a configuration and variables of its environment, and loads a sample plan."""
        self.gateway = Gateway(self.folder / "gateway", "--config", str(config), *words, env=environment(**variables))
        self.stack.callback(self.gateway.kill)
        self.gateway.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})

    def finish(self) -> list[decoded.Message]:
        """Ends gateway and capture, and returns what was captured. GatewayError where the gateway complained of itself, or said what
        tshark cannot read."""
        self.stop()
        if found := decoded.complaints(self.capture, (DIAMETER,)):
            raise GatewayError(f"tshark says of the gateway's messages: {found}")
        return decoded.read_messages(self.capture)

    def stop(self) -> None:
        """Ends gateway and capture. GatewayError where the gateway complained of itself."""
        if self.gateway.process.poll() is None:
            self.gateway.stop()
        self.look_at_gateway()
        if self.gateway.process.returncode != 0:
            raise GatewayError(self.gateway.text())
        self.settle()
        self.sniffer.end(signal.SIGINT)

    def settle(self) -> None:
        """Waits until dumpcap has read whatever was sent so far: what it has not when it is told to end is lost. A packet that we send
        ourselves is the last one; it is sent until it is in the file."""
        last = os.urandom(16)

        def has_come() -> bool:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
                link.sendto(last, ("127.0.0.1", DISCARD))
            return last in self.capture.read_bytes()

        until(has_come, "dumpcap has read everything", SOON_SECONDS)
        if self.captured != "lo":
            time.sleep(BESIDE_SECONDS)

    def look_at_gateway(self) -> None:
        """GatewayError where it has ended by itself, or its log tells of an error."""
        status, text = self.gateway.process.poll(), self.gateway.text()
        if status not in (None, 0, -signal.SIGKILL) or "Traceback" in text or "level=error" in text:
            raise GatewayError(f"the gateway ({status}) says:\n{text}")

    # -- what became of the money --------------------------------------------------------------------------------------

    def paid(self, account: str, had: Decimal | int) -> None:
        """Once all its sessions are over: MoneyError where what an account has left, and what its records cost, is not what it had."""
        self.over(account)
        cost = sum((max(record[3], Decimal()) for record in self._records(account)), Decimal())
        expect_money((self.balance(account), cost, self.balance(account) + cost), (had - cost, cost, had))

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


def expect_money(found: object, expected: object) -> None:
    """Sums are what they are to be, once everything that they come from has arrived; else MoneyError, which tells both."""
    if found != expected:
        raise MoneyError(f"\n  found    {found}\n  expected {expected}")


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A story's world; everything in it ends with the block. Whatever ends it early, a fault of the gateway is told as that."""
    with ExitStack() as stack:
        here = World(folder, stack)
        with blamed(here):
            yield here


@contextmanager
def blamed(here: World) -> Iterator[None]:
    """GatewayError in the place of any failure of the block where the gateway has complained of itself."""
    try:
        yield
    except OurError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if hasattr(here, "gateway"):
            try:
                here.look_at_gateway()
            except GatewayError as ours:
                raise ours from error
        raise


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


def laid(shipped: str, target: Path, changes: Mapping[str, str] | None = None) -> Path:
    """A file of dialplans/, laid where a program looks for it, with what is different here: parts of it, each of which it has once, and
    what stands in their place. AssertionError where it has not."""
    text = (DIALPLANS / shipped).read_text()
    for part, other in (changes or {}).items():
        assert text.count(part) == 1, f"{shipped} has {part!r} {text.count(part)} times"
        text = text.replace(part, other)
    target.write_text(text)
    return target
