"""A client that keeps every acknowledged answer over any number of kills, and then knows what must be there.

Thirty-two requests are in flight, on fifty accounts: debits, events and their records, top-ups, sessions that begin, go on and end, by a
switch that is told to end them too, actions that say something in the log, accounts that are removed and come again. What was acknowledged
must be there once. What was sent and not acknowledged may be there or not, but whole: what a session or a record shows must be what its
account has paid. Every usage and amount is drawn from many, so that no sum is right by chance.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from tests.gateway.servers import DEADLINE_SECONDS, Gateway

TENANT: Final = "kill.example"
ACCOUNTS: Final = 50
IN_FLIGHT: Final = 32
OF_THE_SWITCH: Final = 4  # of these
PRICE: Final = Decimal("0.2")  # a second
START: Final = 1_000_000
MOST_SECONDS: Final = 5_000  # of a call
MOST_DELAY_SECONDS: Final = 0.005  # between the last answer that is waited for and the kill
REFUSED_SECONDS: Final = 0.05  # until a client whose request was refused sends another
NOTHING: Final = ("NOT_FOUND", "SERVER_ERROR: NOT_FOUND")
UNAVAILABLE: Final = "SERVER_ERROR: storage unavailable, try again later"
AT: Final = "2026-04-07T10:00:00Z"
SECOND: Final = 10**9


class GoneError(Exception):
    """The gateway was killed before it answered."""


class LaterError(Exception):
    """The gateway refused a request because its disk fails; nothing was done."""


class Link:
    """A connection with any number of calls in flight. `told` are the sessions that the gateway has it end."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.heard = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last = 0

    async def open(self, address: str) -> Link:
        host, _, port = address.rpartition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port), limit=1 << 26)
        self._task = asyncio.create_task(self._read())
        return self

    async def call(self, method: str, params: object, *, may_be_none: bool = False) -> Any:
        """The result; None for nothing found where that may be. AssertionError for an error, LaterError for the one that says to try
        later, GoneError when there is no answer."""
        self._last += 1
        future = self._waiting[self._last] = asyncio.get_running_loop().create_future()
        if self._task.done():
            raise GoneError
        self._send({"id": self._last, "method": method, "params": [params]})
        answer = await future
        if answer["error"] == UNAVAILABLE:
            raise LaterError
        if may_be_none and answer["error"] in NOTHING:
            return None
        assert answer["error"] is None, f"{method} {params}: {answer['error']}"
        return answer["result"]

    def _send(self, message: object) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                message = json.loads(line, parse_float=Decimal)
                if "method" in message:
                    assert message["method"] == "AgentV1.DisconnectSession", message
                    self.told.append(message["params"][0]["Event"]["OriginID"])
                    self.heard.set()
                    self._send({"id": message["id"], "result": "OK", "error": None})
                else:
                    self._waiting.pop(message["id"]).set_result(message)
        except (OSError, ValueError):  # ValueError: half an answer
            pass
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(GoneError())

    async def close(self) -> None:
        self._writer.close()
        self._task.cancel()
        await asyncio.gather(self._task, *self._waiting.values(), return_exceptions=True)


@dataclass
class Session:
    """A session as acknowledged: `seconds` is its usage so far, `stage` new, open, ended, buried (by the gateway) or recorded. `asked`
    is the stage that a request in flight would bring it to, and the usage that it would have then."""

    origin: str
    account: Account
    of_switch: bool
    seconds: int = 0
    stage: str = "new"
    asked: tuple[str, int] | None = None

    @property
    def event(self) -> dict[str, object]:
        return event_of(self.account.name, self.origin, self.seconds if self.asked is None else self.asked[1], "*prepaid")


@dataclass
class Account:
    """`value` is what everything acknowledged has left of it, None while it is removed."""

    name: str
    value: Decimal | None = None
    in_flight: int = 0
    alone: bool = False  # a request that nothing else may meet is in flight
    sessions: list[Session] = field(default_factory=list)  # that are not over
    unknown: list[Decimal] = field(default_factory=list)  # movements that were sent and not acknowledged
    unknown_removal: bool = False
    logged: int = 0

    def move(self, amount: Decimal) -> None:
        assert self.value is not None
        self.value += amount


@dataclass
class Records:
    """What is known of records: how many were found, the cost of each later one that was acknowledged, by origin, and of those that may
    be there."""

    found: int = 0
    last_order_id: int = 0
    certain: dict[str, Decimal] = field(default_factory=dict)
    unknown: dict[str, tuple[Account, Decimal, Decimal]] = field(default_factory=dict)  # account, cost, what it took


def event_of(account: str, origin: str, seconds: int, request_type: str) -> dict[str, object]:
    times = {"SetupTime": AT, "AnswerTime": AT, "Usage": f"{seconds}s", "RequestType": request_type}
    return {"OriginID": origin, "OriginHost": "kill", "ToR": "*voice", "Category": "call", "Account": account, "Destination": "49", **times}


