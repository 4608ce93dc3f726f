"""What is counted of the work with peers, for metrics and for the operator."""

from __future__ import annotations

from typing import Final

from gateway.agents.diameter.limits import MAX_CODES

OTHER: Final = "other"


class Counts:
    """Numbers that only grow. `answers` are those to peers, by Result-Code (text); the others say what they count."""

    requests: int
    repetitions: int
    busy: int  # requests answered TOO_BUSY
    failed: int  # requests that no processor took, or that could not be worked off
    unavailable: int  # requests answered TOO_BUSY because the disk took nothing
    answers: dict[str, int]
    refused_addresses: int
    refused_peers: int
    disconnected: int  # peers that were up and are no more
    asked: int  # requests of ours
    unanswered: int  # of them, those that no peer answered in time

    def __init__(self) -> None:
        self.requests = 0
        self.repetitions = 0
        self.busy = 0
        self.failed = 0
        self.unavailable = 0
        self.answers = {}
        self.refused_addresses = 0
        self.refused_peers = 0
        self.disconnected = 0
        self.asked = 0
        self.unanswered = 0

    def answered(self, code: str) -> None:
        """An answer with this Result-Code was made; one of a number beyond MAX_CODES different ones counts as OTHER."""
        answers = self.answers
        if code not in answers and len(answers) >= MAX_CODES:
            code = OTHER
        answers[code] = answers.get(code, 0) + 1
