"""tollwire explain: why a call costs what it costs and who pays it, by description; or what a stored record says about its cost."""

from __future__ import annotations

import argparse
from typing import Final

from gateway.cli.client import Client, RefusedError, client_of, server_arguments
from gateway.cli.costs import Data, Node, amount, cost_tree, number, rows_of, tree_lines, usage
from gateway.cli.explained import explanation_tree, hints, is_refused
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.cli.terminal import cell, json_text

METHOD: Final = "TollwireV1.ExplainCost"
_VOICE: Final = "*voice"
_DESCRIBED: Final = {
    "tenant": ("Tenant", "whose tariff; the gateway's default"),
    "category": ("Category", "call"),
    "subject": ("Subject", "who is priced; the account"),
    "account": ("Account", "who pays; without one only the price is told"),
    "destination": ("Destination", "where to"),
    "tor": ("ToR", "*voice, *data, *sms, ...; *voice"),
    "time": ("AnswerTime", "when it begins, 2026-03-04T10:00:00Z or +1h; now"),
    "usage": ("Usage", "how much: 90s, or a count; 60s of *voice, 1 of anything else"),
    "factor": ("BalanceFactorID", "which factor of balances counts"),
}
_RECORDED: Final = ("Tenant", "Category", "Subject", "Account", "Destination", "ToR")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    server_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("record", nargs="?", metavar="CGRID", help="a stored record, by its CGRID or OriginID; without one, a call:")
    parser.add_argument("--run", metavar="RUN", help="only this run of the record, such as *default")
    for name, (_, about) in _DESCRIBED.items():
        parser.add_argument(f"--{name}", metavar=name.upper(), help=about)


def run(options: argparse.Namespace) -> int:
    """Prints the tree; 1 when the call has no price or is refused, or when there is no such record."""
    described = {field: getattr(options, name) for name, (field, _) in _DESCRIBED.items() if getattr(options, name) is not None}
    if options.record and described:
        raise UsageError("a stored record is explained as it is: leave out either CGRID or the call")
    if not options.record and not described.keys() & {"Account", "Subject"}:
        raise UsageError("say whose call: --account or --subject, --destination, --usage, ...; or the CGRID of a stored record")
    if options.run and not options.record:
        raise UsageError("--run goes with the CGRID of a stored record")
    with client_of(options) as client:
        if options.record:
            return _records(client, options.record, options.run, as_json=options.json)
        return _call(client, described, as_json=options.json)


# -- a described call ------------------------------------------------------------------------------------------------------


def _call(client: Client, described: dict[str, object], *, as_json: bool) -> int:
    described.setdefault("Usage", "60s" if described.get("ToR", _VOICE) == _VOICE else "1")
    tree = explain(client, described)
    print(json_text(tree) if as_json else "\n".join(lines_of(tree)))
    return Exit.REFUSED if is_refused(tree) else Exit.OK


def explain(client: Client, described: Data) -> Data:
    """What the gateway says about a call. Raises CommandError."""
    tree = client.call(METHOD, described)
    if not isinstance(tree, dict):
        raise CommandError(f"{client.server} answers {METHOD} with no explanation")
    return tree


def lines_of(tree: Data) -> list[str]:
    """The tree, and what a missing price or account may have meant."""
    return [*tree_lines(explanation_tree(tree)), *(f"hint: {text}" for text in hints(tree))]


# -- a stored record -------------------------------------------------------------------------------------------------------


def _records(client: Client, ident: str, run_id: str | None, *, as_json: bool) -> int:
    found = stored(client, ident)
    records = [one for one in found if run_id in (None, one.get("RunID"))]
    if not records:
        runs = ", ".join(sorted(cell(one.get("RunID")) for one in found))
        raise CommandError(f"{ident} has no run {run_id}; there are {runs}")
    explained = [(one, _unpriced(client, one)) for one in records]
    if as_json:
        print(json_text([{**one, "Explanation": tree} for one, tree in explained]))
    else:
        print("\n".join(line for one, tree in explained for line in record_lines(one, tree)))
    return Exit.OK


def stored(client: Client, ident: str) -> list[Data]:
    """The records of a CGRID or an OriginID, one a run. CommandError when there are none."""
    for field in ("CGRIDs", "OriginIDs"):
        try:
            found = rows_of(client.call("CDRsV1.GetCDRs", {field: [ident]}))
        except RefusedError as error:
            if not error.text.endswith("NOT_FOUND"):
                raise
            continue
        if found:
            return found
    raise CommandError(f"no record has the CGRID or OriginID {ident}; a session has one when it has ended")


def _unpriced(client: Client, record: Data) -> Data | None:
    """For a record that could not be rated: what the gateway says about its call now."""
    if isinstance(record.get("CostDetails"), dict) or not _is_unrated(record) or record.get("RequestType") == "*none":
        return None
    call: dict[str, object] = {name: record.get(name) for name in _RECORDED}
    return explain(client, call | {"AnswerTime": record.get("AnswerTime"), "Usage": str(record.get("Usage", 0))})


def _is_unrated(record: Data) -> bool:
    return amount(record.get("Cost")) < 0


def record_lines(record: Data, tree: Data | None = None) -> list[str]:
    """A record and its cost as it was kept; below it, where it has none, why its call has no price now."""
    tor = str(record.get("ToR"))
    who = f"{cell(record.get('Tenant'))}:{cell(record.get('Account'))} to {cell(record.get('Destination'))}"
    head = f"record {cell(record.get('CGRID'))}, run {cell(record.get('RunID'))}: {who}, {usage(record.get('Usage'), tor)}"
    below: list[Node] = []
    details = record.get("CostDetails")
    if isinstance(details, dict):
        below.append(cost_tree(details, tor))
        if details.get("Cost") != record.get("Cost"):
            said, steps = number(record.get("Cost")), number(details.get("Cost"))
            below.append(Node(f"the record says {said}, its steps add up to {steps}: the rate's rounding or limit is applied to the sum"))
    elif _is_unrated(record):
        below.append(Node(f"it has no cost: {cell(record.get('ExtraInfo') or 'it is not rated')}"))
    else:
        below.append(Node(f"cost {number(record.get('Cost'))}, kept without details (source {cell(record.get('CostSource') or '-')})"))
    if tree is None:
        return list(tree_lines(Node(head, tuple(below))))
    below.append(Node("the same call now", (explanation_tree(tree),)))
    return [*tree_lines(Node(head, tuple(below))), *(f"hint: {text}" for text in hints(tree))]
