"""How commands are told a configuration, and how its faults are told back."""

from __future__ import annotations

import argparse
import sys

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
