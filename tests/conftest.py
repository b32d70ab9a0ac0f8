"""Fixtures for all tests; and the programs that scripts/setup has brought, however pytest was started."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.measured",
    "tests.parsing",
    "tests.sentences",
    "tests.needs",
    "tests.unblocked",
    "tests.left_loops",
    "tests.crash.counts",
    "tests.fixtures",
    "tests.laying",
    "tests.telegram_server.fixtures",
]

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# A busy machine is slow at everything, which says nothing of an example; and our fixtures bear many examples.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("any machine")
