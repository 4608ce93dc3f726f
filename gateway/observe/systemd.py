"""What systemd wants to know: that the service is ready, that it stops, that it is alive (sd_notify(3), without its library)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
RELOADING: Final = "RELOADING=1"
STOPPING: Final = "STOPPING=1"
WATCHDOG: Final = "WATCHDOG=1"


class ServiceManager:
    """The one who started this process, when it wants to be told; else nobody."""

    watchdog_seconds: float  # tell it this often that the process is alive; 0: it does not ask

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog_seconds(environ)

    def tell(self, *lines: str) -> None:
        """Sends lines such as READY. What cannot be sent is lost: nobody waits for it then."""
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            try:
                channel.sendto("\n".join(lines).encode(), address)
            except OSError:
                return


def _watchdog_seconds(environ: Mapping[str, str]) -> float:
    """Half of what systemd allows, as sd_watchdog_enabled(3) advises."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    text = environ.get("WATCHDOG_USEC", "")
    return int(text) / 2_000_000 if text.isascii() and text.isdigit() else 0.0
