"""tollwire config: every option with the value that is in force, in a form that can be read again."""

from __future__ import annotations

import argparse

from gateway.cli.configuration import config_arguments, load_or_tell
from gateway.cli.outcome import Exit
from gateway.config.render import render_effective
from gateway.config.source import JSON, TOML


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    config_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of TOML")


def run(options: argparse.Namespace) -> int:
    """Prints the tree, secrets masked; faults instead where there are any."""
    tree = load_or_tell(options).tree
    print(render_effective(tree, JSON if options.json else TOML), end="")
    return Exit.OK
