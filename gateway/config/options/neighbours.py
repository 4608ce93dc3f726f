"""Options of the agents: Diameter, RADIUS, FreeSWITCH, Kamailio, Asterisk, HTTP, DNS, SIP, Janus, Prometheus."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.config.kinds import Address, Duration, Flag, Group, Map, Objects, Option, Secret, Section, Size, Text, Texts, Whole
from gateway.config.options.nastemplates import DISCONNECT, REDIRECT, THROTTLE, VENDORS
from gateway.config.options.parts import PORTS, TIMEZONE, WIRED, conns, enabled, processors

CALLED_BACK: Final = ("*birpc_internal",)
PERFORMANCE: Final = "Told how long requests took, where a processor's flags say so."


def observers() -> tuple[Option, ...]:
    """Who is told of an agent's own work."""
    return conns("stats", PERFORMANCE), conns("thresholds", PERFORMANCE)


def reconnecting(reconnects: int = 5) -> tuple[Option, ...]:
    """How a lost switch is found again."""
    return (
        Option("reconnects", Whole(-1), reconnects, "Reconnects tried; -1: no limit."),
        Option("max_reconnect_interval", Duration(), "", "Longest pause between two reconnects; empty: no limit."),
    )


ASTERISK_AGENT: Final = Section(
    "asterisk_agent",
    Group(
        (
            enabled("Charge calls of Asterisk."),
            conns("sessions", "Where events go.", default=CALLED_BACK),
            Option("create_cdr", Flag(), False, "Make a CDR when a call ends."),
            Option("route_profile", Flag(), False, "Ask for routes of a call."),
            Option(
                "asterisk_conns",
                Objects(
                    Group(
                        (
                            Option("address", Text(), "127.0.0.1:8088", "host:port of the REST interface."),
                            Option("user", Text(), "cgrates", "User of the REST interface.", appliance="tollwire"),
                            Option("password", Secret(), "", "Password of user."),
                            Option("connect_attempts", Whole(-1), 3, "First connections tried; -1: no limit."),
                            *reconnecting(),
                            Option("ari_websocket", Flag(), False, "Send requests over the WebSocket too."),
                            Option("alias", Text(), None, "Name of the switch in events, instead of its address."),
                        )
                    )
                ),
                ({},),
                "The Asterisk servers.",
            ),
        )
    ),
    "Asterisk, by its REST interface (ARI).",
)

FREESWITCH_AGENT: Final = Section(
    "freeswitch_agent",
    Group(
        (
            enabled("Charge calls of FreeSWITCH."),
            conns("sessions", "Where events go.", default=CALLED_BACK),
            Option("subscribe_park", Flag(), True, "Authorise calls that the dialplan parks."),
            Option("create_cdr", Flag(), False, "Make a CDR when a call ends."),
            Option("extra_fields", Texts(), (), "Further channel variables of the event."),
            Option("low_balance_ann_file", Text(), "", "Sound played when little is left; empty: none."),
            Option("empty_balance_context", Text(), "", "Context to which a call without credit goes; empty: it is ended."),
            Option("empty_balance_ann_file", Text(), "", "Sound played before a call without credit is ended; empty: none."),
            Option("max_wait_connection", Duration(), "2s", "How long a lost connection is waited for."),
            Option("active_session_delimiter", Text(), ",", "What separates columns of the switch's list of calls."),
            Option("route_profile", Flag(), False, "Ask for routes of a call."),
            Option(
                "sched_transfer_extension",
                Text(),
                "CGRateS",
                "Extension to which a call is sent when its time is over; empty: it is ended.",
                appliance="tollwire",
            ),
            Option(
                "event_socket_conns",
                Objects(
                    Group(
                        (
                            Option("address", Text(), "127.0.0.1:8021", "host:port of the event socket."),
                            Option("password", Secret(), "", "Password of the event socket."),
                            *reconnecting(),
                            Option("reply_timeout", Duration(), "1m", "How long the switch's answer is waited for."),
                            Option("alias", Text(), "", "Name of the switch in events, instead of its address."),
                        )
                    )
                ),
                ({},),
                "The FreeSWITCH servers.",
            ),
        )
    ),
    "FreeSWITCH, by its event socket.",
)

KAMAILIO_AGENT: Final = Section(
    "kamailio_agent",
    Group(
        (
            enabled("Charge calls of Kamailio."),
            conns("sessions", "Where events go.", default=CALLED_BACK),
            Option("create_cdr", Flag(), False, "Make a CDR when a call ends."),
            Option("timezone", TIMEZONE, "", "Time zone of times without an offset."),
            Option("route_profile", Flag(), False, "Ask for routes of a call."),
            Option(
                "evapi_conns",
                Objects(
                    Group(
                        (
                            Option("address", Text(), "127.0.0.1:8448", "host:port of the evapi module."),
                            *reconnecting(),
                            Option("alias", Text(), None, "Name of the proxy in events, instead of its address."),
                        )
                    )
                ),
                ({},),
                "The Kamailio servers.",
            ),
        )
    ),
    "Kamailio, by its evapi module.",
)

