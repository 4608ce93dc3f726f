"""What the engine may be asked. Each command is one struct; `engine.door.Engine.step` answers it.

Values inside are the engine's own: amounts in 10**-9, usage and instants in ns, items as the structs of their kind.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from engine.event import Event
from engine.money import Amount
from engine.rating.call import BalanceSummary, Call
from engine.rating.cost import EventCost
from engine.rating.cost import Refund as Refund  # noqa: PLC0414 - a word of RefundCall, for the gateway
from engine.records import EntriesForwarded


class GetItem(Struct):
    """The item of a kind, or None."""

    kind: str
    id: str


class ListItems(Struct):
    """All items of a kind: dict id -> item, in the order in which they first came (live: do not change it)."""

    kind: str


class PutItem(Struct):
    """Stores or replaces one item; it counts from the next command on. Answers None."""

    kind: str
    id: str
    item: object


class ListIndexes(Struct):
    """Answers what the profiles of a kind, tenant and context stand under: ((type, path, value), id) pairs, sorted."""

    kind: str
    tenant: str
    context: str = ""


class DropIndexes(Struct):
    """Takes the profiles of a kind, tenant and context out of the indexes. Answers None."""

    kind: str
    tenant: str
    context: str = ""


class ComputeIndexes(Struct):
    """Puts profiles back into the indexes that they were taken out of: those with these ids, or all. Answers None."""

    kind: str
    tenant: str
    context: str = ""
    ids: list[str] | None = None


class RemoveItem(Struct):
    """Removes one item; answers True when there was one."""

    kind: str
    id: str


class ChangeItems(Struct):
    """Several changes in one atomic step: first removals, then puts. `load_id` names a plan load in the load history."""

    puts: list[tuple[str, str, object]] = field(default_factory=list)  # (kind, id, item)
    removals: list[tuple[str, str]] = field(default_factory=list)
    load_id: str = ""


class Together(Struct):
    """Several commands, one after the other, as one step: what they change is durable together. Answers a list of their answers. One that
    raises is the last; those before it are done."""

    commands: Sequence[object]


class KnownNames(Struct):
    """The names that a tariff plan may refer to (engine.tariffplan.terms.Known), as they are now."""


class LoadPlan(Struct):
    """A plan that was read and checked (engine.tariffplan.load.PlanLoad) becomes the engine's in one atomic step. Answers None.

    `staged` is what StagePlan answered last, where it was asked before.
    """

    load: object
    staged: object = None


class StagePlan(Struct):
    """Does a piece of what a load will need, beside what is in force; changes nothing that anybody sees. Answers what is staged
    (engine.tariffplan.staging.Staging), to be given back in the next StagePlan until it is `done`, then in LoadPlan; with `removal` in
    RemovePlan."""

    load: object
    staged: object = None
    removal: bool = False


class RemovePlan(Struct):
    """Everything that a plan names is taken out in one atomic step: its items, its accounts. Answers None.

    `staged` is what StagePlan answered last, where it was asked before.
    """

    load: object
    staged: object = None


# -- records (sessions: engine.sessions.commands) ----------------------------------------------------------------------


class ProcessCdr(Struct):
    """Rates (unless switched off) and stores the records of an event, one for each charger run; answers None.

    `chargers`, `rate`, `store` are None when the configuration decides.
    """

    event: Event
    chargers: bool | None = None
    rate: bool | None = None
    store: bool | None = None


class CdrSwitches(Struct):
    """What is done with events of records; None where the configuration decides.

    `rerate` is `refund`, `reprocess` and `rate` together. `refund` alone switches rating off. A run that was processed already is
    refused without one of them, and without `reprocess` where it would be stored again.
    """

    attributes: bool | None = None
    chargers: bool | None = None
    rate: bool | None = None
    refund: bool | None = None
    rerate: bool | None = None
    reprocess: bool | None = None
    store: bool | None = None
    export: bool | None = None
    thresholds: bool | None = None
    stats: bool | None = None


class ProcessCdrs(Struct):
    """Makes the records of events, all or none. RequestError: EXISTS, PARTIALLY_EXECUTED, MANDATORY_IE_MISSING: [Cost].

    With `answers` a list of (flags, event as JSON-able data), one for each run; else None.
    """

    events: Sequence[Event]
    switches: CdrSwitches
    answers: bool = False


class RefundCdrs(Struct):
    """Gives back what the stored records of these runs (CGRID, run) took; what was given back before is not given again.

    Nothing is done where the switches neither refund nor rate. The records stay without a cost, for RateCdrs to follow; where nothing is
    to be stored they look as before. Answers None.
    """

    runs: Sequence[tuple[str, str]]
    switches: CdrSwitches


class RateCdrs(Struct):
    """Rates the stored records of these runs (CGRID, run) again, each for itself; what one still has taken goes back first.

    Runs without a record, records of `*none` and those that came rated are left alone, and all of them where the switches do not rate.
    `options` are the events' APIOpts. Answers None.
    """

    runs: Sequence[tuple[str, str]]
    switches: CdrSwitches
    options: dict[str, object] = field(default_factory=dict)


class RemoveCdrs(Struct):
    """Removes records by their order ids; what they took stays taken. Answers None."""

    order_ids: Sequence[int]


class ForwardEntries(Struct):
    """Closes entries into forwards, as a look at the stored ones made them (engine.storage.sqlite.aged). Answers None."""

    closings: Sequence[EntriesForwarded]


class StoreSessionCost(Struct):
    """Keeps what a run of a session cost until its record comes; EXISTS when one waits and `only_new` is asked. Answers None."""

    cgrid: str
    run_id: str
    origin_host: str
    origin_id: str
    cost_source: str
    usage_ns: int
    details: EventCost
    only_new: bool = False


# -- what policies make of an event ----------------------------------------------------------------------------------------


class ProcessAttributes(Struct):
    """What attribute profiles make of the event (engine.attributes.reply.AttributesReply); nothing is kept."""

    event: Event


class FindAttributeProfile(Struct):
    """The attribute profile that would change the event first (engine.profiles.policies.AttributeProfile), or NOT_FOUND."""

    event: Event


class ProcessChargers(Struct):
    """The runs of the event, the heaviest charger profile's first (a list of engine.chargers.run.ChargerRun); nothing is kept."""

    event: Event


