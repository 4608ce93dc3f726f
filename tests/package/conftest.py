"""These tests look at packages that `./test --package` has built; without them there is nothing to look at."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("TOLLWIRE_PACKAGES") else ["test_*.py"]