DIAMETER_NETWORK: Final = Text(("tcp", "tcp-tls", "sctp"))

DIAMETER_PEERS: Final = (
    Option(
        "peers",
        Objects(
            Group(
                (
                    Option("id", Text(), "", "Name in logs; a later file changes the peer of the same name."),
                    Option("address", Address(), "", "host:port that is connected to."),
                    Option("network", DIAMETER_NETWORK, "tcp", "Transport."),
                    Option("origin_host", Text(), "", "Origin-Host that the peer must have; empty: any."),
                    Option("max_reconnect_interval", Duration(), "30s", "Longest pause between two tries to connect (Tc of RFC 6733)."),
                )
            ),
            key="id",
        ),
        (),
        "Peers that are connected to from here; the others connect by themselves.",
        own=True,
    ),
    Option("allowed_hosts", Texts(), (), "Origin-Hosts of peers that may connect, `*.example.org`: all below it; empty: any.", own=True),
    Option("allowed_realms", Texts(), (), "Origin-Realms of peers that may connect, as allowed_hosts; empty: any.", own=True),
    Option("allowed_networks", Texts(), (), "Networks (CIDR) that peers may connect from; empty: any.", own=True),
    Option(
        "watchdog_interval",
        Duration(),
        "30s",
        "Silence after which a peer is asked whether it is there (Tw of RFC 3539); 0: never.",
        own=True,
    ),
    Option(
        "request_timeout",
        Duration(),
        "1s",
        "How long the answer to a request of ours is waited for, on each connection that is tried.",
        appliance="3s",
        own=True,
    ),
    Option("max_message_size", Size(), "256KB", "Longest message that is read; a peer that begins a longer one is cut off.", own=True),
    Option(
        "max_requests",
        Whole(0),
        4096,
        "Requests of all peers that are not answered yet; one more is answered TOO_BUSY (3004). 0: no bound but cores.caps.",
        own=True,
    ),
    Option(
        "topup_reauthorizes",
        Flag(),
        False,
        "Send a Re-Auth-Request by rar_template for every session of an account that gets money or units by an action or a top-up.",
        own=True,
    ),
    Option(
        "tariff_change_reauthorizes",
        Flag(),
        False,
        "Send a Re-Auth-Request by rar_template for every session, some hundreds a second, when rating data changes.",
        own=True,
    ),
    Option(
        "request_in_errors",
        Flag(),
        False,
        "Put CC-Request-Type and CC-Request-Number into error answers too: some clients know an answer by them alone.",
        appliance=True,
        own=True,
    ),
    Option(
        "strict_avps",
        Flag(),
        False,
        "Refuse a request by the letter: an unknown AVP with the M bit (5001), one that is missing (5005), there too often (5009), of a "
        "value (5004) or length (5014) that it cannot have.",
        own=True,
    ),
)

