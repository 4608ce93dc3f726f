"""What goes to the clients of the bidirectional port because another client asked for it."""

from __future__ import annotations

from typing import Final

from engine.errors import RequestError
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.shapes import shape
from gateway.api.table import method

_PEER: Final = shape("utils.DPRArgs", "OriginHost string; OriginRealm string; RemoteAddr string; DisconnectCause int")

PARTIALLY_EXECUTED: Final = "PARTIALLY_EXECUTED"


async def _disconnect_peer(api: Api, args: Args) -> object:
    if not await api.clients.disconnect_peer(args):
        raise RequestError(PARTIALLY_EXECUTED)
    return "OK"


METHODS: Final = (method("SessionSv1.DisconnectPeer", _PEER, _disconnect_peer),)
