"""python-diameter as a client, in this process: sessions for data, the watchdog, goodbye."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from diameter.message import constants
from diameter.message.avp.grouped import RequestedServiceUnit, UsedServiceUnit
from diameter.message.commands import CreditControlRequest
from diameter.node import Node
from diameter.node.application import SimpleThreadingApplication

from tests.interop.decoded import Message, unanswered
from tests.interop.erlang_story import answer, assert_same, expect, from_gateway, octets, of_session
from tests.interop.world import DIAMETER, SOON_SECONDS, expect_money, world


def request(node: Any, session: str, kind: int, number: int, asked: int | None, used: int | None, account: str = "1001") -> Any:
    """A CCR for data."""
    made: Any = CreditControlRequest()
    made.session_id, made.origin_host, made.origin_realm = session, node.origin_host.encode(), node.realm_name.encode()
    made.destination_realm, made.auth_application_id = b"charging.test", 4
    made.service_context_id, made.cc_request_type, made.cc_request_number = "32251@3gpp.org", kind, number
    made.event_timestamp = datetime.datetime.now(tz=datetime.UTC).replace(tzinfo=None)
    made.add_subscription_id(constants.E_SUBSCRIPTION_ID_TYPE_END_USER_E164, account)
    units: dict[str, Any] = {"rating_group": 10}
    if asked is not None:
        units["requested_service_unit"] = RequestedServiceUnit(cc_total_octets=asked)
    if used is not None:
        units["used_service_unit"] = UsedServiceUnit(cc_total_octets=used)
    made.add_multiple_services_credit_control(**units)
    return made


def tell(folder: Path) -> None:
    with world(folder) as here:
        here.start()
        node: Any = Node("pgw.client.test", "client.test", vendor_ids=[constants.VENDOR_TGPP])
        node.idle_timeout = 1  # so that it sends a watchdog while the story is told
        node.wakeup_interval = 1
        node.cea_timeout = node.dwa_timeout = int(SOON_SECONDS)
        peer = node.add_peer("aaa://ocs.charging.test:3868;transport=tcp", "charging.test", ip_addresses=["127.0.0.1"], is_persistent=True)
        app: Any = SimpleThreadingApplication(constants.APP_DIAMETER_CREDIT_CONTROL_APPLICATION, is_auth_application=True)
        node.add_application(app, [peer])
        node.start()
        try:
            app.wait_for_ready(timeout=SOON_SECONDS)
            session = node.session_generator.next_id()
            steps = ((1, 0, 2_000_000, None), (2, 1, 2_000_000, 2_000_000), (3, 2, None, 5_000))
            for kind, number, asked, used in steps:
                answered = app.send_request(request(node, session, kind, number, asked, used), timeout=SOON_SECONDS)
                expect(answered.result_code, 2001)
                granted = [one.granted_service_unit.cc_total_octets for one in answered.multiple_services_credit_control]
                expect(granted, [2_000_000] if kind != 3 else [])
            nobody = app.send_request(request(node, node.session_generator.next_id(), 1, 0, 1000, None, "9999"), timeout=SOON_SECONDS)
            expect(nobody.result_code, 5030)
            here.gateway.call("CoreSv1.Status", {})
        finally:
            node.stop(wait_timeout=5)
        expect_money(here.records("1001"), [("*data", "", "2005000", Decimal("0.019131"))])
        here.paid("1001", 10)
        look_at(here.finish())


def look_at(messages: list[Message]) -> None:
    expect(unanswered(messages), [])
    grant = octets(2_000_000)
    expected = [answer(2001, 1, 0, grant), answer(2001, 2, 1, grant), answer(2001, 3, 2)]
    assert_same(from_gateway(of_session(messages, "pgw.client.test", 0)), expected)
    expect([one.name for one in messages if one.source == DIAMETER][-1], "DPA")