class FindChargerProfiles(Struct):
    """The charger profiles that match the event, the heaviest first (engine.profiles.policies.ChargerProfile), or NOT_FOUND."""

    event: Event


# -- charging a described call ---------------------------------------------------------------------------------------------


class MaxSession(Struct):
    """How many ns of the call its account can pay: an int (-1: no limit) or a Refusal."""

    call: Call


class DebitCall(Struct):
    """Takes the call from its account; a CallCost or a Refusal. `at_most` takes only what the account can pay."""

    call: Call
    at_most: bool = False


class QuoteCall(Struct):
    """What a debit of the call would take and leave; a CallCost or a Refusal. Nothing changes."""

    call: Call


class DebitMoney(Struct):
    """Takes a given amount of money from the call's account; answers the quote of the call with the account as it is then, or a Refusal."""

    call: Call
    amount: Amount


class RefundCall(Struct):
    """Gives parts back (engine.rating.cost.Refund); answers None."""

    call: Call
    parts: list[Refund]


class RoundCall(Struct):
    """Takes rounding corrections, (account id, balance uuid, amount) each; answers None."""

    corrections: list[tuple[str, str, Amount]]


# -- cost queries ----------------------------------------------------------------------------------------------------------


class GetCost(Struct):
    """What the call costs, apart from any account: a CallCost or a Refusal. The call gets its defaults."""

    call: Call


class GetPlansCost(Struct):
    """What the call costs on the first of these rating plans that prices it: (plan ID, CallCost), or the last Refusal."""

    call: Call
    plan_ids: list[str]


class ExplainCost(Struct):
    """Why the call costs what it costs (engine.rating.explain): a tree of JSON-able data."""

    call: Call


class ExplainDebit(Struct):
    """Which balances a debit of the call would try, what they would pay and why not the others (Charging.explain): JSON-able data."""

    call: Call


# -- accounts ------------------------------------------------------------------------------------------------------------


class GetAccount(Struct):
    """The account (engine.accounts.account.Account) with this ID (`<tenant>:<account>`), or None; live, not to be changed."""

    account_id: str


class ListAccounts(Struct):
    """The accounts of a tenant, sorted by ID; live, not to be changed."""

    tenant: str


