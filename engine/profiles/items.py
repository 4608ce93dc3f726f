"""All items of all kinds, by kind and id, in the order in which they first came."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.profiles.kind import Kind


class Items:
    """The item store of one engine. Only the door changes it, so that every change is journaled."""

    kinds: dict[str, Kind]
    changes: dict[str, int]  # how often something of a kind was put or removed
    _by_kind: dict[str, dict[str, object]]
    _watchers: dict[str, list[Callable[[str], None]]]

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.kinds = {kind.name: kind for kind in kinds}
        self._by_kind = {name: {} for name in self.kinds}
        self._watchers = {}
        self.changes = dict.fromkeys(self.kinds, 0)

    def become(self, kind: str, items: dict[str, object]) -> None:
        """Has these items and no others of a kind that nobody watches, at once; the mapping is the store's own from now on."""
        assert kind not in self._watchers, "who watches a kind is told of each of its items"
        self._by_kind[kind] = items
        self.changes[kind] += 1

    def watch(self, kind: str, changed: Callable[[str], None]) -> None:
        """Has `changed` called with the id of each item of a kind that is put or removed, once it is done."""
        self._watchers.setdefault(kind, []).append(changed)

    def put(self, kind: str, id: str, item: object) -> None:
        self._by_kind[kind][id] = item
        self.changes[kind] += 1
        self._tell(kind, id)

    def remove(self, kind: str, id: str) -> bool:
        """True when there was such an item."""
        found = self._by_kind[kind].pop(id, None) is not None
        if found:
            self.changes[kind] += 1
            self._tell(kind, id)
        return found

    def _tell(self, kind: str, id: str) -> None:
        for changed in self._watchers.get(kind, ()):
            changed(id)

    def get(self, kind: str, id: str) -> object | None:
        return self._by_kind[kind].get(id)

    def ids(self, kind: str) -> list[str]:
        return list(self._by_kind[kind])

    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return {name: len(items) for name, items in self._by_kind.items()}

    def all(self, kind: str) -> dict[str, object]:
        """The live mapping of a kind; readers must not change it."""
        return self._by_kind[kind]
