"""Every reason the engine says no: to a customer, to an API client, to an operator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Refusal(Enum):
    """A customer's refusal. It is returned, never raised; its value is the word that clients see."""

    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    RATING_PLAN_NOT_FOUND = "RATING_PLAN_NOT_FOUND"
    UNAUTHORIZED_DESTINATION = "UNAUTHORIZED_DESTINATION"
    INSUFFICIENT_CREDIT = "INSUFFICIENT_CREDIT"
    BALANCE_BLOCKER = "INSUFFICIENT_CREDIT_BALANCE_BLOCKER"
    MAX_USAGE_EXCEEDED = "MAX_USAGE_EXCEEDED"
    SHARED_GROUP_NOT_FOUND = "NOT_FOUND"


class RequestError(Exception):
    """A request that cannot be done as it was asked; `text` is the documented error an API client reads."""

    text: str

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class StorageUnavailable(Exception):  # noqa: N818 - it says what is the matter
    """The storage takes no records now: nothing was done. No RequestError, since it is never the answer to what was asked."""

    def __init__(self) -> None:
        super().__init__("storage unavailable")


def not_found() -> RequestError:
    """There is no such thing."""
    return RequestError("NOT_FOUND")


def exists() -> RequestError:
    """There is one already."""
    return RequestError("EXISTS")


def mandatory_missing(*fields: str) -> RequestError:
    """The error for fields that a request must have, in the order in which they are named."""
    return RequestError(f"MANDATORY_IE_MISSING: [{' '.join(fields)}]")


def server_error(text: str) -> RequestError:
    """An error that clients are to see as the server's."""
    return RequestError(f"SERVER_ERROR: {text}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in what an operator wrote. Lines and columns count from 1; 0 means unknown."""

    file: str
    line: int
    column: int
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        hint = f" (did you mean {self.suggestion}?)" if self.suggestion else ""
        return f"{place}: {self.message}{hint}"
