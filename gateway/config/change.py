"""A configuration with one more text over it, and what that changes: for a running process that is told options by request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.errors import Fault
from gateway.config.check import Places
from gateway.config.kinds import Value
from gateway.config.load import environment_of, parse, read_layer
from gateway.config.merge import Values
from gateway.config.report import Path, Report, dotted
from gateway.config.source import JSON, Source, UnreadableError
from gateway.config.tree import Tree
from gateway.config.wiring import check_wiring


def section_names(text: str, name: str) -> list[str]:
    """The sections that a JSON text has options of. UnreadableError where it cannot be read; an empty list where it is no table."""
    source = Source(name, text, JSON)
    node = parse(source, environment_of({}, Report(strict=True), source), Report(strict=True))
    return list(node.value) if isinstance(node.value, dict) else []


def is_cut(text: str, fault: UnreadableError) -> bool:
    """Whether a text that cannot be read ends too early, rather than being wrong where it stands."""
    return fault.offset >= len(text.rstrip())


def over(tree: Tree, text: str, name: str) -> tuple[Tree, list[Fault]]:
    """The tree with the options of a JSON text over it, and every fault of it. `*env:` reads nothing, for a request has no environment,
    and no file is read that it names."""
    assert isinstance(tree.values, Values), "a tree that was loaded"
    report, places = Report(strict=True), Places(tree.places)
    layer = read_layer(Source(name, text, JSON), report, None, places)
    layers = [*tree.values.layers, *([layer] if layer is not None else [])]
    changed = Tree(tree.column, Values(layers, tree.column, tree.values.base), places)
    if not report.faults:
        check_wiring(changed, report)
    return changed, report.faults


def keeping(before: Tree, after: Tree, options: Iterable[str]) -> Tree:
    """The tree `after`, but for some options (as `differences` names them) that are as they were before."""
    sections = {name: after.values[name] for name in after.values}
    for option in options:
        name, _, rest = option.partition(".")
        was, now = before.values[name], sections[name]
        if not rest or not isinstance(was, dict) or not isinstance(now, dict):
            sections[name] = was
            continue
        top = next(one for one in (*was, *now) if rest == one or rest.startswith((f"{one}.", f"{one}[")))
        sections[name] = {one: value for one, value in now.items() if one != top} | ({top: was[top]} if top in was else {})
    return Tree(after.column, Values([], after.column, sections), after.places)


def differences(before: Tree, after: Tree, sections: Iterable[str]) -> list[str]:
    """The options of some sections that two trees do not agree on, as operators write them."""
    found: list[str] = []
    for name in sections:
        _differ(before.values[name], after.values[name], (name,), found)
    return found


def _differ(before: Value, after: Value, path: Path, found: list[str]) -> None:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            _differ(before.get(name), after.get(name), (*path, name), found)
    elif before != after:
        found.append(dotted(path))
