"""The options table: every section and option, what it may hold, its two defaults, what it is for.

A module of the table is read when one of its sections is first asked for: a process that uses no agent does not read theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from gateway.config.kinds import Section

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "service": ("general", "cores", "listen", "limits", "storage", "tls", "http", "rpc_conns", "prometheus_agent"),
    "stores": ("data_db", "stor_db", "caches"),
    "charging": ("filters", "rals", "schedulers", "cdrs", "sessions", "apiers"),
    "policies": ("attributes", "chargers", "resources", "ips", "stats", "trends", "rankings", "thresholds", "routes", "dispatchers"),
    "records": ("ers", "ees"),
    "diameter": ("diameter_agent",),
    "radius": ("radius_agent",),
    "switches": ("freeswitch_agent", "kamailio_agent", "asterisk_agent"),
    "requesters": ("http_agent", "dns_agent", "sip_agent", "janus_agent"),
    "templates": ("templates",),
    "tools": ("mailer", "suretax", "analyzers", "registrarc", "configs", "apiban", "sentrypeer", "loader", "migrator"),
}


class Table(Mapping[str, Section]):
    """All sections by name, in the order of the manual."""

    __slots__ = ("_found", "_modules")

    def __init__(self) -> None:
        self._modules = {section: module for module, sections in MODULES.items() for section in sections}
        self._found: dict[str, Section] = {}

    def __getitem__(self, name: str) -> Section:
        found = self._found.get(name)
        if found is None:
            module = import_module(f"gateway.config.options.{self._modules[name]}")
            self._found |= {section.name: section for section in module.SECTIONS}
            found = self._found[name]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __len__(self) -> int:
        return len(self._modules)


SECTIONS: Final = Table()
