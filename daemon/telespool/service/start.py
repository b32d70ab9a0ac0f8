"""What the service does before its workers start, and what is said where the machine does not let it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telespool.errors import Temporary
from telespool.pipeline.kernel_refusals import trouble_in_words
from telespool.runtime.cancellation import in_thread
from telespool.spool.job_report import close_job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from telespool.spool import Spool


@contextlib.asynccontextmanager
async def machine_trouble_told(root: Path) -> AsyncIterator[None]:
    """Temporary, with a sentence, where the machine refuses something here: who started us tries again."""
    try:
        yield
    except OSError as error:
        words, where = await in_thread(trouble_in_words, error, root)
        place = f" ({where})" if where else ""
        raise Temporary(
            f"Telespool cannot start now: {words}{place}. telespool doctor looks at all of it.",
            kind="disk",
        ) from error


def finish_reports(spool: Spool) -> None:
    """Close jobs that were complete when the process died before it could write their report. Blocks.

    Look only at those into which something was put since the process before began: it closed the others.
    """
    for job in spool.jobs_since(spool.last_start):
        with spool.locked.unrecovered_where_refused(job):
            close_job(spool, job)
