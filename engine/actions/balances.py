"""Actions that put money and units into balances, take them out, and move them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Final

import msgspec

from engine.accounts.account import DEFAULT_BALANCE, NAMELESS, Account, Balance
from engine.accounts.counters import init_counters
from engine.accounts.matching import matches
from engine.actions.running import Failed, Ready, Running
from engine.money import Amount, Factor, amount_of, factor_of
from engine.rating.book import SharedGroup
from engine.times import NO_TIME
from engine.usage import MONETARY

_SHARED_GROUP: Final = "shared_group"


def account_of(running: Running) -> Account:
    """The account that the set runs on; the runner passes over these actions where there is none."""
    assert running.account is not None, "this action runs on an account"
    return running.account


# -- more and less ---------------------------------------------------------------------------------------------------------


def topup(running: Running, action: Ready) -> None:
    """Adds the units."""
    _add(running, action, abs(action.value), reset=False)


def topup_reset(running: Running, action: Ready) -> None:
    """The units and nothing else."""
    _add(running, action, abs(action.value), reset=True)


def debit(running: Running, action: Ready) -> None:
    """Takes the units, below 0 too."""
    _add(running, action, -action.value, reset=False)


def debit_reset(running: Running, action: Ready) -> None:
    """Makes the balance owe the units."""
    _add(running, action, -action.value, reset=True)


def topup_zero_negative(running: Running, action: Ready) -> None:
    """The units are subtracted, so that operators write them with a minus."""
    _add(running, action, -action.value, reset=False, from_zero=True)


def _add(running: Running, action: Ready, delta: Amount, *, reset: bool, from_zero: bool = False) -> None:
    """Adds to every balance that fits and is not expired; makes one where none does."""
    account = account_of(running)
    found = False
    for balance in list(account.of_type(action.pattern.type or "")):
        if balance.expired_at(running.at_ns) or not matches(balance, action.pattern, skip_ids=False, skip_expiry=False):
            continue
        start = 0 if reset or (from_zero and balance.value < 0) else balance.value
        running.set_value(account, balance, start + delta, action)
        action.after = balance.value
        found = True
    if not found:
        balance = _made(running, action, delta)
        running.work.ledger.open(account, balance, running.cause(action))
        action.after = balance.value
        join_groups(running, account, balance)
    running.changed(account)


def _made(running: Running, action: Ready, value: Amount) -> Balance:
    """A new balance as the action's pattern says; a `*default` one has its value only."""
    pattern = action.pattern
    balance = Balance(running.house.ids.uuid(), pattern.id or "", pattern.type or "", running.rounded(value))
    if balance.id == DEFAULT_BALANCE:
        return balance
    balance.expires = pattern.expires or NO_TIME
    balance.weight = pattern.weight or 0
    balance.destination_ids = dict(pattern.destination_ids or {})
    balance.rating_subject = pattern.rating_subject or ""
    balance.categories = dict(pattern.categories or {})
    balance.shared_groups = dict(pattern.shared_groups or {})
    balance.timing_ids = dict(pattern.timing_ids or {})
    balance.timings = pattern.timings
    balance.disabled = bool(pattern.disabled)
    balance.blocker = bool(pattern.blocker)
    balance.factors = pattern.factors if pattern.factors is not None else _factors(action.extra)
    return balance


def _factors(text: str) -> dict[str, Factor] | None:
    """Extra parameters that are a JSON object of numbers are the balance's factors; anything else is none."""
    if not text:
        return None
    try:
        found = json.loads(text, parse_float=str)
        return {name: factor_of(value) for name, value in found.items()} if isinstance(found, dict) else None
    except (ValueError, RecursionError):
        return None


def join_groups(running: Running, account: Account, balance: Balance) -> None:
    """Makes the account a member of the groups that share the balance; groups that nobody knows are passed over."""
    for group_id in balance.shared_groups or {}:
        group = running.work.item(_SHARED_GROUP, group_id)
        if isinstance(group, SharedGroup) and account.id not in (group.MemberIds or ()):
            members = (*(group.MemberIds or ()), account.id)
            running.work.put_item(_SHARED_GROUP, group_id, msgspec.structs.replace(group, MemberIds=members))


