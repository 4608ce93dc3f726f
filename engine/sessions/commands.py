"""What sessions may be asked. Each command is one struct; `engine.door.Engine.step` answers it.

Usage is ns (octets, events) everywhere, -1 stands for no limit. `client` names the connection that can be called back about the
session (engine.effects); it is empty for one that cannot.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from engine.attributes.reply import AttributesReply
from engine.event import Event
from engine.sessions.listing import ListedRun
from engine.sessions.parties import Parties


class Asked(Struct):
    """What a request asks for beside charging. `attribute_ids` limit the profiles. `rooms` are the flags of rooms that are asked, by the
    names that requests have for them (AuthorizeResources, GetRoutes...): each is NOT_CONNECTED or NOT_IMPLEMENTED, before money moves."""

    attributes: bool = False
    attribute_ids: Sequence[str] | None = None
    rooms: Sequence[str] = ()


class SessionReply(Struct):
    """`max_usage_ns` is None where it was not asked for; `attributes` is None where none were asked for, or no profile matched."""

    max_usage_ns: int | None = None
    attributes: AttributesReply | None = None


# -- the life of a session -----------------------------------------------------------------------------------------------


class AuthorizeSession(Struct):
    """How long the event's session may last; answers a SessionReply. It changes nothing, but that *dynaprepaid makes its account."""

    event: Event
    max_usage: bool = True
    asked: Asked = field(default_factory=Asked)


class InitiateSession(Struct):
    """Begins a session and debits its first part, or starts its debit loop (-1); answers a SessionReply. EXISTS while it is open.

    `reported`: its client reports what happened, and does not ask (RADIUS): reports get lost, come late, in another order and twice, and
    are to cost what the session used all the same. One of a session that is over changes nothing. An event of theirs may say as
    UsageSoFar all that was used since the session began, in place of LastUsed. `repeated`: it was said before, and EXISTS where the
    engine has ended that session since. `began_ns`: when it was said by the engine's clock, which tells a new session of an old name
    where the event has no SetupTime.
    """

    event: Event
    force_duration: bool = False
    session: bool = True
    asked: Asked = field(default_factory=Asked)
    client: str = ""
    reported: bool = False
    repeated: bool = False
    began_ns: int | None = None


class UpdateSession(Struct):
    """Debits the next part of a session, which is begun when it is unknown; answers a SessionReply. `reported`: see InitiateSession."""

    event: Event
    session: bool = True
    asked: Asked = field(default_factory=Asked)
    client: str = ""
    reported: bool = False


class TerminateSession(Struct):
    """Ends a session: debits what was used beyond the grants, gives back what was not used; answers None. One that the engine ended
    itself costs nothing any more, or where it is `reported` (see InitiateSession) what this says (engine.sessions.correcting)."""

    event: Event
    force_duration: bool = False
    session: bool = True
    asked: Asked = field(default_factory=Asked)
    client: str = ""
    reported: bool = False


class ProcessMessage(Struct):
    """Charges a one-time event; answers a SessionReply."""

    event: Event
    force_duration: bool = False
    debit: bool = True
    asked: Asked = field(default_factory=Asked)
    client: str = ""


class ProcessSessionCdr(Struct):
    """Makes the records of a session that is open or just ended, or of one that the engine never saw; answers None."""

    event: Event


class ProcessSessionEvent(Struct):
    """SessionSv1.ProcessEvent: what the flags say, in the fixed order of the stages; answers an EventReply.

    `signed` are the parties of the event's identity, verified, for *stir_authenticate."""

    event: Event
    flags: Sequence[str]
    client: str = ""
    signed: Parties | None = None


class EventReply(Struct):
    """By run, `*raw` for the event itself; a mapping is None where nothing asked for it. `costs` are amounts (10**-9);
    `parties` are those that *stir_initiate asks an identity for."""

    max_usage_ns: dict[str, int] | None = None
    costs: dict[str, int] | None = None
    attributes: dict[str, AttributesReply] | None = None
    parties: dict[str, Parties] | None = None


