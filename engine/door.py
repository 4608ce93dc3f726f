"""The engine as the gateway sees it: one synchronous step per command, each step's records in the journal.

`step` runs a command from beginning to end without waiting for anything, and appends what changed to the journal. `ticket` then
names the last append: an answer that depends on it may leave when the journal says that this ticket is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from engine import commands
from engine.accounts.account import Accounts
from engine.accounts.charge import Charging
from engine.accounts.snapshot import decode_account, encode_account
from engine.actions.room import ActionsRoom
from engine.cdrs.process import CdrServer
from engine.chargers.decide import Chargers
from engine.ids import Ids
from engine.options import EngineOptions
from engine.profiles.items import Items
from engine.profiles.kind import Kind
from engine.rating.tariff import Tariff
from engine.records import AccountPut, AccountRemoved, ItemPut, ItemRemoved, Record, SessionClosed, SessionPut, StateRecord
from engine.sessions.snapshot import decode_session
from engine.sessions.stages import Sessions
from engine.storage.ports import Journal, Storage

Step = Callable[[Any, int], object]


class Engine:
    """Builds the rooms, routes commands to them, and keeps the journal in step with what they did."""

    options: EngineOptions
    storage: Storage
    journal: Journal
    items: Items
    tariff: Tariff
    accounts: Accounts
    charging: Charging
    ticket: int
    now_ns: int
    _steps: dict[type, Step]
    _records: list[Record]

    def __init__(self, options: EngineOptions, storage: Storage, kinds: Iterable[Kind], random: Callable[[int], bytes]) -> None:
        self.options = options
        self.storage = storage
        self.journal = storage.journal
        self.ids = Ids(random)
        self.items = Items(kinds)
        self.tariff = Tariff()
        self.accounts = Accounts()
        self.charging = Charging(self.accounts, self.items, self.tariff, options.rating, options.default_steps, self.ids)
        self.ticket = 0
        self.now_ns = 0
        self._records = []
        self._steps = {
            commands.GetItem: self._get_item,
            commands.ListItems: self._list_items,
            commands.PutItem: self._put_item,
            commands.RemoveItem: self._remove_item,
            commands.ChangeItems: self._change_items,
        }

    def step(self, command: object, now_ns: int) -> object:
        """Does one command and journals what it changed. RequestError when the command cannot be done: then nothing changed."""
        self.now_ns = now_ns
        try:
            return self._steps[type(command)](command, now_ns)
        finally:
            self._journal()

    def _journal(self) -> None:
        entries, touched = self.charging.ledger.take()
        records, self._records = self._records, []
        for account in touched:
            if self.accounts.get(account.id) is account:
                records.append(AccountPut(account.id, encode_account(account)))
        if entries or records:
            self.ticket = self.journal.append(entries + records)

    # -- items --------------------------------------------------------------------------------------------------------

    def _get_item(self, command: commands.GetItem, now_ns: int) -> object:
        return self.items.get(command.kind, command.id)

    def _list_items(self, command: commands.ListItems, now_ns: int) -> object:
        return self.items.all(command.kind)

    def _put_item(self, command: commands.PutItem, now_ns: int) -> object:
        self.put_item(command.kind, command.id, command.item)
        return None

    def _remove_item(self, command: commands.RemoveItem, now_ns: int) -> object:
        return self.remove_item(command.kind, command.id)

    def _change_items(self, command: commands.ChangeItems, now_ns: int) -> object:
        for kind, id in command.removals:
            self.remove_item(kind, id)
        for kind, id, item in command.puts:
            self.put_item(kind, id, item)
        return None

    def put_item(self, kind: str, id: str, item: object) -> None:
        """Stores an item and lets the room that works with it know. For the rooms; clients send PutItem."""
        self.items.put(kind, id, item)
        self.tariff.put(kind, id, item)
        self._records.append(ItemPut(kind, id, self.items.kinds[kind].encode(item)))

    def remove_item(self, kind: str, id: str) -> bool:
        if not self.items.remove(kind, id):
            return False
        self.tariff.remove(kind, id)
        self._records.append(ItemRemoved(kind, id))
        return True
