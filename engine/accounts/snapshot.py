"""An account as bytes and back: what the journal keeps of it after every step that touched it.

Compact msgpack arrays, because this runs for every debit. What a plain balance has not is left out: the sets that are empty and
not null are bits, everything else that differs from nothing is in a map of small numbers. Numbers once given to a field stay its
own; a new field gets the next number, and what an older snapshot lacks reads as nothing.

Amounts and instants may need more than 64 bits: they are (whole, nano), see engine.parts.split_amount.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from engine.accounts.account import Account, Balance, BalanceFilter, CounterFilter, Trigger, UnitCounter
from engine.parts import Parts, read_amount, split_amount
from engine.rating.book import Timing
from engine.times import NO_TIME, UTC_ZONE, ZERO_TIME, FixedZone, Moment, Zone, fixed_zone, zone_of

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder()

# bits of a balance
_DISABLED: Final = 1
_BLOCKER: Final = 2
_NO_DESTINATIONS: Final = 4  # {} and not null; the same for the others
_NO_CATEGORIES: Final = 8
_NO_GROUPS: Final = 16
_NO_TIMING_IDS: Final = 32
_NO_TIMINGS: Final = 64
_NO_FACTORS: Final = 128

# numbers of fields, of balances and of patterns alike
_EXPIRES: Final = 1
_WEIGHT: Final = 2
_DESTINATIONS: Final = 3
_SUBJECT: Final = 4
_CATEGORIES: Final = 5
_GROUPS: Final = 6
_TIMING_IDS: Final = 7
_TIMINGS: Final = 8
_FACTORS: Final = 9
_UUID: Final = 10
_ID: Final = 11
_TYPE: Final = 12
_VALUE: Final = 13
_FORMULA: Final = 14
_IS_DISABLED: Final = 15
_IS_BLOCKER: Final = 16

# bits of an account and of a trigger
_NEGATIVE: Final = 1
_OFF: Final = 2
_RECURRENT: Final = 1
_EXECUTED: Final = 2


def encode_account(account: Account) -> bytes:
    """The whole account, without its ID, which is the key of its record."""
    flags = (_NEGATIVE if account.allow_negative else 0) | (_OFF if account.disabled else 0)
    balances: dict[str, list[Any]] | None = None
    if account.balances is not None:
        balances = {name: [_balance_out(one) for one in chain] for name, chain in account.balances.items()}
    counters: dict[str, list[Any]] | None = None
    if account.counters is not None:
        counters = {name: [_counter_out(one) for one in chain] for name, chain in account.counters.items()}
    triggers = None if account.triggers is None else [_trigger_out(one) for one in account.triggers]
    return _ENCODER.encode([account.tenant, flags, split_amount(account.updated_at), balances, counters, triggers])


def decode_account(key: str, body: bytes) -> Account:
    """The account that `encode_account` wrote; `key` is its ID."""
    tenant, flags, updated, balances, counters, triggers = _DECODER.decode(body)
    account = Account(tenant, key[len(tenant) + 1 :])
    account.allow_negative = bool(flags & _NEGATIVE)
    account.disabled = bool(flags & _OFF)
    account.updated_at = read_amount(updated)
    if balances is not None:
        account.balances = {name: [_balance_in(name, one) for one in chain] for name, chain in balances.items()}
    if counters is not None:
        account.counters = {name: [_counter_in(one) for one in chain] for name, chain in counters.items()}
    if triggers is not None:
        account.triggers = [_trigger_in(one) for one in triggers]
    return account


# -- balances --------------------------------------------------------------------------------------------------------------


def _balance_out(balance: Balance) -> list[Any]:
    bits = (_DISABLED if balance.disabled else 0) | (_BLOCKER if balance.blocker else 0)
    extra: dict[int, Any] = {}
    if balance.destination_ids is not None:
        bits |= _set_out(extra, _DESTINATIONS, balance.destination_ids, _NO_DESTINATIONS)
    if balance.categories is not None:
        bits |= _set_out(extra, _CATEGORIES, balance.categories, _NO_CATEGORIES)
    if balance.shared_groups is not None:
        bits |= _set_out(extra, _GROUPS, balance.shared_groups, _NO_GROUPS)
    if balance.timing_ids is not None:
        bits |= _set_out(extra, _TIMING_IDS, balance.timing_ids, _NO_TIMING_IDS)
    if balance.timings is not None:
        bits |= _NO_TIMINGS if not balance.timings else 0
        if balance.timings:
            extra[_TIMINGS] = [_timing_out(one) for one in balance.timings]
    if balance.factors is not None:
        bits |= _NO_FACTORS if not balance.factors else 0
        if balance.factors:
            extra[_FACTORS] = _factors_out(balance.factors)
    if balance.expires is not NO_TIME:
        extra[_EXPIRES] = _moment_out(balance.expires)
    if balance.weight:
        extra[_WEIGHT] = split_amount(balance.weight)
    if balance.rating_subject:
        extra[_SUBJECT] = balance.rating_subject
    if extra:
        return [balance.uuid, balance.id, split_amount(balance.value), bits, extra]
    return [balance.uuid, balance.id, split_amount(balance.value), bits]


def _set_out(extra: dict[int, Any], number: int, members: dict[str, bool], empty_bit: int) -> int:
    if not members:
        return empty_bit
    extra[number] = members
    return 0


def _balance_in(balance_type: str, parts: list[Any]) -> Balance:
    balance = Balance(parts[0], parts[1], balance_type, read_amount(parts[2]))
    bits: int = parts[3]
    balance.disabled = bool(bits & _DISABLED)
    balance.blocker = bool(bits & _BLOCKER)
    extra: dict[int, Any] = parts[4] if len(parts) > 4 else {}
    balance.destination_ids = extra.get(_DESTINATIONS, {} if bits & _NO_DESTINATIONS else None)
    balance.categories = extra.get(_CATEGORIES, {} if bits & _NO_CATEGORIES else None)
    balance.shared_groups = extra.get(_GROUPS, {} if bits & _NO_GROUPS else None)
    balance.timing_ids = extra.get(_TIMING_IDS, {} if bits & _NO_TIMING_IDS else None)
    balance.timings = _timings_in(extra.get(_TIMINGS, [] if bits & _NO_TIMINGS else None))
    balance.factors = _factors_in(extra.get(_FACTORS, {} if bits & _NO_FACTORS else None))
    if _EXPIRES in extra:
        balance.expires = _moment_in(extra[_EXPIRES])
    if _WEIGHT in extra:
        balance.weight = read_amount(extra[_WEIGHT])
    balance.rating_subject = extra.get(_SUBJECT, "")
    return balance


# -- counters, triggers, patterns ------------------------------------------------------------------------------------------


def _counter_out(counter: UnitCounter) -> list[Any]:
    return [counter.counter_type, [[split_amount(one.value), _pattern_out(one.filter)] for one in counter.counters]]


def _counter_in(parts: list[Any]) -> UnitCounter:
    return UnitCounter(parts[0], [CounterFilter(read_amount(value), _pattern_in(pattern)) for value, pattern in parts[1]])


def _trigger_out(trigger: Trigger) -> list[Any]:
    flags = (_RECURRENT if trigger.recurrent else 0) | (_EXECUTED if trigger.executed else 0)
    return [
        trigger.id,
        trigger.unique_id,
        trigger.threshold_type,
        split_amount(trigger.threshold_value),
        flags,
        trigger.min_sleep_ns,
        _moment_out(trigger.expires),
        _moment_out(trigger.activates),
        _pattern_out(trigger.balance),
        split_amount(trigger.weight),
        trigger.actions_id,
        trigger.min_queued_items,
        _moment_out(trigger.last_execution_at),
    ]


def _trigger_in(parts: list[Any]) -> Trigger:
    trigger = Trigger(parts[0], parts[1], parts[2], read_amount(parts[3]))
    flags: int = parts[4]
    trigger.recurrent = bool(flags & _RECURRENT)
    trigger.executed = bool(flags & _EXECUTED)
    trigger.min_sleep_ns = parts[5]
    trigger.expires = _moment_in(parts[6])
    trigger.activates = _moment_in(parts[7])
    trigger.balance = _pattern_in(parts[8])
    trigger.weight = read_amount(parts[9])
    trigger.actions_id = parts[10]
    trigger.min_queued_items = parts[11]
    trigger.last_execution_at = _moment_in(parts[12])
    return trigger


def _pattern_out(pattern: BalanceFilter) -> dict[int, Any]:
    given: dict[int, Any] = {
        _UUID: pattern.uuid,
        _ID: pattern.id,
        _TYPE: pattern.type,
        _FORMULA: pattern.formula,
        _DESTINATIONS: pattern.destination_ids,
        _SUBJECT: pattern.rating_subject,
        _CATEGORIES: pattern.categories,
        _GROUPS: pattern.shared_groups,
        _TIMING_IDS: pattern.timing_ids,
        _IS_DISABLED: pattern.disabled,
        _IS_BLOCKER: pattern.blocker,
    }
    if pattern.value is not None:
        given[_VALUE] = split_amount(pattern.value)
    if pattern.weight is not None:
        given[_WEIGHT] = split_amount(pattern.weight)
    if pattern.expires is not None:
        given[_EXPIRES] = [_moment_out(pattern.expires)]
    if pattern.timings is not None:
        given[_TIMINGS] = [_timing_out(one) for one in pattern.timings]
    if pattern.factors is not None:
        given[_FACTORS] = _factors_out(pattern.factors)
    return {number: value for number, value in given.items() if value is not None}


def _pattern_in(given: dict[int, Any]) -> BalanceFilter:
    pattern = BalanceFilter()
    pattern.uuid = given.get(_UUID)
    pattern.id = given.get(_ID)
    pattern.type = given.get(_TYPE)
    pattern.formula = given.get(_FORMULA)
    pattern.destination_ids = given.get(_DESTINATIONS)
    pattern.rating_subject = given.get(_SUBJECT)
    pattern.categories = given.get(_CATEGORIES)
    pattern.shared_groups = given.get(_GROUPS)
    pattern.timing_ids = given.get(_TIMING_IDS)
    pattern.disabled = given.get(_IS_DISABLED)
    pattern.blocker = given.get(_IS_BLOCKER)
    if _VALUE in given:
        pattern.value = read_amount(given[_VALUE])
    if _WEIGHT in given:
        pattern.weight = read_amount(given[_WEIGHT])
    if _EXPIRES in given:
        pattern.expires = _moment_in(given[_EXPIRES][0])
    pattern.timings = _timings_in(given.get(_TIMINGS))
    pattern.factors = _factors_in(given.get(_FACTORS))
    return pattern


# -- small values ----------------------------------------------------------------------------------------------------------


def _moment_out(moment: Moment) -> list[Any] | None:
    """[parts of the instant, zone]: an offset in seconds (0 for UTC) or the name of a zone; None for no time."""
    if moment.ns == ZERO_TIME and moment.zone is UTC_ZONE:
        return None
    return [split_amount(moment.ns), _zone_out(moment.zone)]


def _moment_in(parts: list[Any] | None) -> Moment:
    if parts is None:
        return NO_TIME
    zone = parts[1]
    return Moment(read_amount(parts[0]), zone_of(zone) if isinstance(zone, str) else fixed_zone(zone))


def _zone_out(zone: Zone) -> object:
    if isinstance(zone, FixedZone):
        return zone.offset
    return 0 if zone is UTC_ZONE else zone.name


def _timing_out(timing: Timing) -> list[Any]:
    return [timing.ID, timing.Years, timing.Months, timing.MonthDays, timing.WeekDays, timing.StartTime, timing.EndTime]


def _timings_in(timings: list[Any] | None) -> list[Timing] | None:
    if timings is None:
        return None
    return [Timing(one[0], _days(one[1]), _days(one[2]), _days(one[3]), _days(one[4]), one[5], one[6]) for one in timings]


def _days(numbers: list[int] | None) -> tuple[int, ...] | None:
    return None if numbers is None else tuple(numbers)


def _factors_out(factors: dict[str, int]) -> dict[str, Parts]:
    return {name: split_amount(factor) for name, factor in factors.items()}


def _factors_in(factors: dict[str, Any] | None) -> dict[str, int] | None:
    if factors is None:
        return None
    return {name: read_amount(parts) for name, parts in factors.items()}
