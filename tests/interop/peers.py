"""Which programs a story needs, and the Debian packages that bring them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

# program, or a file that must be there: the package that brings it
CAPTURE: Final = {"dumpcap": "tshark", "tshark": "tshark", "unshare": "util-linux"}
ERLANG: Final = {
    "erl": "erlang-base",
    "/usr/lib/erlang/lib/diameter-*/ebin/diameter.app": "erlang-diameter",
    "/usr/lib/erlang/lib/diameter-*/examples/dict/rfc4006_cc.dia": "erlang-examples",
    "/usr/lib/erlang/lib/diameter-*/include/diameter.hrl": "erlang-dev",
}
FREEDIAMETER: Final = {
    "freeDiameterd": "freediameterd",
    "/usr/lib/freeDiameter/dict_dcca.fdx": "freediameter-extensions",
    "/usr/include/freeDiameter/extension.h": "libfreediameter-dev",
    "gcc": "gcc",
    "ip": "iproute2",
}
KAMAILIO: Final = {
    "kamailio": "kamailio",
    "/usr/lib/*/kamailio/modules/ims_charging.so": "kamailio-ims-modules",
    "sipp": "sip-tester",
}
RADCLIENT: Final = {"radclient": "freeradius-utils"}
FREERADIUS: Final = {"freeradius": "freeradius", **RADCLIENT}
KAMAILIO_RADIUS: Final = {
    "kamailio": "kamailio",
    "/usr/lib/*/kamailio/modules/acc_radius.so": "kamailio-radius-modules",
    "sipp": "sip-tester",
}
PPPD: Final = {"linux.uml": "user-mode-linux", "pppd": "ppp", "modprobe": "kmod", "ping": "iputils-ping", "ip": "iproute2", "gcc": "gcc"}
HOSTAPD: Final = {"hostapd": "hostapd", "wpa_supplicant": "wpasupplicant", "ip": "iproute2", **FREERADIUS}
STRONGSWAN: Final = {
    "swanctl": "strongswan-swanctl",
    "charon-systemd": "charon-systemd",
    "/usr/lib/ipsec/plugins/libstrongswan-eap-radius.so": "libcharon-extra-plugins",
    "/usr/lib/ipsec/plugins/libstrongswan-eap-mschapv2.so": "libcharon-extauth-plugins",
    "/usr/lib/ipsec/plugins/libstrongswan-curve25519.so": "libstrongswan-extra-plugins",
    "/usr/lib/ipsec/plugins/libstrongswan-openssl.so": "libstrongswan-standard-plugins",
    "ip": "iproute2",
    **FREERADIUS,
}
JDIAMETER: Final = {"mvn": "maven", "javac": "openjdk-17-jdk-headless", "java": "openjdk-17-jre-headless"}
IN_THE_TEST_COMMAND: Final = (CAPTURE, ERLANG, FREEDIAMETER, KAMAILIO, FREERADIUS, KAMAILIO_RADIUS, PPPD)


def there(what: str) -> bool:
    """Whether a program is on the path, or a file exists."""
    if what.startswith("/"):
        return any(Path("/").glob(what[1:]))
    return shutil.which(what, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def missing(*needs: dict[str, str]) -> list[str]:
    """The packages that bring what is not there, each once."""
    return list(dict.fromkeys(package for need in needs for what, package in need.items() if not there(what)))


def must_be_there() -> bool:
    """Whether a missing program is a failure: continuous integration proves everything or nothing."""
    return bool(os.environ.get("CI"))


if __name__ == "__main__":
    print(" ".join(missing(*IN_THE_TEST_COMMAND)))
