"""A filter that knows for certain which of many 32-bit hashes it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.limits import EXISTS_FILTER_MAX_BYTES

_BITS_PER_HASH: Final = 16
_MIN_HASHES: Final = 1 << 19
_FIRST: Final = 0x1E3779B1  # odd, and below 2**30: a product with a hash fits a machine word
_SECOND: Final = 0x2545F491
_THIRD: Final = 0x165667B1
_MASK: Final = (1 << 32) - 1


class HashFilter:
    """Three bits for each hash. Made for a number of hashes; beyond it answers grow less sharp, never wrong.

    One thread may add while another asks: a hash is seen by then or it is not."""

    ready: bool
    count: int
    _shift: int
    _bits: bytearray

    def __init__(self, expected: int) -> None:
        bits = _BITS_PER_HASH * max(2 * expected, _MIN_HASHES)
        self._shift = 32 - min(bits - 1, 8 * EXISTS_FILTER_MAX_BYTES - 1).bit_length()
        self._bits = bytearray(1 << (32 - self._shift - 3))
        self.count = 0
        self.ready = False

    @property
    def crowded(self) -> bool:
        """Whether a larger one would be sharper."""
        return self.count * _BITS_PER_HASH > 8 * len(self._bits) and len(self._bits) < EXISTS_FILTER_MAX_BYTES

    def add(self, value: int) -> None:
        """Takes a hash in."""
        bits = self._bits
        shift = self._shift
        first = (value * _FIRST & _MASK) >> shift
        second = (value * _SECOND & _MASK) >> shift
        third = (value * _THIRD & _MASK) >> shift
        bits[first >> 3] |= 1 << (first & 7)
        bits[second >> 3] |= 1 << (second & 7)
        bits[third >> 3] |= 1 << (third & 7)
        self.count += 1

    def add_all(self, values: Sequence[int]) -> None:
        """Takes hashes in."""
        for value in values:
            self.add(value)

    def may_have(self, value: int) -> bool:
        """False when the hash was never added."""
        bits = self._bits
        shift = self._shift
        first = (value * _FIRST & _MASK) >> shift
        if not bits[first >> 3] & 1 << (first & 7):
            return False
        second = (value * _SECOND & _MASK) >> shift
        if not bits[second >> 3] & 1 << (second & 7):
            return False
        third = (value * _THIRD & _MASK) >> shift
        return bool(bits[third >> 3] & 1 << (third & 7))
