"""The table of docs/performance.md: where `./test --perf write gateway` puts it, and that its figures of CGRateS are those of the code."""

from __future__ import annotations

import pytest

from gateway.cli.measure.reference import CGRATES
from tests.perf.gateway import BEGIN, END, PAGE, markdown, write

pytestmark = pytest.mark.house


def test_the_page_has_a_place_for_the_figures() -> None:
    page = PAGE.read_text()
    once = write(page, "one\n")
    assert once.count("one\n") == 1 + page.count("one\n")
    assert write(once, "two\n") == write(page, "two\n")
    with pytest.raises(ValueError, match="is wanted"):
        write(page.replace(END, ""), "x")
    assert BEGIN in once


def test_a_table() -> None:
    assert markdown(("a", "b"), [("x", "1"), ("x", "2"), ("y", "3")]) == "| a | b |\n|---|---|\n| x | 1 |\n|  | 2 |\n| y | 3 |\n"


@pytest.mark.parametrize("work", CGRATES)
def test_the_figures_to_compare_with_are_those_of_the_page(work: str) -> None:
    theirs = CGRATES[work]
    (row,) = (line for line in PAGE.read_text().splitlines() if line.startswith(f"| {work}") and f"| {theirs.cpu_us:.0f} us |" in line)
    for rate in (theirs.in_memory, theirs.one_core, theirs.durable):
        assert f" {rate:,}/s" in row
