"""The configuration file that is installed says what the program does by itself, and nothing of it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.config import Loaded, load
from gateway.config.commented import MANY_NAMES, UNSET, commented
from gateway.config.document import rows
from gateway.config.kinds import Group
from gateway.config.manpage import page
from gateway.config.options import SECTIONS
from gateway.config.render import render_effective

COMMENTED = re.compile(r'^#([A-Za-z_"][A-Za-z0-9_".*-]* = .*)$', re.M)


def loaded(folder: Path, text: str) -> Loaded:
    file = folder / "tollwire.toml"
    file.write_text(text)
    found = load([str(file)], [])
    assert [str(fault) for fault in found.faults] == []
    return found


@pytest.fixture(autouse=True)
def _token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "http-token").write_text("t" * 32)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))


def test_it_says_nothing_but_what_an_installed_box_has_otherwise(tmp_path: Path) -> None:
    tree = loaded(tmp_path, commented()).tree
    assert tree.storage.state_folder == "/var/lib/tollwire/default"
    ours = set(render_effective(tree).splitlines()) ^ set(render_effective(load([], []).tree).splitlines())
    assert {line.partition(" = ")[0] for line in ours} <= {"state_folder", "token"}


def test_every_comment_is_the_value_that_the_program_has_by_itself(tmp_path: Path) -> None:
    text = commented()
    lines = [line for line in text.splitlines() if not line.endswith((f"= {UNSET}", f"= {MANY_NAMES}"))]
    bare = COMMENTED.sub(r"\1", "\n".join(lines))
    assert bare.count("\n") == len(lines) - 1
    assert len(COMMENTED.findall(text)) > 100
    assert render_effective(loaded(tmp_path, bare).tree) == render_effective(loaded(tmp_path, text).tree)


def test_every_option_that_means_something_is_explained() -> None:
    text, manual = commented(), page().replace("\\-", "-")
    for section in SECTIONS.values():
        if isinstance(section.kind, Group):
            for name, _, _, about in rows(section.kind, "", effective=section.effective):
                plain = name.strip("`°⁺").rstrip("`")
                assert f"\\fB{plain}\\fR" in manual
                if "°" not in name and "[]." not in plain and ".*name*." not in plain:
                    option = plain.split(".")[-1]
                    assert option in text, f"{section.name}.{plain}: {about}"
