"""What switches post: taken when it is durable, refused with a reason, never half."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from engine.storage.ports import StorageRefused
from gateway.api.cdrforms import record_routes
from gateway.api.limits import MAX_FORM_FIELDS
from gateway.transport.http import HttpReply, HttpRequest
from tests.engine.cdrs.shop import fields, kept, money, only, shop, whole
from tests.gateway.api.calls import run
from tests.gateway.protocols.records.test_freeswitch import written
from tests.site import Site

FORM = "/cdr_http"
JSON = "/freeswitch_json"


class Journal:
    """Durable at once, or never again."""

    broken = False

    async def wait(self, ticket: int) -> None:
        if self.broken:
            raise StorageRefused("closed")


def post(site: Site, path: str, body: bytes, query: str = "", *, extra: tuple[str, ...] = (), broken: bool = False) -> HttpReply:
    journal = Journal()
    journal.broken = broken
    routes = record_routes(site.api, journal, FORM, JSON, extra)
    return run(routes[path](HttpRequest("POST", path, query, {}, body, "192.0.2.1")))


def form(**more: object) -> bytes:
    return urlencode(fields(**more)).encode()  # type: ignore[arg-type]


def test_a_form_is_a_record() -> None:
    site = shop()
    assert post(site, FORM, form(Colour="green", Source=None)) == HttpReply(200, b"")
    assert (only(site).cost_amount, only(site).source) == (whole("0.6"), "192.0.2.1")
    assert json.loads(only(site).extra_fields) == {"Colour": "green"}
    assert money(site) == [whole("99.4")]


def test_a_repetition_is_answered_as_the_first() -> None:
    site = shop()
    for _ in range(3):
        assert post(site, FORM, form()).status == 200
    assert money(site) == [whole("99.4")]
    assert len(kept(site)) == 1


def test_a_form_may_stand_in_the_query_and_the_body_goes_first() -> None:
    site = shop()
    assert post(site, FORM, b"Account=ann&Empty=", form(Account="bob").decode()).status == 200
    assert only(site).account == "ann"
    assert json.loads(only(site).extra_fields) == {"Empty": ""}


def test_a_form_that_came_rated_is_kept_as_it_is() -> None:
    site = shop()
    assert post(site, FORM, form(PreRated="true", Cost="1.5", RunID="carrier")).status == 200
    assert (only(site).cost_amount, only(site).run_id, money(site)) == (whole("1.5"), "carrier", [whole(100)])


WRONG: Mapping[str, tuple[bytes, bytes]] = {
    "no identity": (form(origin=""), b"MANDATORY_IE_MISSING: [OriginID]\n"),
    "no usage": (form(usage="soon"), b'time: invalid duration "soon"\n'),
    "no time": (form(SetupTime="once"), b"Unsupported time format\n"),
    "too many fields": (b"&".join(b"a=b" for _ in range(MAX_FORM_FIELDS + 1)), b"Max number of fields exceeded\n"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_read_is_refused(name: str) -> None:
    body, reason = WRONG[name]
    site = shop()
    assert post(site, FORM, body) == HttpReply(400, reason)
    assert (kept(site), money(site)) == ([], [whole(100)])


def test_nothing_is_answered_as_taken_that_may_be_lost() -> None:
    assert post(shop(), FORM, form(), broken=True).status == 503


def test_freeswitch_posts_a_record() -> None:
    site = shop()
    body = written(cgr_account="ann", cgr_reqtype="*postpaid")
    extra = ("~*req.switchname", "~*req.network_addr{*strip:*suffix:*char:7}", "hangup_cause")
    assert post(site, JSON, body, extra=extra) == HttpReply(200, b"")
    assert (only(site).account, only(site).usage_ns, only(site).cost_amount) == ("ann", 55 * 10**9, whole("0.55"))
    assert json.loads(only(site).extra_fields) == {"switchname": "box", "network_addr": "192.0.2."}
    assert post(site, JSON, body).status == 200
    assert money(site) == [whole("99.45")]


def test_a_leg_without_a_record_is_taken_and_forgotten() -> None:
    site = shop()
    assert post(site, JSON, written(process_cdr="false")).status == 200
    assert kept(site) == []


def test_no_record_of_freeswitch() -> None:
    assert post(shop(), JSON, b"hello") == HttpReply(400, b"no record of FreeSWITCH: it is no JSON\n")


def test_a_path_may_be_left_out_and_fields_must_be_readable() -> None:
    site = shop()
    assert set(record_routes(site.api, Journal(), "", JSON, ())) == {JSON}
    with pytest.raises(ValueError, match=r"cdrs\.extra_fields: ~\*vars\.x"):
        record_routes(site.api, Journal(), FORM, JSON, ("~*vars.x",))
