"""tollwire cdrs: stored records, page by page as they come from the server; new ones as they are made."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from typing import Final

from engine.times import UTC_ZONE, format_time
from engine.usage import parse_duration
from gateway.cli.client import Client, RefusedError, client_of, server_arguments
from gateway.cli.costs import usage
from gateway.cli.limits import CDR_PAGE, CDRS_BEFORE_FOLLOW
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.cli.selection import TABLE, Row, Writer, columns_of, follow_arguments, form_arguments, interval_of

METHOD: Final = "APIerSv2.GetCDRs"
NOT_FOUND: Final = "NOT_FOUND"

# option, field of the method's filter, what it is
_LISTS: Final = (
    ("--account", "Accounts", "of this account"),
    ("--subject", "Subjects", "of this subject"),
    ("--destination", "DestinationPrefixes", "to numbers that begin so"),
    ("--tenant", "Tenants", "of this tenant"),
    ("--category", "Categories", "of this category"),
    ("--tor", "ToRs", "of this type: *voice, *data, *sms ..."),
    ("--request-type", "RequestTypes", "such as *prepaid"),
    ("--run", "RunIDs", "of this charger run"),
    ("--source", "Sources", "from this source"),
    ("--origin-id", "OriginIDs", "that the switch calls so"),
    ("--origin-host", "OriginHosts", "of this switch"),
    ("--cgrid", "CGRIDs", "of this session"),
)
FIELDS: Final = (
    "OrderID CGRID RunID OriginHost Source OriginID ToR RequestType Tenant Category Account Subject Destination SetupTime AnswerTime Usage "
    "Cost CostSource CostDetails ExtraFields ExtraInfo PreRated"
).split()
USUAL: Final = ("OrderID", "SetupTime", "Tenant", "Account", "ToR", "Destination", "Usage", "Cost", "RequestType", "RunID", "OriginID")
CSV_USUAL: Final = tuple(name for name in FIELDS if name != "CostDetails")
_NUMBERS: Final = frozenset({"OrderID", "Usage", "Cost"})
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    server_arguments(parser)
    form_arguments(parser, with_csv=True)
    for option, field, about in _LISTS:
        parser.add_argument(option, action="append", dest=field, metavar="TEXT", help=f"records {about}; several may be given")
    parser.add_argument("--since", metavar="TIME", help="set up then or later: 2026-03-01, 2026-03-01T08:30:00Z, 24h (ago)")
    parser.add_argument("--until", metavar="TIME", help="set up before this time")
    parser.add_argument("--min-cost", type=float, dest="MinCost", metavar="NUMBER", help="that cost as much or more")
    parser.add_argument("--max-cost", type=float, dest="MaxCost", metavar="NUMBER", help="that cost less than this")
    parser.add_argument("--errors", action="store_true", help="that could not be rated")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N only")
    parser.add_argument("--last", type=int, metavar="N", help=f"the last N only (with --follow {CDRS_BEFORE_FOLLOW})")
    parser.add_argument("--follow", "-f", action="store_true", help="go on with records as they are made")
    follow_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the records that the arguments ask for."""
    _check(options)
    usual = CSV_USUAL if options.format == "csv" else USUAL
    writer = Writer(options.format, columns_of(options, usual, FIELDS), _NUMBERS)
    seconds = interval_of(options)
    with client_of(options) as client:
        last = -1
        for page in _asked(client, options):
            writer.write([shown(row, options.format) for row in page])
            last = max(last, *(order_id(row) for row in page))
        if last < 0:
            writer.write([])
        while options.follow:
            time.sleep(seconds)
            for page in pages(client, filter_of(options), max(last, 0) + 1, None):
                writer.write([shown(row, options.format) for row in page])
                last = max(last, *(order_id(row) for row in page))
    return Exit.OK


def _check(options: argparse.Namespace) -> None:
    for name in ("limit", "last"):
        value = getattr(options, name)
        if value is not None and value < 0:
            raise UsageError(f"--{name} must not be below 0")
    if options.limit is not None and (options.last is not None or options.follow):
        raise UsageError("--limit is for the first records; --last and --follow are about the last ones")
    if options.errors and (options.MinCost is not None or options.MaxCost is not None):
        raise UsageError("--errors asks for records without a cost; --min-cost and --max-cost for those with one")


def _asked(client: Client, options: argparse.Namespace) -> Iterator[list[Row]]:
    """The records to begin with."""
    last = CDRS_BEFORE_FOLLOW if options.follow and options.last is None else options.last
    if last is None:
        yield from pages(client, filter_of(options), 0, options.limit)
        return
    if last > CDR_PAGE:
        raise UsageError(f"--last can be {CDR_PAGE} at most")
    found = _ask(client, filter_of(options) | {"OrderBy": "OrderID;desc", "Limit": last}) if last else []
    if found:
        yield found[::-1]


def filter_of(options: argparse.Namespace) -> dict[str, object]:
    """The method's filter as the arguments say it."""
    found: dict[str, object] = {field: getattr(options, field) for _, field, _ in _LISTS if getattr(options, field)}
    times = (("SetupTimeStart", options.since), ("SetupTimeEnd", options.until))
    found |= {field: instant_text(text, time.time_ns()) for field, text in times if text}
    extra = {name: getattr(options, name) for name in ("MinCost", "MaxCost") if getattr(options, name) is not None}
    if options.errors:
        extra["MaxCost"] = -1
    return found | ({"ExtraArgs": extra} if extra else {})


def instant_text(text: str, now_ns: int) -> str:
    """A time as the server reads it: a day begins at its midnight where the server is, a duration is as long ago."""
    if _DAY.fullmatch(text):
        return f"{text} 00:00:00"
    try:
        return format_time(now_ns - parse_duration(text), UTC_ZONE)
    except ValueError:
        return text


def pages(client: Client, wanted: dict[str, object], first: int, limit: int | None) -> Iterator[list[Row]]:
    """Records from an order ID on, in the order of these IDs, a page at a time: the server holds no more than one of them."""
    left = limit
    extra = wanted.get("ExtraArgs")
    while left is None or left > 0:
        size = CDR_PAGE if left is None else min(CDR_PAGE, left)
        begin = {"ExtraArgs": {**(extra if isinstance(extra, dict) else {}), "OrderIDStart": first}} if first else {}
        found = _ask(client, wanted | begin | {"OrderBy": "OrderID", "Limit": size})
        if not found:
            return
        yield found
        if len(found) < size:
            return
        first = max(order_id(row) for row in found) + 1
        left = None if left is None else left - len(found)


def _ask(client: Client, wanted: dict[str, object]) -> list[Row]:
    try:
        found = client.call(METHOD, wanted)
    except RefusedError as error:
        if error.text.endswith(NOT_FOUND):
            return []
        raise CommandError(error.text) from None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def shown(row: Row, form: str) -> Row:
    """A record as a table shows it: usage that the server writes as a number in the unit of its type."""
    used = row.get("Usage")
    if form != TABLE or not isinstance(used, str) or not used.isdigit():
        return row
    return {**row, "Usage": usage(int(used), str(row.get("ToR", "")))}


def order_id(row: Row) -> int:
    """The place of a record among all records."""
    value = row.get("OrderID")
    return value if isinstance(value, int) else 0
