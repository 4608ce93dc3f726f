"""Options of the agents that others ask: HTTP, DNS, SIP, Janus."""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Address, Duration, Group, Objects, Option, Secret, Section, Text
from gateway.config.options.parts import TIMEZONE, WIRED, conns, enabled, observers, processors

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

SECTIONS: Final = (HTTP_AGENT, DNS_AGENT, SIP_AGENT, JANUS_AGENT)
