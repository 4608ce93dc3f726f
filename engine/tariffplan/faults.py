"""What is wrong with a plan: gathered up to a bound, each with its place and the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Final

from engine.errors import Fault
from engine.limits import PLAN_SUGGESTIONS


class Faults:
    """A bounded list of faults. `more` counts those beyond the bound."""

    found: list[Fault]
    more: int
    _bound: int
    _suggested: int

    def __init__(self, bound: int) -> None:
        self.found = []
        self.more = 0
        self._bound = bound
        self._suggested = 0

    def add(self, fault: Fault) -> None:
        if len(self.found) < self._bound:
            self.found.append(fault)
        else:
            self.more += 1

    @property
    def full(self) -> bool:
        """Whether further faults are only counted: what it takes to describe one may then be left out."""
        return len(self.found) >= self._bound

    def nearest(self, name: str, names: Iterable[str]) -> str:
        """The name that was probably meant; for the first PLAN_SUGGESTIONS that are asked for, who has more wrong has seen how."""
        self._suggested += 1
        return nearest(name, names) if self._suggested <= PLAN_SUGGESTIONS and not self.full else ""

    def __len__(self) -> int:
        return len(self.found) + self.more


def nearest(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant; empty when none is near. Of very many names only those that begin or end alike are looked at."""
    near = [one for one in islice(names, _SEEN) if abs(len(one) - len(name)) <= max(2, len(name) // 3)]
    if len(near) > _COMPARED:
        half = max(len(name) // 2, 1)
        head, tail = name[:half], name[-half:]
        near = sorted(one for one in near if one.startswith(head) or one.endswith(tail))[:_COMPARED]
    found = get_close_matches(name[:_LONGEST], near, n=1, cutoff=0.6)
    return found[0] if found else ""


_SEEN: Final = 20_000
_COMPARED: Final = 100  # letter by letter
_LONGEST: Final = 128
