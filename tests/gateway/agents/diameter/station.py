"""A Diameter agent on a whole engine, with peers at the other end of transports that are none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from gateway.agents.diameter.agent import DiameterAgent
from gateway.agents.diameter.assembly import diameter_agent
from gateway.agents.diameter.link import Link
from gateway.protocols.diameter.answers import number_avp, plain_avp
from gateway.protocols.diameter.building import Builder
from gateway.protocols.diameter.codes import (
    CAPABILITIES_EXCHANGE,
    CREDIT_CONTROL,
    PROXIABLE,
    REQUEST,
    RESULT_CODE,
    RETRANSMITTED,
)
from gateway.protocols.diameter.message import Message, answer_to, decode, encode
from gateway.protocols.diameter.stream import MessageStream
from gateway.transport.tls import Certificates
from tests.engine.sessions.switch import Switch
from tests.gateway.agents.station import Address, FarEnd, Ground

HOST, REALM = "pgw.example", "example"
PROCESSORS = """
[general]
default_tenant = "example.net"

[diameter_agent]
enabled = true
origin_host = "{name}"
origin_realm = "example"
{options}
{asks}
[[diameter_agent.request_processors]]
id = "initial"
filters = ["*string:~*req.CC-Request-Type:1"]
flags = ["*initiate", "*accounts"]
reply_fields = {reply}
[diameter_agent.request_processors.request_fields]
{fields}

[[diameter_agent.request_processors]]
id = "update"
filters = ["*string:~*req.CC-Request-Type:2"]
flags = ["*update", "*accounts"]
reply_fields = {reply}
[diameter_agent.request_processors.request_fields]
{fields}

[[diameter_agent.request_processors]]
id = "end"
filters = ["*string:~*req.CC-Request-Type:3"]
flags = ["*terminate", "*accounts", "*cdrs"]
reply_fields = {reply}
[diameter_agent.request_processors.request_fields]
{fields}
"""
DEFAULTS = {"asr_template": "*asr", "rar_template": "*rar", "forced_disconnect": "*asr"}
FIELDS = """
ToR = "*voice"
OriginID = "~*req.Session-Id"
OriginHost = "~*req.Origin-Host"
RequestType = "*prepaid"
Account = "1001"
Subject = "sub"
Destination = "4930123"
AnswerTime = "2026-04-07T10:00:00Z"
Usage = "~*req.Requested-Service-Unit.CC-Time;s"
"""
REPLY = """[
 {type = "*template", value = "*cca"},
 {path = "*rep.Result-Code", type = "*constant", value = "5012", filters = ["*notempty:~*cgrep.Error:"]},
 {path = "*rep.Error-Message", type = "*variable", value = "~*cgrep.Error", filters = ["*notempty:~*cgrep.Error:"]},
 {path = "*rep.Granted-Service-Unit.CC-Time", type = "*variable", value = "~*cgrep.MaxUsage{*duration_seconds}",
  filters = ["*exists:~*cgrep.MaxUsage:"]},
]"""


class Station(Ground):
    """`options` are lines of [diameter_agent], `sections` stand before it, `asks` are processors before the others.

    Answers leave when `site.gather` brings what they tell to the disk."""

    def __init__(
        self,
        folder: Path,
        options: str = "",
        *,
        site: Switch | None = None,
        caps: int = 0,
        certificates: Certificates | None = None,
        sections: str = "",
        name: str = "ocs.example",
        asks: str = "",
    ) -> None:
        given = {line.partition(" = ")[0] for line in options.splitlines()}
        options += "".join(f'\n{name} = "{value}"' for name, value in DEFAULTS.items() if name not in given)
        text = sections + PROCESSORS.format(name=name, options=options, asks=asks, reply=REPLY.replace("\n", ""), fields=FIELDS)
        super().__init__(folder, text, site, caps, certificates)
        section = self.loaded.tree.diameter()
        assert section is not None
        self.agent: DiameterAgent = diameter_agent(self.loaded.tree, section, self.around)
        self.house = self.agent.house
        self.builder = Builder(self.house.requests.language.dictionary)

    def connect(self, remote: str = "192.0.2.7", **link: Any) -> Far:
        """A peer's connection that has said nothing yet."""
        made = Link(self.agent._dialled, self.house, self.agent._settings, **link)
        return Far(self, made, Address(remote, 40_000, 3868))

    def peer(self, host: str = HOST, realm: str = REALM, remote: str = "192.0.2.7") -> Far:
        """A peer that is up."""
        far = self.connect(remote)
        (answer,) = far.says(far.cer(host, realm))
        assert answer.avps.number(RESULT_CODE) == 2001
        return far


class Far(FarEnd):
    """The peer's end of a connection."""

    def __init__(self, station: Station, link: Link, wire: Address) -> None:
        self.station = station
        self.link = link
        self.hop = 100
        self.stream = MessageStream()
        super().__init__(station.site, link, wire)

    def heard(self) -> list[Message]:
        """What came since this was last called."""
        self.stream.feed(self.octets())
        found: list[Message] = []
        while (octets := self.stream.next()) is not None:
            found.append(decode(octets))
        return found

    def says(self, *octets: bytes) -> list[Message]:
        """Sends octets in one piece; what it hears when all is on the disk."""
        self.sends(b"".join(octets))
        return self.heard()

    def cer(self, host: str = HOST, realm: str = REALM) -> bytes:
        fields = [(("Origin-Host",), host, False), (("Origin-Realm",), realm, False), (("Host-IP-Address",), "192.0.2.7", False)]
        body = self.station.builder.build([*fields, (("Vendor-Id",), "0", False), (("Auth-Application-Id",), "4", False)])
        return encode(REQUEST, CAPABILITIES_EXCHANGE, 0, 1, 1, body + plain_avp(269, b"test"))

    def ccr(
        self, kind: int, number: int, *, session: str = "s;1", seconds: int = 60, flags: int = 0, end: int = 0, extra: bytes = b""
    ) -> bytes:
        """A credit-control request; each has numbers of its own unless `end` is given."""
        self.hop += 1
        body = self.station.builder.build(
            [
                (("Session-Id",), session, False),
                (("Origin-Host",), HOST, False),
                (("Origin-Realm",), REALM, False),
                (("Destination-Realm",), REALM, False),
                (("Auth-Application-Id",), "4", False),
                (("CC-Request-Type",), str(kind), False),
                (("CC-Request-Number",), str(number), False),
                (("Requested-Service-Unit", "CC-Time"), str(seconds), False),
            ]
        )
        return encode(REQUEST | PROXIABLE | flags, CREDIT_CONTROL, 4, self.hop, end or self.hop, body + extra)

    def answers(self, request: Message, code: int = 2001) -> list[Message]:
        """Answers a request of ours."""
        return self.says(answer_to(request, number_avp(RESULT_CODE, code)))


def text(message: Message, code: int) -> str:
    found = message.avps.text(code)
    assert found is not None, f"no AVP {code}"
    return found


def code_of(message: Message) -> int | None:
    return message.avps.number(RESULT_CODE)


AGAIN = RETRANSMITTED


async def turns(count: int = 5) -> None:
    """Lets tasks go on."""
    for _ in range(count):
        await asyncio.sleep(0)
