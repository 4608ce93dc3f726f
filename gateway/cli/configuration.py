"""How commands are told a configuration, and how its faults are told back."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from gateway.cli.outcome import CommandError
from gateway.config import Loaded, load


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
    loaded = load(configs_of(options), options.set)
    if loaded.faults:
        for fault in loaded.faults:
            print(fault, file=sys.stderr)
        count = len(loaded.faults)
        raise CommandError(f"the configuration has {count} fault{'s' if count > 1 else ''}")
    return loaded


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
