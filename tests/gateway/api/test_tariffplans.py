"""Rating data and tariff plans through the API: what was recorded of them, with an engine that keeps items and notes accounts."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine import commands
from engine.profiles.items import Items
from engine.rating.tariff import Tariff
from engine.tariffplan.accounting import AccountAction
from engine.tariffplan.apply import PlanRoom, Task
from engine.tariffplan.kinds import OfflineItem
from engine.tariffplan.load import LOADED_KINDS
from engine.tariffplan.offline import rows_of
from engine.tariffplan.sheets import BY_NAME
from engine.tariffplan.staging import Staging
from gateway.api import planjobs, ratingdata, tariffplans, tpsheets
from gateway.api.context import Api, ApiOptions
from gateway.api.dispatch import Dispatcher
from gateway.api.gotypes import Flag, GoType, Integer, List, Number, Pointer, Struct
from gateway.api.methods import ROWS
from gateway.api.unbuilt import UNBUILT
from gateway.protocols.jsonrpc.envelope import decode
from tests.gateway.api.fakes import ALL_SECTIONS, NOW

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
OWN = frozenset(row.name for row in (*ratingdata.METHODS, *tariffplans.METHODS, *tpsheets.METHODS))
KEPT = ("APIerSv1.GetChargerProfile", "APIerSv1.GetFilter", "APIerSv1.GetReverseDestinationsIndexHealth")  # they show what was loaded


class PlanEngine:
    """Keeps items as the real one does, through their kinds' encoding, and notes what is done to accounts."""

    def __init__(self) -> None:
        self.items = Items(LOADED_KINDS)
        self.tariff = Tariff()
        self.ticket = 0
        self.accounts: list[AccountAction] = []
        self.removed: list[str] = []
        self.tasks: list[Task] = []
        self._plans = PlanRoom(self, self).steps()

    def become(self, staged: Staging) -> None:
        staged.swap(self.items, self.tariff)
        self.ticket += 1

    def put_item(self, kind: str, id: str, item: object) -> None:
        row = self.items.kinds[kind]
        self.items.put(kind, id, row.decode(row.encode(item)))
        self.ticket += 1

    def remove_item(self, kind: str, id: str) -> bool:
        self.ticket += 1
        return self.items.remove(kind, id)

    def set_account(self, account: AccountAction, now_ns: int) -> None:
        self.accounts.append(account)

    def remove_account(self, account_id: str, now_ns: int) -> None:
        self.removed.append(account_id)

    def queue_tasks(self, tasks: list[Task], now_ns: int) -> None:
        self.tasks += tasks

    def step(self, command: object, now_ns: int) -> object:
        match command:
            case commands.GetItem():
                return self.items.get(command.kind, command.id)
            case commands.ListItems():
                return self.items.all(command.kind)
            case commands.PutItem():
                self.put_item(command.kind, command.id, command.item)
                return None
            case commands.RemoveItem():
                return self.remove_item(command.kind, command.id)
            case commands.ChangeItems():
                for kind, key in command.removals:
                    self.remove_item(kind, key)
                for kind, key, item in command.puts:
                    self.put_item(kind, key, item)
                return None
        return self._plans[type(command)](command, now_ns)


class Client:
    """A client that awaits slow answers. Folders are relative to the server's working folder."""

    def __init__(self) -> None:
        self.engine = PlanEngine()
        self.dispatcher = Dispatcher(Api(self.engine, ApiOptions(ALL_SECTIONS, "test", default_timezone="UTC"), lambda: NOW), ROWS, UNBUILT)

    def __call__(self, method: str, params: object) -> dict[str, Any]:
        """{"result": ...} or {"error": text}."""
        found = self.dispatcher.call(decode(json.dumps({"method": method, "params": [params], "id": 1}).encode()))
        line = asyncio.run(_first(found)) if isinstance(found, Awaitable) else found
        answer = json.loads(line)
        return {"result": answer["result"]} if answer["error"] is None else {"error": answer["error"]}


async def _first(answer: Awaitable[tuple[bytes, int]]) -> bytes:
    return (await answer)[0]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.chdir(tmp_path)
    return Client()


