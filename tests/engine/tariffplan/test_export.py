"""Rows, files and offline items say the same: what goes out comes in again as the same items."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tariffplan.csvtext import parse
from engine.tariffplan.export import csv_files, csv_text, write_folder, zip_bytes
from engine.tariffplan.job import Job, run
from engine.tariffplan.kinds import OfflineItem
from engine.tariffplan.load import load_plan, load_sources
from engine.tariffplan.offline import decode_item, encode_item, needed, offline_id, offline_items, offline_plan, rows_of
from engine.tariffplan.read import Source, folder_sources, read_plan, zip_sources
from engine.tariffplan.sheet import Sheet
from engine.tariffplan.sheets import BY_NAME, SHEETS
from tests.engine.tariffplan.plans import NOW, RECORDINGS, TUTORIAL, items, terms

FOLDERS = [
    TUTORIAL,
    RECORDINGS / "old" / "plans" / "old",
    RECORDINGS / "money" / "plans" / "random-rating",
    RECORDINGS / "agents" / "plans" / "gy",
]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_files_are_read_back_as_the_same_items(folder: Path) -> None:
    plan = read_plan(folder_sources(str(folder))[0])
    files = csv_files(plan)
    again = load_sources([Source(name, data) for name, data in files], terms())
    before, after = items(load_plan(plan, terms())), items(again)
    # what only older layouts and headers say is not written
    for kind in ("action_triggers", "filter") if folder.name == "old" else ():
        for key in [key for key in before if key[0] == kind]:
            del before[key], after[key]
    assert after == before
    assert again.load is not None


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_offline_items_are_loaded_as_the_same_items(folder: Path) -> None:
    plan = read_plan(folder_sources(str(folder))[0])
    stored = [(sheet, offline_items(plan, sheet, "TP", "load")) for sheet in SHEETS if plan.of(sheet.name)]
    before, after = items(load_plan(plan, terms())), items(load_plan(offline_plan(stored), terms()))
    for key in [key for key in before if key[0].startswith("old_") or (folder.name == "old" and key[0] in ("action_triggers", "filter"))]:
        before.pop(key), after.pop(key, None)
    assert after == before


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_rows_of_an_item_make_the_item_again(sheet: Sheet) -> None:
    plan = read_plan(folder_sources(str(TUTORIAL))[0])
    stored = offline_items(plan, sheet, "TP", "load")
    assert stored
    for one in stored:
        shown = decode_item(one.Body)
        assert shown["TPid"] == "TP"
        assert offline_id(sheet, shown) == one.Id
        [again] = offline_items(offline_plan([(sheet, [one])]), sheet, "TP", "load")
        assert again == one
        assert all(len(row) == len(sheet.columns) for row in rows_of(sheet, shown))


def test_offline_shapes_are_those_of_the_api() -> None:
    plan = read_plan(
        [
            Source("DestinationRates.csv", b"DR,D,R,*up,4,1.50,*free\n"),
            Source("Routes.csv", b"t,R,,2026-01-01T00:00:00Z,*lc,,a,F,,,,,,,,\n"),
        ]
    )
    [rate] = offline_items(plan, BY_NAME["DestinationRates"], "TP", "")
    assert decode_item(rate.Body) == {
        "TPid": "TP",
        "ID": "DR",
        "DestinationRates": [
            {
                "DestinationId": "D",
                "RateId": "R",
                "RoundingMethod": "*up",
                "RoundingDecimals": 4,
                "MaxCost": Decimal("1.50"),
                "MaxCostStrategy": "*free",
                "Rate": None,
            }
        ],
    }
    [route] = offline_items(plan, BY_NAME["Routes"], "TP", "")
    shown = decode_item(route.Body)
    assert shown["ActivationInterval"] == {"ActivationTime": "2026-01-01T00:00:00Z", "ExpiryTime": ""}
    assert (route.Id, shown["FilterIDs"], shown["Weight"]) == ("t:R", [], 0)


def test_numbers_keep_their_digits() -> None:
    body = encode_item({"Rate": Decimal("0.10000000000000000001"), "Weight": 10})
    assert body == b'{"Rate":0.10000000000000000001,"Weight":10}'
    assert decode_item(body)["Rate"] == Decimal("0.10000000000000000001")


def test_only_what_a_sheet_needs_is_taken_of_the_others() -> None:
    plan = read_plan(
        [
            Source("AccountActions.csv", b"t,ann,AP,TR,,\n"),
            Source("ActionPlans.csv", b"AP,A1,TM,1\nAP2,A2,*asap,1\n"),
            Source("ActionTriggers.csv", b"TR,u,*min_balance,1,,,,,,,,,,,,,,,,A3,\nTR2,u,*min_balance,1,,,,,,,,,,,,,,,,A4,\n"),
            Source("Actions.csv", b"".join(b"A%d,*log,,,,,,,,,,,,,,,\n" % number for number in range(1, 5))),
            Source("Timings.csv", b"TM,,,,,\nTM2,,,,,\n"),
        ]
    )
    found = needed(plan, "AccountActions")
    tags = {name: [row[0] for table in tables for row in table.cells] for name, tables in found.tables.items()}
    assert tags == {"AccountActions": ["t"], "ActionPlans": ["AP"], "ActionTriggers": ["TR"], "Actions": ["A1", "A3"], "Timings": ["TM"]}


def test_import_takes_any_text_but_no_number_that_is_none() -> None:
    files = {"Rates.csv": b"RT,0,1,soon,1s,0s\n", "RatingPlans.csv": b"RP,NONE,*any,1\n", "RatingProfiles.csv": b"t,call,ann,,RP,\n"}
    outcome = run(Job(terms(), archive=zip_bytes(files.items()), tpid="TP", load_id="L"))
    assert outcome.faults == []
    assert outcome.load is not None
    assert [(kind, item.Id) for kind, _, item in outcome.load.puts if isinstance(item, OfflineItem)] == [
        ("tp_Rates", "RT"),
        ("tp_RatingPlans", "RP"),
        ("tp_RatingProfiles", "L:t:call:ann"),
    ]
    outcome = run(Job(terms(), archive=zip_bytes([("Rates.csv", b"RT,none,1,soon,1s,0s\n")]), tpid="TP"))
    assert [str(fault) for fault in outcome.faults] == ["Rates.csv:1:4: ConnectFee: not a number: 'none'"]
    assert outcome.load is None


def test_a_zip_file_is_the_same_bytes_for_the_same_plan() -> None:
    files = [("Destinations.csv", b"A,1\n")]
    assert zip_bytes(files) == zip_bytes(files)
    assert zip_sources(zip_bytes(files))[0] == [Source("Destinations.csv", b"A,1\n")]


def test_a_folder_is_written_file_by_file_and_must_be_there(tmp_path: Path) -> None:
    assert write_folder(str(tmp_path), [("Destinations.csv", b"A,1\n")]) == ["Destinations.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["Destinations.csv"]
    with pytest.raises(OSError, match="No such file"):
        write_folder(str(tmp_path / "nowhere"), [("Destinations.csv", b"A,1\n")])


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=10)


@given(st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=5), st.sampled_from(",;|\t"))
def test_written_rows_are_read_back(rows: list[list[str]], separator: str) -> None:
    assert parse(csv_text(rows, separator), separator).cells == rows


def test_the_clock_of_these_tests_stands() -> None:
    assert terms().now_ns == NOW
