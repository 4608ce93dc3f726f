"""What a peer's connection asks of who holds its socket: the values that peer.Peer answers with, to be done in their order."""

from __future__ import annotations

from gateway.protocols.diameter.message import Message


class Action:
    """Something that is to be done."""


class Send(Action):
    """Write these octets."""

    octets: bytes

    def __init__(self, octets: bytes) -> None:
        self.octets = octets


class Close(Action):
    """Close the connection once all is written. `reason` is for the log; `failed`: not in the way of the protocol, so dial again soon."""

    reason: str
    failed: bool

    def __init__(self, reason: str, failed: bool) -> None:
        self.reason = reason
        self.failed = failed


class Opened(Action):
    """The capabilities are exchanged: requests may be sent and will come."""


class Elect(Action):
    """A CER came from `host`: call `admit` or `reject`. Only where Settings.elects."""

    host: str

    def __init__(self, host: str) -> None:
        self.host = host


class Asked(Action):
    """A request to be answered, with `answer_to` and Send-like writing of its octets by who takes it."""

    message: Message

    def __init__(self, message: Message) -> None:
        self.message = message


class Answered(Action):
    """The answer to one of our own requests; `token` as it was given to `ask`. It may have the E bit."""

    token: object
    message: Message

    def __init__(self, token: object, message: Message) -> None:
        self.token = token
        self.message = message


class Unanswered(Action):
    """No answer came in time, or the connection closed before one."""

    token: object

    def __init__(self, token: object) -> None:
        self.token = token
