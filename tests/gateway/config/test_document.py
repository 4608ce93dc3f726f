"""The manual's page on configuration is what the table says, and its samples work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.config.document import document, main
from gateway.config.options import SECTIONS
from tests.gateway.config.folders import ROOT, faults, load_text

PAGES = sorted(set((ROOT / "docs").rglob("*.md")) - {ROOT / "docs" / "security.md"})  # names files: test_security_manual.py makes them
FIRST_NAME = re.compile(r'\s*\{\s*(?://[^\n]*\s*)*"(\w+)"')


def is_configuration(form: str, text: str) -> bool:
    """TOML always; JSON where it begins with the name of a section."""
    first = FIRST_NAME.match(text)
    return form == "toml" or (first is not None and first.group(1) in SECTIONS)


SAMPLES = [
    (page.relative_to(ROOT).as_posix(), number, form, text)
    for page in PAGES
    for number, (form, text) in enumerate(re.findall(r"```(toml|json)\n(.*?)```", page.read_text(), re.DOTALL))
    if is_configuration(form, text)
]


@pytest.mark.house
def test_the_page_is_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = ROOT / "docs" / "configuration.md"
    assert page.read_text() == document(), "write it anew: python -m gateway.config.document docs/configuration.md"
    assert main([str(tmp_path / "page.md")]) == main([]) == 0
    assert (tmp_path / "page.md").read_text() == capsys.readouterr().out == document()


@pytest.mark.house
def test_there_are_samples() -> None:
    assert {form for page, _, form, _ in SAMPLES if page == "docs/configuration.md"} == {"toml", "json"}


@pytest.mark.house
@pytest.mark.parametrize(("page", "number", "form", "text"), SAMPLES, ids=[f"{page}-{number}" for page, number, _, _ in SAMPLES])
def test_samples_are_read_without_a_fault(page: str, number: int, form: str, text: str, tmp_path: Path) -> None:
    names = set(re.findall(r"\*env:([A-Za-z0-9_]+)", text))
    assert faults(load_text(tmp_path, f"sample.{form}", text, strict=True, environ=dict.fromkeys(names, "x"))) == []
