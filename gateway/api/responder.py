"""Responder's charging methods and the usage methods of APIerSv1: a described call against an account."""

from __future__ import annotations

from typing import Final

import msgspec

from engine import commands
from engine.errors import Refusal, RequestError, mandatory_missing, server_error
from engine.event import truth
from engine.money import DECIMALS, Amount, Ratio, amount_of, consumed_units, decimal_ratio, factor_of
from engine.rating.call import Call, CallCost
from engine.rating.cost import EventCost
from engine.times import ZERO_TIME, parse_time, zone_of
from engine.usage import HOUR, VOICE, parse_duration
from gateway.api.accounts import account_data
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.costs import call_cost_data
from gateway.api.sessions import event_of
from gateway.api.shapes import EVENT, shape
from gateway.api.table import method

MAX_CALL_NS: Final = 3 * HOUR  # asked for where a usage record names no usage

_UNIT: Final = shape("engine.UnitInfo", "UUID string; ID string; Value float64; Consumed float64; Factor float64; ToR string")
_MONEY: Final = shape("engine.MonetaryInfo", "UUID string; ID string; Value float64")
_INFO: Final = shape("engine.DebitInfo", "Unit *engine.UnitInfo; Monetary *engine.MonetaryInfo; AccountID string", _UNIT, _MONEY)
_INCREMENT: Final = shape(
    "engine.Increment", "Duration time.Duration; Cost float64; BalanceInfo *engine.DebitInfo; CompressFactor int", _INFO
)
_DESCRIPTOR: Final = shape(
    "engine.CallDescriptor",
    "Category string; Tenant string; Subject string; Account string; Destination string; TimeStart time.Time; TimeEnd time.Time;"
    "LoopIndex float64; DurationIndex time.Duration; Increments []*engine.Increment; ToR string; ExtraFields map[string]string;"
    "MaxRate float64; MaxRateUnit time.Duration; MaxCostSoFar float64; CgrID string; RunID string; ForceDuration bool;"
    "PerformRounding bool; DenyNegativeAccount bool; DryRun bool",
    _INCREMENT,
)
DESCRIPTOR: Final = shape("engine.CallDescriptorWithAPIOpts", "*engine.CallDescriptor; APIOpts map[string]any", _DESCRIPTOR)
_CDR: Final = shape(
    "engine.CDRWithAPIOpts",
    "CGRID string; RunID string; OriginHost string; Source string; OriginID string; ToR string; RequestType string; Tenant string;"
    "Category string; Account string; Subject string; Destination string; SetupTime time.Time; AnswerTime time.Time;"
    "Usage time.Duration; Cost *float64; APIOpts map[string]any",
)
_ON_ACCOUNTS: Final = shape(
    "utils.GetMaxSessionTimeOnAccountsArgs",
    "Tenant string; Subject string; Destination string; SetupTime time.Time; Usage time.Duration; AccountIDs []string;"
    "APIOpts map[string]any",
)
_USAGE: Final = shape(
    "engine.UsageRecord",
    "ID string; ToR string; RequestType string; Tenant string; Category string; Account string; Subject string; Destination string;"
    "SetupTime string; AnswerTime string; Usage string; ExtraFields map[string]string",
)
_USAGE_WITH_OPTS: Final = shape("engine.UsageRecordWithAPIOpts", "*engine.UsageRecord; APIOpts map[string]any", _USAGE)
_USAGE_OPTIONS: Final = shape(
    "v1.AttrDebitUsageWithOptions", "UsageRecord *engine.UsageRecordWithAPIOpts; AllowNegativeAccount bool", _USAGE_WITH_OPTS
)
_EMPTY_ACCOUNT: Final = {
    "ID": "",
    "BalanceMap": None,
    "UnitCounters": None,
    "ActionTriggers": None,
    "AllowNegative": False,
    "Disabled": False,
    "UpdateTime": "0001-01-01T00:00:00Z",
}


