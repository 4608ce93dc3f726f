"""The commands that answer at once: what they print, what they return, what they say when it cannot be done."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import VERSION
from tests.gateway.servers import ROOT, Gateway, gateway, tollwire


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("served")) as found:
        yield found


# -- the command itself --------------------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
    assert tollwire("version").stdout.startswith(f"tollwire {VERSION} (Python ")
    assert tollwire("--version").stdout == f"tollwire {VERSION}\n"
    assert json.loads(tollwire("version", "--json").stdout)["version"] == VERSION


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "usage: tollwire COMMAND"),
        (("chekc",), 2, "tollwire: chekc is no command; did you mean check?"),
        (("serve", "--no-such"), 2, "tollwire serve: unrecognized arguments: --no-such\ntry: tollwire serve --help"),
        (("console", "--server", "nowhere:port", "CoreSv1.Ping"), 2, "tollwire console: 'nowhere:port' is no address"),
        (("console", "--timeout", "0", "CoreSv1.Ping"), 2, "--timeout must be above 0"),
        (("console", "--server", "127.0.0.1:1", "CoreSv1.Ping"), 3, "cannot reach a server at 127.0.0.1:1: Connection refused"),
        (("console", "CoreSv1.Ping", "nothing"), 2, "'nothing' is no Field=value"),
        (("load", "/nowhere"), 1, "/nowhere is no folder"),
        (("load", "--dry-run", "--separator", "ab", "/"), 2, "--separator must be one character"),
        (("verify", "--state", "/nowhere"), 1, "/nowhere holds no tollwire.db"),
        (("config", "--set", "general"), 1, "--set general: an override is written section.option=value"),
        (("demo", "--plan", "/nowhere"), 1, "the sample plan is not at /nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(words: tuple[str, ...], status: int, said: str) -> None:
    ran = tollwire(*words)
    assert ran.returncode == status
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize(
    "name", ["serve", "check", "config", "load", "console", "api", "sessions", "cdrs", "explain", "verify", "bench", "demo", "version"]
)
def test_every_command_says_how_it_is_used(name: str) -> None:
    ran = tollwire(name, "--help")
    assert ran.returncode == 0
    assert ran.stdout.startswith(f"usage: tollwire {name}")
    assert f"  {name} " in tollwire("--help").stdout


# -- configuration -------------------------------------------------------------------------------------------------------


def test_check_prints_every_fault_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"general": {"rounding_decimals": 12},\n "sesions": {}}')
    ran = tollwire("check", "--config", str(tmp_path))
    assert ran.returncode == 1
    first, second, last = ran.stdout.splitlines()
    assert first.startswith(f"{tmp_path}/a.json:1:")
    assert second.startswith(f"{tmp_path}/a.json:2:2: ")
    assert "did you mean sessions?" in second
    assert last == "1 file, 2 faults"
    found = json.loads(tollwire("check", "--config", str(tmp_path), "--json").stdout)
    assert [(fault["line"], fault["suggestion"]) for fault in found["faults"]] == [(1, ""), (2, "sessions")]


def test_check_is_content_with_the_defaults_and_with_what_config_prints(tmp_path: Path) -> None:
    assert tollwire("check").stdout == "0 files, no faults\n"
    (tmp_path / "all.toml").write_text(tollwire("config").stdout)
    ran = tollwire("check", "--config", str(tmp_path))
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.endswith("1 file, no faults\n")


def test_config_prints_what_is_in_force() -> None:
    printed = tollwire("config", "--set", "general.node_id=here")
    assert tomllib.loads(printed.stdout)["general"]["node_id"] == "here"
    as_json = json.loads(tollwire("config", "--json", "--set", "listen.rpc_json=127.0.0.1:9").stdout)
    assert as_json["listen"]["rpc_json"] == "127.0.0.1:9"


# -- calls -----------------------------------------------------------------------------------------------------------------


def test_console_calls_a_method_once(served: Gateway) -> None:
    assert tollwire("console", "--server", served.address, "CoreSv1.Ping").stdout == "Pong\n"
    assert tollwire("console", "--server", served.address, "--json", "coresv1.ping").stdout == '"Pong"\n'
    status = json.loads(tollwire("console", "--server", served.address, "--json", "Status").stdout)
    assert status["pid"] == served.process.pid
    lines = dict(line.split(maxsplit=1) for line in tollwire("console", "--server", served.address, "Status").stdout.splitlines())
    assert lines["pid"] == str(served.process.pid)


def test_console_makes_what_the_method_takes(served: Gateway) -> None:
    words = ("ID=CRG_1", "runid=*default", "Weight=12.5", "AttributeIDs=ATTR_A,*none", "Tenant=default")
    assert tollwire("console", "--server", served.address, "APIerSv1.SetChargerProfile", *words).stdout == "OK\n"
    kept = served.call("APIerSv1.GetChargerProfile", {"Tenant": "default", "ID": "CRG_1"})
    assert isinstance(kept, dict)
    assert (kept["RunID"], float(kept["Weight"]), kept["AttributeIDs"]) == ("*default", 12.5, ["ATTR_A", "*none"])
    as_json = ("APIerSv1.GetChargerProfile", '{"Tenant": "default", "ID": "CRG_1"}')
    assert json.loads(tollwire("console", "--server", served.address, "--json", *as_json).stdout)["ID"] == "CRG_1"


def test_console_tells_a_refusal_and_what_may_have_been_meant(served: Gateway) -> None:
    ran = tollwire("console", "--server", served.address, "APIerSv1.GetChargerProfile", "ID=nobody")
    assert (ran.returncode, ran.stderr) == (1, "tollwire console: NOT_FOUND\n")
    ran = tollwire("console", "--server", served.address, "CoreSv1.Statsu")
    assert ran.returncode == 1
    assert ran.stderr == "tollwire console: rpc: can't find method CoreSv1.Statsu; did you mean CoreSv1.Status?\n"


def test_console_reads_calls_from_its_input(served: Gateway) -> None:
    lines = 'CoreSv1.Ping\n\n# a comment\nAPIerSv1.GetChargerProfile {"ID": "nobody"}\nCoreSv1.Ping "open\nCoreSv1.Ping\n'
    ran = tollwire("console", "--server", served.address, stdin=lines)
    assert ran.stdout == "Pong\nPong\n"
    assert ran.stderr.splitlines()[0] == "NOT_FOUND"
    assert "No closing quotation" in ran.stderr
    assert ran.returncode == 2


def test_console_lists_methods() -> None:
    assert tollwire("console", "--list", "getcdrs").stdout.split() == [
        "APIerSv1.GetCDRs",
        "APIerSv2.GetCDRs",
        "CDRsV1.GetCDRs",
        "CDRsV1.GetCDRsCount",
    ]


# -- plans -----------------------------------------------------------------------------------------------------------------


def write_plan(folder: Path, prefix: str = "+44") -> Path:
    folder.mkdir()
    (folder / "Destinations.csv").write_text(f"#Tag,Prefix\nDST_A,{prefix}\n")
    (folder / "Rates.csv").write_text("#Tag,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart\nRT_A,0,0.06,60s,1s,0s\n")
    (folder / "DestinationRates.csv").write_text("DR_A,DST_A,RT_A,*up,4,0,\n")
    (folder / "RatingPlans.csv").write_text("RP_A,DR_A,*any,10\n")
    (folder / "RatingProfiles.csv").write_text("default,call,*any,2024-01-01T00:00:00Z,RP_A,\n")
    return folder


def test_load_brings_a_plan_into_the_gateway(served: Gateway, tmp_path: Path) -> None:
    ran = tollwire("load", "--server", served.address, str(write_plan(tmp_path / "plan")))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"{tmp_path}/plan loaded in ")
    cost = {
        "Tenant": "default",
        "Category": "call",
        "Subject": "a",
        "AnswerTime": "2026-03-04T10:00:00Z",
        "Destination": "+44123",
        "Usage": "60s",
    }
    found = served.call("APIerSv1.GetCost", cost)
    assert isinstance(found, dict)
    assert float(found["Cost"]) == 0.06


def test_load_names_every_fault(served: Gateway, tmp_path: Path) -> None:
    folder = write_plan(tmp_path / "plan")
    (folder / "Rates.csv").write_text("RT_A,0,much,60s,1s,0s\nRT_A,0,0.01,60s,one,60s\n")
    dry = tollwire("load", "--dry-run", str(folder))
    assert dry.returncode == 1
    assert f"{folder}/Rates.csv:1:8: " in dry.stdout
    assert f"{folder}/Rates.csv:2:" in dry.stdout
    assert dry.stdout.splitlines()[-1].endswith("; 2 faults")
    assert [fault["line"] for fault in json.loads(tollwire("load", "--dry-run", "--json", str(folder)).stdout)["faults"]] == [1, 2]
    ran = tollwire("load", "--server", served.address, str(folder))
    assert ran.returncode == 1
    assert "Rates.csv:1:8" in ran.stderr


def test_load_can_be_tried_without_a_gateway(tmp_path: Path) -> None:
    ran = tollwire("load", "--dry-run", "--server", "127.0.0.1:1", str(write_plan(tmp_path / "plan")))
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout == "1 Destinations, 1 Rates, 1 DestinationRates, 1 RatingPlans, 1 RatingProfiles; no faults\n"


# -- verification ----------------------------------------------------------------------------------------------------------


def test_verify_reads_a_folder_that_is_in_use(served: Gateway) -> None:
    ran = tollwire("verify", "--state", str(served.state))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("every balance is what its entries add up to\n")
