"""Records that switches post to the HTTP port: as a form (`/cdr_http`), and FreeSWITCH's as JSON (`/freeswitch_json`).

Answered with 200 and nothing once the record is durable, or was stored before: a switch may repeat. Whatever else is answered means that
nothing was stored or charged: 400 with the reason when it never will be like this, 503 when it may be later.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, Protocol
from urllib.parse import parse_qsl

from engine.errors import RequestError
from engine.event import Event
from engine.fields.template import Template
from engine.fields.view import View
from engine.storage.ports import StorageRefused
from gateway.api.cdrs import process_fields
from gateway.api.context import Api
from gateway.api.limits import MAX_FORM_FIELDS
from gateway.protocols.records.freeswitch import read_record
from gateway.transport.http import HttpHandler, HttpReply, HttpRequest

log: Final = logging.getLogger(__name__)

TAKEN: Final = HttpReply(200, b"", "text/plain; charset=utf-8")
LATER: Final = HttpReply(503, b"storage unavailable, try again later\n")
_EXISTS: Final = "EXISTS"
_LATER: Final = "SERVER_ERROR: storage unavailable"
_DYNAMIC: Final = "~*req."


class Durable(Protocol):
    """The part of the journal that is needed here."""

    async def wait(self, ticket: int) -> None:
        """Returns when the ticket is durable."""


def record_routes(api: Api, journal: Durable, form_path: str, freeswitch_path: str, extra_fields: Sequence[str]) -> dict[str, HttpHandler]:
    """The handlers by path, without those whose path is empty. ValueError when one of `extra_fields` cannot be read."""
    handlers = {form_path: form_handler(api, journal), freeswitch_path: freeswitch_handler(api, journal, extra_fields)}
    return {path: handler for path, handler in handlers.items() if path}


def form_handler(api: Api, journal: Durable) -> HttpHandler:
    """The handler of forms: a CDR's fields by their names, others are its extra fields; in the body, or in the query."""

    async def handle(request: HttpRequest) -> HttpReply:
        try:
            fields = _form(request)
        except ValueError as fault:
            return _refused(request, str(fault))
        return await _take(api, journal, request, fields)

    return handle


def freeswitch_handler(api: Api, journal: Durable, extra_fields: Sequence[str]) -> HttpHandler:
    """The handler of FreeSWITCH's records. `extra_fields` (`~*req.name`, converters allowed) are stored besides where the record has
    them, each under its name. ValueError when one cannot be read."""
    try:
        extra = [(_name_of(text), Template.parse(text if text.startswith("~") else _DYNAMIC + text)) for text in extra_fields]
    except RequestError as fault:
        raise ValueError(f"cdrs.extra_fields: {fault.text}") from None

    async def handle(request: HttpRequest) -> HttpReply:
        try:
            record = read_record(request.body)
            values: dict[str, object] = dict(record.values)
            view = View(Event("", "", values, {}), api.now())
            found = {name: template.find(view) for name, template in extra}
        except (ValueError, RequestError) as fault:
            return _refused(request, str(fault))
        if not record.wanted:
            return TAKEN
        fields: dict[str, object] = {name: text for name, text in found.items() if text}
        return await _take(api, journal, request, fields | record.fields())

    return handle


def _name_of(text: str) -> str:
    name = text.removeprefix(_DYNAMIC).partition("{")[0].partition(":")[0]
    if not name or name.startswith("~"):
        raise ValueError(f"cdrs.extra_fields: {text} is no ~*req.name")
    return name


def _form(request: HttpRequest) -> dict[str, object]:
    """The fields of a form, the first of equal names. ValueError where it cannot be read."""
    text = "&".join(part for part in (request.body.decode("utf-8", "replace"), request.query) if part)
    fields: dict[str, object] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS):
        fields.setdefault(name, value)
    fields.setdefault("Source", request.peer)
    return fields


async def _take(api: Api, journal: Durable, request: HttpRequest, fields: dict[str, object]) -> HttpReply:
    try:
        process_fields(api, fields, {})
        await journal.wait(api.engine.ticket)
    except StorageRefused:
        return LATER
    except RequestError as fault:
        if fault.text == _EXISTS:
            return TAKEN
        return LATER if fault.text.startswith(_LATER) else _refused(request, fault.text)
    return TAKEN


def _refused(request: HttpRequest, reason: str) -> HttpReply:
    log.warning("record refused", extra={"path": request.path, "peer": request.peer, "reason": reason})
    return HttpReply(400, f"{reason}\n".encode())
