"""The build without a working C compiler: everything is there, plain, and one line says why; asked to compile, it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What a build needs of the repository, apart from it."""
    for name in ("engine", "gateway"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def build(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the build there, with a C compiler that always fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TOLLWIRE_", "PYTHONPATH"))}
    command = [sys.executable, "setup.py", "--quiet", "build", "--build-lib", "built"]
    return subprocess.run(command, cwd=folder, env=environment | {"CC": "false"} | variables, capture_output=True, text=True, check=False)


def said(ran: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines in which the build speaks of itself."""
    return [line for line in (ran.stdout + ran.stderr).splitlines() if line.startswith("tollwire: ")]


def test_without_a_compiler_the_build_stays_plain_and_says_so_once(copy: Path) -> None:
    ran = build(copy)
    assert ran.returncode == 0, ran.stderr
    assert said(ran) == ["tollwire: built as pure Python: no working C compiler (Debian: gcc, libc6-dev)"]
    sources = {str(path.relative_to(copy)) for name in ("engine", "gateway") for path in (copy / name).rglob("*.py")}
    assert {str(path.relative_to(copy / "built")) for path in (copy / "built").rglob("*.py")} == sources
    assert list(copy.rglob("*.so")) == []


def test_a_build_asked_to_stay_plain_does(copy: Path) -> None:
    assert said(build(copy, TOLLWIRE_COMPILE="0")) == ["tollwire: built as pure Python: TOLLWIRE_COMPILE=0"]


def test_a_build_asked_to_compile_fails_where_it_cannot(copy: Path) -> None:
    ran = build(copy, TOLLWIRE_COMPILE="1")
    assert ran.returncode == 1
    assert not (copy / "built").exists()


def test_what_a_build_left_behind_does_not_linger(copy: Path) -> None:
    stale = copy / "built" / "engine" / "money.cpython-311-x86_64-linux-gnu.so"
    stale.parent.mkdir(parents=True)
    stale.touch()
    assert build(copy).returncode == 0
    assert not stale.exists()
