"""What the rules and templates of profiles ask of the tariff and of accounts: destinations, timings, `~*accounts.<id>.BalanceMap...`."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from engine.accounts.account import Account, Accounts, Balance, UnitCounter
from engine.fields.path import Path, walk
from engine.fields.values import MISSING
from engine.fields.view import Rooms
from engine.money import ONE, Amount, Ratio
from engine.rating.tariff import Tariff
from engine.rating.timings import is_active
from engine.times import Moment

ACCOUNTS: Final = "*accounts"


class Figures:
    """The answers, as they are when a rule asks."""

    accounts: Accounts
    tariff: Tariff

    def __init__(self, accounts: Accounts, tariff: Tariff) -> None:
        self.accounts = accounts
        self.tariff = tariff

    def wire(self, rooms: Rooms) -> None:
        """Has the rules of a house ask here."""
        rooms.wire(ACCOUNTS, self.of_account)
        rooms.destinations_of = self.destinations_of
        rooms.timing_is_active = self.timing_is_active

    def destinations_of(self, number: str) -> Container[str]:
        """The ids of all destinations with a prefix of the number."""
        found: set[str] = set()
        for length in range(1, min(len(number), self.tariff.longest_prefix) + 1):
            ids = self.tariff.ids_of_prefix(number[:length])
            if ids is not None:
                found.update(ids)
        return found

    def timing_is_active(self, id: str, at: Moment) -> bool:
        """Whether a timing holds at an instant, on the clock in which that was written; one that does not exist never does."""
        timing = self.tariff.timings.get(id)
        return timing is not None and is_active(timing, at.ns, at.zone)

    def of_account(self, tenant: str, path: Path, _now_ns: int) -> object:
        """What a path leads to in an account: `*accounts.<id>.BalanceMap.*monetary[0].Value` and the like."""
        account = self.accounts.get(f"{tenant}:{path[1]}")
        return MISSING if account is None else walk(_account(account), path, 2)


def _account(account: Account) -> dict[str, object]:
    balances, counters = account.balances or {}, account.counters or {}
    return {
        "ID": account.id,
        "AllowNegative": account.allow_negative,
        "Disabled": account.disabled,
        "BalanceMap": {kind: [_balance(one) for one in chain] for kind, chain in balances.items()},
        "UnitCounters": {kind: [_counter(one) for one in chain] for kind, chain in counters.items()},
    }


def _balance(balance: Balance) -> dict[str, object]:
    return {
        "Uuid": balance.uuid,
        "ID": balance.id,
        "Value": _number(balance.value),
        "Weight": _number(balance.weight),
        "ExpirationDate": balance.expires,
        "RatingSubject": balance.rating_subject,
        "Categories": balance.categories or {},
        "DestinationIDs": balance.destination_ids or {},
        "SharedGroups": balance.shared_groups or {},
        "TimingIDs": balance.timing_ids or {},
        "Disabled": balance.disabled,
        "Blocker": balance.blocker,
    }


def _counter(counter: UnitCounter) -> dict[str, object]:
    return {"CounterType": counter.counter_type, "Counters": [{"Value": _number(one.value)} for one in counter.counters]}


def _number(amount: Amount) -> Ratio:
    return Ratio(amount, ONE)
