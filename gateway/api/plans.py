"""Action plans as clients set, get, list and remove them; the scheduler."""

from __future__ import annotations

from typing import Final

from engine import commands
from engine.actions.book import ActionPlan, ActionTiming
from engine.actions.kinds import ACTION_PLAN
from engine.actions.timings import ANY, ASAP, built_in_timings
from engine.commands import GetItem
from engine.errors import RequestError, not_found, server_error
from engine.rating.book import Timing
from engine.times import UTC_ZONE, ZERO_TIME, format_time, parse_time
from gateway.api import loose
from gateway.api.accounts import account_id
from gateway.api.actions import ids_of
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.gotypes import read_number
from gateway.api.paging import page, page_of_ids
from gateway.api.ratingdata import OK, shown_timing, zone
from gateway.api.shapes import EVENT, PAGINATOR, PAGINATOR_WITH_TENANT, TENANT_ACCOUNT, TENANT_WITH_OPTS, TEXT, shape
from gateway.api.table import method

# -- action plans ------------------------------------------------------------------------------------------------------------

_PLAN_ROW: Final = shape(
    "v1.AttrActionPlan",
    "ActionsId string; TimingID string; Years string; Months string; MonthDays string; WeekDays string; Time string; Weight float64",
)
_SET_PLAN: Final = shape(
    "v1.AttrSetActionPlan",
    "Id string; ActionPlan []*v1.AttrActionPlan; Overwrite bool; ReloadScheduler bool; APIOpts map[string]any",
    _PLAN_ROW,
)
_SET_PLAN_ACCOUNTS: Final = shape(
    "v1.AttrSetActionPlanAccounts",
    "Id string; AccountIDs []string; ActionPlan []*v1.AttrActionPlan; Overwrite bool; ReloadScheduler bool; APIOpts map[string]any",
    _PLAN_ROW,
)
_PLAN: Final = shape("v1.AttrGetActionPlan", "ID string; APIOpts map[string]any")
_REMOVE_TIMING: Final = shape(
    "v1.AttrRemoveActionTiming",
    "ActionPlanId string; ActionTimingId string; Tenant string; Account string; ReloadScheduler bool; APIOpts map[string]any",
)


def _set_plan(api: Api, args: Args) -> object:
    return _store_plan(api, args, None)


def _set_plan_accounts(api: Api, args: Args) -> object:
    return _store_plan(api, args, args.texts("AccountIDs"))


def _store_plan(api: Api, args: Args, account_ids: list[str] | None) -> object:
    rows = args.each("ActionPlan")
    for row in rows:
        missing = [name for name in ("ActionsId", "Time") if not row.text(name).strip()]
        if missing:
            raise RequestError(f"MANDATORY_IE_MISSING:Action:{row.text('ActionsId')}:[{' '.join(missing)}]")
    timings = tuple(ActionTiming("", _plan_timing(api, row), row.text("ActionsId"), loose.number(row.number("Weight"))) for row in rows)
    members = None if account_ids is None else dict.fromkeys(account_ids, True)
    plan = ActionPlan(args.text("Id"), members, timings)
    api.step(commands.SetActionPlan(plan, args.flag("Overwrite"), args.flag("ReloadScheduler")))
    return OK


def _plan_timing(api: Api, row: Args) -> Timing:
    """A timing from its texts. A word such as `*monthly` begins now; what is no number in a list is passed over."""
    time = row.text("Time")
    word = built_in_timings(api.now(), zone(api)).get(time)
    if word is not None and time not in (ANY, ASAP):
        return word
    start, _, end = time.partition(";")
    days = [_numbers(row.text(name)) for name in ("Years", "Months", "MonthDays", "WeekDays")]
    return Timing("", days[0], days[1], days[2], days[3], start, end)


def _numbers(text: str) -> tuple[int, ...] | None:
    """Numbers between semicolons; () for any, None when nothing of the text is a number."""
    if text in ("", ANY):
        return ()
    return tuple(int(part) for part in text.split(";") if part.removeprefix("-").isdecimal()) or None


def _get_plans(api: Api, args: Args) -> object:
    wanted = [args.text("ID")] if args.text("ID") else ids_of(api, ACTION_PLAN)
    found = [api.step(GetItem(ACTION_PLAN, plan_id)) for plan_id in wanted]
    plans = [plan for plan in found if isinstance(plan, ActionPlan)]
    if not plans:
        raise not_found()
    return [_shown_plan(plan) for plan in plans]


def _shown_plan(plan: ActionPlan) -> dict[str, object]:
    timings = [
        {
            "Uuid": one.Uuid,
            "Timing": {"Timing": shown_timing(one.Timing), "Rating": None, "Weight": 0},
            "ActionsID": one.ActionsID,
            "ExtraData": None,
            "Weight": read_number(one.Weight),
        }
        for one in plan.ActionTimings
    ]
    return {"Id": plan.Id, "AccountIDs": plan.AccountIDs, "ActionTimings": timings}


def _plan_ids(api: Api, args: Args) -> object:
    return page_of_ids(ids_of(api, ACTION_PLAN), args)


def _remove_plan(api: Api, args: Args) -> object:
    api.step(commands.RemoveActionPlan(args.text("ID")))
    return OK


