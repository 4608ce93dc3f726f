"""The configuration file that is installed, written from the options table: python -m gateway.config.commented FILE

Every option that means something in this build stands there with what it is for and the value it has by itself, as a comment.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from gateway.config.document import MANY, kind_text, members_of
from gateway.config.kinds import APPLIANCE, Group, Number, Option, Raw, Section, default_of
from gateway.config.options import SECTIONS
from gateway.config.render import key_text, value_text
from gateway.config.written import write

WIDTH: Final = 118
UNSET: Final = "# unset"
MANY_NAMES: Final = "# see tollwire.toml(5)"
STATE: Final = "/var/lib/tollwire/default"
TOKEN: Final = "http-token"

HEAD: Final = """# Configuration of the Tollwire charging gateway: tollwire.toml(5), /usr/share/doc/tollwire/manual/configuration.md
#
# What is written here goes before what the program says by itself; the files of conf.d/, read after this one in the order of
# their names, go before both. `tollwire check --config /etc/tollwire` names everything that is wrong. The service reads it when
# it is started; `systemctl reload tollwire` has a running one read it again, and the journal says what came of it.
#
# An option below that begins with # has the value that it has by itself; take the # away to give it another. The gateway listens
# on loopback alone until it is told otherwise. What equipment asks is described by request processors: the folders in
# /usr/share/doc/tollwire/examples/config are ready to be copied into conf.d/.
"""


def commented() -> str:
    """The whole file."""
    return HEAD + "".join(_section(section) for section in SECTIONS.values() if _means_something(section))


def written_here() -> dict[str, dict[str, str]]:
    """What an installed box says otherwise than the program by itself, as TOML, by section."""
    return {"storage": {"state_folder": value_text(STATE)}, "http": {"token": f'{{ credential = "{TOKEN}" }}'}}


def _section(section: Section) -> str:
    lines = ["", "", *_comment(f"{section.doc}")]
    if not isinstance(section.kind, Group):
        return "\n".join([*lines, f"#[{section.name}]"]) + "\n"
    lines.append(f"[{section.name}]")
    said = written_here().get(section.name, {})
    for name, option in _options(section.kind, "", effective=section.effective):
        lines += ["", *_comment(f"{option.doc} ({kind_text(option.kind)})")]
        inner = members_of(option.kind)
        if inner is not None:
            lines += [f"#   {line}" for member in inner[0].options for line in wrap(f"{member.name}: {member.doc}", WIDTH - 4)]
        lines.append(f"{name} = {said[name]}" if name in said else f"#{name} = {_value(option)}")
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, WIDTH - 2)]


def _options(group: Group, prefix: str, *, effective: bool) -> Iterator[tuple[str, Option]]:
    """The options that mean something, those of groups inside by dotted names."""
    for option in group.options:
        means = option.effective if option.effective is not None else effective
        name = f"{prefix}{key_text(option.name)}"
        if isinstance(option.kind, Group):
            yield from _options(option.kind, f"{name}.", effective=means)
        elif means:
            yield name, option


def _means_something(section: Section) -> bool:
    if not isinstance(section.kind, Group):
        return section.effective
    return any(True for _ in _options(section.kind, "", effective=section.effective))


def _value(option: Option) -> str:
    raw = default_of(option, APPLIANCE)
    if raw is None or (isinstance(raw, dict) and len(raw) > MANY):
        return UNSET if raw is None else MANY_NAMES
    return str(raw) if isinstance(option.kind, Number) else value_text(_listed(raw))


def _listed(raw: Raw) -> object:
    """A default with lists instead of tuples, and without members that are unset."""
    if isinstance(raw, tuple):
        return [_listed(item) for item in raw]
    if isinstance(raw, dict):
        return {name: _listed(value) for name, value in raw.items() if value is not None}
    return raw


def main(words: list[str]) -> int:
    """Writes the file named, or to standard output."""
    return write(commented(), words)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
