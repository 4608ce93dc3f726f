"""Printing a tree: nothing secret, every value as a file would say it, and ConfigSv1's own way."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.usage import parse_duration
from gateway.config import load
from gateway.config.check import parse_size
from gateway.config.reference import to_reference_json
from gateway.config.render import MASK, key_text, render_effective, short_duration, size_text, text_text
from tests.gateway.config.folders import RECORDINGS, load_text

SECRETS = """
[data_db]
db_password = "swordfish"
[radius_agent.client_secrets]
"*default" = "swordfish"
[[freeswitch_agent.event_socket_conns]]
password = "swordfish"
[http.auth_users]
joe = "swordfish"
[apiban]
keys = ["swordfish"]
[[ees.exporters]]
id = "e"
opts = { awsSecret = "swordfish" }
"""


def test_secrets_are_never_printed(tmp_path: Path) -> None:
    tree = load_text(tmp_path, "c.toml", SECRETS).tree
    assert tree.data_db.db_password == "swordfish"
    for text in (render_effective(tree), render_effective(tree, "json"), json.dumps(to_reference_json(tree))):
        assert "swordfish" not in text
        assert text.count(MASK) == 6


def test_both_forms_say_the_same() -> None:
    tree = load(environ={}).tree
    said = json.loads(render_effective(tree, "json"))
    assert said.pop("http_agent") == []
    assert tomllib.loads(render_effective(tree)) == said
    assert (said["general"]["reply_timeout"], said["limits"]["request_size"]) == ("2s", "16MB")
    assert said["rals"]["max_computed_usage"] == {
        "*any": "189h",
        "*voice": "72h",
        "*data": "107374182400",
        "*sms": "10000",
        "*mms": "10000",
    }
    with pytest.raises(ValueError, match="toml or json, not yaml"):
        render_effective(tree, "yaml")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_and_names_can_be_read_again(text: str) -> None:
    assert tomllib.loads(f"{key_text(text)} = {text_text(text)}") == {text: text}


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(0, 2**50))
def test_durations_and_sizes_can_be_read_again(ns: int, octets: int) -> None:
    assert parse_duration(short_duration(ns)) == ns
    assert parse_size(size_text(octets)) == octets


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (10_800_000_000_000, "3h"),
        (90_000_000_000, "1m30s"),
        (600_000_000_000, "10m"),
        (-1, "-1ns"),
        (3_630_000_000_000, "1h0m30s"),
    ],
)
def test_short_durations(ns: int, text: str) -> None:
    assert short_duration(ns) == text


def recorded_answers() -> list[tuple[str, object]]:
    cases = json.loads((RECORDINGS / "api" / "core.json").read_text())["cases"]
    steps = [step for case in cases for step in case["steps"] if step.get("rpc") == "ConfigSv1.GetConfig" and "result" in step]
    return [(step["params"]["Section"], step["result"]) for step in steps]


ANSWERS = recorded_answers()


def test_there_are_recorded_answers() -> None:
    assert len(ANSWERS) >= 12


@pytest.mark.parametrize(("section", "answer"), ANSWERS, ids=[section for section, _ in ANSWERS])
def test_as_the_reference_answers(section: str, answer: object) -> None:
    tree = load(str(RECORDINGS / "configs" / "rpc"), environ={}).tree
    assert to_reference_json(tree, [section]) == answer


def test_only_what_the_reference_has() -> None:
    tree = load(environ={}).tree
    everything = to_reference_json(tree)
    assert "limits" not in everything
    general = everything["general"]
    assert isinstance(general, dict)
    assert "increment_rounding" not in general
    assert json.loads(json.dumps(everything)) == everything
    for name in ("limits", "colours"):
        with pytest.raises(KeyError):
            to_reference_json(tree, [name])