def cost_of(seconds: int) -> Decimal:
    return seconds * PRICE


class Customers:
    """All that the client knows, over all rounds."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.accounts = [Account(f"a{number}") for number in range(ACCOUNTS)]
        self.records = Records()
        self.sessions: dict[str, Session] = {}
        self.told: Counter[str] = Counter()
        self.to_be_told: set[str] = set()
        self.logs = ""
        self.counts: Counter[str] = Counter()
        self.acknowledged = 0
        self._wanted = 0
        self._enough = asyncio.Event()
        self._stopping = False
        self._numbers = 0

    # -- a round -----------------------------------------------------------------------------------------------------

    async def work(self, gateway: Gateway, answers: int) -> None:
        """Sends requests until the gateway is killed, a moment after so many answers."""

        async def kill() -> None:
            await self.more(answers)
            await asyncio.sleep(self.chance.uniform(0, MOST_DELAY_SECONDS))
            gateway.kill()

        await self.while_working(gateway, kill())

    async def more(self, answers: int) -> None:
        """Waits until so many more requests were acknowledged."""
        self._wanted, self._enough = self.acknowledged + answers, asyncio.Event()
        await self._enough.wait()

    async def while_working(self, gateway: Gateway, scene: Coroutine[Any, Any, None]) -> None:
        """Sends requests while a scene is played, which may end with the gateway killed; at its end those in flight are answered."""
        self._stopping = False
        switch = await Link().open(gateway.both_ways)
        links = [await Link().open(gateway.address) for _ in range(IN_FLIGHT - OF_THE_SWITCH)]
        workers = [asyncio.create_task(self._worker(link, link, False)) for link in links]
        workers += [asyncio.create_task(self._worker(links[number], switch, True)) for number in range(OF_THE_SWITCH)]
        played = asyncio.create_task(scene)
        await asyncio.wait((played, *workers), timeout=2 * DEADLINE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finished, self._stopping = played.done(), True
        if not finished or played.exception() is not None:
            gateway.kill()
            played.cancel()
        found = await asyncio.gather(*workers, return_exceptions=True)
        self.told.update(switch.told)
        for link in (switch, *links):
            await link.close()
        faults = [one for one in found if one is not None and not isinstance(one, GoneError | ConnectionError)]
        assert not faults, f"{faults}: {gateway.text()[-2000:]}"
        assert finished, f"too few answers, or a worker ended by itself: {gateway.text()[-2000:]}"
        await played
        self.logs += gateway.text()

    async def _worker(self, link: Link, switch: Link, of_switch: bool) -> None:
        while not self._stopping:
            account = self.chance.choice(self.accounts)
            if account.alone or (account.value is None and account.in_flight):
                await asyncio.sleep(0)
                continue
            account.in_flight += 1
            try:
                await self._one(link, switch, account, of_switch)
                self.acknowledged += 1
                if self.acknowledged >= self._wanted:
                    self._enough.set()
            except LaterError:
                await asyncio.sleep(REFUSED_SECONDS)
            finally:
                account.in_flight -= 1
                account.alone = False if account.in_flight == 0 else account.alone

    async def _one(self, link: Link, switch: Link, account: Account, of_switch: bool) -> None:
        lonely = account.in_flight == 1 and not account.sessions
        if account.value is None or (lonely and self.chance.random() < 0.1):
            account.alone = True
            await self._come_or_go(link, account)
            return
        idle = [session for session in account.sessions if session.asked is None and session.of_switch is of_switch]
        roll = self.chance.random()
        if of_switch or roll < 0.6:
            session = self.chance.choice(idle) if idle else self._new_session(account, of_switch)
            await self._go_on(link, switch, session)
        elif roll < 0.75:
            await self._debit(link, account)
        elif roll < 0.9:
            await self._event(link, account)
        elif roll < 0.97:
            await self._top_up(link, account, Decimal(self.chance.randint(1, MOST_SECONDS)))
        else:
            await link.call("APIerSv1.ExecuteAction", {"Tenant": TENANT, "Account": account.name, "ActionsId": "SAY"})
            account.logged += 1
            self.counts["log lines"] += 1

    def _origin(self) -> str:
        self._numbers += 1
        return f"o{self._numbers}"

    def _seconds(self) -> int:
        return self.chance.randint(1, MOST_SECONDS)

    # -- requests ----------------------------------------------------------------------------------------------------

    async def _come_or_go(self, link: Link, account: Account) -> None:
        if account.value is None:
            cash = {"BalanceType": "*monetary", "Value": START, "Balance": {"ID": "cash"}}
            with self._unknown(account, Decimal(START)):
                await link.call("APIerSv1.AddBalance", {"Tenant": TENANT, "Account": account.name, **cash})
            account.value = Decimal(START)
            return
        account.unknown_removal = True
        try:
            await link.call("APIerSv1.RemoveAccount", {"Tenant": TENANT, "Account": account.name})
        except LaterError:
            account.unknown_removal = False
            raise
        account.unknown_removal, account.value = False, None
        self.counts["removals"] += 1

    @contextmanager
    def _unknown(self, account: Account, amount: Decimal) -> Iterator[None]:
        """A movement that may have happened, until its answer says that it has or has not."""
        account.unknown.append(amount)
        try:
            yield
        except LaterError:
            account.unknown.remove(amount)
            raise
        account.unknown.remove(amount)

    async def _moved(self, link: Link, account: Account, amount: Decimal, method: str, params: Mapping[str, object]) -> None:
        with self._unknown(account, amount):
            await link.call(method, {"Tenant": TENANT, "Account": account.name, **params})
        account.move(amount)
        self.counts[method] += 1

    async def _debit(self, link: Link, account: Account) -> None:
        seconds = self._seconds()
        end = f"2026-04-07T{10 + seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"
        call = {"Category": "call", "Subject": "any", "Destination": "49", "ToR": "*voice", "TimeStart": AT, "TimeEnd": end}
        await self._moved(link, account, -cost_of(seconds), "Responder.Debit", call)

    async def _top_up(self, link: Link, account: Account, amount: Decimal) -> None:
        cash = {"BalanceType": "*monetary", "Value": int(amount), "Balance": {"ID": "cash"}}
        await self._moved(link, account, amount, "APIerSv1.AddBalance", cash)

    async def _event(self, link: Link, account: Account) -> None:
        """An event that is rated, paid and recorded at once."""
        origin, seconds = self._origin(), self._seconds()
        cost = cost_of(seconds)
        self.records.unknown[origin] = (account, cost, cost)
        event = event_of(account.name, origin, seconds, "*postpaid")
        try:
            await link.call("CDRsV1.ProcessEvent", {"Flags": ["*rals"], "Tenant": TENANT, "ID": origin, "Event": event})
        except LaterError:
            del self.records.unknown[origin]
            raise
        self._recorded(origin)

    def _recorded(self, origin: str) -> None:
        account, cost, taken = self.records.unknown.pop(origin)
        account.move(-taken)
        self.records.certain[origin] = cost
        self.counts["records"] += 1

    def _new_session(self, account: Account, of_switch: bool) -> Session:
        session = Session(self._origin(), account, of_switch)
        account.sessions.append(session)
        self.sessions[session.origin] = session
        return session

    async def _go_on(self, link: Link, switch: Link, session: Session) -> None:
        try:
            await self._ask(link, switch, session)
        except LaterError:
            self.records.unknown.pop(session.origin, None)
            session.asked = None
            if session.stage == "new":
                session.account.sessions.remove(session)
                del self.sessions[session.origin]
            raise
        self._came_to(session)

    async def _ask(self, link: Link, switch: Link, session: Session) -> None:
        """Sends what comes next in a session's life."""
        wanted = {"Tenant": TENANT, "ID": session.origin}
        if session.stage == "new":
            session.asked = ("open", self._seconds())
            await switch.call("SessionSv1.InitiateSession", wanted | {"InitSession": True, "Event": session.event})
        elif session.stage == "ended":
            self.records.unknown[session.origin] = (session.account, cost_of(session.seconds), Decimal(0))
            session.asked = ("recorded", session.seconds)
            await switch.call("SessionSv1.ProcessCDR", wanted | {"Event": session.event})
            self._recorded(session.origin)
        elif self.chance.random() < 0.5:
            more = self._seconds()
            session.asked = ("open", session.seconds + more)
            event = session.event | {"Usage": f"{more}s"}
            await switch.call("SessionSv1.UpdateSession", wanted | {"UpdateSession": True, "Event": event})
        elif session.of_switch and self.chance.random() < 0.5:
            session.asked = ("buried", session.seconds)
            filters = [f"*string:~*req.OriginID:{session.origin}"]
            await link.call("SessionSv1.ForceDisconnect", {"Tenant": TENANT, "Filters": filters, "Event": {"DisconnectCause": "KILL"}})
        else:
            session.asked = ("ended", self.chance.randint(0, session.seconds + 100))
            await switch.call("SessionSv1.TerminateSession", wanted | {"TerminateSession": True, "Event": session.event})

    def _came_to(self, session: Session) -> None:
        """What was asked of a session has happened."""
        assert session.asked is not None
        stage, seconds = session.asked
        session.account.move(cost_of(session.seconds) - cost_of(seconds))
        session.asked, session.stage, session.seconds = None, stage, seconds
        self.counts[stage] += 1
        if stage == "buried":
            self.to_be_told.add(session.origin)
            self.records.certain[session.origin] = cost_of(seconds)
        if stage in ("buried", "recorded"):
            session.account.sessions.remove(session)

    # -- looking -------------------------------------------------------------------------------------------------------

    async def look(self, gateway: Gateway) -> None:
        """What the gateway has now is what was acknowledged, with what was not acknowledged whole or not at all."""
        switch, link = await Link().open(gateway.both_ways), await Link().open(gateway.address)
        try:
            await switch.call("SessionSv1.Ping", {})
            await self._look_at_sessions(link)
            await self._look_at_records(link)
            await self._look_at_accounts(link)
            await self._wait_to_be_told(switch)
        finally:
            self.told.update(switch.told)
            await switch.close()
            await link.close()
        for session in list(self.sessions.values()):
            if session.stage in ("buried", "recorded"):
                del self.sessions[session.origin]
        self.to_be_told.clear()

    async def look_at_all_records(self, gateway: Gateway) -> None:
        """There are as many records as were ever found: none is gone or there twice."""
        link = await Link().open(gateway.address)
        try:
            count = await link.call("CDRsV1.GetCDRsCount", {"Tenants": [TENANT]})
            assert count == self.records.found, f"there are {count} records, not {self.records.found}"
        finally:
            await link.close()

    async def _wait_to_be_told(self, switch: Link) -> None:
        """The switch was told to end every session that the gateway has ended, or is told now."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not self.to_be_told <= self.told.keys() | set(switch.told):
                switch.heard.clear()
                await switch.heard.wait()

    async def _look_at_sessions(self, link: Link) -> None:
        open_ones: dict[str, int] = {}
        if await link.call("SessionSv1.GetActiveSessionsCount", {"Tenant": TENANT}):
            for run in await link.call("SessionSv1.GetActiveSessions", {"Tenant": TENANT}):
                assert run["OriginID"] not in open_ones, f"{run['OriginID']} is open twice"
                open_ones[run["OriginID"]] = run["Usage"] // SECOND
        for session in list(self.sessions.values()):
            found = open_ones.pop(session.origin, None)
            before = session.seconds if session.stage == "open" else None
            if session.asked is None or session.asked[0] == "recorded":
                assert found == before, f"{session} is {found} now"
                continue
            after = session.asked[1] if session.asked[0] == "open" else None
            assert found in (before, after), f"{session} is {found} now"
            if found == after:
                self._came_to(session)
            else:
                session.asked = None
            if session.stage == "new":
                session.account.sessions.remove(session)
                del self.sessions[session.origin]
        assert not open_ones, f"nobody began {open_ones}"

    async def _look_at_records(self, link: Link) -> None:
        """Those that came since the last look are the ones that were acknowledged."""
        found: dict[str, Decimal] = {}
        wanted = {"Tenants": [TENANT], "ExtraArgs": {"OrderIDStart": self.records.last_order_id + 1}}
        for cdr in await link.call("APIerSv2.GetCDRs", wanted, may_be_none=True) or ():
            assert cdr["OriginID"] not in found, f"{cdr['OriginID']} is recorded twice"
            found[cdr["OriginID"]] = Decimal(cdr["Cost"])
            self.records.last_order_id = max(self.records.last_order_id, cdr["OrderID"])
        for origin in list(self.records.unknown):
            session = self.sessions.get(origin)
            if origin in found:
                self._recorded(origin)
                if session is not None:
                    self._came_to(session)
            else:
                del self.records.unknown[origin]
                if session is not None:
                    session.asked = None
        assert found == self.records.certain, f"{dict(found.items() ^ self.records.certain.items())}"
        self.records.found += len(found)
        self.records.certain.clear()

    async def _look_at_accounts(self, link: Link) -> None:
        accounts = {one["ID"].partition(":")[2]: one for one in await link.call("APIerSv2.GetAccounts", {"Tenant": TENANT}) or ()}
        for account in self.accounts:
            found = accounts.get(account.name)
            chain = ((found or {}).get("BalanceMap") or {}).get("*monetary") or []
            assert len(chain) <= 1, f"{account.name} has {chain}"
            value = Decimal(chain[0]["Value"]) if chain else None
            sums = {account.value or Decimal(0)}
            for amount in account.unknown:
                sums |= {one + amount for one in sums}
            gone = account.unknown_removal or account.value is None
            assert value in sums or (value is None and gone), f"{account} has {value}, may have {sorted(sums)}"
            account.value, account.unknown, account.unknown_removal = value, [], False
            account.in_flight, account.alone = 0, False

    def look_at_logs(self) -> None:
        """Every line that an acknowledged action had to say was said."""
        for account in self.accounts:
            said = self.logs.count(f"account={TENANT}:{account.name} actions=SAY ")
            assert said >= account.logged, f"{account.name}: {said} lines of {account.logged}"