# -- setting ---------------------------------------------------------------------------------------------------------------


def set_balance(running: Running, action: Ready) -> None:
    """Changes what is given of one balance: the one with the UUID, else the first with the ID, else a new one."""
    account = account_of(running)
    pattern = action.pattern
    balance = _named(running, account, action)
    if balance is None:
        if not pattern.type:
            raise Failed("missing balance type")
        balance = Balance(running.house.ids.uuid(), "", pattern.type, 0)
        account.add(balance)
    groups = balance.shared_groups
    if pattern.id == DEFAULT_BALANCE:
        balance.id = DEFAULT_BALANCE
    else:
        _overwrite(balance, action)
    if pattern.value is not None or pattern.id == DEFAULT_BALANCE:
        running.set_value(account, balance, action.value, action)
    action.after = balance.value
    if balance.shared_groups != groups:
        join_groups(running, account, balance)
    running.changed(account)


def _named(running: Running, account: Account, action: Ready) -> Balance | None:
    pattern = action.pattern
    if pattern.uuid:
        found = account.find(pattern.uuid)
        if found is None or found.expired_at(running.at_ns):
            raise Failed(f"cannot find balance with uuid: <{pattern.uuid}>")
        return found
    if pattern.id is None:
        return None
    for balance_type, chain in (account.balances or {}).items():
        if pattern.type and pattern.type != balance_type:
            continue
        for balance in chain:
            if balance.id == pattern.id and not balance.expired_at(running.at_ns):
                return balance
    return None


def _overwrite(balance: Balance, action: Ready) -> None:
    pattern = action.pattern
    if pattern.id is not None:
        balance.id = pattern.id
    if pattern.expires is not None:
        balance.expires = pattern.expires
    if pattern.weight is not None:
        balance.weight = pattern.weight
    if pattern.destination_ids is not None:
        balance.destination_ids = dict(pattern.destination_ids)
    if pattern.rating_subject is not None:
        balance.rating_subject = pattern.rating_subject
    if pattern.categories is not None:
        balance.categories = dict(pattern.categories)
    if pattern.shared_groups is not None:
        balance.shared_groups = dict(pattern.shared_groups)
    if pattern.timing_ids is not None:
        balance.timing_ids = dict(pattern.timing_ids)
    if pattern.timings is not None:
        balance.timings = pattern.timings
    if pattern.disabled is not None:
        balance.disabled = pattern.disabled
    if pattern.blocker is not None:
        balance.blocker = pattern.blocker
    if pattern.factors is not None:
        balance.factors = pattern.factors


def set_expiry(running: Running, action: Ready) -> None:
    """The expiry of every balance that fits otherwise; it is no failure when none does."""
    account = account_of(running)
    for balance in account.of_type(action.pattern.type or ""):
        if matches(balance, action.pattern, skip_ids=False, skip_expiry=True):
            balance.expires = action.pattern.expires or NO_TIME
    running.work.touch(account, running.at_ns)


# -- removing --------------------------------------------------------------------------------------------------------------


def remove_balance(running: Running, action: Ready) -> None:
    """Every balance that fits, of the type or of any."""
    _remove(running, action, expired=False)


def remove_expired(running: Running, action: Ready) -> None:
    """Every balance that fits and has expired."""
    _remove(running, action, expired=True)


def _remove(running: Running, action: Ready, *, expired: bool) -> None:
    account = account_of(running)
    held = 0
    found = False
    for balance_type in [action.pattern.type] if action.pattern.type else list(account.balances or {}):
        place = 0
        while place < len(chain := account.of_type(balance_type)):
            balance = chain[place]
            fits = matches(balance, action.pattern, skip_ids=False, skip_expiry=False)
            if not fits or (expired and not balance.expired_at(running.at_ns)):
                place += 1
                continue
            held += balance.value
            found = True
            running.work.ledger.close(account, balance, running.cause(action))
            _fill_place(account.of_type(balance_type), place)
    if not found:
        raise Failed("NOT_FOUND")
    if action.pattern.value is None:
        action.value = held


