"""Options of the RADIUS agent."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.config.kinds import Address, Duration, Flag, Group, Map, Objects, Option, Secret, Section, Size, Text, Texts, Whole
from gateway.config.options.nastemplates import DISCONNECT, REDIRECT, THROTTLE, VENDORS
from gateway.config.options.parts import PORTS, WIRED, conns, enabled, observers, processors

SIGNATURES: Final = ("auto", "yes", "no")

RADIUS_CLIENTS: Final = (
    Option(
        "clients",
        Objects(
            Group(
                (
                    Option("id", Text(), "", "Name in logs and metrics, and the address where addresses is empty."),
                    Option("addresses", Texts(), (), "Addresses and networks (CIDR) that it sends from; *default: all others."),
                    Option("secret", Secret(), "", "Shared secret; one without is not answered."),
                    Option("dictionaries", Texts(), None, "Folders with dictionaries; unset: as client_dictionaries says."),
                    Option(
                        "message_authenticator",
                        Text(("", *SIGNATURES)),
                        "",
                        "Whether Message-Authenticator is demanded; empty: as radius_agent.message_authenticator says.",
                    ),
                    Option("limit_proxy_state", Flag(), None, "As radius_agent.limit_proxy_state; unset: what that says."),
                    Option("certificate_names", Texts(), (), "Names of its certificate on TLS ports, `*.example.org`: all below it."),
                    Option("dynamic_authorization", Flag(), False, "Take Disconnect- and CoA-Requests from it at da_address."),
                )
            ),
            key="id",
        ),
        (),
        "The NASes and proxies that may ask; a longer prefix counts before a shorter one. Beside them: client_secrets.",
        own=True,
    ),
    Option(
        "message_authenticator",
        Text(SIGNATURES),
        "auto",
        "Whether Message-Authenticator is demanded of Access-Requests: yes; no; auto: once 100 in a row from an address had a right one.",
        appliance="yes",
        own=True,
    ),
    Option(
        "limit_proxy_state",
        Flag(),
        False,
        "Discard Access-Requests that have Proxy-State and no Message-Authenticator.",
        appliance=True,
        own=True,
    ),
    Option("duplicate_window", Duration(), "10s", "How long an answer is kept for a request that comes again.", own=True),
    Option("max_duplicates", Whole(1), 65536, "Answers that a UDP port keeps at most; the oldest go first.", own=True),
    Option(
        "max_requests",
        Whole(0),
        8192,
        "Requests that are not answered yet, all ports together; one more is discarded. 0: no bound but cores.caps.",
        own=True,
    ),
    Option("receive_buffer", Size(), "4MB", "Datagrams that the system keeps until they are read, each UDP port; 0: its own.", own=True),
)

CLIENT_POLICY: Final = (
    Option(
        "vendor",
        Text(("", *VENDORS)),
        "",
        "Whose templates it has: *VENDOR_disconnect, *VENDOR_throttle, *VENDOR_redirect; empty: dmr_template, and those of generic.",
        own=True,
    ),
    Option("dmr_template", Text(), "", "Template of Disconnect-Request to it; empty: by vendor, else radius_agent.dmr_template.", own=True),
    Option("coa_template", Text(), "", "Template of CoA-Request to it; empty: radius_agent.coa_template.", own=True),
    Option(
        "credit_end",
        Text((DISCONNECT, THROTTLE, REDIRECT)),
        DISCONNECT,
        "What is asked of it when credit ends; where a CoA for throttle or redirect is not acknowledged: disconnect.",
        own=True,
    ),
    Option("credit_end_template", Text(), "", "Template of the CoA-Request for throttle or redirect; empty: by vendor.", own=True),
    Option(
        "throttle",
        Text(),
        "",
        "~*vars.Throttle: rate, profile or service, in the vendor's words; an event's Throttle goes before.",
        own=True,
    ),
    Option(
        "redirect", Text(), "", "~*vars.Redirect: list, service or URL, in the vendor's words; an event's Redirect goes before.", own=True
    ),
)

DYNAMIC: Final = (
    Option(
        "da_timeout",
        Duration(),
        "1s",
        "How long the answer to a Disconnect- or CoA-Request is waited for, all copies together.",
        appliance="5s",
        own=True,
    ),
    Option(
        "da_pause",
        Duration(),
        "400ms",
        "Silence after which it is sent again over UDP, doubled each time; 0: never.",
        appliance="1s",
        own=True,
    ),
    Option("da_event_timestamp", Flag(), False, "Put Event-Timestamp into Disconnect- and CoA-Requests.", appliance=True, own=True),
    Option(
        "da_address",
        Address(),
        "",
        "host:port (3799) where Disconnect- and CoA-Requests of clients with dynamic_authorization are taken; empty: nowhere.",
        own=True,
    ),
    Option(
        "da_session",
        Map(Text()),
        {"OriginID": "~*req.Acct-Session-Id", "Account": "~*req.User-Name", "OriginHost": "~*req.NAS-IP-Address"},
        "What such a request says of the fields of a session's event, as request_fields do; an empty text leaves a field out.",
        own=True,
    ),
    Option("da_window", Duration(), "5m", "How far their Event-Timestamp may be from now, where there is one; 0: however far.", own=True),
    Option("da_source", Text(), "", "Address of ours that they are sent from; empty: the system's choice.", own=True),
)

RADIUS_AGENT: Final = Section(
    "radius_agent",
    Group(
        (
            enabled("Answer RADIUS requests."),
            Option(
                "listeners",
                Objects(
                    Group(
                        (
                            Option(
                                "network",
                                Text(("udp", "tcp", "tls")),
                                "udp",
                                "Transport; tls: RadSec, by the tls section; either address takes both kinds of requests.",
                            ),
                            Option("auth_address", Address(), "127.0.0.1:1812", "host:port of authentication; empty: none."),
                            Option("acct_address", Address(), "127.0.0.1:1813", "host:port of accounting; empty: none."),
                        )
                    )
                ),
                ({},),
                "Where RADIUS clients send.",
            ),
            *RADIUS_CLIENTS,
            Option("client_secrets", Map(Secret()), {}, "Shared secrets by client address or network; *default: of all others."),
            Option(
                "client_dictionaries",
                Map(Texts()),
                {"*default": ("/usr/share/cgrates/radius/dict/",)},
                "Folders with dictionaries by client address; *default: of all others.",
                appliance={"*default": ("/usr/share/tollwire/radius",)},
            ),
            Option(
                "client_da_addresses",
                Map(
                    Group(
                        (
                            Option(
                                "transport",
                                Text(("udp", "tcp", "connection")),
                                "udp",
                                "Transport; `connection`: what the NAS has open (TLS, TCP), else UDP.",
                            ),
                            Option("host", Text(), "", "Host that is asked; empty: the client itself."),
                            Option("port", PORTS, 3799, "Port that is asked."),
                            Option("flags", Texts(("*log",)), (), "Further steps: *log."),
                            *CLIENT_POLICY,
                        )
                    )
                ),
                {},
                "Where Disconnect and CoA requests of a client go, by address, NAS-Identifier or network; *default: of all others.",
            ),
            Option(
                "requests_cache_key",
                Text(),
                "",
                "Value by which the packet that begins a session is kept for Disconnect and CoA; where it is empty none is kept.",
                appliance="~*req.Acct-Session-Id",
            ),
            *DYNAMIC,
            conns("sessions", "Where events go.", default=WIRED),
            *(msgspec.structs.replace(one, effective=False) for one in observers()),
            Option("dmr_template", Text(), "*dmr", "Template of Disconnect-Request."),
            Option("coa_template", Text(), "*coa", "Template of CoA-Request."),
            processors("*rep.", "requests"),
        )
    ),
    "RADIUS: authentication, accounting, dynamic authorisation.",
    effective=True,
)

SECTIONS: Final = (RADIUS_AGENT,)
