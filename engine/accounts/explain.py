"""What a debit of a call would take from which balances, in the order in which it tries them, and why the others pay nothing.

The tree is JSON-able data, made by a real debit that nobody commits, and only when somebody asks. Values are numbers as clients see
them in balances; usage is ns.
"""

from __future__ import annotations

from typing import Final

from engine.accounts.account import DEFAULT_BALANCE, Account, Accounts, Balance
from engine.accounts.debit import Debit, Watcher
from engine.accounts.selection import MINE_RANDOM, Purse, Selection, active_at, matching_destination, strategy_of
from engine.errors import Refusal
from engine.limits import MAX_EXPLAINED_TRIES, MAX_NEAR_CANDIDATES, MAX_NEAR_MISSES
from engine.money import ONE, Amount, amount_text, consumed_units, factor_text
from engine.rating.book import SharedGroup
from engine.rating.call import Call, CallCost, Span
from engine.rating.explain import usage_text
from engine.rating.lookup import OUT, profile_key
from engine.rating.near import nearest, one_letter_off
from engine.rating.render import Data, number
from engine.times import format_time
from engine.usage import GENERIC, MONETARY

UNITS: Final = "units"
MONEY: Final = "money"


class Trace(Watcher):
    """The tries of one debit as rows. A balance that pays nothing twice for the same reason has one row."""

    call: Call
    selection: Selection
    rows: list[Data]
    tried_uuids: set[str]
    more: int
    left_ns: int  # where the part of the call begins that nobody pays; -1 while there is none
    _told: set[tuple[str, str]]

    def __init__(self, call: Call, selection: Selection) -> None:
        self.call = call.copy()
        self.selection = selection
        self.rows = []
        self.tried_uuids = set()
        self.more = 0
        self.left_ns = -1
        self._told = set()

    def tried(self, debit: Debit, purse: Purse, is_unit: bool, held: Amount, part: list[Span]) -> None:
        uuid = purse.balance.uuid
        if part:
            row = _paid_data(purse, part)
            why = self._merits(debit, purse)
        else:
            row = {"Usage": 0, "Units": 0, "Cost": 0, "Left": number(held)}
            why = self._why_nothing(debit, purse, is_unit, held)
            if (uuid, why) in self._told:
                return
            self._told.add((uuid, why))
        ends_ns = part[-1].end_ns if part else debit.call.start_ns
        if purse.balance.blocker and ends_ns < debit.call.end_ns:
            why += ", a blocker: no balance behind it is tried"
        self.tried_uuids.add(uuid)
        if len(self.rows) >= MAX_EXPLAINED_TRIES:
            self.more += 1
            return
        kind = {"Pays": UNITS if is_unit else MONEY, "At": debit.call.start_ns - self.call.start_ns}
        self.rows.append(_balance_data(purse.account, purse.balance, held) | kind | row | {"Why": why})

    def left(self, debit: Debit) -> None:
        self.left_ns = debit.call.start_ns

    def _merits(self, debit: Debit, purse: Purse) -> str:
        """How a balance that pays came to its place, and at which price."""
        balance = purse.balance
        prefix, destination_id = matching_destination(balance, self.call.destination, self.selection.ids_of_prefix)
        parts = [f"destination {destination_id} by prefix {prefix}" if prefix else "any destination"]
        if purse.account is not debit.account:
            parts.append("by a shared group")
        if balance.rating_subject:
            parts.append(f"rating subject {balance.rating_subject}")
        factor = balance.factors.get(self.call.factor_id) if balance.factors else None
        if factor is not None:
            parts.append(f"factor {self.call.factor_id} {factor_text(factor)}")
        return ", ".join(parts)

    def _why_nothing(self, debit: Debit, purse: Purse, is_unit: bool, held: Amount) -> str:
        balance = purse.balance
        if held <= 0:
            return "used up" if balance.uuid in self.tried_uuids else "empty"
        if not active_at(balance, debit.call.start_ns, debit.call.zone):
            return f"its timings rest at {format_time(debit.call.start_ns, debit.call.zone)}"
        step_ns = debit.free_step(balance, is_unit)
        if step_ns > 0:
            return _too_few_units(debit, is_unit, held, _units_of_step(debit, purse, step_ns))
        priced = debit.price(balance)
        if isinstance(priced, Refusal):
            return f"{_priced_by(balance, debit.call)} has no price: {priced.value}"
        first = priced.spans[0]
        fee = first.interval.connect_fee if first.interval is not None else 0
        if not debit.spans and debit.call.loop_index == 0 and _blocked_fee(debit, fee):
            return f"a blocker holds less than the connect fee {amount_text(fee)}"
        return _short_of_step(debit, purse, is_unit, held, first)


