"""Rows as CSV files again: a folder's worth, or a zip file. What is written is read back as the same rows."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable

from engine.tariffplan.csvtext import COMMENT, QUOTE
from engine.tariffplan.read import COMMA, Plan
from engine.tariffplan.sheets import ALL_SHEETS

File = tuple[str, bytes]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # of files in a zip: the same plan makes the same bytes


def csv_files(plan: Plan, separator: str = COMMA) -> list[File]:
    """A file for each sheet that has rows, without a header, as the reference writes them."""
    found = []
    for sheet in ALL_SHEETS:
        rows = [row[: len(sheet.columns)] for table in plan.of(sheet.name) for row in table.cells]
        if rows:
            found.append((sheet.file, csv_text(rows, separator).encode()))
    return found


def csv_text(rows: Iterable[list[str]], separator: str = COMMA) -> str:
    """Rows as text; cells are quoted where they must be."""
    return "".join(separator.join(_cells(row, separator)) + "\n" for row in rows)


def _cells(row: list[str], separator: str) -> Iterable[str]:
    for place, cell in enumerate(row):
        odd = separator in cell or QUOTE in cell or "\n" in cell or "\r" in cell
        if odd or (place == 0 and (cell.startswith(COMMENT) or (not cell and len(row) == 1))):
            yield QUOTE + cell.replace(QUOTE, QUOTE * 2) + QUOTE
        else:
            yield cell


def zip_bytes(files: Iterable[File]) -> bytes:
    """A zip file of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def write_folder(folder: str, files: Iterable[File]) -> list[str]:
    """Writes the files into a folder that is there, each whole or not at all; answers their names. Raises OSError."""
    names = []
    for name, data in files:
        path = os.path.join(folder, name)
        with open(f"{path}.part", "wb") as file:
            file.write(data)
        os.replace(f"{path}.part", path)
        names.append(name)
    return names
