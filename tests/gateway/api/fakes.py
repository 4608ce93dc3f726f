"""An engine that only keeps items, and a journal whose disk is a method call."""

from __future__ import annotations

from collections.abc import Callable

from engine.commands import GetItem, ListIndexes, ListItems, PutItem, RemoveItem
from engine.profiles.items import Items
from engine.profiles.policies import KINDS
from gateway.api.catalogue import SECTIONS
from gateway.api.context import Api, ApiOptions
from gateway.api.versions import VERSIONS

NOW = 1_800_000_000 * 10**9
ALL_SECTIONS = frozenset(SECTIONS.values())


class FakeJournal:
    """Durable at once, until `hold` is set; then when `sync` is called."""

    def __init__(self) -> None:
        self.last_ticket = 0
        self.durable_ticket = 0
        self.hold = False
        self._callbacks: list[Callable[[int], None]] = []

    def append(self) -> int:
        self.last_ticket += 1
        if not self.hold:
            self.durable_ticket = self.last_ticket
        return self.last_ticket

    def subscribe(self, callback: Callable[[int], None]) -> None:
        self._callbacks.append(callback)

    def sync(self) -> None:
        self.durable_ticket = self.last_ticket
        for callback in self._callbacks:
            callback(self.durable_ticket)

    async def wait(self, ticket: int) -> None:
        assert ticket <= self.durable_ticket, "nobody waits in these tests"


class FakeEngine:
    """Keeps items as the real one does: through their kinds' encoding."""

    def __init__(self, journal: FakeJournal) -> None:
        self.journal = journal
        self.items = Items((*KINDS, VERSIONS))

    @property
    def ticket(self) -> int:
        return self.journal.last_ticket

    def step(self, command: object, now_ns: int) -> object:
        assert now_ns == NOW
        if isinstance(command, GetItem):
            return self.items.get(command.kind, command.id)
        if isinstance(command, ListIndexes):
            return []
        if isinstance(command, ListItems):
            return self.items.all(command.kind)
        if isinstance(command, PutItem):
            kind = self.items.kinds[command.kind]
            self.items.put(command.kind, command.id, kind.decode(kind.encode(command.item)))
            self.journal.append()
            return None
        assert isinstance(command, RemoveItem), f"the fake engine does not know {command}"
        self.journal.append()
        return self.items.remove(command.kind, command.id)


def fake_api(sections: frozenset[str] = ALL_SECTIONS, **options: object) -> Api:
    journal = FakeJournal()
    return Api(FakeEngine(journal), ApiOptions(sections, "test", node_id="recorder", **options), lambda: NOW)  # type: ignore[arg-type]
