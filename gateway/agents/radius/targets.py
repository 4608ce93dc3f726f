"""Which NAS can be asked about its sessions, where, and by which templates (RFC 5176): radius_agent.client_da_addresses."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from gateway.agents.radius.limits import MAX_SENDERS
from gateway.agents.radius.nas import DEFAULT
from gateway.config.agents import Radius, RadiusDynamic
from gateway.config.options.nastemplates import DISCONNECT, GENERIC, template_name
from gateway.protocols.radius.packet import Packet

PREFIX: Final = "radius|"
"""What all names of ours begin with, and no name of another kind of client; the address of the NAS follows."""

NAS_IDENTIFIER: Final = 32


class Target:
    """One entry. `host` is empty where the client itself is asked. `credit_end_template` is empty where credit's end disconnects."""

    def __init__(self, key: str, row: RadiusDynamic, section: Radius) -> None:
        self.key: Final = key
        self.host: Final = row.host
        self.port: Final = row.port
        self.is_stream: Final = row.transport == "tcp"
        self.is_back: Final = row.transport == "connection"
        """The connection that the NAS has open is asked first."""
        self.is_logged: Final = "*log" in row.flags
        by_vendor = template_name(row.vendor, DISCONNECT) if row.vendor else section.dmr_template
        self.dmr_template: Final = row.dmr_template or by_vendor
        self.coa_template: Final = row.coa_template or section.coa_template
        if row.credit_end == DISCONNECT:
            self.credit_end_template = ""
        else:
            self.credit_end_template = row.credit_end_template or template_name(row.vendor or GENERIC, row.credit_end)
        self.naming_template: Final = template_name(row.vendor or GENERIC, DISCONNECT)
        """What finds the session, and says nothing more."""
        self.words: Final = {"Throttle": row.throttle, "Redirect": row.redirect}

    @property
    def templates(self) -> tuple[str, ...]:
        """The templates that it names."""
        return tuple(name for name in (self.dmr_template, self.coa_template, self.credit_end_template, self.naming_template) if name)


class Targets:
    """All entries: of an address its own, else that of the request's NAS-Identifier, else the longest network's, else `*default`."""

    def __init__(self, section: Radius) -> None:
        """ValueError for what is no network."""
        self.all: Final = [Target(key, row, section) for key, row in section.client_da_addresses.items()]
        self._named: dict[str, Target] = {}  # by address and NAS-Identifier
        self._networks: list[tuple[IPv4Network | IPv6Network, Target]] = []
        self._default: Target | None = None
        for target in self.all:
            if target.key == DEFAULT:
                self._default = target
            elif "/" in target.key:
                self._networks.append((ip_network(target.key, strict=False), target))
            else:
                self._named[_plain(target.key)] = target
        self._networks.sort(key=lambda one: -one[0].prefixlen)
        self._clients: dict[str, str] = {}

    def client_of(self, packet: Packet, address: str) -> str:
        """What the sessions that a request begins call their client; empty where nobody can be asked about them."""
        if not self.all or self.of(packet, address) is None:
            return ""
        client = self._clients.get(address)
        if client is None:
            if len(self._clients) >= MAX_SENDERS:
                self._clients.clear()
            client = self._clients[address] = PREFIX + address
        return client

    def of(self, packet: Packet, address: str) -> Target | None:
        """The entry of a request that came from an address."""
        found = self._named.get(address)
        if found is not None:
            return found
        name = packet.first(NAS_IDENTIFIER)
        if name is not None:
            found = self._named.get(name.decode("utf-8", "replace"))
            if found is not None:
                return found
        return self._of_network(address) if self._networks else self._default

    def _of_network(self, address: str) -> Target | None:
        try:
            known = ip_address(address)
        except ValueError:
            return self._default
        for network, target in self._networks:
            if known in network:
                return target
        return self._default


def address_of(client: str) -> str:
    """The NAS's address in the name of a client; empty for the name of another kind."""
    return client.removeprefix(PREFIX) if client.startswith(PREFIX) else ""


def _plain(key: str) -> str:
    """An address as sockets write it; other texts as they are."""
    try:
        return str(ip_address(key))
    except ValueError:
        return key
