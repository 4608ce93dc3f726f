"""What `check` knows of a protocol's names: those of the dictionaries that the configuration means."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from msgspec import convert

from gateway.agents.diameter.settings import SECTION as DIAMETER
from gateway.agents.diameter.settings import dictionary_of
from gateway.agents.radius.nas import DEFAULT
from gateway.agents.radius.settings import SECTION as RADIUS
from gateway.agents.radius.settings import Languages, nases_of
from gateway.agents.settings import SettingsError
from gateway.config.agents import Diameter, Radius
from gateway.config.report import Report
from gateway.config.source import nearest
from gateway.config.tree import Tree
from gateway.processors.terms import Names


def names_of(tree: Tree, report: Report) -> Callable[[str], Names | None]:
    """For a section the names of its protocol.

    What is wrong with dictionaries is reported where strictness is asked for and the agent is on; otherwise nothing is said of names, and
    the agent tells it when it starts.
    """

    def names(section: str) -> Names | None:
        if section == DIAMETER:
            return diameter_names(tree, report)
        return radius_names(tree, report) if section == RADIUS else None

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


def radius_names(tree: Tree, report: Report) -> Names | None:
    """The names of attributes and vendors that the dictionary of any client has, for an agent that is off too."""
    section = convert(tree.values[RADIUS], Radius)
    languages = Languages(tree, section)
    with suppress(SettingsError):  # too many clients: the agent tells it; faults are told below
        nases_of(section, languages)
    languages.of(DEFAULT)
    if languages.faults and not (report.strict and tree.is_on(RADIUS)):
        return None
    report.faults.extend(languages.faults)
    dictionaries = languages.dictionaries

    def known(name: str) -> str | None:
        plain = name.partition(":")[0]  # a tag stands behind it
        for one in dictionaries:
            if one.named(plain) is not None or one.vendor_named(plain) is not None or plain.isdecimal():
                return None
        near = [one.near(plain) or one.near_vendor(plain) for one in dictionaries]
        return next(filter(None, near), "")

    return known
