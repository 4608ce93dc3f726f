"""FreeSWITCH's call record as mod_json_cdr posts it: a JSON document, or the same in base64 (its parameter `encode`).

The channel's variables stand in "variables", their values percent-encoded unless `encode-values` is off; what else the document says
(channel_data, callflow...) can be asked for by the name of the member.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final
from urllib.parse import unquote

from gateway.protocols.records.limits import MAX_RECORD_DEPTH, MAX_RECORD_MEMBERS

SOURCE: Final = "freeswitch_json"

# Which variables, the first that is there, give which field. The variables cgr_* are set in the dialplan.
_FIELDS: Final = (
    ("OriginID", ("uuid",)),
    ("OriginHost", ("cgr_originhost", "FreeSWITCH-IPv4", "sip_local_network_addr")),
    ("RequestType", ("cgr_reqtype",)),
    ("Tenant", ("cgr_tenant",)),
    ("Category", ("cgr_category",)),
    ("Account", ("cgr_account", "user_name")),
    ("Subject", ("cgr_subject", "cgr_account", "user_name")),
    ("Destination", ("cgr_destination", "dialed_extension", "sip_req_user")),
    ("SetupTime", ("start_epoch",)),
    ("AnswerTime", ("answer_epoch",)),
)
_USAGE: Final = "billsec"  # whole seconds


class CallRecord:
    """One leg of a call. `values` are its variables, then whatever else the document says, by name; the first of equal names."""

    values: dict[str, str]

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    @property
    def wanted(self) -> bool:
        """False where the dialplan says that no record is to be made (`process_cdr` is false)."""
        return self.values.get("process_cdr", "").lower() != "false"

    def fields(self) -> dict[str, str]:
        """The fields of the event; those that the switch does not tell are missing."""
        found = {"ToR": "*voice", "Source": SOURCE}
        for field, names in _FIELDS:
            for name in names:
                if self.values.get(name):
                    found[field] = self.values[name]
                    break
        billed = self.values.get(_USAGE, "")
        if billed:
            found["Usage"] = f"{billed}s" if billed.isdigit() else billed
        return found


def read_record(body: bytes) -> CallRecord:
    """The record in what FreeSWITCH posted. ValueError when it is none."""
    document = _document(body)
    variables = document.pop("variables", None)
    if not isinstance(variables, dict):
        raise ValueError("no record of FreeSWITCH: it has no variables")
    values: dict[str, str] = {}
    for name, value in variables.items():
        text = _text(value)
        if text is not None:
            values[name] = unquote(text)
    _gather(document, values)
    return CallRecord(values)


def _document(body: bytes) -> dict[str, object]:
    text = body.strip()
    try:
        if not text.startswith(b"{"):
            text = base64.b64decode(text, validate=True)
        document = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        raise ValueError("no record of FreeSWITCH: it is no JSON") from None
    if not isinstance(document, dict):
        raise ValueError("no record of FreeSWITCH: it is no JSON object")
    return document


def _gather(document: dict[str, object], values: dict[str, str]) -> None:
    """Every member of the document that is a plain value, by its name, level by level."""
    level: list[object] = [document]
    for _ in range(MAX_RECORD_DEPTH):
        below: list[object] = []
        for item in level:
            for name, value in item.items() if isinstance(item, dict) else ():
                text = _text(value)
                if text is None:
                    below.extend(value if isinstance(value, list) else (value,))
                elif len(values) < MAX_RECORD_MEMBERS:
                    values.setdefault(name, text)
        level = below


def _text(value: object) -> str | None:
    """A plain value as text; None for what holds others."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return None if isinstance(value, dict | list) else str(value)
