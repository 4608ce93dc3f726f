"""What lies around a value: the tag that groups the attributes of a tunnel (RFC 2868 section 3), and the hiding of the dictionary."""

from __future__ import annotations

from typing import Final

from gateway.protocols.radius.dictionary import HIDDEN_ASCEND, HIDDEN_PASSWORD, HIDDEN_SALTED, Attribute
from gateway.protocols.radius.hiding import hide_ascend, hide_password, hide_salted, show_ascend, show_password, show_salted
from gateway.protocols.radius.kinds import INTEGER

NO_TAG: Final = 0
MAX_TAG: Final = 0x1F
ANY_TAG: Final = -1


def tag_of(attribute: Attribute, value: bytes) -> int:
    """The tag of a value on the wire; NO_TAG (0) where there is none."""
    if not attribute.has_tag or not value or value[0] > MAX_TAG:
        return NO_TAG
    return value[0]


def uncover(attribute: Attribute, value: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """A value on the wire without its tag and hiding. Without a secret it stays hidden. ValueError where it was hidden with another."""
    if attribute.has_tag and value:
        if attribute.kind == INTEGER and len(value) == 4:
            value = b"\0" + value[1:]
        elif attribute.encrypt == HIDDEN_SALTED or value[0] <= MAX_TAG:
            value = value[1:]
    if not attribute.encrypt or not secret:
        return value
    if attribute.encrypt == HIDDEN_PASSWORD:
        shown = show_password(value, secret, authenticator)
        return shown.ljust(attribute.size, b"\0")  # zeros at the end of a value of fixed size are no padding
    if attribute.encrypt == HIDDEN_SALTED:
        return show_salted(value, secret, authenticator)
    return show_ascend(value, secret, authenticator)


def cover(attribute: Attribute, value: bytes, tag: int, secret: bytes, authenticator: bytes, salt: int) -> bytes:
    """A value as it goes onto the wire. ValueError, naming the attribute, for what cannot be hidden or tagged."""
    if attribute.encrypt:
        if not secret or not authenticator:
            raise ValueError(f"{attribute.name} cannot be hidden here: there is no secret, or no request that it is for")
        try:
            value = _hidden(attribute.encrypt, value, secret, authenticator, salt)
        except ValueError as error:
            raise ValueError(f"{attribute.name}: {error}") from None
    if not attribute.has_tag:
        if tag:
            raise ValueError(f"{attribute.name} has no tag")
        return value
    if attribute.kind == INTEGER:
        if value[0]:
            raise ValueError(f"{attribute.name}: beyond the 24 bits that a tag leaves")
        return bytes((tag,)) + value[1:]
    if tag or attribute.encrypt == HIDDEN_SALTED or (value and value[0] <= MAX_TAG):
        return bytes((tag,)) + value
    return value


def _hidden(way: int, value: bytes, secret: bytes, authenticator: bytes, salt: int) -> bytes:
    if way == HIDDEN_PASSWORD:
        return hide_password(value, secret, authenticator)
    if way == HIDDEN_ASCEND:
        return hide_ascend(value, secret, authenticator)
    return hide_salted(value, secret, authenticator, salt)
