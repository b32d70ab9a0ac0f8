"""Names of jobs, taken from the clock: one that is named for a fixed day is too old for a test some day."""

from __future__ import annotations

import time

DAY = 86400.0


def job_name(named: str = "family_holiday", *, ago: float = 0.0) -> str:
    """Name a job (CHAT_NAME) that was claimed `ago` seconds before now."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(time.time() - ago))}_{named}"
