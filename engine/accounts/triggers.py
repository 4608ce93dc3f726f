"""Which action triggers of an account are due after a change. What they do is the actions room's business."""

from __future__ import annotations

from typing import Final, Protocol

from engine.accounts.account import Account, Balance, CounterFilter, Trigger
from engine.accounts.matching import matches_exactly
from engine.times import ZERO_TIME

BALANCE_EXPIRED: Final = "*balance_expired"


class Reactor(Protocol):
    """What happens after values changed: due triggers run their actions, expired balances go."""

    def balances_changed(self, account: Account, changed: list[Balance], at_ns: int) -> None: ...


def by_weight(triggers: list[Trigger]) -> list[Trigger]:
    """The heavier first; equal ones as they stand."""
    return sorted(triggers, key=_weight)


def _weight(trigger: Trigger) -> int:
    return -trigger.weight


def is_open(trigger: Trigger, at_ns: int) -> bool:
    """True when the trigger may fire at all now: active, not expired, not spent, not asleep."""
    if trigger.executed:
        return False
    if trigger.expires.ns != ZERO_TIME and trigger.expires.ns < at_ns:
        return False
    if trigger.activates.ns != ZERO_TIME and trigger.activates.ns >= at_ns:
        return False
    last_ns = trigger.last_execution_at.ns
    return not (trigger.recurrent and last_ns != ZERO_TIME and at_ns - last_ns < trigger.min_sleep_ns)


def is_due(trigger: Trigger, account: Account, changed: list[Balance], at_ns: int) -> bool:
    """True when what the trigger watches is at or beyond its threshold."""
    kind = trigger.threshold_type
    if "counter" in kind or "connect" in kind:
        counter = _counter_of(trigger, account)
        if counter is None:
            return False
        return _beyond(kind, counter.value, trigger.threshold_value)
    for balance in changed:
        if trigger.balance.type and balance.type != trigger.balance.type:
            continue
        if not matches_exactly(balance, trigger.balance):
            continue
        if kind == BALANCE_EXPIRED:
            if balance.expired_at(at_ns):
                return True
        elif _beyond(kind, balance.value, trigger.threshold_value):
            return True
    return False


def _beyond(kind: str, value: int, threshold: int) -> bool:
    return value >= threshold if kind.startswith("*max") else value <= threshold


def _counter_of(trigger: Trigger, account: Account) -> CounterFilter | None:
    for chain in (account.counters or {}).values():
        for counter in chain:
            for one in counter.counters:
                if one.filter.id == trigger.unique_id and ("balance" in trigger.threshold_type) == (counter.counter_type == "*balance"):
                    return one
    return None
