"""tollwire version"""

from __future__ import annotations

import argparse
import json
import platform

from gateway import VERSION
from gateway.cli.outcome import Exit


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prints the version, the Python below it, and whether the hot rooms are machine code."""
    found = {"version": VERSION, "python": platform.python_version(), "compiled": _compiled()}
    print(
        json.dumps(found) if options.json else f"tollwire {VERSION} (Python {found['python']}{', compiled' if found['compiled'] else ''})"
    )
    return Exit.OK


def _compiled() -> bool:
    from engine import money

    return not str(money.__file__).endswith(".py")
