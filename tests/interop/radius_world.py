"""A world where NASes ask: the gateway answers RADIUS with the configuration beside this file. What crossed the wire is looked at twice,
by tshark with the secret, and by the digests of tests/acceptance/radiuswire.py.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from pathlib import Path

from tests.acceptance import radiuswire as wire
from tests.gateway.servers import ROOT
from tests.interop.world import DISCARD, HERE, SOON_SECONDS, GatewayError, Program, World, blamed, filled, laid

RADIUS = HERE / "radius"
SAMPLE, SAMPLE_PLAN = ROOT / "packaging" / "config" / "radius", ROOT / "packaging" / "tariffplans" / "radius"
SECRET = b"interop-secret"
AUTH, ACCT, DYNAMIC, OURS = 1812, 1813, 3799, 3800  # on the last one the gateway is asked what NASes are asked on the one before
OCTETS_IN, OCTETS_OUT = 42, 43
SECOND = Decimal("0.001")  # of a session, as of a call to 4930
PATIENT_SECONDS = 25  # for an answer; it is asked once, so that no answer gets lost unseen
_REQUESTS = (wire.ACCESS_REQUEST, wire.ACCOUNTING_REQUEST, wire.STATUS, wire.DISCONNECT_REQUEST, wire.COA_REQUEST)
_PORTS = f"udp port {AUTH} or udp port {ACCT} or udp port {DYNAMIC} or udp port {OURS}"


@dataclass(frozen=True)
class Exchange:
    """A request and its answer (empty where none came), and the port that was asked."""

    port: int
    request: bytes
    answer: bytes

    @property
    def code(self) -> int:
        """That of the answer; 0 where none came."""
        return self.answer[0] if self.answer else 0

    def asked(self, kind: int) -> bytes:
        """An attribute of the request; empty where it has none."""
        return wire.first(self.request, kind) or b""

    def told(self, kind: int) -> bytes:
        """An attribute of the answer; empty where it has none."""
        return (wire.first(self.answer, kind) or b"") if self.answer else b""

    @property
    def user(self) -> str:
        return self.asked(wire.USER_NAME).decode().partition("@")[0]

    @property
    def status(self) -> int:
        """Acct-Status-Type."""
        return int.from_bytes(self.asked(wire.STATUS_TYPE), "big")


class RadiusWorld(World):
    """A gateway that NASes ask."""

    def begin_with_samples(self, interface: str = "lo", *words: str) -> None:
        """Starts capture and gateway, with the sample configuration and plan, and further words of its command."""
        self.listen(interface, _PORTS)
        self.serve(SAMPLE, *words, plan=SAMPLE_PLAN, RADIUS_SECRET=SECRET.decode())

    def begin(self, interface: str = "lo", signed: str = "auto", more: str = "") -> None:
        """Starts capture and gateway. `signed` is radius_agent.message_authenticator, `more` further configuration."""
        config = self.folder / "config"
        config.mkdir()
        filled(RADIUS / "tollwire.toml", config / "tollwire.toml", DICTIONARY=RADIUS / "dictionary", SIGNED=signed)
        if more:
            (config / "tollwire2.toml").write_text(more)
        self.listen(interface, _PORTS)
        self.serve(config)

    def give(self, account: str, money: str) -> None:
        """Money for an account, which is made where it is not there."""
        cash = {"Tenant": "default", "Account": account, "BalanceType": "*monetary", "Value": Decimal(money), "Balance": {"ID": "money"}}
        self.call("APIerSv1.AddBalance", cash)

    def exchanges(self, but: int = 0) -> list[Exchange]:
        """Ends gateway and capture; everything that was asked, and answered, but on a port that is somebody else's. GatewayError where
        something is not signed as it should be."""
        self.stop()
        if found := complaints(self.capture):
            raise GatewayError(f"tshark says of what was captured: {found}")
        exchanges = [one for one in _paired(datagrams(self.capture)) if one.port != but]
        for one in exchanges:
            if one.answer and (why := wire.fault(one.answer, one.request, SECRET)):
                raise GatewayError(f"{why}: {one}")
            if one.request[0] in (wire.DISCONNECT_REQUEST, wire.COA_REQUEST) and (why := wire.request_fault(one.request, SECRET)):
                raise GatewayError(f"{why}: {one}")
        return exchanges


@contextmanager
def radius_world(folder: Path) -> Iterator[RadiusWorld]:
    """A story's world, as world.world."""
    with ExitStack() as stack:
        here = RadiusWorld(folder, stack)
        with blamed(here):
            yield here


