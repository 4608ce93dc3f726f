"""Whom requests may be meant for (RFC 6733 sections 6.1.3, 6.1.4, 6.1.6): nothing is forwarded, so what is meant for others is refused."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.agents.diameter.admission import Names
from gateway.agents.diameter.limits import MAX_FRIENDS
from gateway.protocols.diameter.codes import (
    DESTINATION_HOST,
    DESTINATION_REALM,
    LOOP_DETECTED,
    REALM_NOT_SERVED,
    ROUTE_RECORD,
    UNABLE_TO_DELIVER,
)
from gateway.protocols.diameter.message import NO_AVP, Message


class Destinations:
    """Names that are served beside `host` and `realm`, our own. What a list that is empty is for is not looked at."""

    def __init__(self, host: str, realm: str, hosts: Sequence[str], realms: Sequence[str]) -> None:
        """ValueError for a list that is too long."""
        for entries in (hosts, realms):
            if len(entries) > MAX_FRIENDS:
                raise ValueError(f"more than {MAX_FRIENDS} entries")
        self.is_open = not hosts and not realms
        self._host = host.lower()
        self._hosts = Names((*hosts, host) if hosts else ())
        self._realms = Names((*realms, realm) if realms else ())

    def refused(self, message: Message) -> int:
        """The Result-Code that refuses a request, 0 for none: 3005 where a Route-Record has us, 3003 for a realm and 3002 for a host that
        is not served. Our own host is served, whatever realm is beside it, and so is a request that names nobody."""
        avps = message.avps
        position = avps.find(ROUTE_RECORD)
        while position != NO_AVP:
            if avps.value(position).decode("utf-8", "replace").lower() == self._host:
                return LOOP_DETECTED
            position = avps.find(ROUTE_RECORD, position)
        host, realm = avps.text(DESTINATION_HOST) or "", avps.text(DESTINATION_REALM) or ""
        if host.lower() == self._host:
            return 0
        if realm and not self._realms.have(realm):
            return REALM_NOT_SERVED
        return UNABLE_TO_DELIVER if host and not self._hosts.have(host) else 0
