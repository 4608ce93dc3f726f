"""Filters of actions: is an account such that the action runs on it?

A filter is a rule (`*string:~*req.AllowNegative:true|1`) or the ID of a stored filter of the account's tenant. `*req` is the account.
What this room cannot look at (converters, other data, rule types that need a service) is said, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from engine.accounts.account import Account
from engine.money import amount_of, amount_text
from engine.profiles.items import Items
from engine.profiles.policies import Filter

_FILTER: Final = "filter"
_PATH: Final = "~*req."
_INDEX: Final = re.compile(r"(.+)\[(\d+)\]\Z")


class UnknownFilter(Exception):  # noqa: N818 - it is said of a filter
    """A filter that cannot be judged; the text is for the operator."""


def passes(account: Account, filter_ids: Iterable[str], items: Items) -> bool:
    """True when every rule of every filter holds. UnknownFilter for one that nobody can judge."""
    for filter_id in filter_ids:
        for kind, element, values in _rules(account, filter_id, items):
            if not _holds(account, kind, element, values):
                return False
    return True


def _rules(account: Account, filter_id: str, items: Items) -> list[tuple[str, str, list[str]]]:
    if filter_id.startswith("*"):
        parts = filter_id.split(":", 2)
        if len(parts) < 3:
            raise UnknownFilter(f"no such rule: {filter_id}")
        return [(parts[0], parts[1], parts[2].split("|") if parts[2] else [])]
    stored = items.get(_FILTER, f"{account.tenant}:{filter_id}")
    if not isinstance(stored, Filter):
        raise UnknownFilter(f"no such filter: {filter_id}")
    return [(rule.Type, rule.Element, list(rule.Values or ())) for rule in stored.Rules or ()]


def _holds(account: Account, kind: str, element: str, values: list[str]) -> bool:
    negated = kind.startswith("*not")
    test = _TESTS.get("*" + kind[4:] if negated else kind)
    if test is None or not element.startswith(_PATH) or "{" in element or ":s/" in element:
        raise UnknownFilter(f"a rule that actions cannot ask: {kind}:{element}")
    return test(_field(account, element[len(_PATH) :]), values) != negated


# -- tests -----------------------------------------------------------------------------------------------------------------


def _string(field: str | None, values: list[str]) -> bool:
    return field is not None and field in values


def _prefix(field: str | None, values: list[str]) -> bool:
    return field is not None and any(field.startswith(value) for value in values)


def _suffix(field: str | None, values: list[str]) -> bool:
    return field is not None and any(field.endswith(value) for value in values)


def _empty(field: str | None, values: list[str]) -> bool:  # noqa: ARG001 - every test has these
    return not field


def _exists(field: str | None, values: list[str]) -> bool:  # noqa: ARG001
    return field is not None


def _compared(wanted: Callable[[int, int], bool]) -> Callable[[str | None, list[str]], bool]:
    def test(field: str | None, values: list[str]) -> bool:
        if field is None:
            return False
        try:
            return any(wanted(amount_of(field), amount_of(value)) for value in values)
        except ValueError:
            raise UnknownFilter(f"no number: {field} or {'|'.join(values)}") from None

    return test


_TESTS: Final[Mapping[str, Callable[[str | None, list[str]], bool]]] = MappingProxyType(
    {
        "*string": _string,
        "*prefix": _prefix,
        "*suffix": _suffix,
        "*empty": _empty,
        "*exists": _exists,
        "*lt": _compared(lambda one, other: one < other),
        "*lte": _compared(lambda one, other: one <= other),
        "*gt": _compared(lambda one, other: one > other),
        "*gte": _compared(lambda one, other: one >= other),
    }
)


# -- fields of an account --------------------------------------------------------------------------------------------------


def _field(account: Account, path: str) -> str | None:
    """The field as text; None where the account has none of that name."""
    name, _, rest = path.partition(".")
    if name == "BalanceMap":
        return _balance_field(account, rest)
    if rest:
        return None
    return {
        "ID": account.id,
        "AllowNegative": "true" if account.allow_negative else "false",
        "Disabled": "true" if account.disabled else "false",
    }.get(name)


def _balance_field(account: Account, path: str) -> str | None:
    """`<type>.GetTotalValue`, or `<type>[<place>].<field>`."""
    chain_name, _, name = path.partition(".")
    if name == "GetTotalValue":
        chain = account.of_type(chain_name)
        return amount_text(sum(balance.value for balance in chain)) if chain else None
    found = _INDEX.match(chain_name)
    if found is None:
        return None
    chain = account.of_type(found.group(1))
    place = int(found.group(2))
    if place >= len(chain):
        return None
    balance = chain[place]
    return {
        "ID": balance.id,
        "Uuid": balance.uuid,
        "Value": amount_text(balance.value),
        "Weight": amount_text(balance.weight),
        "ExpirationDate": balance.expires.text(),
        "RatingSubject": balance.rating_subject,
        "Disabled": "true" if balance.disabled else "false",
        "Blocker": "true" if balance.blocker else "false",
    }.get(name)
