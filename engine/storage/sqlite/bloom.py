"""A filter that knows for certain which of many 32-bit hashes it has not seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.limits import EXISTS_FILTER_MAX_BYTES

_BITS_PER_HASH: Final = 16
_MIN_HASHES: Final = 1 << 19
_FACTORS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_MASK: Final = (1 << 64) - 1


class HashFilter:
    """Three bits for each hash. Made for a number of hashes; beyond it answers grow less sharp, never wrong.

    One thread may add while another asks: a hash is seen by then or it is not."""

    ready: bool
    count: int

    def __init__(self, expected: int) -> None:
        bits = _BITS_PER_HASH * max(2 * expected, _MIN_HASHES)
        self._shift = 64 - min(bits - 1, 8 * EXISTS_FILTER_MAX_BYTES - 1).bit_length()
        self._bits = bytearray(1 << (64 - self._shift - 3))
        self.count = 0
        self.ready = False

    @property
    def crowded(self) -> bool:
        """Whether a larger one would be sharper."""
        return self.count * _BITS_PER_HASH > 8 * len(self._bits) and len(self._bits) < EXISTS_FILTER_MAX_BYTES

    def add(self, hashes: Iterable[int]) -> None:
        """Takes hashes in."""
        bits, shift = self._bits, self._shift
        for value in hashes:
            for factor in _FACTORS:
                place = (value + 1) * factor & _MASK
                place = (place ^ place >> 29) * _FACTORS[0] & _MASK
                place >>= shift
                bits[place >> 3] |= 1 << (place & 7)
            self.count += 1

    def may_have(self, value: int) -> bool:
        """False when the hash was never added."""
        bits, shift = self._bits, self._shift
        for factor in _FACTORS:
            place = (value + 1) * factor & _MASK
            place = (place ^ place >> 29) * _FACTORS[0] & _MASK
            place >>= shift
            if not bits[place >> 3] & 1 << (place & 7):
                return False
        return True
