"""The one reducer: every change of a balance's value is an entry with an id, a cause and a time, and happens here.

The value of a balance is the sum of its entries. `tollwire verify` adds them up again and compares.
"""

from __future__ import annotations

from engine.accounts.account import Account, Balance
from engine.money import Amount
from engine.parts import split_amount
from engine.records import Entry, Record


class Cause:
    """Why values change: what kind of thing (debit, refund, an action's name), which one, and when."""

    kind: str
    id: str
    at_ns: int

    def __init__(self, kind: str, id: str, at_ns: int) -> None:
        self.kind = kind
        self.id = id
        self.at_ns = at_ns


class Ledger:
    """Applies entries and gathers them, and the accounts they touched, for the journal record of the step."""

    last_entry_id: int
    entries: list[Record]
    touched: dict[str, Account]

    def __init__(self) -> None:
        self.last_entry_id = 0
        self.entries = []
        self.touched = {}

    def move(self, account: Account, balance: Balance, delta: Amount, cause: Cause) -> None:
        """Adds `delta` to the balance."""
        if delta == 0:
            return
        self.last_entry_id += 1
        balance.value += delta
        self.entries.append(
            Entry(
                self.last_entry_id,
                account.id,
                balance.uuid,
                balance.type,
                split_amount(delta),
                split_amount(balance.value),
                cause.kind,
                cause.id,
                split_amount(cause.at_ns),
            )
        )
        self.touch(account, cause.at_ns)

    def open(self, account: Account, balance: Balance, cause: Cause) -> None:
        """Puts a new balance into its account. What it holds came by an entry like any other value."""
        value = balance.value
        balance.value = 0
        account.add(balance)
        self.touch(account, cause.at_ns)
        self.move(account, balance, value, cause)

    def close(self, account: Account, balance: Balance, cause: Cause) -> None:
        """Takes a balance out of its account; what it still held leaves by an entry."""
        self.move(account, balance, -balance.value, cause)
        if account.balances is not None and balance.type in account.balances:
            account.balances[balance.type] = [other for other in account.balances[balance.type] if other is not balance]
        self.touch(account, cause.at_ns)

    def touch(self, account: Account, at_ns: int) -> None:
        """The account is to be written at the end of the step."""
        account.updated_at = at_ns
        self.touched[account.id] = account

    def take(self) -> tuple[list[Record], list[Account]]:
        """What the step did so far: (entries, accounts to write); the ledger forgets both."""
        entries, self.entries = self.entries, []
        touched, self.touched = self.touched, {}
        return entries, list(touched.values())
