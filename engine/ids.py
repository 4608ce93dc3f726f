"""Identifiers that the engine draws. Chance comes in as a source of random bytes, so that a seeded engine draws the same ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

BLOCK: Final = 4096  # random bytes fetched at a time


class Ids:
    """Draws identifiers from blocks of random bytes."""

    _source: Callable[[int], bytes]
    _block: bytes
    _used: int

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source
        self._block = b""
        self._used = 0

    def _take(self, size: int) -> bytes:
        if self._used + size > len(self._block):
            self._block = self._source(BLOCK)
            self._used = 0
        taken = self._block[self._used : self._used + size]
        self._used += size
        return taken

    def uuid(self) -> str:
        """A random UUID in its usual text (RFC 9562, version 4)."""
        raw = bytearray(self._take(16))
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def below(self, bound: int) -> int:
        """A number from 0 to bound - 1; the bias of the remainder is below bound / 2**32."""
        return int.from_bytes(self._take(4), "big") % bound
