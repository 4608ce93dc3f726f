"""tollwire prune: older entries of an account into one that carries the balance forward, old records away."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Final

from engine.storage.ports import StorageError
from gateway.api.upkeep import days_before
from gateway.cli.client import client_of, server_arguments
from gateway.cli.limits import MAX_SHOWN_DIFFERENCES
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.cli.terminal import json_text, progress

METHOD: Final = "TollwireV1.Prune"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    server_arguments(parser)
    parser.add_argument("--state", metavar="DIR", help="the state folder of a gateway that does not run; without it the server is asked")
    parser.add_argument(
        "--entries-older-than", type=int, dest="entries", metavar="DAYS", help="movements of balances that become one entry a balance"
    )
    parser.add_argument("--cdrs-older-than", type=int, dest="cdrs", metavar="DAYS", help="records that are removed for good")
    parser.add_argument("--dry-run", action="store_true", help="change nothing: say what would go")
    parser.add_argument("--compact", action="store_true", help="give free room in the file back to the disk; with --state only")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prunes and says what that came to; 1 when it cannot be done, or when accounts were left alone because their entries do not add up."""
    for days in (options.entries, options.cdrs):
        if days is not None and days < 0:
            raise UsageError("DAYS must not be below 0")
    if options.compact and (not options.state or options.dry_run):
        raise UsageError("--compact is for the folder of a gateway that does not run: say --state, and no --dry-run")
    with progress("pruning"):
        found = _of_folder(options) if options.state else _of_server(options)
    broken = found["Broken"] if isinstance(found["Broken"], list) else []
    if options.json:
        print(json_text(found))
    else:
        _print(found, broken, dry_run=options.dry_run)
    return Exit.REFUSED if broken else Exit.OK


def _of_server(options: argparse.Namespace) -> dict[str, object]:
    with client_of(options) as client:
        found = client.call(METHOD, {"EntriesDays": options.entries, "CDRsDays": options.cdrs, "DryRun": options.dry_run})
    if not isinstance(found, dict):
        raise CommandError(f"{options.server} did not answer {METHOD} as it should")
    return found


def _of_folder(options: argparse.Namespace) -> dict[str, object]:
    from gateway.pruning import prune_folder

    now = time.time_ns()
    entries, cdrs = (None if days is None else days_before(now, days) for days in (options.entries, options.cdrs))
    try:
        return prune_folder(Path(options.state), entries, cdrs, dry_run=options.dry_run, small=options.compact)
    except StorageError as error:
        raise CommandError(str(error)) from None


def _print(found: dict[str, object], broken: list[object], *, dry_run: bool) -> None:
    verb = "would be" if dry_run else "are"
    for account in broken[:MAX_SHOWN_DIFFERENCES]:
        print(f"{account}: left alone, its entries do not add up (tollwire verify)")
    if len(broken) > MAX_SHOWN_DIFFERENCES:
        print(f"and {len(broken) - MAX_SHOWN_DIFFERENCES} more")
    print(f"{found['Entries']} entries of {found['Accounts']} accounts {verb} closed into {found['Forwards']}")
    print(f"{found['CDRs']} records {verb} removed")
    if not dry_run:
        print(f"{found['JournalBytes']} bytes of journal are dropped")
    print(f"{found['FreeBytes']} of the file's {found['FileBytes']} bytes are free")
