"""tollwire restore: a backup in the place of a state that is not in use."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.storage.ports import StorageError
from engine.times import UTC_ZONE, format_time
from gateway.cli.configuration import state_arguments, state_folder_of
from gateway.cli.outcome import CommandError, Exit
from gateway.cli.terminal import json_text, progress


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    state_arguments(parser)
    parser.add_argument("--replace", action="store_true", help="a state that is there may go; it is kept beside as tollwire.db.replaced")
    parser.add_argument("--dry-run", action="store_true", help="change nothing: look whether the backup is whole and adds up")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("file", metavar="FILE", help="what `tollwire backup` wrote")


def run(options: argparse.Namespace) -> int:
    """Compares, migrates and adds up a backup, then puts it in place; 1, and nothing is changed, when one of these says no."""
    from gateway.upkeep import restore_state

    file = Path(options.file)
    folder = None if options.dry_run else state_folder_of(options)
    try:
        with progress(f"restoring {file}") as told:
            found = restore_state(file, folder or file.parent, told, replace=options.replace, dry_run=options.dry_run)
    except StorageError as error:
        raise CommandError(str(error)) from None
    backup, sums = found.backup, found.verification
    as_of = format_time(backup.as_of, UTC_ZONE)
    if options.json:
        counts = {"accounts": sums.accounts, "entries": sums.entries, "ticket": backup.ticket, "schema": backup.schema}
        print(json_text({"file": backup.file, "folder": None if folder is None else str(folder), "as_of": as_of, **counts}))
    else:
        done = "could be restored" if folder is None else f"is restored to {folder}"
        print(f"{backup.file}, as of {as_of}, {done}")
        print(f"{sums.entries} entries of {sums.accounts} accounts: every balance is what its entries add up to")
    return Exit.OK
