"""The first sample of docs/radius.md has no fault, and the numbers and words of the page are those of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.agents.radius import counts
from gateway.agents.radius.limits import DEMAND_AFTER, MAX_KEPT_BYTES
from gateway.agents.radius.settings import Languages, nases_of
from gateway.cli.configuration import load_whole
from gateway.metrics.radius import MAX_NAMED_NASES
from gateway.protocols.radius.packet import BAD_ATTRIBUTE, BAD_LENGTH, TOO_SHORT
from tests.gateway.config.folders import ROOT

PAGE = (ROOT / "docs" / "radius.md").read_text()
SAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.S)


def test_the_first_sample_has_three_clients_and_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BNG_SECRET", "between-us")
    monkeypatch.setenv("WLC_SECRET", "between-us")
    (tmp_path / "c.toml").write_text(SAMPLES[0])
    found = load_whole([str(tmp_path / "c.toml")], [], strict=True)
    assert [str(fault) for fault in found.faults] == []
    tree = found.tree
    section = tree.radius()
    assert section is not None
    nases = nases_of(section, Languages(tree, section))
    assert [(nas.name, nas.secret, nas.message_authenticator) for nas in nases] == [
        ("bng", b"between-us", 1),
        ("wlc", b"between-us", 0),
        ("roaming", b"radsec", 1),
    ]


def test_numbers_and_words_are_those_of_the_program() -> None:
    assert f"sent {DEMAND_AFTER} requests in a row" in PAGE
    assert f"{MAX_KEPT_BYTES >> 20} MB a port" in PAGE
    assert f"the first {MAX_NAMED_NASES} of them" in PAGE
    words = {value for name, value in vars(counts).items() if name.isupper() and isinstance(value, str)}
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*)\|", PAGE.partition("| reason |")[2].partition("\n\n")[0], re.M))))
    assert named == words | {TOO_SHORT, BAD_LENGTH, BAD_ATTRIBUTE}
