"""Rating stored records again: CDRsV1.RateCDRs and ReprocessCDRs.

Which records a call is about is settled when it comes, in the order that it asks for. First everything that they took goes back, then
each is rated in that order: what one call had of free minutes, another may have now. Each step is durable before the next begins; a call
that is broken off in the middle leaves records without a cost (ExtraInfo REFUNDED), which cost nobody anything until they are rated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, cast

import msgspec

from engine import commands
from engine.errors import not_found, server_error
from engine.limits import MAX_RERATED_PER_STEP
from engine.records import CdrPut
from engine.storage.query import CdrOrder, CdrQuery
from gateway.api.args import Args
from gateway.api.cdrqueries import FILTER, asked, pages_of, query_of
from gateway.api.cdrs import switches_of
from gateway.api.context import Api
from gateway.api.limits import MAX_RERATED_PER_CALL
from gateway.api.shapes import shape
from gateway.api.table import method

JOURNAL: Final = "journal"  # the name under which Api.rooms has what says when a step is durable

Run = tuple[str, str]
_RATE: Final = shape("engine.ArgRateCDRs", "Flags []string; utils.RPCCDRsFilter", FILTER)
_ORDERS: Final[dict[CdrOrder, Callable[[CdrPut], int]]] = {
    CdrOrder.ORDER_ID: lambda cdr: cdr.order_id,
    CdrOrder.SETUP: lambda cdr: cdr.setup_ns,
    CdrOrder.ANSWER: lambda cdr: cdr.answer_ns,
    CdrOrder.USAGE: lambda cdr: cdr.usage_ns,
    CdrOrder.COST: lambda cdr: cdr.cost_amount or 0,
}


class Waiting(Protocol):
    """The part of the journal that is needed here."""

    async def wait(self, ticket: int) -> None:
        """Returns when the ticket is durable."""


async def _rate(api: Api, args: Args) -> object:
    return await _again(api, args, rate=True)


async def _reprocess(api: Api, args: Args) -> object:
    return await _again(api, args, rate=None)


async def _again(api: Api, args: Args, *, rate: bool | None) -> object:
    switches = switches_of(args)
    switches.rate = switches.rate if rate is None else rate
    options = args.mapping("APIOpts") or {}
    runs = await _runs(api, query_of(api, args))
    if not runs:
        raise not_found()
    await _in_steps(api, runs, lambda part: commands.RefundCdrs(part, switches), begun=False)
    await _in_steps(api, runs, lambda part: commands.RateCdrs(part, switches, options), begun=True)
    return "OK"


async def _runs(api: Api, query: CdrQuery) -> list[Run]:
    """The runs that a query finds, in its order. RequestError when they are too many."""
    by_id = query.order_by is CdrOrder.ORDER_ID
    order = _ORDERS[query.order_by]
    found: list[tuple[int, int, Run]] = []
    wanted = query if by_id else msgspec.structs.replace(query, order_by=CdrOrder.ORDER_ID, descending=False, limit=None, offset=0)
    async for page in pages_of(api, wanted):
        found.extend((order(cdr), cdr.order_id, (cdr.cgrid, cdr.run_id)) for cdr in page)
        if len(found) > MAX_RERATED_PER_CALL:
            raise server_error(f"more than {MAX_RERATED_PER_CALL} records: ask for fewer at a time")
    if not by_id:
        found.sort(reverse=query.descending)
        found = found[query.offset : None if query.limit is None else query.offset + query.limit]
    return [run for _, _, run in found]


async def _in_steps(api: Api, runs: Sequence[Run], command: Callable[[Sequence[Run]], object], *, begun: bool) -> None:
    """Sends a command for some runs after the other. `begun`: something was changed before, so that even the first waits for the disk."""
    journal = cast("Waiting", api.rooms[JOURNAL])
    for start in range(0, len(runs), MAX_RERATED_PER_STEP):
        part = command(runs[start : start + MAX_RERATED_PER_STEP])
        if begun or start:
            await api.go_on(part)
        else:
            api.step(part)
        await asked(journal.wait(api.engine.ticket))


METHODS: Final = (
    method("CDRsV1.RateCDRs", _RATE, _rate),
    method("CDRsV1.ReprocessCDRs", _RATE, _reprocess),
)
