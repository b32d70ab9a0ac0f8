"""On the path of every Python under libfaketime: 0.9.10 fails each time.sleep of Python 3.11 and newer with EINVAL.

See its issue 426. Select waits as long, and is left alone.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: SupportsIndex | float, /) -> None:
    select.select([], [], [], float(seconds))


time.sleep = _sleep
