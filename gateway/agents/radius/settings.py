"""What the RADIUS agent is made of before the first packet comes: dictionaries, and the entries of NASes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.errors import Fault
from gateway.agents.radius.limits import MAX_NASES
from gateway.agents.radius.nas import AUTO, DEFAULT, NO, YES, Nas, Nases
from gateway.agents.settings import SettingsError
from gateway.config.agents import Radius
from gateway.config.kinds import APPLIANCE
from gateway.config.tree import Tree
from gateway.protocols.radius.building import Builder
from gateway.protocols.radius.builtin import load_dictionary
from gateway.protocols.radius.dictionary import Dictionary
from gateway.protocols.radius.paths import Paths

SECTION: Final = "radius_agent"
UDP: Final = "udp"
TCP: Final = "tcp"
TLS: Final = "tls"
RADSEC: Final = b"radsec"  # the secret of all packets over TLS, RFC 6614 section 2.3
_POLICIES: Final = {"auto": AUTO, "yes": YES, "no": NO}


class Language:
    """A dictionary as packets are read and built by it."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.paths = Paths(dictionary)
        self.builder = Builder(dictionary)


class Languages:
    """Dictionaries by the files that are read over the built-in ones, each read once. `faults` are all that is wrong with them."""

    def __init__(self, tree: Tree, section: Radius) -> None:
        self._named_values = tree.column == APPLIANCE
        self._default_missing = tree.is_default((SECTION, "client_dictionaries"))
        self.section = section
        self._read: dict[tuple[str, ...], Language] = {}
        self._faulty: list[tuple[str, ...]] = []
        self.faults: list[Fault] = []

    @property
    def dictionaries(self) -> list[Dictionary]:
        """Those that were read."""
        return [one.dictionary for one in self._read.values()]

    def of(self, address: str) -> Language:
        """The one that client_dictionaries says for an address or network, else that of all others. The folder that stands there by
        itself need not be there."""
        section = self.section
        files = section.client_dictionaries.get(address) or section.client_dictionaries.get(DEFAULT) or ()
        if self._default_missing:
            files = tuple(file for file in files if Path(file).is_dir())
        return self.by(files)

    def refuse_faults(self) -> None:
        """SettingsError where a dictionary had any; what was wrong is read anew when it is asked for again."""
        faults, self.faults = self.faults, []
        for files in self._faulty:
            del self._read[files]
        self._faulty.clear()
        if faults:
            raise SettingsError(f"{faults[0]}{f' (and {len(faults) - 1} more)' if len(faults) > 1 else ''}")

    def by(self, files: tuple[str, ...]) -> Language:
        """The one of these files."""
        found = self._read.get(files)
        if found is None:
            dictionary, faults = load_dictionary([Path(file) for file in files], self._named_values)
            self.faults += faults
            if faults:
                self._faulty.append(files)
            found = self._read[files] = Language(dictionary)
        return found


def nases_of(section: Radius, languages: Languages, before: Nases | None = None) -> list[Nas]:
    """Every entry, those of client_secrets behind those of clients, with the counts that it had `before`. SettingsError where there are
    too many."""
    if len(section.clients) + len(section.client_secrets) > MAX_NASES:
        raise SettingsError(f"{SECTION}.clients: more than {MAX_NASES} clients")
    found: list[Nas] = []
    for row in section.clients:
        networks = row.addresses or (row.id,)
        language = languages.of(networks[0]) if row.dictionaries is None else languages.by(row.dictionaries)
        found.append(
            Nas(
                row.id or networks[0],
                list(networks),
                row.secret.encode(),
                language.paths,
                language.builder,
                _POLICIES[row.message_authenticator or section.message_authenticator],
                section.limit_proxy_state if row.limit_proxy_state is None else row.limit_proxy_state,
                list(row.certificate_names),
                row.dynamic_authorization,
            )
        )
    taken = {network for nas in found for network in nas.networks}
    policy = _POLICIES[section.message_authenticator]
    for address, secret in section.client_secrets.items():
        if address not in taken:
            language = languages.of(address)
            limited = section.limit_proxy_state
            found.append(Nas(address, [address], secret.encode(), language.paths, language.builder, policy, limited))
    counts = {nas.name: nas.counts for nas in before.all} if before is not None else {}
    for nas in found:
        nas.counts = counts.get(nas.name, nas.counts)
    return found
