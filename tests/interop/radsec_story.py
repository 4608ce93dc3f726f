"""RADIUS over TLS (RadSec): FreeRADIUS takes requests over UDP and asks the gateway over TLS, both with certificates."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.certificates import Authority
from tests.interop.erlang_story import expect
from tests.interop.proxy_story import freeradius, through
from tests.interop.radius_world import radius_world

SERVER = """home_server auth {{
	type = auth+acct
	ipaddr = 127.0.0.1
	port = 2083
	proto = tcp
	secret = radsec
	status_check = none
	tls {{
		private_key_file = {key}
		certificate_file = {certificate}
		ca_file = {authority}
		tls_min_version = "1.2"
		tls_max_version = "1.3"
	}}
}}
"""
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
    authority = Authority(folder)
    (certificate, key), (own, own_key) = authority.sign("gateway"), authority.sign("proxy")
    with radius_world(folder) as here:
        here.begin(signed="yes", more=MORE.format(certificate=certificate, key=key, authority=authority.file))
        proxy = freeradius(here, SERVER.format(key=own_key, certificate=own, authority=authority.file), "auth")
        through(here)
        proxy.end()
        expect(here.exchanges(), [])
