"""Charging a call that a client describes by itself, without a session: what it may last, what it takes, what is given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import commands
from engine.accounts.charge import Charging
from engine.accounts.ledger import Cause


class DescribedCalls:
    """The room's commands over the accounts of one engine. A customer's Refusal is an answer."""

    charging: Charging

    def __init__(self, charging: Charging) -> None:
        self.charging = charging

    def steps(self) -> dict[type, Callable[[Any, int], object]]:
        """Who answers which command."""
        return {
            commands.MaxSession: self.max_session,
            commands.DebitCall: self.debit,
            commands.QuoteCall: self.quote,
            commands.ExplainDebit: self.explanation,
            commands.DebitMoney: self.debit_money,
            commands.RefundCall: self.refund,
            commands.RoundCall: self.round,
        }

    def max_session(self, command: commands.MaxSession, now_ns: int) -> object:
        """How many ns of the call the account can pay."""
        refusal = self.charging.check_usage(command.call)
        return self.charging.max_session(command.call) if refusal is None else refusal

    def debit(self, command: commands.DebitCall, now_ns: int) -> object:
        """Takes the call, or what the account can pay of it."""
        refusal = self.charging.check_usage(command.call)
        if refusal is not None:
            return refusal
        cause = Cause("debit", command.call.cgrid, now_ns)
        if command.at_most:
            return self.charging.max_debit(command.call, cause)
        return self.charging.debit(command.call, cause)

    def quote(self, command: commands.QuoteCall, now_ns: int) -> object:
        """What a debit would take and leave."""
        return self.charging.quote(command.call)

    def explanation(self, command: commands.ExplainDebit, now_ns: int) -> object:
        """Why a debit would take what it takes."""
        return self.charging.explain(command.call)

    def debit_money(self, command: commands.DebitMoney, now_ns: int) -> object:
        """Takes an amount of money that the client says."""
        return self.charging.debit_money(command.call, command.amount, Cause("debit", command.call.cgrid, now_ns))

    def refund(self, command: commands.RefundCall, now_ns: int) -> object:
        """Gives parts of a call back."""
        self.charging.refund(command.parts, command.call, Cause("refund", command.call.cgrid, now_ns))
        return None

    def round(self, command: commands.RoundCall, now_ns: int) -> object:
        """Takes what rounding left."""
        for account_id, balance_uuid, correction in command.corrections:
            self.charging.take_rounding(account_id, balance_uuid, correction, Cause("rounding", "", now_ns))
        return None
