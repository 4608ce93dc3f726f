"""From configuration arguments, overrides and the environment to one checked tree, or every fault at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from msgspec import Struct

from engine.errors import Fault
from gateway.config.check import Checker, Places
from gateway.config.files import files_of, named, read
from gateway.config.json_text import read_json
from gateway.config.kinds import APPLIANCE, CGRATES, Value
from gateway.config.merge import Values
from gateway.config.report import Report, collected
from gateway.config.source import OVERRIDE, TOML, Environment, Node, Source, UnreadableError
from gateway.config.tree import Tree
from gateway.config.wiring import check_wiring


class Loaded(Struct, frozen=True):
    """A configuration that was read.

    The tree holds everything that was right, so that it can be looked at even where something was wrong; a process starts only
    when there are no faults. `passed_over`: names that CGRateS's JSON may hold and nothing knows; `idle`: options that mean nothing
    in this build; `cautions`: what works and should be looked at; `files`: what was read, in order.
    """

    tree: Tree
    faults: tuple[Fault, ...]
    passed_over: tuple[Fault, ...]
    idle: tuple[Fault, ...]
    cautions: tuple[Fault, ...]
    files: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to say once at start: at most one line of each sort, and one for each caution."""
        lines = []
        if self.passed_over:
            lines.append(collected("passed over", list(self.passed_over)))
        if self.idle:
            lines.append(collected("accepted, without meaning in this build", list(self.idle)))
        return (*lines, *(f"{fault.message} ({fault.file}:{fault.line})" for fault in self.cautions))


def load(
    config: str | Sequence[str] = (),
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    *,
    strict: bool = False,
) -> Loaded:
    """Read the folders and files of `config` (each may be several, joined by colons), then the overrides, over the defaults.

    Defaults are the appliance's where no file or any TOML file is read, CGRateS's where there is JSON alone. `strict` makes faults of
    what JSON may otherwise hold without meaning anything. Nothing is raised: what is wrong is in `faults`.
    """
    report = Report(strict=strict)
    sources = [source for path in paths(config, report.faults) if (source := read(path, report.faults)) is not None]
    column = CGRATES if sources and all(source.format != TOML for source in sources) else APPLIANCE
    values = os.environ if environ is None else environ
    places: Places = {}
    layers = [layer for source in sources if (layer := read_layer(source, report, values, places)) is not None]
    layers += read_overrides(overrides, report, values, places)
    tree = Tree(column, Values(layers, column), places)
    check_wiring(tree, report)
    if not tree.is_default(("tls",)):
        from gateway.config.certificates import check_certificates  # draws in ssl, which most configurations do not need

        check_certificates(tree, report)
    if report.unlisted:
        report.faults.append(Fault("configuration", 0, 0, f"and {report.unlisted} more"))
    names = tuple(source.name for source in sources)
    return Loaded(tree, tuple(report.faults), tuple(report.passed_over), tuple(report.idle), tuple(report.cautions), names)


def paths(config: str | Sequence[str], faults: list[Fault]) -> list[str]:
    """Every file that the arguments name, in order."""
    arguments = [config] if isinstance(config, str) else list(config)
    return [path for argument in arguments for place in named(argument) for path in files_of(place, faults)]


def environment_of(values: Mapping[str, str], report: Report, source: Source) -> Environment:
    """The environment as one source sees it."""

    def missing(offset: int, name: str, suggestion: str) -> None:
        report.fault(source, offset, f"the environment has no {name}", suggestion)

    return Environment(values, missing)


def read_layer(source: Source, report: Report, values: Mapping[str, str] | None, places: Places) -> dict[str, Value] | None:
    """The checked values of one file; None where it cannot be read at all. A text without an environment is a stranger's."""
    environment = environment_of(values or {}, report, source)
    try:
        node = parse(source, environment, report)
    except UnreadableError as fault:
        report.fault(source, fault.offset, fault.message)
        return None
    return Checker(source, report, places, values).root(node)


def read_overrides(overrides: Sequence[str], report: Report, values: Mapping[str, str], places: Places) -> list[dict[str, Value]]:
    """The checked values of each override."""
    if not overrides:
        return []
    from gateway.config.override import read_override

    layers = []
    for text in overrides:
        environment = environment_of(values, report, Source("--set", text, OVERRIDE))
        found = read_override(text, report, environment)
        if found is not None:
            layers.append(Checker(found[0], report, places, values).root(found[1]))
    return layers


def parse(source: Source, environment: Environment, report: Report) -> Node:
    """The values of one file with their offsets."""
    if source.format == TOML:
        from gateway.config.toml_text import read_toml  # read only where it is needed: JSON alone starts quicker

        return read_toml(source.text, environment)

    def told(offset: int, message: str) -> None:
        report.loose(source, offset, message)

    return read_json(source.text, environment, told)
