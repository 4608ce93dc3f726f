"""A RADIUS agent on a whole engine, and a NAS in front of it."""

from __future__ import annotations

import errno
import socket
import struct
from collections import deque
from pathlib import Path
from typing import Any

from gateway.agents.radius.agent import RadiusAgent
from gateway.agents.radius.assembly import radius_agent
from gateway.agents.radius.counts import NasCounts
from gateway.agents.radius.intake import ACCOUNTING, AUTHENTICATION, BOTH
from gateway.agents.radius.link import RadiusLink
from gateway.agents.radius.port import DatagramPort
from gateway.protocols.radius.codes import ACCESS_REQUEST, ACCOUNTING_REQUEST, AUTHENTICATOR_BYTES
from gateway.protocols.radius.duplicates import Duplicates
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.showing import shown
from gateway.protocols.radius.signing import ABSENT, answer_is_signed, message_authenticator, request
from gateway.protocols.radius.stream import PacketStream
from gateway.transport.datagrams import Datagram, address_of
from gateway.transport.limits import DATAGRAM_BATCH, MAX_DATAGRAM_BYTES
from gateway.transport.listener import Listener
from gateway.transport.tls import Certificates
from tests.engine.sessions.switch import Switch
from tests.gateway.agents.station import Address, FarEnd, Ground

SECRET = b"between-us"
NAS = "192.0.2.10"
CLIENTS = """clients = [
 {id = "bras", addresses = ["192.0.2.10", "198.51.100.0/24", "2001:db8::/32"], secret = "between-us"},
 {id = "mute", addresses = ["192.0.2.11"]},
]"""
PROCESSORS = """
[general]
default_tenant = "example.net"

[radius_agent]
enabled = true
{options}

[[radius_agent.request_processors]]
id = "access"
filters = ["*string:~*vars.*radReqCode:AccessRequest", "*notstring:~*req.User-Name:nobody"]
flags = ["*none"]
[radius_agent.request_processors.request_fields]
"*vars.User" = {value = "~*req.User-Name", mandatory = true}
[radius_agent.request_processors.reply_fields]
"*radReplyCode" = {path = "*rep.*radReplyCode", value = "~*req.Filter-Id"}
Reply-Message = "~*vars.*radReqType;/;~*vars.RemoteHost"
Session-Timeout = "~*req.Class"

[[radius_agent.request_processors]]
id = "begin"
filters = ["*string:~*req.Acct-Status-Type:Start"]
flags = ["*initiate", "*accounts"]
reply_fields = {reply}
[radius_agent.request_processors.request_fields]
{fields}

[[radius_agent.request_processors]]
id = "go-on"
filters = ["*string:~*req.Acct-Status-Type:Interim-Update"]
flags = ["*update", "*accounts"]
reply_fields = {reply}
[radius_agent.request_processors.request_fields]
{fields}

[[radius_agent.request_processors]]
id = "end"
filters = ["*string:~*req.Acct-Status-Type:Stop"]
flags = ["*terminate", "*accounts", "*cdrs"]
reply_fields = {reply}
[radius_agent.request_processors.request_fields]
{fields}
"""
FIELDS = """
ToR = "*voice"
OriginID = {value = "~*req.Acct-Session-Id", mandatory = true}
OriginHost = "~*req.NAS-IP-Address"
RequestType = "*prepaid"
Account = "1001"
Subject = "sub"
Destination = "4930123"
AnswerTime = "2026-04-07T10:00:00Z"
Usage = "~*req.Acct-Session-Time;s"
"""
REPLY = """[
 {path = "*rep.Reply-Message", type = "*variable", value = "~*cgrep.Error", filters = ["*notempty:~*cgrep.Error:"]},
 {path = "*rep.Session-Timeout", type = "*variable", value = "~*cgrep.MaxUsage{*duration_seconds&*round:0:*down}",
  filters = ["*exists:~*cgrep.MaxUsage:"]},
]"""


class Socket:
    """A UDP socket that is none: `coming` are datagrams and where they come from, `gone` those that went and where to."""

    def __init__(self) -> None:
        self.coming: deque[tuple[bytes, tuple[str, int]]] = deque()
        self.gone: list[tuple[bytes, tuple[str, int]]] = []
        self.broken = False

    def receive(self) -> list[Datagram]:
        came = [self.coming.popleft() for _ in range(min(len(self.coming), DATAGRAM_BATCH))]
        return [Datagram(data[:MAX_DATAGRAM_BYTES], name_of(*address), b"") for data, address in came]

    def send(self, gone: list[Datagram]) -> list[tuple[int, int]]:
        if self.broken:
            return [(place, errno.EAGAIN) for place in range(len(gone))]
        self.gone.extend((one.data, address_of(one.name)) for one in gone)
        return []


def name_of(host: str, port: int) -> bytes:
    """An address as the system writes it."""
    if ":" in host:
        return struct.pack("=HHI16sI", socket.AF_INET6, socket.htons(port), 0, socket.inet_pton(socket.AF_INET6, host), 0)
    return struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port), socket.inet_aton(host))


