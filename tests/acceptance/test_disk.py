"""A disk that is full or fails while all kinds of work are under way: requests are told to try later, nothing is half done, and the gateway
goes on by itself when the disk does, or after a kill.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import copytree

import pytest

from tests.acceptance.killing import TENANT, Customers, LaterError, Link
from tests.acceptance.paying import planned, verify
from tests.acceptance.test_kill import LONG_MEMORY
from tests.gateway.servers import DEADLINE_SECONDS, Gateway, until

ANSWERS = 150
MOUNTED = 'mount -t tmpfs -o size=3m none "$0" && echo mounted && exec cat'

pytestmark = pytest.mark.slow


class SmallDisk:
    """A file system of 3 MiB in a mount namespace of its own; gateways join it."""

    def __init__(self, folder: Path) -> None:
        """AssertionError where the machine does not allow that."""
        folder.mkdir(parents=True)
        command = ["unshare", "-rm", "sh", "-c", MOUNTED, str(folder)]
        self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._keeper.stdout is not None
        assert self._keeper.stderr is not None
        said = self._keeper.stdout.readline()
        assert said == b"mounted\n", f"a small disk cannot be mounted here: {self._keeper.stderr.read().decode()}"
        self.under = ("nsenter", "-t", f"{self._keeper.pid}", "-U", "-m", "--preserve-credentials")
        self.inside = Path(f"/proc/{self._keeper.pid}/root{folder}")

    def fill(self) -> None:
        with suppress(OSError), (self.inside / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass

    def free(self) -> None:
        (self.inside / "filler").unlink()

    def close(self) -> None:
        self._keeper.communicate(b"")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(tmp_path / "state")
    yield made
    made.close()


async def is_refused(gateway: Gateway) -> bool:
    """Whether a change is told to try later. One that comes before the failure is known waits for the disk: then the next is tried."""
    for _ in range(int(DEADLINE_SECONDS)):
        link = await Link().open(gateway.address)
        try:
            async with asyncio.timeout(1):
                await link.call("APIerSv1.SetAccount", {"Tenant": TENANT, "Account": "b"})
        except LaterError:
            return True
        except TimeoutError:
            continue
        finally:
            await link.close()
    return False


async def questioned(gateway: Gateway) -> None:
    """Questions while the disk fails: what is on disk is told, what may show more is refused like a change."""
    link = await Link().open(gateway.address)
    try:
        assert await link.call("CoreSv1.Ping", {}) == "Pong"
        assert await link.call("CoreSv1.Status", {})
        assert await is_refused(gateway)
        with suppress(LaterError):
            await link.call("APIerSv2.GetAccounts", {"Tenant": TENANT})
    finally:
        await link.close()


def failing(gateway: Gateway, customers: Customers, fail: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    """The first half of a scene: work, then the disk fails, and requests are refused."""

    async def scene() -> None:
        await customers.more(ANSWERS)
        fail()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await asyncio.to_thread(until, lambda: "storage failed" in gateway.text(), "the disk fails")
        await questioned(gateway)

    return scene


@pytest.mark.timeout(400)
def test_a_full_disk_refuses_work_until_there_is_room(tmp_path: Path, disk: SmallDisk) -> None:
    customers = Customers(1)
    gateway = planned(tmp_path, *LONG_MEMORY, small=True, under=disk.under)
    full = failing(gateway, customers, disk.fill)

    async def scene() -> None:
        await full()
        disk.free()
        await customers.more(ANSWERS)
        assert "storage works again" in gateway.text()

    try:
        asyncio.run(customers.while_working(gateway, scene()))
        asyncio.run(customers.look(gateway))
        assert gateway.stop() == 0
        copytree(disk.inside, tmp_path / "kept" / "state")
        gateway = Gateway(tmp_path / "kept", *LONG_MEMORY)
        asyncio.run(customers.look(gateway))
        verify(gateway)
        assert gateway.stop() == 0
    finally:
        gateway.kill()


@pytest.mark.timeout(400)
def test_a_kill_on_a_full_disk_loses_nothing(tmp_path: Path, disk: SmallDisk) -> None:
    """The next start may be on the full disk too: it says why it cannot, or works."""
    customers = Customers(2)
    gateway = planned(tmp_path, *LONG_MEMORY, small=True, under=disk.under)
    full = failing(gateway, customers, disk.fill)

    async def scene() -> None:
        await full()
        gateway.kill()

    try:
        asyncio.run(customers.while_working(gateway, scene()))
        gateway = Gateway(tmp_path, *LONG_MEMORY, under=disk.under, wait=False)
        until(lambda: "listening" in gateway.text() or gateway.process.poll() is not None, "it starts or says why not")
        assert "listening" in gateway.text() or "full" in gateway.text(), gateway.text()
        assert "Traceback" not in gateway.text()
        gateway.kill()
        disk.free()
        gateway = Gateway(tmp_path, *LONG_MEMORY, under=disk.under)
        asyncio.run(customers.look(gateway))
        asyncio.run(customers.work(gateway, ANSWERS))
        gateway = Gateway(tmp_path, *LONG_MEMORY, under=disk.under)
        asyncio.run(customers.look(gateway))
        assert gateway.stop() == 0
    finally:
        gateway.kill()


@pytest.mark.timeout(400)
def test_writes_that_fail_refuse_work_until_they_do_not(tmp_path: Path) -> None:
    """The limit of a process's files stands for a disk that fails: nothing may be written beyond what the files have."""
    customers = Customers(3)
    gateway = planned(tmp_path, *LONG_MEMORY)
    process, unlimited = gateway.process.pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

    def fail() -> None:
        largest = max(file.stat().st_size for file in gateway.state.iterdir())
        resource.prlimit(process, resource.RLIMIT_FSIZE, (largest // 2, resource.RLIM_INFINITY))

    bad = failing(gateway, customers, fail)

    async def scene() -> None:
        for _ in range(2):
            await bad()
            resource.prlimit(process, resource.RLIMIT_FSIZE, unlimited)
            await customers.more(ANSWERS)
        gateway.kill()

    try:
        asyncio.run(customers.while_working(gateway, scene()))
        gateway = Gateway(tmp_path, *LONG_MEMORY)
        asyncio.run(customers.look(gateway))
        assert gateway.stop() == 0
    finally:
        gateway.kill()
    verify(gateway)
