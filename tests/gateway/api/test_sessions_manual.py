"""docs/sessions.md: its samples are played in their order, its numbers are the house's, its options and methods exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

from engine.limits import (
    CLOSED_SESSIONS,
    CORRECTED_SECONDS,
    CORRECTED_SESSIONS,
    PASSIVE_SESSIONS,
    SESSIONS_PER_STEP,
    TOMBSTONE_SECONDS,
    TOMBSTONES,
)
from gateway.api.clients import MAX_TASKS
from gateway.api.methods import ROWS
from gateway.config.options import SECTIONS
from tests.engine.sessions.switch import Switch

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "sessions.md").read_text()


def test_requests_get_the_answers_beside_them() -> None:
    site = Switch(credit=100)
    said = ""
    played = 0
    for sample in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL):
        data = json.loads(sample)
        if "method" in data:
            said = site.call.raw(sample)
            continue
        assert json.loads(said) == data
        played += 1
    assert played == 6
    assert site.cdrs() == [(75, 7.5)]
    assert site.cash() == 92.5


def test_numbers_are_true() -> None:
    assert f"| {CLOSED_SESSIONS:,}; the oldest go first |" in PAGE
    assert f"| {TOMBSTONES:,}; the oldest go first |" in PAGE
    assert f"because their NAS's end corrects what was charged | {CORRECTED_SESSIONS:,}; the oldest go first |" in PAGE
    assert CORRECTED_SECONDS == 3600, "an hour"
    assert f"| {PASSIVE_SESSIONS:,}; more are refused |" in PAGE
    assert f"| {SESSIONS_PER_STEP}; the rest follows at once |" in PAGE
    assert f"| {MAX_TASKS:,}; beyond it" in PAGE
    assert f"remembers for {TOMBSTONE_SECONDS // 3600} hours" in PAGE


def test_methods_and_options_exist() -> None:
    methods = {row.name for row in ROWS}
    named = set(re.findall(r"`(SessionSv1\.[A-Za-z]+)`", PAGE))
    assert len(named) > 5
    assert named <= methods
    section = SECTIONS["sessions"]
    options = {option.name for option in getattr(section.kind, "options", ())}
    for name in re.findall(r"`((?:session|channel|stale|terminate|min|failed|debit|default)_[a-z_]+)`", PAGE):
        assert name in options, name
