"""Rows as Go's encoding/csv reads them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tariffplan.csvtext import Problem, is_separator, parse, places, split_lines

ROWS = [
    ("a,b\nc,d\n", [["a", "b"], ["c", "d"]], [1, 2]),
    ("a,b", [["a", "b"]], [1]),
    ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]], [1, 2]),
    ("a,b\r", [["a", "b"]], [1]),
    ("a\rb,c\n", [["a\rb", "c"]], [1]),
    ("# a,b\n#\nc,d\n", [["c", "d"]], [3]),
    ("\n\na,b\n\n", [["a", "b"]], [3]),
    (" # no comment,b\n", [[" # no comment", "b"]], [1]),
    (" \n", [[" "]], [1]),
    ("a,,\n", [["a", "", ""]], [1]),
    ('"a,b",c\n', [["a,b", "c"]], [1]),
    ('"say ""yes""",c\n', [['say "yes"', "c"]], [1]),
    ('"",""\n', [["", ""]], [1]),
    ('"two\nlines",c\nd,e\n', [["two\nlines", "c"], ["d", "e"]], [1, 3]),
    ('"two\r\nlines",c\n', [["two\nlines", "c"]], [1]),
    ('"# no comment",b\n', [["# no comment", "b"]], [1]),
    ('a,"b"', [["a", "b"]], [1]),
    ("", [], []),
]


@pytest.mark.parametrize(("text", "cells", "lines"), ROWS)
def test_records(text: str, cells: list[list[str]], lines: list[int]) -> None:
    rows = parse(text, ",")
    assert (rows.cells, list(rows.lines), rows.problems) == (cells, lines, [])


PROBLEMS = [
    ('a,b"c\nd,e\n', Problem(1, 4, 'bare " in non-quoted field'), [["d", "e"]]),
    ('a,"b"c\nd,e\n', Problem(1, 5, 'extraneous or missing " in quoted field'), [["d", "e"]]),
    ('a,"b\nd,e\n', Problem(1, 3, 'extraneous or missing " in quoted field'), [["d", "e"]]),
    ('a,"b\nc" d\ne,f\n', Problem(2, 2, 'extraneous or missing " in quoted field'), [["e", "f"]]),
    (' "a",b\n', Problem(1, 2, 'bare " in non-quoted field'), []),
]


@pytest.mark.parametrize(("text", "problem", "cells"), PROBLEMS)
def test_a_broken_record_is_one_problem_and_reading_goes_on(text: str, problem: Problem, cells: list[list[str]]) -> None:
    rows = parse(text, ",")
    assert rows.problems[0] == problem
    assert rows.cells[-len(cells) :] == cells if cells else rows.cells == []


def test_another_separator() -> None:
    assert parse('a|"b|c"|d,e\n', "|").cells == [["a", "b|c", "d,e"]]


@pytest.mark.parametrize(("text", "good"), [(",", True), ("|", True), ("\t", True), ("", False), (",,", False), ('"', False), ("#", False)])
def test_separators(text: str, good: bool) -> None:
    assert is_separator(text) is good


def test_places_of_fields_and_of_the_end() -> None:
    lines = split_lines('a,"b\nc",def\n')
    assert places(lines, 1, ",") == [(1, 1), (1, 3), (2, 4), (2, 7)]


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=6))
def test_what_a_writer_quotes_is_read_back(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    assert parse(buffer.getvalue(), ",").cells == rows


@given(st.text(st.sampled_from('ab,;"#\n\r '), max_size=60))
def test_any_text_is_read_to_its_end(text: str) -> None:
    rows = parse(text, ",")
    assert len(rows.cells) == len(rows.lines)
    lines = split_lines(text)
    for line, cells in zip(rows.lines, rows.cells, strict=True):
        assert len(places(lines, line, ",")) == len(cells) + 1
