"""tollwire reload: a running gateway reads its configuration again."""

from __future__ import annotations

import argparse
from typing import Final

from gateway.cli.client import client_of, server_arguments
from gateway.cli.outcome import CommandError, Exit
from gateway.cli.terminal import json_text

METHOD: Final = "TollwireV1.ReloadConfig"
_LISTS: Final = (("Changed", "changed"), ("NextStart", "takes effect at the next start"))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    server_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="change nothing: say what would change")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prints what changed, an option a line; 1, with every fault, when the files are refused and everything stays as it is."""
    with client_of(options) as client:
        found = client.call(METHOD, {"DryRun": options.dry_run})
    if not isinstance(found, dict) or not all(isinstance(found.get(name), list) for name, _ in _LISTS):
        raise CommandError(f"{options.server} did not answer {METHOD} as it should")
    if options.json:
        print(json_text(found))
        return Exit.OK
    for name, told in _LISTS:
        for option in found[name]:
            print(f"{told}: {option}")
    if not any(found[name] for name, _ in _LISTS):
        print("nothing changed; certificates and dictionaries were read again" if not options.dry_run else "nothing would change")
    return Exit.OK
