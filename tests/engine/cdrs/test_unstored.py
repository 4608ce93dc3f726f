"""Ratings that are not to be stored: the record looks as before, and what they took is known and goes back exactly."""

from __future__ import annotations

import pytest

from engine.money import ONE
from engine.usage import MINUTE, SECOND
from tests.engine.house import TENANT
from tests.site import Site

RECORD = {
    "Tenant": TENANT,
    "Event": {
        "OriginID": "o",
        "ToR": "*voice",
        "Category": "call",
        "RequestType": "*postpaid",
        "Account": "ann",
        "Destination": "49301",
        "SetupTime": "2026-04-07T10:00:00Z",
        "AnswerTime": "2026-04-07T10:00:00Z",
        "Usage": "1m",
    },
}
RATE, BACK = ("CDRsV1.RateCDRs", {"Flags": ["*rerate", "*store:false"]}), ("CDRsV1.RateCDRs", {"Flags": ["*refund", "*store:false"]})
AGAIN = ("CDRsV1.ProcessEvent", RECORD | {"Flags": ["*rerate", "*store:false"]})


@pytest.mark.parametrize("calls", [[RATE], [RATE, RATE], [AGAIN], [AGAIN, AGAIN], [RATE, AGAIN, RATE], [BACK, RATE, RATE]], ids=len)
def test_a_record_rated_without_being_stored_is_charged_once(calls: list[tuple[str, dict[str, object]]]) -> None:
    site = Site()
    site.call("APIerSv1.AddBalance", {"Account": "ann", "BalanceType": "*monetary", "Value": 10, "Balance": {"ID": "cash"}})
    site.price("*any", ("0", "1", SECOND, MINUTE))
    assert site.call("CDRsV1.ProcessEvent", RECORD) == "OK"
    assert site.values("ann")["*monetary"] == [9 * ONE]
    site.price("*any", ("0", "2", SECOND, MINUTE))
    for method, params in calls:
        assert site.call(method, params) == "OK"
        site.cut()
    assert site.values("ann")["*monetary"] == [8 * ONE], "at the new price, once"
    (cdr,) = site.storage.tables.cdrs.values()
    assert cdr.cost_amount == ONE, "it looks as before"
    assert site.call("CDRsV1.RateCDRs", {"Flags": ["*rerate"]}) == "OK"
    (cdr,) = site.storage.tables.cdrs.values()
    assert (cdr.cost_amount, cdr.taken, cdr.settled) == (2 * ONE, b"", False)
    assert site.values("ann")["*monetary"] == [8 * ONE]
    site.verify()
