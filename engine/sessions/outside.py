"""What others than a session's own switch ask of sessions: to show them, to end or alter them, to keep copies of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine import limits
from engine.effects import AlterSession, ReauthorizeSession, ReplicateSession
from engine.errors import RequestError, not_found
from engine.event import ACCOUNT
from engine.limits import SESSIONS_PER_STEP
from engine.sessions import commands
from engine.sessions.copies import read_copy, written_copy
from engine.sessions.life import Life
from engine.sessions.listing import ListedRun, Matches, by_index, find, passing
from engine.sessions.loops import FORCED_DISCONNECT, Loops
from engine.sessions.session import Session

DISCONNECT_CAUSE = "DisconnectCause"

# No constant to the compiler, so that a test can set it lower.
SESSIONS_LOOKED_AT = limits.SESSIONS_LOOKED_AT


class Outside:
    """`matches` puts filters to an event."""

    life: Life
    loops: Loops
    matches: Matches

    def __init__(self, life: Life, loops: Loops, matches: Matches) -> None:
        self.life = life
        self.loops = loops
        self.matches = matches

    def steps(self) -> dict[type, Callable[[Any, int], object]]:
        """The commands of this room, for the door."""
        return {
            commands.FindSessions: self.find,
            commands.ForceDisconnect: self.force_disconnect,
            commands.AlterSessions: self.alter,
            commands.DisconnectFailed: self.disconnect_failed,
            commands.SyncSessions: self.sync,
            commands.SetPassiveSession: self.set_passive,
            commands.ActivateSessions: self.activate_sessions,
            commands.DeactivateSessions: self.deactivate_sessions,
            commands.ReplicateSessions: self.replicate_sessions,
        }

    # -- looking ------------------------------------------------------------------------------------------------------

    def find(self, command: commands.FindSessions, now_ns: int) -> object:
        """See FindSessions."""
        registry = self.life.registry
        if command.count and not command.filters:
            passive = sum(len(session.runs) for session in registry.passive.values()) if command.passive else 0
            return commands.FoundSessions([], passive if command.passive else registry.count_runs())
        registry.wake_some(SESSIONS_LOOKED_AT)
        if registry.has_sleepers:
            return commands.FoundSessions([], 0, True, command.among)
        sessions, filters, rest = self._looked_at(command)
        rows: list[ListedRun] = []
        count = 0
        for session, run in passing(sessions, command.tenant, filters, self.matches, now_ns):
            count += 1
            if not command.count:
                rows.append(ListedRun(session, run, self.life.options.zone, now_ns))
                if command.limit is not None and 0 < command.limit <= count:
                    return commands.FoundSessions(rows, count)
        return commands.FoundSessions(rows, count, bool(rest), rest)

    def _looked_at(self, command: commands.FindSessions) -> tuple[Iterable[Session], Sequence[str], Sequence[str]]:
        """The sessions that one step looks at, the filters that are to be put to them, and the CGRIDs that are left for later."""
        registry = self.life.registry
        filters: Sequence[str] = command.filters
        cgrids = command.among
        if command.passive:
            return list(registry.passive.values()), filters, ()
        if cgrids is None:
            indexed, filters = by_index(registry, filters) if filters else (None, filters)
            if indexed is not None:
                return indexed, filters, ()
            cgrids = registry.cgrids()
        return registry.seen(cgrids[:SESSIONS_LOOKED_AT]), filters, cgrids[SESSIONS_LOOKED_AT:]

    def _meant(self, command: commands.ForceDisconnect | commands.AlterSessions, now_ns: int) -> list[Session]:
        """The open sessions that a filter means. NOT_FOUND for none."""
        found: dict[str, Session] = {}
        runs = find(self.life.registry, command.tenant, command.filters, False, self.matches, now_ns)
        for count, (session, _) in enumerate(runs, 1):
            kept = self.life.registry.get(session.cgrid)
            if kept is not None:
                found[session.cgrid] = kept
            if command.limit is not None and 0 < command.limit <= count:
                break
        if not found:
            raise not_found()
        return list(found.values())

    # -- ending and altering ------------------------------------------------------------------------------------------

    def force_disconnect(self, command: commands.ForceDisconnect, now_ns: int) -> object:
        """See ForceDisconnect."""
        sessions = self._meant(command, now_ns)
        fields = dict(command.fields)
        reason = fields.pop(DISCONNECT_CAUSE, "")
        for session in sessions:
            for name, value in fields.items():
                session.alter(name, value)
        for session in sessions:
            session.ending_options = command.options
        self._end_all(sessions, str(reason), 0, now_ns)
        return len(sessions)

    def _end_all(self, sessions: list[Session], reason: str, most_extra_ns: int, now_ns: int) -> None:
        """Ends sessions: a few at once, many one after the other in the steps that follow."""
        for count, session in enumerate(sessions):
            extra_ns = self.life.charging.ids.below(most_extra_ns) if most_extra_ns > 0 else 0
            if count < SESSIONS_PER_STEP:
                self.life.force_end(session, reason, now_ns, extra_ns=extra_ns)
            else:
                session.ending = reason
                session.ending_extra_ns = extra_ns
                self.life.expire_in(session, 0, now_ns)
                self.life.registry.changed(session)

    def alter(self, command: commands.AlterSessions, now_ns: int) -> object:
        """See AlterSessions."""
        return [
            AlterSession(
                session.client, session.cgrid, session.tenant, session.event.fields | command.fields, command.options, session.request
            )
            for session in self._meant(command, now_ns)
        ]

    def disconnect_failed(self, command: commands.DisconnectFailed, now_ns: int) -> object:
        """See DisconnectFailed."""
        session = self.life.registry.get(command.cgrid)
        if session is not None:
            self.loops.refuse(session, command.reason, now_ns)
        return None

    def sync(self, command: commands.SyncSessions, now_ns: int) -> object:
        """See SyncSessions."""
        stale = [
            session
            for session in self.life.registry.every()
            if session.cgrid not in command.listed
            and session.client
            and session.client not in command.silent
            and not session.client.startswith(command.never_asked)
            and command.answered
            and session.begun_at < command.asked_at_ns
        ]
        self._end_all(stale, FORCED_DISCONNECT, self.life.options.sessions.stale_max_extra_usage_ns, now_ns)
        return len(stale)

    def reauthorize(self, account_id: str) -> None:
        """Asks the clients of an account's sessions to look at them again, those whose first request is remembered."""
        tenant, _, name = account_id.partition(":")
        registry = self.life.registry
        for session in registry.seen(list(registry.under(ACCOUNT, (name,)))[:SESSIONS_PER_STEP]):
            if session.request and any(run.call.tenant == tenant and run.call.account == name for run in session.runs):
                self.life.effects.append(ReauthorizeSession(session.client, session.cgrid, session.tenant, session.request))

    # -- copies -------------------------------------------------------------------------------------------------------

    def set_passive(self, command: commands.SetPassiveSession, now_ns: int) -> object:
        """See SetPassiveSession."""
        session = read_copy(command.session, self.life, now_ns)
        if isinstance(session, str):
            self.life.registry.drop_passive(session)
        elif not self.life.registry.add_passive(session):
            raise RequestError("SERVER_ERROR: too many passive sessions")
        return None

    def activate(self, cgrid: str, now_ns: int) -> Session | None:
        """The passive session of this CGRID becomes active; None when there is none."""
        session = self.life.registry.passive.get(cgrid)
        if session is None:
            return None
        self.life.registry.add(session)
        self.life.live_on(session, session.lifetime, now_ns)
        self.loops.resume(session, now_ns)
        return session

    def activate_sessions(self, command: commands.ActivateSessions, now_ns: int) -> object:
        """See ActivateSessions."""
        wanted = command.cgrids or list(self.life.registry.passive)
        return [cgrid for cgrid in wanted if self.activate(cgrid, now_ns) is None]

    def deactivate_sessions(self, command: commands.DeactivateSessions, now_ns: int) -> object:
        """See DeactivateSessions."""
        registry = self.life.registry
        wanted = command.cgrids or registry.cgrids()
        missing: list[str] = []
        for cgrid in wanted:
            session = registry.get(cgrid)
            if session is None or not registry.add_passive(session):
                missing.append(cgrid)
        return missing

    def replicate_sessions(self, command: commands.ReplicateSessions, now_ns: int) -> object:
        """See ReplicateSessions."""
        registry = self.life.registry
        if command.cgrid:
            found = registry.passive.get(command.cgrid) if command.passive else registry.get(command.cgrid)
            sessions = [] if found is None else [found]
        else:
            sessions = list(registry.passive.values()) if command.passive else registry.every()
        for session in sessions:
            self.life.effects.append(ReplicateSession(tuple(command.connections), session.cgrid, written_copy(session)))
        return len(sessions)
