"""tollwire sessions: which sessions are open, what becomes of them, and ending some of them."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Final

from gateway.cli.client import Client, RefusedError, client_of, server_arguments
from gateway.cli.costs import usage
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.cli.selection import JSON, Row, Writer, columns_of, follow_arguments, form_arguments, interval_of
from gateway.cli.terminal import json_text

LIST: Final = "list"
FOLLOW: Final = "follow"
DISCONNECT: Final = "disconnect"
NOT_FOUND: Final = "NOT_FOUND"

# option, field of the session's event, filter type, what it is
_FILTERS: Final = (
    ("--account", "Account", "*string", "of this account"),
    ("--subject", "Subject", "*string", "of this subject"),
    ("--destination", "Destination", "*prefix", "to numbers that begin so"),
    ("--category", "Category", "*string", "of this category"),
    ("--tor", "ToR", "*string", "of this type: *voice, *data, *sms ..."),
    ("--origin-id", "OriginID", "*string", "that the switch calls so"),
    ("--origin-host", "OriginHost", "*string", "of this switch"),
    ("--cgrid", "CGRID", "*string", "with this CGRID"),
)
FIELDS: Final = (
    "CGRID RunID ToR OriginID OriginHost Source RequestType Tenant Category Account Subject Destination SetupTime AnswerTime Usage "
    "ExtraFields NodeID LoopIndex DurationIndex MaxRate MaxRateUnit MaxCostSoFar DebitInterval NextAutoDebit"
).split()
USUAL: Final = ("CGRID", "RunID", "Tenant", "Account", "ToR", "Destination", "AnswerTime", "Usage", "RequestType", "OriginID")
_NUMBERS: Final = frozenset({"Usage", "LoopIndex", "DurationIndex", "MaxCostSoFar"})
_SIGNS: Final = {"begun": "+", "changed": "~", "ended": "-"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    server_arguments(parser)
    form_arguments(parser, with_csv=False)
    parser.add_argument(
        "what", nargs="?", choices=(LIST, FOLLOW, DISCONNECT), default=LIST, help="list them, tell what changes, end them (list)"
    )
    for option, field, _, about in _FILTERS:
        parser.add_argument(option, dest=field, metavar="TEXT", help=f"sessions {about}")
    parser.add_argument(
        "--filter", action="append", default=[], metavar="RULE", help="such as *string:~*req.Colour:red; several may be given"
    )
    parser.add_argument("--tenant", default="", metavar="NAME", help="sessions of this tenant (the server's default one)")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N only")
    parser.add_argument("--passive", action="store_true", help="copies that another engine sent, rather than what is charged here")
    follow_arguments(parser)
    parser.add_argument("--cause", default="", metavar="TEXT", help="disconnect: the cause that the switch is told")
    parser.add_argument("--all", action="store_true", help="disconnect: every session of the tenant, where no filter is given")
    parser.add_argument("--yes", action="store_true", help="disconnect: do not ask, however many there are")


def run(options: argparse.Namespace) -> int:
    """Lists, follows or ends the sessions that the arguments ask for."""
    if options.limit is not None and options.limit < 0:
        raise UsageError("--limit must not be below 0")
    seconds = interval_of(options)
    with client_of(options) as client:
        if options.what == DISCONNECT:
            return _disconnect(client, options)
        columns = columns_of(options, USUAL, FIELDS)
        if options.what == FOLLOW:
            _follow(client, options, columns, seconds)
        found = _ask(client, options)
        Writer(options.format, columns, _NUMBERS).write(found if options.format == JSON else [_shown(row) for row in found])
        return Exit.OK


def filter_of(options: argparse.Namespace) -> dict[str, object]:
    """The method's filter as the arguments say it."""
    rules = [f"{kind}:~*req.{field}:{getattr(options, field)}" for _, field, kind, _ in _FILTERS if getattr(options, field) is not None]
    found: dict[str, object] = {"Filters": [*rules, *options.filter], "Tenant": options.tenant}
    return found if options.limit is None else found | {"Limit": options.limit}


def _ask(client: Client, options: argparse.Namespace) -> list[Row]:
    method = "SessionSv1.GetPassiveSessions" if options.passive else "SessionSv1.GetActiveSessions"
    try:
        found = client.call(method, filter_of(options))
    except RefusedError as error:
        if error.text == NOT_FOUND:
            return []
        raise CommandError(error.text) from None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _shown(row: Row) -> Row:
    """A session as people read it: usage in the unit of its type."""
    tor = str(row.get("ToR", ""))
    return {**row, "Usage": usage(row.get("Usage"), tor), "DurationIndex": usage(row.get("DurationIndex"), tor)}


# -- what changes ----------------------------------------------------------------------------------------------------------


def _follow(client: Client, options: argparse.Namespace, columns: list[str], seconds: float) -> None:
    """Tells which sessions there are, then which begin, change and end, until it is interrupted."""
    writer = Writer(options.format, ["", *columns], _NUMBERS)
    before: dict[tuple[object, object], Row] = {}
    while True:
        now = {(row.get("CGRID"), row.get("RunID")): row for row in _ask(client, options)}
        changes = changes_between(before, now)
        if options.format == JSON:
            writer.write([{"change": change, "session": row} for change, row in changes])
        elif changes or not before:
            writer.write([{"": _SIGNS[change], **_shown(row)} for change, row in changes])
        before = now
        time.sleep(seconds)


def changes_between(before: dict[tuple[object, object], Row], now: dict[tuple[object, object], Row]) -> list[tuple[str, Row]]:
    """What became of sessions between two answers: ended ones first, as they were last seen."""
    ended = [("ended", row) for key, row in before.items() if key not in now]
    begun = [("begun", row) for key, row in now.items() if key not in before]
    changed = [("changed", row) for key, row in now.items() if key in before and row != before[key]]
    return [*ended, *begun, *changed]


# -- ending them -------------------------------------------------------------------------------------------------------------


def _disconnect(client: Client, options: argparse.Namespace) -> int:
    wanted = filter_of(options)
    if not wanted["Filters"] and not options.all:
        raise UsageError("disconnect wants a filter, or --all for every session of the tenant")
    count = client.call("SessionSv1.GetActiveSessionsCount", wanted)
    if not count:
        raise CommandError("no session matches")
    if count != 1 and not options.yes and not _confirmed(count):
        raise CommandError("nothing was ended")
    client.call("SessionSv1.ForceDisconnect", wanted | ({"Event": {"DisconnectCause": options.cause}} if options.cause else {}))
    print(json_text({"ended": count}) if options.format == JSON else f"ended: {count}")
    return Exit.OK


def _confirmed(count: object) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"{count} sessions match; --yes ends them all")
    return input(f"end {count} sessions? ").strip().lower() in ("y", "yes")
