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
from engine.tariffplan.accounting import AccountAction
from engine.tariffplan.apply import PlanRoom, Task
from engine.tariffplan.load import LOADED_KINDS
from gateway.api import planjobs, ratingdata, tariffplans, tpsheets
from gateway.api.context import Api, ApiOptions
from gateway.api.dispatch import Dispatcher
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
        self.ticket = 0
        self.accounts: list[AccountAction] = []
        self.removed: list[str] = []
        self.tasks: list[Task] = []
        self._plans = PlanRoom(self, self).steps()

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
                return self.put_item(command.kind, command.id, command.item)
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


@pytest.mark.parametrize(
    "name", ["destinations", "rating-data", "tp-sheets", "tp-loads", "missing", "profiles-more", "core"]
)
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