def session_times(found: list[Exchange]) -> dict[str, int]:
    """Acct-Session-Time of every user's Stop, seconds."""
    return {one.user: int.from_bytes(one.asked(wire.SESSION_TIME), "big") for one in found if one.port == ACCT and one.status == wire.STOP}


def session_octets(found: list[Exchange]) -> dict[str, int]:
    """What every user's Stop says was used, both ways, octets (less than 2**32 each way)."""
    stops = (one for one in found if one.port == ACCT and one.status == wire.STOP)
    return {one.user: sum(int.from_bytes(one.asked(kind), "big") for kind in (OCTETS_IN, OCTETS_OUT)) for one in stops}


def octet_price(octets: int) -> Decimal:
    """What the sample plan asks for octets: 0.01 for a mebibyte, by the kibibyte, rounded up to six decimals."""
    return (-(-octets // 1024) * Decimal("0.01") / 1024).quantize(Decimal("1e-6"), ROUND_UP)


def datagrams(capture: Path) -> list[tuple[int, int, bytes]]:
    """Ports and octets of every datagram but our own last one."""
    told = _tshark(capture, "-Y", f"udp.port != {DISCARD}", "-T", "fields", "-e", "udp.srcport", "-e", "udp.dstport", "-e", "udp.payload")
    rows = (line.split("\t") for line in told.splitlines())
    return [(int(source), int(target), bytes.fromhex(octets.replace(":", ""))) for source, target, octets in rows]


def _paired(found: list[tuple[int, int, bytes]]) -> Iterator[Exchange]:
    """Octets that are sent again, because the machine stood still until then, are one request."""
    for place, (source, target, octets) in enumerate(found):
        if octets[0] in _REQUESTS and (source, target, octets) not in found[:place]:
            answers = (
                one for one in found[place:] if one[:2] == (target, source) and one[2][1] == octets[1] and one[2][0] not in _REQUESTS
            )
            yield Exchange(target, octets, next(answers, (0, 0, b""))[2])


def complaints(capture: Path) -> list[str]:
    """What tshark calls malformed, or signed wrongly."""
    wanted = 'radius && (_ws.malformed || radius.authenticator.invalid == 1 || _ws.expert.severity == "Error")'
    told = _tshark(capture, "-Y", wanted, "-T", "fields", "-e", "frame.number", "-e", "udp.srcport", "-e", "_ws.expert.message")
    return told.splitlines()


def _tshark(capture: Path, *words: str) -> str:
    signed = ("-o", f"radius.shared_secret:{SECRET.decode()}", "-o", "radius.validate_authenticator:TRUE")
    ran = subprocess.run(["tshark", "-n", *signed, "-r", str(capture), *words], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def freeradius(here: World, run: Path) -> Program:
    """FreeRADIUS with what lies in a folder, ready."""
    laid("freeradius/dictionary", run / "dictionary")
    started = here.program(f"freeradius-{run.name}", "freeradius", "-d", run, "-n", "radiusd", "-f", "-l", "stdout")
    started.until(lambda: "Ready to process requests" in started.text(), "FreeRADIUS is ready")
    return started


def radclient(here: World, kind: str, attributes: str, *words: str, port: int = 0, secret: bytes = SECRET, status: int = 0) -> str:
    """What radclient says of one request; AssertionError where its exit status is another (0: answered and not refused)."""
    port = port or {"auth": AUTH, "acct": ACCT, "status": AUTH, "coa": OURS, "disconnect": OURS}[kind]
    command = ["radclient", "-x", "-r", "1", "-t", str(PATIENT_SECONDS), *words, f"127.0.0.1:{port}", kind, secret.decode()]
    ran = subprocess.run(command, input=attributes, capture_output=True, text=True, timeout=SOON_SECONDS, check=False, cwd=here.folder)
    assert ran.returncode == status, f"{attributes}\n{ran.stdout}{ran.stderr}\n{here.gateway.text()[-2000:]}"
    return ran.stdout + ran.stderr


def said(text: str, name: str) -> list[str]:
    """The values of an attribute in what radclient printed of the answer."""
    answer = text.partition("Received ")[2]
    return [value.strip('"') for value in re.findall(rf"^\s+{re.escape(name)} = (.*)$", answer, re.MULTILINE)]
