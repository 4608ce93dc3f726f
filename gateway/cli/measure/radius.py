"""RADIUS as work to be measured: Start, two Interim-Updates and Stop of a prepaid call; Access-Request with a password (PAP).

Packets are octets already; a session's number and its payer are put in while the clock runs, Identifier and signature by the link that
sends them. Which request an answer belongs to says a Proxy-State. The gateway that is driven runs on `config`, processors as operators
write them.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
from typing import Final

from gateway.cli.limits import CONNECT_SECONDS
from gateway.cli.measure.link import Link
from gateway.cli.measure.plan import ACCOUNTS, FIRST_PREFIX, PREFIXES, TENANT
from gateway.cli.measure.work import STRIDE, Work
from gateway.cli.outcome import CommandError

ACCOUNTING: Final = "RADIUS accounting"
ACCESS: Final = "Access-Request, PAP"
ACCESS_CREDIT: Final = "Access-Request, PAP and credit"
SECRET: Final = b"bench-secret"
_STARTED: Final = 1_775_642_400  # 2026-04-08T10:00:00Z
_ACCESS_ACCEPT: Final = 2
_ACCOUNTING_REQUEST: Final = 4
_ACCOUNTING_RESPONSE: Final = 5
_HEADER: Final = 20
_SIGNATURE_AT: Final = 22
_BEHIND_SIGNATURE: Final = 38
_ZEROS: Final = bytes(16)
_IDENTS: Final = tuple(bytes((number,)) for number in range(256))
_MARK: Final = b"twbm"
_READ_AT_MOST: Final = 512  # packets taken before they are looked at
_PACKET_BYTES: Final = 4096
_BUFFER_BYTES: Final = 1 << 22
_FIRST_ACCOUNT: Final = 100  # names of three digits, so that every request is as long as the next

_SESSION: Final = f"""
ToR = "*voice"
OriginID = {{ value = "~*req.Acct-Session-Id", mandatory = true }}
OriginHost = "~*req.NAS-IP-Address"
RequestType = "*prepaid"
Tenant = "{TENANT}"
Category = "call"
Account = {{ value = "~*req.User-Name", mandatory = true }}
Destination = "~*req.Called-Station-Id"
SetupTime = "~*req.Event-Timestamp"
AnswerTime = "~*req.Event-Timestamp"
"""
_RESET: Final = 'OriginHost = "~*req.NAS-IP-Address"\n'
_FAILED: Final = '"*rep.Reply-Message" = { value = "~*cgrep.Error", filters = ["*notempty:~*cgrep.Error:"] }\n'
_REJECTED: Final = (
    'failed = { path = "*rep.*radReplyCode", value = "AccessReject", filters = ["*notempty:~*cgrep.Error:"] }\n'
    '"*vars.Bad" = "~*cgrep.Error"\n'
)
_LIMIT: Final = (
    '"*rep.Session-Timeout" = { value = "~*cgrep.MaxUsage{*duration_seconds&*round:0:*down}", filters = ["*empty:~*cgrep.Error:"] }\n'
)


def _processor(name: str, filters: str, flags: str, fields: str, answer: str) -> str:
    return (
        f"[[radius_agent.request_processors]]\nid = '{name}'\nflags = [{flags}]\ntenant = '{TENANT}'\nfilters = [{filters}]\n"
        f"[radius_agent.request_processors.request_fields]\n{fields}\n[radius_agent.request_processors.reply_fields]\n{answer}\n"
    )


def _accounting(name: str, status: str, flags: str, usage: str, more: str = "") -> str:
    filters = f"'*string:~*vars.*radReqType:*radAccount', '*string:~*req.Acct-Status-Type:{status}'"
    return _processor(name, filters, flags, _SESSION + f'Usage = "{usage}"\n' + more, _FAILED)


def config(auth: str = "127.0.0.1:0", acct: str = "127.0.0.1:0") -> str:
    """The configuration of a gateway that takes this work on two addresses: those of loopback that it chooses and tells in its log."""
    login = "'*string:~*vars.*radReqType:*radAuth'"
    credit = f"{login}, '*string:~*req.Service-Type:Framed-User', '*empty:~*vars.Bad:'"
    asked = _SESSION.replace("Acct-Session-Id", "User-Name").replace("~*req.Event-Timestamp", "*now") + 'Usage = "1h"\n'
    return (
        f"[radius_agent]\nenabled = true\n"
        f"listeners = [{{ auth_address = '{auth}', acct_address = '{acct}' }}]\n"
        f"client_secrets = {{ '*default' = '{SECRET.decode()}' }}\n"
        + _processor("password", login, "'*radauth', '*pap', '*continue'", '"*vars.UserPassword" = "pw-;~*req.User-Name"\n', _REJECTED)
        + _processor("credit", credit, "'*authorize', '*accounts'", asked, _REJECTED + _LIMIT)
        + _processor("login", login, "'*none'", "", "")
        + _processor("anew", "'*string:~*req.Acct-Status-Type:Accounting-On|Accounting-Off'", "'*nasreset'", _RESET, "")
        + _accounting("begins", "Start", "'*initiate', '*accounts'", "60s")
        + _accounting("goes-on", "Interim-Update", "'*update', '*accounts'", "60s", 'UsageSoFar = "~*vars.SessionTime"\n')
        + _accounting("ends", "Stop", "'*terminate', '*accounts', '*cdrs'", "~*vars.SessionTime")
    )


class RadiusLink(Link):
    """A UDP socket. Packets that are sent at once go out one by one, with the next Identifier, and signed: an Accounting-Request by its
    authenticator, an Access-Request by Message-Authenticator, its first attribute."""

    def __init__(self, port: int) -> None:
        """Towards a port of loopback. CommandError where nobody is there (told by the kernel at the first packet, later)."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(CONNECT_SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self.socket.setblocking(False)
        self.unsent = b""
        self._ident = 0

    def send(self, data: bytes) -> None:
        if self.unsent:
            data = self.unsent + data
        send, at, end = self.socket.send, 0, len(data)
        try:
            while at < end:
                size = data[at + 2] << 8 | data[at + 3]
                send(self._signed(data[at : at + size]))
                at += size
        except BlockingIOError:
            pass
        except OSError as error:
            raise CommandError(f"the gateway does not listen: {error.strerror or error}") from None
        self.unsent = data[at:]

    def _signed(self, packet: bytes) -> bytes:
        self._ident = ident = self._ident + 1 & 0xFF
        head = packet[:1] + _IDENTS[ident] + packet[2:4]
        if packet[0] == _ACCOUNTING_REQUEST:
            return head + hashlib.md5(head + packet[4:] + SECRET).digest() + packet[_HEADER:]
        head += packet[4:_SIGNATURE_AT]
        return head + hmac.digest(SECRET, head + packet[_SIGNATURE_AT:], "md5") + packet[_BEHIND_SIGNATURE:]

    def lines(self) -> list[bytes]:
        """The answers that are there."""
        found: list[bytes] = []
        receive, take = self.socket.recv, found.append
        try:
            for _ in range(_READ_AT_MOST):
                take(receive(_PACKET_BYTES))
        except BlockingIOError:
            pass
        except OSError as error:
            raise CommandError(f"the gateway does not listen: {error.strerror or error}") from None
        return found


