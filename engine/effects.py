"""What the engine asks of the outside, as values. A step leaves them with the door; the gateway performs them, or says that it does not.

Texts inside are the operator's own, as the action had them. `actions_id` is the set that an action stands in; of actions that stand in none
(AddBalance...) what asked for them.

What is not performed yet lies in the journal, in the same append as what the step changed (records.EffectPut): after a crash it is handed
out again, so each effect is performed at least once. Tags are never used again for something else; new fields go to the end and have
a default.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct


class LogAction(Struct, frozen=True, array_like=True, tag=1):
    """`*log`: a line about the account; `text` is the action's extra parameters."""

    account_id: str
    actions_id: str
    text: str


class PublishAccount(Struct, frozen=True, array_like=True, tag=2):
    """`*publish_account`: thresholds and stats are told what the account holds now."""

    account_id: str


class OutsideAction(Struct, frozen=True, array_like=True, tag=3):
    """An action that needs a service outside of this room: `kind` is its type (`*http_post`, `*mail_async`, `*export`...), `parameters`
    its extra parameters, `event` what it was run for."""

    kind: str
    account_id: str
    actions_id: str
    parameters: str
    event: dict[str, object] | None = None


class RestoreAccount(Struct, frozen=True, array_like=True, tag=4):
    """`*reset_account_cdr`: the account gets the balances back that its last rated record shows. The gateway looks the record up and
    sends commands.RestoreBalances."""

    account_id: str
    actions_id: str


class ActionsFailed(Struct, frozen=True, array_like=True, tag=5):
    """A set that nobody waits for (of a trigger, or due) ended early; an operator should know. `trigger_id` is empty for a due one."""

    account_id: str
    actions_id: str
    trigger_id: str
    text: str


# -- sessions ------------------------------------------------------------------------------------------------------------
#
# `client` is the name that the gateway gave to a connection which it can call back (a bidirectional JSON-RPC connection, an agent). It
# came in with the command that began the session, and means nothing to the engine.


class DisconnectSession(Struct, frozen=True, array_like=True, tag=6):
    """The client is to end this session.

    `event` is the session's event with its usage so far (ns); `reason` is empty, or SESSION_TIMEOUT, FORCED_DISCONNECT,
    INSUFFICIENT_CREDIT, UNAUTHORIZED_DESTINATION, SERVER_ERROR or what the operator gave: AgentV1.DisconnectSession has it in the event
    as DisconnectCause, SessionSv1.DisconnectSession (protocol 1.0) beside it as Reason.
    `closed`: the engine has ended and charged the session, and the client is just told; its own end will cost nothing. Where it is
    False the session goes on until the client ends it: when the client cannot be told (it is gone, or answers with an error, after
    sessions.terminate_attempts tries) the gateway says so with commands.DisconnectFailed, and the engine ends the session.
    `request` is what the gateway wanted to be remembered of the request that began the session (Engine.hold). `options` are those of the
    operator who ended it.
    """

    client: str
    cgrid: str
    tenant: str
    event: dict[str, object]
    reason: str
    closed: bool
    request: bytes = b""
    options: dict[str, object] | None = None


class WarnDisconnect(Struct, frozen=True, array_like=True, tag=7):
    """The client is told that its session will run out of credit soon (AgentV1.WarnDisconnect with `event`). Nobody waits for it."""

    client: str
    cgrid: str
    tenant: str
    event: dict[str, object]


class AskActiveSessions(Struct, frozen=True, array_like=True, tag=8):
    """Every client that can be asked is asked for its calls (AgentV1.GetActiveSessionIDs, at most `timeout_ns`); what they say comes back
    with commands.SyncSessions, which carries `asked_at_ns` along."""

    asked_at_ns: int
    timeout_ns: int


class AlterSession(Struct, frozen=True):
    """The client is asked to alter its session (AgentV1.AlterSession): the session's event with the operator's fields over it, and the
    operator's options (None for none). It is no effect of a step but the answer of commands.AlterSessions: the gateway asks, and
    whether all clients said OK makes the answer to the operator. `request`: see DisconnectSession."""

    client: str
    cgrid: str
    tenant: str
    event: dict[str, object]
    options: dict[str, object] | None
    request: bytes = b""


class SessionEnded(Struct, frozen=True, array_like=True, tag=9):
    """A session that no client had to be told of was ended by the engine, for this `reason`; for the log. Or something went wrong at the
    end of a session, which an operator should know: `trouble` says what (usage that could not be charged, a record that exists)."""

    cgrid: str
    tenant: str
    account: str
    reason: str
    trouble: str


class ReplicateSession(Struct, frozen=True, array_like=True, tag=10):
    """The session as it is now goes to these connections (SessionSv1.SetPassiveSession with `session`), so that another engine can take
    it over. Only the last one of a CGRID counts."""

    connections: tuple[str, ...]
    cgrid: str
    session: dict[str, object]


class AskSessions(Struct, frozen=True, array_like=True, tag=11):
    """`*alter_sessions` (`alter`), `*force_disconnect_sessions`: what commands.AlterSessions or ForceDisconnect would ask, on behalf of
    actions that nobody waits for."""

    alter: bool
    account_id: str
    actions_id: str
    tenant: str
    filters: tuple[str, ...]
    limit: int | None
    options: dict[str, object]
    fields: dict[str, object]


class ReauthorizeSession(Struct, frozen=True, array_like=True, tag=12):
    """The account of this session got more: its client is asked to look at it again, as AlterSession asks. Nobody waits for it, and
    after a crash it is not asked again."""

    client: str
    cgrid: str
    tenant: str
    request: bytes


SessionEffect = DisconnectSession | WarnDisconnect | AskActiveSessions | SessionEnded | ReplicateSession | AskSessions | ReauthorizeSession
Effect = LogAction | PublishAccount | OutsideAction | RestoreAccount | ActionsFailed | SessionEffect

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(Effect, float_hook=Decimal)


def is_kept(effect: Effect) -> bool:
    """Whether the journal has to remember it. What the state asks for again by itself need not be: the end of a session whose loop has
    run out, the questions of an interval, copies that the next change sends again."""
    if isinstance(effect, DisconnectSession):
        return effect.closed
    return not isinstance(effect, AskActiveSessions | ReplicateSession | ReauthorizeSession)


def encode_effect(effect: Effect) -> bytes:
    """An effect as the journal keeps it: JSON, so that the values of an event stay as they came, numbers by their digits."""
    return _ENCODER.encode(effect)


def decode_effect(body: bytes) -> Effect:
    """What `encode_effect` wrote; msgspec.MsgspecError for what it did not write."""
    effect: Effect = _DECODER.decode(body)
    return effect
