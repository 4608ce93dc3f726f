"""What the engine asks of the outside, as values. A step leaves them with the door; the gateway performs them, or says that it does not.

Texts inside are the operator's own, as the action had them. `actions_id` is the set that an action stands in; of actions that stand in none
(AddBalance...) what asked for them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogAction:
    """`*log`: a line about the account; `text` is the action's extra parameters."""

    account_id: str
    actions_id: str
    text: str


@dataclass(frozen=True, slots=True)
class PublishAccount:
    """`*publish_account`: thresholds and stats are told what the account holds now."""

    account_id: str


@dataclass(frozen=True, slots=True)
class OutsideAction:
    """An action that needs a service outside of this room: `kind` is its type (`*http_post`, `*mail_async`, `*export`...), `parameters`
    its extra parameters, `event` what it was run for."""

    kind: str
    account_id: str
    actions_id: str
    parameters: str
    event: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class ActionsFailed:
    """A set that nobody waits for (of a trigger, or due) ended early; an operator should know. `trigger_id` is empty for a due one."""

    account_id: str
    actions_id: str
    trigger_id: str
    text: str


Effect = LogAction | PublishAccount | OutsideAction | ActionsFailed
