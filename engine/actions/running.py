"""One set of actions while it runs on one account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from engine.accounts.account import Account, Balance, BalanceFilter, Trigger
from engine.accounts.counters import init_counters
from engine.accounts.ledger import Cause
from engine.actions.book import Action
from engine.actions.patterns import pattern_of
from engine.actions.work import House, Work
from engine.errors import RequestError
from engine.money import Amount, parse_amount, round_middle
from engine.times import Zone, parse_time


class Failed(Exception):  # noqa: N818 - it is said of an action
    """An action that cannot be done; it ends its set. The text is for the operator."""

    def __init__(self, text: str, cause: RequestError | None = None) -> None:
        super().__init__(text)
        self.cause = cause


class Ready:
    """An action with its texts read for this run. `worked` is what it came to, as `*cdrlog` wants to know it: the balance's value
    afterwards, and how many units the action itself meant."""

    kind: str
    extra: str
    filters: tuple[str, ...]
    weight: Amount
    pattern: BalanceFilter
    value: Amount  # of the pattern, 0 when it has none
    after: Amount
    set_id: str

    def __init__(self, action: Action, zone: Zone, now_ns: int) -> None:
        """ValueError when a text cannot be read."""
        self.kind = action.ActionType
        self.extra = action.ExtraParameters
        self.filters = action.Filters or ()
        self.weight = parse_amount(action.Weight)
        self.pattern = pattern_of(action.Balance, zone, now_ns)
        if action.ExpirationString:
            self.pattern.expires = parse_time(action.ExpirationString, zone, now_ns)
        self.value = self.pattern.value or 0
        self.after = 0
        self.set_id = action.Id


class Reacts(Protocol):
    """Who lets triggers fire."""

    def react(self, work: Work, account: Account, at_ns: int, wanted: Callable[[Trigger], bool] | None = None) -> None:
        """Looks at the account's triggers (those that are wanted), and drops what has expired."""


class Running:
    """What an action is given. `account` is None for a set without an account; `event` is what the set is run for, if anything."""

    reacts: Reacts
    work: Work
    house: House
    account: Account | None
    at_ns: int
    cause_id: str
    zone: Zone
    decimals: int
    all: list[Ready]
    event: Mapping[str, object] | None

    def __init__(
        self, reacts: Reacts, work: Work, account: Account | None, at_ns: int, cause_id: str, event: Mapping[str, object] | None
    ) -> None:
        self.reacts = reacts
        self.work = work
        self.house = work.house
        self.account = account
        self.at_ns = at_ns
        self.cause_id = cause_id
        self.zone = work.house.options.zone
        self.decimals = work.house.options.rating.rounding_decimals
        self.all = []
        self.event = event

    def cause(self, action: Ready) -> Cause:
        return Cause(action.kind, self.cause_id, self.at_ns)

    def rounded(self, value: Amount) -> Amount:
        """A value as balances hold it."""
        return round_middle(value, self.decimals)

    def set_value(self, account: Account, balance: Balance, value: Amount, action: Ready) -> None:
        """Makes the balance hold this value."""
        self.work.ledger.move(account, balance, self.rounded(value) - balance.value, self.cause(action))

    def changed(self, account: Account) -> None:
        """To be called after values of the account changed."""
        init_counters(account)
        self.reacts.react(self.work, account, self.at_ns)
        self.work.touch(account, self.at_ns)


Function = Callable[[Running, Ready], None]
"""Does an action; Failed when it cannot be done."""
