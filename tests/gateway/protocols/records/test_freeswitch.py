"""mod_json_cdr's documents, as FreeSWITCH writes them."""

from __future__ import annotations

import base64
import json

import pytest

from gateway.protocols.records.freeswitch import read_record
from gateway.protocols.records.limits import MAX_RECORD_DEPTH, MAX_RECORD_MEMBERS

DOCUMENT = {
    "core-uuid": "844715f9-d8a5-44d6-a4bf-358bec5e10b8",
    "switchname": "box",
    "channel_data": {"state": "CS_REPORTING", "direction": "inbound"},
    "variables": {
        "uuid": "01df56f4-d99a-4ef6-b7fe-b924b2415b7f",
        "user_name": "1001",
        "dialed_extension": "%2B4930123",
        "sip_req_user": "1002",
        "sip_local_network_addr": "192.0.2.10",
        "start_epoch": "1777982400",
        "answer_epoch": "1777982405",
        "billsec": "55",
        "effective_caller_id_name": "A%20name",
    },
    "callflow": [{"caller_profile": {"username": "other", "network_addr": "192.0.2.77", "originatee": None}, "times": {"hangup_time": 5}}],
}


def written(**variables: object) -> bytes:
    return json.dumps(DOCUMENT | {"variables": {**DOCUMENT["variables"], **variables}}).encode()  # type: ignore[dict-item]


def test_fields_of_a_call() -> None:
    assert read_record(written()).fields() == {
        "ToR": "*voice",
        "Source": "freeswitch_json",
        "OriginID": "01df56f4-d99a-4ef6-b7fe-b924b2415b7f",
        "OriginHost": "192.0.2.10",
        "Account": "1001",
        "Subject": "1001",
        "Destination": "+4930123",
        "SetupTime": "1777982400",
        "AnswerTime": "1777982405",
        "Usage": "55s",
    }


def test_what_the_dialplan_says_goes_before_what_the_switch_knows() -> None:
    given = {
        "cgr_reqtype": "*prepaid",
        "cgr_tenant": "t",
        "cgr_category": "mobile",
        "cgr_account": "ann",
        "cgr_subject": "sub",
        "cgr_destination": "44",
        "cgr_originhost": "edge",
    }
    fields = read_record(written(**given)).fields()
    wanted = ("RequestType", "Tenant", "Category", "Account", "Subject", "Destination", "OriginHost")
    assert [fields[name] for name in wanted] == ["*prepaid", "t", "mobile", "ann", "sub", "44", "edge"]
    assert read_record(written(cgr_account="ann")).fields()["Subject"] == "ann"


@pytest.mark.parametrize(("process", "wanted"), [("false", False), ("False", False), ("true", True), ("", True)])
def test_a_leg_that_is_not_to_be_recorded(process: str, wanted: bool) -> None:
    assert read_record(written(process_cdr=process)).wanted is wanted


def test_the_document_may_come_in_base64() -> None:
    assert read_record(base64.b64encode(written()) + b"\n").fields() == read_record(written()).fields()


def test_anything_else_is_found_by_its_name_and_variables_go_first() -> None:
    values = read_record(written(direction="mine")).values
    assert values["direction"] == "mine"
    assert values["network_addr"] == "192.0.2.77"
    assert values["effective_caller_id_name"] == "A name"
    assert (values["hangup_time"], values["originatee"], values["switchname"]) == ("5", "", "box")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b"variables=1", b'{"variables": 7}', b"{}", b"\xff\xfe", base64.b64encode(b"[1]"), b"[" * 100_000],
)
def test_what_is_no_record_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="no record of FreeSWITCH"):
        read_record(body)


def test_a_document_is_bounded() -> None:
    deep: object = {"at the end": "1"}
    for _ in range(MAX_RECORD_DEPTH):
        deep = {"in": deep}
    wide = {f"m{number}": "x" for number in range(2 * MAX_RECORD_MEMBERS)}
    values = read_record(json.dumps({"variables": {"uuid": "u"}, "deep": deep}).encode()).values
    assert "at the end" not in values
    assert len(read_record(json.dumps({"variables": {"uuid": "u"}, **wide}).encode()).values) == MAX_RECORD_MEMBERS
