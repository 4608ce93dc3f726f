"""How long a commit waits for more: no longer than more keeps coming, and never beyond its time."""

from __future__ import annotations

import pytest

from engine.limits import COMMIT_GATHER_APPENDS, COMMIT_GATHER_SECONDS, COMMIT_STEP_SECONDS
from engine.storage.sqlite.hand import Thread
from engine.storage.sqlite.writer import gather


class Arrivals(Thread):
    """A hand by whose clock so many come in each of its sleeps."""

    def __init__(self, counts: list[int]) -> None:
        super().__init__("arrivals")
        self.waiting = [0]
        self.counts = counts
        self.at = 0.0

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        self.waiting.extend(range(self.counts.pop(0) if self.counts else 0))

    def now(self) -> float:
        return self.at


@pytest.mark.parametrize(
    ("counts", "held", "steps"),
    [
        ([], 1, 1),  # nobody else comes
        ([3, 2, 0, 9], 6, 1 + 2 + 4),
        ([COMMIT_GATHER_APPENDS, 5], COMMIT_GATHER_APPENDS + 1, 1),
        ([1] * 100, None, None),
    ],
)
def test_a_commit_waits_while_more_comes(counts: list[int], held: int | None, steps: int | None) -> None:
    hand = Arrivals(list(counts))
    gather(hand.waiting, hand, COMMIT_GATHER_SECONDS)
    if held is None or steps is None:
        assert hand.at == pytest.approx(COMMIT_GATHER_SECONDS), "never beyond its time"
        assert len(hand.waiting) == 1 + 4, "0.3, 0.6, 1.2 and what is left of 3 ms"
    else:
        assert (len(hand.waiting), round(hand.at / COMMIT_STEP_SECONDS)) == (held, steps)


def test_a_commit_whose_time_has_come_waits_for_nobody() -> None:
    hand = Arrivals([5])
    hand.at = 1.0
    gather(hand.waiting, hand, 0.5)
    assert hand.waiting == [0]
