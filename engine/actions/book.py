"""Actions, action plans and action triggers as an operator wrote them: stored so, listed back so, field names as clients know them.

Numbers stay in decimal text and instants in RFC 3339 text until the actions room compiles them. A field that was not given is
None; the word `*any` in a sheet is a field not given.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.rating.book import Timing

NO_TIME_TEXT = "0001-01-01T00:00:00Z"


class ValueFormula(msgspec.Struct, frozen=True):
    """How many units: Static (decimal text; ns of voice, octets, events, money), or a Method with its Params (`*incremental`)."""

    Method: str = ""
    Params: Mapping[str, object] | None = None
    Static: str = "0"


class BalancePattern(msgspec.Struct, frozen=True):
    """Which balances are meant, or what a new one is like. In the sets, False leaves a member out (`!ID` in a sheet)."""

    Uuid: str | None = None
    ID: str | None = None
    Type: str | None = None
    Value: ValueFormula | None = None
    ExpirationDate: str | None = None
    Weight: str | None = None
    DestinationIDs: dict[str, bool] | None = None
    RatingSubject: str | None = None
    Categories: dict[str, bool] | None = None
    SharedGroups: dict[str, bool] | None = None
    TimingIDs: dict[str, bool] | None = None
    Timings: tuple[Timing, ...] | None = None
    Disabled: bool | None = None
    Factors: dict[str, str] | None = None
    Blocker: bool | None = None


class Action(msgspec.Struct, frozen=True):
    """One action of a set. ExpirationString is read anew whenever the action runs (`*monthly`, `+24h`, an instant)."""

    Id: str
    ActionType: str
    ExtraParameters: str = ""
    Filters: tuple[str, ...] | None = None
    ExpirationString: str = ""
    Weight: str = "0"
    Balance: BalancePattern | None = None


class Actions(msgspec.Struct, frozen=True):
    """A set of actions, in the order in which they were written; kind `actions`, stored under Id."""

    Id: str
    Actions: tuple[Action, ...]


class ActionTiming(msgspec.Struct, frozen=True):
    """When a plan runs which actions. A StartTime of `*asap` means once, as soon as an account gets the plan."""

    Uuid: str
    Timing: Timing
    ActionsID: str
    Weight: str = "0"


class ActionPlan(msgspec.Struct, frozen=True):
    """Kind `action_plan`. AccountIDs (`<tenant>:<account>`) are the accounts that the plan's recurring timings run for."""

    Id: str
    AccountIDs: dict[str, bool] | None
    ActionTimings: tuple[ActionTiming, ...]


class ActionTrigger(msgspec.Struct, frozen=True):
    """One trigger of a group. ThresholdValue is decimal text, MinSleep in ns."""

    ID: str
    UniqueID: str
    ThresholdType: str
    ThresholdValue: str = "0"
    Recurrent: bool = False
    MinSleep: int = 0
    ExpirationDate: str = NO_TIME_TEXT
    ActivationDate: str = NO_TIME_TEXT
    Balance: BalancePattern = BalancePattern()
    Weight: str = "0"
    ActionsID: str = ""
    MinQueuedItems: int = 0
    Executed: bool = False
    LastExecutionTime: str = NO_TIME_TEXT


class ActionTriggers(msgspec.Struct, frozen=True):
    """A group of triggers; kind `action_triggers`, stored under Id, which is the ID of each of its triggers."""

    Id: str
    Triggers: tuple[ActionTrigger, ...]


class AccountPlans(msgspec.Struct, frozen=True):
    """The plans that an account knows of; kind `account_plans`, stored under the account's ID."""

    Id: str
    Plans: tuple[str, ...]


class Task(msgspec.Struct, frozen=True):
    """Actions that an `*asap` timing wants done when the scheduler is reloaded next; kind `action_task`. AccountID may be empty."""

    Id: str
    AccountID: str
    ActionsID: str


class Run(msgspec.Struct, frozen=True):
    """How far the scheduler is with one timing; kind `action_run`, stored under the timing's Uuid. Seconds since 1970.

    Since is when the scheduler first saw it, Last when it last ran (Since before the first time). While a run is under way Due is its
    instant and After the last account that had its actions.
    """

    Id: str
    Since: int
    Last: int
    Due: int | None = None
    After: str = ""
