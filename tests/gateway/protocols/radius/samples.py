"""Packets and dictionaries that the tests of this room share; and what the recordings hold."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from gateway.protocols.radius.attributes import wrap
from gateway.protocols.radius.builtin import load_dictionary
from gateway.protocols.radius.dictionary import Attribute, Dictionary
from gateway.protocols.radius.packet import Packet, decode, encode
from gateway.protocols.radius.reading import read_dictionary

ROOT: Final = Path(__file__).resolve().parents[4]
RECORDINGS: Final = ROOT / "tests" / "recordings"
TOLLGATE: Final = RECORDINGS / "configs" / "radius" / "files" / "dict"
SECRET: Final = b"tollgate-shared"
AUTHENTICATOR: Final = bytes(range(16))


@cache
def known() -> Dictionary:
    """The built-in dictionaries and those of the recordings."""
    dictionary, faults = load_dictionary([TOLLGATE])
    assert faults == []
    return dictionary


def row(name: str) -> Attribute:
    found = known().named(name)
    assert found is not None, name
    return found


def packet(*attributes: bytes, code: int = 1) -> Packet:
    return decode(encode(code, 7, AUTHENTICATOR, b"".join(attributes)))


def raw(number: int, value: bytes) -> bytes:
    """An attribute of a number and octets."""
    return bytes((number, len(value) + 2)) + value


def vsa(vendor: int, inner: bytes) -> bytes:
    """An attribute 26 with what is inside it."""
    return raw(26, vendor.to_bytes(4, "big") + inner)


def text(name: str, value: str) -> bytes:
    return wrap(row(name), value.encode())


def read_text(written: str, dictionary: Dictionary | None = None, file: str = "dictionary") -> tuple[Dictionary, list[str]]:
    """A dictionary of one text, and its faults in words."""
    return read_files({file: written}, dictionary, file)


def read_files(files: dict[str, str], dictionary: Dictionary | None = None, root: str = "dictionary") -> tuple[Dictionary, list[str]]:
    """A dictionary of files that include each other, and their faults in words."""
    made = Dictionary() if dictionary is None else dictionary

    def opener(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return files[name].encode()

    return made, [str(fault) for fault in read_dictionary(made, root, opener)]


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of a file of recorded agents."""
    found: list[dict[str, Any]] = json.loads((RECORDINGS / "agents" / f"{name}.json").read_text())["cases"]
    return found


def case(name: str, number: int) -> list[dict[str, Any]]:
    """The steps of one case."""
    return next(one["steps"] for one in cases(name) if one["id"] == f"{name}/{number}")


def recorded_steps() -> list[dict[str, Any]]:
    """All steps of the recorded agents that carry RADIUS."""
    found: list[dict[str, Any]] = []
    for name in ("radius-access", "radius-accounting"):
        for one in cases(name):
            for step in one["steps"]:
                found.extend([inner for inner in (step, *step.get("during", ())) if str(inner.get("wire", "")).startswith("radius")])
    return found


def nas_files() -> list[Path]:
    return sorted((RECORDINGS / "radius-nas").glob("*.jsonl"))


def nas_lines(file: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a capture says of itself, and its packets."""
    head, *lines = [json.loads(line) for line in file.read_text().splitlines()]
    return head, [line for line in lines if line["channel"].startswith("radius")]