class Station(Ground):
    """`options` are lines of [radius_agent]. Answers leave when `site.gather` brings what they tell to the disk."""

    def __init__(
        self,
        folder: Path,
        options: str = "",
        *,
        site: Switch | None = None,
        caps: int = 0,
        clients: str = CLIENTS,
        sections: str = "",
        certificates: Certificates | None = None,
        processors: str = PROCESSORS,
    ) -> None:
        given = {"{options}": f"{options}\n{clients}", "{reply}": REPLY.replace("\n", ""), "{fields}": FIELDS}
        for word, lines in given.items():
            processors = processors.replace(word, lines)
        super().__init__(folder, sections + processors, site, caps, certificates)
        section = self.loaded.tree.radius()
        assert section is not None
        self.agent: RadiusAgent = radius_agent(self.loaded.tree, section, self.around)
        self.intake = self.agent.intake
        self.sockets = {AUTHENTICATION: Socket(), ACCOUNTING: Socket()}
        self.ports = {takes: self._port(takes) for takes in self.sockets}
        self.numbers = 0

    def _port(self, takes: int) -> DatagramPort:
        return DatagramPort(self.sockets[takes], takes, self.intake, Duplicates(16, 10_000_000_000))

    def counts(self, name: str = "bras") -> NasCounts:
        nas = self.intake.nases.named(name)
        assert nas is not None
        return nas.counts

    # -- what a NAS says -------------------------------------------------------------------------------------------------

    def packet(
        self, code: int, *fields: tuple[str, str], secret: bytes = SECRET, signed: bool = True, extra: bytes = b"", identifier: int = -1
    ) -> bytes:
        """A request; each has an identifier and an authenticator of its own."""
        self.numbers += 1
        nas = self.intake.nases.named("bras")
        assert nas is not None
        authenticator = self.numbers.to_bytes(AUTHENTICATOR_BYTES, "big")
        by_chance = code not in (ACCOUNTING_REQUEST, 40, 43)
        body = nas.builder.build([(tuple(name.split(".")), text, False) for name, text in fields], secret, authenticator)
        number = self.numbers % 256 if identifier < 0 else identifier
        return request(code, number, body + extra, secret, authenticator if by_chance else b"", signed)

    def access(self, *fields: tuple[str, str], **how: Any) -> bytes:
        return self.packet(ACCESS_REQUEST, *(fields or (("User-Name", "ann"),)), **how)

    def accounting(self, status: str, seconds: int = 60, session: str = "s-1", **how: Any) -> bytes:
        fields = (("Acct-Status-Type", status), ("Acct-Session-Id", session), ("Acct-Session-Time", str(seconds)), ("NAS-IP-Address", NAS))
        return self.packet(ACCOUNTING_REQUEST, *fields, **{"signed": False} | how)

    def says(self, takes: int, *datagrams: bytes, host: str = NAS, port: int = 1024) -> list[bytes]:
        """Sends datagrams to a port; what it answers once all is on the disk."""
        link = self.sockets[takes]
        seen = len(link.gone)
        link.coming.extend((data, (host, port)) for data in datagrams)
        while link.coming:
            self.ports[takes].ready()
        self.site.gather()
        assert all(address == (host, port) for _, address in link.gone[seen:])
        return [data for data, _ in link.gone[seen:]]

    def authenticates(self, *datagrams: bytes, host: str = NAS, port: int = 1024) -> list[bytes]:
        return self.says(AUTHENTICATION, *datagrams, host=host, port=port)

    def accounts(self, *datagrams: bytes, host: str = NAS, port: int = 1024) -> list[bytes]:
        return self.says(ACCOUNTING, *datagrams, host=host, port=port)

    def read(self, answer: bytes, asked: bytes, secret: bytes = SECRET) -> tuple[int, dict[str, str]]:
        """The code of an answer and its attributes, whose signatures are looked at."""
        packet, question = decode(answer), decode(asked)
        assert packet.identifier == question.identifier
        assert answer_is_signed(packet, question.authenticator, secret)
        assert message_authenticator(packet, secret, question.authenticator) in (ABSENT, 1)
        nas = self.intake.nases.named("bras")
        assert nas is not None
        return packet.code, dict(shown(nas.paths.dictionary, packet, secret, question.authenticator))

    def connect(self, takes: int = BOTH, remote: str = NAS, secret: bytes = b"") -> Far:
        """A connection over TCP, or over TLS where there is a secret of its own."""
        return Far(self, takes, remote, secret)


class Far(FarEnd):
    """The NAS's end of a connection."""

    def __init__(self, station: Station, takes: int, remote: str, secret: bytes) -> None:
        door: Listener = Listener(station.gate, station.census, lambda: link)
        link = self.link = RadiusLink(door, station.intake, takes, secret)
        self.stream = PacketStream()
        certificate = {"subject": ((("commonName", "nas"),),)}
        super().__init__(station.site, link, Address(remote, 1024, 1812, peercert=certificate))

    def says(self, *octets: bytes) -> list[Packet]:
        """Sends octets; what it hears when all is on the disk."""
        self.sends(*octets)
        self.stream.feed(self.octets())
        found: list[Packet] = []
        while (cut := self.stream.next()) is not None:
            found.append(decode(cut))
        return found
