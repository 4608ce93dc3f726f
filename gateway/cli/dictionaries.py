"""What `check` knows of a protocol's names: those of the dictionaries that the configuration means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.config.report import Report
from gateway.config.source import nearest
from gateway.config.tree import Tree
from gateway.processors.terms import Names
from gateway.protocols.diameter.builtin import load_dictionaries

DIAMETER: Final = "diameter_agent"
FOLDER: Final = "dictionaries_path"


def names_of(tree: Tree, report: Report) -> Callable[[str], Names | None]:
    """For a section the names of its protocol. What is wrong with dictionaries is reported where strictness is asked for; otherwise whoever
    works with them tells it, and nothing is said of names."""

    def names(section: str) -> Names | None:
        return diameter_names(tree, report) if section == DIAMETER else None

    return names


def diameter_names(tree: Tree, report: Report) -> Names | None:
    """The names of AVPs. The folder that stands there by itself need not exist."""
    section = tree.section(DIAMETER)
    folder = str(section[FOLDER])
    unused = not folder or (tree.is_default((DIAMETER, FOLDER)) and not Path(folder).is_dir())
    dictionary, faults = load_dictionaries(() if unused else (Path(folder),), section["dictionaries_append_defaults"] is True)
    if faults and not report.strict:
        return None
    report.faults.extend(faults)

    def known(name: str) -> str | None:
        return None if dictionary.named(name) is not None else nearest(name, list(dictionary.names))

    return known
