"""What all tests of the Diameter agent share."""

from __future__ import annotations

import pytest

from gateway.agents.diameter import link


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn may take as long as a busy machine makes it."""
    monkeypatch.setattr(link, "TURN_SECONDS", 1_000)