def _fill_place(chain: list[Balance], place: int) -> None:
    """The last balance takes the place of one that went: that is how clients see the others afterwards."""
    if place < len(chain):
        chain.insert(place, chain.pop())


# -- moving ----------------------------------------------------------------------------------------------------------------


class _Destination(msgspec.Struct):
    DestinationAccountID: str
    DestinationBalanceID: str
    DestinationReferenceValue: Decimal | None = None


def transfer_balance(running: Running, action: Ready) -> None:
    """Moves units to a balance of an account, which may be another one; with a reference value so many that it holds that."""
    account = account_of(running)
    source = _source(running, account, action)
    destination = _read_destination(action.extra)
    receiver = running.work.account(destination.DestinationAccountID)
    if receiver is None:
        raise Failed(f"retrieving destination account failed: no account <{destination.DestinationAccountID}>")
    target = _target(running, receiver, source, destination.DestinationBalanceID)
    units = action.value
    if destination.DestinationReferenceValue is not None:
        units = amount_of(destination.DestinationReferenceValue) - (target.value if target is not None else 0)
    elif units == 0:
        raise Failed("the units to transfer are missing, or 0")
    if source.id != DEFAULT_BALANCE and units > source.value:
        raise Failed("insufficient credit")
    if target is None:
        target = Balance(running.house.ids.uuid(), destination.DestinationBalanceID, source.type, 0)
        receiver.add(target)
    running.set_value(receiver, target, target.value + units, action)
    running.set_value(account, source, source.value - units, action)
    action.after = source.value
    if receiver is not account:
        running.changed(receiver)
    running.changed(account)


def _source(running: Running, account: Account, action: Ready) -> Balance:
    pattern = action.pattern
    for balance_type, chain in (account.balances or {}).items():
        if pattern.type and pattern.type != balance_type:
            continue
        for balance in chain:
            named = balance.uuid == pattern.uuid if pattern.uuid else balance.id == (pattern.id or "")
            if named and not balance.expired_at(running.at_ns):
                return balance
    raise Failed("source balance not found or expired")


def _read_destination(text: str) -> _Destination:
    try:
        return msgspec.json.decode(text, type=_Destination)
    except msgspec.MsgspecError as fault:
        raise Failed(f"parameters of the destination: {fault}") from None


def _target(running: Running, receiver: Account, source: Balance, balance_id: str) -> Balance | None:
    for balance in receiver.of_type(source.type):
        if balance.id == balance_id:
            if balance.expired_at(running.at_ns):
                raise Failed("destination balance expired")
            return balance
    return None


def transfer_monetary_default(running: Running, action: Ready) -> None:
    """All money of balances that fit goes into the default balance."""
    account = account_of(running)
    default = account.default_money()
    if default is None:
        default = Balance(running.house.ids.uuid(), DEFAULT_BALANCE, MONETARY, 0)
        account.add(default)
    for balance in account.of_type(MONETARY):
        if balance is default or balance.value <= 0 or not matches(balance, action.pattern, skip_ids=False, skip_expiry=False):
            continue
        held = balance.value
        running.set_value(account, balance, 0, action)
        running.set_value(account, default, default.value + held, action)
    action.after = default.value
    running.changed(account)


def reset_account(running: Running, action: Ready) -> None:
    """One empty balance of each type in place of what was there; triggers may fire again, counters keep what they counted."""
    account = account_of(running)
    for balance_type in list(account.balances or {}):
        for balance in list(account.of_type(balance_type)):
            running.work.ledger.close(account, balance, running.cause(action))
        account.add(Balance(NAMELESS + running.house.ids.uuid(), "", balance_type, 0))
    init_counters(account)
    for trigger in account.triggers or ():
        trigger.executed = False
    running.reacts.react(running.work, account, running.at_ns)
    running.work.touch(account, running.at_ns)
