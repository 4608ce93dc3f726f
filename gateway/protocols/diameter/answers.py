"""Answers that this room makes by itself: refusals, and what an answer takes from its request (RFC 6733 sections 6.2 and 7)."""

from __future__ import annotations

from typing import Final

from gateway.protocols.diameter.codes import (
    CC_REQUEST_NUMBER,
    CC_REQUEST_TYPE,
    ERROR_MESSAGE,
    FAILED_AVP,
    MANDATORY_BIT,
    ORIGIN_HOST,
    ORIGIN_REALM,
    PROXY_INFO,
    RESULT_CODE,
    SESSION_ID,
)
from gateway.protocols.diameter.message import NO_AVP, Message, answer_to

_KEPT: Final = (CC_REQUEST_TYPE, CC_REQUEST_NUMBER)  # clients of RFC 8506 find the request of an answer by these


def plain_avp(code: int, value: bytes, mandatory: bool = True) -> bytes:
    """An AVP of the base protocol on the wire."""
    length = 8 + len(value)
    head = code.to_bytes(4, "big") + ((MANDATORY_BIT if mandatory else 0) << 24 | length).to_bytes(4, "big")
    return head + value + b"\0" * (-length & 3)


def number_avp(code: int, number: int, mandatory: bool = True) -> bytes:
    """The same with 32 bits for a value."""
    return plain_avp(code, number.to_bytes(4, "big"), mandatory)


class Identity:
    """Who we are: Origin-Host and Origin-Realm, and both as AVPs."""

    host: str
    realm: str
    avps: bytes

    def __init__(self, host: str, realm: str) -> None:
        self.host = host
        self.realm = realm
        self.avps = plain_avp(ORIGIN_HOST, host.encode()) + plain_avp(ORIGIN_REALM, realm.encode())


def taken_along(request: Message) -> bytes:
    """The AVPs that every answer has to have from its request, as they came: Proxy-Info, in their order."""
    avps = request.avps
    found: list[bytes] = []
    position = avps.find(PROXY_INFO)
    while position != NO_AVP:
        found.append(avps.whole(position))
        position = avps.find(PROXY_INFO, position)
    return b"".join(found)


def refusal(request: Message, identity: Identity, result: int, text: str = "", failed: bytes = b"", *, along: bool = True) -> bytes:
    """An answer with the E bit: Result-Code, who says so, and why. `failed` are AVPs for Failed-AVP.

    Session-Id, CC-Request-Type and -Number of the request are in it where they could be read, with `along` Proxy-Info too.
    """
    avps = request.avps
    body = b""
    position = avps.find(SESSION_ID)
    if position != NO_AVP:
        body = avps.whole(position)
    body += number_avp(RESULT_CODE, result) + identity.avps
    for code in _KEPT:
        position = avps.find(code)
        if position != NO_AVP:
            body += avps.whole(position)
    if text:
        body += plain_avp(ERROR_MESSAGE, text.encode("utf-8", "replace"), False)
    if failed:
        body += plain_avp(FAILED_AVP, failed)
    return answer_to(request, body + taken_along(request) if along else body, error=True)
