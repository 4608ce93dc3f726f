"""Actions that ask something of the outside: they become effects, and change nothing here."""

from __future__ import annotations

from typing import Final

from engine.actions.balances import account_of
from engine.actions.dynamic import fields_known
from engine.actions.policies import filled, tenant_meant
from engine.actions.running import Failed, Ready, Running
from engine.effects import AskSessions, LogAction, OutsideAction, PublishAccount, RestoreAccount

_SESSION_PARTS: Final = 5


def log(running: Running, action: Ready) -> None:
    """A line in the log."""
    running.work.effect(LogAction(running.account.id if running.account else "", action.set_id or running.cause_id, action.extra))


def publish_account(running: Running, action: Ready) -> None:  # noqa: ARG001 - every action has these
    """Thresholds and stats learn of the account."""
    running.work.effect(PublishAccount(account_of(running).id))


def restore_account(running: Running, action: Ready) -> None:
    """The account's balances become what its last rated record shows."""
    running.work.effect(RestoreAccount(account_of(running).id, action.set_id or running.cause_id))


def alter_sessions(running: Running, action: Ready) -> None:
    """Sessions get other fields."""
    running.work.effect(_asked_of_sessions(running, action, alter=True))


def disconnect_sessions(running: Running, action: Ready) -> None:
    """Sessions end."""
    running.work.effect(_asked_of_sessions(running, action, alter=False))


def _asked_of_sessions(running: Running, action: Ready, *, alter: bool) -> AskSessions:
    """The parameters `tenant;filter&filter;limit;option:value&...;field:value&...`, with fields of event or account filled in."""
    parts = action.extra.split(";")
    if len(parts) != _SESSION_PARTS:
        raise Failed(f"{action.kind} takes {_SESSION_PARTS} parameters, not {len(parts)}")
    known = fields_known(running)
    tenant, filters, limit, options, fields = (filled(known, part, bracketed_only=place == 1) for place, part in enumerate(parts))
    if limit and not limit.isdecimal():
        raise Failed(f"{action.kind}: not a count: {limit}")
    return AskSessions(
        alter,
        running.account.id if running.account else "",
        action.set_id or running.cause_id,
        tenant_meant(running, tenant),
        tuple(part for part in filters.split("&") if part),
        int(limit) if limit else None,
        _pairs(action, options),
        _pairs(action, fields),
    )


def _pairs(action: Ready, text: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in text.split("&"):
        name, colon, value = part.partition(":")
        if part and not (name and colon):
            raise Failed(f"{action.kind}: no name:value: {part}")
        if part:
            found[name] = value
    return found


def outside(running: Running, action: Ready) -> None:
    """Whatever needs another service."""
    event = None if running.event is None else dict(running.event)
    account_id = running.account.id if running.account else ""
    running.work.effect(OutsideAction(action.kind, account_id, action.set_id or running.cause_id, action.extra, event))
