"""The Diameter agent put together from a configuration."""

from __future__ import annotations

from typing import Final

from engine.times import SECOND
from gateway.agents.diameter.agent import DiameterAgent, Ports, Spoken
from gateway.agents.diameter.clients import DiameterClients
from gateway.agents.diameter.counts import Counts
from gateway.agents.diameter.dialling import Trust
from gateway.agents.diameter.elections import Elections
from gateway.agents.diameter.link import House
from gateway.agents.diameter.requests import Named, Requests
from gateway.agents.diameter.roster import Roster
from gateway.agents.diameter.settings import (
    SECTION,
    TLS,
    admission_of,
    destinations_of,
    dictionary_of,
    language_of,
    settings_of,
    templates_of,
)
from gateway.agents.settings import SettingsError, terms_of
from gateway.agents.surroundings import Surroundings
from gateway.config.agents import Diameter
from gateway.config.certificates import client_context
from gateway.config.tree import Tree

LIVE: Final = (
    "templates",
    *(
        f"{SECTION}.{name}"
        for name in (
            "request_processors asr_template rar_template forced_disconnect allowed_hosts allowed_realms allowed_networks "
            "served_hosts served_realms peers max_requests max_message_size request_timeout request_in_errors synced_conn_requests"
        ).split()
    ),
)
"""Options that a running agent takes; the files of dictionaries are read anew with them."""

LIVE_DIALLED: Final = ("tls.client_certificate", "tls.client_key", "tls.ca_certificate", "tls.server_name")
"""Those that it takes besides where a peer is dialled over TLS, from the next connection on; the files are read anew with them."""


def live_of(section: Diameter) -> tuple[str, ...]:
    """The options that a running agent takes of a configuration."""
    return LIVE + LIVE_DIALLED if _dials_tls(section) else LIVE


def _dials_tls(section: Diameter) -> bool:
    return any(peer.network == TLS for peer in section.peers)


def spoken_of(tree: Tree, section: Diameter, around: Surroundings) -> Spoken:
    """What an agent takes another one of while it runs. SettingsError, CertificateError for what cannot be."""
    dictionary, faults = dictionary_of(tree, section)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SettingsError(f"{faults[0]}{more}")
    terms = terms_of(tree, SECTION, around.zone, around.filters, around.user_cache)
    return Spoken(
        section,
        language_of(tree, section, dictionary, terms),
        templates_of(tree, section, dictionary, terms),
        admission_of(section),
        destinations_of(section),
        Trust(client_context(tree.tls), tree.tls.server_name) if _dials_tls(section) else None,
    )


def diameter_agent(tree: Tree, section: Diameter, around: Surroundings) -> DiameterAgent:
    """The agent as configured. SettingsError, CertificateError for what cannot be started so."""
    spoken = spoken_of(tree, section, around)
    if around.certificates is None and any(one.network == TLS for one in section.listeners):
        raise SettingsError(f"{SECTION}.listeners: tcp-tls needs tls.server_certificate and tls.server_key")
    named = Named(section.origin_host, section.origin_realm, section.product_name, around.node_id)
    counts, templates = Counts(), spoken.templates
    requests = Requests(
        around.door,
        spoken.language,
        spoken.destinations,
        named,
        counts,
        around.clock,
        kept=templates.read,
        cc_in_errors=section.request_in_errors,
    )
    roster = Roster(around.process_tag)
    house = House(
        requests,
        roster,
        counts,
        spoken.admission,
        Elections(section.origin_host),
        around.caps,
        around.stage,
        around.chance,
        max_requests=section.max_requests,
        max_message_bytes=section.max_message_bytes,
        synced=section.synced_conn_requests,
        started_s=around.clock() // SECOND,
    )
    settings = settings_of(tree, section, spoken.language.dictionary, house.refuse)
    clients = DiameterClients(roster, templates, requests, counts, around.clock, section.request_timeout_ns)
    ports = Ports(section.listeners, around.certificates, tree.general.connect_timeout_ns)
    return DiameterAgent(house, settings, clients, ports, spoken, around.gate, around.census)
