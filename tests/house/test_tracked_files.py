"""No file of the repository names a path of the machine it was written on, or a package registry's host."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Folders that hold others' bytes, kept as they came.
OTHERS = ("tests/recordings/",)
# One letter of each stands in brackets so that this file passes its own test.
FORBIDDEN = re.compile(
    r"(?<![\w.$}])/[w]ork/|/[r]oot/|/tmp/[b]ash|\b[C]EO\b|[p]ypi\.org|[p]ythonhosted|[d]eb\.debian\.org|[r]egistry\.npmjs|[c]rates\.io/"
    r"|[p]roxy\.golang|[m]aven\.apache"
)


def tracked() -> list[Path]:
    """What git keeps, or every file outside made folders where git or the checkout is not there."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        ran = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=False)
        if ran.returncode == 0:
            return [ROOT / name for name in ran.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    made = {".git", ".venv", ".hypothesis", "build", "var", "dist"}
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not any(part in made or part.endswith("_cache") for part in path.relative_to(ROOT).parts)
    ]


def offences(text: str) -> list[str]:
    """The lines of a text that name what they must not, with their numbers."""
    return [f"{number}: {line.strip()[:120]}" for number, line in enumerate(text.splitlines(), 1) if FORBIDDEN.search(line)]


def test_no_machine_paths_and_no_registry_hosts() -> None:
    found: list[str] = []
    for path in tracked():
        name = str(path.relative_to(ROOT))
        if name.startswith(OTHERS) or "__pycache__" in name:
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{line}" for line in offences(text)]
    assert found == []


@pytest.mark.parametrize(
    ("line", "letter"),
    [
        ("cd /{}ork/main", "w"),
        ("see /{}oot/.config", "r"),
        ("--index-url https://{}ypi.org/simple", "p"),
        ("http://{}eb.debian.org/debian", "d"),
    ],
)
def test_an_offence_is_seen(line: str, letter: str) -> None:
    written = line.format(letter)
    assert offences(f"fine\n{written}\n") == [f"2: {written}"]
