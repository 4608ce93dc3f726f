"""What a fuzz target is."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.fuzz.attack import INTERNAL

MAX_INPUT: Final = 1 << 16
CORPUS: Final = Path(__file__).parent / "corpus"
_CLOCK: Final = time.process_time


class FindingError(AssertionError):
    """Something that should not have happened."""


class Target(ABC):
    """A kind of input. `seconds` + `seconds_per_kib` for each KiB is how long one may take (CPU time)."""

    name: str
    seconds: float
    seconds_per_kib: float
    tokens: tuple[bytes, ...] = ()

    @abstractmethod
    def seeds(self) -> Iterable[bytes]:
        """Inputs to begin with."""

    @abstractmethod
    def take(self, data: bytes) -> None:
        """Takes an input. Raises whatever should not be raised."""

    def close(self) -> None:  # noqa: B027 - most have nothing to put away
        """Puts away what it needed."""

    def run(self, data: bytes) -> float:
        """Takes an input within its time; the CPU seconds that it took. FindingError where that is too much."""
        allowed = self.seconds + self.seconds_per_kib * len(data) / 1024
        took = self.timed(data)
        if took > allowed:
            took = min(took, self.timed(data), self.timed(data))  # a machine that was busy is no finding
        if took > allowed:
            raise FindingError(f"{len(data)} bytes took {took:.3f} s of CPU, {allowed:.3f} are allowed")
        return took

    def timed(self, data: bytes) -> float:
        """The CPU seconds of an input."""
        began = _CLOCK()
        self.take(data)
        return _CLOCK() - began

    def corpus(self) -> list[bytes]:
        """Its seeds and what was found once."""
        return [*self.seeds(), *(path.read_bytes() for path in sorted((CORPUS / self.name).glob("*")))]


def look(text: str) -> None:
    """FindingError where a text that somebody gets to read speaks of our inside."""
    if INTERNAL.search(text):
        raise FindingError(text[:500])