def _replay() -> ModuleType:
    """The recordings' own comparison."""
    sys.path.insert(0, str(RECORDINGS))
    try:
        spec = importlib.util.spec_from_file_location("tariffplan_replay", RECORDINGS / "replay.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(RECORDINGS))


REPLAY = _replay()


def _steps(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    group = json.loads((RECORDINGS / name).read_text())
    for case in group["cases"]:
        for step in case["steps"]:
            if step.get("rpc") in OWN or step.get("rpc") in KEPT:
                yield case["id"], step


@pytest.mark.parametrize("name", ["destinations", "rating-data", "tp-sheets", "tp-loads", "missing", "profiles-more", "core"])
def test_recorded_steps_of_these_methods(client: Client, name: str) -> None:
    group = json.loads((RECORDINGS / "api" / f"{name}.json").read_text())
    if "plan" in group:
        assert client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(RECORDINGS / group["plan"])}) == {"result": "OK"}
    played = 0
    for case, step in _steps(f"api/{name}.json"):
        if step["rpc"] in KEPT and name not in ("tp-loads", "destinations"):
            continue
        found = REPLAY.compare(step, client(step["rpc"], step["params"]))
        assert not found, f"{case}: {step['rpc']} {step['params']}: {found}"
        played += 1
    assert played, "a recording without a step of ours proves nothing"


# -- what no recording shows ---------------------------------------------------------------------------------------------


def write(folder: Path, **sheets: str) -> str:
    folder.mkdir(exist_ok=True)
    for name, text in sheets.items():
        (folder / f"{name}.csv").write_text(text)
    return str(folder)


def test_a_folder_with_faults_loads_nothing_and_all_of_them_are_named(client: Client, tmp_path: Path) -> None:
    folder = write(tmp_path / "plan", Rates="RT,x,1,60s,1s,0s\n", Destinations="A,1\nB\n")
    answer = client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": folder})
    assert answer == {
        "error": "SERVER_ERROR: Destinations.csv:2:2: 1 fields where Destinations.csv has 2: Tag, Prefix; "
        "Rates.csv:1:4: ConnectFee: not a number: 'x'"
    }
    assert client.engine.items.ids("destination") == []
    assert client.engine.ticket == 0


def test_a_text_of_many_faults_ends(client: Client, tmp_path: Path) -> None:
    folder = write(tmp_path / "plan", Destinations="A\n" * 1500)
    text = client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": folder})["error"]
    assert text.endswith("; and 1400 more")
    assert text.count(";") == 100


def test_validate_refuses_what_a_load_only_warns_of(client: Client, tmp_path: Path) -> None:
    folder = write(tmp_path / "plan", Rates="RT,0,1,60s,60s,0s\nRT,0,1,60s,1s,90s\n")
    asked = {"FolderPath": folder, "Validate": True}
    assert "Rates.csv:2:15" in client("APIerSv1.LoadTariffPlanFromFolder", asked)["error"]
    assert client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": folder}) == {"result": "OK"}


def test_another_separator(client: Client, tmp_path: Path) -> None:
    folder = write(tmp_path / "plan", Destinations="A|1\n")
    assert client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": folder, "FieldSeparator": "|"}) == {"result": "OK"}
    assert client("APIerSv1.ImportTariffPlanFromFolder", {"TPid": "TP", "FolderPath": folder, "CsvSeparator": ord("|")}) == {"result": "OK"}
    assert client("APIerSv1.GetTPDestination", {"TPid": "TP", "ID": "A"})["result"]["Prefixes"] == ["1"]


@pytest.mark.parametrize("bounds", [(0, 1 << 30), (0, 0)], ids=["in a thread", "in a process"])
def test_bigger_plans_are_read_elsewhere_with_the_same_result(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bounds: tuple[int, int]
) -> None:
    tutorial = str(RECORDINGS.parents[1] / "packaging" / "tariffplans" / "tutorial")
    assert client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": tutorial}) == {"result": "OK"}
    here = {kind.name: client.engine.items.all(kind.name) for kind in LOADED_KINDS}
    monkeypatch.setattr(planjobs, "PLAN_HERE_BYTES", bounds[0])
    monkeypatch.setattr(planjobs, "PLAN_THREAD_BYTES", bounds[1])
    other = Client()
    assert other("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": tutorial}) == {"result": "OK"}
    assert {kind.name: other.engine.items.all(kind.name) for kind in LOADED_KINDS} == here
    assert other.engine.accounts == client.engine.accounts != []
    assert [(one.plan_id, one.account_id) for one in other.engine.tasks] == [(one.plan_id, one.account_id) for one in client.engine.tasks]
    broken = write(tmp_path / "plan", Destinations="B\n")
    assert "Destinations.csv:1:2" in other("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": broken})["error"]
    assert other("APIerSv1.ImportTPZipFile", {"TPid": "X", "File": "AAAA"}) == {"error": "zip: not a valid zip file"}


