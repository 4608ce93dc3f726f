"""Which files a configuration argument names, in the order in which they count, and their text."""

from __future__ import annotations

import os
import stat
from typing import Final

from engine.errors import Fault
from gateway.config.limits import MAX_FILE_BYTES, MAX_FILES
from gateway.config.source import JSON, TOML, Source

FORMATS: Final = {".json": JSON, ".toml": TOML}


def named(argument: str) -> list[str]:
    """The folders and files of an argument: itself where it exists, else what stands between its colons."""
    if os.path.exists(argument):
        return [argument]
    return [part for part in argument.split(":") if part]


def files_of(place: str, faults: list[Fault]) -> list[str]:
    """The *.json and *.toml files of a place: a file itself; of a folder its files in order of their names, then its folders'."""
    try:
        mode = os.stat(place).st_mode
    except PermissionError as error:
        faults.append(Fault(place, 0, 0, f"cannot be read: {error.strerror}"))
        return []
    except (OSError, ValueError):
        mode = 0
    if stat.S_ISREG(mode):
        return [place]
    if not stat.S_ISDIR(mode):
        faults.append(Fault(place, 0, 0, "there is no such folder or file"))
        return []
    found: list[str] = []
    before = len(faults)

    def unreadable(error: OSError) -> None:
        faults.append(Fault(str(error.filename), 0, 0, f"cannot be read: {error.strerror}"))

    for folder, folders, names in os.walk(place, onerror=unreadable):
        folders.sort()
        found += [os.path.join(folder, name) for name in sorted(names) if os.path.splitext(name)[1] in FORMATS]
        if len(found) > MAX_FILES:
            faults.append(Fault(place, 0, 0, f"holds more than {MAX_FILES} configuration files"))
            return []
    if not found and len(faults) == before:
        faults.append(Fault(place, 0, 0, "holds no *.toml and no *.json file"))
    return found


def read(path: str, faults: list[Fault]) -> Source | None:
    """The text of one file."""
    form = FORMATS.get(os.path.splitext(path)[1], JSON)
    try:
        with open(path, "rb") as file:
            octets = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        faults.append(Fault(path, 0, 0, f"cannot be read: {error.strerror}"))
        return None
    if len(octets) > MAX_FILE_BYTES:
        faults.append(Fault(path, 0, 0, f"is larger than {MAX_FILE_BYTES} octets"))
        return None
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        faults.append(Fault(path, line, 0, "is not UTF-8 text"))
        return None
    return Source(path, text, form)
