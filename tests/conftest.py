"""Fixtures for all tests; and the programs that scripts/setup has brought, however pytest was started."""

import os
import sys
from pathlib import Path

pytest_plugins = [
    "tests.parsing",
    "tests.needs",
    "tests.unblocked",
    "tests.crash.counts",
    "tests.fixtures",
    "tests.telegram_server.fixtures",
]

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
