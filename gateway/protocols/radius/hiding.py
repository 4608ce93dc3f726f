"""Hidden values: passwords and keys under the secret that client and server share (RFC 2865 section 5.2, RFC 2868 section 3.5)."""

from __future__ import annotations

from typing import Final

from gateway.protocols.radius.limits import MAX_PASSWORD_BYTES, MAX_VALUE_BYTES
from gateway.protocols.radius.md5 import md5

BLOCK: Final = 16
SALT_BYTES: Final = 2
_SALT_BIT: Final = 0x8000  # of every salt, RFC 2868 section 3.5


def hide_password(password: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """A User-Password on the wire: padded with zeros to whole blocks of 16, at least one. ValueError for more than 128 octets."""
    if len(password) > MAX_PASSWORD_BYTES:
        raise ValueError(f"a password of {len(password)} octets, {MAX_PASSWORD_BYTES} is the most")
    padded = password + bytes(-len(password) % BLOCK if password else BLOCK)
    return _chained(padded, secret, authenticator, True)


def show_password(hidden: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """The password, its padding taken off: all zeros at the end. Octets behind the last whole block are of none and left out."""
    whole = hidden[: len(hidden) - len(hidden) % BLOCK]
    return _chained(whole, secret, authenticator, False).rstrip(b"\0")


def hide_salted(value: bytes, secret: bytes, authenticator: bytes, salt: int) -> bytes:
    """Salt and hidden value of a Tunnel-Password (behind its tag) or an MPPE key, of the request's authenticator.

    `salt`: any number, its lower 15 bits count; it must differ for each value in a packet. ValueError for a value that is too long.
    """
    if len(value) > MAX_VALUE_BYTES - SALT_BYTES - BLOCK:
        raise ValueError(f"a value of {len(value)} octets is too long to be hidden")
    head = (_SALT_BIT | salt & 0x7FFF).to_bytes(SALT_BYTES, "big")
    plain = bytes((len(value),)) + value
    return head + _chained(plain + bytes(-len(plain) % BLOCK), secret, authenticator + head, True)


def show_salted(hidden: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """The value. ValueError for what is none: too short, no whole blocks, a length that does not fit (another secret)."""
    size = len(hidden) - SALT_BYTES
    if size < BLOCK or size % BLOCK:
        raise ValueError("no whole blocks behind a salt")
    plain = _chained(hidden[SALT_BYTES:], secret, authenticator + hidden[:SALT_BYTES], False)
    if plain[0] >= size:
        raise ValueError("a length that does not fit: another secret")
    return plain[1 : 1 + plain[0]]


def hide_ascend(value: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """An Ascend-Send-Secret: 16 octets, of the authenticator and the secret in this order. ValueError for more."""
    if len(value) > BLOCK:
        raise ValueError(f"a value of {len(value)} octets, {BLOCK} is the most")
    return _mixed(value + bytes(BLOCK - len(value)), md5(authenticator + secret))


def show_ascend(hidden: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """The value of an Ascend-Send-Secret, zeros at the end taken off."""
    return _mixed(hidden[:BLOCK], md5(authenticator + secret)).rstrip(b"\0")


def _chained(data: bytes, secret: bytes, vector: bytes, hiding: bool) -> bytes:
    """Each block mixed with the digest of the secret and the hidden block before it, the first with that of `vector`."""
    found = b""
    for at in range(0, len(data), BLOCK):
        block = data[at : at + BLOCK]
        mixed = _mixed(block, md5(secret + vector))
        vector = mixed if hiding else block
        found += mixed
    return found


def _mixed(block: bytes, digest: bytes) -> bytes:
    size = len(block)
    return (int.from_bytes(block, "big") ^ int.from_bytes(digest[:size], "big")).to_bytes(size, "big")
