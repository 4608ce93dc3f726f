"""`*cdrlog`: a record for each action of the set that changed a balance.

Fields of the record may be given as templates: texts, and `~*acnt.X` or `~*act.X`, one after the other between semicolons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from engine.accounts.account import Account
from engine.actions.balances import account_of
from engine.actions.running import Failed, Ready, Running
from engine.event import (
    ACCOUNT,
    ANSWER_TIME,
    COST,
    ORIGIN_HOST,
    ORIGIN_ID,
    PRE_RATED,
    REQUEST_TYPE,
    RUN_ID,
    SETUP_TIME,
    SOURCE,
    SUBJECT,
    TENANT,
    TOR,
    USAGE,
    Event,
    field_text,
)
from engine.money import amount_text, factor_text
from engine.times import format_time

LOGGED: Final = frozenset(
    ["*topup", "*topup_reset", "*debit", "*debit_reset", "*set_balance", "*remove_balance", "*transfer_balance", "*topup_zero_negative"]
)
_OWN_HOST: Final = "127.0.0.1"


def cdrlog(running: Running, action: Ready) -> None:
    """One record for each action of the set that moves money or units, whatever its place in the set."""
    account = account_of(running)
    templates = _templates(action.extra)
    events = [_event(running, account, one, templates) for one in running.all if one.kind in LOGGED]
    if events:
        running.work.record(events, running.at_ns)


def _templates(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        return {name: field_text(value) for name, value in msgspec.json.decode(text, type=dict[str, Any]).items()}
    except msgspec.MsgspecError as fault:
        raise Failed(f"fields of the record: {fault}") from None


def _event(running: Running, account: Account, action: Ready, templates: Mapping[str, str]) -> Event:
    now = format_time(running.at_ns, running.zone)
    fields: dict[str, object] = {
        RUN_ID: action.kind,
        SOURCE: "*cdrlog",
        ORIGIN_ID: running.house.ids.uuid(),
        ORIGIN_HOST: _OWN_HOST,
        TOR: action.pattern.type or "",
        REQUEST_TYPE: "*none",
        TENANT: account.tenant,
        ACCOUNT: account.name,
        SUBJECT: account.name,
        COST: amount_text(action.value),
        SETUP_TIME: now,
        ANSWER_TIME: now,
        USAGE: 1,
        PRE_RATED: True,
    }
    for name, template in templates.items():
        fields[name] = "".join(_part(part, account, action) for part in template.split(";"))
    return Event(account.tenant, running.house.ids.uuid(), fields, {}, running.at_ns)


def _part(part: str, account: Account, action: Ready) -> str:
    for prefix, fields in _SOURCES.items():
        if part.startswith(prefix):
            field = fields.get(part[len(prefix) :])
            if field is None:
                raise Failed(f"a template that nobody can read: {part}")
            return field(account, action)
    if part.startswith("~"):
        raise Failed(f"a template that nobody can read: {part}")
    return part


_Field = Callable[[Account, Ready], str]


def _members(members: dict[str, bool] | None) -> str:
    return ";".join(name if sign else f"!{name}" for name, sign in (members or {}).items())


_OF_ACCOUNT: Final[Mapping[str, _Field]] = MappingProxyType(
    {
        "AccountID": lambda account, action: account.id,  # noqa: ARG005 - all have these
        "Tenant": lambda account, action: account.tenant,  # noqa: ARG005
        "Account": lambda account, action: account.name,  # noqa: ARG005
        "BalanceType": lambda account, action: action.pattern.type or "",  # noqa: ARG005
        "BalanceUUID": lambda account, action: action.pattern.uuid or "",  # noqa: ARG005
        "BalanceID": lambda account, action: action.pattern.id or "",  # noqa: ARG005
        "BalanceValue": lambda account, action: amount_text(action.after),  # noqa: ARG005
        "DestinationIDs": lambda account, action: _members(action.pattern.destination_ids),  # noqa: ARG005
        "ExtraParameters": lambda account, action: action.extra,  # noqa: ARG005
        "RatingSubject": lambda account, action: action.pattern.rating_subject or "",  # noqa: ARG005
        "Category": lambda account, action: _members(action.pattern.categories),  # noqa: ARG005
        "SharedGroups": lambda account, action: _members(action.pattern.shared_groups),  # noqa: ARG005
        "Factors": lambda account, action: ";".join(  # noqa: ARG005
            f"{name}:{factor_text(factor)}" for name, factor in (action.pattern.factors or {}).items()
        ),
    }
)
_OF_ACTION: Final[Mapping[str, _Field]] = MappingProxyType(
    {
        "ActionID": lambda account, action: action.set_id,  # noqa: ARG005
        "ActionType": lambda account, action: action.kind,  # noqa: ARG005
        "ActionValue": lambda account, action: amount_text(action.value),  # noqa: ARG005
    }
)
_SOURCES: Final[Mapping[str, Mapping[str, _Field]]] = MappingProxyType({"~*acnt.": _OF_ACCOUNT, "~*act.": _OF_ACTION})
