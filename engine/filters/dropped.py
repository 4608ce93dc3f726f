"""What profiles stand under, shown, taken away and restored by hand.

The indexes are made of the profiles and follow them by themselves. RemoveFilterIndexes takes the profiles of a tenant (and context)
out of them all the same, so that no event finds them until they are written anew or their indexes are computed; which profiles those
are is stored, and so survives a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from engine import commands
from engine.filters.index import DROPPED_KIND, Key, contexts_of, dropped_key, filter_ids_of, keys_of
from engine.filters.match import Filters
from engine.profiles.items import Items
from engine.profiles.policies import DroppedIndex

Put = Callable[[str, str, object], None]
Remove = Callable[[str, str], bool]


class DroppedIndexes:
    """Does the commands about indexes; `put` and `remove` are the door's, which journal."""

    items: Items
    filters: Filters
    _put: Put
    _remove: Remove

    def __init__(self, items: Items, filters: Filters, put: Put, remove: Remove) -> None:
        self.items = items
        self.filters = filters
        self._put = put
        self._remove = remove

    def steps(self) -> Mapping[type, Callable[[object, int], object]]:
        """The commands and who does them."""
        return {
            commands.ListIndexes: self._list,
            commands.DropIndexes: self._drop,
            commands.ComputeIndexes: self._compute,
        }

    def profile_changed(self, kind: str, key: str) -> None:
        """A profile, `<tenant>:<id>`, was written or removed: its indexes stand again. Any other item is passed over."""
        if not self.items.all(DROPPED_KIND) or kind == DROPPED_KIND:
            return
        tenant, _, id = key.partition(":")
        for dropped in self._of(kind, tenant, ""):
            self._restore(dropped, (id,))

    def _list(self, command: object, _now_ns: int) -> object:
        assert isinstance(command, commands.ListIndexes), "a command comes to its own room"
        found: list[tuple[Key, str]] = []
        hidden = self._hidden(command.kind, command.tenant, command.context)
        for id, profile in self._profiles(command.kind, command.tenant, command.context):
            if id not in hidden:
                conditions = [self.filters.condition(command.tenant, filter_id) for filter_id in filter_ids_of(profile)]
                found.extend([(key, id) for key in keys_of(conditions)])
        return sorted(found)

    def _drop(self, command: object, _now_ns: int) -> object:
        assert isinstance(command, commands.DropIndexes), "a command comes to its own room"
        ids = [id for id, _ in self._profiles(command.kind, command.tenant, command.context)]
        if ids:
            key = dropped_key(command.tenant, command.kind, command.context)
            self._put(DROPPED_KIND, key, DroppedIndex(command.tenant, command.kind, command.context, tuple(ids)))
        return None

    def _compute(self, command: object, _now_ns: int) -> object:
        assert isinstance(command, commands.ComputeIndexes), "a command comes to its own room"
        for dropped in self._of(command.kind, command.tenant, command.context):
            self._restore(dropped, dropped.IDs if command.ids is None else command.ids)
        return None

    def _restore(self, dropped: DroppedIndex, ids: Iterable[str]) -> None:
        restored = frozenset(ids)
        left = tuple(id for id in dropped.IDs if id not in restored)
        key = dropped_key(dropped.Tenant, dropped.Kind, dropped.Context)
        if not left:
            self._remove(DROPPED_KIND, key)
        elif len(left) < len(dropped.IDs):
            self._put(DROPPED_KIND, key, DroppedIndex(dropped.Tenant, dropped.Kind, dropped.Context, left))

    def _of(self, kind: str, tenant: str, context: str) -> list[DroppedIndex]:
        """What is dropped of a tenant's kind; of every context where none is named."""
        return [
            item
            for item in self.items.all(DROPPED_KIND).values()
            if isinstance(item, DroppedIndex) and item.Kind == kind and item.Tenant == tenant and context in ("", item.Context)
        ]

    def _hidden(self, kind: str, tenant: str, context: str) -> frozenset[str]:
        item = self.items.get(DROPPED_KIND, dropped_key(tenant, kind, context))
        return frozenset(item.IDs) if isinstance(item, DroppedIndex) else NOTHING

    def _profiles(self, kind: str, tenant: str, context: str) -> Iterator[tuple[str, object]]:
        prefix = f"{tenant}:"
        for key, profile in self.items.all(kind).items():
            if key.startswith(prefix) and (not context or context in contexts_of(profile)):
                yield key[len(prefix) :], profile


NOTHING: Final[frozenset[str]] = frozenset()
