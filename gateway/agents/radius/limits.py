"""Every bound of the RADIUS agent, named, with its unit and what happens at it."""

from __future__ import annotations

from typing import Final

MAX_NASES: Final = 10_000  # entries of radius_agent.clients and client_secrets together; more are refused
MAX_SENDERS: Final = 65_536  # addresses whose entry and signatures are remembered; the one known longest goes, and is looked up anew
DEMAND_AFTER: Final = 100  # requests in a row with a right Message-Authenticator after which `auto` demands it of a sender
MAX_KEPT_BYTES: Final = 128 << 20  # of the answers, and of their requests, that one UDP port keeps; the oldest go first
MAX_TURN_DATAGRAMS: Final = 256  # of one port that are worked on before others get their turn
MAX_PEERS: Final = 16_384  # addresses with their ports whose texts are remembered by one UDP port; then all are forgotten and made anew
MAX_REPLY_MESSAGE_BYTES: Final = 253  # of an error's text: one attribute
MAX_INCOMING: Final = 1_000  # Disconnect- and CoA-Requests to us that are worked on, and answers to them that are kept; more are discarded
MAX_MEANT: Final = 100  # sessions that one of them may mean; one that means more is refused
MAX_ASKED: Final = 1_024  # requests of ours under way to one NAS; those beyond it wait for their turn
MAX_UNREAD_BYTES: Final = 1 << 20  # of requests that a NAS does not read from its connection; beyond it the connection ends
TICK_SECONDS: Final = 0.05  # between two looks at what of them is to be sent again
DIAL_SECONDS: Final = 3.0  # that a NAS may take to accept a connection for them
