"""Messages and dictionaries that the tests of this room share; and what the recordings hold, read with their own reader."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from gateway.protocols.diameter.builtin import load_dictionaries
from gateway.protocols.diameter.dictionary import Dictionary
from gateway.protocols.diameter.message import Message, decode, encode

ROOT: Final = Path(__file__).resolve().parents[4]
RECORDINGS: Final = ROOT / "tests" / "recordings"
TOLLGATE: Final = RECORDINGS / "configs" / "diameter-fields" / "files" / "dict"


@cache
def known() -> Dictionary:
    """The built-in dictionaries and that of the recordings."""
    dictionary, faults = load_dictionaries([TOLLGATE])
    assert faults == []
    return dictionary


def avp(name: str, value: bytes) -> bytes:
    """One AVP by name, of raw octets."""
    row = known().named(name)
    assert row is not None, name
    return row.wrap(value)


def u32(name: str, number: int) -> bytes:
    return avp(name, number.to_bytes(4, "big"))


def text(name: str, value: str) -> bytes:
    return avp(name, value.encode())


def request(*avps: bytes, command: int = 272, application: int = 4, flags: int = 0xC0) -> bytes:
    """A request's octets."""
    return encode(flags, command, application, 0x1048, 0x7A000048, b"".join(avps))


def message(*avps: bytes) -> Message:
    return decode(request(*avps))


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of a file of recorded agents."""
    found: list[dict[str, Any]] = json.loads((RECORDINGS / "agents" / f"{name}.json").read_text())["cases"]
    return found


def processors(name: str) -> dict[str, Any]:
    """The request processors of a recorded configuration, by id."""
    written = (RECORDINGS / "configs" / name / "cgrates.json").read_text()
    config = json.loads(re.sub(r"^\s*//.*$", "", written, flags=re.MULTILINE))
    return {row["id"]: row for row in config["diameter_agent"]["request_processors"]}


def recorded_messages() -> list[bytes]:
    """Every message of the recorded agents, sent or answered, once."""
    found: dict[bytes, None] = {}
    for file in sorted((RECORDINGS / "agents").glob("diameter-*.json")):
        for case in json.loads(file.read_text())["cases"]:
            for step in case["steps"]:
                for key in ("send", "expect", "arrives"):
                    octets = step.get(key)
                    if isinstance(octets, str) and octets and step.get("wire") == "diameter":
                        found[bytes.fromhex(octets)] = None
    return list(found)
