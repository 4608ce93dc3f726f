"""What is counted of the work for NASes, for metrics and for the operator."""

from __future__ import annotations

from typing import Final

from gateway.protocols.radius.codes import COA_REQUEST, DISCONNECT_REQUEST

# why a datagram or packet was discarded without an answer
NO_SECRET: Final = "no_secret"
BAD_CODE: Final = "bad_code"
BAD_AUTHENTICATOR: Final = "bad_authenticator"
NO_MESSAGE_AUTHENTICATOR: Final = "no_message_authenticator"
BAD_MESSAGE_AUTHENTICATOR: Final = "bad_message_authenticator"
PROXY_STATE_UNSIGNED: Final = "proxy_state_unsigned"
DUPLICATE: Final = "duplicate"
OVERLOAD: Final = "overload"
UNAVAILABLE: Final = "unavailable"
FAILED: Final = "failed"
UNHANDLED: Final = "unhandled"
UNSENT: Final = "unsent"
STALE: Final = "stale"


class AskedCounts:
    """Numbers of requests of ours that only grow: `asked` by packet code, of them `refused` (NAK) and `unanswered`."""

    asked: dict[int, int]
    refused: int
    unanswered: int

    def __init__(self) -> None:
        self.asked = {DISCONNECT_REQUEST: 0, COA_REQUEST: 0}
        self.refused = 0
        self.unanswered = 0


class NasCounts:
    """Numbers of one NAS that only grow. `requests` and `answers` are by packet code, `discards` by one of the words above or of
    packet.DecodeError; `repeated` are answers that were given again."""

    requests: dict[int, int]
    answers: dict[int, int]
    discards: dict[str, int]
    repeated: int
    signed: int  # Access-Requests with a right Message-Authenticator
    unsigned: int  # Access-Requests that were worked on without one

    def __init__(self) -> None:
        self.requests = {}
        self.answers = {}
        self.discards = {}
        self.repeated = 0
        self.signed = 0
        self.unsigned = 0

    def asked(self, code: int) -> None:
        """A request was taken up."""
        self.requests[code] = self.requests.get(code, 0) + 1

    def answered(self, code: int) -> None:
        """An answer was made."""
        self.answers[code] = self.answers.get(code, 0) + 1

    def discarded(self, reason: str) -> None:
        """A packet was discarded."""
        self.discards[reason] = self.discards.get(reason, 0) + 1
