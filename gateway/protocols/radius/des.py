"""The block cipher DES (FIPS 46-3), to encrypt single blocks: MS-CHAP is built on it and libraries give it up. For no other use."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

BLOCK: Final = 8

# The tables of the standard; bits are counted from 1, the leftmost.
_FIRST_KEY_CHOICE: Final = (
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
)  # fmt: skip
_SECOND_KEY_CHOICE: Final = (
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
)  # fmt: skip
_KEY_SHIFTS: Final = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
_INITIAL: Final = tuple([first - 8 * column for first in (58, 60, 62, 64, 57, 59, 61, 63) for column in range(8)])
_FINAL: Final = tuple([_INITIAL.index(bit) + 1 for bit in range(1, 65)])
_SPREAD: Final = (16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25)
# the eight boxes, each its four rows of sixteen hexadecimal digits
_BOXES: Final = (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
)
_HALF: Final = 0xFFF_FFFF
_MASK: Final = 0xFFFF_FFFF


def _spread_boxes() -> list[int]:
    """For each box and its six bits in: the four bits out, already where the permutation behind the boxes puts them."""
    found: list[int] = []
    for position, box in enumerate(_BOXES):
        for bits in range(64):
            row = (bits >> 4 & 2) | (bits & 1)
            nibble = int(box[row * 16 + (bits >> 1 & 15)], 16) << 28 - 4 * position
            found.append(int(_permuted(nibble, 32, _SPREAD)))
    return found


def _permuted(value: i64, width: i64, choice: tuple[int, ...]) -> i64:
    """The bits of a value in the order of a table."""
    found: i64 = 0
    for bit in choice:
        place: i64 = bit
        found = found << 1 | (value >> (width - place) & 1)
    return found


_SPREAD_BOXES: Final = _spread_boxes()


def with_parity(key: bytes) -> bytes:
    """Seven octets as a DES key of eight, each with seven bits of them; the lowest bit, that of parity, is 0 and does not count."""
    bits = int.from_bytes(key, "big")
    return bytes([(bits >> 49 - 7 * position & 0x7F) << 1 for position in range(BLOCK)])


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """Eight octets encrypted under a key of eight."""
    high: i64 = int.from_bytes(block[:4], "big")
    low: i64 = int.from_bytes(block[4:], "big")
    left: i64 = 0
    right: i64 = 0
    for position in range(64):  # in halves: 64 bits do not fit the positive numbers of a native int
        place: i64 = _INITIAL[position]
        bit = (high >> (32 - place) if place <= 32 else low >> (64 - place)) & 1
        if position < 32:
            left = left << 1 | bit
        else:
            right = right << 1 | bit
    for round_key in _round_keys(key):
        left, right = right, left ^ _mixed(right, round_key)
    high, low = right, left
    left = right = 0
    for position in range(64):
        place = _FINAL[position]
        bit = (high >> (32 - place) if place <= 32 else low >> (64 - place)) & 1
        if position < 32:
            left = left << 1 | bit
        else:
            right = right << 1 | bit
    return int(left).to_bytes(4, "big") + int(right).to_bytes(4, "big")


def _mixed(half: i64, round_key: i64) -> i64:
    """What a round mixes into the other half."""
    spread: i64 = (half & 1) << 33 | half << 1 | half >> 31
    found: i64 = 0
    for box in range(8):
        position: i64 = box
        bits = (spread >> (28 - 4 * position) ^ round_key >> (42 - 6 * position)) & 63
        found |= _SPREAD_BOXES[64 * position + bits]
    return found & _MASK


def _round_keys(key: bytes) -> list[i64]:
    """The sixteen keys of 48 bits."""
    high: i64 = int.from_bytes(key[:4], "big")
    low: i64 = int.from_bytes(key[4:], "big")
    chosen: i64 = 0
    for bit in _FIRST_KEY_CHOICE:
        place: i64 = bit
        chosen = chosen << 1 | ((high >> (32 - place) if place <= 32 else low >> (64 - place)) & 1)
    half: i64 = _HALF
    first = chosen >> 28
    second = chosen & half
    found: list[i64] = []
    for turns in _KEY_SHIFTS:
        shift: i64 = turns
        first = (first << shift | first >> (28 - shift)) & half
        second = (second << shift | second >> (28 - shift)) & half
        found.append(_permuted(first << 28 | second, 56, _SECOND_KEY_CHOICE))
    return found
