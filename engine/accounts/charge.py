"""The questions that charging answers: how long may this go on, take this, take what there is, give this back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.accounts import counters
from engine.accounts.account import DEFAULT_BALANCE, Account, Accounts, Balance
from engine.accounts.debit import Debit
from engine.accounts.explain import Trace, debit_data, near_accounts
from engine.accounts.ledger import Cause, Ledger
from engine.accounts.selection import Selection
from engine.accounts.triggers import Reactor
from engine.errors import Refusal
from engine.ids import Ids
from engine.money import Amount, round_by_method
from engine.profiles.items import Items
from engine.rating.call import NO_MATCH, AccountSummary, BalanceSummary, Call, CallCost, Increment, MoneyPart, RatingOptions, Span
from engine.rating.compress import compress
from engine.rating.cost import EventCost, Refund
from engine.rating.lookup import first_match
from engine.rating.price import slot_at
from engine.rating.render import Data
from engine.rating.tariff import Tariff
from engine.usage import ANY, MONETARY, UNLIMITED, VOICE

SUMMARY_TYPES: Final = ("*data", "*sms", "*mms", "*voice", "*generic", "*monetary")  # in the order in which clients see them


class Charging:
    """Charging over the accounts of one engine."""

    accounts: Accounts
    items: Items
    tariff: Tariff
    options: RatingOptions
    default_steps: dict[str, int]
    ledger: Ledger
    ids: Ids
    reactor: Reactor | None
    _groups: Callable[[str], object | None]
    _ids_of_prefix: Callable[[str], list[str] | None]

    def __init__(
        self, accounts: Accounts, items: Items, tariff: Tariff, options: RatingOptions, default_steps: dict[str, int], ids: Ids
    ) -> None:
        self.accounts = accounts
        self.items = items
        self.tariff = tariff
        self.options = options
        self.default_steps = default_steps
        self.ledger = Ledger()
        self.ids = ids
        self.reactor = None
        self._groups = self._group
        self._ids_of_prefix = tariff.ids_of_prefix

    # -- questions ----------------------------------------------------------------------------------------------------

    def account_for(self, call: Call) -> Account | Refusal:
        """The account that pays: the call's account, or its subject when it names none."""
        account = self.accounts.get(f"{call.tenant}:{call.account or call.subject}")
        if account is None:
            return Refusal.ACCOUNT_NOT_FOUND
        return Refusal.ACCOUNT_DISABLED if account.disabled else account

    def check_usage(self, call: Call) -> Refusal | None:
        """Refuses calls longer than any may be (rals.max_computed_usage)."""
        bounds = self.options.max_usage_ns
        bound = bounds.get(call.tor or VOICE, bounds.get(ANY, 0))
        return Refusal.MAX_USAGE_EXCEEDED if bound and call.duration_ns > bound else None

    def max_session(self, call: Call) -> int | Refusal:
        """How many ns of the call the account can pay; -1 when it may go negative."""
        account = self.account_for(call)
        if not isinstance(account, Account):
            return account
        return self._affordable(account, call)

    def _affordable(self, account: Account, call: Call) -> int | Refusal:
        if account.allow_negative:
            return UNLIMITED
        if call.duration_ns <= 0:
            return 0
        return _covered(call, self._debit(account, call, dry_run=True, go_negative=False).run())

    # -- debits -------------------------------------------------------------------------------------------------------

    def debit(self, call: Call, cause: Cause) -> CallCost | Refusal:
        """Takes the whole call; what balances do not cover makes the default balance negative, unless the call forbids it."""
        account = self.account_for(call)
        if not isinstance(account, Account):
            return account
        return self._take(account, call, cause)

    def max_debit(self, call: Call, cause: Cause) -> CallCost | Refusal:
        """Takes as much of the call as the account can pay. Updates the call's end to what was granted.

        The dry run that says how much that is becomes the debit itself where all of the call was granted.
        """
        account = self.account_for(call)
        if not isinstance(account, Account):
            return account
        asked_ns = call.duration_ns
        granted: int | Refusal = UNLIMITED
        trial: Debit | None = None
        found: CallCost | Refusal | None = None
        if asked_ns <= 0 and not account.allow_negative:
            granted = 0
        elif not account.allow_negative:
            trial = self._debit(account, call, dry_run=True, go_negative=False)
            found = trial.run()
            granted = _covered(call, found)
        if not isinstance(granted, int):
            if asked_ns > 0:
                return granted
            granted = 0
        if call.force_duration and not account.allow_negative and granted < asked_ns:
            return Refusal.INSUFFICIENT_CREDIT
        if granted == 0:
            return self._nothing(account, call)
        if granted > 0:
            call.end_ns = call.start_ns + granted
            call.duration_index_ns -= asked_ns - granted
        if trial is not None and trial.final and granted == asked_ns and call.tor and isinstance(found, CallCost):
            return self._settle(trial, call, found, cause)
        return self._take(account, call, cause)

    def quote(self, call: Call) -> CallCost | Refusal:
        """What a debit of the whole call would take and what it would leave; nothing changes."""
        account = self.account_for(call)
        if not isinstance(account, Account):
            return account
        if call.duration_ns == 0:
            return self._nothing(account, call)
        debit = self._debit(account, call, dry_run=False, go_negative=not call.deny_negative)
        cost = debit.run()
        return self._quoted(debit, call, cost) if isinstance(cost, CallCost) else cost

    def explain(self, call: Call) -> Data:
        """The tree of what a debit of the whole call would take and from which balances (engine.accounts.explain); nothing changes.

        Besides: MaxUsage, the ns that a session would be granted (-1: no limit), and EventCost, the cost as a record would keep it;
        both are null after a Refusal, which NearMisses follow where the account is not there.
        """
        account = self.account_for(call)
        if not isinstance(account, Account):
            name = call.account or call.subject
            near = near_accounts(self.accounts, call.tenant, name) if account is Refusal.ACCOUNT_NOT_FOUND else []
            return {"Account": f"{call.tenant}:{name}", "Refusal": account.value, "NearMisses": near}
        if not call.tor:
            call.tor = VOICE
        debit = self._debit(account, call, dry_run=False, go_negative=not call.deny_negative)
        trace = Trace(call, debit.selection)
        debit.watcher = trace
        cost = debit.run() if call.duration_ns > 0 else self._nothing(account, call)
        tree = debit_data(debit, trace, cost)
        granted = None if isinstance(cost, Refusal) else self.max_session(call)
        tree["MaxUsage"] = None if isinstance(granted, Refusal) else granted
        tree["EventCost"] = None if isinstance(cost, Refusal) else EventCost.of(self._quoted(debit, call, cost), "", "").to_data()
        return tree

    def _quoted(self, debit: Debit, call: Call, cost: CallCost) -> CallCost:
        """The answer to a debit that stays uncommitted."""
        corrections = round_spans(cost) if call.perform_rounding else []
        cost.call = call
        cost.spans = compress(cost.spans)
        cost.summary = self._summary_of(debit)
        for _, balance_uuid, correction in corrections:
            for row in cost.summary.balances:
                if row.uuid == balance_uuid:
                    row.value -= correction
        return cost

    def _summary_of(self, debit: Debit) -> AccountSummary:
        """The account as the debit would leave it."""
        summary = self.summary(debit.account, None)
        left = {purse.balance.uuid: purse for purse in debit.selection.purses.values()}
        for row in summary.balances:
            purse = left.pop(row.uuid, None)
            if purse is not None:
                row.value = purse.value
        for purse in left.values():
            if purse.new:
                one = purse.balance
                summary.balances.append(BalanceSummary(one.uuid, one.id, one.type, 0, purse.value, one.weight, one.disabled, one.factors))
        return summary

    def debit_money(self, call: Call, amount: Amount, cause: Cause) -> CallCost | Refusal:
        """Takes the amount from the account's money, the heavier balances first, the rest from the default one."""
        account = self.account_for(call)
        if not isinstance(account, Account):
            return account
        quoted = self.quote(call)
        if isinstance(quoted, Refusal):
            return quoted
        initial = _values(account)
        taken = self._take_money(account, call, amount, cause)
        if isinstance(taken, Refusal):
            return taken
        quoted.summary = self.summary(account, initial)
        return quoted

    def debit_given(self, call: Call, amount: Amount, cause: Cause) -> CallCost | Refusal:
        """Takes an amount that the call is said to cost, like `debit_money`; no price is looked up. The cost's steps say who paid."""
        account = self.account_for(call)
        if not isinstance(account, Account):
            return account
        initial = _values(account)
        taken = self._take_money(account, call, amount, cause)
        if isinstance(taken, Refusal):
            return taken
        span = Span(call.start_ns, call.end_ns, call.duration_ns, None, NO_MATCH)
        span.increments = taken or [Increment(0, 0, 1, 0)]
        span.increments[0].duration_ns = call.duration_ns
        cost = CallCost(call, amount, [span])
        cost.summary = self.summary(account, initial)
        return cost

    def _take_money(self, account: Account, call: Call, amount: Amount, cause: Cause) -> list[Increment] | Refusal:
        """Takes the amount from money, the heavier balances first, the rest from the default one; an increment for each that paid."""
        purses = self._selection().usable(account, call, MONETARY)
        if not isinstance(purses, list):
            return purses
        taken: list[Increment] = []
        touched: dict[str, tuple[Account, list[Balance]]] = {account.id: (account, [])}
        rest = amount
        for purse in purses:
            part = min(rest, max(0, purse.value))
            if part > 0:
                taken.append(self._paid(purse.account, purse.balance, part, cause))
                touched.setdefault(purse.account.id, (purse.account, []))[1].append(purse.balance)
                rest -= part
        if rest > 0:
            default = account.default_money()
            if default is None:
                default = Balance(self.ids.uuid(), DEFAULT_BALANCE, MONETARY, 0)
                self.ledger.open(account, default, cause)
            taken.append(self._paid(account, default, rest, cause))
            touched[account.id][1].append(default)
        for holder, balances in touched.values():
            self.changed(holder, balances, cause.at_ns)
        return taken

    def _paid(self, account: Account, balance: Balance, part: Amount, cause: Cause) -> Increment:
        self.ledger.move(account, balance, -part, cause)
        paid = Increment(0, part, 1, part)
        paid.money = MoneyPart(balance.uuid, balance.id, balance.value, None)
        paid.account_id = account.id
        return paid

    def _nothing(self, account: Account, call: Call) -> CallCost:
        """The answer to a call of no length, or one that nothing pays."""
        cost = CallCost(call, 0, [])
        if call.duration_ns == 0:
            match = first_match(self.tariff, call, self.options)
            if match is not None:
                cost.spans.append(Span(call.start_ns, call.end_ns, 0, None, match))
        cost.summary = self.summary(account, None)
        return cost

    def _take(self, account: Account, call: Call, cause: Cause) -> CallCost | Refusal:
        if call.duration_ns == 0:
            return self._nothing(account, call)
        if not call.tor:
            call.tor = VOICE
        debit = self._debit(account, call, dry_run=False, go_negative=not call.deny_negative)
        cost = debit.run()
        return self._settle(debit, call, cost, cause) if isinstance(cost, CallCost) else cost

    def _settle(self, debit: Debit, call: Call, cost: CallCost, cause: Cause) -> CallCost:
        """Makes true what the debit found for the call."""
        account = debit.account
        initial = _values(account)
        debit.commit(self.ledger, cause)
        call.run_price = debit.call.run_price
        call.run_step_ns = debit.call.run_step_ns
        call.run_length = debit.call.run_length
        if call.perform_rounding:
            self._round(cost, cause)
        self._react(debit, cause)
        cost.call = call
        cost.spans = compress(cost.spans)
        cost.summary = self.summary(account, initial)
        return cost

    def _debit(self, account: Account, call: Call, *, dry_run: bool, go_negative: bool) -> Debit:
        selection = self._selection()
        return Debit(account, call, self.tariff, self.options, self.default_steps, selection, dry_run=dry_run, go_negative=go_negative)

    def _selection(self) -> Selection:
        return Selection(self.accounts, self._groups, self._ids_of_prefix, self.ids)

    def _group(self, group_id: str) -> object | None:
        return self.items.get("shared_group", group_id)

    def _react(self, debit: Debit, cause: Cause) -> None:
        """Counts what was taken and lets the triggers of every touched account fire."""
        for one in debit.counts:
            counters.count(one.account, one.kind, one.amount, debit.call, one.balance, self._ids_of_prefix)
        account = debit.account
        own: list[Balance] = []
        others: dict[str, tuple[Account, list[Balance]]] = {}
        for purse in debit.selection.purses.values():
            balance = purse.balance
            purse.held = balance.value
            if purse.new and purse.account.find(balance.uuid) is None:
                continue
            if purse.account is account:
                own.append(balance)
            else:
                others.setdefault(purse.account.id, (purse.account, []))[1].append(balance)
        moved = self.ledger.last_entry_id
        self.changed(account, own, cause.at_ns)
        for other, balances in others.values():
            self.changed(other, balances, cause.at_ns)
        if self.ledger.last_entry_id != moved:
            debit.show_changes()

    def changed(self, account: Account, balances: list[Balance], at_ns: int) -> None:
        """To be called after values of these balances changed."""
        if self.reactor is not None:
            self.reactor.balances_changed(account, balances, at_ns)

    # -- rounding and refunds -----------------------------------------------------------------------------------------

    def _round(self, cost: CallCost, cause: Cause) -> None:
        """Rounds each span as its rate says and takes or gives back the difference."""
        for account_id, balance_uuid, correction in round_spans(cost):
            self.take_rounding(account_id, balance_uuid, correction, cause)

    def take_rounding(self, account_id: str, balance_uuid: str, correction: Amount, cause: Cause) -> None:
        """Takes the correction (gives it back when negative) from the balance that paid; a balance that is gone is passed over."""
        account = self.accounts.get(account_id)
        balance = account.find(balance_uuid) if account is not None else None
        if account is None or balance is None:
            return
        self.ledger.move(account, balance, -correction, cause)
        counters.count(account, MONETARY, correction, None, balance, self._ids_of_prefix)

    def refund(self, parts: list[Refund], call: Call | None, cause: Cause) -> None:
        """Gives parts back to the balances they came from; a balance that is gone is passed over."""
        touched: dict[str, tuple[Account, list[Balance]]] = {}
        for part in parts:
            account = self.accounts.get(part.account_id)
            if account is None:
                continue
            for uuid, amount, kind in ((part.unit_uuid, part.unit_amount, part.tor), (part.money_uuid, part.money_amount, MONETARY)):
                balance = account.find(uuid) if uuid else None
                if balance is None or amount == 0:
                    continue
                self.ledger.move(account, balance, amount, cause)
                counters.count(account, kind, -amount, call, balance, self._ids_of_prefix)
                touched.setdefault(account.id, (account, []))[1].append(balance)
        for account, balances in touched.values():
            self.changed(account, balances, cause.at_ns)

    def summary(self, account: Account, initial: dict[str, Amount] | None) -> AccountSummary:
        """The account's balances now, each beside what it held before (0 for those that came since); None: as now."""
        rows: list[BalanceSummary] = []
        balances = account.balances
        for balance_type in SUMMARY_TYPES:
            chain = None if balances is None else balances.get(balance_type)
            if chain is None:
                continue
            for one in chain:
                before = one.value if initial is None else initial.get(one.uuid, 0)
                rows.append(BalanceSummary(one.uuid, one.id, one.type, before, one.value, one.weight, one.disabled, one.factors))
        return AccountSummary(account.tenant, account.name, rows, account.allow_negative, account.disabled)