def test_a_process_that_fails_is_an_error(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planjobs, "PLAN_HERE_BYTES", 0)
    monkeypatch.setattr(planjobs, "PLAN_THREAD_BYTES", 0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    folder = write(tmp_path / "plan", Destinations="A,1\n")
    answer = client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": folder})
    assert answer == {"error": "SERVER_ERROR: the plan could not be read: out of memory?"}


def test_when_what_was_loaded(client: Client, tmp_path: Path) -> None:
    assert client("APIerSv1.GetLoadIDs", "") == {"error": "NOT_FOUND"}
    client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": write(tmp_path / "plan", Destinations="A,1\n")})
    assert client("APIerSv1.GetLoadIDs", "") == {"result": {"*destinations": NOW, "*reverse_destinations": NOW}}
    assert client("APIerSv1.GetLoadIDs", "*timings") == {"error": "NOT_FOUND"}
    times = client("APIerSv1.GetLoadTimes", {"Timezone": "Europe/Vienna", "Item": "*destinations"})
    assert times == {"result": {"*destinations": "2027-01-15T09:00:00+01:00"}}
    assert "error" in client("APIerSv1.GetLoadTimes", {"Timezone": "Nowhere/At_All"})


def test_an_exported_plan_is_imported_as_the_same_items(client: Client, tmp_path: Path) -> None:
    tutorial = str(RECORDINGS.parents[1] / "packaging" / "tariffplans" / "tutorial")
    assert client("APIerSv1.ImportTariffPlanFromFolder", {"TPid": "ONE", "FolderPath": tutorial, "RunId": "r"}) == {"result": "OK"}
    text = client("APIerSv1.ExportTPToZipString", {"TPid": "ONE"})["result"]
    assert client("APIerSv1.ImportTPZipFile", {"TPid": "TWO", "File": text}) == {"result": "OK"}
    out = tmp_path / "out"
    out.mkdir()
    exported = client("APIerSv1.ExportTPToFolder", {"TPid": "ONE", "ExportPath": str(out), "Compress": True, "FieldSeparator": ","})
    assert exported["result"]["Compressed"] is True
    assert (out / "tpexport.zip").read_bytes() == base64.b64decode(text)
    assert client("APIerSv1.GetTPIds", {}) == {"result": ["ONE", "TWO"]}
    for row in tpsheets.ROWS:
        one, two = (client(f"APIerSv1.{row.lister}", {"TPid": tpid})["result"] for tpid in ("ONE", "TWO"))
        assert [name.removeprefix("r:") for name in one] == [name.removeprefix(":") for name in two], row.sheet
        assert one, row.sheet
    assert client("APIerSv1.LoadTariffPlanFromStorDb", {"TPid": "TWO"}) == {"result": "OK"}
    direct = Client()
    direct("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": tutorial})
    assert client.engine.items.all("rating_plan") == direct.engine.items.all("rating_plan")
    assert client.engine.items.all("actions") == direct.engine.items.all("actions")
    assert client.engine.accounts == direct.engine.accounts
    assert client("APIerSv1.RemTP", {"TPid": "ONE"}) == {"result": "OK"}
    assert client("APIerSv1.GetTPIds", {}) == {"result": ["TWO"]}


def test_unwritable_formats_and_folders(client: Client, tmp_path: Path) -> None:
    client("APIerSv1.SetTPDestination", {"TPid": "TP", "ID": "A", "Prefixes": ["1"]})
    assert client("APIerSv1.ExportTPToZipString", {"TPid": "TP", "FileFormat": "xml"}) == {
        "error": "SERVER_ERROR: unsupported file format: xml"
    }
    answer = client("APIerSv1.ExportTPToFolder", {"TPid": "TP", "ExportPath": "nowhere"})
    assert answer == {"error": "SERVER_ERROR: open nowhere/Destinations.csv: no such file or directory"}


def test_lists_of_offline_items_are_cut_into_pages(client: Client) -> None:
    for name in ("AA", "AB", "B"):
        client("APIerSv1.SetTPDestination", {"TPid": "TP", "ID": name, "Prefixes": ["1"]})
    client("APIerSv1.SetTPDestination", {"TPid": "OTHER", "ID": "C", "Prefixes": ["1"]})
    listed = [
        client("APIerSv1.GetTPDestinationIDs", {"TPid": "TP", **asked})["result"]
        for asked in ({}, {"Limit": 1, "Offset": 1}, {"Search": "A"})
    ]
    assert listed == [["AA", "AB", "B"], ["AB"], ["AA", "AB"]]


