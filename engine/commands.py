"""What the engine may be asked. Each command is one struct; `engine.door.Engine.step` answers it.

Values inside are the engine's own: amounts in 10**-9, usage and instants in ns, items as the structs of their kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.event import Event
from engine.money import Amount
from engine.rating.call import Call
from engine.rating.cost import Refund as Refund  # noqa: PLC0414 - a word of RefundCall, for the gateway


@dataclass(slots=True)
class GetItem:
    """The item of a kind, or None."""

    kind: str
    id: str


@dataclass(slots=True)
class ListItems:
    """All items of a kind: dict id -> item, in the order in which they first came (live: do not change it)."""

    kind: str


@dataclass(slots=True)
class PutItem:
    """Stores or replaces one item; it counts from the next command on. Answers None."""

    kind: str
    id: str
    item: object


@dataclass(slots=True)
class RemoveItem:
    """Removes one item; answers True when there was one."""

    kind: str
    id: str


@dataclass(slots=True)
class ChangeItems:
    """Several changes in one atomic step: first removals, then puts. `load_id` names a plan load in the load history."""

    puts: list[tuple[str, str, object]] = field(default_factory=list)  # (kind, id, item)
    removals: list[tuple[str, str]] = field(default_factory=list)
    load_id: str = ""


@dataclass(slots=True)
class KnownNames:
    """The names that a tariff plan may refer to (engine.tariffplan.terms.Known), as they are now."""


@dataclass(slots=True)
class LoadPlan:
    """A plan that was read and checked (engine.tariffplan.load.PlanLoad) becomes the engine's in one atomic step. Answers None."""

    load: object


@dataclass(slots=True)
class RemovePlan:
    """Everything that a plan names is taken out in one atomic step: its items, its accounts. Answers None."""

    load: object


# -- sessions and records ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class AuthorizeSession:
    """How long the event's session may last; answers usage in ns (-1: no limit), changes nothing."""

    event: Event


@dataclass(slots=True)
class InitiateSession:
    """Begins a session and debits its first part; answers the usage granted in ns."""

    event: Event
    force_duration: bool = False


@dataclass(slots=True)
class UpdateSession:
    """Debits the next part of a session, which is begun when it is unknown; answers the usage granted in ns."""

    event: Event


@dataclass(slots=True)
class TerminateSession:
    """Ends a session: debits what was used beyond the grants, gives back what was not used; answers None."""

    event: Event
    force_duration: bool = False


@dataclass(slots=True)
class ProcessMessage:
    """Charges a one-time event; answers the usage granted in ns."""

    event: Event
    force_duration: bool = False


@dataclass(slots=True)
class ProcessSessionCdr:
    """Makes the records of a session that is open or just ended, or of one that the engine never saw; answers None."""

    event: Event


@dataclass(slots=True)
class ProcessCdr:
    """Rates (unless switched off) and stores the records of an event, one for each charger run; answers None.

    `chargers`, `rate`, `store` are None when the configuration decides.
    """

    event: Event
    chargers: bool | None = None
    rate: bool | None = None
    store: bool | None = None


@dataclass(slots=True)
class ListSessions:
    """The open sessions (engine.sessions.session.Session), the oldest first; live, not to be changed."""


# -- charging a described call ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class MaxSession:
    """How many ns of the call its account can pay: an int (-1: no limit) or a Refusal."""

    call: Call


@dataclass(slots=True)
class DebitCall:
    """Takes the call from its account; a CallCost or a Refusal. `at_most` takes only what the account can pay."""

    call: Call
    at_most: bool = False


@dataclass(slots=True)
class QuoteCall:
    """What a debit of the call would take and leave; a CallCost or a Refusal. Nothing changes."""

    call: Call


@dataclass(slots=True)
class DebitMoney:
    """Takes a given amount of money from the call's account; answers the quote of the call with the account as it is then, or a Refusal."""

    call: Call
    amount: Amount


@dataclass(slots=True)
class RefundCall:
    """Gives parts back (engine.rating.cost.Refund); answers None."""

    call: Call
    parts: list[Refund]


@dataclass(slots=True)
class RoundCall:
    """Takes rounding corrections, (account id, balance uuid, amount) each; answers None."""

    corrections: list[tuple[str, str, Amount]]


# -- cost queries ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class GetCost:
    """What the call costs, apart from any account: a CallCost or a Refusal. The call gets its defaults."""

    call: Call


@dataclass(slots=True)
class GetPlansCost:
    """What the call costs on the first of these rating plans that prices it: (plan ID, CallCost), or the last Refusal."""

    call: Call
    plan_ids: list[str]


@dataclass(slots=True)
class ExplainCost:
    """Why the call costs what it costs (engine.rating.explain): a tree of JSON-able data."""

    call: Call
