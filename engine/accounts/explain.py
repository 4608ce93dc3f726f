"""Which balances of an account a call may use, in which order, and why each of the others may not. Made only when somebody asks."""

from __future__ import annotations

from engine.accounts.account import Account, Balance
from engine.accounts.selection import Purse, Selection, active_at, matching_destination
from engine.errors import Refusal
from engine.money import amount_text
from engine.rating.call import Call
from engine.times import format_time
from engine.usage import GENERIC, MONETARY

Data = dict[str, object]


def explain_balances(account: Account, call: Call, selection: Selection) -> list[Data]:
    """One row per balance: those that may pay units first, in their order, then those that may pay money, then the others.

    A row has Account, Type, ID, UUID, Value and Weight (texts), Pays ("units", "money" or none) and Why. Balances of other accounts
    are named where a shared group brings them in.
    """
    rows: list[Data] = []
    seen: set[str] = set()
    for pays, kind in (("units", call.tor), ("money", MONETARY)):
        purses = selection.usable(account, call, kind)
        if isinstance(purses, Refusal):
            rows.append({"Account": account.id, "Type": kind, "Pays": None, "Why": f"{purses.value}: a shared group is missing"})
            continue
        for purse in purses:
            if purse.balance.uuid not in seen:
                seen.add(purse.balance.uuid)
                rows.append(_row(purse.account, purse.balance, pays, _merits(purse, account, call, selection)))
    for kind in sorted(account.balances or {}):
        left = [balance for balance in account.of_type(kind) if balance.uuid not in seen]
        rows.extend(_row(account, balance, None, why_not(balance, call, selection)) for balance in left)
    return rows


def _row(account: Account, balance: Balance, pays: str | None, why: str) -> Data:
    return {
        "Account": account.id,
        "Type": balance.type,
        "ID": balance.id,
        "UUID": balance.shown_uuid(),
        "Value": amount_text(balance.value),
        "Weight": amount_text(balance.weight),
        "Pays": pays,
        "Why": why,
    }


def _merits(purse: Purse, account: Account, call: Call, selection: Selection) -> str:
    """How a balance that may pay came to its place, and what limits it."""
    balance = purse.balance
    parts: list[str] = []
    prefix, destination_id = matching_destination(balance, call.destination, selection.ids_of_prefix)
    parts.append(f"destination {destination_id} by prefix {prefix}" if prefix else "any destination")
    if purse.account is not account:
        parts.append("by a shared group")
    if balance.rating_subject:
        parts.append(f"rating subject {balance.rating_subject}")
    if not active_at(balance, call.start_ns, call.zone):
        parts.append("its timings rest when the call starts")
    if balance.value <= 0:
        parts.append("empty")
    if balance.blocker:
        parts.append("a blocker: nothing behind it pays")
    return ", ".join(parts)


def why_not(balance: Balance, call: Call, selection: Selection) -> str:
    """Why the account's own balance is not even tried; empty when it is. The order of the reasons is that of the selection."""
    if balance.type not in (call.tor, MONETARY) and (balance.type != GENERIC or call.tor in (MONETARY, GENERIC)):
        return f"holds {balance.type}, the call uses {call.tor}"
    if balance.disabled:
        return "disabled"
    if balance.expired_at(call.start_ns):
        return f"expired at {format_time(balance.expires.ns, call.zone)}"
    if balance.value <= 0 and not balance.shared_groups and not balance.blocker:
        return "empty"
    if not balance.serves_category(call.category):
        return f"serves {_members(balance.categories)}, not category {call.category}"
    if not balance.serves_all_destinations() and selection.destination_precision(balance, call.destination) < 0:
        return f"serves {_members(balance.destination_ids)}, not {call.destination}"
    return ""


def _members(signs: dict[str, bool] | None) -> str:
    return ", ".join(name if wanted else f"all but {name}" for name, wanted in sorted((signs or {}).items()))
