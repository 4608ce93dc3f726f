"""pyrad as a client, in this process: PAP, CHAP and accounting."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from pyrad import packet
from pyrad.client import Client
from pyrad.dictionary import Dictionary

from tests.acceptance import radiuswire as wire
from tests.interop.erlang_story import expect
from tests.interop.radius_world import PATIENT_SECONDS, SECOND, SECRET, radius_world
from tests.interop.world import expect_money

WORDS = """
ATTRIBUTE User-Name 1 string
ATTRIBUTE User-Password 2 string
ATTRIBUTE CHAP-Password 3 octets
ATTRIBUTE NAS-IP-Address 4 ipaddr
ATTRIBUTE NAS-Port 5 integer
ATTRIBUTE Reply-Message 18 string
ATTRIBUTE Class 25 octets
ATTRIBUTE Session-Timeout 27 integer
ATTRIBUTE Acct-Status-Type 40 integer
ATTRIBUTE Acct-Session-Id 44 string
ATTRIBUTE Acct-Session-Time 46 integer
ATTRIBUTE CHAP-Challenge 60 octets
ATTRIBUTE Message-Authenticator 80 octets
VALUE Acct-Status-Type Start 1
VALUE Acct-Status-Type Stop 2
VALUE Acct-Status-Type Interim-Update 3
"""


def tell(folder: Path) -> None:
    with radius_world(folder) as here:
        here.begin(signed="yes")
        client: Any = Client(server="127.0.0.1", secret=SECRET, dict=Dictionary(io.StringIO(WORDS)), enforce_ma=True)
        client.timeout, client.retries = PATIENT_SECONDS, 1
        for password, code in (("pw-1001", packet.AccessAccept), ("nope", packet.AccessReject)):
            asked = client.CreateAuthPacket(User_Name="1001", NAS_IP_Address="127.0.0.1", NAS_Port=7)
            asked["User-Password"] = asked.PwCrypt(password)
            asked.add_message_authenticator()
            answered = client.SendPacket(asked)
            expect(answered.code, code)
            expect(answered.get("Session-Timeout", [None])[0], 3600 if code == packet.AccessAccept else None)
            assert answered.verify_message_authenticator(original_authenticator=asked.authenticator), answered
        for status, seconds in (("Start", None), ("Interim-Update", 5), ("Stop", 12)):
            told = client.CreateAcctPacket(User_Name="1001", NAS_IP_Address="127.0.0.1", Acct_Status_Type=status, Acct_Session_Id="py-1")
            if seconds is not None:
                told["Acct-Session-Time"] = seconds
            expect(client.SendPacket(told).code, packet.AccountingResponse)
        expect_money([(one[2], one[3]) for one in here.records("1001")], [("12s", 12 * SECOND)])
        here.paid("1001", 10)
        found = here.exchanges()
        expect([one.code for one in found], [wire.ACCESS_ACCEPT, wire.ACCESS_REJECT, *[wire.ACCOUNTING_RESPONSE] * 3])
