"""Whether everything that was acknowledged is there: every record found by GetCDRs, once; every balance what its entries add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from gateway.cli.client import Client, RefusedError
from gateway.cli.limits import BENCH_PAGE
from gateway.cli.measure.plan import TENANT
from gateway.cli.measure.work import Work
from gateway.cli.outcome import CommandError


def wait_until_queryable(client: Client, work: Work, last: int) -> None:
    """Returns when the last record that was acknowledged is found: an answer waits for all that was stored before the question."""
    if work.stores and last:
        origin = work.origin_of(last - 1)
        found = client.call("CDRsV1.GetCDRs", {"OriginIDs": [origin], "Tenants": [TENANT]})
        if not isinstance(found, list) or len(found) != work.stores:
            raise CommandError(f"the record of {origin} was acknowledged and is not found")


def records_missing(client: Client, work: Work, last: int) -> tuple[int, int]:
    """Records of the chains below `last` GetCDRs does not find, those that it finds twice, free of charge, or never asked for."""
    found = bytearray(last)
    surplus = 0
    for cdr in _records(client):
        origin = str(cdr["OriginID"])
        if not origin.startswith(work.origin):
            continue
        number = int(origin.removeprefix(work.origin))
        cost = cdr["Cost"]
        if number >= last or found[number] or not isinstance(cost, int | Decimal) or cost <= 0:
            surplus += 1
        else:
            found[number] = 1
    return last * work.stores - sum(found), surplus


def _records(client: Client) -> Iterator[Mapping[str, object]]:
    """Every record of ours, page by page."""
    start = 0
    while True:
        asked = {"Tenants": [TENANT], "ExtraArgs": {"OrderIDStart": start}, "Limit": BENCH_PAGE}
        try:
            page = client.call("CDRsV1.GetCDRs", asked)
        except RefusedError as refused:
            if "NOT_FOUND" in refused.text:
                return
            raise
        for cdr in page if isinstance(page, list) else ():
            start = max(start, int(cdr["OrderID"]) + 1)
            yield cdr
