"""Sheets that no engine loads any more. As rows of the table they are swept in test_sheets.py."""

from __future__ import annotations

from engine.tariffplan.oldsheets import OLD_SHEETS
from engine.tariffplan.sheets import ALL_SHEETS, SHEETS


def test_they_are_told_apart_from_todays() -> None:
    assert all(sheet.old and sheet.kind.startswith("old_") for sheet in OLD_SHEETS)
    assert not any(sheet.old for sheet in SHEETS)
    assert ALL_SHEETS[len(SHEETS) :] == OLD_SHEETS


def test_their_columns_are_their_fields() -> None:
    for sheet in OLD_SHEETS:
        assert not sheet.group
        assert [column.field for column in sheet.columns] == list(sheet.header)


def test_there_are_as_many_as_older_engines_had() -> None:
    assert [sheet.file for sheet in OLD_SHEETS] == [
        "LcrRules.csv",
        "DerivedChargers.csv",
        "CdrStats.csv",
        "Users.csv",
        "Aliases.csv",
        "Suppliers.csv",
        "ResourceLimits.csv",
    ]
