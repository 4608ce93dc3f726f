"""The recorded conversations of tests/recordings/agents, as far as they show the language: requests and answers as plain maps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from engine.fields.path import Path as Steps
from gateway.config import Tree, load

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"


def tree_of(name: str) -> Tree:
    """The configuration of a recording."""
    loaded = load(str(RECORDINGS / "configs" / name), environ={})
    assert not loaded.faults, loaded.faults
    return loaded.tree


class Exchange:
    """One request and its answer, as (name or path of names, text) in their order. `answer` is None for an error answer (5012)."""

    def __init__(self, case: str, request: list[tuple[Steps, str]], answer: list[tuple[Steps, str]] | None) -> None:
        self.case = case
        self.request = request
        self.answer = answer


def exchanges(name: str) -> Iterator[Exchange]:
    """The Diameter requests of a recording and their answers."""
    for case in json.loads((RECORDINGS / "agents" / f"{name}.json").read_text())["cases"]:
        for step in case["steps"]:
            decoded = step.get("decoded", {})
            if decoded.get("send", "").startswith("CCR"):
                refused = "error bit" in decoded["expect"]
                yield Exchange(case["id"], avps(decoded["send"]), None if refused else avps(decoded["expect"]))


def avps(text: str) -> list[tuple[Steps, str]]:
    """`CCR, application 4: A=1, B {C=2, D=3}` as [(("A",), "1"), (("B", "C"), "2"), (("B", "D"), "3")]."""
    found: list[tuple[Steps, str]] = []
    around: list[str] = []
    word = ""
    for character in text.partition(": ")[2] + ",":
        if character == "{":
            around.append(word.strip())
            word = ""
        elif character in ",}":
            name, equals, value = word.partition("=")
            if equals:
                found.append(((*around, name.strip()), value))
            if character == "}":
                around.pop()
            word = ""
        else:
            word += character
    return found


def request_map(fields: list[tuple[Steps, str]]) -> dict[str, object]:
    """A request as a map; of several values with one path the first is read."""
    found: dict[str, object] = {}
    for steps, text in fields:
        place = found
        for step in steps[:-1]:
            inner = place.setdefault(step, {})
            assert isinstance(inner, dict)
            place = inner
        place.setdefault(steps[-1], text)
    return found


def shown(reply: list[tuple[Steps, str, bool]]) -> list[tuple[Steps, str]]:
    """An answer as Diameter writes it, its groups flat: without a new branch only the last value of a path stays."""
    found: list[tuple[Steps, str]] = []
    for steps, text, new_branch in reply:
        if not new_branch:
            found = [one for one in found if one[0] != steps]
        found.append((steps, text))
    return found
