"""How commands are told a configuration, and how its faults are told back."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import structs

from gateway.cli.outcome import CommandError
from gateway.config import Loaded, load
from gateway.config.report import Report

AGENTS: Final = ("diameter_agent", "radius_agent", "http_agent", "dns_agent", "sip_agent", "janus_agent")
"""The sections that have request processors."""


def config_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares where the configuration is."""
    parser.add_argument(
        "--config", metavar="DIR", action="append", help="folder (or file) of *.toml and *.json; several count in order (built-in defaults)"
    )
    parser.add_argument(
        "--set", metavar="SECTION.OPTION=VALUE", action="append", default=[], help="an option that goes before what the files say"
    )


def configs_of(options: argparse.Namespace) -> list[str]:
    """The folders and files that were named."""
    return list(options.config or ())


def load_or_tell(options: argparse.Namespace) -> Loaded:
    """The configuration that the arguments name. Faults are printed, each on its line, and end the command."""
    loaded = load_whole(configs_of(options), options.set)
    if loaded.faults:
        for fault in loaded.faults:
            print(fault, file=sys.stderr)
        count = len(loaded.faults)
        raise CommandError(f"the configuration has {count} fault{'s' if count > 1 else ''}")
    return loaded


def load_whole(configs: Sequence[str], overrides: Sequence[str], *, strict: bool = False) -> Loaded:
    """A configuration and what is to be said of it, its request processors included."""
    loaded = load(configs, overrides, strict=strict)
    if all(loaded.tree.is_default((section,)) for section in AGENTS):
        return loaded
    from gateway.cli.dictionaries import names_of  # draws in filters, templates, dictionaries, which most commands do not need
    from gateway.processors.check import check_processors

    report = Report(strict=strict)
    check_processors(loaded.tree, report, names_of(loaded.tree, report))
    return structs.replace(
        loaded,
        faults=(*loaded.faults, *report.faults),
        passed_over=(*loaded.passed_over, *report.passed_over),
        idle=(*loaded.idle, *report.idle),
    )


def state_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares where the state is, and the configuration that says it."""
    config_arguments(parser)
    parser.add_argument("--state", metavar="DIR", help="the state folder, of a running gateway or of none (that of the configuration)")


def state_folder_of(options: argparse.Namespace) -> Path:
    """The state folder that the arguments name."""
    chosen = options.state or load_or_tell(options).tree.storage.state_folder
    if chosen:
        return Path(chosen)
    from gateway.app import default_state_folder

    return default_state_folder(configs_of(options), os.environ)