def test_what_only_one_of_several_loads_brings(client: Client) -> None:
    for load, subject in (("one", "ann"), ("two", "ben"), ("two", "cat")):
        activation = {"ActivationTime": "2026-01-01T00:00:00Z", "RatingPlanId": "RP", "FallbackSubjects": ""}
        profile = {"TPid": "TP", "LoadId": load, "Category": "call", "Subject": subject, "RatingPlanActivations": [activation]}
        assert client("APIerSv1.SetTPRatingProfile", profile) == {"result": "OK"}
    assert client("APIerSv1.GetTPRatingProfileLoadIds", {"TPid": "TP"}) == {"result": ["one", "two"]}
    assert client("APIerSv1.GetTPRatingProfileIds", {"TPid": "TP"})["result"][0] == "one:cgrates.org:call:ann"
    found = client("APIerSv1.GetTPRatingProfilesByLoadID", {"TPid": "TP", "LoadId": "two", "Subject": "cat"})
    assert [one["Subject"] for one in found["result"]] == ["cat"]
    assert client("APIerSv1.GetTPRatingProfilesByLoadID", {"TPid": "TP", "LoadId": "none"}) == {"error": "NOT_FOUND"}
    assert client("APIerSv1.LoadRatingProfile", {"TPid": "TP", "LoadId": "two"}) == {
        "error": 'SERVER_ERROR: could not find rating plan for tag "RP"; could not find rating plan for tag "RP"'
    }
    assert client("APIerSv2.LoadRatingProfile", {"TPid": "TP", "RatingProfileID": "x"}) == {"error": "Wrong TPRatingProfileId: x"}


def sample(kind: GoType) -> object:
    """A value of a type that is not its zero value, as JSON."""
    if isinstance(kind, Pointer):
        return sample(kind.target)
    if isinstance(kind, List):
        return [sample(kind.item)]
    if isinstance(kind, Struct):
        return {name: sample(inner) for name, (inner, _) in kind.fields.items()}
    return {Integer: 7, Number: 2.5, Flag: True}.get(type(kind), "x")


@pytest.mark.parametrize("row", tpsheets.ROWS, ids=lambda row: row.sheet)
def test_every_field_that_a_sheet_has_is_kept_and_means_the_column_of_its_name(client: Client, row: tpsheets.TpRow) -> None:
    item = sample(row.fields)
    assert isinstance(item, dict)
    assert client(f"APIerSv1.Set{row.noun}", item) == {"result": "OK"}
    [stored] = client.engine.items.all(row.kind).values()
    assert isinstance(stored, OfflineItem)
    assert json.loads(stored.Body) == item
    sheet = BY_NAME[row.sheet]
    [cells] = rows_of(sheet, item)
    assert all(cells), dict(zip(sheet.header, cells, strict=True))
    assert client(f"APIerSv1.{row.lister}", {"TPid": "x"}) == {"result": [stored.Id]}


def test_destinations_lose_prefixes_all_or_nothing(client: Client) -> None:
    for name, prefixes in (("A", ["1", "2"]), ("B", ["2"])):
        client("APIerSv1.SetDestination", {"Id": name, "Prefixes": prefixes})
    assert client("APIerSv1.RemoveDestination", {"DestinationIDs": ["A", "NONE"], "Prefixes": ["1"]}) == {"error": "NOT_FOUND"}
    assert client("APIerSv1.GetReverseDestination", "1") == {"result": ["A"]}
    assert client("APIerSv1.RemoveDestination", {"DestinationIDs": ["A", "B"], "Prefixes": ["2"]}) == {"result": "OK"}
    assert client("APIerSv1.GetDestination", "A") == {"result": {"Id": "A", "Prefixes": ["1"]}}
    assert client("APIerSv1.GetDestination", "B") == {"error": "NOT_FOUND"}
    assert client("APIerSv2.GetDestinations", {}) == {"result": [{"Id": "A", "Prefixes": ["1"]}]}


def test_an_activation_at_the_beginning_of_time(client: Client, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "plan",
        Rates="RT,0,1,60s,1s,0s\n",
        DestinationRates="DR,*any,RT,*up,4,0,\n",
        RatingPlans="RP,DR,*any,10\n",
        RatingProfiles="cgrates.org,call,ann,,RP,\n",
    )
    assert client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": folder}) == {"result": "OK"}
    profile = client("APIerSv1.GetRatingProfile", {"Category": "call", "Subject": "ann"})["result"]
    assert profile["RatingPlanActivations"][0]["ActivationTime"] == "0001-01-01T00:00:00Z"


def test_more_plans_than_may_wait_are_refused(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "plan", Destinations="A,1\n")
    monkeypatch.setattr(planjobs, "MAX_PLAN_JOBS", 0)
    assert client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": folder}) == {
        "error": "SERVER_ERROR: too many plans are being read, try again later"
    }
    monkeypatch.setattr(planjobs, "MAX_PLAN_JOBS", 1)
    for _ in range(2):  # a place is given back
        assert client("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": folder}) == {"result": "OK"}
