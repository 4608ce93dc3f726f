"""Where actions read and write: the accounts themselves, or copies of them that become the accounts when everything went well.

Actions that a trigger fires work on what is there (Work). A set that is asked for, or due, is all or nothing: it works on copies
(Draft), and nothing outside has changed until `commit`.
"""

from __future__ import annotations

from typing import Final, Protocol

from engine.accounts.account import Account, Accounts
from engine.accounts.ledger import Cause, Ledger
from engine.accounts.snapshot import decode_account, encode_account
from engine.effects import Effect
from engine.event import Event
from engine.filters.match import Filters
from engine.ids import Ids
from engine.options import EngineOptions
from engine.profiles.items import Items
from engine.records import AccountRemoved, Record

REMOVED: Final = "*removed"


class CdrWriter(Protocol):
    """The record server, as `*cdrlog` uses it."""

    def record_runs(self, events: list[Event], now_ns: int, *, rate: bool, store: bool) -> None:
        """Stores one record for each event; RequestError when one of them cannot be."""


class Books(Protocol):
    """The charging room, as actions use it: the ledger of the engine, and which destinations have a prefix."""

    @property
    def ledger(self) -> Ledger:
        """The one through which values change."""


class House(Protocol):
    """What the room of actions needs of the engine around it."""

    @property
    def options(self) -> EngineOptions:
        """What the engine was told when it was built."""

    @property
    def ids(self) -> Ids:
        """Draws identifiers."""

    @property
    def items(self) -> Items:
        """Everything that operators wrote."""

    @property
    def filters(self) -> Filters:
        """What decides whether something passes filters."""

    @property
    def accounts(self) -> Accounts:
        """Every account."""

    @property
    def charging(self) -> Books:
        """The charging room."""

    @property
    def cdrs(self) -> CdrWriter:
        """The record server."""

    def columns_of(self, sheet: str) -> list[tuple[str, str]]:
        """The columns of a sheet of policies: name and type."""

    def profile_of_row(self, sheet: str, cells: list[str], at_ns: int) -> tuple[str, str, object]:
        """The item that a row of a sheet of policies makes: its kind, its id, itself. ValueError for a cell that cannot be read."""

    def put_item(self, kind: str, id: str, item: object) -> None:
        """Stores or replaces an item, and journals it."""

    def remove_item(self, kind: str, id: str) -> bool:
        """Removes an item, and journals that; True when there was one."""


class Outbox:
    """What steps leave for the door: records that are not of its own making, and effects."""

    records: list[Record]
    effects: list[Effect]

    def __init__(self) -> None:
        self.records = []
        self.effects = []


class Work:
    """Reads and writes what is there."""

    house: House
    outbox: Outbox
    ledger: Ledger
    depth: int  # sets of actions under way inside each other

    def __init__(self, house: House, outbox: Outbox) -> None:
        self.house = house
        self.outbox = outbox
        self.ledger = house.charging.ledger
        self.depth = 0

    def account(self, account_id: str) -> Account | None:
        return self.house.accounts.get(account_id)

    def holds(self, account: Account) -> bool:
        """False for an account that was removed meanwhile."""
        return self.account(account.id) is account

    def add_account(self, account: Account, at_ns: int) -> None:
        """A new account."""
        self.house.accounts.put(account)
        self._forget_removal(account.id)
        self.touch(account, at_ns)

    def touch(self, account: Account, at_ns: int) -> None:
        """Something of the account changed that is no value."""
        self.ledger.touch(account, at_ns)

    def remove_account(self, account: Account, at_ns: int) -> None:
        """Takes the account away; what its balances still held leaves by entries."""
        empty(account, self.ledger, at_ns)
        if self.house.accounts.get(account.id) is account:
            self.house.accounts.remove(account.id)
            self.ledger.touched.pop(account.id, None)
            self.outbox.records.append(AccountRemoved(account.id))

    def _forget_removal(self, account_id: str) -> None:
        """An account that comes back in the step that removed it is just another state of it."""
        records = self.outbox.records
        if records:
            records[:] = [one for one in records if not (isinstance(one, AccountRemoved) and one.key == account_id)]

    def item(self, kind: str, item_id: str) -> object | None:
        return self.house.items.get(kind, item_id)

    def put_item(self, kind: str, item_id: str, item: object) -> None:
        self.house.put_item(kind, item_id, item)

    def remove_item(self, kind: str, item_id: str) -> None:
        self.house.remove_item(kind, item_id)

    def effect(self, effect: Effect) -> None:
        self.outbox.effects.append(effect)

    def record(self, events: list[Event], at_ns: int) -> None:
        """Records of changes of balances."""
        self.house.cdrs.record_runs(events, at_ns, rate=False, store=self.house.options.store_cdrs)


class Draft(Work):
    """Reads what is there and writes to copies. Dropped it leaves no trace."""

    _copies: dict[str, Account | None]  # None: removed
    _items: dict[tuple[str, str], object | None]
    _effects: list[Effect]
    _events: list[Event]

    def __init__(self, house: House, outbox: Outbox) -> None:
        super().__init__(house, outbox)
        self.ledger = Ledger()
        self.ledger.last_entry_id = house.charging.ledger.last_entry_id
        self._copies = {}
        self._items = {}
        self._effects = []
        self._events = []

    def account(self, account_id: str) -> Account | None:
        if account_id in self._copies:
            return self._copies[account_id]
        found = self.house.accounts.get(account_id)
        if found is None:
            return None
        copy = decode_account(found.id, encode_account(found))
        self._copies[account_id] = copy
        return copy

    def add_account(self, account: Account, at_ns: int) -> None:
        self._copies[account.id] = account
        self.touch(account, at_ns)

    def remove_account(self, account: Account, at_ns: int) -> None:
        empty(account, self.ledger, at_ns)
        self._copies[account.id] = None
        self.ledger.touched.pop(account.id, None)

    def item(self, kind: str, item_id: str) -> object | None:
        key = (kind, item_id)
        return self._items[key] if key in self._items else super().item(kind, item_id)

    def put_item(self, kind: str, item_id: str, item: object) -> None:
        self._items[(kind, item_id)] = item

    def remove_item(self, kind: str, item_id: str) -> None:
        self._items[(kind, item_id)] = None

    def effect(self, effect: Effect) -> None:
        self._effects.append(effect)

    def record(self, events: list[Event], at_ns: int) -> None:
        self._events.extend(events)

    def commit(self, at_ns: int) -> None:
        """Makes it all true. RequestError when the records of it cannot be written: then nothing is."""
        if self._events:
            super().record(self._events, at_ns)
        house, ledger = self.house, self.house.charging.ledger
        ledger.last_entry_id = self.ledger.last_entry_id
        ledger.entries.extend(self.ledger.entries)
        for account_id, copy in self._copies.items():
            if copy is None:
                if house.accounts.remove(account_id):
                    ledger.touched.pop(account_id, None)
                    self.outbox.records.append(AccountRemoved(account_id))
            elif account_id in self.ledger.touched:
                house.accounts.put(copy)
                self._forget_removal(account_id)
                ledger.touch(copy, at_ns)
        for (kind, item_id), item in self._items.items():
            if item is None:
                house.remove_item(kind, item_id)
            else:
                house.put_item(kind, item_id, item)
        self.outbox.effects.extend(self._effects)


def empty(account: Account, ledger: Ledger, at_ns: int) -> None:
    """Closes every balance of the account."""
    cause = Cause(REMOVED, account.id, at_ns)
    for chain in list((account.balances or {}).values()):
        for balance in list(chain):
            ledger.close(account, balance, cause)
