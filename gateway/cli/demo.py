"""tollwire demo: a gateway on built-in defaults, the sample plan, a few sessions over real sockets, and what came of them.

`./demo` runs it. Everything lies under one folder, begun anew each time.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from gateway.cli.client import Client
from gateway.cli.costs import number, usage
from gateway.cli.explain import record_lines
from gateway.cli.limits import SERVED_START_SECONDS
from gateway.cli.outcome import CommandError, Exit
from gateway.cli.served import Server
from gateway.cli.terminal import cell, table

TENANT: Final = "default"
_PLAN: Final = Path(__file__).resolve().parents[2] / "packaging" / "tariffplans" / "tutorial"
_MARK: Final = "made-by-tollwire-demo"
_POLL_SECONDS: Final = 0.05
_PORTS: Final = (2012, 2080)


class Part(NamedTuple):
    """One message of a session: what is asked, and how much is used (None: what the engine assumes)."""

    verb: str
    usage: str


class Story(NamedTuple):
    """A sample session: who, what, to where; its messages in order."""

    title: str
    tor: str
    category: str
    account: str
    destination: str
    parts: tuple[Part, ...]


STORIES: Final = (
    Story(
        "a voice call: anna calls a mobile, 2 minutes and 37 seconds",
        "*voice",
        "call",
        "anna",
        "+9997555123",
        (
            Part("AuthorizeEvent", "10m"),
            Part("InitiateSession", "60s"),
            Part("UpdateSession", "60s"),
            Part("UpdateSession", "60s"),
            Part("TerminateSession", "157s"),
            Part("ProcessCDR", "157s"),
        ),
    ),
    Story(
        "a data session: bjorn uses 30 MB of his bundle",
        "*data",
        "data",
        "bjorn",
        "internet",
        (
            Part("InitiateSession", "10485760"),
            Part("UpdateSession", "10485760"),
            Part("UpdateSession", "10485760"),
            Part("TerminateSession", "31457280"),
            Part("ProcessCDR", "31457280"),
        ),
    ),
    Story(
        "a message: bjorn sends one SMS",
        "*sms",
        "sms",
        "bjorn",
        "+9997555123",
        (Part("ProcessMessage", "1"), Part("ProcessCDR", "1")),
    ),
)
_FLAGS: Final[Mapping[str, str]] = {
    "AuthorizeEvent": "GetMaxUsage",
    "InitiateSession": "InitSession",
    "UpdateSession": "UpdateSession",
    "TerminateSession": "TerminateSession",
    "ProcessMessage": "Debit",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    parser.add_argument("--once", action="store_true", help="end when everything is shown, instead of staying up until Ctrl-C")
    parser.add_argument("--folder", default="var/demo", metavar="DIR", help="where the state lies; begun anew (var/demo)")
    parser.add_argument("--plan", default=str(_PLAN), metavar="DIR", help="folder of the sample plan")
    parser.add_argument("--ports", type=int, nargs=2, default=_PORTS, metavar=("JSON", "HTTP"), help="ports to listen on (2012 2080)")


def run(options: argparse.Namespace) -> int:
    """Shows everything; stays up until Ctrl-C unless --once is given."""
    if not Path(options.plan).is_dir():
        raise CommandError(f"the sample plan is not at {options.plan}: say --plan")
    folder = _fresh(Path(options.folder).resolve())
    rpc_json, http = (f"127.0.0.1:{port}" for port in options.ports)
    with Server(folder, rpc_json, http) as server, Client(server.address) as client:
        _say(f"the gateway answers on {server.address} after {server.start_seconds:.2f} s; its log is {server.log}")
        _play(client, Path(options.plan).resolve())
        if options.once:
            return Exit.OK
        _say("it stays up until Ctrl-C; talk to it from another terminal")
        _print_hints(server.address, options.ports[1])
        try:
            server.process.wait()
        except KeyboardInterrupt:
            print()
            return Exit.OK
        raise CommandError(f"the gateway has ended; see {server.log}")


def _fresh(folder: Path) -> Path:
    """An empty folder; only one that a demo made is emptied."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise CommandError(f"{folder} holds something else: say --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    return folder


# -- what is shown -------------------------------------------------------------------------------------------------------


