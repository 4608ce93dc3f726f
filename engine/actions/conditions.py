"""Filters of actions: is an account such that the action runs on it? For their rules `*req` is the account.

`~*req.ID`, `.AllowNegative`, `.Disabled`, `.UpdateTime`, `.BalanceMap.<type>.GetTotalValue` and `.BalanceMap.<type>[<place>].<field>`.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.accounts.account import Account, Balance
from engine.event import Event
from engine.fields.path import Path, Source
from engine.fields.values import MISSING
from engine.fields.view import REQ
from engine.filters.match import Filters
from engine.money import ONE, Amount, Ratio
from engine.times import UTC_ZONE, Moment

BALANCE_MAP = "BalanceMap"
TOTAL = "GetTotalValue"


class AccountFields(Source):
    """An account as paths lead into it."""

    account: Account

    def __init__(self, account: Account) -> None:
        self.account = account

    def read(self, path: Path, at: int) -> object:
        """See `Source`."""
        if path[at] == BALANCE_MAP and len(path) == at + 3:
            return _total(self.account, path[at + 1]) if path[at + 2] == TOTAL else MISSING
        if path[at] == BALANCE_MAP and len(path) == at + 4:
            return _balance_field(self.account.of_type(path[at + 1]), path[at + 2], path[at + 3])
        if len(path) > at + 1:
            return MISSING
        account = self.account
        plain: dict[str, object] = {
            "ID": account.id,
            "AllowNegative": account.allow_negative,
            "Disabled": account.disabled,
            "UpdateTime": Moment(account.updated_at, UTC_ZONE),
        }
        return plain.get(path[at], MISSING)


def _number(amount: Amount) -> Ratio:
    return Ratio(amount, ONE)


def _total(account: Account, kind: str) -> object:
    chain = account.of_type(kind)
    return _number(sum(balance.value for balance in chain)) if chain else MISSING


def _balance_field(chain: Sequence[Balance], place: str, name: str) -> object:
    if place[:1] != "[" or not place[1:-1].isdecimal() or int(place[1:-1]) >= len(chain):
        return MISSING
    balance = chain[int(place[1:-1])]
    fields: dict[str, object] = {
        "ID": balance.id,
        "Uuid": balance.uuid,
        "Value": _number(balance.value),
        "Weight": _number(balance.weight),
        "ExpirationDate": balance.expires,
        "RatingSubject": balance.rating_subject,
        "Disabled": balance.disabled,
        "Blocker": balance.blocker,
        "DestinationIDs": _names(balance.destination_ids),
        "Categories": _names(balance.categories),
        "SharedGroups": _names(balance.shared_groups),
        "TimingIDs": _names(balance.timing_ids),
    }
    return fields.get(name, MISSING)


def _names(signs: dict[str, bool] | None) -> str:
    """A set as sheets write it, in the order of the names."""
    return ";".join(name if wanted else f"!{name}" for name, wanted in sorted((signs or {}).items()))


def passes(account: Account, filter_ids: Sequence[str], filters: Filters, now_ns: int) -> bool:
    """True when every rule of every filter holds. RequestError for one that nobody can judge."""
    view = filters.view(Event(account.tenant, "", {}, {}), now_ns)
    view.scopes[REQ] = AccountFields(account)
    return filters.matches(account.tenant, filter_ids, view, now_ns)