class SetAccount(Struct):
    """Makes the account if it is missing and sets what is given; NOT_FOUND for an unknown plan or group of triggers.

    `only_plan` takes the account off every plan but those given. `new_triggers` drops the triggers that it has, `more_triggers` keeps
    them and adds. `reload` has the scheduler take up what became due.
    """

    account_id: str
    plan_ids: list[str] | None = None
    only_plans: bool = False
    trigger_groups: list[str] | None = None
    new_triggers: bool = False
    allow_negative: bool | None = None
    disabled: bool | None = None
    reload: bool = False


class RemoveAccount(Struct):
    """Removes the account and takes it off its plans; answers whether it was there."""

    account_id: str


class RunActions(Struct):
    """Runs actions (engine.actions.book.Action) that stand in no set, all or nothing; `name` is the cause of their entries.

    A missing account is made unless `must_exist` (then NOT_FOUND). PARTIALLY_EXECUTED when one fails.
    """

    account_id: str
    name: str
    actions: Sequence[object]
    must_exist: bool = False


class ExecuteActions(Struct):
    """Runs a stored set on an account, which is made when it is missing, or without an account; all or nothing."""

    account_id: str
    actions_id: str


class RestoreBalances(Struct):
    """The account's balances get the values that these rows (engine.rating.call.BalanceSummary) say, those that are gone come back;
    balances that no row names stay. `name` is the cause of the entries. NOT_FOUND without the account. Answers None."""

    account_id: str
    name: str
    balances: Sequence[BalanceSummary]


# -- triggers of an account ------------------------------------------------------------------------------------------------


class AddAccountTriggers(Struct):
    """Gives the account the triggers of these groups, or one trigger (engine.actions.book.ActionTrigger) besides."""

    account_id: str
    groups: list[str] = field(default_factory=list)
    overwrite: bool = False
    executed: bool = False
    activates: str = ""  # RFC 3339; empty leaves what the group says
    trigger: object | None = None


class ChangeAccountTriggers(Struct):
    """Changes fields of the account's triggers of this group and name (empty: any): those of ActionTrigger, and of its Balance.

    Then due triggers fire.
    """

    account_id: str
    group: str
    unique_id: str
    fields: dict[str, object]
    balance: dict[str, object] = field(default_factory=dict)


class RemoveAccountTriggers(Struct):
    """Takes the triggers of this group and name (empty: any) off the account."""

    account_id: str
    group: str
    unique_id: str


class ResetAccountTriggers(Struct):
    """Says of the triggers of this group and name whether they have fired; when they have not, due ones fire."""

    account_id: str
    group: str
    unique_id: str
    executed: bool


# -- action plans and the scheduler ------------------------------------------------------------------------------------------


class SetActionPlan(Struct):
    """Stores a plan (engine.actions.book.ActionPlan) with the accounts that it names; its timings get new UUIDs.

    EXISTS without `overwrite`, BROKEN_REFERENCE for actions that are not there.
    """

    plan: object
    overwrite: bool = False
    reload: bool = False


class RemoveActionPlan(Struct):
    """Removes the plan, if it is there."""

    plan_id: str


class RemoveActionTiming(Struct):
    """Takes an account off a plan, or a timing out of it, or without either removes the plan; NOT_FOUND for an unknown plan."""

    plan_id: str
    timing_uuid: str = ""
    account_id: str = ""
    reload: bool = False


class GetAccountPlans(Struct):
    """What the account's plans will do: [(plan ID, timing (engine.actions.book.ActionTiming), next instant or None)]."""

    account_id: str


class ComputeAccountPlans(Struct):
    """Makes every account know exactly the plans that name it."""


class ReloadSchedule(Struct):
    """Takes up plans and tasks as they are now, and runs what is due."""


class RunDue(Struct):
    """Runs what is due; to be sent when `engine.actions.schedule.next_at` says so. Answers None."""


class ListDue(Struct):
    """The scheduler's queue, the next first: [(instant, plan ID, timing (engine.actions.book.ActionTiming), accounts of the plan)].

    With an account only what concerns it.
    """

    account_id: str = ""


class RunPlans(Struct):
    """Runs all timings of plans now, for the account or for the accounts of each plan; NOT_FOUND for an unknown plan."""

    plan_ids: list[str]
    account_id: str = ""


class RunQueue(Struct):
    """Runs now what the queue would run from one instant to another."""

    from_ns: int
    to_ns: int