def _remove_timing(api: Api, args: Args) -> object:
    account = account_id(api, args) if args.text("Account") else ""
    try:
        api.step(commands.RemoveActionTiming(args.text("ActionPlanId"), args.text("ActionTimingId"), account, args.flag("ReloadScheduler")))
    except RequestError as fault:
        raise server_error(fault.text) from None
    return OK


def _account_plans(api: Api, args: Args) -> object:
    if not args.text("Account").strip():
        raise RequestError("MANDATORY_IE_MISSING: [Account ]")
    found = api.step(commands.GetAccountPlans(account_id(api, args)))
    assert isinstance(found, list), "the plans of an account come as a list"
    return [
        {
            "ActionPlanId": plan_id,
            "Uuid": timing.Uuid,
            "ActionsId": timing.ActionsID,
            "NextExecTime": format_time(ZERO_TIME if next_ns is None else next_ns, UTC_ZONE if next_ns is None else zone(api)),
        }
        for plan_id, timing, next_ns in found
    ]


def _compute_account_plans(api: Api, args: Args) -> object:  # noqa: ARG001
    api.step(commands.ComputeAccountPlans())
    return OK


# -- the scheduler -----------------------------------------------------------------------------------------------------------

_SCHEDULED: Final = shape(
    "scheduler.ArgsGetScheduledActions",
    "Tenant *string; Account *string; TimeStart *time.Time; TimeEnd *time.Time; utils.Paginator; APIOpts map[string]any",
    PAGINATOR,
)
_RUN_PLANS: Final = shape(
    "utils.AttrsExecuteActionPlans", "ActionPlanIDs []string; Tenant string; AccountID string; APIOpts map[string]any"
)
_RUN_ACTIONS: Final = shape(
    "utils.AttrsExecuteActions",
    "ActionPlanID string; TimeStart time.Time; TimeEnd time.Time; Tenant string; APIOpts map[string]any",
)


def _scheduled(api: Api, args: Args) -> object:
    account = args.text_or_none("Account")
    wanted = f"{api.tenant(args.text_or_none('Tenant') or '')}:{account}" if account else ""
    due = api.step(commands.ListDue(wanted))
    assert isinstance(due, list), "the queue comes as a list"
    from_ns, to_ns = _instant(api, args.text_or_none("TimeStart")), _instant(api, args.text_or_none("TimeEnd"))
    found = [one for one in due if (from_ns is None or one[0] >= from_ns) and (to_ns is None or one[0] <= to_ns)]
    if not found:
        raise not_found()
    return [
        {
            "NextRunTime": format_time(at_ns, zone(api)),
            "Accounts": accounts,
            "ActionPlanID": plan_id,
            "ActionTimingUUID": timing.Uuid,
            "ActionsID": timing.ActionsID,
        }
        for at_ns, plan_id, timing, accounts in page(found, args.integer_or_none("Limit"), args.integer_or_none("Offset")) or []
    ]


def _instant(api: Api, text: str | None) -> int | None:
    if text is None:
        return None
    found = parse_time(text, zone(api), api.now()).ns
    return None if found == ZERO_TIME else found


def _reload(api: Api, args: Args) -> object:  # noqa: ARG001
    api.step(commands.ReloadSchedule())
    return OK


def _run_plans(api: Api, args: Args) -> object:
    name = args.text("AccountID")
    account = f"{api.tenant(args.text('Tenant'))}:{name}" if name else ""
    api.step(commands.RunPlans(args.texts("ActionPlanIDs") or [], account))
    return OK


def _run_actions(api: Api, args: Args) -> object:
    """The timings of a plan, or what the queue would run between two times."""
    wanted: list[object] = []
    if args.text("ActionPlanID"):
        wanted.append(commands.RunPlans([args.text("ActionPlanID")]))
    from_ns, to_ns = _instant(api, args.text("TimeStart")), _instant(api, args.text("TimeEnd"))
    if from_ns is not None and to_ns is not None:
        wanted.append(commands.RunQueue(from_ns, to_ns))
    api.step(commands.Together(wanted))
    return OK


METHODS: Final = (
    method("APIerSv1.SetActionPlan", _SET_PLAN, _set_plan, "Id ActionPlan"),
    method("APIerSv1.SetActionPlanAccounts", _SET_PLAN_ACCOUNTS, _set_plan_accounts, "Id ActionPlan"),
    method("APIerSv1.GetActionPlan", _PLAN, _get_plans),
    method("APIerSv1.GetActionPlanIDs", PAGINATOR_WITH_TENANT, _plan_ids),
    method("APIerSv1.RemoveActionPlan", _PLAN, _remove_plan, "ID"),
    method("APIerSv1.RemoveActionTiming", _REMOVE_TIMING, _remove_timing, "ActionPlanId"),
    method("APIerSv1.GetAccountActionPlan", TENANT_ACCOUNT, _account_plans),
    method("APIerSv1.ComputeAccountActionPlans", TENANT_WITH_OPTS, _compute_account_plans),
    method("APIerSv1.ComputeActionPlanIndexes", TEXT, _compute_account_plans),
    method("APIerSv1.GetScheduledActions", _SCHEDULED, _scheduled),
    method("SchedulerSv1.Reload", EVENT, _reload),
    method("SchedulerSv1.ExecuteActionPlans", _RUN_PLANS, _run_plans),
    method("SchedulerSv1.ExecuteActions", _RUN_ACTIONS, _run_actions),
)
