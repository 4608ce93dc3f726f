"""`*radauth`: whether an Access-Request knows the password that its processors found (reference agents.md section 2).

The methods are those that the processor's flags name, `*pap`, `*chap`, `*mschapv1`, `*mschapv2`, `*digest`; of several the first whose
attributes the request has. `*vars.UserPassword` is the password, in one of the forms of gateway/protocols/radius/stored.py.

What is refused takes the same way, and the same time, whether the user is not known, the password is wrong, or it is kept in a form that
the method cannot use; what the request is told is recorded: NOT_FOUND, RADAUTH_FAILED, MANDATORY_IE_MISSING.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.errors import mandatory_missing, not_found, server_error
from engine.fields.view import VARS
from gateway.processors.calls import OwnRequest
from gateway.protocols.radius.attributes import inner_values
from gateway.protocols.radius.chap import chap_challenge, chap_is_right
from gateway.protocols.radius.codes import CHAP_PASSWORD, USER_NAME, USER_PASSWORD, VENDOR_SPECIFIC
from gateway.protocols.radius.digest import Digest, digest_of
from gateway.protocols.radius.hiding import hide_password, hide_salted, show_password
from gateway.protocols.radius.mschap import (
    CHALLENGE2_BYTES,
    CHALLENGE_BYTES,
    mppe2_keys,
    mppe_keys,
    mschap2_success,
    mschap_error,
    mschap_is_right,
)
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.stored import BROKEN, StoredPassword

RADAUTH: Final = "*radauth"
PAP: Final = "*pap"
CHAP: Final = "*chap"
MSCHAP: Final = "*mschapv1"
MSCHAP2: Final = "*mschapv2"
DIGEST: Final = "*digest"
MPPE: Final = "*mppe"
MPPE_REQUIRED: Final = "*mppe:*required"
MSCHAP_ERROR: Final = "*mschap_error"
METHODS: Final = (PAP, CHAP, MSCHAP, MSCHAP2, DIGEST)
FLAGS: Final = (*METHODS, MPPE, MSCHAP_ERROR)
"""What `*radauth` may have beside it."""

USER_PASSWORD_NAME: Final = "UserPassword"
FAILED: Final = "RADAUTH_FAILED"
NO_METHOD: Final = f"*radauth without a method: one of {', '.join(METHODS)}"

_MICROSOFT: Final = b"\x00\x00\x01\x37"  # vendor 311
_RESPONSE: Final = 1
_ERROR: Final = 2
_POLICY: Final = 7
_TYPES: Final = 8
_CHALLENGE: Final = 11
_KEYS: Final = 12
_SEND_KEY: Final = 16
_RECV_KEY: Final = 17
_RESPONSE2: Final = 25
_SUCCESS2: Final = 26
_ALLOWED: Final = b"\x00\x00\x00\x01"  # RFC 2548 section 2.4.4
_REQUIRED: Final = b"\x00\x00\x00\x02"
_ANY_KEY: Final = b"\x00\x00\x00\x06"  # section 2.4.5: 40 or 128 bits
_STRONG_KEY: Final = b"\x00\x00\x00\x04"
SALTS: Final = 2  # that the keys of MS-CHAPv2 need
_NOBODY: Final = StoredPassword("nobody's")

Random = Callable[[int], bytes]


class Checked:
    """What came of a check. `error` is what `*cgrep.Error` becomes, empty where the password is right; `accepting` and `refusing` are
    attributes for an Access-Accept and an Access-Reject; `note` is what an operator should know."""

    error: str
    accepting: bytes
    refusing: bytes
    note: str

    def __init__(self) -> None:
        self.error = FAILED
        self.accepting = b""
        self.refusing = b""
        self.note = ""


def check(own: OwnRequest, packet: Packet, secret: bytes, random: Random, salt: int) -> Checked:
    """The answer to `*radauth`. RequestError where there is nothing to check: no password, or an empty one (NOT_FOUND), no such attribute.

    `salt`: the first of SALTS numbers by which nothing else of the answer is hidden.
    """
    methods = [flag for flag in own.flags if flag in METHODS]
    if not methods:
        raise server_error(NO_METHOD)
    variables = own.scopes.get(VARS)
    kept = variables.get(USER_PASSWORD_NAME) if isinstance(variables, dict) else None
    method = _method(methods, packet)
    if not isinstance(kept, str) or not kept:
        _checked(method, own, packet, secret, _NOBODY, random, salt)
        raise not_found()
    return _checked(method, own, packet, secret, StoredPassword(kept), random, salt)


def _checked(method: str, own: OwnRequest, packet: Packet, secret: bytes, stored: StoredPassword, random: Random, salt: int) -> Checked:
    checked = Checked()
    if method == PAP:
        hidden = packet.first(USER_PASSWORD) or b""
        _decide(checked, stored.is_password(show_password(hidden, secret, packet.authenticator)))
    elif method == CHAP:
        _check_chap(checked, packet, stored)
    elif method == DIGEST:
        digest = digest_of(packet)
        assert digest is not None, "the request has what the method needs"
        _decide(checked, _digest_fits(digest, packet, stored))
    elif method == MSCHAP:
        _check_mschap(checked, own, packet, secret, stored)
    else:
        _check_mschap2(checked, own, packet, secret, stored, salt)
    if checked.error and method in (MSCHAP, MSCHAP2) and MSCHAP_ERROR in own.flags:
        response = _microsoft(packet, _RESPONSE if method == MSCHAP else _RESPONSE2) or b"\0"
        size = CHALLENGE_BYTES if method == MSCHAP else CHALLENGE2_BYTES
        checked.refusing = _attribute(_ERROR, mschap_error(response[0], random(size), "Authentication failed"))
    if checked.error and not _serves(stored, method):
        checked.note = f"a password that is kept as {{{stored.name}}} cannot be checked by {method}"
    return checked


def _method(methods: list[str], packet: Packet) -> str:
    """The first method that the request can be checked by; the first one's complaint where there is none."""
    for method in methods:
        if not _missing(method, packet):
            return method
    raise mandatory_missing(_missing(methods[0], packet))


