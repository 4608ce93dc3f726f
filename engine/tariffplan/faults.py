"""What is wrong with a plan: gathered up to a bound, each with its place and the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from engine.errors import Fault


class Faults:
    """A bounded list of faults. `more` counts those beyond the bound."""

    found: list[Fault]
    more: int
    _bound: int

    def __init__(self, bound: int) -> None:
        self.found = []
        self.more = 0
        self._bound = bound

    def add(self, fault: Fault) -> None:
        if len(self.found) < self._bound:
            self.found.append(fault)
        else:
            self.more += 1

    @property
    def full(self) -> bool:
        """Whether further faults are only counted: what it takes to describe one may then be left out."""
        return len(self.found) >= self._bound

    def __len__(self) -> int:
        return len(self.found) + self.more


def nearest(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant; empty when none is near. Looks at names of a similar length only, at most 20,000."""
    near = []
    for one in names:
        if abs(len(one) - len(name)) <= max(2, len(name) // 3):
            near.append(one)
            if len(near) == _LOOKED_AT:
                break
    found = get_close_matches(name[:_LONGEST], near, n=1, cutoff=0.6)
    return found[0] if found else ""


_LOOKED_AT = 20_000
_LONGEST = 128
