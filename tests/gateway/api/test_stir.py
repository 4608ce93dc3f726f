"""Signed caller identity through the API: STIRIdentity, STIRAuthenticate, and the flags of ProcessEvent on a whole engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.api.limits import MAX_STIR_KEY_BYTES, MAX_STIR_KEYS
from gateway.api.stirkeys import StirKeys, StirOptions
from gateway.config import load
from gateway.protocols.stir.passport import IdentityError, read_identity
from gateway.told import api_options
from tests.engine.sessions.switch import Switch
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import NOW, fake_api
from tests.gateway.protocols.stir.certificates import private_pem, public_pem

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
PAYLOAD = {"dest": {"tn": ["1002"]}, "orig": {"tn": "1001"}, "origid": "o-1"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


@pytest.fixture
def keys(tmp_path: Path) -> StirOptions:
    (tmp_path / "public.pem").write_bytes(public_pem(KEY))
    (tmp_path / "other.pem").write_bytes(public_pem(OTHER))
    (tmp_path / "private.pem").write_bytes(private_pem(KEY))
    return StirOptions(public_key=str(tmp_path / "public.pem"), private_key=str(tmp_path / "private.pem"))


def test_an_identity_that_was_made_is_authenticated(keys: StirOptions) -> None:
    call = Caller(fake_api(stir=keys))
    text = call("SessionSv1.STIRIdentity", {"Payload": PAYLOAD})
    assert isinstance(text, str)
    said = read_identity(text).claims
    assert (said.attest, said.iat, said.origin_id) == ("A", NOW // 10**9, "o-1")
    wanted = {"Identity": text, "OriginatorTn": "+1001", "DestinationTn": "1002", "Attest": ["A"], "PayloadMaxDuration": "1s"}
    assert call("SessionSv1.STIRAuthenticate", wanted) == "OK"
    for change, error in (
        ({"OriginatorTn": "1003"}, "wrong originatorTn"),
        ({"OriginatorURI": "sip:a@b"}, "wrong originatorURI"),
        ({"DestinationTn": "1003"}, "wrong destinationTn"),
        ({"DestinationURI": "sip:a@b"}, "wrong destinationURI"),
        ({"Attest": ["B", "C"]}, "wrong attest level"),
        ({"PayloadMaxDuration": "soon"}, 'time: invalid duration "soon"'),
        ({"APIOpts": {"*stirPublicKeyPath": keys.public_key.replace("public", "other")}}, "verification error"),
        (
            {"APIOpts": {"*stirPublicKeyPath": "https://cert.example.org/c.pem"}},
            "the public key is behind a URL: keys are read from files only",
        ),
        ({"APIOpts": {"*stirPublicKeyPath": "/"}}, "the public key cannot be read"),
        ({"APIOpts": {"*stirPublicKeyPath": "a\0b"}}, "the public key cannot be read"),
    ):
        assert call("SessionSv1.STIRAuthenticate", wanted | change) == ("error", f"*stir_authenticate: {error}")


def test_time_level_and_name_of_an_identity(keys: StirOptions) -> None:
    call = Caller(fake_api(stir=keys))
    payload = {"attest": "C", "iat": 5, "orig": {"uri": "sip:a@example.org"}, "dest": {"uri": ["sip:b@example.org"]}}
    args = {"Payload": payload, "PublicKeyPath": "https://cert.example.org/c.pem"}
    text = call("SessionSv1.STIRIdentity", args)
    assert isinstance(text, str)
    found = read_identity(text)
    assert (found.claims.attest, found.claims.iat, found.x5u) == ("C", 5, "https://cert.example.org/c.pem")
    assert UUID.match(found.claims.origin_id)
    wanted = {"Identity": text, "OriginatorURI": "sip:a@example.org", "DestinationURI": "sip:b@example.org"}
    assert call("SessionSv1.STIRAuthenticate", wanted) == "OK"
    assert call("SessionSv1.STIRAuthenticate", wanted | {"PayloadMaxDuration": "1h"}) == ("error", "*stir_authenticate: expired payload")
    now = call("SessionSv1.STIRIdentity", args | {"OverwriteIAT": True})
    assert isinstance(now, str)
    assert read_identity(now).claims.iat == NOW // 10**9


def test_without_keys_and_without_parts(keys: StirOptions) -> None:
    bare = Caller(fake_api())
    assert bare("SessionSv1.STIRAuthenticate", {}) == ("error", "*stir_authenticate: missing parts of the message header")
    assert bare("SessionSv1.STIRIdentity", {}) == ("error", "MANDATORY_IE_MISSING: [Payload]")
    assert bare("SessionSv1.STIRIdentity", {"Payload": PAYLOAD}) == ("error", "*stir_initiate: no path of the public key")
    named = {"Payload": PAYLOAD, "PublicKeyPath": "x"}
    assert bare("SessionSv1.STIRIdentity", named) == ("error", "*stir_initiate: no path of the private key")
    call = Caller(fake_api(stir=keys))
    assert call("SessionSv1.STIRIdentity", {"Payload": {}}) == ("error", "*stir_initiate: no originator")
    text = call("SessionSv1.STIRIdentity", {"Payload": PAYLOAD})
    assert bare("SessionSv1.STIRAuthenticate", {"Identity": text}) == ("error", "*stir_authenticate: no path of the public key")


def process(site: Switch, flags: list[str], options: dict[str, object], **fields: Any) -> object:
    given: dict[str, Any] = {"Usage": "10s"} | fields
    event = site.event("call", **given)
    asked = {"Flags": flags, "Tenant": event.tenant, "ID": event.id, "Event": event.fields, "APIOpts": options}
    return site.call("SessionSv1.ProcessEvent", asked)


def site_with(keys: StirOptions) -> Switch:
    site = Switch(credit=100)
    site.api.options = replace(site.api.options, stir=keys)
    return site


def test_process_event_signs_and_authenticates(keys: StirOptions) -> None:
    site = site_with(keys)
    made = process(site, ["*stir_initiate"], {"*stirATest": "B"})
    assert isinstance(made, dict)
    assert list(made) == ["STIRIdentity"]
    assert list(made["STIRIdentity"]) == ["*raw"]
    text = made["STIRIdentity"]["*raw"]
    said = read_identity(text).claims
    assert (said.attest, said.origin_tn, said.destination_tns) == ("B", "1001", ("4930123",))
    assert UUID.match(said.origin_id)
    flags = ["*stir_authenticate", "*rals:*initiate"]
    assert process(site, flags, {"*stirIdentity": text}) == {"MaxUsage": {"*raw": 10 * 10**9}}
    assert site.cash() == 99


def test_an_event_that_is_not_what_its_identity_says_costs_nothing(keys: StirOptions) -> None:
    site = site_with(keys)
    made = process(site, ["*stir_initiate"], {})
    assert isinstance(made, dict)
    identity = {"*stirIdentity": made["STIRIdentity"]["*raw"]}
    flags = ["*stir_authenticate", "*rals:*initiate"]
    for options, fields, error in (
        ({}, {}, "missing parts of the message header"),
        (identity, {"Destination": "4930124"}, "wrong destinationTn"),
        (identity | {"*stirOriginatorTn": "1002"}, {}, "wrong originatorTn"),
        (identity | {"*stirOriginatorURI": "sip:a@b"}, {}, "wrong originatorURI"),
        (identity | {"*stirATest": "B"}, {}, "wrong attest level"),
        (identity, {"Account": ""}, "no originator"),
        (identity, {"Destination": ""}, "no destination"),
    ):
        assert process(site, flags, dict(options), **fields) == ("error", f"*stir_authenticate: {error}")
    assert site.cash() == 100
    site.now += 10**9
    late = identity | {"*stirPayloadMaxDuration": "500ms"}
    assert process(site, flags, dict(late)) == ("error", "*stir_authenticate: expired payload")
    assert process(site, flags, dict(identity)) == {"MaxUsage": {"*raw": 10 * 10**9}}


def test_an_identity_that_cannot_be_made_costs_nothing(keys: StirOptions) -> None:
    site = site_with(keys)
    flags = ["*stir_initiate", "*rals:*initiate"]
    for options, fields, error in (
        ({"*stirATest": "D"}, {}, "wrong attest level"),
        ({"*stirPublicKeyPath": "a b"}, {}, "the path of the public key has characters that no URL has"),
        ({"*stirPrivateKeyPath": "/nowhere"}, {}, "the private key cannot be read"),
        ({"*stirPrivateKeyPath": "http://x/y"}, {}, "the private key is behind a URL: keys are read from files only"),
        ({"*stirOriginatorTn": "alice"}, {}, "no telephone number: alice"),
        ({}, {"Destination": "bob"}, "no telephone number: bob"),
    ):
        assert process(site, flags, dict(options), **fields) == ("error", f"*stir_initiate: {error}")
    assert site.cash() == 100


def test_a_key_is_read_again_when_its_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(public_pem(KEY))
    held = StirKeys().public
    first = held.get(str(path))
    assert held.get(str(path)) is first
    path.write_bytes(public_pem(OTHER))
    os.utime(path, ns=(1, 1))
    assert held.get(str(path)) is not first
    path.unlink()
    with pytest.raises(IdentityError, match="cannot be read"):
        held.get(str(path))


def test_what_is_no_small_file_is_no_key(tmp_path: Path) -> None:
    held = StirKeys().private
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long").write_bytes(b" " * (MAX_STIR_KEY_BYTES + 1))
    for name in ("pipe", "long", "."):
        with pytest.raises(IdentityError, match="the private key cannot be read"):
            held.get(str(tmp_path / name))


def test_keys_are_kept_up_to_a_bound(tmp_path: Path) -> None:
    held = StirKeys().public
    pem = public_pem(KEY)
    for number in range(MAX_STIR_KEYS + 1):
        (tmp_path / str(number)).write_bytes(pem)
    first, second = held.get(str(tmp_path / "0")), held.get(str(tmp_path / "1"))
    for number in range(2, MAX_STIR_KEYS):
        held.get(str(tmp_path / str(number)))
    assert held.get(str(tmp_path / "0")) is first
    held.get(str(tmp_path / str(MAX_STIR_KEYS)))
    assert held.get(str(tmp_path / "0")) is first
    assert held.get(str(tmp_path / "1")) is not second


def test_the_library_is_loaded_with_the_first_key() -> None:
    script = "import sys, gateway.app; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(__file__).resolve().parents[3]).returncode == 0


def test_every_run_is_answered_for_where_it_is_asked(keys: StirOptions) -> None:
    site = site_with(keys)
    site.options.chargers_connected = True
    site.cut()
    site.api.options = replace(site.api.options, stir=keys)
    charger = {"ID": "C", "RunID": "paid", "AttributeIDs": ["*constant:*req.Account:1009"], "Weight": 10}
    tenant = site.event().tenant
    assert site.call("APIerSv1.SetChargerProfile", charger | {"Tenant": tenant}) == "OK"
    alone = process(site, ["*chargers", "*stir_initiate"], {})
    assert isinstance(alone, dict)
    assert list(alone["STIRIdentity"]) == ["*raw"]
    made = process(site, ["*chargers", "*stir_initiate:*derived_reply"], {})
    assert isinstance(made, dict)
    callers = {run: read_identity(text).claims.origin_tn for run, text in made["STIRIdentity"].items()}
    assert callers == {"*raw": "1001", "paid": "1009"}
    identity = {"*stirIdentity": made["STIRIdentity"]["*raw"]}
    assert process(site, ["*chargers", "*stir_authenticate"], dict(identity)) == {}
    refused = ("error", "*stir_authenticate: wrong originatorTn")
    assert process(site, ["*chargers", "*stir_authenticate:*derived_reply"], dict(identity)) == refused


def test_the_configuration_says_what_requests_do_not(tmp_path: Path) -> None:
    (tmp_path / "tollwire.toml").write_text(
        '[sessions.stir]\nallowed_attest = ["A", "B"]\npayload_maxduration = "60s"\ndefault_attest = "B"\n'
        'publickey_path = "/keys/public.pem"\nprivatekey_path = "/keys/private.pem"\n'
    )
    loaded = load(str(tmp_path / "tollwire.toml"))
    assert not loaded.faults
    told = api_options(loaded.tree, "n", "UTC", NOW).stir
    assert told == StirOptions(("A", "B"), 60 * 10**9, "B", "/keys/public.pem", "/keys/private.pem")
    assert api_options(load().tree, "n", "UTC", NOW).stir == StirOptions()
