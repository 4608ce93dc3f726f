"""The list of compiled modules in pyproject.toml names what is there, and the compiled tree holds exactly those as machine code."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT, compiled_modules

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["tollwire"]["compile"]


def listed() -> set[str]:
    """The modules that the list names, as paths without suffix."""
    plain = {ROOT / name for name in SETTINGS["plain"]}
    found = {path for pattern in SETTINGS["modules"] for path in ROOT.glob(pattern) if path.name != "__init__.py"}
    return {str(path.relative_to(ROOT).with_suffix("")) for path in found - plain}


def test_what_is_left_plain_exists_and_would_be_compiled_otherwise() -> None:
    for name in SETTINGS["plain"]:
        assert (ROOT / name).is_file(), name
        assert any((ROOT / name).match(pattern) for pattern in SETTINGS["modules"]), name


@pytest.mark.skipif(not os.environ.get("TOLLWIRE_COMPILED"), reason="the plain source is under test")
def test_the_compiled_tree_holds_every_listed_module() -> None:
    assert {str(Path(name).with_name(Path(name).name.split(".")[0])) for name in compiled_modules()} == listed()
