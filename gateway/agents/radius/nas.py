"""Who may ask: NASes by address and network, each with its secret, its dictionary and what is asked of its signatures.

`*default` is the network of all addresses. Of several entries that fit the longest prefix counts.

Access-Requests need no signature by RFC 2865, and who sits between NAS and server can have them answered as he wants (BlastRADIUS,
draft-ietf-radext-deprecating-radius). So an entry says whether Message-Authenticator is demanded: YES, NO, or AUTO: of a sender whose last
DEMAND_AFTER requests that needed none all had a right one it is demanded from then on. EAP and digest requests need one by their own RFCs
and show nothing.
"""

from __future__ import annotations

from collections import deque
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from gateway.agents.radius import limits
from gateway.agents.radius.counts import (
    BAD_AUTHENTICATOR,
    BAD_MESSAGE_AUTHENTICATOR,
    NO_MESSAGE_AUTHENTICATOR,
    PROXY_STATE_UNSIGNED,
    NasCounts,
)
from gateway.agents.radius.limits import DEMAND_AFTER
from gateway.protocols.radius.building import Builder
from gateway.protocols.radius.codes import ACCESS_REQUEST, ACCOUNTING_REQUEST, EAP_MESSAGE, PROXY_STATE, STATUS_SERVER
from gateway.protocols.radius.packet import NO_ATTRIBUTE, Packet
from gateway.protocols.radius.paths import Paths
from gateway.protocols.radius.signing import ABSENT, RIGHT, message_authenticator, request_is_signed

MAX_SENDERS = limits.MAX_SENDERS  # no constant to the compiler, so that a test can set it lower

DEFAULT: Final = "*default"
AUTO: Final = 0
YES: Final = 1
NO: Final = 2
_EVERYBODY: Final = ("0.0.0.0/0", "::/0")
_DIGEST: Final = (103, 206)  # Digest-Response of RFC 5090 and of the draft before it
SENDS_NONE: Final = "a client sends Access-Requests without Message-Authenticator"
IS_DEMANDED: Final = "Message-Authenticator is demanded of a client from now on"
_ANYTHING_BELOW: Final = "*."
_MAPPED: Final = "::ffff:"


class Nas:
    """One entry. `name` is what the configuration calls it, `networks` are those that it is sent from."""

    name: str
    networks: list[str]
    secret: bytes
    paths: Paths
    builder: Builder
    message_authenticator: int  # AUTO, YES, NO
    limit_proxy_state: bool
    certificate_names: list[str]
    dynamic_authorization: bool  # whether its Disconnect- and CoA-Requests are taken
    counts: NasCounts

    def __init__(
        self,
        name: str,
        networks: list[str],
        secret: bytes,
        paths: Paths,
        builder: Builder,
        message_authenticator: int = AUTO,
        limit_proxy_state: bool = False,
        certificate_names: list[str] | None = None,
        dynamic_authorization: bool = False,
    ) -> None:
        self.name = name
        self.networks = networks
        self.secret = secret
        self.paths = paths
        self.builder = builder
        self.message_authenticator = message_authenticator
        self.limit_proxy_state = limit_proxy_state
        self.certificate_names = certificate_names or []
        self.dynamic_authorization = dynamic_authorization
        self.counts = NasCounts()


class Sender:
    """One address that an entry stands for, and what was seen of its signatures since the start. `news` is what an operator is to be told
    of them now; empty for nothing."""

    nas: Nas
    address: str
    streak: int  # requests in a row that needed no Message-Authenticator and had a right one
    demanded: bool
    news: str
    _protected: bool
    _told: bool

    def __init__(self, nas: Nas, address: str, protected: bool = False) -> None:
        """`protected`: TLS has shown who it is, and what it sends needs no further signature."""
        self.nas = nas
        self.address = address
        self.streak = 0
        self.demanded = nas.message_authenticator == YES and not protected
        self.news = ""
        self._protected = protected
        self._told = protected or nas.message_authenticator == NO

    def learn(self, before: Sender) -> None:
        """Takes over what was seen under an earlier entry of the same name."""
        if before.nas.name == self.nas.name and before.nas.message_authenticator == self.nas.message_authenticator:
            self.streak = before.streak
            self.demanded = before.demanded
            self._told = before._told

    def fault(self, packet: Packet, secret: bytes) -> str:
        """Why a request is to be discarded, in a word of counts.py; empty for one that is what it says.

        `secret` is that of the way it came: the NAS's, or that of TLS.
        """
        if packet.code == ACCOUNTING_REQUEST:
            if not request_is_signed(packet, secret):
                return BAD_AUTHENTICATOR
            return BAD_MESSAGE_AUTHENTICATOR if message_authenticator(packet, secret) > RIGHT else ""
        found = message_authenticator(packet, secret)
        if found == RIGHT:
            if packet.code == ACCESS_REQUEST:
                self._signed(packet)
            return ""
        if found != ABSENT:
            return BAD_MESSAGE_AUTHENTICATOR
        if packet.code == STATUS_SERVER:  # RFC 5997 section 3
            return NO_MESSAGE_AUTHENTICATOR
        if self.demanded or packet.find(EAP_MESSAGE) != NO_ATTRIBUTE:  # RFC 3579 section 3.2
            return NO_MESSAGE_AUTHENTICATOR
        if self.nas.limit_proxy_state and not self._protected and packet.find(PROXY_STATE) != NO_ATTRIBUTE:
            return PROXY_STATE_UNSIGNED
        self.nas.counts.unsigned += 1
        self.streak = 0
        if not self._told:
            self._told = True
            self.news = SENDS_NONE
        return ""

    def _signed(self, packet: Packet) -> None:
        self.nas.counts.signed += 1
        if self.demanded or self._protected or self.nas.message_authenticator != AUTO or packet.find(EAP_MESSAGE) != NO_ATTRIBUTE:
            return
        for number in _DIGEST:
            if packet.find(number) != NO_ATTRIBUTE:
                return
        self.streak += 1
        if self.streak >= DEMAND_AFTER:
            self.demanded = True
            self.news = IS_DEMANDED


