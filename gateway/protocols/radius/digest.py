"""HTTP digest authentication of SIP proxies (RFC 5090), and in the layout of the draft before it that Kamailio and OpenSIPS send:
Digest-Response (206) beside Digest-Attributes (207), each with parts inside. Calculated by RFC 2617, with MD5 and MD5-sess.
"""

from __future__ import annotations

import hmac
from hashlib import md5
from typing import Final

from gateway.protocols.radius.attributes import inner_values
from gateway.protocols.radius.packet import Packet

_RESPONSE: Final = 103  # RFC 5090 section 3
_DRAFT_RESPONSE: Final = 206  # draft-sterman-aaa-sip-00
_DRAFT_PARTS: Final = 207
_QOP_INTEGRITY: Final = b"auth-int"
# what it is called, its attribute in RFC 5090, its part in the draft
_NAMES: Final = (
    ("realm", 104, 1),
    ("nonce", 105, 2),
    ("method", 108, 3),
    ("uri", 109, 4),
    ("qop", 110, 5),
    ("algorithm", 111, 6),
    ("body", 112, 7),
    ("cnonce", 113, 8),
    ("count", 114, 9),
    ("user", 115, 10),
)


class Digest:
    """What a SIP proxy asks about: the response of a user, and what it was calculated from. Texts that were not sent are empty."""

    response: bytes
    _texts: dict[str, bytes]

    def __init__(self, response: bytes, texts: dict[str, bytes]) -> None:
        self.response = response
        self._texts = texts

    @property
    def user(self) -> bytes:
        return self._texts.get("user", b"")

    @property
    def realm(self) -> bytes:
        return self._texts.get("realm", b"")

    def is_right(self, password: bytes) -> bool:
        """Whether the response is that of the password. One by an algorithm that is not known never is."""
        return self.is_hash(_hashed(self.user + b":" + self.realm + b":" + password))

    def is_hash(self, secret_hash: bytes) -> bool:
        """Whether the response is that of H(user:realm:password), in hexadecimal digits."""
        expected = self.expected(secret_hash)
        return bool(expected) and hmac.compare_digest(expected, self.response.lower())

    def expected(self, secret_hash: bytes) -> bytes:
        """The right response for H(user:realm:password), in hexadecimal digits; empty for an algorithm that is not known."""
        texts = self._texts
        nonce, qop, cnonce = texts.get("nonce", b""), texts.get("qop", b""), texts.get("cnonce", b"")
        algorithm = texts.get("algorithm", b"").lower()
        if algorithm == b"md5-sess":
            secret_hash = _hashed(secret_hash + b":" + nonce + b":" + cnonce)
        elif algorithm not in (b"", b"md5"):
            return b""
        asked = texts.get("method", b"") + b":" + texts.get("uri", b"")
        if qop == _QOP_INTEGRITY:
            asked += b":" + texts.get("body", b"")
        if not qop:
            return _hashed(secret_hash + b":" + nonce + b":" + _hashed(asked))
        return _hashed(b":".join((secret_hash, nonce, texts.get("count", b""), cnonce, qop, _hashed(asked))))


def digest_of(packet: Packet) -> Digest | None:
    """The digest of an Access-Request, in either layout; None where there is none."""
    texts: dict[str, bytes] = {}
    response = packet.first(_DRAFT_RESPONSE)
    if response is not None:
        parts: dict[int, bytes] = {}
        for outer in packet.all(_DRAFT_PARTS):
            for number, value in inner_values(outer):
                parts.setdefault(number, value)
        for name, _, part in _NAMES:
            if part in parts:
                texts[name] = parts[part]
        return Digest(response, texts)
    response = packet.first(_RESPONSE)
    if response is None:
        return None
    for name, number, _ in _NAMES:
        found = packet.first(number)
        if found is not None:
            texts[name] = found
    return Digest(response, texts)


def _hashed(data: bytes) -> bytes:
    return md5(data, usedforsecurity=False).hexdigest().encode()
