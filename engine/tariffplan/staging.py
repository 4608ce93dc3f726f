"""The rating data of a big plan on its way in or out: built beside what is in force, a slice at a time, then taken in by one swap.

Nobody sees anything of it before the swap. What is built is good for the items that were in force when it began: when one of their
kinds was changed meanwhile, the load or the removal does without it, in one longer step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.limits import STAGED_FROM
from engine.profiles.items import Items
from engine.rating.book import Destination, RatingPlan
from engine.rating.kinds import DESTINATION, RATING_PLAN, RATING_PROFILE, TIMING
from engine.rating.tariff import Tariff
from engine.records import ItemPut, ItemRemoved, Record
from engine.tariffplan.load import PlanLoad

STAGED_KINDS: Final = frozenset((DESTINATION, TIMING, RATING_PLAN, RATING_PROFILE))


class Staging:
    """`work` until `done`; `records` are what the journal is told at the swap. A small plan is `small`, and is not staged at all.

    With `removal` what the plan names is taken out.
    """

    small: bool
    done: bool
    records: list[Record]

    def __init__(self, load: PlanLoad, items: Items, tariff: Tariff, *, removal: bool = False) -> None:
        size = 0
        for kind, _, item in load.puts:
            size += _size(item) if kind in STAGED_KINDS else 0
        self.small = size < STAGED_FROM
        self.done = False
        self.records = []
        if self.small:
            return
        self._kinds = {name: items.kinds[name] for name in STAGED_KINDS}
        self._changes = {name: items.changes[name] for name in STAGED_KINDS}
        self._items = {name: items.all(name).copy() for name in STAGED_KINDS}
        self._tariff = tariff.twin()
        self._slices = self._clear(load) if removal else self._build(load)
        self._units = 0

    def work(self, units: int) -> None:
        """Does some prefixes, prices and items more. Raises as the tariff does for what the loader should have refused."""
        self._units = units
        self.done = next(self._slices, None) is None

    def is_current(self, items: Items) -> bool:
        """Whether what was in force when it began still is."""
        return all(items.changes[name] == count for name, count in self._changes.items())

    def swap(self, items: Items, tariff: Tariff) -> None:
        """Puts it in force."""
        tariff.become(self._tariff)
        for name, found in self._items.items():
            items.become(name, found)

    def _build(self, load: PlanLoad) -> Iterator[int]:
        """Yields when the units of a slice are used up."""
        for kind, key, item in load.puts:
            if kind not in STAGED_KINDS:
                continue
            if kind != DESTINATION or item != self._items[kind].get(key):  # most destinations stay as they are
                yield from self._put(kind, key, item)
                self.records.append(ItemPut(kind, key, self._kinds[kind].encode(item)))
                self._items[kind][key] = item
            self._units -= 1
            if self._units <= 0:
                yield 1

    def _clear(self, load: PlanLoad) -> Iterator[int]:
        """Yields when the units of a slice are used up."""
        for kind, key, _ in load.puts:
            if kind not in STAGED_KINDS or self._items[kind].pop(key, None) is None:
                continue
            if kind == DESTINATION:
                while not self._tariff.shrink_destination(key, max(self._units, 1)):
                    yield 1
            else:
                self._tariff.remove(kind, key)
            self.records.append(ItemRemoved(kind, key))
            self._units -= 1
            if self._units <= 0:
                yield 1

    def _put(self, kind: str, key: str, item: object) -> Iterator[int]:
        if isinstance(item, Destination):
            self._tariff.begin_destination(item)
            place = 0
            while place < len(item.Prefixes):
                end = place + max(self._units, 1)
                self._tariff.add_prefixes(item, place, end)
                self._units -= min(end, len(item.Prefixes)) - place
                place = end
                if self._units <= 0:
                    yield 1
        elif isinstance(item, RatingPlan):
            compilation = self._tariff.compilation(item)
            while not compilation.work(max(self._units, 1)):
                yield 1
            self._units -= min(self._units, len(item.DestinationRates))
            self._tariff.put_compiled(compilation.compiled)
        else:
            self._tariff.put(kind, key, item)


def _size(item: object) -> int:
    if isinstance(item, Destination):
        return len(item.Prefixes)
    return len(item.DestinationRates) if isinstance(item, RatingPlan) else 1
