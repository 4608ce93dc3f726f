"""Credit control over Diameter as work to be measured: CCR-I, two CCR-U, CCR-T of a prepaid data session, one MSCC each.

The requests are octets already; a session's number, its payer and the ids of the header are put into them while the clock runs. The gateway
that is driven runs on CONFIG, processors as operators write them for Gy.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from gateway.cli.avps import Tree, encoded
from gateway.cli.diameterlink import DiameterLink
from gateway.cli.limits import BENCH_ANSWER_SECONDS
from gateway.cli.measure.link import Link
from gateway.cli.measure.plan import ACCOUNTS, TENANT
from gateway.cli.measure.work import LINK_SHARE, START, Work
from gateway.cli.outcome import CommandError
from gateway.protocols.diameter.builtin import load_dictionaries
from gateway.protocols.diameter.codes import CREDIT_CONTROL, CREDIT_CONTROL_APPLICATION, PROXIABLE, REQUEST
from gateway.protocols.diameter.dictionary import Dictionary
from gateway.protocols.diameter.message import encode

NAME: Final = "Gy session requests"
GRANT: Final = 1_048_576  # octets asked for by CCR-I and CCR-U
USED: Final = 1_000_000  # octets used of each grant
ORIGIN: Final = {"Origin-Host": "pgw.bench.example", "Origin-Realm": "bench.example"}
_GOOD: Final = bytes.fromhex("0000010c4000000c000007d1")  # Result-Code 2001
_NUMBER_DIGITS: Final = 9
_NUMBER: Final = "N" * _NUMBER_DIGITS
_ACCOUNT: Final = "A" * 3
_FIRST_ACCOUNT: Final = 100  # names of three digits, so that every request is as long as the next
_HOP, _END = 0x7E7E7E01, 0x7E7E7E02

_FIELDS: Final = f"""
ToR = "*data"
OriginID = {{ value = "~*req.Session-Id", mandatory = true }}
OriginHost = "~*req.Origin-Host"
RequestType = "*prepaid"
Tenant = "{TENANT}"
Category = "data"
Account = "~*req.Subscription-Id.Subscription-Id-Data[~Subscription-Id-Type(0)]"
Destination = "internet"
SetupTime = "~*req.Event-Timestamp"
AnswerTime = "~*req.Event-Timestamp"
Usage = "~*req.Multiple-Services-Credit-Control.Requested-Service-Unit.CC-Total-Octets"
"""
_USED: Final = 'LastUsed = "~*req.Multiple-Services-Credit-Control.Used-Service-Unit.CC-Total-Octets"\n'
_ANSWER: Final = """
cca = { type = "*template", value = "*cca" }
failed = { path = "*rep.Result-Code", value = "5012", filters = ["*notempty:~*cgrep.Error:"] }
nothing = { path = "*rep.Result-Code", value = "4012", filters = ["*string:~*cgrep.MaxUsage:0|0s", "*empty:~*cgrep.Error:"] }
"""
_GRANTED: Final = """
octets = { path = "*rep.Multiple-Services-Credit-Control.Granted-Service-Unit.CC-Total-Octets", value = "~*cgrep.MaxUsage{*duration_nanoseconds}", filters = ["*empty:~*cgrep.Error:"] }
"*rep.Multiple-Services-Credit-Control.Rating-Group" = "~*req.Multiple-Services-Credit-Control.Rating-Group"
"*rep.Multiple-Services-Credit-Control.Validity-Time" = "3600"
"""  # noqa: E501 - TOML has its inline tables on one line


def _processor(name: str, kind: int, flags: str, fields: str, answer: str) -> str:
    return (
        f"[[diameter_agent.request_processors]]\nid = '{name}'\nflags = [{flags}]\ntenant = '{TENANT}'\n"
        f"filters = ['*string:~*vars.*cmd:CCR', '*string:~*req.CC-Request-Type:{kind}']\n"
        f"[diameter_agent.request_processors.request_fields]\n{fields}\n[diameter_agent.request_processors.reply_fields]\n{answer}\n"
    )


def config() -> str:
    """The configuration of a gateway that takes this work on a port of loopback, which it chooses and tells in its log."""
    return (
        "[diameter_agent]\nenabled = true\nlisteners = [{ address = '127.0.0.1:0' }]\n"
        + _processor("begins", 1, "'*initiate', '*accounts'", _FIELDS, _ANSWER + _GRANTED)
        + _processor("goes-on", 2, "'*update', '*accounts'", _FIELDS + _USED, _ANSWER + _GRANTED)
        + _processor("ends", 3, "'*terminate', '*accounts', '*cdrs'", _FIELDS + _USED, _ANSWER)
    )


@cache
def dictionary() -> Dictionary:
    """The built-in dictionaries."""
    found, faults = load_dictionaries()
    if faults:
        raise CommandError(f"{faults[0].file}: {faults[0].message}")
    return found


class GyLink(Link):
    """A connection on which capabilities were exchanged; its answers come as whole messages. Watchdogs are answered by the way."""

    def __init__(self, server: str) -> None:
        host, _, port = server.rpartition(":")
        link = DiameterLink(dictionary(), (host, int(port)), ORIGIN, BENCH_ANSWER_SECONDS)
        self._take_over(link.socket)
        self._watched = encoded(dictionary(), {"Result-Code": 2001, **ORIGIN})

    def lines(self) -> list[bytes]:
        """The messages that are there."""
        data = self._received()
        found, at, end = [], 0, len(data)
        while end - at >= 4:
            size = data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]
            if size < 20:
                raise CommandError("the gateway does not speak Diameter")
            if end - at < size:
                break
            if data[at + 4] & REQUEST:
                self.send(encode(0, int.from_bytes(data[at + 5 : at + 8], "big"), 0, *_ids(data, at), self._watched))
            else:
                found.append(data[at : at + size])
            at += size
        self._rest = data[at:]
        return found


def _ids(data: bytes, at: int) -> tuple[int, int]:
    return int.from_bytes(data[at + 12 : at + 16], "big"), int.from_bytes(data[at + 16 : at + 20], "big")


class Gy:
    """Requests whose Hop-by-Hop Identifier is the place that waits for the answer."""

    share: Final = LINK_SHARE

    def __init__(self, address: str) -> None:
        """`address` is where the gateway listens for Diameter peers."""
        self.address = address

    def connect(self, server: str) -> Link:
        return GyLink(self.address)

    def request(self, step: bytes, filled: tuple[object, ...], place: int) -> bytes:
        return step % (place.to_bytes(4, "big"), *filled)

    def place(self, answer: bytes) -> int:
        if _GOOD not in answer:
            raise CommandError(f"the gateway refused: {answer.hex()}")
        return int.from_bytes(answer[12:16], "big")


def request_of(run: str, kind: int, number: int, service: Mapping[str, object]) -> bytes:
    """A CCR with places for `fill`: %b for the ids of the header, %09d for the session's number, %03d for its payer."""
    tree: Tree = {
        "Session-Id": f"{run}{_NUMBER}",
        **ORIGIN,
        "Destination-Realm": "localdomain",
        "Auth-Application-Id": CREDIT_CONTROL_APPLICATION,
        "Service-Context-Id": "32251@3gpp.org",
        "CC-Request-Type": kind,
        "CC-Request-Number": number,
        "Event-Timestamp": START,
        "Subscription-Id": {"Subscription-Id-Type": 0, "Subscription-Id-Data": f"a{_ACCOUNT}"},
        "Multiple-Services-Credit-Control": {**service, "Rating-Group": 10},
        **({"Termination-Cause": 1} if kind == 3 else {}),
    }
    body = encoded(dictionary(), tree)
    text = encode(REQUEST | PROXIABLE, CREDIT_CONTROL, CREDIT_CONTROL_APPLICATION, _HOP, _END, body).replace(b"%", b"%%")
    for place, filled in ((_HOP.to_bytes(4, "big"), b"%b"), (_END.to_bytes(4, "big"), b"%b" + bytes([number]))):
        text = text.replace(place, filled, 1)
    return text.replace(_NUMBER.encode(), b"%09d").replace(_ACCOUNT.encode(), b"%03d")


def fill(number: int) -> tuple[object, ...]:
    """Three octets of the End-to-End Identifier (the fourth is the step's), the session's number, its payer."""
    return ((number & 0xFF_FFFF).to_bytes(3, "big"), number, _FIRST_ACCOUNT + number % (ACCOUNTS - _FIRST_ACCOUNT))


def gy_sessions(run: str, address: str) -> Work:
    """Prepaid data sessions of four requests."""
    asked, used = {"Requested-Service-Unit": {"CC-Total-Octets": GRANT}}, {"Used-Service-Unit": {"CC-Total-Octets": USED}}
    steps = (
        request_of(run, 1, 0, asked),
        request_of(run, 2, 1, asked | used),
        request_of(run, 2, 2, asked | used),
        request_of(run, 3, 3, used),
    )
    return Work(NAME, run, steps, fill, 1, Gy(address), _NUMBER_DIGITS)


def gy_openings(run: str, address: str) -> Work:
    """Sessions that are only begun: what an open one takes in memory."""
    return Work(
        "Gy sessions opened", run, (request_of(run, 1, 0, {"Requested-Service-Unit": {"CC-Total-Octets": GRANT}}),), fill, 0, Gy(address)
    )
