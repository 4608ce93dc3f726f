"""Numbers of the protocol itself: packet codes and the attributes that this room has to know."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HEADER_BYTES: Final = 20
AUTHENTICATOR_BYTES: Final = 16

ACCESS_REQUEST: Final = 1
ACCESS_ACCEPT: Final = 2
ACCESS_REJECT: Final = 3
ACCOUNTING_REQUEST: Final = 4
ACCOUNTING_RESPONSE: Final = 5
ACCESS_CHALLENGE: Final = 11
STATUS_SERVER: Final = 12
STATUS_CLIENT: Final = 13
DISCONNECT_REQUEST: Final = 40
DISCONNECT_ACK: Final = 41
DISCONNECT_NAK: Final = 42
COA_REQUEST: Final = 43
COA_ACK: Final = 44
COA_NAK: Final = 45
PROTOCOL_ERROR: Final = 52  # RFC 7930 section 4

CODE_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        ACCESS_REQUEST: "Access-Request",
        ACCESS_ACCEPT: "Access-Accept",
        ACCESS_REJECT: "Access-Reject",
        ACCOUNTING_REQUEST: "Accounting-Request",
        ACCOUNTING_RESPONSE: "Accounting-Response",
        ACCESS_CHALLENGE: "Access-Challenge",
        STATUS_SERVER: "Status-Server",
        STATUS_CLIENT: "Status-Client",
        DISCONNECT_REQUEST: "Disconnect-Request",
        DISCONNECT_ACK: "Disconnect-ACK",
        DISCONNECT_NAK: "Disconnect-NAK",
        COA_REQUEST: "CoA-Request",
        COA_ACK: "CoA-ACK",
        COA_NAK: "CoA-NAK",
        PROTOCOL_ERROR: "Protocol-Error",
    }
)
"""The names of packet codes as the RFCs write them."""

WORDS: Final[Mapping[int, str]] = MappingProxyType({code: name.replace("-", "") for code, name in CODE_NAMES.items()})
"""The same in one word, as `*vars.*radReqCode` and `*rep.*radReplyCode` have them: AccessRequest, CoANAK."""

CODES: Final[Mapping[str, int]] = MappingProxyType({word: code for code, word in WORDS.items()})
"""The code of each word."""

# attributes
USER_NAME: Final = 1
USER_PASSWORD: Final = 2
CHAP_PASSWORD: Final = 3
REPLY_MESSAGE: Final = 18
STATE: Final = 24
VENDOR_SPECIFIC: Final = 26
PROXY_STATE: Final = 33
EVENT_TIMESTAMP: Final = 55
CHAP_CHALLENGE: Final = 60
EAP_MESSAGE: Final = 79
MESSAGE_AUTHENTICATOR: Final = 80
ERROR_CAUSE: Final = 101
FIRST_EXTENDED: Final = 241  # to 244: RFC 6929 section 2.1
FIRST_LONG: Final = 245  # and 246: section 2.2
LAST_EXTENDED: Final = 246
EXTENDED_VENDOR: Final = 26  # the extended type that holds a vendor's attribute, section 2.3

MORE: Final = 0x80  # another fragment follows: in the flags of a long extended attribute and in WiMAX's continuation octet

ERROR_CAUSES: Final[Mapping[int, str]] = MappingProxyType(
    {
        201: "Residual Session Context Removed",
        202: "Invalid EAP Packet",
        401: "Unsupported Attribute",
        402: "Missing Attribute",
        403: "NAS Identification Mismatch",
        404: "Invalid Request",
        405: "Unsupported Service",
        406: "Unsupported Extension",
        407: "Invalid Attribute Value",
        501: "Administratively Prohibited",
        502: "Request Not Routable (Proxy)",
        503: "Session Context Not Found",
        504: "Session Context Not Removable",
        505: "Other Proxy Processing Error",
        506: "Resources Unavailable",
        507: "Request Initiated",
        508: "Multiple Session Selection Unsupported",
        509: "Location Info Required",
    }
)
"""The words for an Error-Cause (RFC 5176 section 3.5, RFC 5580)."""
