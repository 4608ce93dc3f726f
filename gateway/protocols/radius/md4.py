"""The digest MD4 (RFC 1320): MS-CHAP is built on it and libraries no longer have it. For no other use: it is broken."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

_MASK: Final = 0xFFFF_FFFF
_SECOND: Final = 0x5A82_7999
_THIRD: Final = 0x6ED9_EBA1
# for each round: the order of words, the shifts
_ORDERS: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
    (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
)
_SHIFTS: Final = ((3, 7, 11, 19), (3, 5, 9, 13), (3, 9, 11, 15))


def md4(data: bytes) -> bytes:
    """The 16 octets of the digest."""
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "little")
    state = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476]
    for at in range(0, len(padded), 64):
        _block(state, [int.from_bytes(padded[word : word + 4], "little") for word in range(at, at + 64, 4)])
    return b"".join([word.to_bytes(4, "little") for word in state])


def _block(state: list[int], words: list[int]) -> None:
    a: i64 = state[0]
    b: i64 = state[1]
    c: i64 = state[2]
    d: i64 = state[3]
    mask: i64 = _MASK
    for turn in range(3):
        order = _ORDERS[turn]
        shifts = _SHIFTS[turn]
        for step in range(16):
            mixed: i64 = 0
            if turn == 0:
                mixed = (b & c) | (~b & d)
            elif turn == 1:
                mixed = ((b & c) | (b & d) | (c & d)) + _SECOND
            else:
                mixed = (b ^ c ^ d) + _THIRD
            word: i64 = words[order[step]]
            shift: i64 = shifts[step & 3]
            total: i64 = (a + (mixed & mask) + word) & mask
            a = d
            d = c
            c = b
            b = ((total << shift) | (total >> (32 - shift))) & mask
    state[0] = int((a + state[0]) & mask)
    state[1] = int((b + state[1]) & mask)
    state[2] = int((c + state[2]) & mask)
    state[3] = int((d + state[3]) & mask)
