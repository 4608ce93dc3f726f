"""The RADIUS agent put together from a configuration."""

from __future__ import annotations

from typing import Final

from engine.fields.template import Template
from gateway.agents.radius.agent import Ports, RadiusAgent, Spoken
from gateway.agents.radius.clients import RadiusClients, Templates
from gateway.agents.radius.incoming import Incoming, Terms
from gateway.agents.radius.intake import Intake
from gateway.agents.radius.nas import Nases
from gateway.agents.radius.outgoing import Outgoing
from gateway.agents.radius.remembering import Remembering
from gateway.agents.radius.requests import Requests
from gateway.agents.radius.settings import SECTION, TLS, Languages, nases_of
from gateway.agents.radius.targets import Targets
from gateway.agents.settings import SettingsError, processors_of, template_of, terms_of
from gateway.agents.surroundings import Surroundings
from gateway.config.agents import Radius
from gateway.config.tree import Tree, split_address
from gateway.processors import terms as processing
from gateway.protocols.radius.asking import Pace

LIVE: Final = (
    "templates",
    *(
        f"{SECTION}.{name}"
        for name in (
            "clients client_secrets client_dictionaries message_authenticator limit_proxy_state request_processors max_requests "
            "client_da_addresses requests_cache_key dmr_template coa_template da_event_timestamp"
        ).split()
    ),
)
"""Options that a running agent takes; the files of dictionaries are read anew with them."""


def spoken_of(tree: Tree, section: Radius, around: Surroundings, before: Nases | None = None) -> Spoken:
    """What an agent takes another one of while it runs; clients have the counts that they had `before`. SettingsError for what cannot
    be."""
    languages = Languages(tree, section)
    try:
        nases = nases_of(section, languages, before)
        languages.refuse_faults()
        Nases(nases)
    except SettingsError:
        raise
    except ValueError as error:
        raise SettingsError(f"{SECTION}.clients: {error}") from None
    try:
        targets = Targets(section)
    except ValueError as error:
        raise SettingsError(f"{SECTION}.client_da_addresses: {error}") from None
    terms = terms_of(tree, SECTION, around.zone, around.filters, around.user_cache)
    templates = Templates(lambda name: template_of(tree, name, terms))
    for name in dict.fromkeys(name for target in targets.all for name in target.templates):
        templates.of(name)
    processors = processors_of(tree, SECTION, section.request_processors, terms)
    return Spoken(section, nases, processors, targets, templates, Remembering(targets, _key_of(section, terms), terms))


def radius_agent(tree: Tree, section: Radius, around: Surroundings) -> RadiusAgent:
    """The agent as configured. SettingsError for what cannot be started so."""
    spoken = spoken_of(tree, section, around)
    if around.certificates is None and any(one.network == TLS for one in section.listeners):
        raise SettingsError(f"{SECTION}.listeners: tls needs tls.server_certificate and tls.server_key")
    nases = Nases(spoken.nases)
    requests = Requests(around.door, spoken.processors, around.clock, around.chance.randbytes, spoken.remembering)
    intake = Intake(requests, nases, around.gate, around.caps, around.stage, section.max_requests)
    ports = Ports(
        section.listeners,
        around.certificates,
        section.receive_buffer_bytes,
        section.duplicate_window_ns,
        section.max_duplicates,
    )
    pace = Pace(section.da_pause_ns, section.da_timeout_ns, section.da_timeout_ns)
    outgoing = Outgoing(around.chance, pace, section.da_source)
    intake.links = outgoing.backways
    clients = RadiusClients(spoken.targets, nases, spoken.templates, outgoing, around.clock, event_timestamp=section.da_event_timestamp)
    incoming = _incoming_of(tree, section, around, intake, clients)
    return RadiusAgent(intake, ports, clients, around.gate, around.census, incoming=incoming)


def _incoming_of(tree: Tree, section: Radius, around: Surroundings, intake: Intake, clients: RadiusClients) -> Incoming | None:
    """Where others ask us to end and to alter sessions; None where nobody may."""
    address = split_address(section.da_address)
    if address is None:
        return None
    language = terms_of(tree, SECTION, around.zone, around.filters, around.user_cache)
    fields: dict[str, Template] = {}
    for name, text in section.da_session.items():
        try:
            fields |= {name: Template.parse(text, language.separator)} if text else {}
        except ValueError as error:
            raise SettingsError(f"{SECTION}.da_session.{name}: {error}") from None
    terms = Terms(address, tree.general.default_tenant, fields, language, section.da_window_ns, section.duplicate_window_ns)
    return Incoming(terms, intake, around.door, clients, around.clock)


def _key_of(section: Radius, terms: processing.Terms) -> Template | None:
    """requests_cache_key made ready; None where it is empty. SettingsError where it cannot be read."""
    text = section.requests_cache_key
    try:
        return Template.parse(text, terms.separator) if text else None
    except ValueError as error:
        raise SettingsError(f"{SECTION}.requests_cache_key: {error}") from None
