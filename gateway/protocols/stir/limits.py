"""Every bound on signed identities, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_IDENTITY_OCTETS: Final = 16_384  # of an Identity header that is read
MAX_DESTINATIONS: Final = 100  # numbers, and as many URIs, that one identity names
FUTURE_SECONDS: Final = 60  # that the signer's clock may be ahead of ours where the age is looked at (RFC 8224: sixty seconds)
