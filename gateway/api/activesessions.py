"""SessionSv1 for operators: which sessions there are, ending and altering them, copies for other engines."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from engine.effects import AlterSession
from engine.errors import RequestError, mandatory_missing, not_found
from engine.money import amount_json
from engine.sessions import commands
from engine.sessions.listing import ListedRun
from engine.times import UTC_ZONE, ZERO_TIME, Moment, format_time
from gateway.api.args import Args
from gateway.api.clients import CLIENTS, Clients, asked
from gateway.api.context import Api
from gateway.api.paging import in_turns
from gateway.api.shapes import ANYTHING, TENANT_WITH_OPTS, TEXT, shape
from gateway.api.table import method

_FILTER: Final = shape("utils.SessionFilter", "Limit *int; Filters []string; Tenant string; APIOpts map[string]any")
_FILTER_WITH_EVENT: Final = shape("utils.SessionFilterWithEvent", "?*utils.SessionFilter; Event map[string]any", _FILTER)
_SESSION_IDS: Final = shape("dispatchers.SessionIDsWithArgsDispatcher", "IDs []string; Tenant string; APIOpts map[string]any")
_REPLICATE: Final = shape(
    "dispatchers.ArgsReplicateSessionsWithAPIOpts", "APIOpts map[string]any; Tenant string; CGRID string; Passive bool; ConnIDs []string"
)
_PEER: Final = shape("utils.DPRArgs", "OriginHost string; OriginRealm string; RemoteAddr string; DisconnectCause int")

SYNC_TIMEOUT_NS: Final = "sessions.channel_sync_timeout"  # the name under which Api.rooms has it
CAPS_ERROR: Final = "max concurrent rpc exceeded"
PARTLY: Final = "PARTIALLY_EXECUTED"


def _time(moment: Moment) -> str:
    return "0001-01-01T00:00:00Z" if moment.ns == ZERO_TIME else format_time(moment.ns, moment.zone)


def external_session(run: ListedRun, node_id: str) -> dict[str, object]:
    """A run as GetActiveSessions writes it."""
    texts = run.texts
    return {
        "CGRID": run.cgrid,
        "RunID": run.run_id,
        "ToR": texts["ToR"],
        "OriginID": texts["OriginID"],
        "OriginHost": texts["OriginHost"],
        "Source": texts["Source"],
        "RequestType": texts["RequestType"],
        "Tenant": run.tenant,
        "Category": texts["Category"],
        "Account": texts["Account"],
        "Subject": texts["Subject"],
        "Destination": texts["Destination"],
        "SetupTime": _time(run.setup),
        "AnswerTime": _time(run.answer),
        "Usage": run.usage_ns,
        "ExtraFields": run.extra_fields,
        "NodeID": node_id,
        "LoopIndex": run.loop_index,
        "DurationIndex": run.duration_index_ns,
        "MaxRate": 0,
        "MaxRateUnit": 0,
        "MaxCostSoFar": amount_json(run.max_cost_so_far),
        "DebitInterval": run.debit_interval_ns,
        "NextAutoDebit": format_time(run.next_debit.ns, UTC_ZONE) if run.next_debit.ns != ZERO_TIME else "0001-01-01T00:00:00Z",
    }


async def _found(api: Api, args: Args, *, passive: bool, count: bool) -> commands.FoundSessions:
    """What a filter means; of many sessions a few are looked at, then others have their turn."""
    limit = args.integer_or_none("Limit") or 0
    wanted = commands.FindSessions(api.tenant(args.text("Tenant")), args.texts("Filters") or (), None, passive, count)
    found = commands.FoundSessions([], 0, more=True)
    while found.more and (count or limit <= 0 or found.count < limit):
        wanted.limit = limit - found.count if limit > 0 else None
        step = api.step(wanted)
        assert isinstance(step, commands.FoundSessions), "sessions are found as a FoundSessions"
        found.runs += step.runs
        found.count += step.count
        found.more = step.more
        wanted.among = step.rest
        if found.more:
            await asyncio.sleep(0)
    return found


async def _list(api: Api, args: Args, *, passive: bool) -> object:
    found = await _found(api, args, passive=passive, count=False)
    if not found.runs:
        raise not_found()
    return await in_turns(found.runs, lambda run: external_session(run, api.options.node_id))


async def _active(api: Api, args: Args) -> object:
    return await _list(api, args, passive=False)


async def _passive(api: Api, args: Args) -> object:
    return await _list(api, args, passive=True)


async def _active_count(api: Api, args: Args) -> object:
    return (await _found(api, args, passive=False, count=True)).count


async def _passive_count(api: Api, args: Args) -> object:
    return (await _found(api, args, passive=True, count=True)).count


# -- ending and altering ---------------------------------------------------------------------------------------------------


def clients_of(api: Api) -> Clients:
    """Who can be called back."""
    return cast("Clients", api.rooms[CLIENTS])


def _force_disconnect(api: Api, args: Args) -> object:
    api.step(
        commands.ForceDisconnect(
            api.tenant(args.text("Tenant")),
            args.texts("Filters") or (),
            args.integer_or_none("Limit"),
            args.mapping("Event") or {},
            args.mapping("APIOpts"),
        )
    )
    return "OK"


async def _alter(api: Api, args: Args) -> object:
    wanted = api.step(
        commands.AlterSessions(
            api.tenant(args.text("Tenant")),
            args.texts("Filters") or (),
            args.integer_or_none("Limit"),
            args.mapping("Event") or {},
            args.mapping("APIOpts"),
        )
    )
    assert isinstance(wanted, list), "sessions come as a list"
    altered = True
    for session in wanted:
        assert isinstance(session, AlterSession), "an AlterSession for each"
        altered = await clients_of(api).alter(session) and altered
    if not altered:
        raise RequestError(PARTLY)
    return "OK"


async def _sync(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    timeout_ns = api.rooms[SYNC_TIMEOUT_NS]
    assert isinstance(timeout_ns, int), "a duration"
    api.step(await asked(clients_of(api), api.now(), timeout_ns))
    return "OK"


async def _disconnect_peer(api: Api, args: Args) -> object:
    if not await clients_of(api).disconnect_peer(dict(args)):
        raise RequestError(PARTLY)
    return "OK"


# -- copies ------------------------------------------------------------------------------------------------------------------


def _set_passive(api: Api, args: Args) -> object:
    session = args["Arg"]
    if not isinstance(session, dict) or not session.get("CGRID"):
        raise mandatory_missing("CGRID")
    api.step(commands.SetPassiveSession(session))
    return "OK"


def _activate(api: Api, args: Args) -> object:
    if api.step(commands.ActivateSessions(args.texts("IDs") or ())):
        raise RequestError(PARTLY)
    return "OK"


def _deactivate(api: Api, args: Args) -> object:
    if api.step(commands.DeactivateSessions(args.texts("IDs") or ())):
        raise RequestError(PARTLY)
    return "OK"


def _replicate(api: Api, args: Args) -> object:
    api.step(commands.ReplicateSessions(args.text("CGRID"), args.flag("Passive"), args.texts("ConnIDs") or ()))
    return "OK"


def _backup(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    """Every change of a session is on disk before it is answered: nothing is left to be stored."""
    found = api.step(commands.FindSessions(api.options.default_tenant, count=True))
    assert isinstance(found, commands.FoundSessions), "sessions are found as a FoundSessions"
    return found.count


def _register(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    return "OK"


def _caps_error(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    raise RequestError(CAPS_ERROR)


METHODS: Final = (
    method("SessionSv1.GetActiveSessions", _FILTER, _active),
    method("SessionSv1.GetActiveSessionsCount", _FILTER, _active_count),
    method("SessionSv1.GetPassiveSessions", _FILTER, _passive),
    method("SessionSv1.GetPassiveSessionsCount", _FILTER, _passive_count),
    method("SessionSv1.ForceDisconnect", _FILTER_WITH_EVENT, _force_disconnect),
    method("SessionSv1.AlterSessions", _FILTER_WITH_EVENT, _alter),
    method("SessionSv1.SyncSessions", TENANT_WITH_OPTS, _sync),
    method("SessionSv1.DisconnectPeer", _PEER, _disconnect_peer),
    method("SessionSv1.SetPassiveSession", ANYTHING, _set_passive),
    method("SessionSv1.ActivateSessions", _SESSION_IDS, _activate),
    method("SessionSv1.DeactivateSessions", _SESSION_IDS, _deactivate),
    method("SessionSv1.ReplicateSessions", _REPLICATE, _replicate),
    method("SessionSv1.BackupActiveSessions", TEXT, _backup),
    method("SessionSv1.RegisterInternalBiJSONConn", TEXT, _register),
    method("SessionSv1.CapsError", ANYTHING, _caps_error),
)
