"""What peers may make the log say."""

from __future__ import annotations

import logging

import pytest

from engine.times import SECOND
from gateway.observe.complaints import Complaints
from gateway.observe.limits import MAX_LINES_PER_SECOND


def test_lines_of_a_second_have_a_bound_and_those_left_out_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    now = [5 * SECOND]
    complaints = Complaints(lambda: now[0])
    log = logging.getLogger("test.complaints")
    with caplog.at_level(logging.INFO, "test.complaints"):
        for number in range(MAX_LINES_PER_SECOND + 7):
            complaints.tell(log, logging.WARNING, "it is bad", {"number": number})
        assert len(caplog.records) == MAX_LINES_PER_SECOND
        now[0] += SECOND
        complaints.tell(log, logging.INFO, "it is bad", {"number": 1000})
        complaints.tell(log, logging.INFO, "it is bad", {"number": 1001})
    last = [(record.levelname, vars(record)["number"], vars(record).get("left_out")) for record in caplog.records[-2:]]
    assert last == [("INFO", 1000, 7), ("INFO", 1001, None)]
