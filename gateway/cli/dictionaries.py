"""What `check` knows of a protocol's names: those of the dictionaries that the configuration means."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import convert

from gateway.agents.diameter.settings import SECTION as DIAMETER
from gateway.agents.diameter.settings import dictionary_of
from gateway.config.report import Report
from gateway.config.source import nearest
from gateway.config.tree import Diameter, Tree
from gateway.processors.terms import Names


def names_of(tree: Tree, report: Report) -> Callable[[str], Names | None]:
    """For a section the names of its protocol.

    What is wrong with dictionaries is reported where strictness is asked for and the agent is on; otherwise nothing is said of names, and
    the agent tells it when it starts.
    """

    def names(section: str) -> Names | None:
        return diameter_names(tree, report) if section == DIAMETER else None

    return names


def diameter_names(tree: Tree, report: Report) -> Names | None:
    """The names of AVPs, for an agent that is off too, as far as its dictionaries are there."""
    dictionary, faults = dictionary_of(tree, convert(tree.values[DIAMETER], Diameter))
    if faults and not (report.strict and tree.is_on(DIAMETER)):
        return None
    report.faults.extend(faults)

    def known(name: str) -> str | None:
        return None if dictionary.named(name) is not None else nearest(name, list(dictionary.names))

    return known
