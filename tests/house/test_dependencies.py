"""Every dependency is pinned with hashes in the locks and explained in docs/dependencies.md; the locks name no index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def plain_name(requirement: str) -> str:
    """A requirement's name as locks write it: lower case, dashes, no version."""
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def pins(lock: str) -> dict[str, str]:
    """Name to version of every package in a lock; each must be followed by a hash."""
    text = (ROOT / "requirements" / lock).read_text()
    found = dict(re.findall(r"^([a-z0-9.-]+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}", text, re.M))
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(lines) == len(found), f"{lock}: a line that is no pin with a hash"
    return found


def explained() -> set[str]:
    """The names in the first column of the tables of docs/dependencies.md."""
    return set(re.findall(r"^\| `([a-z0-9.-]+)` \|", (ROOT / "docs" / "dependencies.md").read_text(), re.M))


def wanted(*extras: str) -> set[str]:
    """The dependencies of the project with these extras."""
    listed = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        listed += PROJECT["project"]["optional-dependencies"][extra]
    return {plain_name(requirement) for requirement in listed}


def test_every_dependency_is_pinned() -> None:
    assert wanted("build") <= pins("run.lock").keys()
    assert wanted("build", "dev") <= pins("dev.lock").keys()


def test_both_locks_agree() -> None:
    run, dev = pins("run.lock"), pins("dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_the_build_uses_the_locked_compiler() -> None:
    for requirement in PROJECT["build-system"]["requires"]:
        name, _, version = requirement.partition("==")
        assert not version or pins("dev.lock")[plain_name(name)] == version


def test_every_dependency_is_explained_and_nothing_else() -> None:
    assert explained() == wanted(*PROJECT["project"]["optional-dependencies"])


def test_the_locks_name_no_index() -> None:
    for lock in ("run.lock", "dev.lock"):
        assert not re.search(r"://|^\s*--?(i|f|index|find|extra|trusted)\b", (ROOT / "requirements" / lock).read_text(), re.M)
