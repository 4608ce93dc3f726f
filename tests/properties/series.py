"""Random series of operations as clients send them, on a small site of two accounts that may share balances.

An operation is (name, what it is given), plain data, so that one series can be played twice. `Play` plays one after the other and
remembers what later ones refer to: the sessions that are open, the debit that may be given back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from engine.actions.book import ActionTrigger
from engine.commands import ReloadSchedule
from engine.rating.book import Destination, SharedGroup, SharingParameters, Timing
from engine.records import Entry
from engine.times import UTC_ZONE, format_time
from engine.usage import MINUTE, SECOND
from tests.engine.house import TENANT
from tests.site import Site, act, due, units

Operation = tuple[str, dict[str, Any]]
HOUR = 60 * MINUTE
NAMES = ("ann", "bob")
MONEY = "*monetary"

# -- the site --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prices:
    """What calls cost: per minute of the first and of later slots, the step, the fee, and how a span is rounded."""

    first: str = "0.6"
    later: str = "0.6"
    step: int = SECOND
    fee: str = "0"
    method: str = "*up"
    decimals: int = 4
    limit: tuple[str, str] = ("0", "")


PRICES = st.builds(
    Prices,
    first=st.sampled_from(["0", "0.6", "0.07", "1.2345", "0.0001"]),
    later=st.sampled_from(["0.3", "0.01", "3.75"]),
    step=st.sampled_from([SECOND, 7 * SECOND, 30 * SECOND, MINUTE]),
    fee=st.sampled_from(["0", "0.2"]),
    method=st.sampled_from(["*up", "*down", "*middle", ""]),
    decimals=st.sampled_from([0, 2, 4]),
    limit=st.sampled_from([("0", ""), ("0", ""), ("2", "*free"), ("2", "*disconnect")]),
)


def furnish(site: Site, prices: Prices) -> None:
    """Everything that operators write before the first call."""
    site.put("destination", "NEAR", Destination("NEAR", ("49",)))
    site.put("shared_group", "SG", SharedGroup("SG", {"*any": SharingParameters("*mine_lowest", "")}))
    price_calls(site, prices)
    site.price("other", ("0", "0.03", SECOND, MINUTE), fee="0.1")
    site.price("*any", ("0", "0.05", 1, 1), category="sms")
    site.price("*any", ("0", "0.001", 100, 1000), category="data")
    site.actions("BONUS", act("*topup", units(MONEY, 5, "bonus")))
    site.actions("ZERO", act("*reset_account"))
    site.actions("GIVE", act("*transfer_balance", units(MONEY, 1, "b1"), _to("bob", "gift")))
    site.actions("POOL", act("*transfer_monetary_default", units("")))
    site.actions("DROP", act("*remove_balance", units(MONEY, id="b1")))
    site.actions("HALF", act("*topup", units(MONEY, 7, "b1"), weight=20), act("*remove_balance", units("*sms", id="none"), weight=10))
    site.actions("NOTED", act("*topup", units("*sms", 3, "b2"), weight=20), act("*cdrlog", weight=10))
    site.actions("BACK", act("*topup_zero_negative", units(MONEY, -2, "*default")))
    site.actions("LATE", act("*set_expiry", units(MONEY, id="b2"), ExpirationString="+30m"))
    site.actions("GONE", act("*remove_account"))
    site.actions("OWE", act("*allow_negative", weight=5), act("*debit", units(MONEY, "2.5", "b3")))
    site.plan("HOURLY", due(Timing("T", StartTime="*:30:00"), "BONUS", "u-hourly"), due(Timing("A", StartTime="*asap"), "NOTED", "u-asap"))
    site.triggers(
        "TG",
        ActionTrigger("TG", "low", "*min_balance", "1", Recurrent=True, MinSleep=HOUR, Balance=units(MONEY, id="b1"), ActionsID="BONUS"),
        ActionTrigger("TG", "many", "*max_event_counter", "3", Balance=units(MONEY), ActionsID="NOTED", Weight="5"),
        ActionTrigger("TG", "late", "*balance_expired", "0", Recurrent=True, Balance=units(MONEY), ActionsID="BONUS", Weight="9"),
        ActionTrigger("TG", "rich", "*max_balance", "60", Balance=units(MONEY), ActionsID="HALF", Weight="7"),
    )
    for name in NAMES:
        site.account(name)
    site.step(ReloadSchedule())


def price_calls(site: Site, prices: Prices) -> None:
    slots = (("0", prices.first, prices.step, MINUTE), (f"{2 * MINUTE}", prices.later, prices.step, MINUTE))
    site.price("*any", *slots, fee=prices.fee, method=prices.method, decimals=prices.decimals, limit=prices.limit)


def _to(name: str, balance: str) -> str:
    return f'{{"DestinationAccountID":"{TENANT}:{name}","DestinationBalanceID":"{balance}"}}'


# -- the operations --------------------------------------------------------------------------------------------------------

NAME = st.sampled_from(NAMES)
CALL = st.sampled_from(("call", "call", "call", "sms", "data"))
CENTS = st.integers(0, 3000).map(lambda cents: cents / 100)
IDS = st.sampled_from(["b1", "b2", "b3", "*default"])


@st.composite
def _balance(draw: st.DrawFn) -> dict[str, Any]:
    """A balance to be added: mostly plain, sometimes with everything that a balance can have."""
    kind = draw(st.sampled_from([MONEY, MONEY, MONEY, "*voice", "*voice", "*sms", "*data", "*generic"]))
    value = {MONEY: CENTS, "*voice": st.integers(0, 400).map(lambda seconds: seconds * SECOND)}.get(kind, st.integers(0, 5000))
    fields: dict[str, Any] = {"ID": draw(IDS)}
    optional = {
        "Weight": st.sampled_from([10, 20.5]),
        "DestinationIDs": st.sampled_from(["NEAR", "!NEAR"]),
        "SharedGroups": st.just("SG"),
        "ExpiryTime": st.sampled_from(["+1h", "+10m"]),
        "Blocker": st.just(True),
        "Factors": st.just({"double": 2, "third": 0.333}),
    }
    if kind == "*voice":
        optional["RatingSubject"] = st.sampled_from(["*zero1m", "*zero7s", "other"])
    for name, values in optional.items():
        if draw(st.integers(0, 4)) == 0:
            fields[name] = draw(values)
    return {"Account": draw(NAME), "BalanceType": kind, "Value": draw(value), "Balance": fields, "Overwrite": draw(st.booleans())}


def _of(name: str, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Operation]:
    return st.tuples(st.just(name), st.fixed_dictionaries(given))


USAGE = st.integers(0, 400)
REQUEST = st.sampled_from(["*prepaid", "*prepaid", "*prepaid", "*postpaid", "*pseudoprepaid", "*rated"])
FACTOR = st.sampled_from(["", "", "", "double", "third"])
FLAGS = st.sampled_from(((), ("*rerate",), ("*rerate",), ("*refund", "*store:false"), ("*refund",)))
DEBIT = {"account": NAME, "category": CALL, "usage": USAGE, "rounding": st.booleans(), "factor": FACTOR}
PLAIN: tuple[st.SearchStrategy[Operation], ...] = (
    st.tuples(st.just("add"), _balance()),
    st.tuples(st.just("add"), _balance()),
    _of("take", account=NAME, id=IDS, value=CENTS),
    _of("set", account=NAME, id=IDS, value=CENTS),
    _of("remove", account=NAME, id=IDS),
    _of("transfer", source=NAME, target=NAME, id=IDS, to=IDS, value=CENTS),
    _of("debit", **DEBIT),
    _of("max", **DEBIT),
    _of("refund"),
    _of("record", account=NAME, category=CALL, usage=USAGE, request=REQUEST, factor=FACTOR),
    _of("again", flags=FLAGS),
    _of("rate all", store=st.booleans()),
    _of("price", first=st.sampled_from(["0.6", "0.05", "1"])),
    _of("message", account=NAME, category=CALL, usage=USAGE, request=REQUEST),
    _of(
        "actions",
        account=NAME,
        set=st.sampled_from("BONUS ZERO GIVE POOL DROP HALF NOTED BACK LATE GONE OWE".split()),
    ),
    _of("account", account=NAME, triggers=st.booleans(), plan=st.booleans(), negative=st.sampled_from([None, None, True, False])),
    _of("sleep", seconds=st.sampled_from([1, 60, 900, 4000])),
)
BEGIN = _of("begin", account=NAME, category=CALL, usage=USAGE, request=REQUEST)
GO_ON = _of("go on", usage=USAGE, used=st.one_of(st.none(), USAGE))
END = _of("end", usage=st.one_of(st.none(), USAGE), used=st.one_of(st.none(), USAGE))
RECORD = _of("record", account=NAME, category=CALL, usage=st.integers(1, 400), request=REQUEST, factor=FACTOR)
ANY = st.one_of(*PLAIN)
Some = list[Operation]


def _chunk(*parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Some]:
    """Operations that belong together; a part is one of them or some."""
    return st.tuples(*parts).map(lambda found: [one for part in found for one in (part if isinstance(part, list) else [part])])


CHUNKS: st.SearchStrategy[Some] = st.one_of(
    _chunk(ANY),
    _chunk(ANY, ANY),
    _chunk(BEGIN, st.lists(st.one_of(GO_ON, GO_ON, ANY), max_size=4), END),
    _chunk(BEGIN, st.lists(GO_ON, min_size=1, max_size=2)),
    _chunk(RECORD, st.lists(ANY, max_size=2), _of("again", flags=FLAGS)),
    _chunk(RECORD, RECORD, _of("price", first=st.just("1")), _of("rate all", store=st.booleans()), _of("rate all", store=st.booleans())),
    _chunk(_of("debit", **DEBIT), _of("refund")),
)


def series(most: int) -> st.SearchStrategy[Some]:
    """A series that begins with some money and minutes, so that there is something to take."""
    start = st.lists(st.tuples(st.just("add"), _balance()), min_size=2, max_size=6)
    rest = st.lists(CHUNKS, min_size=3, max_size=most).map(lambda chunks: [one for chunk in chunks for one in chunk])
    return st.builds(lambda one, other: one + other, start, rest)


# -- playing them ----------------------------------------------------------------------------------------------------------


@dataclass
class Play:
    """One series on one site. `sessions` are the open ones, by OriginID; `recorded` the events that became records; `last` is the last
    debit's answer and what was asked."""

    site: Site
    prices: Prices
    count: int = 0
    recorded: list[dict[str, Any]] = field(default_factory=list)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    last: tuple[dict[str, Any], dict[str, Any]] | None = None
    answers: list[object] = field(default_factory=list)

    def __call__(self, operation: Operation) -> object:
        """The client's answer; what the operation moved stands in the ledger."""
        name, given = operation
        self.count += 1
        answer: object = getattr(self, "_" + name.replace(" ", "_"))(**given)
        self.answers.append(answer)
        return answer

    def moved(self, since: int) -> list[Entry]:
        """The movements after this entry."""
        return [entry for entry in self.site.entries() if entry.entry_id > since]

    # balances

    def _add(self, **given: Any) -> object:
        return self.site.call("APIerSv1.AddBalance", given)

    def _take(self, account: str, id: str, value: float) -> object:
        return self.site.call("APIerSv1.DebitBalance", {"Account": account, "BalanceType": MONEY, "Value": value, "Balance": {"ID": id}})

    def _set(self, account: str, id: str, value: float) -> object:
        return self.site.call("APIerSv1.SetBalance", {"Account": account, "BalanceType": MONEY, "Value": value, "Balance": {"ID": id}})

    def _remove(self, account: str, id: str) -> object:
        return self.site.call("APIerSv1.RemoveBalances", {"Account": account, "BalanceType": MONEY, "Balance": {"ID": id}})

    def _transfer(self, source: str, target: str, id: str, to: str, value: float) -> object:
        names = {"SourceAccountID": source, "SourceBalanceID": id, "DestinationAccountID": target, "DestinationBalanceID": to}
        return self.site.call("APIerSv1.TransferBalance", names | {"Units": value})

    # described calls

    def _descriptor(self, account: str, category: str, usage: int, rounding: bool, factor: str) -> dict[str, Any]:
        length = usage * SECOND if category == "call" else usage
        return {
            "Category": category,
            "ToR": {"call": "*voice", "sms": "*sms", "data": "*data"}[category],
            "Account": account,
            "Subject": account,
            "Destination": "49301",
            "TimeStart": self._time(self.site.now),
            "TimeEnd": self._time(self.site.now + length),
            "PerformRounding": rounding,
            "ExtraFields": {"BalanceFactorID": factor},
        }

    @staticmethod
    def _time(ns: int) -> str:
        return format_time(ns, UTC_ZONE)

    def _debit(self, **given: Any) -> object:
        return self._charge("Responder.Debit", given)

    def _max(self, **given: Any) -> object:
        return self._charge("Responder.MaxDebit", given)

    def _charge(self, method: str, given: dict[str, Any]) -> object:
        asked = self._descriptor(**given)
        answer = self.site.call(method, asked)
        if isinstance(answer, dict):
            self.last = (asked, answer)
        return answer

    def _refund(self) -> object:
        """All of the last debit goes back."""
        if self.last is None:
            return None
        asked, answer = self.last
        self.last = None
        return self.site.call("Responder.RefundIncrements", asked | {"Increments": increments(answer)})

    # events

    def _event(self, account: str, category: str, usage: int, request: str, **more: Any) -> dict[str, Any]:
        length: object = f"{usage}s" if category == "call" else usage
        moment = self._time(self.site.now)
        fields = {
            "OriginID": f"o{self.count}",
            "ToR": {"call": "*voice", "sms": "*sms", "data": "*data"}[category],
            "Category": category,
            "RequestType": request,
            "Account": account,
            "Destination": "49301",
            "SetupTime": moment,
            "AnswerTime": moment,
            "Usage": length,
        }
        return {"Tenant": TENANT, "ID": f"e{self.count}", "Event": fields | more}

    def _record(self, factor: str, **given: Any) -> object:
        event = self._event(**given, BalanceFactorID=factor)
        self.recorded.append(event)
        return self.site.call("CDRsV1.ProcessEvent", event)

    def _again(self, flags: tuple[str, ...]) -> object:
        """The oldest record once more, and its place at the end of the row."""
        if not self.recorded:
            return None
        event = self.recorded.pop(0)
        self.recorded.append(event)
        return self.site.call("CDRsV1.ProcessEvent", event | {"Flags": list(flags)})

    def _rate_all(self, store: bool) -> object:
        return self.site.call("CDRsV1.RateCDRs", {"Flags": ["*rerate", f"*store:{str(store).lower()}"]})

    def _price(self, first: str) -> object:
        """Another price from now on."""
        price_calls(self.site, replace(self.prices, first=first))
        return None

    def _message(self, **given: Any) -> object:
        return self.site.call("SessionSv1.ProcessMessage", self._event(**given) | {"Debit": True})

    def _begin(self, **given: Any) -> object:
        event = self._event(**given)
        self.sessions[event["Event"]["OriginID"]] = event
        return self.site.call("SessionSv1.InitiateSession", event | {"InitSession": True})

    def _next(self, usage: int | None, used: int | None) -> dict[str, Any] | None:
        """The next event of the oldest session, and that session's place at the end of the row."""
        if not self.sessions:
            return None
        origin = next(iter(self.sessions))
        event = self.sessions.pop(origin)
        self.sessions[origin] = event
        fields = {name: value for name, value in event["Event"].items() if name != "Usage"}
        unit = "s" if fields["Category"] == "call" else ""
        if usage is not None:
            fields["Usage"] = f"{usage}{unit}"
        if used is not None:
            fields["LastUsed"] = f"{used}{unit}"
        return event | {"Event": fields}

    def _go_on(self, usage: int, used: int | None) -> object:
        event = self._next(usage, used)
        return None if event is None else self.site.call("SessionSv1.UpdateSession", event | {"UpdateSession": True})

    def _end(self, usage: int | None, used: int | None) -> object:
        """The end and the record of it: nothing comes between the two."""
        event = self._next(usage, used)
        if event is None:
            return None
        del self.sessions[event["Event"]["OriginID"]]
        answer = self.site.call("SessionSv1.TerminateSession", event | {"TerminateSession": True})
        return answer, self.site.call("SessionSv1.ProcessCDR", event)

    # accounts

    def _actions(self, account: str, set: str) -> object:
        return self.site.call("APIerSv1.ExecuteAction", {"Account": account, "ActionsId": set})

    def _account(self, account: str, triggers: bool, plan: bool, negative: bool | None) -> object:
        options = {} if negative is None else {"AllowNegative": negative}
        given: dict[str, Any] = {"Account": account, "ReloadScheduler": True, "ExtraOptions": options}
        if triggers:
            given["ActionTriggerIDs"] = ["TG"]
        if plan:
            given["ActionPlanIDs"] = ["HOURLY"]
        return self.site.call("APIerSv2.SetAccount", given)

    def _sleep(self, seconds: int) -> object:
        self.site.sleep(seconds * SECOND)
        return None


def increments(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The increments of a CallCost, each with how often it was taken in all."""
    return [
        one | {"CompressFactor": one["CompressFactor"] * span["CompressFactor"]}
        for span in answer["Timespans"] or ()
        for one in span["Increments"] or ()
    ]
