"""Unit counters: what calls took, counted for the triggers that ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.accounts.account import Account, Balance, BalanceFilter, CounterFilter, UnitCounter
from engine.accounts.matching import matches, matches_call
from engine.money import Amount
from engine.rating.call import Call

BY_EVENT: Final = "*event"
BY_BALANCE: Final = "*balance"


def init_counters(account: Account) -> None:
    """Makes the counters that the account's triggers need; what is counted already under the same trigger is kept."""
    counted = _counted(account)
    fresh: dict[str, list[UnitCounter]] = {}
    for trigger in account.triggers or []:
        kind = trigger.threshold_type
        if "counter" not in kind and "connect" not in kind:
            continue
        counter_type = BY_BALANCE if "balance" in kind else BY_EVENT
        balance_type = trigger.balance.type or ""
        pattern = _with_id(trigger.balance, trigger.unique_id)
        chain = fresh.setdefault(balance_type, [])
        counter = next((one for one in chain if one.counter_type == counter_type), None)
        if counter is None:
            counter = UnitCounter(counter_type, [])
            chain.append(counter)
        if not any(one.filter.id == trigger.unique_id for one in counter.counters):
            counter.counters.append(CounterFilter(counted.get((balance_type, counter_type, trigger.unique_id), 0), pattern))
    account.counters = fresh or None


def _counted(account: Account) -> dict[tuple[str, str, str], Amount]:
    values: dict[tuple[str, str, str], Amount] = {}
    for balance_type, chain in (account.counters or {}).items():
        for counter in chain:
            for one in counter.counters:
                values[(balance_type, counter.counter_type, one.filter.id or "")] = one.value
    return values


def _with_id(pattern: BalanceFilter, unique_id: str) -> BalanceFilter:
    twin = BalanceFilter()
    twin.uuid = pattern.uuid
    twin.id = unique_id
    twin.type = pattern.type
    twin.value = pattern.value
    twin.expires = pattern.expires
    twin.weight = pattern.weight
    twin.destination_ids = pattern.destination_ids
    twin.rating_subject = pattern.rating_subject
    twin.categories = pattern.categories
    twin.shared_groups = pattern.shared_groups
    twin.timing_ids = pattern.timing_ids
    twin.timings = pattern.timings
    twin.disabled = pattern.disabled
    twin.blocker = pattern.blocker
    twin.factors = pattern.factors
    return twin


def count(
    account: Account,
    kind: str,
    amount: Amount,
    call: Call | None,
    balance: Balance | None,
    ids_of_prefix: Callable[[str], list[str] | None],
) -> None:
    """Adds `amount` to every counter of the kind (a ToR, `*monetary`, `*event_connect`) that this call or balance fits."""
    if not account.counters:
        return
    for counter in account.counters.get(kind, []):
        for one in counter.counters:
            if counter.counter_type == BY_BALANCE:
                fits = balance is not None and matches(balance, one.filter, skip_ids=True, skip_expiry=False)
            else:
                fits = call is not None and matches_call(call, one.filter, ids_of_prefix)
            if fits:
                one.value += amount


def reset_counters(account: Account, pattern: BalanceFilter) -> None:
    """Sets counters of a type, or of all types, back to 0: those of the trigger that the pattern's ID names.

    Recorded: a pattern without ID names no counter, because each has the ID of its trigger.
    """
    for balance_type, chain in (account.counters or {}).items():
        if pattern.type and pattern.type != balance_type:
            continue
        for counter in chain:
            for one in counter.counters:
                if (pattern.id or "") == one.filter.id:
                    one.value = 0
