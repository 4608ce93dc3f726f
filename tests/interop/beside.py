"""For NASes that log in by EAP: FreeRADIUS says who may in, the gateway counts; and a second network beside that of the story."""

from __future__ import annotations

from pathlib import Path

from tests.interop.radius_world import RADIUS, RadiusWorld, freeradius
from tests.interop.world import Program, filled

USER, PASSWORD = "1001", "pw-1001"
ACCOUNTING_ALONE = '[radius_agent]\nlisteners = [{ auth_address = "", acct_address = "127.0.0.1:1813" }]\n'


def eap_server(here: RadiusWorld, reply: str = "") -> Program:
    """FreeRADIUS with EAP-MD5 on 1812; `reply` goes into every Access-Accept."""
    run = here.folder / "eap"
    run.mkdir()
    filled(RADIUS / "eap.conf", run / "radiusd.conf", RUN=run)
    (run / "users").write_text(f'{USER}\tCleartext-Password := "{PASSWORD}"\n' + (f"\t{reply}\n" if reply else ""))
    return freeradius(here, run)


class Elsewhere:
    """A network namespace of its own; it ends with the story."""

    def __init__(self, here: RadiusWorld) -> None:
        self._here = here
        holder = here.program("elsewhere", "unshare", "-n", "sh", "-c", "ip link set lo up; echo ready; exec sleep 600")
        holder.until(lambda: "ready" in holder.text(), "there is another network")
        self.number = holder.process.pid

    def program(self, name: str, *words: str | Path, **environment: str) -> Program:
        """A program over there."""
        return self._here.program(name, "nsenter", "-t", str(self.number), "-n", *words, **environment)

    def run(self, *words: str) -> None:
        """One command over there, to its end."""
        name = f"elsewhere-{'-'.join(words)[:40].replace('/', '_').replace(' ', '_')}"
        ran = self.program(name, *words)
        assert ran.wait() == 0, ran.text()


def run(here: RadiusWorld, *words: str) -> None:
    """One command here, to its end."""
    ran = here.program("-".join(words)[:40].replace("/", "_"), *words)
    assert ran.wait() == 0, ran.text()