class AccountingSpeech:
    """Accounting-Requests; where their authenticator will be is 0."""

    share: Final = 16  # an Identifier comes again long after its request was answered

    def __init__(self, port: int, good: int = _ACCOUNTING_RESPONSE) -> None:
        """`port` is where the gateway takes them, `good` the code of an answer that is none that refuses."""
        self._port, self._good = port, good

    def connect(self, server: str) -> Link:
        return RadiusLink(self._port)

    def place(self, answer: bytes) -> int:
        if answer[0] != self._good:
            raise CommandError(f"the gateway refused: {answer.hex()}")
        at = answer.rfind(_MARK) + len(_MARK)
        return int.from_bytes(answer[at : at + 4], "big")

    def request(self, step: bytes, filled: tuple[object, ...], place: int) -> bytes:
        body = step % (place.to_bytes(4, "big"), *filled)
        return b"\x04\0" + (_HEADER + len(body)).to_bytes(2, "big") + _ZEROS + body


class AccessSpeech(AccountingSpeech):
    """Access-Requests: the authenticator is new each time and hides the password (RFC 2865 section 5.2)."""

    def __init__(self, port: int) -> None:
        super().__init__(port, _ACCESS_ACCEPT)
        self._drawn = 0

    def request(self, step: bytes, filled: tuple[object, ...], place: int) -> bytes:
        self._drawn += 1
        authenticator = b"tollwire" + self._drawn.to_bytes(8, "big")
        password, *rest = filled
        assert isinstance(password, bytes), "of 16 octets"
        pad = int.from_bytes(hashlib.md5(SECRET + authenticator).digest(), "big") ^ int.from_bytes(password, "big")
        body = step % (place.to_bytes(4, "big"), *rest, pad.to_bytes(16, "big"))
        return b"\x01\0" + (_BEHIND_SIGNATURE + len(body)).to_bytes(2, "big") + authenticator + b"\x50\x12" + _ZEROS + body


