"""The engine as requests of agents reach it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class RequestDoor(Protocol):
    """Fulfilled by gateway.clockwork.Clockwork."""

    @property
    def ticket(self) -> int:
        """The ticket of the last append."""

    def step(self, command: object, now_ns: int) -> object:
        """Does a command. RequestError, StorageUnavailable."""

    def hold(self, request: Callable[[], bytes] | None = None) -> None:
        """The steps from here on are one append; sessions that they begin remember what `request` gives."""

    def release(self, keys: Sequence[bytes], answer: bytes, now_ns: int) -> None:
        """Makes it, with the answer that a request of one of these keys gets again; none where it is empty."""

    def repeated(self, keys: Sequence[bytes], now_ns: int) -> bytes | None:
        """The answer that a request of one of these keys got."""