class GetSessionCost(Struct):
    """What the event costs by rating alone, after its attributes where they are asked for; answers (AttributesReply or None,
    engine.rating.cost.EventCost)."""

    event: Event
    asked: Asked = field(default_factory=Asked)


# -- looking at sessions -------------------------------------------------------------------------------------------------


class FindSessions(Struct):
    """The runs of sessions that a filter matches; answers a FoundSessions. At most `limit` runs; with `count` how many there are, and not
    which. `passive` ones are copies of another engine's. An unknown filter is an error.

    Of many sessions one step looks at some; `among` are those that the answer before left over.
    """

    tenant: str
    filters: Sequence[str] = ()
    limit: int | None = None
    passive: bool = False
    count: bool = False
    among: Sequence[str] | None = None


class FoundSessions(Struct):
    """What one step found. With `more` the same is to be asked again, `among` the `rest` (None: all)."""

    runs: list[ListedRun]
    count: int
    more: bool = False
    rest: Sequence[str] | None = None


# -- ending and altering from outside ---------------------------------------------------------------------------------------


class ForceDisconnect(Struct):
    """Ends the sessions that a filter matches, at what is charged so far; their clients are told (DisconnectSession). `fields` go over
    the event that they are told, its DisconnectCause being the reason; `options` go along. Answers how many; NOT_FOUND for none."""

    tenant: str
    filters: Sequence[str] = ()
    limit: int | None = None
    fields: dict[str, object] = field(default_factory=dict)
    options: dict[str, object] | None = None


class AlterSessions(Struct):
    """Who is to be asked to alter the sessions that a filter matches: answers a list of engine.effects.AlterSession; NOT_FOUND for none.
    Changes nothing."""

    tenant: str
    filters: Sequence[str] = ()
    limit: int | None = None
    fields: dict[str, object] = field(default_factory=dict)
    options: dict[str, object] | None = None


class EndSessionsOf(Struct):
    """A client began anew and knows nothing of its sessions any more (RADIUS Accounting-On): those of the tenant with a run whose indexed
    field has this value, and which began before an instant, are ended, at what they reported last. Their records are made. Some end in
    this step, the others in the ones that follow, after a restart too. Answers None."""

    tenant: str
    name: str
    value: str
    before_ns: int
    reason: str


class DisconnectFailed(Struct):
    """A client that was to end its session (effects.DisconnectSession, `closed` False) could not be told: the engine ends it. A session
    that is over by now is left alone. Answers None."""

    cgrid: str
    reason: str


class SyncSessions(Struct):
    """What clients said about their calls. `listed` are the CGRIDs that they know, `answered` the clients that said so, `silent` those
    that are connected and did not answer, or not in time; `never_asked` is what the names of clients begin with that cannot be asked.

    Sessions that were there at `asked_at_ns` and are not listed are ended, unless their client is silent or none that could be asked.
    A client that is gone speaks through the others: its sessions end when at least one client answered. Answers how many ended.
    """

    asked_at_ns: int
    listed: frozenset[str]
    answered: frozenset[str]
    silent: frozenset[str] = frozenset()
    never_asked: tuple[str, ...] = ()


# -- copies for another engine -------------------------------------------------------------------------------------------


class SetPassiveSession(Struct):
    """Keeps the copy of another engine's session (its JSON form), or drops it when it has no EventStart. A session that is active here
    becomes passive. Answers None."""

    session: dict[str, object]


class ActivateSessions(Struct):
    """Passive sessions become active: these, or all without any. Answers the CGRIDs that are not there."""

    cgrids: Sequence[str] = ()


class DeactivateSessions(Struct):
    """Active sessions become passive: their loops stop. Answers the CGRIDs that are not there."""

    cgrids: Sequence[str] = ()


class ReplicateSessions(Struct):
    """Sends sessions to connections (effects.ReplicateSession): one, or all without a CGRID. Answers how many."""

    cgrid: str
    passive: bool
    connections: Sequence[str]


class RunSessions(Struct):
    """Does what is due in sessions: debits of loops, times to live, forgetting. The door sends it."""
