"""Answers wait here until what they tell is on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic_ns
from typing import Final, Protocol

from engine.tally import Histogram

SAMPLED: Final = 15


class DurableJournal(Protocol):
    """The part of the storage's journal that answers wait for."""

    @property
    def durable_ticket(self) -> int:
        """All tickets up to this one are on disk."""

    def subscribe(self, callback: Callable[[int], None]) -> None:
        """Has callback(durable_ticket) called on the loop whenever it has advanced."""

    async def wait(self, ticket: int) -> None:
        """Returns when the ticket is durable."""


class Sink(Protocol):
    """Where answers go."""

    def deliver(self, answer: bytes) -> None:
        """Takes an answer that may leave now."""

    def flush(self) -> None:
        """Sends what was delivered."""


class Gate:
    """Holds answers in the order of their tickets; those that become durable together leave together.

    `waited` is how long: of every sixteenth answer, and of each that comes when none waits.
    """

    def __init__(self, journal: DurableJournal) -> None:
        self._journal = journal
        self._held: deque[tuple[int, Sink, bytes]] = deque()
        self._marks: deque[tuple[int, int]] = deque()  # some answers: the ticket, and when it came
        self._count = 0
        self.held_bytes = 0
        self.waited: Final = Histogram()
        journal.subscribe(self._advance)

    @property
    def held(self) -> int:
        """How many answers wait."""
        return len(self._held)

    def is_open(self, ticket: int) -> bool:
        return ticket <= self._journal.durable_ticket

    def hold(self, ticket: int, sink: Sink, answer: bytes) -> None:
        """Delivers the answer when the ticket is durable. Tickets never go back: each is the engine's last one at that moment."""
        self._count += 1
        if not self._held or not self._count & SAMPLED:
            self._marks.append((ticket, monotonic_ns()))
        self._held.append((ticket, sink, answer))
        self.held_bytes += len(answer)

    async def wait(self, ticket: int) -> None:
        await self._journal.wait(ticket)

    def _advance(self, durable_ticket: int) -> None:
        held, marks = self._held, self._marks
        while marks and marks[0][0] <= durable_ticket:
            self.waited.note(monotonic_ns() - marks.popleft()[1])
        sinks: dict[Sink, None] = {}
        while held and held[0][0] <= durable_ticket:
            _, sink, answer = held.popleft()
            self.held_bytes -= len(answer)
            sink.deliver(answer)
            sinks[sink] = None
        for sink in sinks:
            sink.flush()
