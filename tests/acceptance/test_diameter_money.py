"""Money under Diameter load: drained to zero by two sessions at once; and killed again and again, with everything asked anew afterwards."""

from __future__ import annotations

import os
import random
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.gypayers import Link, Payer, again, credit, granted, service
from tests.acceptance.paying import verify
from tests.acceptance.sample import Sample

KILLS = int(os.environ.get("TOLLWIRE_KILLS", "4"))
SEED = int(os.environ.get("TOLLWIRE_SEED", "1"))
ROUNDS = int(os.environ.get("TOLLWIRE_DRAINS", "2"))
PAYERS = 6
START = 1_000_000
KIB_PRICE = Decimal("0.01") / 1024

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


class Drain(threading.Thread):
    """A session that asks for more than there is, uses some of each grant, and goes on until it is refused."""

    def __init__(self, port: int, account: str, name: str, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.link, self.account, self.session, self.chance = (
            Link(port, f"{name}.client.test"),
            account,
            f"{name}.client.test;{account}",
            chance,
        )
        self.granted: list[int] = []
        self.used = 0
        self.number = 0

    def ask(self, kind: int, asked: int | None, used: int | None) -> tuple[int, int]:
        """The Result-Code of an answer, and what it grants."""
        request = credit(self.link.origin, self.session, self.account, kind, self.number, service(asked, used))
        answer = self.link.ask(request)
        self.number += 1
        return answer.avps.number(268) or 0, granted(answer)

    def run(self) -> None:
        code, got = self.ask(1, self.chance.randint(1, 64) * 1024, None)
        while code == 2001:
            self.granted.append(got)
            used = self.chance.randint(0, got // 1024) * 1024
            self.used += used
            code, got = self.ask(2, self.chance.randint(1, 64) * 1024, used)
        assert code == 4012, code

    def end(self) -> None:
        code, _ = self.ask(3, None, None)
        assert code == 2001
        self.link.close()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_two_sessions_drain_an_account_to_zero(tmp_path: Path, number: int) -> None:
    """What was granted, less what came back, and what is left are what was there; nobody is granted what another one has."""
    start = Decimal("0.25")  # 25 MiB and what a KiB costs, to the last digit
    gateway = Sample(tmp_path)
    try:
        gateway.give("shared", float(start))
        gateway.give("busy", START)
        others = [Payer(gateway.port, "busy", 1_000_000 * place) for place in range(2)]
        drains = [Drain(gateway.port, "shared", f"drain{place}", random.Random(SEED + number * 10 + place)) for place in range(2)]
        for one in (*others, *drains):
            one.start()
        for drain in drains:
            drain.join(240)
            assert not drain.is_alive()
        left = gateway.money("shared")
        assert 0 <= left < KIB_PRICE, f"{left} is enough for a KiB"
        for drain in drains:
            drain.end()
        for other in others:
            other.enough = True
            other.join(60)
            assert not other.fault
        records = gateway.records("shared")
        assert len(records) == 2
        cost = sum((Decimal(str(record[3])) for record in records), Decimal())
        assert cost + gateway.money("shared") == start, "records and remainder are what was there"
        assert sorted(int(str(record[2])) for record in records) == sorted(drain.used for drain in drains)
        assert gateway.stop() == 0
        verify(gateway)
    finally:
        gateway.kill()


@pytest.mark.timeout(400 + 30 * KILLS)
def test_nothing_acknowledged_is_lost_and_nothing_is_paid_twice(tmp_path: Path) -> None:
    """After each kill every account has what it paid for; a request that was not answered is sent again and counts once; one that was is
    answered alike, and costs nothing."""
    chance = random.Random(SEED)
    spent = {f"p{number}": Decimal(0) for number in range(PAYERS)}
    gateway = Sample(tmp_path)
    try:
        for account in spent:
            gateway.give(account, START)
        for kill in range(KILLS):
            payers = [Payer(gateway.port, account, 1_000_000 * kill) for account in spent]
            for payer in payers:
                payer.start()
            threading.Event().wait(chance.uniform(0.2, 0.8))
            gateway.kill()
            for payer in payers:
                payer.join(60)
                assert not payer.is_alive()
                assert not payer.fault
            gateway = Sample(tmp_path)
            for payer in payers:
                look_at(gateway, payer, spent, chance)
        assert sum(spent.values()) > 0
        assert gateway.stop() == 0
        verify(gateway)
    finally:
        gateway.kill()


def look_at(gateway: Sample, payer: Payer, spent: dict[str, Decimal], chance: random.Random) -> None:
    """What a payer was told has happened once; what it was not told happens once when it asks again."""
    before = spent[payer.payer]
    acknowledged = sum((one.price for one in payer.done if one.answer is not None), Decimal())
    unknown = [one for one in payer.done if one.answer is None]
    assert len(unknown) <= 1
    found = START - gateway.money(payer.payer) - before
    assert found in (acknowledged, acknowledged + sum((one.price for one in unknown), Decimal())), (
        f"{payer.payer}: {found} of {acknowledged}"
    )
    link = Link(gateway.port, f"{payer.payer}.client.test")
    known = [one for one in payer.done if one.answer is not None]
    for hop, one in enumerate([*unknown, *chance.sample(known, min(3, len(known)))], 7):
        answer = link.ask(again(one.request, hop))
        assert answer.hop_by_hop == hop
        assert answer.avps.number(268) == 2001, f"{answer.avps.number(268)}: {answer.avps.text(281)}"
        assert one.answer in (None, answer.raw[16:]), "the same request is answered alike"
        assert link.ask(again(one.request, hop)).raw == answer.raw
    link.close()
    spent[payer.payer] = START - gateway.money(payer.payer)
    assert spent[payer.payer] - before == sum((one.price for one in payer.done), Decimal()), f"{payer.payer}: paid twice, or not at all"
