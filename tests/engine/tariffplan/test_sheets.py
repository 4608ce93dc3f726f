"""The table of sheets, swept; and the page of the manual that is written from it."""

from __future__ import annotations

import pytest

from engine.tariffplan.document import document
from engine.tariffplan.load import LOADED_KINDS
from engine.tariffplan.oldsheets import OLD_SHEETS
from engine.tariffplan.sheet import ID, TYPES, Sheet
from engine.tariffplan.sheets import ALL_SHEETS, BY_FILE, BY_NAME, SHEETS
from tests.engine.tariffplan.plans import ROOT

FEEDING = {"rate", "destination_rate", "account_actions"}  # rows that become parts of other items


def test_there_are_as_many_as_the_reference_has() -> None:
    assert len(SHEETS) == len(BY_NAME) - len(OLD_SHEETS) == 23
    assert len(BY_FILE) == len(ALL_SHEETS) == 30


@pytest.mark.parametrize("sheet", ALL_SHEETS, ids=lambda sheet: sheet.name)
def test_rows_of_the_table(sheet: Sheet) -> None:
    assert sheet.kind in {kind.name for kind in LOADED_KINDS} | FEEDING
    assert len(set(sheet.header)) == len(sheet.header)
    assert sheet.keys
    assert sheet.columns[0].type == ID
    assert all(column.type in TYPES for column in sheet.columns)
    assert {column.group for column in sheet.columns} <= {"", sheet.group}
    inner = {column.field for column in sheet.columns if column.group}
    assert {sheet.element_if, *sheet.element_keys} - {""} <= inner
    for layout in sheet.layouts:
        assert max(layout.picks) < len(layout.columns)
        assert len(layout.picks) >= len(sheet.columns)
        assert layout.header or len(layout.columns) != len(sheet.columns), "a layout of today's width needs a word to be told by"


def test_the_page_is_current() -> None:
    page = ROOT / "docs" / "tariff-plans.md"
    assert page.read_text() == document(), "write it anew: python -m engine.tariffplan.document docs/tariff-plans.md"


def test_the_page_names_every_column() -> None:
    text = document()
    for sheet in SHEETS:
        assert f"### {sheet.file}" in text
        for column in sheet.columns:
            assert f"| {column.name} | {column.type} |" in text
