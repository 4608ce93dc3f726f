"""tollwire reload: a running gateway reads its configuration again."""

from __future__ import annotations

import argparse
import os
import signal
from typing import TYPE_CHECKING, Final

from gateway.cli.client import Client, client_of, server_arguments
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.cli.terminal import json_text

if TYPE_CHECKING:
    from gateway.config import Loaded

METHOD: Final = "TollwireV1.ReloadConfig"
PROCESS_VARIABLE: Final = "MAINPID"
"""What systemd calls the process of the service whose ExecReload= this is."""
_LISTS: Final = (("Changed", "changed"), ("NextStart", "takes effect at the next start"))
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "*": "127.0.0.1"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    server_arguments(parser)
    parser.add_argument(
        "--config",
        metavar="DIR",
        action="append",
        help=f"what the gateway was started with: it is asked where that says that it listens; ${PROCESS_VARIABLE}, as systemd names its "
        "process, gets SIGHUP where it cannot be asked",
    )
    parser.add_argument("--dry-run", action="store_true", help="change nothing: say what would change")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prints what changed, an option a line; 1, with every fault, when the files are refused and everything stays as it is."""
    loaded = _files(options.config) if options.config else None
    process = _process() if loaded else 0
    client = client_of(options) if loaded is None else _client(options, loaded, process)
    if client is None:
        return _signalled(options, process)
    try:
        with client:
            found = client.call(METHOD, {"DryRun": options.dry_run})
    except CommandError as error:
        if loaded is None or not loaded.faults or error.status != Exit.UNREACHABLE:
            raise
        # what says where it listens may be what is wrong
        raise CommandError("\n".join((f"{error}; its files:", *map(str, loaded.faults))), Exit.UNREACHABLE) from None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), list) for name, _ in _LISTS):
        raise CommandError(f"{client.server} did not answer {METHOD} as it should")
    if options.json:
        print(json_text(found))
        return Exit.OK
    for name, told in _LISTS:
        for option in found[name]:
            print(f"{told}: {option}")
    if not any(found[name] for name, _ in _LISTS):
        print("nothing changed; certificates and dictionaries were read again" if not options.dry_run else "nothing would change")
    return Exit.OK


def _process() -> int:
    """The process of the service; 0 where systemd has not said."""
    text = os.environ.get(PROCESS_VARIABLE, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _files(config: list[str]) -> Loaded:
    """What the files say, as far as they can be read."""
    from gateway.config import load

    loaded = load(config, ())
    if not loaded.files:
        raise CommandError("\n".join(str(fault) for fault in loaded.faults))
    return loaded


def _client(options: argparse.Namespace, loaded: Loaded, process: int) -> Client | None:
    """Who asks; None when the process is not to be asked where the files say, nor where it would listen by itself.

    The files may have another address by now than the process has, and there may be another gateway at that one.
    """
    address = loaded.tree.listen.rpc_json
    host, colon, port = address.rpartition(":")
    addresses = [f"{_EVERY_ADDRESS.get(host, host)}{colon}{port}"] if address else []
    if not process:
        if not addresses:
            raise UsageError("listen.rpc_json is empty: there is nowhere to ask")
        options.server = addresses[0]
        return client_of(options)
    for server in dict.fromkeys((*addresses, options.server)):
        options.server = server
        client = client_of(options)
        try:
            status = client.call("CoreSv1.Status", {})
        except CommandError:
            client.close()
            continue
        if isinstance(status, dict) and status.get("pid") == process:
            return client
        client.close()
    return None


def _signalled(options: argparse.Namespace, process: int) -> int:
    """Has the process read its files by SIGHUP. What comes of it stands in its log alone: who calls cannot look for faults himself, since
    systemd hands the service's credentials to no other process."""
    if options.dry_run or options.json:
        raise CommandError(f"process {process} is not to be asked over its API, and a signal has no answer")
    try:
        os.kill(process, signal.SIGHUP)
    except OSError as error:
        raise CommandError(f"process {process}: {error.strerror}", Exit.UNREACHABLE) from None
    print(f"process {process} was told by SIGHUP: its log says what changed, or why nothing did")
    return Exit.OK
