"""RADIUS over TLS (RadSec): FreeRADIUS takes requests over UDP and asks the gateway over TLS, both with certificates."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.gateway.certificates import Authority
from tests.interop.erlang_story import expect
from tests.interop.proxy_story import proxy_in, through
from tests.interop.radius_world import radius_world

MORE = """
[tls]
server_certificate = "{certificate}"
server_key = "{key}"
ca_certificate = "{authority}"

[radius_agent]
listeners = [
    {{ auth_address = "0.0.0.0:1812", acct_address = "0.0.0.0:1813" }},
    {{ network = "tls", auth_address = "127.0.0.1:2083", acct_address = "" }},
]
"""


def tell(folder: Path) -> None:
    run = folder / "proxy"
    run.mkdir()
    authority = Authority(folder)
    (certificate, key), (own, own_key) = authority.sign("gateway"), authority.sign("proxy")
    for source, name in ((own, "tollwire.crt"), (own_key, "tollwire.key"), (authority.file, "authority.pem")):
        shutil.copy(source, run / name)
    with radius_world(folder) as here:
        here.begin(signed="yes", more=MORE.format(certificate=certificate, key=key, authority=authority.file))
        proxy = proxy_in(here, run, {"$INCLUDE ${confdir}/gateway-udp.conf": "$INCLUDE ${confdir}/gateway-radsec.conf"})
        through(here)
        proxy.end()
        expect(here.exchanges(), [])
