"""What the engine does with a load: one step in, one step out, and what stays of what was there."""

from __future__ import annotations

from engine import commands
from engine.actions.book import ActionPlan, ActionTiming
from engine.actions.timings import built_in_timings
from engine.profiles.items import Items
from engine.rating.book import Destination, SharedGroup, Timing
from engine.rating.tariff import Tariff
from engine.tariffplan.accounting import AccountAction
from engine.tariffplan.apply import PARTITIONS, PlanRoom, Task
from engine.tariffplan.kinds import LoadMark
from engine.tariffplan.load import LOADED_KINDS, Outcome
from engine.tariffplan.staging import Staging
from engine.tariffplan.terms import Known
from engine.times import UTC_ZONE
from tests.engine.tariffplan.plans import NOW, read

ACTIONS = "ACT,*topup,,,b,*monetary,,,,,,,1,,,,10\nTWO,*log,,,,,,,,,,,,,,,10\n"


class House:
    """The rooms around: items are kept, what is done to accounts is noted in its order."""

    def __init__(self) -> None:
        self.items = Items(LOADED_KINDS)
        self.tariff = Tariff()
        self.done: list[object] = []
        self.puts: list[str] = []
        self._steps = PlanRoom(self, self).steps()

    def become(self, staged: Staging) -> None:
        staged.swap(self.items, self.tariff)

    def put_item(self, kind: str, id: str, item: object) -> None:
        self.puts.append(id)
        self.items.put(kind, id, item)

    def remove_item(self, kind: str, id: str) -> bool:
        return self.items.remove(kind, id)

    def set_account(self, account: AccountAction, now_ns: int) -> None:
        self.done.append(account)

    def remove_account(self, account_id: str, now_ns: int) -> None:
        self.done.append(account_id)

    def queue_tasks(self, tasks: list[Task], now_ns: int) -> None:
        self.done += tasks

    def load(self, outcome: Outcome) -> None:
        assert outcome.load is not None, outcome.faults
        self._steps[commands.LoadPlan](commands.LoadPlan(outcome.load), NOW)

    def remove(self, outcome: Outcome) -> None:
        self._steps[commands.RemovePlan](commands.RemovePlan(outcome.load), NOW)

    def known(self) -> Known:
        found = self._steps[commands.KnownNames](commands.KnownNames(), NOW)
        assert isinstance(found, Known)
        return found

    def plan(self, plan_id: str) -> ActionPlan:
        found = self.items.get("action_plan", plan_id)
        assert isinstance(found, ActionPlan)
        return found

    def tasks(self) -> list[tuple[str, str, str]]:
        return [(task.plan_id, task.timing.ActionsID, task.account_id) for task in self.done if isinstance(task, Task)]


def test_a_load_adds_and_replaces_and_a_later_one_may_name_what_it_brought() -> None:
    house = House()
    house.load(read(Destinations="A,1\nB,2\n", Timings="TM,,,,,08:00:00\n", Actions=ACTIONS, Filters="t,F,*string,~*req.A,1,\n"))
    house.load(read(Destinations="B,3\n"))
    assert house.items.get("destination", "A") == Destination("A", ("1",))
    assert house.items.get("destination", "B") == Destination("B", ("3",))
    known = house.known()
    assert [sorted(names) for names in (known.destinations, known.actions, known.filters)] == [["A", "B"], ["ACT", "TWO"], ["t:F"]]
    assert known.timings == {"TM": Timing("TM", StartTime="08:00:00")}
    house.load(read(known, ActionPlans="AP,ACT,TM,10\n", Chargers="t,C,F,,r,*none,0\n"))
    assert house.known().action_plans == {"AP"}


def test_destinations_that_stay_as_they_are_are_not_stored_again() -> None:
    house = House()
    house.load(read(Destinations="A,1\nB,2\nC,3\n"))
    house.puts.clear()
    house.load(read(Destinations="A,1\nB,4\nC,3\nC,5\n"))
    assert [id for id in house.puts if id in "ABC"] == ["B", "C"]
    assert house.items.get("destination", "C") == Destination("C", ("3", "5"))


