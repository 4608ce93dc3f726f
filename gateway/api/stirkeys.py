"""The keys of signed identities: files of PEM, read again when they change."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.api.limits import MAX_STIR_KEY_BYTES, MAX_STIR_KEYS
from gateway.protocols.stir.keys import PrivateKey, PublicKey
from gateway.protocols.stir.passport import ANY_ATTEST, IdentityError

Key = TypeVar("Key")

_Version = tuple[int, int, int, int]  # what changes when a file does: device, inode, size, time of the last change in ns


@dataclass(frozen=True, slots=True)
class StirOptions:
    """The section sessions.stir. `max_age_ns` below zero: identities of any age. Empty paths: none."""

    allowed_attest: tuple[str, ...] = (ANY_ATTEST,)
    max_age_ns: int = -1
    default_attest: str = "A"
    public_key: str = ""
    private_key: str = ""


class _Files(Generic[Key]):
    """Keys of one sort by path. A look costs one stat while the file stays as it is."""

    def __init__(self, make: Callable[[bytes], Key], what: str) -> None:
        self._make = make
        self._what = what
        self._kept: dict[str, tuple[_Version, Key]] = {}

    def get(self, path: str) -> Key:
        """The key in a file. IdentityError for a URL, and where there is no key to be had."""
        if not path:
            raise IdentityError(f"no path of the {self._what} key")
        if path.lower().startswith(("http://", "https://")):
            raise IdentityError(f"the {self._what} key is behind a URL: keys are read from files only")
        try:
            version = _version(os.stat(path))
            kept = self._kept.pop(path, None)
            if kept is None or kept[0] != version:
                version, pem = _read(path)
                kept = version, self._make(pem)
        except (OSError, ValueError) as error:
            if isinstance(error, IdentityError):
                raise
            raise IdentityError(f"the {self._what} key cannot be read") from None
        self._kept[path] = kept
        if len(self._kept) > MAX_STIR_KEYS:
            del self._kept[next(iter(self._kept))]
        return kept[1]


class StirKeys:
    """Public keys that verify and private keys that sign."""

    def __init__(self) -> None:
        self.public = _Files(PublicKey, "public")
        self.private = _Files(PrivateKey, "private")


def _version(found: os.stat_result) -> _Version:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: str) -> tuple[_Version, bytes]:
    """A file that is one (no pipe, no device), and small. OSError or ValueError otherwise."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_STIR_KEY_BYTES:
            raise ValueError("no file of a key")
        return _version(found), file.read(MAX_STIR_KEY_BYTES)