def _play(client: Client, plan: Path) -> None:
    _say(f"load the tariff plan {plan}")
    client.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})
    names = sorted({story.account for story in STORIES})
    _until_paid(client, names)
    before = {name: _balances(client, name) for name in names}
    origins = [_tell(client, story, place) for place, story in enumerate(STORIES, 1)]
    _say("the balances, before and after")
    _print_balances(before, {name: _balances(client, name) for name in names})
    cdrs = client.call("CDRsV1.GetCDRs", {"OriginIDs": origins})
    found = [cdr for cdr in cdrs if isinstance(cdr, Mapping)] if isinstance(cdrs, list) else []
    _say("the records")
    _print_cdrs(found)
    _explain(found)


def _until_paid(client: Client, names: list[str]) -> None:
    """The first top-ups of a plan run as it is loaded; here they are waited for."""
    deadline = time.monotonic() + SERVED_START_SECONDS
    while not all(_balances(client, name) for name in names):
        if time.monotonic() > deadline:
            raise CommandError("the sample accounts have no balances")
        time.sleep(_POLL_SECONDS)


def _tell(client: Client, story: Story, place: int) -> str:
    _say(story.title)
    origin = f"demo-{place}"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {
        "OriginID": origin,
        "OriginHost": "127.0.0.1",
        "ToR": story.tor,
        "RequestType": "*prepaid",
        "Category": story.category,
        "Account": story.account,
        "Destination": story.destination,
        "SetupTime": now,
        "AnswerTime": now,
    }
    for part in story.parts:
        params: dict[str, object] = {"Tenant": TENANT, "Event": event | {"Usage": part.usage}}
        if part.verb in _FLAGS:
            params[_FLAGS[part.verb]] = True
        result = client.call(f"SessionSv1.{part.verb}", params)
        granted = f"{usage(result.get('MaxUsage'), story.tor)} granted" if isinstance(result, Mapping) else cell(result)
        print(f"  {part.verb:<16}  usage {part.usage:>9}  ->  {granted}")
    return origin


def _balances(client: Client, name: str) -> dict[str, object]:
    """Value by balance of an account."""
    account = client.call("APIerSv2.GetAccount", {"Tenant": TENANT, "Account": name})
    chains = account.get("BalanceMap") if isinstance(account, Mapping) else None
    if not isinstance(chains, Mapping):
        return {}
    return {f"{one['ID']} ({type_})": one["Value"] for type_, chain in chains.items() for one in chain or () if isinstance(one, Mapping)}


def _print_balances(before: Mapping[str, Mapping[str, object]], after: Mapping[str, Mapping[str, object]]) -> None:
    rows = [
        (name, balance, number(was), number(after[name].get(balance))) for name, held in before.items() for balance, was in held.items()
    ]
    print("\n".join(f"  {line}" for line in table([("account", "balance", "before", "after"), *rows], heading=True)))


def _print_cdrs(cdrs: list[Mapping[str, object]]) -> None:
    names = ("OriginID", "RunID", "ToR", "Account", "Destination", "AnswerTime", "Usage", "Cost")
    rows = [[usage(cdr.get(name), str(cdr.get("ToR"))) if name == "Usage" else number(cdr.get(name)) for name in names] for cdr in cdrs]
    print("\n".join(f"  {line}" for line in table([names, *rows], heading=True)))


def _explain(cdrs: list[Mapping[str, object]]) -> None:
    for cdr in cdrs:
        if isinstance(cdr.get("CostDetails"), Mapping):
            _say(f"one charge explained, as tollwire explain {cell(cdr.get('OriginID'))} does it")
            print("\n".join(f"  {line}" for line in record_lines(cdr)))
            return
    raise CommandError("no record has a cost")


def _print_hints(address: str, http_port: int) -> None:
    server = "" if address == f"127.0.0.1:{_PORTS[0]}" else f" --server {address}"
    for line in (
        f".venv/bin/tollwire console{server}",
        f".venv/bin/tollwire console{server} APIerSv2.GetAccount Tenant={TENANT} Account=anna",
        f".venv/bin/tollwire explain{server} --tenant {TENANT} --account anna --destination +9997555123 --usage 3m",
        f'curl -s http://127.0.0.1:{http_port}/jsonrpc -d \'{{"method": "CoreSv1.Status", "params": [{{}}], "id": 1}}\'',
    ):
        print(f"  {line}")


def _say(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    from gateway.cli.main import main

    sys.exit(main(["demo", *sys.argv[1:]]))