class Block:
    """The entries of one prefix length of one IP version, by the bits in front."""

    version: int
    bits: int
    entries: dict[int, Nas]

    def __init__(self, version: int, bits: int) -> None:
        self.version = version
        self.bits = bits
        self.entries = {}


class Nases:
    """All entries. They may change while packets come; `changes` counts how often they did."""

    all: list[Nas]
    changes: int
    senders: dict[str, Sender]  # bounded by MAX_SENDERS
    _learned: dict[str, Sender]  # those before the last change, of which nothing was heard since
    _order: deque[str]  # of the senders
    _blocks: list[Block]  # the longest prefixes first

    def __init__(self, all: list[Nas]) -> None:
        """ValueError for what is no network, and for a network that two entries have."""
        self.all = []
        self.changes = 0
        self.senders = {}
        self._learned = {}
        self._order = deque()
        self._blocks = []
        self.replace(all)

    def replace(self, all: list[Nas]) -> None:
        """These and no others from now on; nothing is changed where a ValueError says what is wrong with them."""
        blocks: dict[tuple[int, int], Block] = {}
        for nas in all:
            for written in nas.networks:
                for text in _EVERYBODY if written == DEFAULT else (written,):
                    network = _network(text)
                    key = (network.version, network.prefixlen)
                    block = blocks.setdefault(key, Block(network.version, network.prefixlen))
                    bits = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
                    if bits in block.entries:
                        raise ValueError(f"{written} stands for {block.entries[bits].name} already")
                    block.entries[bits] = nas
        self._blocks = [blocks[key] for key in sorted(blocks, key=_by_length)]
        self.all = all
        self.changes += 1
        self._learned = self.senders
        self.senders = {}
        self._order = deque()

    @property
    def demanded(self) -> int:
        """Of how many addresses a signature is demanded because they have sent it (AUTO)."""
        return sum([sender.demanded and sender.nas.message_authenticator == AUTO for sender in self.senders.values()])

    def of(self, address: str) -> Nas | None:
        """The entry of an address."""
        sender = self.sender(address)
        return None if sender is None else sender.nas

    def sender(self, address: str) -> Sender | None:
        """What is known of an address as sockets write it; None where no entry has it."""
        found = self.senders.get(address)
        return found if found is not None else self._looked_up(address)

    def certified(self, address: str, names: list[str]) -> Sender | None:
        """Who showed a certificate of these names: the entry that has one of them, else that of the address if it asks for none."""
        for nas in self.all:
            for wanted in nas.certificate_names:
                for name in names:
                    if is_named(name, wanted):
                        return Sender(nas, plain_address(address), True)
        nas_there = self.of(address)
        if nas_there is None or nas_there.certificate_names:
            return None
        return Sender(nas_there, plain_address(address), True)

    def named(self, name: str) -> Nas | None:
        """The entry of a name."""
        for nas in self.all:
            if nas.name == name:
                return nas
        return None

    def _looked_up(self, address: str) -> Sender | None:
        try:
            known = ip_address(plain_address(address))
        except ValueError:
            return None
        number, version, size = int(known), known.version, known.max_prefixlen
        for block in self._blocks:
            if block.version == version:
                nas = block.entries.get(number >> (size - block.bits))
                if nas is not None:
                    sender = Sender(nas, str(known))
                    before = self._learned.pop(address, None)
                    if before is not None:
                        sender.learn(before)
                    return self._kept(sender, address)
        return None

    def _kept(self, sender: Sender, address: str) -> Sender:
        senders = self.senders
        if len(senders) >= MAX_SENDERS:
            del senders[self._order.popleft()]
        senders[address] = sender
        self._order.append(address)
        return sender


def plain_address(text: str) -> str:
    """An address without the zone of a link, and an IPv4 one as such where a socket for both wrote it."""
    return text.removeprefix(_MAPPED).partition("%")[0]


def is_named(name: str, wanted: str) -> bool:
    """Whether a name is the wanted one, or stands below `*.wanted`; without regard to case."""
    name, wanted = name.lower(), wanted.lower()
    return name.endswith(wanted[1:]) if wanted.startswith(_ANYTHING_BELOW) else name == wanted


def _by_length(key: tuple[int, int]) -> tuple[int, int]:
    return -key[1], key[0]


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is no address and no network: 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32 is wanted") from None
