"""The RADIUS agent put together from a configuration."""

from __future__ import annotations

from gateway.agents.radius.agent import Ports, RadiusAgent
from gateway.agents.radius.intake import Intake
from gateway.agents.radius.nas import Nases
from gateway.agents.radius.requests import Requests
from gateway.agents.radius.settings import SECTION, TLS, Languages, nases_of
from gateway.agents.settings import SettingsError, processors_of, terms_of
from gateway.agents.surroundings import Surroundings
from gateway.config.tree import Radius, Tree


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
    requests = Requests(around.door, processors, around.clock, around.chance.randbytes)
    intake = Intake(requests, nases, around.gate, around.caps, section.max_requests)
    ports = Ports(
        section.listeners,
        around.certificates,
        section.receive_buffer_bytes,
        section.duplicate_window_ns,
        section.max_duplicates,
    )
    return RadiusAgent(intake, languages, ports, around.gate, around.census)
