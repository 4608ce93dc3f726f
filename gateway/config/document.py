"""The manual's page on configuration, written from the options table: python -m gateway.config.document docs/configuration.md"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from gateway.config.kinds import (
    APPLIANCE,
    CGRATES,
    Address,
    Anything,
    Conns,
    Duration,
    Fields,
    Flag,
    Group,
    Kind,
    Map,
    Number,
    Objects,
    Option,
    Raw,
    Secret,
    Section,
    Size,
    Text,
    Texts,
    TimeZone,
    Usage,
    Whole,
    default_of,
)
from gateway.config.options import SECTIONS
from gateway.config.options.parts import TEMPLATE
from gateway.config.written import write

IDLE: Final = "°"
OWN: Final = "⁺"
MANY: Final = 6  # names of a table that are listed where they stand

WORDS: Final[dict[type[object], str]] = {
    Text: "text",
    TimeZone: "time zone",
    Secret: "secret text",
    Flag: "true, false",
    Number: "number",
    Duration: "duration",
    Usage: "duration or count",
    Size: "size",
    Address: "host:port",
    Texts: "list of texts",
    Conns: "connections",
    Group: "table",
    Objects: "list of tables",
    Fields: "field templates",
    Anything: "anything",
}

HEAD: Final = """# Configuration

<!-- Written by `python -m gateway.config.document docs/configuration.md`; do not edit by hand. -->

A configuration is a folder (or one file). Every `*.toml` and `*.json` file in it counts: the files of a folder in the order of their
names, then its sub-folders'. Each top level name is a section; a later file changes what it names and leaves the rest. Lists of
tables that have an `id` (readers, exporters, request processors, HTTP listeners) merge by it, every other list is replaced whole.
Several folders are joined by colons: `--config /etc/tollwire:/srv/site`.

```toml
[general]
node_id = "edge-1"
default_timezone = "Europe/Vienna"

[listen]
rpc_json = "127.0.0.1:2012"
http = "127.0.0.1:2080"

[sessions]
session_ttl = "10m"

[radius_agent.client_secrets]
"192.0.2.10" = "*env:NAS_SECRET"

[[diameter_agent.request_processors]]
id = "voice"
filters = ["*string:~*vars.*cmd:CCR", "*prefix:~*req.Service-Context-Id:voice"]
flags = ["*initiate", "*accounts"]

[diameter_agent.request_processors.request_fields]
Account = "~*req.Subscription-Id.Subscription-Id-Data"
ToR = "*voice"
Usage = { value = "~*req.Requested-Service-Unit.CC-Time", mandatory = true }
```

Configuration folders of CGRateS are read as they are: JSON with `//` and `/* */` comments and trailing commas.

```json
{
// one process, loopback only
"general": {"node_id": "edge-1"},
"rals": {"enabled": true},
"sessions": {"enabled": true, "rals_conns": ["*internal"], "session_ttl": "10m",},
}
```

## Rules

- **Two columns of defaults.** TOML: every room of the engine is on and connected inside the process, and rounding is exact. JSON:
  those of CGRateS, where everything is off until it is switched on. One TOML file is enough for the first, which also holds without
  any file. Where the columns differ, both are given below. A secret has a default in neither; the stores' drivers are `*internal`
  in both.
- **Environment.** `*env:NAME` in a text is replaced by the variable's value; in JSON it may stand without quotes. A variable that
  is not set is a fault.
- **Secrets.** A secret text may stand in a file: `{ file = "/etc/tollwire/secrets/x" }`, or `{ credential = "x" }` where systemd hands
  it over (`docs/security.md`). None is ever printed.
- **Command line.** `--set section.option=value` goes over all files: texts as they are, lists by commas or as JSON, tables as JSON.
- **Durations.** `1h30m`, `10s`, `150ms`; a bare number is nanoseconds. What `-1` and `0` mean is said with the option.
- **Sizes.** Octets: `512KB`, `16MB`, `1GB` (powers of 1024), or a number.
- **Connections.** The `*_conns` options: `*internal` and `*localhost` are this process, a name is a pool of `rpc_conns`, `host:port`
  is that engine.
- **Field templates.** A list of tables, or in short a table of name = value. In `request_fields` a name is a field of the event
  (`*cgreq.`), in `reply_fields` one of the answer (`*rep.`); a name that begins with `*` is a whole path. What they say is told in
  [request processors](request-processors.md).
- **Unknown names.** In TOML, with `--set` and in `tollwire check` they are faults, with file, line and the nearest name. In JSON,
  where CGRateS passes over them, one warning at start.
- **Options without meaning**, marked ° below, are accepted, and said once at start.

