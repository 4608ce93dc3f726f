"""The dictionaries that come with the product: dictionaries/diameter/*.xml beside the packages, in a checkout as in an installation.

Read when the gateway starts or a configuration is checked, never while messages are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.errors import Fault
from gateway.protocols.diameter.dictionary import Dictionary
from gateway.protocols.diameter.reading import read_dictionary


def builtin_folder() -> Path:
    """The folder of the built-in dictionaries."""
    return Path(__file__).resolve().parents[3] / "dictionaries" / "diameter"


def load_dictionaries(folders: Sequence[Path] = (), builtin: bool = True) -> tuple[Dictionary, list[Fault]]:
    """The dictionary of the built-in files and of every *.xml below some folders, in the order of their names; and all faults.

    A file that cannot be read, or a folder that is not there, is a fault too. A file with a fault is left out.
    """
    dictionary = Dictionary()
    faults: list[Fault] = []
    for folder in ((builtin_folder(),) if builtin else ()) + tuple(folders):
        if not folder.is_dir():
            faults.append(Fault(str(folder), 0, 0, "no such folder of dictionaries"))
            continue
        for file in sorted(folder.rglob("*.xml")):
            try:
                text = file.read_bytes()
            except OSError as error:
                faults.append(Fault(str(file), 0, 0, f"cannot be read: {error.strerror}"))
                continue
            faults.extend(read_dictionary(dictionary, str(file), text))
    return dictionary, faults
