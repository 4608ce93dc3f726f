"""What is wrong with the request processors and templates of a configuration, told at the lines that say it.

The names of a protocol come from outside: `names` says for a section which ones there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from engine.fields.view import REQ
from engine.times import UTC_ZONE
from gateway.config.kinds import Group, Kind, Map, Objects, Value
from gateway.config.options import SECTIONS
from gateway.config.report import Path, Report, dotted
from gateway.config.source import Source
from gateway.config.tree import Tree
from gateway.config.wiring import NAMED_TEMPLATES, RADIUS, client_templates
from gateway.processors.reading import Complaint, read_fields, read_processors
from gateway.processors.settings import Settings
from gateway.processors.terms import Names, Terms
from gateway.processors.words import HARD, LOOSE, UNNAMED

PROCESSORS: Final = "request_processors"
OUTPUTS: Final[dict[str, tuple[str, ...]]] = {"diameter_agent": ("*diamreq",), "radius_agent": ("*radDAReq",)}
INPUTS: Final[dict[str, tuple[str, ...]]] = {"radius_agent": ("*oreq",)}
TYPES: Final[dict[str, tuple[str, ...]]] = {"radius_agent": ("*radauth", "*nasreset")}
FLAGS: Final[dict[str, tuple[str, ...]]] = {
    "radius_agent": ("*pap", "*chap", "*mschapv1", "*mschapv2", "*digest", "*mppe", "*mschap_error"),
}
ORIGINAL: Final[dict[str, str]] = {"radius_agent": "*oreq"}
"""The scope that holds a request of the protocol in templates of requests of ours, where it is not *req."""
_NOWHERE: Final = Source("defaults", "", "override")


def words_of(section: str, tree: Tree, names: Names | None = None, named: str = REQ) -> Terms:
    """The terms that the processors of an agent's section are read by, without an engine. `named`: the scope that `names` is about."""
    general = tree.general
    return Terms(
        general.default_tenant,
        UTC_ZONE,
        separator=general.rsr_separator,
        decimals=general.rounding_decimals,
        settings=Settings(tree),
        names=names,
        outputs=OUTPUTS.get(section, ()),
        inputs=INPUTS.get(section, ()),
        named=named,
        types=TYPES.get(section, ()),
        flags=FLAGS.get(section, ()),
    )


def no_names(_section: str) -> Names | None:
    """Of no protocol is known what names it has."""
    return None


def check_processors(tree: Tree, report: Report, names: Callable[[str], Names | None] = no_names) -> None:
    """Reports what is wrong with all request processors, and with the templates that agents send requests by."""
    told: set[tuple[Path, str]] = set()
    templates = tree.values["templates"]
    for section in SECTIONS:
        kind = SECTIONS[section].kind
        if tree.is_default((section,)) or not _may_have(kind):
            continue
        known = names(section)
        terms = words_of(section, tree, known)
        for where, rows in _found(kind, (section,), tree.values[section]):
            _, complaints = read_processors(rows, templates, terms, where)
            _tell(tree, report, complaints, told)
        terms = words_of(section, tree, known, ORIGINAL.get(section, REQ))
        for id in _named(tree, section):
            if isinstance(templates, dict) and id in templates:
                _, complaints = read_fields(templates[id], templates, terms, ("templates", id))
                _tell(tree, report, complaints, told)


def _may_have(kind: Kind) -> bool:
    """Whether a section may hold request processors."""
    if isinstance(kind, Objects):
        return kind.group.find(PROCESSORS) is not None
    return isinstance(kind, Group) and kind.find(PROCESSORS) is not None


def _found(kind: Kind, path: Path, value: Value) -> Iterator[tuple[Path, Value]]:
    """The lists of request processors of a section, with their places."""
    if isinstance(kind, Group) and isinstance(value, dict):
        yield (*path, PROCESSORS), value.get(PROCESSORS)
    elif isinstance(kind, Objects) and isinstance(value, list):
        for number, item in enumerate(value):
            name = item.get(kind.key) if kind.key and isinstance(item, dict) else None
            yield from _found(kind.group, (*path, name if isinstance(name, str) and name else number), item)
    assert not isinstance(kind, Map), "no section of this kind has request processors"


def _named(tree: Tree, section: str) -> list[str]:
    """The templates that the options of a section name, and those that its clients are asked by."""
    found = [tree.section(section)[option] for option in NAMED_TEMPLATES.get(section, ())]
    if section == RADIUS:
        radius = tree.radius()
        found += [name for row in radius.client_da_addresses.values() for _, name in client_templates(row)] if radius is not None else ()
    return list(dict.fromkeys(name for name in found if isinstance(name, str) and name))


def _tell(tree: Tree, report: Report, complaints: list[Complaint], told: set[tuple[Path, str]]) -> None:
    """Each complaint once, however many processors take the template in."""
    for one in complaints:
        if one.sort == UNNAMED or (one.where, one.message) in told:
            continue
        told.add((one.where, one.message))
        source, offset = _place(tree, one.where)
        if one.sort == HARD:
            report.fault(source, offset, f"{dotted(one.where)}: {one.message}", one.suggestion)
        elif one.sort == LOOSE:
            report.loose(source, offset, f"{dotted(one.where)}: {one.message}", one.suggestion)
        else:
            report.without_meaning(source, offset, (*one.where, one.message))


def _place(tree: Tree, where: Path) -> tuple[Source, int]:
    """Where the file says it, or the nearest thing around it that a file says."""
    while where:
        found = tree.place(where)
        if found is not None:
            return found
        where = where[:-1]
    return _NOWHERE, -1
