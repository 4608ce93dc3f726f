"""What lives in a box looks at packages that `./test --package` has built; without them there is nothing to look at."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("TOLLWIRE_PACKAGES") else ["test_package.py"]
