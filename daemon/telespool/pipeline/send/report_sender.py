"""Telling a chat of the end of each job, exactly once: `[report] to`; and programs (`report_hooks`).

A report that has been told carries its message's id in its name, report+48213.txt: the name is the receipt, as it is
for files. Its random_id is derived from the job and its words, so that the same outcome makes one message whatever
crashes, and another outcome (after `telespool retry`) another. What is older than a day is not told any more: whoever
sets `[report] to` does not want the past.

Where a destination has no text messages the report goes as a file with its first line under it. A chat that cannot be
told is named in the log, once; nothing else waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from telespool.destinations.base import SupportsText
from telespool.errors import LoginNeeded, TelespoolError, Temporary
from telespool.model import Item
from telespool.pipeline.captions.composing import literally
from telespool.pipeline.report_hooks import ReportHooks
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.throttle import Throttle
from telespool.runtime.timers import Deadline
from telespool.spool.identifiers import report_id
from telespool.spool.job_report import close_job
from telespool.spool.layout import REPORT
from telespool.spool.names import Job

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.destinations.base import Destination
    from telespool.spool import Spool

log = structlog.get_logger()

ALIAS = "reports"
_YOUNG = 86400.0
_AGAIN = 60.0


def chats(config: Config) -> dict[str, str]:
    """The chats of the configuration, and the one that gets the reports."""
    if not config.report.to:
        return dict(config.chats)
    return {**config.chats, chat(config): config.report.to}


def chat(config: Config) -> str:
    """The alias of the chat that gets the reports."""
    known = (alias for alias, value in config.chats.items() if value == config.report.to)
    return next(known, ALIAS)


class ReportSender:
    """Tells reports to a chat."""

    def __init__(
        self,
        spool: Spool,
        config: Config,
        destination: Destination,
        hooks: ReportHooks | None = None,
    ) -> None:
        self._spool = spool
        self._hooks = hooks or ReportHooks()
        self._to_chat = bool(config.report.to)
        self.wanted = self._to_chat or bool(self._hooks)
        """Whether anybody is to be told."""
        self._chat = chat(config)
        self._destination = destination
        self._wait = Deadline(0.0, 0.0)
        self._given_up: set[Path] = set()
        self._pace = Throttle()
        self._working: set[str] = set()

    async def tell(self) -> bool:
        """Tell one report, if there is one and its chat need not wait; whether one was told."""
        if not self._pace.left():
            await in_thread(self._close_abandoned)
        if not self.wanted or self._wait.left(self._spool.clock()) > 0:
            return False
        path = await in_thread(self._next)
        if path is None:
            return False
        job = path.parent.name
        text = await in_thread(plain_files.read_text, path)
        try:
            await self._hooks.tell(
                job, Job.chat_of(job), text.strip(), report_id(job, text.strip())
            )
            message = await self._say(job, path, text.strip()) if self._to_chat else 0
        except Temporary as error:
            now = self._spool.clock()
            self._wait = Deadline.to(now + (error.retry_after or _AGAIN), now)
            log.warning("report.deferred", job=job, reason=error.reason)
            return False
        except LoginNeeded:
            raise
        except TelespoolError as error:
            self._given_up.add(path)
            log.warning("report.failed", job=job, reason=error.reason)
            return True
        await in_thread(self._spool.report_told, job, message)
        log.info("report.sent", job=job, chat=self._chat, message=message)
        return True

    def _close_abandoned(self) -> None:
        """Write the reports of jobs of which a person took the last unit away: nobody else sees their end."""
        with self._pace:
            spool = self._spool
            working = {job for job in spool.working_jobs() if not spool.is_over(job)}
        ended, self._working = self._working - working, working
        for job in ended:
            close_job(spool, job)

    def _next(self) -> Path | None:
        now = self._spool.clock()
        for job in self._spool.jobs("done"):
            path = self._spool.job_folder("done", job) / REPORT
            try:
                young = now - plain_files.lstat(path).st_mtime < _YOUNG
            except (FileNotFoundError, PermissionError):
                continue
            if young and path not in self._given_up:
                return path
        return None

    async def _say(self, job: str, path: Path, text: str) -> int:
        key = report_id(job, text)
        if isinstance(self._destination, SupportsText):
            return await self._destination.say(self._chat, key, text)
        item = Item(key, key, path, f"{job}.txt", "document", "text/plain")
        staged = await self._destination.stage(self._chat, item)
        messages = await self._destination.post(
            self._chat, [staged], literally(text.partition("\n")[0])
        )
        return messages.get(key, 0)
