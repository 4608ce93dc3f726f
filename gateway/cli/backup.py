"""tollwire backup: one file that holds the whole state as it was at an instant."""

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
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("target", metavar="FILE|FOLDER", help="a new file, or a folder that gets one called after the instant")


def run(options: argparse.Namespace) -> int:
    """Writes a backup of a state folder, of a running gateway or of none; 1 when that cannot be done."""
    from gateway.upkeep import backup_state

    folder = state_folder_of(options)
    try:
        with progress(f"backing up {folder}") as told:
            made = backup_state(folder, Path(options.target), told)
    except StorageError as error:
        raise CommandError(str(error)) from None
    as_of = format_time(made.as_of, UTC_ZONE)
    if options.json:
        print(json_text({"file": made.file, "as_of": as_of, "ticket": made.ticket, "schema": made.schema, "size_bytes": made.size_bytes}))
    else:
        print(f"{folder} as of {as_of} is in {made.file}, {made.size_bytes} bytes")
    return Exit.OK
