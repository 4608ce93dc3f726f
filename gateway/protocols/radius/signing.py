"""Authenticators: who sent a packet, and that nobody changed it (RFC 2865 section 3, RFC 2866, RFC 3579 section 3.2, RFC 5176, RFC 5997).

Message-Authenticator stands first in every answer to an Access-Request and to a Status-Server: what an attacker can foresee must not come
before it (draft-ietf-radext-deprecating-radius, the BlastRADIUS attack on MD5).
"""

from __future__ import annotations

import hmac
from typing import Final

from gateway.protocols.radius.codes import (
    ACCESS_REQUEST,
    ACCOUNTING_REQUEST,
    AUTHENTICATOR_BYTES,
    HEADER_BYTES,
    MESSAGE_AUTHENTICATOR,
    PROXY_STATE,
    STATUS_SERVER,
)
from gateway.protocols.radius.md5 import hmac_md5, md5
from gateway.protocols.radius.packet import NO_ATTRIBUTE, Packet, header

ABSENT: Final = 0
RIGHT: Final = 1
WRONG: Final = 2

_ZEROS: Final = bytes(AUTHENTICATOR_BYTES)
_SIGNATURE_HEAD: Final = bytes((MESSAGE_AUTHENTICATOR, AUTHENTICATOR_BYTES + 2))


# -- looking -------------------------------------------------------------------------------------------------------------


def has_random_authenticator(code: int) -> bool:
    """Whether a request's authenticator is drawn by chance; that of the others is a digest under the secret."""
    return code in (ACCESS_REQUEST, STATUS_SERVER)


def request_is_signed(packet: Packet, secret: bytes) -> bool:
    """Whether the authenticator of an Accounting-, CoA- or Disconnect-Request is right (RFC 2866 section 3, RFC 5176 section 2.3)."""
    raw = packet.raw
    digest = md5(raw[:4] + _ZEROS + raw[HEADER_BYTES:] + secret)
    return hmac.compare_digest(digest, raw[4:HEADER_BYTES])


def answer_is_signed(packet: Packet, request_authenticator: bytes, secret: bytes) -> bool:
    """Whether the authenticator of an answer is right (RFC 2865 section 3)."""
    raw = packet.raw
    digest = md5(raw[:4] + request_authenticator + raw[HEADER_BYTES:] + secret)
    return hmac.compare_digest(digest, raw[4:HEADER_BYTES])


def message_authenticator(packet: Packet, secret: bytes, request_authenticator: bytes = b"") -> int:
    """Whether the Message-Authenticator of a packet is RIGHT, WRONG (several, or of another length, too) or ABSENT.

    Of an answer: with the authenticator of its request. Requests whose authenticator is a digest are signed over zeros in its place.
    """
    at = packet.find(MESSAGE_AUTHENTICATOR)
    if at == NO_ATTRIBUTE:
        return ABSENT
    raw = packet.raw
    end = packet.after(at)
    if end - at != AUTHENTICATOR_BYTES + 2 or packet.find(MESSAGE_AUTHENTICATOR, end) != NO_ATTRIBUTE:
        return WRONG
    middle = request_authenticator
    if not middle:
        middle = raw[4:HEADER_BYTES] if has_random_authenticator(packet.code) else _ZEROS
    digest = hmac_md5(secret, raw[:4] + middle + raw[HEADER_BYTES : at + 2] + _ZEROS + raw[end:])
    return RIGHT if hmac.compare_digest(digest, raw[at + 2 : end]) else WRONG


# -- signing -------------------------------------------------------------------------------------------------------------


def answer(request: Packet, code: int, body: bytes, secret: bytes) -> bytes:
    """An answer on the wire: its attributes, then the Proxy-State of its request in its order; signed.

    With Message-Authenticator first where the request is an Access-Request or a Status-Server, or a CoA- or Disconnect-Request that has one
    itself. An Accounting-Response has none: what its authenticator would be digested from is said nowhere, and FreeRADIUS drops ours
    (RFC 3579 section 3.2 knows it in Access packets only). ValueError for more than fits into a packet.
    """
    body += request.whole(PROXY_STATE)
    authenticator = request.authenticator
    code_asked = request.code
    if has_random_authenticator(code_asked) or (code_asked != ACCOUNTING_REQUEST and request.find(MESSAGE_AUTHENTICATOR) != NO_ATTRIBUTE):
        head = header(code, request.identifier, len(body) + AUTHENTICATOR_BYTES + 2)
        digest = hmac_md5(secret, head + authenticator + _SIGNATURE_HEAD + _ZEROS + body)
        body = _SIGNATURE_HEAD + digest + body
    else:
        head = header(code, request.identifier, len(body))
    return head + md5(head + authenticator + body + secret) + body


def request(code: int, identifier: int, body: bytes, secret: bytes, authenticator: bytes = b"", signed: bool = True) -> bytes:
    """A request on the wire, with Message-Authenticator first where `signed`.

    `authenticator`: 16 octets by chance, for an Access-Request and a Status-Server; of the others it is the digest. ValueError for more
    than fits into a packet.
    """
    by_chance = has_random_authenticator(code)
    assert len(authenticator) == (AUTHENTICATOR_BYTES if by_chance else 0), "an authenticator where it is drawn by chance, only there"
    middle = authenticator if by_chance else _ZEROS
    head = header(code, identifier, len(body) + (AUTHENTICATOR_BYTES + 2 if signed else 0))
    if signed:
        body = _SIGNATURE_HEAD + hmac_md5(secret, head + middle + _SIGNATURE_HEAD + _ZEROS + body) + body
    if by_chance:
        return head + authenticator + body
    return head + md5(head + middle + body + secret) + body
