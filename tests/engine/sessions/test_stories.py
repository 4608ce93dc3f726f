"""Sessions of several payers in any story: each pays what its records say, once, whoever ended the session and whatever came late."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cdrs.record import taken_details
from engine.commands import CdrSwitches, ProcessCdrs, PutItem, RateCdrs, RefundCdrs
from engine.errors import RequestError
from engine.profiles.policies import ChargerProfile
from engine.sessions.commands import ForceDisconnect, InitiateSession, ProcessSessionCdr, TerminateSession, UpdateSession
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.sessions.switch import ACCOUNT, Switch

PAYERS = {"*prepaid": ACCOUNT, "*postpaid": "1002", "*pseudoprepaid": "1003"}
SLOTS = (("0", "0.6", 60 * SECOND, 60 * SECOND), (str(60 * SECOND), "0.7", 7 * SECOND, 60 * SECOND))


class Shared(Switch):
    """Sessions have a run for each type of request, and each its own payer."""

    def __init__(self, kinds: list[str], credit: int, *, slots: bool, store: bool) -> None:
        super().__init__(client="client", credit=credit, sessions={"store_session_costs": store, "session_ttl_ns": 500 * SECOND})
        if slots:
            self.price("sub", *SLOTS, fee="0.05", method="*up", decimals=2)
        for payer in PAYERS.values():
            if payer != ACCOUNT:
                self.balance(payer, "cash", "*monetary", credit)
        for kind in kinds:
            fields = f"*constant:*req.RequestType:{kind};*constant:*req.Account:{PAYERS[kind]}"
            name = kind.removeprefix("*")
            self.step(PutItem("charger_profile", f"{TENANT}:{name}", ChargerProfile(TENANT, name, None, None, name, (fields,), "10")))

    def _open(self) -> None:
        self.options.chargers_connected = self.options.attributes_connected = True
        super()._open()

    def do(self, what: str, seconds: int, *, reports: bool, so_far: int) -> None:
        """One thing that happens; `so_far` is what was used in all."""
        keys = [(record.cgrid, record.run_id) for record in self.storage.tables.cdrs.values()][: 1 + seconds % 3]
        said: dict[str, Any] = {"UsageSoFar": f"{so_far}s"} if reports else {"LastUsed": f"{seconds}s"}
        if what == "update":
            self.step(UpdateSession(self.event(Usage="60s", **said), client=self.client, reported=reports))
        elif what == "end":
            said = {"Usage": f"{so_far}s"} if reports else said
            self.step(TerminateSession(self.event(**said), client=self.client, reported=reports))
            self.step(ProcessSessionCdr(self.event(**said)))
        elif what == "cut off":
            self.step(ForceDisconnect(TENANT))
        elif what == "restart":
            self.cut(away_ns=seconds * SECOND)
        elif what == "time goes by":
            self.sleep(5 * seconds * SECOND)
        elif what == "rated again":
            self.step(RateCdrs(keys, CdrSwitches(rerate=True, store=bool(seconds % 2))))
        elif what == "processed again":
            for record in list(self.storage.tables.cdrs.values())[:1]:
                told: dict[str, Any] = {
                    "RunID": record.run_id,
                    "RequestType": record.request_type,
                    "Account": record.account,
                    "Usage": f"{seconds}s",
                }
                self.step(ProcessCdrs([self.event(**told)], CdrSwitches(rerate=True, chargers=False)))
        else:
            self.step(RefundCdrs(keys, CdrSwitches(refund=True, store=bool(seconds % 2))))

    def owed(self) -> dict[str, float]:
        """What each payer's records say that stands taken."""
        found = dict.fromkeys(PAYERS.values(), 0.0)
        for record in self.storage.tables.cdrs.values():
            details = None if record.settled else taken_details(record)
            found[record.account] += 0 if details is None else details.cost / 10**9
        return found


EARLY = ("update", "update", "restart", "time goes by")
LATE = ("update", "end", "restart", "rated again", "refunded", "processed again")


def some(names: tuple[str, ...], most: int) -> st.SearchStrategy[list[tuple[str, int]]]:
    return st.lists(st.tuples(st.sampled_from(names), st.integers(0, 110)), max_size=most)


stories = st.builds(
    lambda early, over, late, last: [*early, *over, *late, ("end", last)],
    some(EARLY, 3),
    st.sampled_from([[], [("cut off", 0)], [("time goes by", 110)]]),
    some(LATE, 4),
    st.integers(0, 110),
)
kinds = st.lists(st.sampled_from(sorted(PAYERS)), min_size=1, unique=True)


@settings(max_examples=60, deadline=None)
@given(stories, kinds, st.sampled_from([3, 100_000]), st.booleans(), st.booleans(), st.booleans())
def test_everybody_pays_what_the_records_say(
    happens: list[tuple[str, int]], runs: list[str], credit: int, reports: bool, slots: bool, store: bool
) -> None:
    site = Shared(runs, credit, slots=slots, store=store)
    so_far, is_over = 0, False
    with suppress(RequestError):
        site.step(InitiateSession(site.event(Usage="60s"), client=site.client, reported=reports))
    for what, seconds in [*happens, ("cut off", 0)]:
        if what == "update" and not reports and (is_over or not site.count()):
            continue  # it would begin another session of this name
        if what == "end" and not reports and is_over:
            continue  # a second one is charged as recorded
        so_far += seconds if what in ("update", "end") else 0
        with suppress(RequestError):  # the credit is used up, there is no session or record, or it is there already
            site.do(what, seconds, reports=reports, so_far=so_far)
        is_over = is_over or what == "end"
    records = [(record.cgrid, record.run_id) for record in site.storage.tables.cdrs.values()]
    assert sorted(run for _, run in records) == sorted(kind.removeprefix("*") for kind in runs)
    for payer, owed in site.owed().items():
        assert round(credit - site.cash(payer), 6) == round(owed, 6), payer
    site.verify()
