"""Which balances may pay a call, and in which order: the more specific destination first, then the heavier, then the older.

A balance of a shared group stands for the balances of all members, in the order of the group's strategy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.accounts.account import Account, Accounts, Balance
from engine.errors import Refusal
from engine.ids import Ids
from engine.limits import MAX_DESTINATION_LENGTH
from engine.money import Amount
from engine.rating.book import SharedGroup
from engine.rating.call import Call
from engine.rating.timings import is_active
from engine.times import Zone
from engine.usage import ANY, GENERIC, MONETARY

LOWEST: Final = "*lowest"
HIGHEST: Final = "*highest"
RANDOM: Final = "*random"
MINE_LOWEST: Final = "*mine_lowest"
MINE_HIGHEST: Final = "*mine_highest"
MINE_RANDOM: Final = "*mine_random"  # what any other strategy means


class Purse:
    """A balance while a debit works with it: its value moves here and reaches the balance only by the ledger."""

    balance: Balance
    account: Account
    value: Amount
    held: Amount  # what the balance held after the debit, before triggers did anything to it
    precision: int
    new: bool  # the balance is made by this debit

    def __init__(self, balance: Balance, account: Account, precision: int) -> None:
        self.balance = balance
        self.account = account
        self.value = balance.value
        self.held = balance.value
        self.precision = precision
        self.new = False


class Selection:
    """The purses of one debit. A balance has one purse, however many lists it stands in."""

    accounts: Accounts
    groups: Callable[[str], object | None]
    ids_of_prefix: Callable[[str], list[str] | None]
    ids: Ids
    purses: dict[str, Purse]

    def __init__(
        self, accounts: Accounts, groups: Callable[[str], object | None], ids_of_prefix: Callable[[str], list[str] | None], ids: Ids
    ) -> None:
        self.accounts = accounts
        self.groups = groups
        self.ids_of_prefix = ids_of_prefix
        self.ids = ids
        self.purses = {}

    def purse(self, balance: Balance, account: Account, precision: int) -> Purse:
        known = self.purses.get(balance.uuid)
        if known is None:
            known = Purse(balance, account, precision)
            self.purses[balance.uuid] = known
        return known

    def usable(self, account: Account, call: Call, balance_type: str) -> list[Purse] | Refusal:
        """The purses that may pay `call` from balances of this type, in order; groups expanded."""
        own = self._own(account, call, balance_type, "")
        chosen: list[Purse] = []
        for purse in own:
            groups = purse.balance.shared_groups
            if not groups:
                chosen.append(purse)
                continue
            for group_id in groups:
                group = self.groups(group_id)
                if not isinstance(group, SharedGroup):
                    return Refusal.SHARED_GROUP_NOT_FOUND
                chosen.extend(self._of_group(group, purse, call, balance_type))
        return chosen

    def _own(self, account: Account, call: Call, balance_type: str, group_id: str) -> list[Purse]:
        candidates = account.of_type(balance_type)
        if balance_type not in (MONETARY, GENERIC):
            generic = account.of_type(GENERIC)
            if generic:
                candidates = candidates + generic
        found: list[Purse] = []
        for balance in candidates:
            precision = self._precision(balance, call, group_id)
            if precision >= 0:
                found.append(self.purse(balance, account, precision))
        if len(found) > 1:
            found.sort(key=_order)
        return found

    def _precision(self, balance: Balance, call: Call, group_id: str) -> int:
        """The length of the destination prefix that makes the balance fit, 0 for any destination, -1 when it does not fit."""
        if balance.disabled or balance.expired_at(call.start_ns):
            return -1
        if balance.value <= 0 and not balance.shared_groups and not balance.blocker:
            return -1
        if group_id and not balance.in_group(group_id):
            return -1
        if not balance.serves_category(call.category):
            return -1
        if balance.serves_all_destinations():
            return 0
        return self.destination_precision(balance, call.destination)

    def destination_precision(self, balance: Balance, destination: str) -> int:
        """The same for a balance that is for some destinations only."""
        wanted = balance.destination_ids
        assert wanted is not None, "a balance for some destinations names them"
        only_exclusions = True not in wanted.values()
        for length in range(min(len(destination), MAX_DESTINATION_LENGTH), 0, -1):
            known = self.ids_of_prefix(destination[:length])
            if known is None:
                continue
            verdicts = [wanted[destination_id] for destination_id in known if destination_id in wanted]
            if verdicts or only_exclusions:
                return length if False not in verdicts else -1
        return -1

    def _of_group(self, group: SharedGroup, mine: Purse, call: Call, balance_type: str) -> list[Purse]:
        purses: list[Purse] = []
        for member_id in group.MemberIds:
            member = self.accounts.get(member_id)
            if member is None or member.disabled:
                continue
            purses.extend(self._own(member, call, balance_type, group.Id))
        return self._by_strategy(group, mine, purses)

    def _by_strategy(self, group: SharedGroup, mine: Purse, purses: list[Purse]) -> list[Purse]:
        strategy = strategy_of(group, mine.account.id)
        if strategy in (LOWEST, MINE_LOWEST):
            purses.sort(key=_value)
        elif strategy in (HIGHEST, MINE_HIGHEST):
            purses.sort(key=_value, reverse=True)
        else:
            _shuffle(purses, self.ids)
        if strategy not in (LOWEST, HIGHEST, RANDOM):
            for index, purse in enumerate(purses):
                if purse is mine:
                    purses[0], purses[index] = purse, purses[0]
                    break
        return purses


def strategy_of(group: SharedGroup, account_id: str) -> str:
    """In which order the group's balances pay for this account, as its own parameters or those of `*any` say; may be empty."""
    parameters = group.AccountParameters.get(account_id) or group.AccountParameters.get(ANY)
    return parameters.Strategy if parameters is not None else ""


def _order(purse: Purse) -> tuple[int, int]:
    return -purse.precision, -purse.balance.weight


def _value(purse: Purse) -> int:
    return purse.value


def _shuffle(purses: list[Purse], ids: Ids) -> None:
    for last in range(len(purses) - 1, 0, -1):
        other = ids.below(last + 1)
        purses[last], purses[other] = purses[other], purses[last]


def active_at(balance: Balance, at_ns: int, zone: Zone) -> bool:
    """True when the balance's timings allow it at this instant: one of the named ones is active, no negated one is."""
    signs = balance.timing_ids
    if not signs and not balance.timings:
        return True
    allowed = not signs or True not in signs.values()
    for timing in balance.timings or ():
        if signs is None or signs.get(timing.ID, True):
            allowed = allowed or is_active(timing, at_ns, zone)
        elif is_active(timing, at_ns, zone):
            return False
    return allowed


def matching_destination(balance: Balance, destination: str, ids_of_prefix: Callable[[str], list[str] | None]) -> tuple[str, str]:
    """(prefix, destination id) by which a balance for some destinations fits; ("", "") for a general one."""
    wanted = balance.destination_ids
    if not wanted or wanted.get(ANY, False):
        return "", ""
    for length in range(min(len(destination), MAX_DESTINATION_LENGTH), 0, -1):
        known = ids_of_prefix(destination[:length])
        for destination_id in known or ():
            if wanted.get(destination_id, False):
                return destination[:length], destination_id
    return "", ""
