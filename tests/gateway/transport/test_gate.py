"""Answers wait until what they tell is on disk, leave in order, and how long they waited is counted."""

from __future__ import annotations

from gateway.transport.gate import SAMPLED, Gate
from tests.gateway.api.fakes import FakeJournal


class Reader:
    def __init__(self) -> None:
        self.found: list[bytes] = []
        self.flushed = 0

    def deliver(self, answer: bytes) -> None:
        self.found.append(answer)

    def flush(self) -> None:
        self.flushed += 1


def test_answers_leave_together_when_their_ticket_is_durable() -> None:
    journal, one, other = FakeJournal(), Reader(), Reader()
    journal.hold = True
    gate = Gate(journal)
    for text in (b"a", b"b"):
        gate.hold(journal.append(), one, text)
    gate.hold(journal.append(), other, b"c")
    assert (gate.held, gate.is_open(1), one.found) == (3, False, [])
    journal.sync()
    assert (gate.held, gate.is_open(3), one.found, other.found, one.flushed) == (0, True, [b"a", b"b"], [b"c"], 1)


def test_how_long_they_waited_is_counted_now_and_then() -> None:
    journal, reader = FakeJournal(), Reader()
    journal.hold = True
    gate = Gate(journal)
    for _ in range(2 * (SAMPLED + 1)):
        gate.hold(journal.append(), reader, b"a")
    assert sum(gate.waited.buckets) == 0
    journal.sync()
    assert sum(gate.waited.buckets) == 3  # the first, and two of every sixteenth
    assert gate.waited.total_ns > 0
