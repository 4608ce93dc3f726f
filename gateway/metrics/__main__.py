"""Writes docs/metrics.md anew: python -m gateway.metrics docs/metrics.md"""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.metrics.manual import document

Path(sys.argv[1]).write_text(document(), encoding="utf-8")
