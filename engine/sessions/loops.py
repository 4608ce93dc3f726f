"""What sessions do by themselves: the debits of a loop, the time to live, the questions to switches.

All of it runs on the clock that only runs forward. A loop debits its next interval when the last one is used up; when it comes late, by
a stall or a restart, it debits all intervals that it missed at once, as far as the credit goes. Then the session ends where its money
did, in the past if need be. A run whose credit ends before its interval does is looked at once more at that moment: after a top-up
it goes on.
"""

from __future__ import annotations

from typing import Final

from engine.effects import AskActiveSessions, DisconnectSession, ReauthorizeSession, WarnDisconnect
from engine.errors import Refusal
from engine.limits import REAUTHORIZE_PAUSE_NS, SESSIONS_PER_STEP
from engine.sessions.life import Life
from engine.sessions.session import NEVER, Run, Session
from engine.sessions.sweeps import Sweeps
from engine.usage import VOICE

INSUFFICIENT_CREDIT: Final = Refusal.INSUFFICIENT_CREDIT.value
SESSION_TIMEOUT: Final = "SESSION_TIMEOUT"
FORCED_DISCONNECT: Final = "FORCED_DISCONNECT"
SERVER_ERROR: Final = "SERVER_ERROR"


class Loops:
    """`sync_ticks` is when switches are asked next, NEVER without an interval for it."""

    life: Life
    sweeps: Sweeps
    sync_ticks: int
    priced_anew: bool  # rating data has changed, and clients shall look at their sessions again
    _to_ask: list[str]  # CGRIDs, the next one last
    _ask_ticks: int

    def __init__(self, life: Life) -> None:
        self.life = life
        self.sweeps = Sweeps(life)
        self.sync_ticks = NEVER
        self.priced_anew = False
        self._to_ask = []
        self._ask_ticks = 0

    # -- when ---------------------------------------------------------------------------------------------------------

    def start(self, ticks_ns: int) -> None:
        """The engine starts: intervals count from now on."""
        interval_ns = self.life.options.sessions.channel_sync_interval_ns
        if interval_ns > 0:
            self.sync_ticks = ticks_ns + interval_ns

    def next_ticks(self) -> int | None:
        """When `run` is to be called next; None while nothing runs."""
        registry = self.life.registry
        if registry.has_sleepers or self.priced_anew or self.sweeps.under_way:
            return self.life.ticks_ns
        due = registry.timers.next_ticks()
        if self._to_ask:
            due = self._ask_ticks if due is None else min(due, self._ask_ticks)
        if self.sync_ticks < NEVER:
            return self.sync_ticks if due is None else min(due, self.sync_ticks)
        return due

    def run(self, now_ns: int) -> None:
        """Does what is due, a bounded number of sessions at a time."""
        registry = self.life.registry
        ticks_ns = self.life.ticks_ns
        if self.sync_ticks <= ticks_ns:
            self.sync_ticks = ticks_ns + self.life.options.sessions.channel_sync_interval_ns
            if registry.count_runs() > 0:
                self.life.effects.append(AskActiveSessions(now_ns, self.life.options.sessions.channel_sync_timeout_ns))
        for _ in range(SESSIONS_PER_STEP):
            cgrid = registry.timers.take(ticks_ns)
            if cgrid is None:
                break
            session = registry.get(cgrid)
            if session is not None:
                self._look(session, now_ns)
        registry.wake_some()
        self.sweeps.run(now_ns)
        self._ask_again(ticks_ns)

    def _ask_again(self, ticks_ns: int) -> None:
        """After a change of rating data: asks clients of some sessions, those whose first request is remembered, to look at them again.
        The others follow after a pause; a change meanwhile begins anew. What is left at a crash is not asked any more."""
        registry = self.life.registry
        if self.priced_anew and not registry.has_sleepers:
            self.priced_anew = False
            self._to_ask = registry.cgrids()
            self._to_ask.reverse()
        if not self._to_ask or self._ask_ticks > ticks_ns:
            return
        asked, self._to_ask = self._to_ask[-SESSIONS_PER_STEP:], self._to_ask[:-SESSIONS_PER_STEP]
        asked.reverse()
        for session in registry.seen(asked):
            if session.request:
                self.life.effects.append(ReauthorizeSession(session.client, session.cgrid, session.tenant, session.request))
        self._ask_ticks = ticks_ns + REAUTHORIZE_PAUSE_NS

    def _look(self, session: Session, now_ns: int) -> None:
        ticks_ns = self.life.ticks_ns
        if session.expires_ticks <= ticks_ns:
            self._expire(session, now_ns)
            return
        for run in session.runs:
            if run.loop_ticks <= ticks_ns and self.life.registry.get(session.cgrid) is session:
                self._run(session, run, now_ns)
        self.life.registry.timers.set(session.cgrid, session.due_ticks())

    # -- time to live ---------------------------------------------------------------------------------------------------

    def _expire(self, session: Session, now_ns: int) -> None:
        lifetime = session.lifetime
        if session.ending is not None:
            self.life.force_end(session, session.ending, now_ns, extra_ns=session.ending_extra_ns)
            return
        if session.failed and lifetime.ttl_ns <= 0:
            self.life.drop_failed(session, now_ns)
            return
        if session.known_usage() is not None and lifetime.usage_ns is None and lifetime.last_usage_ns is None:
            self.life.force_end(session, SESSION_TIMEOUT, now_ns)
            return
        extra_ns = lifetime.last_usage_ns
        if extra_ns is None:
            extra_ns = lifetime.ttl_ns if all(run.call.tor == VOICE for run in session.runs) else 0  # ns are neither octets nor messages
        self.life.force_end(
            session, SESSION_TIMEOUT, now_ns, extra_ns=extra_ns, usage_ns=lifetime.usage_ns, last_used_ns=lifetime.last_used_ns
        )

    # -- debits -------------------------------------------------------------------------------------------------------

    def begin(self, session: Session, interval_ns: int, now_ns: int) -> bool:
        """Starts the loop of a session's debited runs, and debits their first part; False when it has none."""
        runs = [run for run in session.runs if run.is_debited]
        if not runs or interval_ns <= 0:
            return False
        session.debit_interval_ns = interval_ns
        for run in runs:
            run.loop_ticks = self.life.ticks_ns
            run.loop_at = now_ns
            self._debit(session, run, now_ns)
        self.life.registry.changed(session)
        return True

    def resume(self, session: Session, now_ns: int) -> None:
        """A copy of another engine's session becomes active: its loop goes on from where that engine had paid."""
        for run in session.runs:
            if run.is_debited and session.debit_interval_ns > 0:
                if run.loop_at >= NEVER:
                    run.loop_at = now_ns
                run.loop_ticks = self.life.ticks_ns + run.loop_at - now_ns

    def _run(self, session: Session, run: Run, now_ns: int) -> None:
        if run.stop_reason and run.stop_reason != INSUFFICIENT_CREDIT:
            self._disconnect(session, run.stop_reason, now_ns)
            return
        last_chance = bool(run.stop_reason)
        if self._debit(session, run, now_ns) == 0 and last_chance:
            self._disconnect(session, run.stop_reason, now_ns)
        self.life.registry.changed(session)

    def _debit(self, session: Session, run: Run, now_ns: int) -> int:
        """Debits what is due of a run; answers what was granted. Its next moment is when that is used up."""
        interval_ns = session.debit_interval_ns
        missed = max(0, self.life.ticks_ns - run.loop_ticks) // interval_ns
        asked_ns = interval_ns * (1 + missed)
        granted = self.life.debit(session, run, asked_ns, None, now_ns)
        if not isinstance(granted, int):
            known = granted is Refusal.UNAUTHORIZED_DESTINATION
            run.stop_reason = granted.value if known else SERVER_ERROR
            return 0
        run.loop_ticks += granted
        run.loop_at += granted
        if granted >= asked_ns:
            run.stop_reason = ""
            return granted
        run.stop_reason = INSUFFICIENT_CREDIT
        least_ns = self.life.options.sessions.min_low_balance_ns
        if session.client and 0 < granted <= least_ns < interval_ns:
            fields = dict(session.event.fields)
            self.life.effects.append(WarnDisconnect(session.client, session.cgrid, session.tenant, fields))
        return granted

    def _disconnect(self, session: Session, reason: str, now_ns: int) -> None:
        """The credit is used up, or the account refuses: the client is to end the session, or the engine does it where there is none."""
        if not session.client:
            self.life.force_end(session, reason, now_ns)
            return
        for run in session.runs:
            run.loop_ticks = NEVER  # its moment stays on the wall clock: after a restart the client is asked again
            if not run.stop_reason and run.is_debited:
                run.stop_reason = reason
        fields = dict(session.event.fields)
        fields["Usage"] = session.total_usage_ns()
        self.life.effects.append(DisconnectSession(session.client, session.cgrid, session.tenant, fields, reason, False, session.request))
        self.life.registry.changed(session)

    def cut(self, session: Session, reason: str, now_ns: int) -> None:
        """A client that reports used what the account can pay, or may use no more: it is to end the session, and is asked again at its next
        report. Without a client it goes on."""
        if session.client and self.life.registry.get(session.cgrid) is session:
            self.spare(session)
            self._disconnect(session, reason, now_ns)

    def spare(self, session: Session) -> None:
        """The client may go on after all."""
        for run in session.runs:
            run.stop_reason = ""

    def refuse(self, session: Session, reason: str, now_ns: int) -> None:
        """The client that was to end the session could not be told."""
        if any(run.stop_reason for run in session.runs):
            self.life.force_end(session, reason, now_ns, told=True)
