"""Inputs made of others: bytes and words put in, taken out, doubled and swapped; and pieces repeated until their cost shows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tests.fuzz.target import MAX_INPUT, Target

_INTERESTING = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\n",
    b"\r",
    b'"',
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b";",
    b":",
    b"~",
    b"*",
    b"\xed\xa0\x80",
)


class Mutator:
    """Draws inputs for a target from a seed."""

    def __init__(self, target: Target, seed: int) -> None:
        self.chance = random.Random(seed)
        self.pool = [bytes(one) for one in target.corpus()]
        self.tokens = (*_INTERESTING, *target.tokens)

    def next(self) -> bytes:
        """The next input; its first byte, which says what it is, is seldom changed."""
        data = bytearray(self.chance.choice(self.pool))
        for _ in range(self.chance.choice((1, 1, 2, 3, 5, 9))):
            self._change(data, 0 if self.chance.random() < 0.02 else 1)
        return bytes(data[:MAX_INPUT])

    def _change(self, data: bytearray, first: int) -> None:
        chance = self.chance
        at = chance.randrange(first, max(len(data), first) + 1)
        to = min(at + chance.choice((1, 2, 4, 8, 30, 200)), len(data))
        match chance.randrange(7):
            case 0:
                data[at:at] = chance.choice(self.tokens)
            case 1:
                data[at:to] = chance.choice(self.tokens)
            case 2:
                del data[at:to]
            case 3:
                data[at:at] = data[at:to] * chance.choice((1, 2, 10, 100))
            case 4:
                other = chance.choice(self.pool)
                begin = chance.randrange(len(other) + 1)
                data[at:to] = other[begin : begin + chance.choice((4, 20, 100, 1000))]
            case 5:
                data[at:to] = bytes(chance.getrandbits(8) for _ in range(chance.choice((1, 2, 4))))
            case _:
                data[at:at] = chance.choice(self.tokens) * chance.choice((2, 20, 300))


def pumped(target: Target, seed: int) -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """For ever (kind, head, piece, tail): what is to be tried as kind + head + piece * n + tail with n growing.

    What grows faster than its size shows so, however small its constant is.
    """
    chance = random.Random(seed)
    pool = target.corpus()
    words = (*_INTERESTING, *target.tokens)
    while True:
        sample = chance.choice(pool)
        at = chance.randrange(1, len(sample) + 1)
        to = chance.randrange(at, len(sample) + 1)
        draw = chance.random()
        piece = chance.choice(words) if draw < 0.4 else b"".join(chance.choices(words, k=2)) if draw < 0.7 else sample[at:to] or b"a"
        yield sample[:1], sample[1:at], piece, sample[to:] if chance.random() < 0.7 else b""


def grown(parts: Sequence[bytes], size: int) -> bytes:
    """The input of these parts that is about `size` bytes longer than they are."""
    kind, head, piece, tail = parts
    return kind + head + piece * max(size // len(piece), 1) + tail