def test_accounts_get_their_plan_and_what_is_due_at_once_runs_for_them() -> None:
    house = House()
    house.load(
        read(
            Actions=ACTIONS,
            ActionPlans="ONCE,ACT,*asap,10\nONCE,TWO,*asap,20\nMIXED,ACT,*asap,10\nMIXED,TWO,*monthly,10\nNOBODY,ACT,*asap,10\nLATER,ACT,*daily,1\n",
            AccountActions="t,ann,ONCE,,,\nt,ben,MIXED,,true,\nt,cat,,,,\nt,dan,LATER,,,\n",
        )
    )
    assert [one.account_id for one in house.done if isinstance(one, AccountAction)] == ["t:ann", "t:ben", "t:cat", "t:dan"]
    assert house.tasks() == [
        ("ONCE", "TWO", "t:ann"),  # the heavier first
        ("ONCE", "ACT", "t:ann"),
        ("MIXED", "ACT", "t:ben"),
        ("NOBODY", "ACT", ""),  # a plan that nobody has runs without an account
    ]
    assert house.plan("ONCE").AccountIDs is None  # it will never run again
    assert house.plan("MIXED").AccountIDs == {"t:ben": True}
    assert house.plan("LATER").AccountIDs == {"t:dan": True}


def test_loading_again_keeps_accounts_of_plans_and_members_of_groups() -> None:
    house = House()
    sheets = {"Actions": ACTIONS, "ActionPlans": "AP,ACT,*monthly,10\nAP,TWO,*asap,10\n", "SharedGroups": "G,*any,*lowest,\n"}
    house.load(read(**sheets, AccountActions="t,ann,AP,,,\n"))
    house.put_item("shared_group", "G", SharedGroup("G", {}, ("t:ann",)))
    house.done.clear()
    house.load(read(**sheets))
    assert house.plan("AP").AccountIDs == {"t:ann": True}
    group = house.items.get("shared_group", "G")
    assert isinstance(group, SharedGroup)
    assert (group.MemberIds, list(group.AccountParameters)) == (("t:ann",), ["*any"])
    assert house.done == []  # nobody came to the plan, and it is not nobody's
    house.load(read(house.known(), AccountActions="t,ben,AP,,,\n"))
    assert house.plan("AP").AccountIDs == {"t:ann": True, "t:ben": True}
    assert house.tasks() == [("AP", "TWO", "t:ben")]


def test_what_a_plan_names_is_taken_out_with_its_accounts() -> None:
    house = House()
    outcome = read(Destinations="A,1\n", Actions=ACTIONS, ActionPlans="AP,ACT,*monthly,10\n", AccountActions="t,ann,AP,,,\n")
    house.load(outcome)
    timing = ActionTiming("u", built_in_timings(NOW, UTC_ZONE)["*daily"], "ACT")
    house.put_item("action_plan", "OTHER", ActionPlan("OTHER", {"t:ann": True, "t:ben": True}, (timing,)))
    house.put_item("destination", "B", Destination("B", ("2",)))
    house.done.clear()
    house.remove(outcome)
    assert house.items.ids("destination") == ["B"]
    assert house.items.ids("actions") == []
    assert house.done == ["t:ann"]
    assert house.plan("OTHER").AccountIDs == {"t:ben": True}


def test_a_load_is_marked_under_the_names_of_cache_partitions() -> None:
    house = House()
    house.load(read(Destinations="A,1\n", AccountActions="t,ann,,,,\n"))
    marks = house.items.all("load_mark")
    assert marks == dict.fromkeys(("*account_action_plans", "*destinations", "*reverse_destinations"), LoadMark(NOW))


def test_every_kind_that_sheets_bring_has_a_partition() -> None:
    kinds = {kind.name for kind in LOADED_KINDS if not kind.name.startswith(("old_", "tp_"))}
    assert set(PARTITIONS) <= kinds
    assert kinds - set(PARTITIONS) <= {"load_mark", "account_plans", "action_task", "action_run", "dropped_index"}
