"""The requests of docs/filters.md are answered."""

from __future__ import annotations

import json
from pathlib import Path

from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import fake_api

MANUAL = Path(__file__).resolve().parents[3] / "docs" / "filters.md"


def test_the_samples_are_answered() -> None:
    call = Caller(fake_api())
    text = MANUAL.read_text().split("```json\n", 1)[1].split("```", 1)[0].strip()
    decoder, count = json.JSONDecoder(), 0
    while text:
        request, end = decoder.raw_decode(text)
        assert call(request["method"], request["params"][0]) == "OK"
        text, count = text[end:].lstrip(), count + 1
    assert count == 2
