"""Asks freeDiameter's dictionaries for AVPs: `python freediameter.py EXTENSIONS < keys`, where its libraries are installed.

In: JSON, [[vendor, code], ...]. Out: JSON, [[vendor, code, name, mask of fixed flags, fixed flags, base type], ...] of those it has.
A process of its own, since what it calls is C. The extensions read one member of fd_g_config, the dictionary: every slot of ours holds
that.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path

DICT_AVP, AVP_BY_CODE_AND_VENDOR, NOT_THERE = 5, 54, 2
EXTENSIONS = ("dict_nasreq", "dict_dcca", "dict_rfc5777", "dict_dcca_3gpp")


class Request(ctypes.Structure):
    _fields_ = (("vendor", ctypes.c_uint32), ("code", ctypes.c_uint32), ("name", ctypes.c_char_p))


class Row(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint32),
        ("vendor", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("mask", ctypes.c_uint8),
        ("flags", ctypes.c_uint8),
        ("base", ctypes.c_int),
    )


def main() -> None:
    protocol = ctypes.CDLL("libfdproto.so.6", mode=ctypes.RTLD_GLOBAL)
    core = ctypes.CDLL("libfdcore.so.6", mode=ctypes.RTLD_GLOBAL)
    dictionary = ctypes.c_void_p()
    done = [protocol.fd_libproto_init(), protocol.fd_dict_init(ctypes.byref(dictionary))]
    slots = (ctypes.c_void_p * 1024)(*[dictionary.value] * 1024)
    ctypes.c_void_p.in_dll(core, "fd_g_config").value = ctypes.addressof(slots)
    done.append(core.fd_dict_base_protocol(dictionary))
    extensions = [ctypes.CDLL(str(Path(sys.argv[1], f"{name}.fdx")), mode=ctypes.RTLD_GLOBAL) for name in EXTENSIONS]
    done += [extension.fd_ext_init(1, 2, None) for extension in extensions]
    if any(done):
        raise SystemExit(f"freeDiameter's dictionaries cannot be read: {done}")
    found = []
    for vendor, code in json.load(sys.stdin):
        asked, row, at = Request(vendor, code, None), Row(), ctypes.c_void_p()
        missing = protocol.fd_dict_search(dictionary, DICT_AVP, AVP_BY_CODE_AND_VENDOR, ctypes.byref(asked), ctypes.byref(at), NOT_THERE)
        if not missing and not protocol.fd_dict_getval(at, ctypes.byref(row)):
            found.append([vendor, code, row.name.decode(), row.mask, row.flags, row.base])
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
