"""tollwire serve: the life of the process, from its arguments to its exit status."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import logging
import os
import resource
import signal
from pathlib import Path
from time import monotonic_ns
from typing import TYPE_CHECKING, Final

from gateway.cli.configuration import config_arguments, configs_of, load_or_tell, load_whole
from gateway.cli.limits import KEPT_BYTES, MAPPED_BYTES, OPEN_FILES
from gateway.cli.outcome import CommandError, Exit
from gateway.config import Loaded
from gateway.observe.log import Format, Log
from gateway.observe.systemd import READY, RELOADING, STOPPING, WATCHDOG, ServiceManager

if TYPE_CHECKING:
    from gateway.app import App

log: Final = logging.getLogger(__name__)

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    config_arguments(parser)
    parser.add_argument("--state", metavar="DIR", help="folder of the database and its lock (one that belongs to the configuration)")
    parser.add_argument("--log", choices=[form.value for form in Format], default=Format.TEXT.value, help="form of the log lines (text)")


def run(options: argparse.Namespace) -> int:
    """Runs the gateway until SIGTERM or SIGINT; SIGHUP has it read its configuration anew. 1 when it cannot be started."""
    loaded = load_or_tell(options)
    general = loaded.tree.general
    with Log(general.log_level, Format(options.log), syslog=general.logger == "*syslog"):
        for warning in loaded.warnings:
            log.warning(warning)
        _raise_open_files()
        _keep_freed_memory()
        return _serve(loaded, options)


def _raise_open_files() -> None:
    """Every connection is an open file: the soft limit goes up to OPEN_FILES, as far as the hard one lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _keep_freed_memory() -> None:
    """Has the C library use again what commits and buffers freed: to be given fresh pages for each took a tenth of an event's CPU.

    mallopt(3) of glibc; another library does as it does.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


def _serve(loaded: Loaded, options: argparse.Namespace) -> int:
    import uvloop

    from gateway.app import App, StartError, default_state_folder

    chosen = options.state or loaded.tree.storage.state_folder
    state = Path(chosen) if chosen else default_state_folder(configs_of(options), os.environ)
    try:
        app = App(loaded.tree, state, os.environ, lambda: load_whole(configs_of(options), options.set))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_live(app))
    except StartError as error:
        raise CommandError(str(error)) from None


async def _live(app: App) -> int:
    manager = ServiceManager(os.environ)
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, asked, number)
    reloading = Reloading(app, manager)
    loop.add_signal_handler(signal.SIGHUP, reloading.ask)
    await app.start()
    log.info("listening", extra=app.addresses())
    settling = asyncio.create_task(_settle(app, manager))
    settling.add_done_callback(lambda _: asked.set())
    await asked.wait()
    log.info("stopping")
    manager.tell(STOPPING)
    return await _end(app, settling)


class Reloading:
    """SIGHUP, however often it comes: the configuration is read anew once more after the last of them."""

    def __init__(self, app: App, manager: ServiceManager) -> None:
        self._app = app
        self._manager = manager
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def ask(self) -> None:
        """Called for each signal."""
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._again:
            self._again = False
            self._manager.tell(RELOADING, f"MONOTONIC_USEC={monotonic_ns() // 1000}")
            try:
                await self._app.reload()
            except Exception:
                log.exception("configuration not reloaded")
            self._manager.tell(READY)


def _stop(asked: asyncio.Event, number: int) -> None:
    """The first signal asks; the second does not wait for an answer: what was acknowledged is on disk."""
    if asked.is_set():
        os._exit(128 + number)
    asked.set()


async def _settle(app: App, manager: ServiceManager) -> None:
    """Tells that the gateway is ready when it is, and then, as often as it is asked for, that it is alive."""
    await app.settle()
    log.info("ready", extra={"pid": os.getpid()})
    manager.tell(READY)
    if not manager.watchdog_seconds:
        await asyncio.Event().wait()
    while True:
        manager.tell(WATCHDOG)
        await asyncio.sleep(manager.watchdog_seconds)


async def _end(app: App, settling: asyncio.Task[None]) -> int:
    settling.cancel()
    try:
        await app.stop()
        await settling
    except asyncio.CancelledError:
        pass
    except Exception:
        log.exception("stopped badly")
        return Exit.REFUSED
    log.info("stopped")
    return Exit.OK
