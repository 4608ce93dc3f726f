"""The engine as the gateway sees it: one synchronous step per command, each step's records in the journal.

`step` runs a command from beginning to end without waiting for anything, and appends what changed to the journal. `ticket` then
names the last append: an answer that depends on it may leave when the journal says that this ticket is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from engine import commands
from engine.accounts.account import Accounts
from engine.accounts.charge import Charging
from engine.accounts.described import DescribedCalls
from engine.accounts.figures import Figures
from engine.accounts.snapshot import decode_account, encode_account
from engine.actions.room import ActionsRoom
from engine.attributes.decide import Attributes
from engine.cdrs.costs import SESSION_COST
from engine.cdrs.process import CdrServer
from engine.chargers.decide import Chargers
from engine.errands import Errand, Errands, records_of
from engine.errors import RequestError, StorageUnavailable, server_error
from engine.event import Event
from engine.fields.telephone import number_figures
from engine.fields.view import Rooms
from engine.filters.dropped import DroppedIndexes
from engine.filters.match import Filters
from engine.ids import Ids
from engine.options import EngineOptions
from engine.profiles.items import Items
from engine.profiles.kind import Kind
from engine.rating.answers import Answers
from engine.rating.kinds import DESTINATION, RATING_PLAN, RATING_PROFILE
from engine.rating.tariff import Tariff
from engine.records import (
    AccountPut,
    AccountRemoved,
    AnswerPut,
    EffectDone,
    EffectPut,
    Entry,
    ItemPut,
    ItemRemoved,
    Record,
    SessionClosed,
    SessionProgress,
    SessionPut,
    StateRecord,
)
from engine.repetitions import Repetitions
from engine.sessions import commands as session_commands
from engine.sessions.life import Life
from engine.sessions.process import Events
from engine.sessions.stages import Sessions
from engine.sessions.sweeps import SWEEP
from engine.storage.ports import Journal, Storage
from engine.tariffplan.apply import PlanRoom
from engine.tariffplan.policies import columns_of, profile_of_row
from engine.tariffplan.staging import Staging

Step = Callable[[Any, int], object]

NOT_READY: Final = "sessions are still made ready"  # soon after a start

PRICING_KINDS: Final = frozenset((DESTINATION, RATING_PLAN, RATING_PROFILE))

READS: Final = frozenset(
    {
        commands.GetItem,
        commands.ListItems,
        commands.StagePlan,
        commands.ListIndexes,
        commands.KnownNames,
        commands.GetCost,
        commands.GetPlansCost,
        commands.ExplainCost,
        commands.MaxSession,
        commands.QuoteCall,
        commands.ExplainDebit,
        commands.ProcessAttributes,
        commands.FindAttributeProfile,
        commands.ProcessChargers,
        commands.FindChargerProfiles,
        session_commands.AuthorizeSession,
        session_commands.FindSessions,
        session_commands.GetSessionCost,
        session_commands.AlterSessions,
        commands.GetAccount,
        commands.ListAccounts,
        commands.GetAccountPlans,
        commands.ListDue,
    }
)
"""Commands that change nothing."""


class Engine:
    """Builds the rooms, routes commands to them, and keeps the journal in step with what they did."""

    options: EngineOptions
    storage: Storage
    journal: Journal
    ids: Ids
    items: Items
    filters: Filters
    tariff: Tariff
    accounts: Accounts
    charging: Charging
    dropped_indexes: DroppedIndexes
    attributes: Attributes
    chargers: Chargers
    cdrs: CdrServer
    sessions: Sessions
    actions: ActionsRoom
    repetitions: Repetitions
    errands: Errands
    ticket: int
    _steps: dict[type, Step]
    _records: list[Record]
    _held: bool  # what steps change waits for `release`
    _let_in: bool  # the journal took records when that began
    _moved: bool  # something of it was done already

    def __init__(self, options: EngineOptions, storage: Storage, kinds: Iterable[Kind], random: Callable[[int], bytes]) -> None:
        self.options = options
        self.storage = storage
        self.journal = storage.journal
        self.ids = Ids(random)
        self.items = Items(kinds)
        self.tariff = Tariff()
        self.accounts = Accounts()
        self.charging = Charging(self.accounts, self.items, self.tariff, options.rating, options.default_steps, self.ids)
        self.filters = Filters(self.items, self._rooms(options.filters_ask), options.zone)
        self.attributes = Attributes(self.items, self.filters, options.attributes, self._rooms(options.attributes_ask))
        self.dropped_indexes = DroppedIndexes(self.items, self.filters, self.put_item, self.remove_item)
        self.chargers = Chargers(self.items, self.filters, self.attributes, options.chargers, connected=options.chargers_connected)
        self.cdrs = CdrServer(options, self.charging, self.chargers, storage.cdrs)
        self.actions = ActionsRoom(self)
        if options.cdrs.scheduler:
            self.cdrs.rater.provision = self._make_account
        self.sessions = Sessions(Life(options, self.charging, self.chargers, self.cdrs, self._make_account), self._matches)
        self.actions.schedule.enabled = options.scheduler
        self.charging.reactor = self.actions
        self.repetitions = Repetitions()
        self.errands = Errands()
        self.ticket = 0
        self._held = False
        self._let_in = False
        self._moved = False
        self._records = []
        self._steps = {
            commands.GetItem: self._get_item,
            commands.ListItems: self._list_items,
            commands.PutItem: self._put_item,
            commands.RemoveItem: self._remove_item,
            commands.ChangeItems: self._change_items,
            commands.Together: self._together,
            commands.ForwardEntries: self._forward_entries,
            **DescribedCalls(self.charging).steps(),
            **self.dropped_indexes.steps(),
            **self.attributes.steps(),
            **self.chargers.steps(),
            **self.sessions.steps(),
            **Events(self.sessions).steps(),
            **self.cdrs.steps(),
            **self.actions.steps(),
            **Answers(self.tariff, options.rating).steps(),
            **PlanRoom(self, self.actions).steps(),
        }

    def _rooms(self, accounts: bool) -> Rooms:
        """The rooms that rules or values may ask; without `accounts` neither accounts nor the tariff."""
        rooms = Rooms()
        rooms.wire("*libphonenumber", number_figures)
        if accounts:
            Figures(self.accounts, self.tariff).wire(rooms)
        return rooms

    # -- life ---------------------------------------------------------------------------------------------------------

    def recover(self, now_ns: int, ticks_ns: int | None = None) -> None:
        """Reads back what lived in memory before, and takes up what was planned; what was asked of the outside and not performed is
        handed out again. To be called once, before the first step."""
        items: list[tuple[str, str, object]] = []
        for _, record in self.storage.recover():
            if isinstance(record, ItemPut | ItemRemoved) and record.kind == SWEEP:
                self.sessions.loops.sweeps.restore(record.item_id, record.body if isinstance(record, ItemPut) else None)
            elif isinstance(record, ItemPut | ItemRemoved) and record.kind == SESSION_COST:
                self.cdrs.costs.restore(record.item_id, record.body if isinstance(record, ItemPut) else None)
            elif isinstance(record, ItemPut):
                if record.kind in self.items.kinds:
                    items.append((record.kind, record.item_id, self.items.kinds[record.kind].decode(record.body)))
            elif isinstance(record, ItemRemoved):
                items.append((record.kind, record.item_id, None))
            elif isinstance(record, EffectPut | EffectDone):
                self.errands.restore(record)
            elif isinstance(record, AnswerPut):
                self.repetitions.restore(record)
            else:
                self._apply(record)
        self._restore_items(items)
        self.repetitions.recovered(now_ns)
        self.errands.recovered()
        self.charging.ledger.last_entry_id = self.storage.last_entry_id
        self.cdrs.next_order_id = self.storage.last_order_id + 1
        self.attributes.index.refresh()
        self.chargers.index.refresh()
        self.actions.schedule.reload(now_ns)
        self.sessions.start(now_ns, now_ns if ticks_ns is None else ticks_ns)

    def _restore_items(self, items: list[tuple[str, str, object]]) -> None:
        last: dict[tuple[str, str], object] = {}
        for kind, id, item in items:
            if item is None:
                last.pop((kind, id), None)  # what comes again after this comes last, as it did
            else:
                last[kind, id] = item
        for (kind, id), item in last.items():
            self.items.put(kind, id, item)
            self.tariff.put(kind, id, item)

    def _apply(self, record: StateRecord) -> None:
        if isinstance(record, AccountPut):
            self.accounts.put(decode_account(record.key, record.body))
        elif isinstance(record, AccountRemoved):
            self.accounts.remove(record.key)
        elif isinstance(record, SessionPut):
            self.sessions.life.registry.recover(record.cgrid, record.body)
        elif isinstance(record, SessionProgress):
            self.sessions.life.registry.recover_progress(record.cgrid, record.body)
        elif isinstance(record, SessionClosed):
            self.sessions.life.registry.forget(record.cgrid)

    def step(self, command: object, now_ns: int, ticks_ns: int | None = None) -> object:
        """Does one command and journals what it changed. RequestError when the command cannot be done; StorageUnavailable while the
        storage takes no records: then only questions are answered, and only if they show nothing that is not durable yet.

        `now_ns` is the wall clock (ns since 1970 UTC): it dates records and reads tariffs, and may be set. `ticks_ns` is a clock that
        only runs forward (ns since any instant, one for the life of this engine): intervals run on it. Without it both are one.
        """
        journal = self.journal
        if not self._accepting and (type(command) not in READS or self.ticket > journal.durable_ticket):
            raise StorageUnavailable
        self.sessions.set_ticks(now_ns if ticks_ns is None else ticks_ns)
        try:
            return self._steps[type(command)](command, now_ns)
        except StorageUnavailable:
            if self._moved:  # of one request: who would ask again would have that done twice
                raise server_error(NOT_READY) from None
            raise
        finally:
            if not self._held:
                self._journal(None)
            elif type(command) not in READS:
                self._moved = True

    @property
    def _accepting(self) -> bool:
        """Whether a step may begin. One request is let in whole, or not at all."""
        return self._let_in if self._held else self.journal.accepting

    def hold(self, request: Callable[[], bytes] | None = None) -> None:
        """What the steps from here on change goes into one append, which `release` makes: they are one request, whose commands and answer
        are durable together or not at all. Nothing is awaited in between. Sessions that begin meanwhile remember what `request` gives.

        Steps are refused with StorageUnavailable from the first one on or not at all: what cannot be done now, once something was changed,
        is a RequestError."""
        assert not self._held, "one request at a time"
        self._let_in = self.journal.accepting
        self._held = True
        self._moved = False
        self.sessions.life.request = request

    def release(self, keys: Sequence[bytes], answer: bytes, now_ns: int) -> None:
        """Ends what `hold` began. A request that has one of these keys gets this answer again (`repeated`), after a restart too where
        anything was changed; without an answer nothing is remembered."""
        self._held = self._moved = False
        self.sessions.life.request = None
        record = self.repetitions.record(keys, answer, now_ns) if answer and keys else None
        self._journal(record)
        if record is not None:
            self.repetitions.keep(record, now_ns)

    def repeated(self, keys: Sequence[bytes], now_ns: int) -> bytes | None:
        """The answer that a request with one of these keys got, to be given again once `ticket` is durable; None for a new request."""
        return self.repetitions.find(keys, now_ns)

    def _journal(self, answer: AnswerPut | None) -> None:
        entries, touched = self.charging.ledger.take()
        if entries and self.options.sessions.topup_reauthorizes:
            self._tell_topped_up(entries)
        records: list[Record] = entries
        if self._records:
            records += self._records
            self._records.clear()
        for one in touched:
            if self.accounts.get(one.id) is one:
                records.append(AccountPut(one.id, encode_account(one)))
        records += self.sessions.take_records()
        for room in (self.cdrs.records, self.actions.records):
            if room:
                records.extend(room)
                room.clear()
        asked: list[Errand] | None = None
        if self.actions.outbox.effects or self.sessions.life.effects:
            effects = [*self.actions.take_effects(), *self.sessions.take_effects()]
            asked = self.errands.number(effects, self.journal.last_ticket + 1)
            records += records_of(asked)
        if records:
            if answer is not None:
                records.append(answer)
            self._append(records)
        if asked:
            self.errands.waiting += asked

    def _tell_topped_up(self, entries: Sequence[Record]) -> None:
        """Sessions of accounts that an action gave something are to be looked at again by their clients."""
        accounts: dict[str, None] = {}
        for entry in entries:
            if isinstance(entry, Entry) and entry.cause.startswith("*") and entry.delta_amount > 0:
                accounts[entry.account] = None
        for account_id in accounts:
            self.sessions.outside.reauthorize(account_id)

    def _append(self, records: list[Record]) -> None:
        """Hands records to the journal, and with them what became of effects."""
        done = self.errands.done
        if done:
            records.extend(EffectDone(effect_id) for effect_id in done)
        self.ticket = self.journal.append(records)
        done.clear()

    def wake_at(self, now_ns: int) -> int | None:
        """When `wake` is to be called next by the wall clock; None while nothing is planned."""
        return self.actions.schedule.next_at(now_ns)

    def wake_ticks(self) -> int | None:
        """When `wake` is to be called next by the clock that only runs forward; None while no interval runs."""
        return self.sessions.next_ticks()

    def wake(self, now_ns: int, ticks_ns: int | None = None) -> None:
        """Does what is due by now."""
        self.step(commands.RunDue(), now_ns, ticks_ns)
        if self.sessions.is_due(now_ns if ticks_ns is None else ticks_ns):
            self.step(session_commands.RunSessions(), now_ns, ticks_ns)

    # -- what is asked of the outside -----------------------------------------------------------------------------------

    def sizes(self) -> dict[str, int]:
        """How much the engine keeps of what, by the names of docs/metrics.md."""
        found = self.sessions.life.registry.sizes()
        found["session_sweeps"] = len(self.sessions.loops.sweeps)
        found["accounts"] = len(self.accounts)
        found["session_costs"] = len(self.cdrs.costs)
        found["remembered_runs"] = self.cdrs.remembered
        found["remembered_answers"] = len(self.repetitions)
        found["remembered_answers_bytes"] = self.repetitions.size_bytes
        return found

    def take_effects(self) -> list[Errand]:
        """What steps asked of the outside since this was last called, and at first what a crash left undone: each with its id. It may
        be performed once `ticket` is durable, and is handed out again after a crash until `effect_done` was told and is durable."""
        return self.errands.take()

    def effect_done(self, effect_id: int) -> None:
        """The effect was performed, or is given up: the append of the next step says so, or `journal_done`."""
        if effect_id:
            self.errands.done[effect_id] = None

    @property
    def effects_waiting(self) -> int:
        """How many effects wait to be taken."""
        return len(self.errands.waiting)

    @property
    def has_done(self) -> bool:
        """Whether effects were performed of which the journal has not learned it."""
        return bool(self.errands.done)

    def journal_done(self) -> bool:
        """Journals which effects are done when no step has taken that along; False when the storage takes no records now."""
        if self.errands.done and self.journal.accepting:
            self._append([])
        return not self.errands.done

    def finish(self, effect_id: int, command: object, now_ns: int, ticks_ns: int | None = None) -> object:
        """Does a command that completes an effect: what it changes is durable if and only if the effect is done. See `step`."""
        if not self.journal.accepting:
            raise StorageUnavailable
        self.effect_done(effect_id)
        return self.step(command, now_ns, ticks_ns)

    def _matches(self, tenant: str, filters: Sequence[str], event: Event, now_ns: int) -> bool:
        """Whether an event passes filters."""
        return self.filters.matches(tenant, filters, self.filters.view(event, now_ns), now_ns)

    def _make_account(self, account_id: str, now_ns: int) -> bool:
        """Makes an account by running schedulers.dynaprepaid_actionplans for it; False when there are none or they fail."""
        plans = self.options.dynaprepaid_actionplans
        if not plans or not self._accepting:
            return False
        try:
            self.actions.schedule.run_plans(plans, account_id, now_ns)
        except RequestError:
            return False
        return self.accounts.get(account_id) is not None

    # -- items --------------------------------------------------------------------------------------------------------

    def _get_item(self, command: commands.GetItem, now_ns: int) -> object:
        return self.items.get(command.kind, command.id)

    def _list_items(self, command: commands.ListItems, now_ns: int) -> object:
        return self.items.all(command.kind)

    def _put_item(self, command: commands.PutItem, now_ns: int) -> object:
        self.put_item(command.kind, command.id, command.item)
        return None

    def _remove_item(self, command: commands.RemoveItem, now_ns: int) -> object:
        return self.remove_item(command.kind, command.id)

    def _change_items(self, command: commands.ChangeItems, now_ns: int) -> object:
        for kind, id in command.removals:
            self.remove_item(kind, id)
        for kind, id, item in command.puts:
            self.put_item(kind, id, item)
        return None

    def _together(self, command: commands.Together, now_ns: int) -> object:
        return [self._steps[type(one)](one, now_ns) for one in command.commands]

    def put_item(self, kind: str, id: str, item: object) -> None:
        """Stores an item and lets the room that works with it know. For the rooms; clients send PutItem."""
        record = ItemPut(kind, id, self.items.kinds[kind].encode(item))  # first: what cannot be stored is not there
        self.items.put(kind, id, item)
        self.tariff.put(kind, id, item)
        self._priced_anew(kind)
        self._records.append(record)
        self.dropped_indexes.profile_changed(kind, id)

    def become(self, staged: Staging) -> None:
        """Takes in the rating data of a plan that was staged. For the rooms."""
        staged.swap(self.items, self.tariff)
        self._priced_anew(RATING_PROFILE)
        self._records.extend(staged.records)

    def columns_of(self, sheet: str) -> list[tuple[str, str]]:
        """The columns of a sheet of policies (engine.tariffplan.policies). For the rooms."""
        return columns_of(sheet)

    def profile_of_row(self, sheet: str, cells: list[str], at_ns: int) -> tuple[str, str, object]:
        """What a row of a sheet of policies makes (engine.tariffplan.policies). For the rooms."""
        return profile_of_row(sheet, cells, self.options.zone, at_ns)

    def remove_item(self, kind: str, id: str) -> bool:
        if not self.items.remove(kind, id):
            return False
        self.tariff.remove(kind, id)
        self._priced_anew(kind)
        self._records.append(ItemRemoved(kind, id))
        self.dropped_indexes.profile_changed(kind, id)
        return True

    def _priced_anew(self, kind: str) -> None:
        """Items of a kind changed: where they price calls, clients may be asked to look at their sessions again."""
        if kind in PRICING_KINDS and self.options.sessions.tariff_change_reauthorizes:
            self.sessions.loops.priced_anew = True

    # -- the ledger ---------------------------------------------------------------------------------------------------

    def _forward_entries(self, command: commands.ForwardEntries, now_ns: int) -> object:
        self._records.extend(command.closings)
        return None
