"""Secrets that stand in files of their own: `{ file = "/etc/tollwire/x" }`, or `{ credential = "x" }` as systemd hands it over."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.config.limits import MAX_SECRET_BYTES
from gateway.config.source import Entry

FILE: Final = "file"
CREDENTIAL: Final = "credential"
CREDENTIALS_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"


class SecretError(Exception):
    """A secret cannot be had; the text ends a sentence that begins with the option, and never holds any of the secret."""


def path_of(table: Mapping[str, Entry], folder: str, environ: Mapping[str, str]) -> str:
    """The file that a secret's table names. A relative name lies in `folder`. SecretError where the table is not as it must be."""
    if len(table) != 1 or next(iter(table)) not in (FILE, CREDENTIAL):
        raise SecretError('must be a text, { file = "/a/path" } or { credential = "name" }')
    [(kind, entry)] = table.items()
    name = entry.node.value
    if not isinstance(name, str) or not name or "\0" in name:
        raise SecretError(f"must have a text as its {kind}")
    if kind == FILE:
        return os.path.join(folder, name)
    given = environ.get(CREDENTIALS_DIRECTORY, "")
    if not given:
        raise SecretError(f"names the credential {name}, but ${CREDENTIALS_DIRECTORY} is not set: only systemd hands credentials over")
    if "/" in name or name in (".", ".."):
        raise SecretError(f"names the credential {name}, which is no plain name")
    return os.path.join(given, name)


def read_secret(path: str) -> str:
    """What stands in a file, without the end of its last line. SecretError where there is nothing to be had."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise SecretError(f"names {path}, which cannot be read: {error.strerror}") from None
    if len(data) > MAX_SECRET_BYTES:
        raise SecretError(f"names {path}, which has more than {MAX_SECRET_BYTES} octets")
    try:
        text = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretError(f"names {path}, which is not UTF-8") from None
    if not text:
        raise SecretError(f"names {path}, which is empty")
    return text


def is_open(path: str) -> bool:
    """Whether everybody on this machine may read a file."""
    try:
        return bool(os.stat(path).st_mode & stat.S_IROTH)
    except OSError:
        return False
