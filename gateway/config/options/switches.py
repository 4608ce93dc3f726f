"""Options of the agents that connect to a switch or proxy: FreeSWITCH, Kamailio, Asterisk."""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Duration, Flag, Group, Objects, Option, Secret, Section, Text, Texts, Whole
from gateway.config.options.parts import CALLED_BACK, TIMEZONE, conns, enabled


def reconnecting(reconnects: int = 5) -> tuple[Option, ...]:
    """How a lost switch is found again."""
    return (
        Option("reconnects", Whole(-1), reconnects, "Reconnects tried; -1: no limit."),
        Option("max_reconnect_interval", Duration(), "", "Longest pause between two reconnects; empty: no limit."),
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

SECTIONS: Final = (FREESWITCH_AGENT, KAMAILIO_AGENT, ASTERISK_AGENT)
