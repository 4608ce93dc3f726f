"""An account, its balances, unit counters and triggers, as they stand in memory.

Values are amounts (10**-9 of money, or of one unit: a nanosecond of voice, an octet, an event). Fields that API clients see as
null until somebody writes them are None here.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from engine.money import FACTOR_ONE, Amount, Factor
from engine.rating.book import Timing
from engine.times import NO_TIME, ZERO_TIME, Moment
from engine.usage import ANY, parse_go_duration

DEFAULT_BALANCE: Final = "*default"
NAMELESS: Final = "*"  # how the uuid of a balance begins that clients see without one
ZERO_PREFIX: Final = "*zero"


class Balance:
    """A store of money or units. An empty or absent set of destinations, categories or timings restricts nothing."""

    uuid: str
    id: str
    type: str
    value: Amount
    expires: Moment
    weight: Amount
    destination_ids: dict[str, bool] | None  # False excludes the destination
    rating_subject: str
    categories: dict[str, bool] | None
    shared_groups: dict[str, bool] | None
    timing_ids: dict[str, bool] | None  # False: active inside means the balance is not
    timings: list[Timing] | None
    disabled: bool
    blocker: bool
    factors: dict[str, Factor] | None

    def __init__(self, uuid: str, id: str, type: str, value: Amount) -> None:
        self.uuid = uuid
        self.id = id
        self.type = type
        self.value = value
        self.expires = NO_TIME
        self.weight = 0
        self.destination_ids = None
        self.rating_subject = ""
        self.categories = None
        self.shared_groups = None
        self.timing_ids = None
        self.timings = None
        self.disabled = False
        self.blocker = False
        self.factors = None

    def expired_at(self, at_ns: int) -> bool:
        return self.expires.ns != ZERO_TIME and self.expires.ns < at_ns

    def serves_category(self, category: str) -> bool:
        return not self.categories or self.categories.get(category, False)

    def serves_all_destinations(self) -> bool:
        return not self.destination_ids or self.destination_ids.get(ANY, False)

    def in_group(self, group_id: str) -> bool:
        return self.shared_groups is not None and self.shared_groups.get(group_id, False)

    def factor(self, factor_id: str) -> Factor:
        if not self.factors:
            return FACTOR_ONE
        return self.factors.get(factor_id, FACTOR_ONE)

    def shown_uuid(self) -> str:
        """The uuid that clients see: none for the empty balances that a reset of the account leaves."""
        return "" if self.uuid.startswith(NAMELESS) else self.uuid

    def has_priced_subject(self) -> bool:
        """True when a rating profile of its own prices what this balance pays."""
        return self.rating_subject != "" and not self.rating_subject.startswith(ZERO_PREFIX)


def zero_step(subject: str) -> int:
    """The step in ns of a `*zero<duration>` rating subject; 0 when the text is none."""
    if not subject.startswith(ZERO_PREFIX):
        return 0
    text = subject[len(ZERO_PREFIX) :]
    try:
        return int(text) if text.isdigit() else parse_go_duration(text)
    except ValueError:
        return 0


class BalanceFilter:
    """A pattern of balances: only the fields that are given count."""

    uuid: str | None
    id: str | None
    type: str | None
    value: Amount | None
    formula: dict[str, object] | None  # the value as a formula, as actions may have it
    expires: Moment | None
    weight: Amount | None
    destination_ids: dict[str, bool] | None
    rating_subject: str | None
    categories: dict[str, bool] | None
    shared_groups: dict[str, bool] | None
    timing_ids: dict[str, bool] | None
    timings: list[Timing] | None
    disabled: bool | None
    blocker: bool | None
    factors: dict[str, Factor] | None

    def __init__(self) -> None:
        self.uuid = None
        self.id = None
        self.type = None
        self.value = None
        self.formula = None
        self.expires = None
        self.weight = None
        self.destination_ids = None
        self.rating_subject = None
        self.categories = None
        self.shared_groups = None
        self.timing_ids = None
        self.timings = None
        self.disabled = None
        self.blocker = None
        self.factors = None


class CounterFilter:
    """One counter of a unit counter: what it counted, and which calls or balances it looks at."""

    value: Amount
    filter: BalanceFilter

    def __init__(self, value: Amount, filter: BalanceFilter) -> None:
        self.value = value
        self.filter = filter


class UnitCounter:
    """Counters of one kind of unit or money that count alike."""

    counter_type: str  # *event or *balance
    counters: list[CounterFilter]

    def __init__(self, counter_type: str, counters: list[CounterFilter]) -> None:
        self.counter_type = counter_type
        self.counters = counters


class Trigger:
    """An action trigger of an account, with its own memory of having fired."""

    id: str  # the group's
    unique_id: str
    threshold_type: str
    threshold_value: Amount
    recurrent: bool
    min_sleep_ns: int
    expires: Moment
    activates: Moment
    balance: BalanceFilter
    weight: Amount
    actions_id: str
    min_queued_items: int
    executed: bool
    last_execution_at: Moment

    def __init__(self, id: str, unique_id: str, threshold_type: str, threshold_value: Amount) -> None:
        self.id = id
        self.unique_id = unique_id
        self.threshold_type = threshold_type
        self.threshold_value = threshold_value
        self.recurrent = False
        self.min_sleep_ns = 0
        self.expires = NO_TIME
        self.activates = NO_TIME
        self.balance = BalanceFilter()
        self.weight = 0
        self.actions_id = ""
        self.min_queued_items = 0
        self.executed = False
        self.last_execution_at = NO_TIME


class Account:
    """`id` is `<tenant>:<account>`. `balances` is None until a balance was ever written."""

    id: str
    tenant: str
    name: str
    balances: dict[str, list[Balance]] | None
    counters: dict[str, list[UnitCounter]] | None
    triggers: list[Trigger] | None
    allow_negative: bool
    disabled: bool
    updated_at: int
    in_triggers: bool  # its triggers are being run; what they change does not fire them again

    def __init__(self, tenant: str, name: str) -> None:
        self.id = f"{tenant}:{name}"
        self.tenant = tenant
        self.name = name
        self.balances = None
        self.counters = None
        self.triggers = None
        self.allow_negative = False
        self.disabled = False
        self.updated_at = ZERO_TIME
        self.in_triggers = False

    def of_type(self, balance_type: str) -> list[Balance]:
        found = None if self.balances is None else self.balances.get(balance_type)
        return [] if found is None else found

    def add(self, balance: Balance) -> None:
        if self.balances is None:
            self.balances = {}
        self.balances.setdefault(balance.type, []).append(balance)

    def find(self, uuid: str) -> Balance | None:
        if self.balances is None:
            return None
        for chain in self.balances.values():
            for balance in chain:
                if balance.uuid == uuid:
                    return balance
        return None

    def default_money(self) -> Balance | None:
        for balance in self.of_type("*monetary"):
            if balance.id == DEFAULT_BALANCE:
                return balance
        return None


class Accounts:
    """Every account that this engine is the home of; the one look-up through which accounts are reached."""

    _by_id: dict[str, Account]

    def __init__(self) -> None:
        self._by_id = {}

    def get(self, account_id: str) -> Account | None:
        return self._by_id.get(account_id)

    def put(self, account: Account) -> None:
        self._by_id[account.id] = account

    def remove(self, account_id: str) -> bool:
        return self._by_id.pop(account_id, None) is not None

    def of_tenant(self, tenant: str) -> list[Account]:
        return [account for account in self._by_id.values() if account.tenant == tenant]

    def all(self) -> list[Account]:
        return list(self._by_id.values())

    def some_ids(self, most: int) -> list[str]:
        """IDs of accounts, at most so many; for explanations."""
        return list(islice(self._by_id, most))

    def __len__(self) -> int:
        return len(self._by_id)
