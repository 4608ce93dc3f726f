"""The manual page tollwire.toml(5), written from the options table: python -m gateway.config.manpage FILE"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Final

from gateway import VERSION
from gateway.config.document import HEAD, IDLE, OWN, members_of, rows
from gateway.config.kinds import Group, Map, Objects, Section
from gateway.config.options import SECTIONS
from gateway.config.options.parts import TEMPLATE
from gateway.config.roff import bold, escaped, head, with_code
from gateway.config.written import write

FOLDER: Final = "/etc/tollwire"
_BOLD: Final = re.compile(r"\*\*(.+?)\*\*")
_LINK: Final = re.compile(r"\[([^]]+)\]\([^)]*\)")


def page() -> str:
    """The whole page."""
    lines = [
        *head("tollwire.toml", 5, VERSION, "configuration of the Tollwire charging gateway"),
        ".SH SYNOPSIS",
        f".nf\n{FOLDER}/tollwire.toml\n{FOLDER}/conf.d/*.toml\n{FOLDER}/conf.d/*.json\n.fi",
        ".SH DESCRIPTION",
        *_prose(HEAD.partition("-->")[2].strip()),
        ".SH OPTIONS",
    ]
    for section in SECTIONS.values():
        lines += _section(section)
    lines += [".SS Field templates", "Members of a field template:", *_rows(TEMPLATE, effective=True)]
    lines += [".SH SEE ALSO", ".BR tollwire (1)"]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> list[str]:
    lines = [f".SS [{escaped(section.name)}]{' (ours)' if section.own else ''}", with_code(section.doc)]
    group = section.kind if isinstance(section.kind, Group) else None
    if isinstance(section.kind, Objects | Map):
        inner = members_of(section.kind)
        group = None if inner is None else inner[0]
        lines.append("It is a list of tables." if isinstance(section.kind, Objects) else "It holds values by name.")
    return lines if group is None else lines + _rows(group, effective=section.effective)


def _rows(group: Group, *, effective: bool) -> list[str]:
    lines: list[str] = []
    for name, kind, default, about in rows(group, "", effective=effective):
        plain = name.rstrip(IDLE + OWN)
        marks = (". Accepted, without meaning here" if IDLE in name else "") + (". Ours" if OWN in name else "")
        lines += [".TP", bold(plain.strip("`")), f"{with_code(about)} ({with_code(kind)}; by itself {with_code(default)}{marks})"]
    return lines


def _prose(markdown: str) -> Iterator[str]:
    """The few forms of Markdown that the head of the manual's page has."""
    code = False
    for line in markdown.split("\n"):
        if line.startswith("```"):
            code = not code
            yield ".RS 4\n.nf" if code else ".fi\n.RE"
        elif code:
            yield escaped(line)
        elif line.startswith("#"):
            yield f".SS {escaped(line.lstrip('# '))}"
        elif not line:
            yield ".PP"
        else:
            bullet = line.startswith("- ")
            text = with_code(_LINK.sub(r"\1", line.removeprefix("- ").strip()))
            yield (".IP \\(bu 2\n" if bullet else "") + _BOLD.sub(r"\\fB\1\\fR", text)


def main(words: list[str]) -> int:
    """Writes the page to the file named, or to standard output."""
    return write(page(), words)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
