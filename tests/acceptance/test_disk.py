"""A disk that is full while debits are under way: they are told to try later, nothing is half done, and it goes on when there is room."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from shutil import copytree
from subprocess import run

import pytest

from gateway.cli.client import Client, RefusedError
from gateway.cli.outcome import CommandError
from tests.acceptance.killing import TENANT
from tests.acceptance.paying import Payer, debits_of, look_at, prepared, verify
from tests.gateway.servers import Gateway, until

SMALL_DISK = ("unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=3m none "$0" && exec "$@"')


def refused_change(gateway: Gateway) -> bool:
    """Whether a change is refused at once. One that came in the moment before waits for room: then the next one is tried."""
    try:
        with Client(gateway.address, 1.0) as client:
            client.call("APIerSv1.SetAccount", {"Tenant": TENANT, "Account": "b"})
    except RefusedError as refused:
        return refused.text == "SERVER_ERROR: storage unavailable, try again later"
    except CommandError:
        return False
    return False


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.skipif(run([*SMALL_DISK, "/mnt", "true"], capture_output=True, check=False).returncode != 0, reason="no mount namespaces here")
def test_a_full_disk_stops_debits_until_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "state"
    disk.mkdir()
    gateway, done = prepared(tmp_path, under=(*SMALL_DISK, str(disk)))
    inside = Path(f"/proc/{gateway.process.pid}/root{disk}")
    try:
        payers = [Payer(gateway, account) for account in done]
        for payer in payers:
            payer.start()
        until(lambda: all(one.acknowledged for one in payers), "debits are acknowledged")
        with suppress(OSError), (inside / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass
        until(lambda: "storage failed" in gateway.text(), "the disk is full")
        assert gateway.call("CoreSv1.Ping", {}) == "Pong"
        until(lambda: refused_change(gateway), "changes are refused")
        (inside / "filler").unlink()
        until(lambda: "storage works again" in gateway.text(), "there is room again")
        for payer in payers:
            payer.enough = True
        look_at(gateway, payers, done)
        assert gateway.call("APIerSv1.SetAccount", {"Tenant": TENANT, "Account": "b"}) == "OK"
        copytree(inside, tmp_path / "kept" / "state")  # the disk goes with the process
        gateway.kill()
        again = Gateway(tmp_path / "kept")
        try:
            assert {account: debits_of(again, account) for account in done} == done
            assert again.stop() == 0
        finally:
            again.kill()
        verify(again)
    finally:
        gateway.kill()
