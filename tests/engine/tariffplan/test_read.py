"""From files to tables: which sheets there are, how wide they are, which layout they have."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import limits
from engine.tariffplan import read as module
from engine.tariffplan.faults import Faults
from engine.tariffplan.read import PlanError, Source, folder_sources, read_plan, zip_size, zip_sources
from engine.tariffplan.sheet import Sheet
from engine.tariffplan.sheets import SHEETS


def plan_of(**files: str) -> module.Plan:
    return read_plan(Source(f"{name}.csv", text.encode()) for name, text in files.items())


def texts(faults: Faults) -> list[str]:
    return [str(fault) for fault in faults.found]


def test_sub_folders_are_read_after_their_folder_and_other_files_are_noticed(tmp_path: Path) -> None:
    for name, text in {
        "Rates.csv": "A,,,,,",
        "b/Rates.csv": "C,,,,,",
        "a/Rates.csv": "B,,,,,",
        "a/Ratse.csv": "x",
        "b/notes.txt": "y",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    sources, faults = folder_sources(str(tmp_path))
    plan = read_plan(sources)
    assert faults == []
    assert [(table.source, table.cells[0][0]) for table in plan.of("Rates")] == [
        ("Rates.csv", "A"),
        ("a/Rates.csv", "B"),
        ("b/Rates.csv", "C"),
    ]
    assert texts(plan.notices) == ["a/Ratse.csv: no sheet has this name: not read (did you mean Rates.csv?)"]
    assert plan.counts() == {"Rates": 3}


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="INVALID_PATH"):
        folder_sources(str(tmp_path / "nowhere"))
    (tmp_path / "file").write_text("")
    with pytest.raises(PlanError, match="INVALID_PATH"):
        folder_sources(str(tmp_path / "file"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "Rates.csv").symlink_to("nowhere")
    assert [str(fault) for fault in folder_sources(str(tmp_path))[1]] == ["Rates.csv: cannot be read: No such file or directory"]


def test_bounds_of_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / os.sep.join("d" * (limits.PLAN_FOLDER_DEPTH + 2))
    deep.mkdir(parents=True)
    (deep / "Rates.csv").write_text("A,,,,,")
    sources, faults = folder_sources(str(tmp_path))
    assert sources == []
    assert "folders may lie 16 deep" in str(faults[0])
    monkeypatch.setattr(module, "PLAN_FILES", 2)
    monkeypatch.setattr(module, "PLAN_BYTES", 8)
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / name).write_text("12345")
    sources, faults = folder_sources(str(tmp_path))
    assert [source.name for source in sources] == ["a.csv"]
    assert [str(fault) for fault in faults] == [".: a plan may have 2 files", "b.csv: the files of a plan may have 8 bytes together"]


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return buffer.getvalue()


def test_zip_files(monkeypatch: pytest.MonkeyPatch) -> None:
    data = archive({"x/Rates.csv": "A,,,,,", "readme.txt": "x"})
    assert zip_sources(data) == ([Source("x/Rates.csv", b"A,,,,,")], [])
    with pytest.raises(PlanError, match="zip: not a valid zip file"):
        zip_sources(b"PK")
    monkeypatch.setattr(module, "PLAN_BYTES", 1_000_000)
    large = archive({"Rates.csv": "".join(f"R{number},0\n" for number in range(200_000))})
    assert [str(fault) for fault in zip_sources(large)[1]] == ["Rates.csv: the files of a plan may have 1000000 bytes together"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_small_zip_file_of_much_is_not_unpacked_and_never_read_on_the_spot(method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("Rates.csv", "0" * 10_000_000)
    bomb = buffer.getvalue()
    assert len(bomb) < 20_000
    assert zip_size(bomb) == 10_000_000
    sources, faults = zip_sources(bomb)
    assert (sources, [str(fault) for fault in faults]) == ([], ["zip: a plan may have 200 times the bytes of its zip file"])
    assert zip_size(b"PK") == 0


def test_a_sheet_of_more_lines_than_a_plan_has_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAN_LINES", 3)
    plan = plan_of(Destinations="\n" * 4)
    assert texts(plan.faults) == ["Destinations.csv:3: a sheet may have 3 lines"]


def test_a_row_of_very_many_cells_is_one_of_a_few_too_many() -> None:
    for row in ("," * 100_000, '"a"' + ",b" * 100_000, ',"a"' * 50_000):
        plan = plan_of(Destinations=f"A,1\n{row}\nB,2\n")
        assert texts(plan.faults) == [
            "Destinations.csv:2:@: 257 fields where Destinations.csv has 2: Tag, Prefix".replace("@", str(place_of(row)))
        ]
        assert plan.counts() == {"Destinations": 2}


def place_of(row: str) -> int:
    """Where its third cell begins."""
    return row.index(",", row.index(",") + 1) + 2


@given(st.integers(0, 300), st.binary(max_size=6))
def test_a_damaged_zip_file_is_none(place: int, octets: bytes) -> None:
    data = archive({"Rates.csv": "A,0,1,60s,1s,0s\n" * 9, "Timings.csv": "T,,,,,\n"})
    with contextlib.suppress(PlanError):
        zip_sources(data[:place] + octets + data[place + len(octets) :])


def test_rows_of_a_wrong_width_are_faults_at_the_first_missing_or_surplus_cell() -> None:
    plan = plan_of(Destinations="#Tag,Prefix\nA,1\nB\nC,1,2\nD,2\n")
    assert texts(plan.faults) == [
        "Destinations.csv:3:2: 1 fields where Destinations.csv has 2: Tag, Prefix",
        "Destinations.csv:4:5: 3 fields where Destinations.csv has 2: Tag, Prefix",
    ]
    assert plan.of("Destinations")[0].cells == [["A", "1"], ["D", "2"]]
    assert list(plan.of("Destinations")[0].lines) == [2, 5]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_sheet_takes_as_many_cells_as_it_has_columns(sheet: Sheet) -> None:
    width = len(sheet.columns)
    for cells, good in ((width - 1, False), (width, True), (width + 1, len(sheet.layouts) and len(sheet.layouts[0].columns) == width + 1)):
        plan = read_plan([Source(sheet.file, ("x" + "," * (cells - 1)).encode())])
        assert (len(plan.faults) == 0) == bool(good), (sheet.name, cells)


def test_older_layouts_are_told_by_their_width_and_places_stay_those_of_the_file() -> None:
    text = "*out,t,call,*any,2024-01-01T00:00:00Z,RP,sub,QUEUE\n"
    plan = plan_of(RatingProfiles=text)
    table = plan.of("RatingProfiles")[0]
    assert table.cells == [["t", "call", "*any", "2024-01-01T00:00:00Z", "RP", "sub"]]
    assert str(table.fault(0, 4, "wrong")) == "RatingProfiles.csv:1:39: wrong"
    assert texts(plan.notices) == ["RatingProfiles.csv: an older layout of RatingProfiles.csv: not used are Direction, CdrStatQueueIds"]


def test_old_sheets_are_noticed() -> None:
    plan = plan_of(Users="t,ann,false,Account,1,10\n", CdrStats="")
    assert texts(plan.notices) == [
        "Users.csv: a sheet of an older engine: checked and kept, not used. Fields filled from users; today Attributes.csv."
    ]


def test_text_that_is_not_utf8_and_a_byte_order_mark() -> None:
    plan = read_plan([Source("Destinations.csv", b"A,1\nB\xc3\xa9,\xff\n"), Source("x/Destinations.csv", b"\xef\xbb\xbfC,1\n")])
    assert texts(plan.faults) == ["Destinations.csv:2:4: not UTF-8 text"]
    assert plan.of("Destinations")[1].cells == [["C", "1"]]


def test_bounds_of_rows_and_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * (limits.PLAN_CELL_CHARACTERS + 1)
    assert texts(plan_of(Destinations=f"A,1\nB,{long}\n").faults) == ["Destinations.csv:2:3: a cell may have 65536 characters"]
    monkeypatch.setattr(module, "PLAN_ROWS", 2)
    assert texts(plan_of(Destinations="A,1\nB,1\nC,1\n").faults) == ["Destinations.csv: a plan may have 2 rows"]


def test_more_faults_than_are_named_are_counted() -> None:
    plan = plan_of(Destinations="A\n" * (limits.PLAN_FAULTS + 5))
    assert (len(plan.faults.found), plan.faults.more) == (limits.PLAN_FAULTS, 5)


def test_a_separator_that_parts_nothing() -> None:
    assert "a field separator is one character" in str(read_plan([], "").faults.found[0])
