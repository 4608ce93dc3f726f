"""RADIUS packets as octets, by hashlib alone: what tests say to a gateway and how they look at what it says, without its own code.

RFC 2865 section 3 and 5.2, RFC 2866 section 3, RFC 3579 section 3.2, RFC 5176 section 2.3. Attributes are pairs of number and octets.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE, CHALLENGE, STATUS = 1, 2, 3, 4, 5, 11, 12
DISCONNECT_REQUEST, DISCONNECT_ACK, DISCONNECT_NAK, COA_REQUEST, COA_ACK, COA_NAK = 40, 41, 42, 43, 44, 45
USER_NAME, USER_PASSWORD, NAS_ADDRESS, NAS_PORT, SERVICE_TYPE, REPLY_MESSAGE, CLASS = 1, 2, 4, 5, 6, 18, 25
SESSION_TIMEOUT, CALLED, CALLING, NAS_IDENTIFIER, PROXY_STATE = 27, 30, 31, 32, 33
STATUS_TYPE, DELAY_TIME, SESSION_ID, SESSION_TIME, EVENT_TIMESTAMP, EAP_MESSAGE, MESSAGE_AUTHENTICATOR = 40, 41, 44, 46, 55, 79, 80
START, STOP, INTERIM, ON, OFF = 1, 2, 3, 7, 8
HEADER = 20

Attributes = Sequence[tuple[int, bytes]]


def number(value: int) -> bytes:
    """An integer's four octets."""
    return value.to_bytes(4, "big")


def body_of(attributes: Iterable[tuple[int, bytes]]) -> bytes:
    """Attributes one behind the other."""
    return b"".join(bytes((kind, 2 + len(value))) + value for kind, value in attributes)


def attributes_of(packet: bytes) -> list[tuple[int, bytes]]:
    """What a packet holds, in its order. AssertionError where lengths do not fit."""
    end, at, found = int.from_bytes(packet[2:4], "big"), HEADER, list[tuple[int, bytes]]()
    assert HEADER <= end == len(packet) <= 4096, packet.hex()
    while at < end:
        size = packet[at + 1]
        assert size >= 2, packet.hex()
        assert at + size <= end, packet.hex()
        found.append((packet[at], packet[at + 2 : at + size]))
        at += size
    return found


def first(packet: bytes, kind: int) -> bytes | None:
    """The first attribute of a number."""
    return next((value for found, value in attributes_of(packet) if found == kind), None)


def _head(code: int, ident: int, body: bytes, authenticator: bytes) -> bytes:
    return bytes((code, ident)) + (HEADER + len(body)).to_bytes(2, "big") + authenticator


def accounting(ident: int, attributes: Attributes, secret: bytes, code: int = ACCOUNTING_REQUEST) -> bytes:
    """An Accounting-Request (or Disconnect-, CoA-Request); its authenticator is the digest of itself and the secret."""
    body = body_of(attributes)
    return _head(code, ident, body, hashlib.md5(_head(code, ident, body, bytes(16)) + body + secret).digest()) + body


def access(
    ident: int, authenticator: bytes, attributes: Attributes, secret: bytes, *, signed: bool = True, code: int = ACCESS_REQUEST
) -> bytes:
    """An Access-Request (or Status-Server), with Message-Authenticator as its first attribute unless it is not to be `signed`."""
    body = body_of(attributes)
    if not signed:
        return _head(code, ident, body, authenticator) + body
    empty = bytes((MESSAGE_AUTHENTICATOR, 18)) + bytes(16) + body
    digest = hmac.digest(secret, _head(code, ident, empty, authenticator) + empty, "md5")
    return _head(code, ident, empty, authenticator) + bytes((MESSAGE_AUTHENTICATOR, 18)) + digest + body


def hidden(password: bytes, authenticator: bytes, secret: bytes) -> bytes:
    """User-Password as it goes over the wire."""
    padded = password + bytes(-len(password) % 16 or (16 if not password else 0))
    found, above = b"", authenticator
    for at in range(0, len(padded), 16):
        pad = hashlib.md5(secret + above).digest()
        above = bytes(left ^ right for left, right in zip(padded[at : at + 16], pad, strict=True))
        found += above
    return found


def answer(code: int, request: bytes, attributes: Attributes, secret: bytes) -> bytes:
    """What a NAS says to a Disconnect- or CoA-Request, or a server to anything, without Message-Authenticator."""
    body = body_of(attributes)
    head = _head(code, request[1], body, request[4:20])
    return _head(code, request[1], body, hashlib.md5(head + body + secret).digest()) + body


def fault(packet: bytes, request: bytes, secret: bytes) -> str:
    """Why an answer cannot be the server's answer to this request; empty where it is."""
    if len(packet) < HEADER or int.from_bytes(packet[2:4], "big") != len(packet):
        return f"its length is not {len(packet)}"
    if packet[1] != request[1]:
        return "its Identifier is another"
    if hashlib.md5(packet[:4] + request[4:20] + packet[20:] + secret).digest() != packet[4:20]:
        return "its Response Authenticator is wrong"
    at = HEADER
    for kind, value in attributes_of(packet):
        if kind == MESSAGE_AUTHENTICATOR:
            blank = packet[:4] + request[4:20] + packet[20 : at + 2] + bytes(16) + packet[at + 18 :]
            if hmac.digest(secret, blank, "md5") != value:
                return "its Message-Authenticator is wrong"
        at += 2 + len(value)
    wants = request[0] in (ACCESS_REQUEST, STATUS)
    if request[0] == ACCOUNTING_REQUEST and first(packet, MESSAGE_AUTHENTICATOR) is not None:
        return "an Accounting-Response has no Message-Authenticator"
    if wants and attributes_of(packet)[:1] != [(MESSAGE_AUTHENTICATOR, packet[22:38])]:
        return "Message-Authenticator is not its first attribute"
    return ""


def request_fault(packet: bytes, secret: bytes) -> str:
    """Why a Disconnect- or CoA-Request is not of somebody who knows the secret; empty where it is."""
    if hashlib.md5(packet[:4] + bytes(16) + packet[20:] + secret).digest() != packet[4:20]:
        return "its Request Authenticator is wrong"
    return ""
