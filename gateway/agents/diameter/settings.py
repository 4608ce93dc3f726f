"""What the Diameter agent is made of before the first peer comes: dictionaries, processors, templates, who may connect."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.errors import Fault
from engine.times import SECOND
from gateway.agents.diameter.admission import Admission
from gateway.agents.diameter.clients import Templates
from gateway.agents.diameter.destinations import Destinations
from gateway.agents.diameter.limits import FAREWELL_SECONDS, INTRODUCTION_SECONDS
from gateway.agents.diameter.requests import Language
from gateway.agents.settings import TEMPLATES, SettingsError, processors_of, template_of
from gateway.config.agents import Diameter
from gateway.config.kinds import APPLIANCE, CGRATES
from gateway.config.tree import Tree
from gateway.processors.terms import Terms
from gateway.protocols.diameter.answers import Identity
from gateway.protocols.diameter.builtin import load_dictionaries
from gateway.protocols.diameter.capabilities import Capabilities
from gateway.protocols.diameter.checking import Rules
from gateway.protocols.diameter.dictionary import Dictionary
from gateway.protocols.diameter.peer import Settings as PeerSettings

SECTION: Final = "diameter_agent"
ERR: Final = "*err"
TCP: Final = "tcp"
SCTP: Final = "sctp"
TLS: Final = "tcp-tls"
_READ: Final = re.compile(r"\*req(?:\.([^\[\].;:(){}<>&|~]+))?|[\[|]~([^\[\].(|]+)")  # the first name of a path, those of selectors
FIRMWARE_OF: Final = {CGRATES: 918, APPLIANCE: 1}  # Firmware-Revision; CGRateS says 918


def dictionary_of(tree: Tree, section: Diameter) -> tuple[Dictionary, list[Fault]]:
    """The dictionaries of a configuration, and all that is wrong with them. The folder that stands there by itself need not be there."""
    path = Path(section.dictionaries_path)
    unused = not section.dictionaries_path or (tree.is_default((SECTION, "dictionaries_path")) and not path.is_dir())
    return load_dictionaries(() if unused else (path,), section.dictionaries_append_defaults)


def language_of(tree: Tree, section: Diameter, dictionary: Dictionary, terms: Terms) -> Language:
    """Processors and *err made ready. SettingsError where one of them cannot be read."""
    processors = processors_of(tree, SECTION, section.request_processors, terms)
    return Language(dictionary, processors, template_of(tree, ERR, terms))


def templates_of(tree: Tree, section: Diameter, dictionary: Dictionary, terms: Terms) -> Templates:
    """The requests of ours. SettingsError where a template cannot be read."""
    names = (section.asr_template, section.rar_template)
    found = [template_of(tree, name, terms) if name else None for name in names]
    read = _read_by(tree, [name for name in names if name])
    keys = None if read is None else frozenset(avp.key for avp in map(dictionary.named, read) if avp is not None)
    return Templates(found[0], found[1], section.forced_disconnect, keys)


def _read_by(tree: Tree, names: list[str]) -> set[str] | None:
    """The AVPs of *req that templates read, and those that they take in; None where that cannot be told from their texts."""
    templates = tree.values[TEMPLATES]
    assert isinstance(templates, dict), "a section of templates by name"
    found: set[str] = set()
    seen: set[str] = set()
    while names:
        name = names.pop()
        rows = templates.get(name)
        if name in seen or not isinstance(rows, list):
            continue
        seen.add(name)
        for row in rows:
            assert isinstance(row, dict), "a field template is a table"
            filters = row.get("filters")
            texts = [*(filters if isinstance(filters, list) else ()), row.get("path"), row.get("value")]
            if any(isinstance(text, str) and not text.startswith("*") for text in texts[:-2]):
                return None  # a stored filter
            if row.get("type") == "*template":
                names.append(str(row.get("value")))
            for text in texts:
                for first, selecting in _READ.findall(text) if isinstance(text, str) else ():
                    if not first and not selecting:
                        return None
                    found.add(first or selecting)
    return found


def settings_of(tree: Tree, section: Diameter, dictionary: Dictionary, refuse: Callable[[str, str], int]) -> PeerSettings:
    """What all peer machines have in common. SettingsError for an application that no dictionary has.

    There is no Origin-State-Id: a restart loses no session (RFC 6733 section 8.16).
    """
    try:
        applications = dictionary.chosen(section.ce_applications or ())
    except ValueError as error:
        raise SettingsError(f"{SECTION}.ce_applications: no dictionary has the application {error}") from None
    capabilities = Capabilities(
        Identity(section.origin_host, section.origin_realm),
        applications,
        product_name=section.product_name,
        vendor_id=section.vendor_id,
        firmware_revision=FIRMWARE_OF[tree.column],
    )
    return PeerSettings(
        capabilities,
        lambda code: dictionary.command(code) is not None,
        lambda number: dictionary.application(number) is not None,
        refuse,
        rules=Rules(dictionary, section.strict_avps),
        elects=True,
        watchdog_ns=section.watchdog_interval_ns,
        exchange_ns=int(INTRODUCTION_SECONDS * SECOND),
        disconnect_ns=int(FAREWELL_SECONDS * SECOND),
    )


def admission_of(section: Diameter) -> Admission:
    """Who may connect. SettingsError for what is no network."""
    try:
        return Admission(section.allowed_hosts, section.allowed_realms, section.allowed_networks)
    except ValueError as error:
        raise SettingsError(f"{SECTION}.allowed_networks: {error}") from None


def destinations_of(section: Diameter) -> Destinations:
    """Whom requests may be meant for. SettingsError for a list that is too long."""
    try:
        return Destinations(section.origin_host, section.origin_realm, section.served_hosts, section.served_realms)
    except ValueError as error:
        raise SettingsError(f"{SECTION}.served_hosts, served_realms: {error}") from None


def sctp_socket(host: str, port: int, *, listening: bool) -> socket.socket:
    """A one-to-one SCTP socket (RFC 6458 section 4). SettingsError where the kernel has none; OSError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host or not host else socket.AF_INET
    try:
        made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    except OSError as error:
        raise SettingsError(f"network sctp: this kernel has no SCTP ({error.strerror}); `modprobe sctp` may help") from None
    made.setblocking(False)
    if listening:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, port))
            made.listen()
        except OSError:
            made.close()
            raise
    return made
