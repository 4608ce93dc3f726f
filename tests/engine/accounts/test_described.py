"""Calls that a client describes by itself: what each command answers, and what it changes."""

from __future__ import annotations

from engine.accounts.account import Account
from engine.accounts.charge import Charging
from engine.accounts.described import DescribedCalls
from engine.commands import DebitCall, DebitMoney, ExplainDebit, MaxSession, QuoteCall, RefundCall, RoundCall
from engine.errors import Refusal
from engine.money import ONE
from engine.rating.call import CallCost
from engine.rating.cost import Refund
from engine.usage import SECOND
from tests.engine.house import NOW, TENANT, account, balance, call, charging, plan

PLAN = plan("RP", ("0", "0.1", SECOND, SECOND))  # 10 s for 1


def shop(credit: int = 1) -> tuple[DescribedCalls, Account]:
    house: Charging = charging(("sub", PLAN))
    house.options.max_usage_ns = {"*any": 60 * SECOND}
    ann = account(house, "ann")
    balance(house, ann, "cash", "*monetary", credit)
    return DescribedCalls(house), ann


def ask(room: DescribedCalls, command: object) -> object:
    return room.steps()[type(command)](command, NOW)


def cash(holder: Account) -> int:
    return sum(one.value for one in (holder.balances or {})["*monetary"])


def test_how_long_it_may_last() -> None:
    room, ann = shop()
    assert ask(room, MaxSession(call("sub", "ann", 30 * SECOND))) == 10 * SECOND
    assert ask(room, MaxSession(call("sub", "nobody", SECOND))) == Refusal.ACCOUNT_NOT_FOUND
    assert cash(ann) == ONE


def test_what_it_takes_and_what_there_is() -> None:
    for at_most, left in ((True, 0), (False, -2 * ONE)):
        room, ann = shop()
        assert isinstance(ask(room, DebitCall(call("sub", "ann", 30 * SECOND), at_most)), CallCost)
        assert cash(ann) == left


def test_longer_than_any_may_be() -> None:
    room, ann = shop(credit=100)
    for command in (MaxSession, DebitCall):
        assert ask(room, command(call("sub", "ann", 61 * SECOND))) == Refusal.MAX_USAGE_EXCEEDED
    assert cash(ann) == 100 * ONE


def test_questions_change_nothing() -> None:
    room, ann = shop()
    quote = ask(room, QuoteCall(call("sub", "ann", 5 * SECOND)))
    assert isinstance(quote, CallCost)
    assert quote.cost == ONE // 2
    assert ask(room, ExplainDebit(call("sub", "ann", 5 * SECOND)))
    assert cash(ann) == ONE


def test_money_parts_and_rounding() -> None:
    room, ann = shop()
    assert isinstance(ask(room, DebitMoney(call("sub", "ann", SECOND), ONE // 4)), CallCost)
    assert cash(ann) == ONE * 3 // 4
    uuid = (ann.balances or {})["*monetary"][0].uuid
    part = Refund(f"{TENANT}:ann", "", 0, "*voice", uuid, ONE // 4)
    assert ask(room, RefundCall(call("sub", "ann", SECOND), [part])) is None
    assert cash(ann) == ONE
    assert ask(room, RoundCall([(f"{TENANT}:ann", uuid, ONE // 10)])) is None
    assert cash(ann) == ONE * 9 // 10