def call_of_descriptor(api: Api, args: Args) -> Call:
    """The call that a descriptor describes."""
    zone = zone_of(api.options.default_timezone)
    start = parse_time(args.text("TimeStart"), zone, api.now())
    end = parse_time(args.text("TimeEnd"), zone, api.now())
    call = Call(
        api.tenant(args.text("Tenant")),
        args.text("Category"),
        args.text("Subject"),
        args.text("Account"),
        args.text("Destination"),
        args.text("ToR") or VOICE,
        start.ns,
        max(start.ns, end.ns),
        start.zone,
    )
    call.duration_index_ns = max(args.integer("DurationIndex"), call.duration_ns)
    call.loop_index = int(args.number("LoopIndex"))
    call.max_cost_so_far = amount_of(args.number("MaxCostSoFar"))
    call.max_rate = _ratio(args, "MaxRate")
    call.max_rate_unit_ns = args.integer("MaxRateUnit")
    call.force_duration = args.flag("ForceDuration")
    call.perform_rounding = args.flag("PerformRounding")
    call.deny_negative = args.flag("DenyNegativeAccount")
    call.cgrid = args.text("CgrID")
    call.run_id = args.text("RunID")
    call.factor_id = str((args.mapping("ExtraFields") or {}).get("BalanceFactorID", ""))
    return call


def _ratio(args: Args, name: str) -> Ratio:
    value = args.number(name)
    return Ratio(value, 1) if isinstance(value, int) else decimal_ratio(value)


def _taken(result: object) -> CallCost:
    if isinstance(result, Refusal):
        raise RequestError(result.value)
    assert isinstance(result, CallCost), "a debit answers a cost or a refusal"
    return result


def _debit(api: Api, args: Args) -> object:
    call = call_of_descriptor(api, args)
    if args.flag("DryRun") or truth((args.mapping("APIOpts") or {}).get("*ralsDryRun")):
        return call_cost_data(_taken(api.step(commands.QuoteCall(call))))
    return call_cost_data(_taken(api.step(commands.DebitCall(call))))


def _max_debit(api: Api, args: Args) -> object:
    return call_cost_data(_taken(api.step(commands.DebitCall(call_of_descriptor(api, args), at_most=True))))


def _max_session(api: Api, args: Args) -> object:
    return _limit(api, call_of_descriptor(api, args))


def _limit(api: Api, call: Call) -> int:
    result = api.step(commands.MaxSession(call))
    if isinstance(result, Refusal):
        raise RequestError(result.value)
    assert isinstance(result, int), "a limit is a number of ns"
    return result


def _max_session_on_accounts(api: Api, args: Args) -> object:
    """The first of the accounts that can pay anything."""
    start = parse_time(args.text("SetupTime"), zone_of(api.options.default_timezone), api.now())
    refused: RequestError | None = None
    for account in args.texts("AccountIDs") or ():
        call = Call(
            api.tenant(args.text("Tenant")),
            "*routes",
            args.text("Subject"),
            account,
            args.text("Destination"),
            VOICE,
            start.ns,
            start.ns + args.integer("Usage"),
            start.zone,
        )
        try:
            limit = _limit(api, call)
        except RequestError as fault:
            refused = fault
            continue
        if limit > 0:
            return {"Account": account, "Cost": 0, "MaxUsage": limit}
    if refused is not None:
        raise refused
    return None


def _refund(api: Api, args: Args) -> object:
    call = call_of_descriptor(api, args)
    parts = [part for increment in args.each("Increments") for part in _parts_of(increment)]
    if not parts:
        return _EMPTY_ACCOUNT
    api.step(commands.RefundCall(call, parts))
    return account_data(api, call.tenant, call.account or call.subject)


def _parts_of(increment: Args) -> list[commands.Refund]:
    info = increment.nested("BalanceInfo")
    if info is None:
        return []
    count = max(1, increment.integer("CompressFactor"))
    unit = info.nested("Unit")
    money = info.nested("Monetary")
    units = 0 if unit is None else _units_of(unit, increment.integer("Duration")) * count
    return [
        commands.Refund(
            info.text("AccountID"),
            "" if unit is None else unit.text("UUID"),
            units,
            "" if unit is None else unit.text("ToR"),
            "" if money is None else money.text("UUID"),
            amount_of(increment.number("Cost")) * count,
        )
    ]


def _units_of(unit: Args, duration: int) -> Amount:
    """What one increment took from a balance of units: what it says it consumed, else its duration by its factor (none: nothing)."""
    factor = factor_of(unit.number("Factor"))
    if factor == 0:
        return 0
    return amount_of(unit.number("Consumed")) or consumed_units(duration, factor, DECIMALS)


def _refund_rounding(api: Api, args: Args) -> object:
    call = call_of_descriptor(api, args)
    corrections = [
        (part.account_id, part.money_uuid, part.money_amount) for increment in args.each("Increments") for part in _parts_of(increment)
    ]
    if not corrections:
        return _EMPTY_ACCOUNT
    api.step(commands.RoundCall(corrections))
    return account_data(api, call.tenant, call.account or call.subject)


