"""The kinds of this room: sheets of older engines, rows of offline plans, and when what was loaded."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.profiles.kind import Kind
from engine.tariffplan.oldsheets import OLD_SHEETS
from engine.tariffplan.sheets import SHEETS


class OldItem(msgspec.Struct, frozen=True):
    """The rows of one item of a sheet that today's engine has no more, as they were written."""

    Id: str
    Rows: tuple[tuple[str, ...], ...]


class OfflineItem(msgspec.Struct, frozen=True):
    """An item of an offline plan: the JSON object that API clients set and get, kept as they wrote it. Stored under `offline_key`."""

    TPid: str
    Id: str
    Body: bytes


class LoadMark(msgspec.Struct, frozen=True):
    """When items of a cache partition (`*destinations`...) were last loaded or set: an instant in ns, which is the load's number too."""

    LoadId: int


LOAD_MARK: Final = "load_mark"


def offline_kind(sheet_name: str) -> str:
    """The kind of a sheet's offline items."""
    return f"tp_{sheet_name}"


def offline_key(tpid: str, item_id: str) -> str:
    """What an offline item is stored under. It is never taken apart."""
    return f"{tpid}\x1f{item_id}"


KINDS: Final = (
    *(Kind(sheet.kind, OldItem, tenant=False) for sheet in OLD_SHEETS),
    *(Kind(offline_kind(sheet.name), OfflineItem, tenant=False) for sheet in SHEETS),
    Kind(LOAD_MARK, LoadMark, tenant=False),
)
