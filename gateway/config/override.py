"""Overrides from the command line: section.option=value, read by what the option may hold."""

from __future__ import annotations

from gateway.config.json_text import read_json
from gateway.config.kinds import Anything, Conns, Fields, Group, Kind, Map, Objects, Secret, Text, Texts, TimeZone
from gateway.config.limits import MAX_SHOWN
from gateway.config.options import SECTIONS
from gateway.config.report import Report
from gateway.config.source import OVERRIDE, Entry, Environment, Node, Source, UnreadableError, nearest


def read_override(text: str, report: Report, environment: Environment) -> tuple[Source, Node] | None:
    """An override as a small configuration of its own: a root table with one value in it."""
    path, equals, value = text.partition("=")
    path = path.strip()
    source = Source(f"--set {path[: 2 * MAX_SHOWN]}", text, OVERRIDE)
    section_name, dot, rest = path.partition(".")
    section = SECTIONS.get(section_name)
    if not equals or not dot or not rest:
        report.fault(source, -1, "an override is written section.option=value")
        return None
    if section is None:
        report.fault(source, -1, f"{section_name[:MAX_SHOWN]} is no section", nearest(section_name, SECTIONS))
        return None
    names = [section_name]
    kind: Kind = section.kind
    while rest:
        if isinstance(kind, Group):
            name, _, rest = rest.partition(".")
            option = kind.find(name)
            if option is None:
                report.fault(source, -1, f"{name[:MAX_SHOWN]} is no option", nearest(name, [known.name for known in kind.options]))
                return None
            kind = option.kind
        elif isinstance(kind, Map):
            name, rest = map_key(kind, rest)
            kind = kind.value
        else:
            report.fault(source, -1, "an override goes no deeper than a list; set the list as JSON")
            return None
        names.append(name)
    try:
        node = value_node(kind, value, environment)
    except UnreadableError as fault:
        report.fault(source, -1, fault.message)
        return None
    for name in reversed(names):
        node = Node({name: Entry(-1, node)}, -1)
    return source, node


def map_key(kind: Map, rest: str) -> tuple[str, str]:
    """The key of a table whose keys are the operator's own, which may hold dots where nothing else can follow."""
    if not isinstance(kind.value, Group | Map):
        return rest, ""
    name, _, after = rest.partition(".")
    return name, after


def value_node(kind: Kind, text: str, environment: Environment) -> Node:
    """The text after the equals sign as the option's kind wants it: lists by commas, everything deeper as JSON."""
    listed = isinstance(kind, Texts | Conns)
    if isinstance(kind, Objects | Fields | Group | Map | Anything) or (listed and text.lstrip().startswith("[")):
        return read_json(text, environment, lambda _offset, _message: None)
    expanded = environment.expand(text, -1)
    if listed:
        return Node([Node(part.strip(), -1, expanded=True) for part in expanded.split(",") if part.strip()], -1)
    if isinstance(kind, Text | TimeZone | Secret):
        return Node(expanded, -1)
    return Node(expanded.strip(), -1, expanded=True)
