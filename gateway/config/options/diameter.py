"""Options of the Diameter agent."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.config.kinds import Address, Duration, Flag, Group, Objects, Option, Section, Size, Text, Texts, Whole
from gateway.config.options.parts import CALLED_BACK, conns, enabled, observers, processors

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
    Option(
        "served_hosts",
        Texts(),
        (),
        "Destination-Hosts of requests that are taken beside origin_host, `*.example.org`: all below it; others get 3002; empty: any.",
        own=True,
    ),
    Option(
        "served_realms",
        Texts(),
        (),
        "Destination-Realms of requests that are taken beside origin_realm, as served_hosts; others get 3003; empty: any.",
        own=True,
    ),
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

SECTIONS: Final = (DIAMETER_AGENT,)