DIAMETER_AGENT: Final = Section(
    "diameter_agent",
    Group(
        (
            enabled("Answer Diameter requests."),
            Option(
                "listeners",
                Objects(
                    Group(
                        (
                            Option("address", Address(), "127.0.0.1:3868", "host:port."),
                            Option("network", DIAMETER_NETWORK, "tcp", "Transport; tcp-tls: with the certificates of the tls section."),
                        )
                    )
                ),
                ({},),
                "Where Diameter peers connect.",
            ),
            *DIAMETER_PEERS,
            Option(
                "dictionaries_path",
                Text(),
                "/usr/share/cgrates/diameter/dict/",
                "Folder with further dictionaries.",
                appliance="/usr/share/tollwire/diameter",
            ),
            Option("dictionaries_append_defaults", Flag(), True, "Further dictionaries are added to the built-in ones."),
            Option("ce_applications", Texts(), None, "Applications named in the capabilities exchange; unset: all of the dictionaries."),
            conns("sessions", "Where events go.", default=CALLED_BACK),
            *(msgspec.structs.replace(one, effective=False) for one in observers()),
            Option("origin_host", Text(), "CGR-DA", "Origin-Host of this node.", appliance="tollwire.localdomain"),
            Option("origin_realm", Text(), "cgrates.org", "Origin-Realm of this node.", appliance="localdomain"),
            Option("vendor_id", Whole(0, 2**32 - 1), 0, "Vendor-Id of this node."),
            Option("product_name", Text(), "CGRateS", "Product-Name of this node.", appliance="Tollwire"),
            Option("synced_conn_requests", Flag(), False, "Work off the requests of a connection one after the other."),
            Option("asr_template", Text(), "", "Template of Abort-Session-Request; empty: none is sent."),
            Option("rar_template", Text(), "", "Template of Re-Auth-Request; empty: none is sent."),
            Option("slr_template", Text(), "", "Template of the event of a Spending-Limit-Request.", effective=False),
            Option("snr_template", Text(), "", "Template of Spending-Status-Notification-Request.", effective=False),
            Option("str_template", Text(), "", "Template of the event of a Session-Termination-Request.", effective=False),
            Option("forced_disconnect", Text(("*none", "*asr", "*rar")), "*none", "What is sent when the engine ends a session."),
            Option("conn_status_stat_queue_ids", Texts(), (), "Stat queues told of peers that come and go.", effective=False),
            Option("conn_status_threshold_ids", Texts(), (), "Thresholds told of peers that come and go.", effective=False),
            Option("conn_health_check_interval", Duration(), "0", "How often connections are checked; 0: never.", effective=False),
            processors("*rep.", "requests"),
        )
    ),
    "Diameter: Gy, Ro, Rf, Sy and what the dictionaries add.",
    effective=True,
)

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
                            Option("transport", Text(("udp", "tcp")), "udp", "Transport."),
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

HTTP_AGENT: Final = Section(
    "http_agent",
    Objects(
        Group(
            (
                Option("id", Text(), "", "Name; a later file changes the listener of the same name."),
                Option("url", Text(), "", "Path on the HTTP listener."),
                conns("sessions", "Where events go."),
                *observers(),
                Option("request_payload", Text(("*url", "*xml", ""), open_choices=True), "", "How requests are written."),
                Option("reply_payload", Text(("*xml", "*text_plain", ""), open_choices=True), "", "How answers are written."),
                processors("*rep.", "requests"),
            )
        ),
        key="id",
    ),
    "Requests over HTTP in forms of your own.",
    default=(),
)

DNS_AGENT: Final = Section(
    "dns_agent",
    Group(
        (
            enabled("Answer DNS questions."),
            Option(
                "listeners",
                Objects(
                    Group(
                        (
                            Option("address", Address(), "127.0.0.1:53", "host:port."),
                            Option("network", Text(("udp", "tcp", "tcp-tls")), "udp", "Transport."),
                        )
                    )
                ),
                ({},),
                "Where questions are sent.",
            ),
            conns("sessions", "Where events go.", default=WIRED),
            *observers(),
            Option("timezone", TIMEZONE, "", "Time zone of times without an offset."),
            processors("*rep.", "questions"),
        )
    ),
    "DNS: NAPTR, A, SRV.",
)

SIP_AGENT: Final = Section(
    "sip_agent",
    Group(
        (
            enabled("Answer SIP requests with redirects."),
            Option("listen", Address(), "127.0.0.1:5060", "host:port."),
            Option("listen_net", Text(("udp", "tcp", "tcp-tls")), "udp", "Transport."),
            conns("sessions", "Where events go.", default=WIRED),
            *observers(),
            Option("timezone", TIMEZONE, "", "Time zone of times without an offset."),
            Option("retransmission_timer", Duration(), "1s", "How long an ACK is waited for before an answer is sent again."),
            processors("*rep.", "requests"),
        )
    ),
    "SIP redirects.",
)

JANUS_AGENT: Final = Section(
    "janus_agent",
    Group(
        (
            enabled("Charge calls of Janus."),
            Option("url", Text(), "/janus", "Path on the HTTP listener."),
            conns("sessions", "Where events go.", default=WIRED),
            Option(
                "janus_conns",
                Objects(
                    Group(
                        (
                            Option("address", Text(), "127.0.0.1:8088", "host:port of the server."),
                            Option("type", Text(("*ws",)), "*ws", "What is spoken."),
                            Option("admin_address", Text(), "localhost:7188", "host:port of the server's administration."),
                            Option("admin_password", Secret(), "", "Password of the administration."),
                        )
                    )
                ),
                ({},),
                "The Janus servers.",
            ),
            processors("*rep.", "requests"),
        )
    ),
    "Janus, a WebRTC server.",
)

SECTIONS: Final = (
    DIAMETER_AGENT,
    RADIUS_AGENT,
    FREESWITCH_AGENT,
    KAMAILIO_AGENT,
    ASTERISK_AGENT,
    HTTP_AGENT,
    DNS_AGENT,
    SIP_AGENT,
    JANUS_AGENT,
)
