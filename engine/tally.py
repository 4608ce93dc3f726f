"""Counting what happened and how long it took, cheaply enough for every event: plain ints that somebody reads now and then."""

from __future__ import annotations

from typing import Final

FIRST_BOUND_NS: Final = 1 << 14  # the upper bound of the first bucket; each further one is four times as wide
FIRST_BOUND_BITS: Final = 14
BUCKETS: Final = 11  # the last takes everything beyond 4.3 s


class Histogram:
    """How often something took how long. Bucket i counts what took less than FIRST_BOUND_NS * 4**i, the last one all the rest."""

    buckets: list[int]
    total_ns: int

    def __init__(self) -> None:
        self.buckets = [0] * BUCKETS
        self.total_ns = 0

    def note(self, ns: int) -> None:
        """It took so long once more."""
        place = ((ns >> FIRST_BOUND_BITS).bit_length() + 1) >> 1
        self.buckets[place if place < BUCKETS else BUCKETS - 1] += 1
        self.total_ns += ns


class Outcomes:
    """What became of requests of one sort: done, refused with the method's own answer, turned away because the disk takes nothing, or
    failed by a fault of ours."""

    done: int
    refused: int
    unavailable: int
    failed: int
    took: Histogram

    def __init__(self) -> None:
        self.done = 0
        self.refused = 0
        self.unavailable = 0
        self.failed = 0
        self.took = Histogram()


def bounds_seconds() -> list[float]:
    """The upper bounds of the buckets but the last, which has none."""
    return [FIRST_BOUND_NS * 4**place / 1_000_000_000 for place in range(BUCKETS - 1)]
