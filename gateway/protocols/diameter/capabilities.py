"""The capabilities exchange (RFC 6733 section 5.3): what we say of ourselves, what a peer says, and whether both go together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final

from gateway.protocols.diameter.answers import Identity, number_avp, plain_avp
from gateway.protocols.diameter.codes import (
    ACCT_APPLICATION_ID,
    AUTH_APPLICATION_ID,
    ERROR_MESSAGE,
    FAILED_AVP,
    FIRMWARE_REVISION,
    HOST_IP_ADDRESS,
    INBAND_SECURITY_ID,
    INVALID_AVP_VALUE,
    MISSING_AVP,
    NO_COMMON_APPLICATION,
    NO_COMMON_SECURITY,
    ORIGIN_HOST,
    ORIGIN_REALM,
    ORIGIN_STATE_ID,
    PRODUCT_NAME,
    RELAY,
    RESULT_CODE,
    SUCCESS,
    SUPPORTED_VENDOR_ID,
    VENDOR_ID,
    VENDOR_SPECIFIC_APPLICATION_ID,
)
from gateway.protocols.diameter.dictionary import ACCT, Application
from gateway.protocols.diameter.limits import MAX_ORIGIN_BYTES
from gateway.protocols.diameter.message import NO_AVP, Avps, DecodeError, Message, failed_of

_NO_SECURITY: Final = 0


class Capabilities:
    """What we say. `state_id` 0: none; an answer then repeats the peer's, as CGRateS does (recorded)."""

    identity: Identity
    state_id: int
    _vendor_id: bytes
    _product: bytes
    _applications: bytes
    _firmware: bytes

    def __init__(
        self,
        identity: Identity,
        applications: Sequence[Application],
        *,
        product_name: str,
        vendor_id: int = 0,
        firmware_revision: int = 0,
        state_id: int = 0,
    ) -> None:
        self.identity = identity
        self.state_id = state_id
        self._vendor_id = number_avp(VENDOR_ID, vendor_id)
        self._product = plain_avp(PRODUCT_NAME, product_name.encode(), False)
        self._firmware = number_avp(FIRMWARE_REVISION, firmware_revision, False) if firmware_revision else b""
        self._applications = b"".join([_application(one) for one in applications if one.id])

    def offer(self, address: str) -> bytes:
        """The AVPs of a CER from an address of ours."""
        return self.identity.avps + self._self(address, self.state_id) + self._applications + self._firmware

    def answer(self, address: str, peers_state_id: int) -> bytes:
        """The AVPs of a CEA that agrees."""
        state_id = self.state_id if self.state_id else peers_state_id
        return number_avp(RESULT_CODE, SUCCESS) + self.identity.avps + self._self(address, state_id) + self._applications + self._firmware

    def refusal(self, result: int, address: str, text: str, failed: bytes) -> bytes:
        """The AVPs of a CEA that refuses, without applications."""
        body = number_avp(RESULT_CODE, result) + self.identity.avps + self._self(address, self.state_id) + self._firmware
        if text:
            body += plain_avp(ERROR_MESSAGE, text.encode("utf-8", "replace"), False)
        return body + plain_avp(FAILED_AVP, failed) if failed else body

    def _self(self, address: str, state_id: int) -> bytes:
        packed = ip_address(address)
        family = b"\0\1" if packed.version == 4 else b"\0\2"
        told = plain_avp(HOST_IP_ADDRESS, family + packed.packed) + self._vendor_id + self._product
        return told + number_avp(ORIGIN_STATE_ID, state_id) if state_id else told


def _application(application: Application) -> bytes:
    """One application; a vendor's with its vendor, which some peers look for (Kamailio's cdp wants one beside each)."""
    one = number_avp(ACCT_APPLICATION_ID if application.type == ACCT else AUTH_APPLICATION_ID, application.id)
    if not application.vendor:
        return one
    group = plain_avp(VENDOR_SPECIFIC_APPLICATION_ID, number_avp(VENDOR_ID, application.vendor) + one)
    return number_avp(SUPPORTED_VENDOR_ID, application.vendor) + group


class Offer:
    """What a peer says: its names, its applications by number (RELAY among them for a relay), its security, 0 for no Origin-State-Id."""

    host: str
    realm: str
    product: str
    state_id: int
    firmware: int
    applications: list[int]
    security: list[int]

    def __init__(self, host: str, realm: str) -> None:
        self.host = host
        self.realm = realm
        self.product = ""
        self.state_id = 0
        self.firmware = 0
        self.applications = []
        self.security = []

    def refused(self, known_application: Callable[[int], bool], secure: bool) -> int:
        """The Result-Code that refuses it (5010, 5017), 0 for none. TLS may be asked for where the connection has it already."""
        if self.security and _NO_SECURITY not in self.security and not secure:
            return NO_COMMON_SECURITY
        for application in self.applications:
            if application == RELAY or (application and known_application(application)):
                return 0
        return NO_COMMON_APPLICATION


def read_offer(message: Message) -> Offer:
    """What a CER or CEA says. DecodeError: 5005 without Origin-Host or -Realm, 5004 where these are no names, 5014 for a broken group."""
    avps = message.avps
    offer = Offer(_name(avps, ORIGIN_HOST), _name(avps, ORIGIN_REALM))
    offer.product = (avps.text(PRODUCT_NAME) or "")[:MAX_ORIGIN_BYTES]
    offer.state_id = _number(avps, ORIGIN_STATE_ID)
    offer.firmware = _number(avps, FIRMWARE_REVISION)
    _numbers(avps, AUTH_APPLICATION_ID, offer.applications)
    _numbers(avps, ACCT_APPLICATION_ID, offer.applications)
    _numbers(avps, INBAND_SECURITY_ID, offer.security)
    position = avps.find(VENDOR_SPECIFIC_APPLICATION_ID)
    while position != NO_AVP:
        group = avps.group(position)
        _numbers(group, AUTH_APPLICATION_ID, offer.applications)
        _numbers(group, ACCT_APPLICATION_ID, offer.applications)
        position = avps.find(VENDOR_SPECIFIC_APPLICATION_ID, position)
    return offer


def _numbers(avps: Avps, code: int, found: list[int]) -> None:
    position = avps.find(code)
    while position != NO_AVP:
        value = avps.value(position)
        if len(value) == 4:
            found.append(int.from_bytes(value, "big"))
        position = avps.find(code, position)


def _name(avps: Avps, code: int) -> str:
    position = avps.find(code)
    if position == NO_AVP:
        raise DecodeError(MISSING_AVP, "", plain_avp(code, b""))
    value = avps.value(position)
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if not text or len(text) > MAX_ORIGIN_BYTES or not text.isprintable() or " " in text:
        raise DecodeError(INVALID_AVP_VALUE, "no name of a host or realm", failed_of(avps, position))
    return text


def _number(avps: Avps, key: int) -> int:
    """A number of 32 bits; 0 for none, and for an AVP that is none."""
    value = avps.first(key)
    return int.from_bytes(value, "big") if value is not None and len(value) == 4 else 0
