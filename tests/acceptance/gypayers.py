"""Gy clients that keep the octets of what they sent and heard, so that they can send it again, and know what they have paid."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from gateway.cli.avps import Tree, encoded
from gateway.cli.measure.diameter import dictionary
from gateway.protocols.diameter.codes import PROXIABLE, REQUEST, RETRANSMITTED
from gateway.protocols.diameter.message import Message, decode, encode
from gateway.protocols.diameter.stream import MessageStream

MIB: Final = 1 << 20
PRICE: Final = Decimal("0.01")  # of a MiB
SMS_PRICE: Final = Decimal("0.07")
ANSWER_SECONDS: Final = 60.0
_IDENTS: Final = itertools.count(1)


class Link:
    """A connection of one client. ConnectionError when it ends."""

    def __init__(self, port: int, host: str) -> None:
        self.origin = {"Origin-Host": host, "Origin-Realm": "client.test"}
        self.socket = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
        self.stream = MessageStream()
        hello: Tree = {**self.origin, "Host-IP-Address": "127.0.0.1", "Vendor-Id": 0, "Product-Name": "payer", "Auth-Application-Id": 4}
        assert self.ask(encode(REQUEST, 257, 0, 1, 1, encoded(dictionary(), hello))).avps.number(268) == 2001

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear(self) -> Message:
        """The next answer; what the other side asks is passed over."""
        while True:
            while (data := self.stream.next()) is not None:
                message = decode(data)
                if not message.is_request:
                    return message
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.stream.feed(more)

    def ask(self, data: bytes) -> Message:
        self.send(data)
        return self.hear()

    def close(self) -> None:
        self.socket.close()


def credit(origin: dict[str, str], session: str, payer: str, kind: int, number: int, more: Tree) -> bytes:
    """A CCR with ids that no other one of this process has."""
    tree: Tree = {
        "Session-Id": session,
        **origin,
        "Destination-Realm": "charging.test",
        "Auth-Application-Id": 4,
        "Service-Context-Id": "32274@3gpp.org" if kind == 4 else "32251@3gpp.org",
        "CC-Request-Type": kind,
        "CC-Request-Number": number,
        "Event-Timestamp": "2026-04-07T10:00:00Z",
        "Subscription-Id": {"Subscription-Id-Type": 0, "Subscription-Id-Data": payer},
        **more,
    }
    ident = next(_IDENTS)
    return encode(REQUEST | PROXIABLE, 272, 4, ident, ident, encoded(dictionary(), tree))


def service(asked: int | None, used: int | None) -> Tree:
    """A Multiple-Services-Credit-Control of octets asked for, and used."""
    found: Tree = {"Rating-Group": 10}
    if asked is not None:
        found["Requested-Service-Unit"] = {"CC-Total-Octets": asked}
    if used is not None:
        found["Used-Service-Unit"] = {"CC-Total-Octets": used}
    return {"Multiple-Services-Credit-Control": found}


def message(recipient: str) -> Tree:
    """What a CCR-E of a short message has to say."""
    address = {"Recipient-Info": {"Recipient-Address": {"Address-Type": 1, "Address-Data": recipient}}}
    return {"Requested-Action": 0, "Service-Information": {"SMS-Information": address}}


def granted(answer: Message) -> int:
    """The octets of a grant; 0 without one."""
    position = answer.avps.find(456)
    if position < 0:
        return 0
    units = answer.avps.group(position)
    inside = units.find(431)
    return (units.group(inside).number(421) or 0) if inside >= 0 else 0


@dataclass(slots=True)
class Paid:
    """One request, what it takes from the account, and its answer's octets behind the ids of the hop; None: none came."""

    request: bytes
    price: Decimal
    answer: bytes | None = None


class Payer(threading.Thread):
    """Sends messages and sessions of two MiB, one after the other, until it is told that it is `enough`, or the server is gone."""

    def __init__(self, port: int, name: str, start: int) -> None:
        super().__init__(daemon=True)
        self.link, self.payer, self.start_at = Link(port, f"{name}.client.test"), name, start
        self.done: list[Paid] = []
        self.enough = False
        self.fault = ""

    def run(self) -> None:
        try:
            for one in self.work():
                self.done.append(one)
                answer = self.link.ask(one.request)
                one.answer = answer.raw[16:]
                if answer.avps.number(268) != 2001:
                    self.fault = f"{answer.avps.number(268)}: {answer.avps.text(281)}"
                    return
                if self.enough:
                    return
        except OSError:  # it was killed
            return
        finally:
            self.link.close()

    def work(self) -> Iterator[Paid]:
        """Requests without end. A session's CCR-T takes nothing: all that was granted was used."""
        for number in itertools.count(self.start_at):
            session, origin = f"{self.payer}.client.test;{number}", self.link.origin
            yield Paid(credit(origin, f"{session};e", self.payer, 4, 0, message("4917555")), SMS_PRICE)
            yield Paid(credit(origin, session, self.payer, 1, 0, service(MIB, None)), PRICE)
            yield Paid(credit(origin, session, self.payer, 2, 1, service(MIB, MIB)), PRICE)
            yield Paid(credit(origin, session, self.payer, 3, 2, service(None, MIB)), Decimal(0))


def again(request: bytes, hop: int) -> bytes:
    """The same request, sent once more: the T bit, another Hop-by-Hop Identifier."""
    return request[:4] + bytes([request[4] | RETRANSMITTED]) + request[5:12] + hop.to_bytes(4, "big") + request[16:]
