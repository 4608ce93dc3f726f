"""tollwire load: a folder of tariff plan sheets into the running gateway, or a look at everything that is wrong with it."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.cli.client import client_of, server_arguments
from gateway.cli.configuration import config_arguments, load_or_tell
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.cli.terminal import fault_rows, json_text, progress

if TYPE_CHECKING:
    from gateway.app import PlanReport

METHOD: Final = "APIerSv1.LoadTariffPlanFromFolder"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    server_arguments(parser)
    config_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="load nothing and ask no server: print every fault of the folder")
    parser.add_argument("--separator", default=",", metavar="CHARACTER", help="what separates the cells of a row (,)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("folder", help="folder of *.csv sheets; the server must be able to read it")


def run(options: argparse.Namespace) -> int:
    """Loads the folder in one swap, or not at all; 1 when it has faults."""
    if not Path(options.folder).is_dir():
        raise CommandError(f"{options.folder} is no folder")
    if len(options.separator) != 1:
        raise UsageError("--separator must be one character")
    return _check(options) if options.dry_run else _load(options)


def _load(options: argparse.Namespace) -> int:
    folder = os.path.realpath(options.folder)
    started = time.monotonic()
    with client_of(options) as client, progress(f"loading {folder}"):
        result = client.call(METHOD, {"FolderPath": folder, "FieldSeparator": options.separator})
    seconds = time.monotonic() - started
    print(
        json_text({"folder": folder, "result": result, "seconds": round(seconds, 3)})
        if options.json
        else f"{folder} loaded in {seconds:.2f} s"
    )
    return Exit.OK


def _check(options: argparse.Namespace) -> int:
    from gateway.app import StartError, check_plan

    tree = load_or_tell(options).tree
    try:
        with progress(f"checking {options.folder}"):
            report = check_plan(options.folder, tree, os.environ, options.separator)
    except StartError as error:
        raise CommandError(str(error)) from None
    if options.json:
        print(json_text(_as_data(report)))
    else:
        _print(report)
    return Exit.REFUSED if report.faults else Exit.OK


def _print(report: PlanReport) -> None:
    for sort, named, more in report.findings:
        for fault in named:
            print(fault if sort == "fault" else f"{fault} ({sort})")
        if more:
            print(f"and {more} more {sort}s")
    rows = ", ".join(f"{count} {sheet}" for sheet, count in report.rows.items() if count)
    print(f"{rows or 'no rows'}; {report.faults or 'no'} fault{'' if report.faults == 1 else 's'}")


def _as_data(report: PlanReport) -> dict[str, object]:
    found: dict[str, object] = {"rows": report.rows}
    for sort, named, more in report.findings:
        found[f"{sort}s"] = fault_rows(named)
        if more:
            found[f"{sort}s_more"] = more
    return found
