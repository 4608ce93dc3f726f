"""tollwire console: any method of the API by its name, once or in a dialogue."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.api.catalogue import ALIASES, EXTENDS, METHODS, PING
from gateway.api.gotypes import GoType
from gateway.api.methods import ROWS
from gateway.api.unbuilt import UNBUILT
from gateway.cli.client import Client, RefusedError, client_of, server_arguments
from gateway.cli.fields import read_params
from gateway.cli.outcome import CommandError, Exit
from gateway.cli.terminal import progress, show

SHAPES: Final[Mapping[str, GoType]] = {row.name: row.args for row in (*UNBUILT, *ROWS)}
_UNKNOWN: Final = ("rpc: can't find", "rpc: service/method")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    server_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print answers as JSON")
    parser.add_argument("--list", action="store_true", help="print the names of all methods, those that contain METHOD if it is given")
    parser.add_argument("method", nargs="?", metavar="METHOD", help="such as CoreSv1.Status; without one a dialogue begins")
    parser.add_argument(
        "words",
        nargs="*",
        metavar="Field=value",
        help="arguments; Field.Field=value goes inside, Field:=json says a type; or one JSON object",
    )


def run(options: argparse.Namespace) -> int:
    """Calls a method and prints its answer; without one reads calls until the end of the input."""
    if options.list:
        wanted = (options.method or "").lower()
        print("\n".join(name for name in method_names() if wanted in name.lower()))
        return Exit.OK
    with client_of(options) as client:
        if options.method:
            call(client, options.method, options.words, as_json=options.json)
            return Exit.OK
        if sys.stdin.isatty():
            from gateway.cli.dialogue import converse

            return converse(client, as_json=options.json)
        return _read_calls(client, as_json=options.json)


def _read_calls(client: Client, *, as_json: bool) -> int:
    """Calls a method per line of the input; goes on after refusals and says so at the end."""
    status = Exit.OK
    for line in sys.stdin:
        try:
            words = split_words(line)
            if words:
                call(client, words[0], words[1:], as_json=as_json)
        except CommandError as error:
            if error.status is Exit.UNREACHABLE:
                raise
            print(error.text, file=sys.stderr)
            status = max(status, error.status)
    return status


def call(client: Client, method: str, words: Sequence[str], *, as_json: bool) -> None:
    """One call, its answer printed. Raises CommandError, with the nearest names where the method is not known."""
    name = proper_name(method)
    params = read_params(words, shape_of(name))
    try:
        with progress(name):
            result = client.call(name, params)
    except RefusedError as error:
        raise _explained(name, error) from None
    show(result, as_json=as_json)


def _explained(name: str, error: RefusedError) -> CommandError:
    if not error.text.startswith(_UNKNOWN):
        return CommandError(error.text)
    from difflib import get_close_matches

    near = get_close_matches(name, method_names(), 3, 0.8)
    return CommandError(f"{error.text}; did you mean {', '.join(near)}?" if near and name not in near else error.text)


def proper_name(method: str) -> str:
    """A method's name in its own letter case; a name without a service stands for the only one that has it."""
    if "." not in method:
        found = [name for name in method_names() if name.partition(".")[2].lower() == method.lower()]
        return found[0] if len(found) == 1 else method
    return next((name for name in method_names() if name.lower() == method.lower()), method)


def method_names() -> list[str]:
    """Every method that is known, by service and name."""
    return sorted(
        f"{service}.{name}" for service, names in METHODS.items() for name in names | METHODS.get(EXTENDS.get(service, ""), frozenset())
    )


def shape_of(name: str) -> GoType | None:
    """What a method takes; None where that is not known."""
    service, _, method = name.partition(".")
    service = ALIASES.get(service, service)
    for candidate in (service, EXTENDS.get(service, "")):
        if f"{candidate}.{method}" in SHAPES:
            return SHAPES[f"{candidate}.{method}"]
    return SHAPES.get(f"CoreSv1.{PING}") if method == PING else None


def split_words(line: str) -> list[str]:
    """A line's words as a shell splits them; JSON objects stay whole. Raises UsageError."""
    import shlex

    from gateway.cli.outcome import UsageError

    head, _, rest = line.strip().partition(" ")
    if rest.lstrip().startswith(("{", "[")):
        return [head, rest.strip()]
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise UsageError(f"{error} in {line.strip()!r}") from None
