"""Does a balance or a call fit the pattern of a filter, as actions, triggers and counters ask it."""

from __future__ import annotations

from collections.abc import Callable

from engine.accounts.account import Balance, BalanceFilter
from engine.limits import MAX_DESTINATION_LENGTH
from engine.rating.call import Call
from engine.usage import ANY


def includes(held: dict[str, bool] | None, wanted: dict[str, bool] | None) -> bool:
    """True when every wanted name stands in what is held, with the same sign."""
    if not wanted:
        return True
    if not held:
        return False
    return all(held.get(name) == sign for name, sign in wanted.items())


def matches(balance: Balance, pattern: BalanceFilter, *, skip_ids: bool, skip_expiry: bool) -> bool:
    """The loose match: a UUID alone decides, then an ID alone, then every given field."""
    if not skip_ids and pattern.uuid:
        return balance.uuid == pattern.uuid
    if not skip_ids and pattern.id:
        return balance.id == pattern.id
    if not skip_expiry and pattern.expires is not None and pattern.expires.ns != balance.expires.ns:
        return False
    if pattern.weight is not None and pattern.weight != balance.weight:
        return False
    if pattern.blocker is not None and pattern.blocker != balance.blocker:
        return False
    if pattern.disabled is not None and pattern.disabled != balance.disabled:
        return False
    return (
        includes(balance.destination_ids, pattern.destination_ids)
        and includes(balance.categories, pattern.categories)
        and includes(balance.timing_ids, pattern.timing_ids)
        and includes(balance.shared_groups, pattern.shared_groups)
        and (pattern.rating_subject is None or pattern.rating_subject == balance.rating_subject)
    )


def matches_exactly(balance: Balance, pattern: BalanceFilter) -> bool:
    """The hard match of balance triggers: a given UUID or ID decides alone, else every given field must be equal."""
    if pattern.uuid is not None and pattern.uuid != "":
        return balance.uuid == pattern.uuid
    if pattern.id is not None and pattern.id != "":
        return balance.id == pattern.id
    return (
        (pattern.expires is None or pattern.expires.ns == balance.expires.ns)
        and (pattern.weight is None or pattern.weight == balance.weight)
        and (pattern.blocker is None or pattern.blocker == balance.blocker)
        and (pattern.disabled is None or pattern.disabled == balance.disabled)
        and _equal(balance.destination_ids, pattern.destination_ids)
        and _equal(balance.categories, pattern.categories)
        and _equal(balance.timing_ids, pattern.timing_ids)
        and _equal(balance.shared_groups, pattern.shared_groups)
        and (pattern.rating_subject is None or pattern.rating_subject == balance.rating_subject)
    )


def _equal(held: dict[str, bool] | None, wanted: dict[str, bool] | None) -> bool:
    return wanted is None or wanted == (held or {})


def matches_call(call: Call, pattern: BalanceFilter, ids_of_prefix: Callable[[str], list[str] | None]) -> bool:
    """True when the call is of the pattern's categories and goes to one of its destinations."""
    if pattern.categories and not pattern.categories.get(call.category, False):
        return False
    wanted = pattern.destination_ids
    if not wanted or wanted.get(ANY, False):
        return True
    for length in range(min(len(call.destination), MAX_DESTINATION_LENGTH), 0, -1):
        for destination_id in ids_of_prefix(call.destination[:length]) or ():
            if destination_id in wanted:
                return wanted[destination_id]
    return False
