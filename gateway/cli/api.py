"""tollwire api: the methods of the API, the service that each belongs to, and what its argument holds."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Final

from gateway.api.catalogue import ALIASES, ALWAYS, SECTIONS
from gateway.api.gotypes import Anything, GoType, List, Map, Pointer, Struct
from gateway.api.methods import ROWS
from gateway.api.table import all_methods
from gateway.api.unbuilt import UNBUILT
from gateway.cli.limits import MAX_SHOWN_DEPTH
from gateway.cli.outcome import CommandError, Exit
from gateway.cli.terminal import json_text, print_table

_WORDS: Final[Mapping[str, str]] = {
    "string": "text",
    "bool": "true or false",
    "int": "integer",
    "int64": "integer",
    "uint64": "integer",
    "float64": "number",
    "time.Duration": "duration in ns",
    "time.Time": "time",
    "interface {}": "anything",
    "[]uint8": "base64 text",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--built", action="store_true", help="leave out methods that are known and not built")
    parser.add_argument("method", nargs="?", default="", metavar="METHOD", help="one method with all its fields, or a part of its name")


def run(options: argparse.Namespace) -> int:
    """Prints all methods, those that contain METHOD, or all about the one that METHOD is. 1 when there is none."""
    wanted = options.method.lower()
    found = [one for one in described() if wanted in str(one["method"]).lower() and (one["built"] or not options.built)]
    exact = [one for one in found if str(one["method"]).lower() == wanted]
    if not found:
        raise CommandError(f"no method contains {options.method!r}; tollwire api lists them all")
    if options.json:
        print(json_text(exact[0] if exact else found))
    elif exact:
        _print_one(exact[0])
    else:
        rows = [[str(one["method"]), "" if one["built"] else "not built", _fields_line(one)] for one in found]
        print_table([["method", "", "fields (* needed)"], *rows])
    return Exit.OK


def described() -> Iterator[dict[str, object]]:
    """Every method by name: `section` that switches its service on (empty: none), whether it is `built`, the type of its `argument`, and
    that one's `fields`."""
    for service, methods in sorted(all_methods(ROWS, UNBUILT).items()):
        for name, row in sorted(methods.items()):
            needed = [part for group in row.mandatory.groups for part in group]
            yield {
                "method": f"{service}.{name}",
                "aliases": [f"{alias}.{name}" for alias, real in ALIASES.items() if real == service],
                "section": "" if SECTIONS[service] == ALWAYS else SECTIONS[service],
                "built": row.handler is not None,
                "argument": type_text(row.args),
                "fields": fields_of(row.args, needed),
            }


def fields_of(kind: GoType, needed: list[str], depth: int = 0) -> list[dict[str, object]]:
    """The fields of an object type, with those of objects inside; empty for any other type."""
    inside = _inside(kind)
    if not isinstance(inside, Struct) or depth >= MAX_SHOWN_DEPTH:
        return []
    found: list[dict[str, object]] = []
    for name, (field, _) in inside.fields.items():
        one: dict[str, object] = {"name": name, "type": type_text(field), "needed": name in needed}
        below = fields_of(field, [], depth + 1)
        found.append(one | {"fields": below} if below else one)
    return found


def type_text(kind: GoType) -> str:
    """A type in an operator's words."""
    match kind:
        case Pointer():
            return type_text(kind.target)
        case List():
            return f"list of {type_text(kind.item)}"
        case Map():
            return "object" if isinstance(kind.item, Anything) else f"object of {type_text(kind.item)}"
        case Struct():
            return "object"
        case _:
            return _WORDS.get(kind.name, kind.name)


def _inside(kind: GoType) -> GoType:
    while True:
        match kind:
            case Pointer():
                kind = kind.target
            case List() | Map():
                kind = kind.item
            case _:
                return kind


def _fields_line(one: dict[str, object]) -> str:
    fields = one["fields"]
    assert isinstance(fields, list), "fields are a list"
    return " ".join(f"{field['name']}{'*' if field['needed'] else ''}" for field in fields) or f"({one['argument']})"


def _print_one(one: dict[str, object]) -> None:
    print(one["method"] if one["built"] else f"{one['method']} (not built)")
    section = one["section"]
    print(f"while {section}.enabled" if section else "in every configuration")
    fields = one["fields"]
    assert isinstance(fields, list), "fields are a list"
    if not fields:
        print(f"takes: {one['argument']}")
        return
    print()
    print_table([["field", "type", "needed"], *_rows(fields, "")])


def _rows(fields: list[dict[str, object]], lead: str) -> Iterator[list[str]]:
    for field in fields:
        yield [f"{lead}{field['name']}", str(field["type"]), "yes" if field["needed"] else ""]
        below = field.get("fields")
        if isinstance(below, list):
            yield from _rows(below, f"{lead}{field['name']}.")
