"""The dictionaries that come with the product: dictionaries/radius beside the packages, in a checkout as in an installation.

Read when the gateway starts or a configuration is checked, never while packets are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.errors import Fault
from gateway.protocols.radius.dictionary import Dictionary
from gateway.protocols.radius.reading import read_dictionary


def builtin_folder() -> Path:
    """The folder of the built-in dictionaries."""
    return Path(__file__).resolve().parents[3] / "dictionaries" / "radius"


def load_dictionary(paths: Sequence[Path] = (), named_values: bool = True) -> tuple[Dictionary, list[Fault]]:
    """The built-in dictionary with files of the operator's over it; and all faults, the rest of a faulty file being taken.

    A path is a file, or a folder: its file `dictionary` where it has one, else all its files `dictionary.*` in the order of their names.
    Without `named_values` the built-in named values read as numbers (as in CGRateS, whose own dictionary has none), those of the
    operator's files as names; all can be written by name.
    """
    dictionary = Dictionary()
    faults = read_dictionary(dictionary, str(builtin_folder() / "dictionary"), read_file)
    if not named_values:
        dictionary.forget_value_names()
    for path in paths:
        for file in _files(path):
            faults.extend(read_dictionary(dictionary, str(file), read_file))
    return dictionary, faults


def read_file(name: str) -> bytes:
    """A file's octets. OSError."""
    return Path(name).read_bytes()


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    root = path / "dictionary"
    if root.is_file():
        return [root]
    return sorted([file for file in path.iterdir() if file.name.startswith("dictionary.") and file.is_file()]) or [root]
