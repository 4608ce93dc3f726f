"""MD5 and HMAC-MD5 (RFC 1321, RFC 2104) of octets as few as a packet has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Final

from gateway.protocols.radius.limits import MAX_SECRETS

_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(octet ^ 0x36 for octet in range(256))
_OUTER: Final = bytes(octet ^ 0x5C for octet in range(256))
_READY: Final[dict[bytes, tuple[Any, Any]]] = {}  # by secret: the two digests of RFC 2104, begun


def _interpreters() -> Callable[[bytes], Any]:
    """The interpreter's own MD5 where it has one: OpenSSL's takes twice as long for a packet, and its HMAC five times; that also lets go of
    the interpreter, and another thread may keep it for 5 ms."""
    try:
        made: Callable[[bytes], Any] = import_module("_md5").md5
    except ImportError:
        made = partial(hashlib.md5, usedforsecurity=False)
    return made


_BEGUN: Final = _interpreters()


def md5(octets: bytes) -> bytes:
    """The 16 octets of the digest."""
    found: bytes = _BEGUN(octets).digest()
    return found


def hmac_md5(secret: bytes, octets: bytes) -> bytes:
    """The 16 octets of the digest under a secret, which is kept ready."""
    ready = _READY.get(secret)
    if ready is None:
        if len(_READY) >= MAX_SECRETS:
            _READY.clear()
        key = (secret if len(secret) <= _BLOCK_BYTES else md5(secret)).ljust(_BLOCK_BYTES, b"\0")
        ready = _READY[secret] = (_BEGUN(key.translate(_INNER)), _BEGUN(key.translate(_OUTER)))
    inner = ready[0].copy()
    inner.update(octets)
    outer = ready[1].copy()
    outer.update(inner.digest())
    found: bytes = outer.digest()
    return found