def round_spans(cost: CallCost) -> list[tuple[str, str, Amount]]:
    """Rounds each span that money paid as its rate says; (account ID, balance UUID, correction): what that takes from which balance."""
    corrections: list[tuple[str, str, Amount]] = []
    for span in cost.spans:
        correction = rounding_of(span)
        payer = span.increments[0].money if span.increments else None
        if correction == 0 or payer is None or not span.increments:
            continue
        span.round_increment = Increment(0, correction, 1, correction)
        span.round_increment.money = MoneyPart(payer.balance_uuid, payer.balance_id, payer.value, None)
        span.round_increment.account_id = span.increments[0].account_id
        cost.cost += correction
        corrections.append((span.increments[0].account_id, payer.balance_uuid, correction))
    return corrections


def rounding_of(span: Span) -> Amount:
    """What rounding the span as its rate says adds to its cost; 0 for spans that no money paid."""
    interval = span.interval
    increments = span.increments
    if interval is None or not increments or increments[0].money is None:
        return 0
    cost = sum(run.total for run in increments)
    if cost == 0:
        return 0
    return round_by_method(cost, interval.rounding_decimals, interval.rounding_method) - cost


def _values(account: Account) -> dict[str, Amount]:
    return {balance.uuid: balance.value for chain in (account.balances or {}).values() for balance in chain}


def _covered(call: Call, cost: CallCost | Refusal) -> int | Refusal:
    """How many ns of the call are granted where this is what a dry run found."""
    if not isinstance(cost, CallCost):
        return cost
    if cost.negative_connect_fee:
        return 0
    asked_ns = call.duration_ns
    covered_ns = 0
    for span in cost.spans:
        if call.max_rate.num > 0 and call.max_rate_unit_ns > 0 and _dearer(span, call):
            break
        covered_ns += span.duration_ns
        if covered_ns >= asked_ns:
            return asked_ns
    return min(asked_ns, covered_ns)


def _dearer(span: Span, call: Call) -> bool:
    """True when the span's price per time is above what the call asks for at most."""
    if span.interval is None:
        return False
    slot = slot_at(span.interval, span.group_start_ns)
    if slot is None:
        return False
    return slot.value.num * call.max_rate_unit_ns * call.max_rate.den > call.max_rate.num * slot.unit_ns * slot.value.den
