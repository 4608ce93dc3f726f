"""The RADIUS agent put together from a configuration."""

from __future__ import annotations

from engine.fields.template import Template
from gateway.agents.radius.agent import Ports, RadiusAgent
from gateway.agents.radius.clients import RadiusClients, Templates
from gateway.agents.radius.intake import Intake
from gateway.agents.radius.nas import Nases
from gateway.agents.radius.outgoing import Outgoing
from gateway.agents.radius.remembering import Remembering
from gateway.agents.radius.requests import Requests
from gateway.agents.radius.settings import SECTION, TLS, Languages, nases_of
from gateway.agents.radius.targets import Targets
from gateway.agents.settings import SettingsError, processors_of, template_of, terms_of
from gateway.agents.surroundings import Surroundings
from gateway.config.tree import Radius, Tree
from gateway.processors.terms import Terms
from gateway.protocols.radius.asking import Pace


def radius_agent(tree: Tree, section: Radius, around: Surroundings) -> RadiusAgent:
    """The agent as configured. SettingsError for what cannot be started so."""
    languages = Languages(tree, section)
    try:
        nases = Nases(nases_of(section, languages))
        languages.refuse_faults()
    except SettingsError:
        raise
    except ValueError as error:
        raise SettingsError(f"{SECTION}.clients: {error}") from None
    if around.certificates is None and any(one.network == TLS for one in section.listeners):
        raise SettingsError(f"{SECTION}.listeners: tls needs tls.server_certificate and tls.server_key")
    terms = terms_of(tree, SECTION, around.zone, around.filters, around.user_cache)
    processors = processors_of(tree, SECTION, section.request_processors, terms)
    try:
        targets = Targets(section)
    except ValueError as error:
        raise SettingsError(f"{SECTION}.client_da_addresses: {error}") from None
    remembering = Remembering(targets, _key_of(section, terms), terms)
    requests = Requests(around.door, processors, around.clock, around.chance.randbytes, remembering)
    intake = Intake(requests, nases, around.gate, around.caps, section.max_requests)
    ports = Ports(
        section.listeners,
        around.certificates,
        section.receive_buffer_bytes,
        section.duplicate_window_ns,
        section.max_duplicates,
    )
    clients = _clients_of(tree, section, around, targets, nases)
    return RadiusAgent(intake, languages, ports, clients, around.gate, around.census)


def _key_of(section: Radius, terms: Terms) -> Template | None:
    """requests_cache_key made ready; None where it is empty. SettingsError where it cannot be read."""
    text = section.requests_cache_key
    try:
        return Template.parse(text, terms.separator) if text else None
    except ValueError as error:
        raise SettingsError(f"{SECTION}.requests_cache_key: {error}") from None


def _clients_of(tree: Tree, section: Radius, around: Surroundings, targets: Targets, nases: Nases) -> RadiusClients:
    """NASes as sessions call them. SettingsError for a template that is named and cannot be had."""
    terms = terms_of(tree, SECTION, around.zone, around.filters, around.user_cache)
    templates = Templates(lambda name: template_of(tree, name, terms))
    for name in dict.fromkeys(name for target in targets.all for name in target.templates):
        templates.of(name)
    pace = Pace(section.da_pause_ns, section.da_timeout_ns, section.da_timeout_ns)
    outgoing = Outgoing(around.chance, pace, section.da_source)
    return RadiusClients(targets, nases, templates, outgoing, around.clock, event_timestamp=section.da_event_timestamp)
