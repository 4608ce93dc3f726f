"""Who may be a peer: by the network that it connects from, and by the names that it gives itself."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from gateway.agents.diameter.limits import MAX_FRIENDS

ANYTHING_BELOW: Final = "*."


class Admission:
    """An empty list lets everybody in; of each that is not, a peer must match an entry."""

    def __init__(self, hosts: Sequence[str] = (), realms: Sequence[str] = (), networks: Sequence[str] = ()) -> None:
        """ValueError for what is no network, and for a list that is too long."""
        for entries in (hosts, realms, networks):
            if len(entries) > MAX_FRIENDS:
                raise ValueError(f"more than {MAX_FRIENDS} entries")
        self._hosts = Names(hosts)
        self._realms = Names(realms)
        self._networks = [read_network(text) for text in networks]

    def lets_in_address(self, address: str) -> bool:
        """Whether a connection from this address is taken."""
        if not self._networks:
            return True
        try:
            known = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(known, "ipv4_mapped", None)
        return any((mapped or known) in network for network in self._networks)

    def lets_in(self, host: str, realm: str) -> bool:
        """Whether a peer of this Origin-Host and Origin-Realm is taken."""
        return self._hosts.have(host) and self._realms.have(realm)


class Names:
    """Names of hosts or realms, compared without regard to case (RFC 6733 section 4.3.1); `*.x` means all below x."""

    def __init__(self, entries: Sequence[str]) -> None:
        lower = [entry.lower() for entry in entries]
        self._exact = frozenset(entry for entry in lower if not entry.startswith(ANYTHING_BELOW))
        self._below = tuple(entry[1:] for entry in lower if entry.startswith(ANYTHING_BELOW))

    def have(self, name: str) -> bool:
        """Whether a name is among them, or there are none."""
        if not self._exact and not self._below:
            return True
        lower = name.lower()
        return lower in self._exact or (bool(self._below) and lower.endswith(self._below))


def read_network(text: str) -> IPv4Network | IPv6Network:
    """A network as 192.0.2.0/24, or one address. ValueError for what is none."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is no network: 192.0.2.0/24 or 2001:db8::/32 is wanted") from None
