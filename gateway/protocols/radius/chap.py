"""CHAP (RFC 2865 section 5.3, RFC 1994): a digest of the password and what the client was asked."""

from __future__ import annotations

import hmac
from typing import Final

from gateway.protocols.radius.codes import CHAP_CHALLENGE
from gateway.protocols.radius.md5 import md5
from gateway.protocols.radius.packet import Packet

RESPONSE_BYTES: Final = 17  # of a CHAP-Password: identifier and digest


def chap_password(identifier: int, password: bytes, challenge: bytes) -> bytes:
    """The CHAP-Password of a client."""
    head = bytes((identifier,))
    return head + md5(head + password + challenge)


def chap_challenge(packet: Packet) -> bytes:
    """What the client was asked: CHAP-Challenge, or where there is none the authenticator of the request."""
    challenge = packet.first(CHAP_CHALLENGE)
    return packet.authenticator if challenge is None else challenge


def chap_is_right(response: bytes, challenge: bytes, password: bytes) -> bool:
    """Whether a CHAP-Password is that of the password; one of the wrong size never is."""
    if len(response) != RESPONSE_BYTES:
        return False
    return hmac.compare_digest(chap_password(response[0], password, challenge), response)
