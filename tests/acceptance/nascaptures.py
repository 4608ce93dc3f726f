"""The captures of real NASes (tests/recordings/radius-nas) as what a gateway is asked again, and what came of their sessions."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.acceptance import radiuswire as wire
from tests.acceptance.played import RECORDINGS

FOLDER = RECORDINGS / "radius-nas"
CONFIG = FOLDER / "cgrates"
ANSWER_TIME = 143  # Ascend-User-Acct-Time: when a Kamailio's call was answered, in its Stop
FAILED = 15
ANSWERED = {"sip_start": "Event-Timestamp", "sip_stop": "Ascend-User-Acct-Time"}  # processor: what says when a call was answered
ANSWER_SECONDS, SILENCE_SECONDS = 60.0, 0.3


@dataclass(frozen=True)
class Packet:
    """A packet of a capture: which way it went, on which port of the NAS (or of the asking side), and its octets."""

    channel: str
    to_server: bool
    port: int
    octets: bytes


@dataclass(frozen=True)
class Capture:
    """One capture. `accounts` is what they have; `events` are packets, and the names of the methods that an operator called."""

    name: str
    nas: str
    server: str
    secret: bytes
    wrong_password: bool
    accounts: dict[str, float]
    events: tuple[Packet | str, ...]


@cache
def captures() -> tuple[Capture, ...]:
    """All of them, in the order in which they were made as far as they tell."""
    return tuple(sorted((_capture(path) for path in sorted(FOLDER.glob("*.jsonl"))), key=_made_at))


def _made_at(capture: Capture) -> int:
    """The first instant that a capture tells; 0 where it tells none."""
    packets = [one.octets for one in capture.events if isinstance(one, Packet) and one.to_server]
    return next((int.from_bytes(stamp, "big") for one in packets if (stamp := wire.first(one, wire.EVENT_TIMESTAMP))), 0)


def _capture(path: Path) -> Capture:
    head, *lines = (json.loads(line) for line in path.read_text().splitlines())
    events: list[Packet | str] = []
    for line in lines:
        payload = line["payload"]
        if line["channel"].startswith("radius-"):
            events.append(Packet(line["channel"], line["to"] == "server", payload["port"], bytes.fromhex(payload["hex"])))
        elif line["channel"] == "rpc" and line["to"] == "engine":
            events.append(payload["method"])
    password = head.get("env", {}).get("PASS") is not None
    return Capture(path.stem, head["nas"], head["server"], head["secret"].encode(), password, head.get("accounts", {}), tuple(events))


def configuration() -> str:
    """The captures' own configuration, with two processors before theirs: EAP is refused, where it would be let in without a password, and
    a NAS that begins anew has its sessions ended. A call is known by when it was answered, too: a Call-ID comes again."""
    text = re.sub(r"^//.*$", "", (CONFIG / "cgrates.json").read_text(), flags=re.MULTILINE)
    found = json.loads(text)
    refuse = {
        "id": "no_eap",
        "filters": ["*string:~*vars.*radReqType:*radAuth", "*exists:~*req.EAP-Message:"],
        "flags": ["*none"],
        "reply_fields": [
            {"tag": "Code", "path": "*rep.*radReplyCode", "type": "*constant", "value": "AccessReject"},
            {"tag": "Why", "path": "*rep.Reply-Message", "type": "*constant", "value": "no EAP here"},
        ],
    }
    reset = {
        "id": "reset",
        "filters": ["*string:~*req.Acct-Status-Type:Accounting-On|Accounting-Off"],
        "flags": ["*nasreset"],
        "request_fields": [{"tag": "OriginHost", "path": "*cgreq.OriginHost", "type": "*variable", "value": "~*req.NAS-IP-Address"}],
    }
    found["radius_agent"]["request_processors"][:0] = [refuse, reset]
    for processor in found["radius_agent"]["request_processors"]:
        if processor["id"] in ANSWERED:
            (origin,) = (one for one in processor["request_fields"] if one["tag"] == "OriginID")
            origin["value"] += f";@;~*req.{ANSWERED[processor['id']]}"
    return json.dumps(found)


PLAN = {
    "Destinations": "DST_HOME,49\n",
    "Rates": "RT,0,0.01,1s,1s,0s\n",
    "DestinationRates": "DR,DST_HOME,RT,*up,4,0,\n",
    "RatingPlans": "RP,DR,*any,10\n",
    "RatingProfiles": "cgrates.org,call,*any,2020-01-01T00:00:00Z,RP,\n",
    "Chargers": "cgrates.org,CH,,,*default,*none,10\n",
}


@dataclass
class Spoken:
    """What the NAS said of one session: whose it is, and seconds by its Stop (None without one)."""

    account: str
    seconds: int | None = None


def sessions_of(capture: Capture) -> dict[str, Spoken]:
    """The sessions (and calls that failed) of a capture by their Acct-Session-Id."""
    found: dict[str, Spoken] = {}
    for event in capture.events:
        if not isinstance(event, Packet) or not event.to_server or event.octets[0] != wire.ACCOUNTING_REQUEST:
            continue
        status = int.from_bytes(wire.first(event.octets, wire.STATUS_TYPE) or b"", "big")
        if status in (wire.ON, wire.OFF):
            continue
        session = (wire.first(event.octets, wire.SESSION_ID) or b"").decode()
        account = (wire.first(event.octets, wire.USER_NAME) or b"").decode().partition("@")[0]
        spoken = found.setdefault(session, Spoken(account))
        if status == FAILED:
            spoken.seconds = 0
        elif status == wire.STOP:
            spoken.seconds = _seconds(event.octets)
    return found


def _seconds(stop: bytes) -> int:
    answered = wire.first(stop, ANSWER_TIME)
    if answered is not None:
        return int.from_bytes(wire.first(stop, wire.EVENT_TIMESTAMP) or b"", "big") - int.from_bytes(answered, "big")
    return int.from_bytes(wire.first(stop, wire.SESSION_TIME) or b"", "big")


class Ports:
    """The ports of a NAS, each a socket of ours, so that copies come from where the first came from."""

    def __init__(self, servers: dict[str, int]) -> None:
        """`servers`: channel to the gateway's port."""
        self._servers = servers
        self._sockets: dict[tuple[str, int], socket.socket] = {}

    def ask(self, packet: Packet, seconds: float = ANSWER_SECONDS) -> bytes:
        """The answer to a packet; nothing when none comes."""
        found = self._sockets.get((packet.channel, packet.port))
        if found is None:
            found = self._sockets[packet.channel, packet.port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            found.connect(("127.0.0.1", self._servers[packet.channel]))
        found.settimeout(seconds)
        found.send(packet.octets)
        try:
            return found.recv(4097)
        except TimeoutError:
            return b""

    def close(self) -> None:
        for one in self._sockets.values():
            one.close()


@dataclass
class Nas:
    """A NAS that acknowledges every Disconnect- and CoA-Request; `heard` is what it got."""

    secret: bytes
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        while True:
            try:
                packet, sender = self._socket.recvfrom(4097)
            except OSError:
                return
            if not packet:
                return
            self.heard.append(packet)
            self._socket.sendto(wire.answer(packet[0] + 1, packet, (), self.secret), sender)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._socket.close()


def asked(capture: Capture) -> Iterator[tuple[Packet | str, bytes]]:
    """What is to be said to the gateway in its order, with what the recorded server answered (nothing where it was silent, or another)."""
    for place, event in enumerate(capture.events):
        if isinstance(event, Packet) and event.to_server and event.channel != "radius-dae":
            later = (one for one in capture.events[place:] if isinstance(one, Packet) and _answers(one, event))
            yield event, next((one.octets for one in later), b"")
        elif isinstance(event, str) and "Get" not in event:
            yield event, b""


def _answers(one: Packet, request: Packet) -> bool:
    return not one.to_server and (one.channel, one.port, one.octets[1]) == (request.channel, request.port, request.octets[1])
