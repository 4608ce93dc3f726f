"""What all tests of the Diameter agent share."""

from __future__ import annotations

import pytest

from gateway.transport import messageline


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn may take as long as a busy machine makes it."""
    monkeypatch.setattr(messageline, "TURN_SECONDS", 1_000)