Options marked ⁺ are ours; CGRateS does not have them.
"""


def document() -> str:
    """The whole page."""
    return "\n".join([HEAD, *map(section_text, SECTIONS.values()), template_text()])


def section_text(section: Section) -> str:
    """One section: what it is for, and a table of its options."""
    lines = [f"## {section.name}{OWN if section.own else ''}", "", section.doc, ""]
    match section.kind:
        case Group():
            lines += table(rows(section.kind, "", effective=section.effective))
        case Objects():
            lines += ["A list of tables:", "", *table(rows(section.kind.group, "", effective=section.effective))]
        case Map() if isinstance(section.kind.value, Group):
            lines += ["By name, tables of:", "", *table(rows(section.kind.value, "", effective=section.effective))]
        case _:
            names = section.default if isinstance(section.default, dict) else {}
            lines += [f"By name, {kind_text(section.kind.value)}. Built in: {', '.join(f'`{name}`' for name in names)}.", ""]
    return "\n".join(lines)


def template_text() -> str:
    """What field templates hold."""
    return "\n".join(["## Field templates", "", "Members of a field template:", "", *table(rows(TEMPLATE, "", effective=True))])


def table(found: Iterator[tuple[str, str, str, str]]) -> list[str]:
    """Rows as Markdown."""
    lines = ["| option | holds | default | |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in found]
    return [*lines, ""]


def rows(group: Group, prefix: str, *, effective: bool) -> Iterator[tuple[str, str, str, str]]:
    """Name, kind, defaults and duty of every option of a group and of the groups inside."""
    for option in group.options:
        means = option.effective if option.effective is not None else effective
        name = f"{prefix}{option.name}"
        if isinstance(option.kind, Group):
            yield from rows(option.kind, f"{name}.", effective=means)
            continue
        mark = ("" if means else IDLE) + (OWN if option.own else "")
        yield f"`{name}`{mark}", kind_text(option.kind), defaults_text(option), option.doc
        inner = members_of(option.kind)
        if inner is not None:
            yield from rows(inner[0], f"{name}{inner[1]}", effective=means)


def members_of(kind: Kind) -> tuple[Group, str] | None:
    """The tables inside of a list or a table of the operator's own names, and how their members are reached."""
    if isinstance(kind, Objects):
        return kind.group, "[]."
    if isinstance(kind, Map) and isinstance(kind.value, Group):
        return kind.value, ".*name*."
    return None


def kind_text(kind: Kind) -> str:
    """What an option may hold."""
    match kind:
        case Text() | Number() if kind.choices:
            return ", ".join(f"`{choice}`" for choice in kind.choices if choice)
        case Whole():
            bounds = f" from {kind.low}" if kind.low > -(2**31) else ""
            return f"number{bounds}" + (f" to {kind.high}" if kind.high < 2**63 - 1 else "")
        case Texts() if kind.secret:
            return "list of secret texts"
        case Map():
            return map_text(kind)
        case Objects() if kind.key:
            return f"list of tables, by `{kind.key}`"
        case _:
            return WORDS[type(kind)]


def map_text(kind: Map) -> str:
    """What a table of the operator's own names may hold."""
    keys = ""
    if kind.keys:
        keys = f"; names: {', '.join(f'`{key}`' for key in kind.keys)}"
    values = "tables" if isinstance(kind.value, Group) else kind_text(kind.value)
    return f"table of {values}{keys}"


def defaults_text(option: Option) -> str:
    """The default, or both where the columns differ."""
    ours, theirs = default_of(option, APPLIANCE), default_of(option, CGRATES)
    if ours == theirs:
        return default_text(ours)
    return f"TOML {default_text(ours)}, JSON {default_text(theirs)}"


def default_text(raw: Raw) -> str:
    """A default as a file would say it."""
    if raw is None:
        return "unset"
    if isinstance(raw, bool):
        return "`true`" if raw else "`false`"
    if isinstance(raw, dict):
        if not raw:
            return "`{}`"
        if len(raw) > MANY or any(isinstance(value, dict) for value in raw.values()):
            return changed_members(raw)
        return ", ".join(f"`{name}` {default_text(value)}" for name, value in raw.items())
    if isinstance(raw, tuple):
        if any(isinstance(item, dict) for item in raw):
            return "one" if len(raw) == 1 else f"{len(raw)} entries"
        return "`[" + ", ".join(f'"{item}"' for item in raw) + "]`"
    return f'`"{raw}"`' if isinstance(raw, str) else f"`{raw}`"


def changed_members(raw: dict[str, Raw]) -> str:
    """Of a table of many tables, those that are not as the members' own defaults say."""
    told = []
    for name, value in raw.items():
        members = value if isinstance(value, dict) else {}
        differing = {member: given for member, given in members.items() if member != "precache"}
        if differing:
            told.append(f"`{name}` " + " ".join(f"{member} {default_text(given)}" for member, given in differing.items()))
    return "all" + (f"; {'; '.join(told)}" if told else "")


def main(arguments: list[str]) -> int:
    """Write the page to the file named, or to standard output."""
    return write(document(), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