def _body(*attributes: tuple[int, bytes | int]) -> bytes:
    """Attributes behind a Proxy-State that holds the place. `%03d` and the like count as long as what they become."""
    found = b"\x21\x0a" + _MARK + b"%b"
    for kind, value in attributes:
        octets = value.to_bytes(4, "big").replace(b"%", b"%%") if isinstance(value, int) else value
        size = 4 if isinstance(value, int) else len(value % 1 if b"%" in value else value)
        found += bytes((kind, 2 + size)).replace(b"%", b"%%") + octets
    return found


_NAS: Final[tuple[tuple[int, bytes | int], ...]] = ((4, 0x7F000001), (5, 7), (6, 2))  # NAS-IP-Address, NAS-Port, Framed-User


def accounting(run: str, port: int) -> Work:
    """Prepaid calls of four requests: 60 s are reserved three times, the Stop says 150."""
    octets = run.encode()

    def step(status: int, *more: tuple[int, int]) -> bytes:
        return _body(
            (40, status),
            (44, octets + b"%09d"),
            (1, b"a%03d"),
            *_NAS,
            (30, b"%06d55"),
            (31, b"4930123"),
            (55, _STARTED),
            *more,
            (41, 0),
        )

    steps = (step(1), step(3, (46, 60)), step(3, (46, 120)), step(2, (46, 150), (49, 1)))
    return Work(ACCOUNTING, run, steps, _call, 1, AccountingSpeech(port), 9)


def _call(number: int) -> tuple[object, ...]:
    return (number, _FIRST_ACCOUNT + number % (ACCOUNTS - _FIRST_ACCOUNT), FIRST_PREFIX + number * STRIDE % PREFIXES)


def access(run: str, port: int, *, credit: bool = False) -> Work:
    """Logins with a password in User-Password; with `credit` the answer says for how long the account has money."""
    service = 2 if credit else 1  # Framed-User, Login-User
    step = _body((1, b"a%03d"), (4, 0x7F000001), (5, 7), (6, service), (30, b"%06d55"), (31, b"4930123")) + b"\x02\x12%b"
    return Work(ACCESS_CREDIT if credit else ACCESS, run, (step,), _login, 0, AccessSpeech(port))


def _login(number: int) -> tuple[object, ...]:
    account = _FIRST_ACCOUNT + number % (ACCOUNTS - _FIRST_ACCOUNT)
    return (b"pw-a%03d" % account).ljust(16, b"\0"), account, FIRST_PREFIX + number * STRIDE % PREFIXES
