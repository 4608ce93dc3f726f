"""Is every balance the sum of its entries? What `tollwire verify` asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.accounts.account import Account
from engine.money import Amount
from engine.records import Entry


@dataclass(frozen=True, slots=True)
class Difference:
    """A balance that does not hold what its entries add up to, or an entry that says so of itself."""

    account: str
    balance: str
    held: Amount
    added_up: Amount
    entry_id: int = 0  # the first entry that does not follow from the one before; 0 when they all do


class Tally:
    """Adds entries up, in the order of their ids. Memory: two integers a balance."""

    entries: int
    _sums: dict[tuple[str, str], Amount]
    _broken: list[Difference]

    def __init__(self) -> None:
        self.entries = 0
        self._sums = {}
        self._broken = []

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            key = (entry.account, entry.balance)
            total = self._sums.get(key, 0) + entry.delta_amount
            if total != entry.after_amount:
                self._broken.append(Difference(entry.account, entry.balance, entry.after_amount, total, entry.entry_id))
            self._sums[key] = total
            self.entries += 1

    def differences(self, accounts: Iterable[Account]) -> list[Difference]:
        """What does not agree with the accounts as they stand. A balance that is gone must have gone with nothing in it."""
        found = list(self._broken)
        sums = dict(self._sums)
        for account in accounts:
            for chain in (account.balances or {}).values():
                for balance in chain:
                    total = sums.pop((account.id, balance.uuid), 0)
                    if total != balance.value:
                        found.append(Difference(account.id, balance.uuid, balance.value, total))
        found.extend(Difference(account, balance, 0, total) for (account, balance), total in sums.items() if total != 0)
        return found