def _debit_monetary(api: Api, args: Args) -> object:
    cost = args.number_or_none("Cost")
    if cost is None:
        raise mandatory_missing("Cost")
    zone = zone_of(api.options.default_timezone)
    start = parse_time(args.text("AnswerTime"), zone, api.now())
    if start.ns == ZERO_TIME:
        start = parse_time(args.text("SetupTime"), zone, api.now())
    call = Call(
        api.tenant(args.text("Tenant")),
        args.text("Category"),
        args.text("Subject") or args.text("Account"),
        args.text("Account"),
        args.text("Destination"),
        args.text("ToR") or VOICE,
        start.ns,
        start.ns + args.integer("Usage"),
        start.zone,
    )
    return call_cost_data(_taken(api.step(commands.DebitMoney(call, amount_of(cost)))))


def _account_cost(api: Api, args: Args) -> object:
    event = event_of(api, args)
    zone = zone_of(api.options.default_timezone)
    try:
        start = event.moment("AnswerTime", zone, api.now())
        if start.ns == ZERO_TIME:
            start = event.moment("SetupTime", zone, api.now())
        usage_ns = event.usage("Usage") or 0
    except ValueError as fault:
        raise RequestError(str(fault)) from None
    account = event.text("Account")
    tenant = api.tenant(event.text("Tenant") or event.tenant)
    subject = event.text("Subject") or account
    call = Call(
        tenant,
        event.text("Category"),
        subject,
        account,
        event.text("Destination"),
        event.text("ToR") or VOICE,
        start.ns,
        start.ns + usage_ns,
        start.zone,
    )
    result = api.step(commands.QuoteCall(call))
    if isinstance(result, Refusal):
        raise server_error(result.value)
    assert isinstance(result, CallCost), "a quote is a cost or a refusal"
    return msgspec.Raw(EventCost.of(result, "", "").to_json())


def _usage_call(api: Api, args: Args) -> Call:
    """The call of a usage record, where an empty usage asks for the longest call."""
    zone = zone_of(api.options.default_timezone)
    try:
        start = parse_time(args.text("AnswerTime") or args.text("SetupTime"), zone, api.now())
        usage_ns = parse_duration(args.text("Usage")) or MAX_CALL_NS
    except ValueError as fault:
        raise RequestError(str(fault)) from None
    account = args.text("Account")
    tor = args.text("ToR") or VOICE
    call = Call(
        api.tenant(args.text("Tenant")),
        args.text("Category") or "call",
        args.text("Subject") or account,
        account,
        args.text("Destination"),
        tor,
        start.ns,
        start.ns + usage_ns,
        start.zone,
    )
    call.factor_id = str((args.mapping("ExtraFields") or {}).get("BalanceFactorID", ""))
    return call


def _max_usage(api: Api, args: Args) -> object:
    return _limit(api, _usage_call(api, args))


def _debit_usage(api: Api, args: Args, *, allow_negative: bool = True) -> object:
    call = _usage_call(api, args)
    call.deny_negative = not allow_negative
    result = api.step(commands.DebitCall(call))
    if isinstance(result, Refusal):
        raise server_error(result.value)
    return "OK"


def _debit_usage_with_options(api: Api, args: Args) -> object:
    record = args.nested("UsageRecord")
    if record is None:
        raise mandatory_missing("UsageRecord")
    return _debit_usage(api, record, allow_negative=args.flag("AllowNegativeAccount"))


METHODS: Final = (
    method("Responder.Debit", DESCRIPTOR, _debit),
    method("Responder.MaxDebit", DESCRIPTOR, _max_debit),
    method("Responder.GetMaxSessionTime", DESCRIPTOR, _max_session),
    method("Responder.GetMaxSessionTimeOnAccounts", _ON_ACCOUNTS, _max_session_on_accounts),
    method("Responder.RefundIncrements", DESCRIPTOR, _refund),
    method("Responder.RefundRounding", DESCRIPTOR, _refund_rounding),
    method("Responder.DebitMonetary", _CDR, _debit_monetary),
    method("APIerSv1.GetAccountCost", EVENT, _account_cost),
    method("APIerSv1.GetMaxUsage", _USAGE_WITH_OPTS, _max_usage),
    method("APIerSv1.DebitUsage", _USAGE_WITH_OPTS, _debit_usage),
    method("APIerSv1.DebitUsageWithOptions", _USAGE_OPTIONS, _debit_usage_with_options),
)