def _missing(method: str, packet: Packet) -> str:
    """What the request lacks of what a method needs; empty where it has it all."""
    if method == PAP:
        return "" if packet.first(USER_PASSWORD) is not None else "User-Password"
    if method == CHAP:
        return "" if packet.first(CHAP_PASSWORD) is not None else "CHAP-Password"
    if method == DIGEST:
        return "" if digest_of(packet) is not None else "Digest-Response"
    if _microsoft(packet, _CHALLENGE) is None:
        return "MS-CHAP-Challenge"
    if method == MSCHAP:
        return "" if _microsoft(packet, _RESPONSE) is not None else "MS-CHAP-Response"
    return "" if _microsoft(packet, _RESPONSE2) is not None else "MS-CHAP2-Response"


def _serves(stored: StoredPassword, method: str) -> bool:
    """Whether a method can be checked by what is known of the password."""
    if method == PAP:
        return not stored.ha1() and stored.form != BROKEN
    if method == CHAP:
        return stored.is_clear()
    if method == DIGEST:
        return stored.is_clear() or bool(stored.ha1())
    return bool(stored.nt())


def _decide(checked: Checked, is_right: bool) -> None:
    checked.error = "" if is_right else FAILED


# -- methods -------------------------------------------------------------------------------------------------------------


def _check_chap(checked: Checked, packet: Packet, stored: StoredPassword) -> None:
    known = stored if stored.is_clear() else _NOBODY
    is_right = chap_is_right(packet.first(CHAP_PASSWORD) or b"", chap_challenge(packet), known.clear())
    _decide(checked, is_right and stored.is_clear())


def _digest_fits(digest: Digest, packet: Packet, stored: StoredPassword) -> bool:
    """Whether a digest is that of the password, and of the user whom the request names: `user`, or `user@realm`."""
    user = packet.first(USER_NAME) or b""
    names = (digest.user, digest.user + b"@" + digest.realm)
    ha1 = stored.ha1()
    known = stored if stored.is_clear() else _NOBODY
    is_right = digest.is_hash(ha1) if ha1 else digest.is_right(known.clear()) and stored.is_clear()
    return is_right and bool(digest.user) and user in names


def _check_mschap(checked: Checked, own: OwnRequest, packet: Packet, secret: bytes, stored: StoredPassword) -> None:
    known = stored if stored.nt() else _NOBODY
    response, challenge = _microsoft(packet, _RESPONSE) or b"", _microsoft(packet, _CHALLENGE) or b""
    is_right = mschap_is_right(response, challenge, known.nt())
    _decide(checked, is_right and known is stored)
    if not checked.error and _wants_keys(own):
        keys = hide_password(mppe_keys(stored.nt(), stored.lanman()), secret, packet.authenticator)
        checked.accepting = _attribute(_KEYS, keys) + _encryption(own)


def _check_mschap2(checked: Checked, own: OwnRequest, packet: Packet, secret: bytes, stored: StoredPassword, salt: int) -> None:
    known = stored if stored.nt() else _NOBODY
    response, challenge = _microsoft(packet, _RESPONSE2) or b"", _microsoft(packet, _CHALLENGE) or b""
    password_hash = known.nt()
    success = mschap2_success(response, challenge, packet.first(USER_NAME) or b"", password_hash)
    _decide(checked, bool(success) and known is stored)
    if checked.error:
        return
    checked.accepting = _attribute(_SUCCESS2, success)
    if _wants_keys(own):
        sending, receiving = mppe2_keys(password_hash, response[26:])
        checked.accepting += _attribute(_SEND_KEY, hide_salted(sending, secret, packet.authenticator, salt))
        checked.accepting += _attribute(_RECV_KEY, hide_salted(receiving, secret, packet.authenticator, salt + 1))
        checked.accepting += _encryption(own)


def _wants_keys(own: OwnRequest) -> bool:
    return MPPE in own.flags or MPPE_REQUIRED in own.flags


def _encryption(own: OwnRequest) -> bytes:
    """What the NAS is told about MPPE: allowed with any key, or required with one of 128 bits."""
    if MPPE_REQUIRED in own.flags:
        return _attribute(_POLICY, _REQUIRED) + _attribute(_TYPES, _STRONG_KEY)
    return _attribute(_POLICY, _ALLOWED) + _attribute(_TYPES, _ANY_KEY)


# -- attributes of vendor 311 --------------------------------------------------------------------------------------------


def _microsoft(packet: Packet, number: int) -> bytes | None:
    """The first value of an attribute of Microsoft's."""
    for value in packet.all(VENDOR_SPECIFIC):
        if value[:4] == _MICROSOFT:
            for inner, octets in inner_values(value[4:]):
                if inner == number:
                    return octets
    return None


def _attribute(number: int, value: bytes) -> bytes:
    return bytes((VENDOR_SPECIFIC, len(value) + 8)) + _MICROSOFT + bytes((number, len(value) + 2)) + value
