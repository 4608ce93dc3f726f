"""Where `tollwire` begins: finds the command's row and imports that command only, so that `serve` starts quickly."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn, Protocol

from gateway import VERSION
from gateway.cli.outcome import CommandError, Exit


class Command(Protocol):
    """What the module of a command has."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares its arguments."""

    def run(self, options: argparse.Namespace) -> int:
        """Does it and returns the exit status. Raises CommandError."""


# name, what it does; the module of the same name under gateway.cli has `arguments` and `run`
COMMANDS: Final = (
    ("serve", "run the gateway"),
    ("check", "say everything that is wrong with a configuration"),
    ("config", "print the configuration that is in force"),
    ("reload", "have a running gateway read its configuration again"),
    ("load", "load a folder of tariff plan sheets"),
    ("console", "call any method of the API"),
    ("api", "list the methods of the API and what they take"),
    ("sessions", "list, follow or end open sessions"),
    ("cdrs", "list or follow stored records"),
    ("explain", "say why a call or a record costs what it costs, and who pays"),
    ("diameter", "send Diameter requests and print their answers"),
    ("radius", "send RADIUS requests, or ask a NAS to change or end a session"),
    ("verify", "recompute every balance from its entries"),
    ("prune", "close older entries of every balance into one, remove old records"),
    ("backup", "write one file that holds the whole state, while it is in use or not"),
    ("restore", "put a backup in the place of a state that is not in use"),
    ("bench", "measure events a second, and what each costs, on this machine"),
    ("demo", "start a gateway, load the sample plan and drive sample sessions"),
    ("version", "print the version"),
)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where help is."""

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.USAGE, f"{self.prog}: {message}\ntry: {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit statuses are those of `Exit`."""
    words = list(sys.argv[1:] if argv is None else argv)
    names = [name for name, _ in COMMANDS]
    if not words or words[0] not in names:
        return _without_command(words, names)
    name = words.pop(0)
    about = dict(COMMANDS)[name]
    command: Command = import_module(f"gateway.cli.{name}")
    parser = Parser(prog=f"tollwire {name}", description=f"{about[0].upper()}{about[1:]}.", allow_abbrev=False)
    command.arguments(parser)
    try:
        return command.run(parser.parse_args(words))
    except CommandError as error:
        print(f"tollwire {name}: {error.text}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone; there is nobody to tell
        return 141


def _without_command(words: Sequence[str], names: Sequence[str]) -> int:
    if words and words[0] in ("-V", "--version"):
        print(f"tollwire {VERSION}")
        return Exit.OK
    if words and words[0] in ("-h", "--help", "help"):
        print(_overview())
        return Exit.OK
    if not words:
        print(_overview(), file=sys.stderr)
        return Exit.USAGE
    from difflib import get_close_matches

    near = get_close_matches(words[0], names, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    print(f"tollwire: {words[0]} is no command{hint}\ntry: tollwire --help", file=sys.stderr)
    return Exit.USAGE


def _overview() -> str:
    rows = "\n".join(f"  {name:<9} {about}" for name, about in COMMANDS)
    return f"usage: tollwire COMMAND ...\n\nThe Tollwire charging gateway.\n\n{rows}\n\nMore about one of them: tollwire COMMAND --help"
