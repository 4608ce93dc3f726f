"""Erlang's diameter as a Gy client: sessions, a call, a message, refusals, re-authorization and abort by the gateway, load."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from pathlib import Path

from tests.interop.decoded import Message, told, unanswered
from tests.interop.world import DIAMETER, HERE, Program, World, built, expect_money, world

ERLANG = HERE / "erlang"
HEAD = "Session-Id=$1 Result-Code={} Origin-Host=ocs.charging.test Origin-Realm=charging.test Auth-Application-Id=4"
GRANT = "Multiple-Services-Credit-Control{{Granted-Service-Unit{{{}}} Rating-Group=10 Validity-Time=600 Result-Code=2001}}"


def compiled() -> Path:
    """The folder with the compiled client."""
    return built("erlang", sorted(ERLANG.iterdir()), _compile)


def _compile(folder: Path) -> None:
    ran = subprocess.run([str(ERLANG / "build.sh"), str(folder)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def client(here: World, account: str, *story: str, port: int = DIAMETER, name: str = "") -> Program:
    """The client at work."""
    words: tuple[str | Path, ...] = ("-noinput", "-pa", compiled(), "-s", "gy_client", "cli", "-extra", "127.0.0.1", str(port))
    return here.program(f"erlang-{name or story[0]}-{account}", "erl", *words, account, *story)


def run(here: World, account: str, *story: str, status: int = 0, port: int = DIAMETER) -> str:
    """The client from its start to its end; what it said."""
    started = client(here, account, *story, port=port)
    assert started.wait() == status, started.text()
    return started.text()


def answer(code: int, kind: int, number: int, *more: str) -> str:
    """A CCA as `told` shows it."""
    return " ".join(("CCA", HEAD.format(code), f"CC-Request-Type={kind} CC-Request-Number={number}", *more))


def refused(code: int, kind: int, number: int, *more: str) -> str:
    """A CCA that refuses: its Result-Code stands where a field of the answer has set it, behind those of the template."""
    head = HEAD.replace(" Result-Code={}", "")
    return " ".join(("CCA", head, f"CC-Request-Type={kind} CC-Request-Number={number}", f"Result-Code={code}", *more))


def octets(count: int) -> str:
    """What a grant of octets looks like."""
    return GRANT.format(f"CC-Total-Octets={count}")


def of_session(messages: list[Message], host: str, place: int) -> list[Message]:
    """The messages of the place-th session (from 0) whose id begins with a host."""
    ids = list(dict.fromkeys(one.value("Session-Id") for one in messages if one.value("Session-Id").startswith(f"{host};")))
    return [one for one in messages if one.value("Session-Id") == ids[place]]


def from_gateway(messages: list[Message]) -> list[str]:
    """What the gateway said, one line a message."""
    return told([one for one in messages if one.source == DIAMETER])


def hold(here: World, account: str, port: int = DIAMETER, *, topped_up: bool = False, priced_anew: bool = False) -> None:
    """A session that the gateway asks for its use (RAR), as it is told to, the account gets money or prices change, and then ends (ASR)."""
    holding = client(here, account, "hold", port=port)
    holding.until(lambda: here.sessions(account) == 1, "the session is open")
    wanted = {"Tenant": "default", "Filters": [f"*string:~*req.Account:{account}"]}
    if topped_up:
        cash = {"Tenant": "default", "Account": account, "BalanceType": "*monetary", "Value": 1, "Balance": {"ID": "more"}}
        expect(here.call("APIerSv1.AddBalance", cash), "OK")
    elif priced_anew:
        plans = [{"ActivationTime": "2024-01-01T00:00:00Z", "RatingPlanId": "RP_CALL", "FallbackSubjects": ""}]
        profile = {"Tenant": "default", "Category": "call", "Subject": "somebody else", "RatingPlanActivations": plans}
        expect(here.call("APIerSv1.SetRatingProfile", profile), "OK")
    else:
        expect(here.call("SessionSv1.AlterSessions", wanted), "OK")
    holding.until(lambda: "CCR 2/1" in holding.text(), "the client was asked, and sent an update")
    expect(here.call("SessionSv1.ForceDisconnect", wanted), "OK")
    assert holding.wait() == 0, holding.text()
    assert "'RAR'" in holding.text(), holding.text()
    assert "'ASR'" in holding.text(), holding.text()
    here.over(account)


def tell(folder: Path) -> None:
    with world(folder) as here:
        here.start()
        run(here, "1001", "data", "2")
        expect_money(here.records("1001"), [("*data", "internet", "1001234", Decimal("0.009551"))])
        run(here, "1001", "voice")
        run(here, "1001", "event")
        expect_money(
            here.records("1001", 3)[1:],
            [
                ("*voice", "4917555", "1m17s", Decimal("0.204")),
                ("*sms", "4917555", "1", Decimal("0.07")),
            ],
        )
        here.paid("1001", 10)
        hold(here, "1003", priced_anew=True)
        expect_money(here.balance("1003"), 10)
        for account, story in (("9999", "data"), ("1004", "event"), ("1002", "voice")):
            run(here, account, story, "1", status=1)
        hold(here, "1003")
        expect_money(here.balance("1003"), 10)
        hold(here, "1003", topped_up=True)
        expect_money(here.balance("1003"), 11)
        run(here, "alice", "load", "100", "20")
        look_at_load(here)
        look_at(here.finish())


def look_at_load(here: World) -> None:
    """A hundred sessions of one update each, twenty at a time, cost what they should to the last digit."""
    records = here.records("alice", 100)
    expect_money([record[2:] for record in records], 100 * [("501234", Decimal("0.004786"))])
    here.paid("alice", 10)


def look_at(messages: list[Message]) -> None:
    """Every answer, AVP by AVP."""
    expect(unanswered(messages), [])
    (first,) = told([one for one in messages if one.source == DIAMETER][:1])
    assert first.startswith("CEA Result-Code=2001 Origin-Host=ocs.charging.test Origin-Realm=charging.test Host-IP-Address=127.0.0.1"), (
        first
    )
    grant = octets(1_000_000)
    expected = [answer(2001, 1, 0, grant), answer(2001, 2, 1, grant), answer(2001, 2, 2, grant), answer(2001, 3, 3)]
    assert_same(from_gateway(of_session(messages, "pgw.client.test", 0)), expected)
    call = GRANT.format("CC-Time=60")
    expected = [answer(2001, 1, 0, call), answer(2001, 2, 1, call), answer(2001, 3, 2)]
    assert_same(from_gateway(of_session(messages, "ims.client.test", 0)), expected)
    assert_same(
        from_gateway(of_session(messages, "sms.client.test", 0)), [answer(2001, 4, 0, "Granted-Service-Unit{CC-Service-Specific-Units=1}")]
    )
    assert_same(
        from_gateway(of_session(messages, "pgw.client.test", 2)), [refused(5030, 1, 0, "Error-Message=RALS_ERROR:ACCOUNT_NOT_FOUND")]
    )
    assert_same(
        from_gateway(of_session(messages, "sms.client.test", 1)), [refused(4010, 4, 0, "Error-Message=RALS_ERROR:ACCOUNT_DISABLED")]
    )
    assert_same(from_gateway(of_session(messages, "ims.client.test", 1)), [refused(4012, 1, 0)])
    for place in (1, 3, 4):
        look_at_held(messages, place)


def look_at_held(messages: list[Message], place: int) -> None:
    """RAR, the update that it brought about, ASR."""
    ask = "Session-Id=$1 Origin-Host=ocs.charging.test Origin-Realm=charging.test Destination-Realm=client.test"
    ask += " Destination-Host=pgw.client.test Auth-Application-Id=4"
    expected = [
        answer(2001, 1, 0, octets(1_000_000)),
        f"RAR {ask} Re-Auth-Request-Type=0",
        answer(2001, 2, 1, octets(1_000_000)),
        f"ASR {ask}",
        answer(2001, 3, 2),
    ]
    assert_same(from_gateway(of_session(messages, "pgw.client.test", place)), expected)


def expect(found: object, expected: object) -> None:
    """Both are the same; else both are told."""
    assert found == expected, f"\n  found    {found}\n  expected {expected}"


def assert_same(found: list[str], expected: list[str]) -> None:
    """Both lists are the same; else the first line that differs is told."""
    for number, (one, other) in enumerate(zip(found, expected, strict=False)):
        assert one == other, f"answer {number}:\n  found    {one}\n  expected {other}"
    assert len(found) == len(expected), "\n".join(["found:", *found, "expected:", *expected])
