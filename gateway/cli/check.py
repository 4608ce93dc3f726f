"""tollwire check: everything that is wrong with a configuration, each fault with its place."""

from __future__ import annotations

import argparse

from gateway.cli.configuration import config_arguments, configs_of, load_whole
from gateway.cli.outcome import Exit
from gateway.cli.terminal import fault_rows, json_text
from gateway.config import Loaded


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    config_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prints all faults; 1 when there are any. What a running gateway would pass over is a fault here."""
    loaded = load_whole(configs_of(options), options.set, strict=True)
    if options.json:
        print(json_text(_as_data(loaded)))
    else:
        _print(loaded)
    return Exit.REFUSED if loaded.faults else Exit.OK


def _print(loaded: Loaded) -> None:
    for fault in loaded.faults:
        print(fault)
    for caution in loaded.cautions:
        print(f"{caution.file}:{caution.line}:{caution.column}: warning: {caution.message}")
    for note in loaded.idle:
        print(f"{note.file}:{note.line}:{note.column}: note: {note.message} is accepted and means nothing in this build")
    files = f"{len(loaded.files)} file{'' if len(loaded.files) == 1 else 's'}"
    print(f"{files}, {len(loaded.faults)} fault{'' if len(loaded.faults) == 1 else 's'}" if loaded.faults else f"{files}, no faults")


def _as_data(loaded: Loaded) -> dict[str, object]:
    return {
        "files": list(loaded.files),
        "faults": fault_rows(loaded.faults),
        "warnings": fault_rows(loaded.cautions),
        "notes": fault_rows(loaded.idle),
    }
