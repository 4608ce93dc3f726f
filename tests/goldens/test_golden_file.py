"""The copies are well formed, and what the reference has where it is at hand."""

from __future__ import annotations

import pytest

from tests.engine.rating.places import REFERENCE, need
from tests.goldens.golden_file import HERE, golden_cases

COUNTS = {"accounts": 86}
FIELDS = {"source", "id", "before", "operation"}
COPIES = (*COUNTS, "agents")


@pytest.mark.parametrize("name", COUNTS)
def test_every_case_says_what_was_done_and_what_came_of_it(name: str) -> None:
    cases = golden_cases(name)
    assert list(cases) == [f"acc-{number:03d}" for number in range(1, COUNTS[name] + 1)]
    for case in cases.values():
        assert case.keys() >= FIELDS
        assert case.keys() & {"after", "result", "error", "cost", "cdr", "second_cdr"}, f"{case['id']} expects nothing"
        assert isinstance(case["source"], str)
        assert case["source"]
        assert isinstance(case["operation"], dict | str)


@pytest.mark.parametrize("name", COPIES)
def test_the_copy_is_the_references(name: str) -> None:
    assert (HERE / f"{name}.json").read_bytes() == need(REFERENCE / "goldens" / f"{name}.json").read_bytes()
