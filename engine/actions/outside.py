"""Actions that ask something of the outside: they become effects, and change nothing here."""

from __future__ import annotations

from engine.actions.balances import account_of
from engine.actions.running import Ready, Running
from engine.effects import LogAction, OutsideAction, PublishAccount


def log(running: Running, action: Ready) -> None:
    """A line in the log."""
    running.work.effect(LogAction(running.account.id if running.account else "", action.set_id or running.cause_id, action.extra))


def publish_account(running: Running, action: Ready) -> None:  # noqa: ARG001 - every action has these
    """Thresholds and stats learn of the account."""
    running.work.effect(PublishAccount(account_of(running).id))


def outside(running: Running, action: Ready) -> None:
    """Whatever needs another service."""
    event = None if running.event is None else dict(running.event)
    account_id = running.account.id if running.account else ""
    running.work.effect(OutsideAction(action.kind, account_id, action.set_id or running.cause_id, action.extra, event))