def _paid_data(purse: Purse, part: list[Span]) -> Data:
    """What a try took: usage in ns, units of the purse, money; PaidBy names the other balances that paid for its units or the fee."""
    units = 0
    cost = 0
    paid_by: dict[str, None] = {}
    for span in part:
        for run in span.increments or []:
            if run.unit is not None:
                units += run.unit.consumed * run.count
            cost += run.total
            if run.money is not None and run.money.balance_uuid != purse.balance.uuid:
                paid_by[run.money.balance_id or run.money.balance_uuid] = None
    data: Data = {
        "Usage": part[-1].end_ns - part[0].start_ns,
        "Units": number(units),
        "Cost": number(cost),
        "Left": number(purse.value),
    }
    if paid_by:
        data["PaidBy"] = list(paid_by)
    return data


def _balance_data(account: Account, balance: Balance, held: Amount) -> Data:
    return {
        "Account": account.id,
        "Type": balance.type,
        "ID": balance.id,
        "UUID": balance.shown_uuid(),
        "Weight": number(balance.weight),
        "Value": number(held),
    }


def _units_of_step(debit: Debit, purse: Purse, step_ns: int) -> Amount:
    return consumed_units(step_ns, purse.balance.factor(debit.call.factor_id), debit.options.rounding_decimals)


def _priced_by(balance: Balance, call: Call) -> str:
    if not balance.has_priced_subject():
        return f"the call to {call.destination}"
    return f"profile {profile_key(call.tenant, call.category, balance.rating_subject)[len(OUT) :]} for {call.destination}"


def _blocked_fee(debit: Debit, fee: Amount) -> bool:
    """Whether a blocker that holds less stands before any money that could pay the connect fee."""
    for purse in debit.money:
        if purse.value >= fee:
            return False
        if purse.balance.blocker:
            return True
    return False


def _short_of_step(debit: Debit, purse: Purse, is_unit: bool, held: Amount, first: Span) -> str:
    run = first.increments[-1] if first.increments else None
    if run is None:
        return "its price has no step there"
    step = usage_text(debit.call, run.duration_ns)
    if not is_unit:
        return f"holds {amount_text(held)}, a step of {step} costs {amount_text(run.cost)}"
    needed = _units_of_step(debit, purse, run.duration_ns)
    if held < needed:
        return _too_few_units(debit, is_unit, held, needed)
    return f"no money pays the {amount_text(run.cost)} that a step of {step} costs by {_priced_by(purse.balance, debit.call)}"


