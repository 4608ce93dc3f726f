"""What a session remembers of the packet that began it, so that its NAS can be asked about it later, after a restart too."""

from __future__ import annotations

from typing import Final

from engine.fields.template import Template
from engine.fields.view import REQ, VARS
from gateway.agents.radius.nas import Nas
from gateway.agents.radius.targets import Targets
from gateway.processors.run import view_of
from gateway.processors.terms import Terms
from gateway.protocols.radius.codes import (
    AUTHENTICATOR_BYTES,
    CHAP_CHALLENGE,
    CHAP_PASSWORD,
    EAP_MESSAGE,
    HEADER_BYTES,
    MESSAGE_AUTHENTICATOR,
    PROXY_STATE,
    USER_PASSWORD,
    VENDOR_SPECIFIC,
)
from gateway.protocols.radius.packet import Packet, encode
from gateway.protocols.radius.paths import RadiusSource

_DIGEST_RESPONSE: Final = 103  # RFC 5090, and in the draft before it 206
_DRAFT_RESPONSE: Final = 206
_MICROSOFT: Final = b"\0\0\x01\x37"  # 311: proofs of passwords, keys
# what no request to a NAS may have (RFC 5176 section 3.6), and proofs of passwords
_LEFT_OUT: Final = frozenset(
    (USER_PASSWORD, CHAP_PASSWORD, CHAP_CHALLENGE, EAP_MESSAGE, MESSAGE_AUTHENTICATOR, PROXY_STATE, _DIGEST_RESPONSE, _DRAFT_RESPONSE)
)


class Remembering:
    """Which packets are remembered: those of NASes that can be asked, where `requests_cache_key` gives something."""

    def __init__(self, targets: Targets, key: Template | None, terms: Terms) -> None:
        """`key`: requests_cache_key made ready; None: nothing is remembered."""
        self._targets = targets
        self._key = key
        self._terms = terms

    def client_of(self, packet: Packet, address: str) -> str:
        """What sessions that a packet begins call their client; empty where nobody can be asked about them."""
        return "" if self._key is None else self._targets.client_of(packet, address)

    def kept(self, packet: Packet, nas: Nas, now_ns: int) -> bytes:
        """What is remembered of a packet: itself, without passwords and what belongs to its way; nothing where the key gives nothing."""
        assert self._key is not None, "who has a client has a key"
        scopes: dict[str, object] = {REQ: RadiusSource(packet, nas.paths), VARS: {}}
        try:
            if not self._key.find(view_of(scopes, self._terms, now_ns)):
                return b""
        except ValueError:
            return b""
        data, at = packet.raw, HEADER_BYTES
        parts: list[bytes] = []
        while at < len(data):
            end = at + data[at + 1]
            if not _is_left_out(data, at):
                parts.append(data[at:end])
            at = end
        return encode(packet.code, packet.identifier, data[HEADER_BYTES - AUTHENTICATOR_BYTES : HEADER_BYTES], b"".join(parts))


def _is_left_out(data: bytes, at: int) -> bool:
    number = data[at]
    return number in _LEFT_OUT or (number == VENDOR_SPECIFIC and data[at + 2 : at + 6] == _MICROSOFT)
