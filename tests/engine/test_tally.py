"""Counting: every duration falls into the bucket whose bounds it lies between."""

from __future__ import annotations

import pytest

from engine.tally import BUCKETS, FIRST_BOUND_NS, Histogram, bounds_seconds


@pytest.mark.parametrize("place", range(BUCKETS - 1))
def test_a_bucket_takes_what_is_below_its_bound(place: int) -> None:
    bound = FIRST_BOUND_NS * 4**place
    assert bounds_seconds()[place] == bound / 1e9
    found = Histogram()
    found.note(bound - 1)
    found.note(bound)
    assert [found.buckets[place], found.buckets[place + 1]] == [1, 1]
    assert found.total_ns == 2 * bound - 1


def test_the_last_bucket_takes_the_rest() -> None:
    found = Histogram()
    found.note(0)
    found.note(1 << 70)
    assert (found.buckets[0], found.buckets[-1], sum(found.buckets)) == (1, 1, 2)
    assert len(bounds_seconds()) == BUCKETS - 1