def _too_few_units(debit: Debit, is_unit: bool, held: Amount, needed: Amount) -> str:
    texts = [usage_text(debit.call, amount // ONE) if is_unit and amount % ONE == 0 else amount_text(amount) for amount in (held, needed)]
    return f"holds {texts[0]}, a step takes {texts[1]}"


# -- the whole tree ------------------------------------------------------------------------------------------------------


def debit_data(debit: Debit, trace: Trace, result: CallCost | Refusal) -> Data:
    """The tree of a debit that has run: Account, Tries (in order), NotTried, Groups, and Rest or Refusal.

    A try has Account, Type, ID, UUID, Weight and Value (before) of its balance; Pays ("units" or "money"); At, where in the call it
    began; Usage, Units and Cost that it took; Left, what the balance holds then; PaidBy, other balances that paid money; Why.
    """
    account = debit.account
    not_tried = _not_tried(debit, trace, result)
    tree: Data = {
        "Account": account.id,
        "AllowNegative": account.allow_negative,
        "Tries": trace.rows,
        "NotTried": not_tried[:MAX_EXPLAINED_TRIES],
        "More": trace.more + max(0, len(not_tried) - MAX_EXPLAINED_TRIES),
        "Groups": _groups(debit),
    }
    if isinstance(result, Refusal):
        tree["Refusal"] = result.value
    elif trace.left_ns >= 0:
        tree["Rest"] = _rest_data(trace, result)
    return tree


def _rest_data(trace: Trace, result: CallCost) -> Data:
    spans = [span for span in result.spans if span.start_ns >= trace.left_ns and span.end_ns > span.start_ns]
    cost = sum(run.total for span in spans for run in span.increments or [])
    if not spans:
        why = "no balance pays it, and the call may not make the account owe"
    elif cost == 0:
        why = "it costs nothing"
    else:
        why = f"no balance pays it: {DEFAULT_BALANCE} owes it after a debit; a session is not granted it"
    return {"Usage": trace.call.end_ns - trace.left_ns, "Cost": number(cost), "Why": why}


def _not_tried(debit: Debit, trace: Trace, result: CallCost | Refusal) -> list[Data]:
    """The balances that no try came to: those that would have been next, the account's others, those of its groups' members."""
    ended = _why_ended(trace.call, result)
    rows: list[Data] = []
    seen = set(trace.tried_uuids)
    for purse in [*debit.units, *debit.money]:
        if purse.balance.uuid not in seen:
            seen.add(purse.balance.uuid)
            rows.append(_balance_data(purse.account, purse.balance, purse.value) | {"Why": ended})
    own = debit.account
    groups: dict[str, None] = {}
    for balance in _balances(own):
        groups |= dict.fromkeys(sorted(balance.shared_groups or {}))
        if balance.uuid not in seen:
            seen.add(balance.uuid)
            stands = f"stands for {_members(balance.shared_groups)}, where its own account is no member" if balance.shared_groups else ended
            why = why_not(balance, trace.call, trace.selection) or (ended if isinstance(result, Refusal) else stands)
            rows.append(_balance_data(own, balance, balance.value) | {"Why": why})
    for name in groups:
        for member in _members_of(debit, name):
            for balance in _balances(member):
                if balance.uuid not in seen and balance.in_group(name):
                    seen.add(balance.uuid)
                    why = why_not(balance, trace.call, trace.selection) or ended
                    rows.append(_balance_data(member, balance, balance.value) | {"Why": why})
    return rows


def _balances(account: Account) -> list[Balance]:
    return [balance for kind in sorted(account.balances or {}) for balance in account.of_type(kind)]


def _why_ended(call: Call, result: CallCost | Refusal) -> str:
    if isinstance(result, Refusal):
        return f"the debit ended before: {result.value}"
    return "not needed: the call was paid before its turn" if call.duration_ns else "a call of no length takes nothing"


def why_not(balance: Balance, call: Call, selection: Selection) -> str:
    """Why a balance is not even tried for a call; empty when it is. The order of the reasons is that of the selection."""
    if balance.type not in (call.tor, MONETARY) and (balance.type != GENERIC or call.tor in (MONETARY, GENERIC)):
        return f"holds {balance.type}, the call uses {call.tor}"
    if balance.disabled:
        return "disabled"
    if balance.expired_at(call.start_ns):
        return f"expired at {format_time(balance.expires.ns, call.zone)}"
    if balance.value <= 0 and not balance.shared_groups and not balance.blocker:
        return "empty"
    if not balance.serves_category(call.category):
        return f"serves {_members(balance.categories)}, not category {call.category}"
    if not balance.serves_all_destinations() and selection.destination_precision(balance, call.destination) < 0:
        return f"serves {_members(balance.destination_ids)}, not {call.destination}"
    return ""


def _members(signs: dict[str, bool] | None) -> str:
    return ", ".join(name if wanted else f"all but {name}" for name, wanted in sorted((signs or {}).items()))


def _groups(debit: Debit) -> list[Data]:
    """The shared groups of the account's balances: strategy, members, and the members that are passed over."""
    names = dict.fromkeys(name for one in _balances(debit.account) for name in sorted(one.shared_groups or {}))
    rows: list[Data] = []
    for name in list(names)[:MAX_EXPLAINED_TRIES]:
        group = debit.selection.groups(name)
        if not isinstance(group, SharedGroup):
            rows.append({"ID": name, "Why": "there is no such shared group"})
            continue
        members = [{"Account": member} | _passed_over(debit, member) for member in group.MemberIds[:MAX_EXPLAINED_TRIES]]
        rows.append({"ID": name, "Strategy": strategy_of(group, debit.account.id) or MINE_RANDOM, "Members": members})
    return rows


def _members_of(debit: Debit, name: str) -> list[Account]:
    """The group's members, as far as an explanation goes."""
    group = debit.selection.groups(name)
    names = group.MemberIds[:MAX_EXPLAINED_TRIES] if isinstance(group, SharedGroup) else ()
    return [account for account in (debit.selection.accounts.get(member) for member in names) if account is not None]


def _passed_over(debit: Debit, account_id: str) -> Data:
    account = debit.selection.accounts.get(account_id)
    if account is None:
        return {"Why": Refusal.ACCOUNT_NOT_FOUND.value}
    return {"Why": Refusal.ACCOUNT_DISABLED.value} if account.disabled else {}


# -- accounts that are not there -------------------------------------------------------------------------------------------


def near_accounts(accounts: Accounts, tenant: str, name: str) -> list[str]:
    """Accounts that a missing one may have meant: one letter off, of another tenant, or alike."""
    found = [f"{tenant}:{other}" for other in one_letter_off(name) if accounts.get(f"{tenant}:{other}") is not None]
    some = accounts.some_ids(MAX_NEAR_CANDIDATES)
    tenants = dict.fromkeys(account_id.partition(":")[0] for account_id in some)
    found.extend(f"{other}:{name}" for other in tenants if other != tenant and accounts.get(f"{other}:{name}") is not None)
    head = f"{tenant}:"
    found.extend(head + other for other in nearest(name, [one[len(head) :] for one in some if one.startswith(head)]))
    return [f"there is an account {account_id}" for account_id in dict.fromkeys(found)][:MAX_NEAR_MISSES]
