"""What strangers send to a RADIUS server, all the way: decoded, whose it is, duplicates, processors with a whole engine, the answer.

Octets are cut into packets as they say themselves; each is signed anew, unless the first octet says that it stays as it is, so that what a
fuzzer makes of it comes further than its signature. The processors are those of tests/interop/radius.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import tempfile
from pathlib import Path

from gateway.agents.radius.intake import ACCOUNTING, AUTHENTICATION
from gateway.protocols.radius.codes import ACCOUNTING_REQUEST
from gateway.protocols.radius.packet import DecodeError, decode
from tests.acceptance import radiuswire as wire
from tests.fuzz.target import FindingError, look
from tests.gateway.agents.radius.station import SECRET, Station
from tests.gateway.servers import ROOT

CONFIG = ROOT / "tests" / "interop" / "radius"
MOST_INPUTS = 500  # of one engine: then there is a new one
MOST_PACKETS = 24  # of one input
_SIGNED = b"\x50\x12"


def processors() -> str:
    """The configuration of tests/interop, its clients left to the station."""
    text = (CONFIG / "tollwire.toml").read_text()
    text = re.sub(r"^(listeners|client_secrets|client_da_addresses|message_authenticator) = .*\n", "", text, flags=re.MULTILINE)
    return text.replace("@DICTIONARY@", str(CONFIG / "dictionary")).replace("enabled = true\n", "enabled = true\n{options}\n", 1)


class Heard(logging.Handler):
    """Keeps what a log tells with a traceback: somebody caught what nobody expected."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.failures.append(logging.Formatter().format(record))


class Server:
    """A server that any octets are sent to."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tollwire-fuzz-")
        self._processors = processors()
        self._inputs = 0
        self._station = self._new()

    def close(self) -> None:
        """The folder with its configuration goes."""
        self._folder.cleanup()

    def _new(self) -> Station:
        return Station(Path(self._folder.name), processors=self._processors)

    def take(self, data: bytes) -> None:
        """One input; FindingError where an answer is not what it should be."""
        self._inputs += 1
        if not self._inputs % MOST_INPUTS:
            self._station = self._new()
        log, heard = logging.getLogger("gateway.agents"), Heard()
        log.propagate = False
        log.addHandler(heard)
        try:
            for packet in cut(data[1:], bool(data[:1] and data[0] & 1)):
                self._ask(packet, bool(data[0] & 2))
        finally:
            log.removeHandler(heard)
            log.propagate = True
        if heard.failures:
            raise FindingError(heard.failures[0])

    def _ask(self, packet: bytes, elsewhere: bool) -> None:
        """Sends a packet twice, to the port that takes it or to the other one."""
        takes = ACCOUNTING if packet[:1] == bytes((ACCOUNTING_REQUEST,)) else AUTHENTICATION
        if elsewhere:
            takes = ACCOUNTING + AUTHENTICATION - takes
        answers, again = self._station.says(takes, packet), self._station.says(takes, packet)
        if len(answers) > 1 or again != answers:
            raise FindingError(f"{packet.hex()} was answered {[one.hex() for one in answers]}, then {[one.hex() for one in again]}")
        if not answers:
            return
        if fault := wire.fault(answers[0], packet, SECRET):
            raise FindingError(f"{packet.hex()} was answered {answers[0].hex()}: {fault}")
        look((wire.first(answers[0], wire.REPLY_MESSAGE) or b"").decode("utf-8", "replace"))


def cut(data: bytes, as_it_is: bool) -> list[bytes]:
    """The packets that octets are, one behind the other; what is left is one too."""
    found, at = list[bytes](), 0
    while at < len(data) and len(found) < MOST_PACKETS:
        size = max(int.from_bytes(data[at + 2 : at + 4], "big"), 4)
        found.append(data[at : at + size] if as_it_is else signed(data[at : at + size]))
        at += size
    return found


def signed(packet: bytes) -> bytes:
    """A packet with the signatures that it has a place for, as its NAS would sign it; as it is where it is no packet."""
    try:
        decode(packet)
    except DecodeError:
        return packet
    at = wire.HEADER
    zeros = bytes(16) if packet[0] in (ACCOUNTING_REQUEST, wire.DISCONNECT_REQUEST, wire.COA_REQUEST) else packet[4:20]
    end = int.from_bytes(packet[2:4], "big")
    while at < end and packet[at : at + 2] != _SIGNED:
        at += packet[at + 1]
    if at < end:
        blank = packet[:4] + zeros + packet[20 : at + 2] + bytes(16) + packet[at + 18 : end]
        packet = packet[: at + 2] + hmac.digest(SECRET, blank, "md5") + packet[at + 18 :]
    if zeros == bytes(16):
        packet = packet[:4] + hashlib.md5(packet[:4] + zeros + packet[20:end] + SECRET).digest() + packet[20:]
    return packet
