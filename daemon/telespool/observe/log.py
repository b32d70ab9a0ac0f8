"""The log: one record for each transition, `job` and `unit` first.

    log = structlog.get_logger()
    log.info("unit.delivered", job=str(job), unit=str(unit), chat="family", message=4711)

`set_up` decides once where it goes. Standard error is a terminal: colour. It is systemd's journal: native
records with fields (`TELESPOOL_JOB`, `TELESPOOL_UNIT`, …) and priorities. Anything else: JSON, one object to a
line. Libraries that use `logging` (Telethon, watchdog) come out the same way, from WARNING up.

A secret never gets through: every value named to `set_up` is replaced by *** wherever it appears, in
tracebacks too. Nor does a log that cannot be written (a closed pipe, a journal that is gone) ever stop the
work: no error leaves a call.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO, cast

import structlog

from telespool.observe.journald import Journal, field_name
from telespool.observe.terminal import harmless, raw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from structlog.typing import EventDict, Processor, WrappedLogger

    from telespool.config.schema import LogSettings

_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def set_up(
    settings: LogSettings,
    secrets: Iterable[str] = (),
    *,
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Send everything that is logged from now on to `stream` (standard error); may be called again."""
    stream = raw(
        sys.stderr if stream is None else stream
    )  # colours pass, names are made harmless below
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=_processors(
            settings, _Hide(secrets), stream, os.environ if environ is None else environ
        ),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Patient(stream))),
        cache_logger_on_first_use=False,
    )
    libraries = logging.getLogger()
    for handler in [each for each in libraries.handlers if isinstance(each, _FromLibraries)]:
        libraries.removeHandler(handler)
    libraries.addHandler(_FromLibraries())
    libraries.setLevel(max(level, logging.WARNING))


def _processors(
    settings: LogSettings, hide: _Hide, stream: TextIO, environ: Mapping[str, str]
) -> list[Processor]:
    """Choose the way from what is logged to what is written."""
    journal = Journal.here(environ, _descriptor(stream))
    start: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
    ]
    if settings.format == "console" or (settings.format == "auto" and stream.isatty()):
        return [
            *start,
            structlog.processors.TimeStamper("%H:%M:%S", utc=False),
            structlog.processors.format_exc_info,
            hide,
            _first,
            _harmless,
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(),
                sort_keys=False,
                # The other formatters show local variables, in boxes that break a secret in two.
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    start += [structlog.processors.format_exc_info, hide, _first]
    if journal and settings.format == "auto":
        return [*start, _ToJournal(journal)]
    # `<4>` at the start of a line is how systemd reads a priority from a stream of text.
    return [*start, structlog.processors.TimeStamper("iso"), _Lines(priorities=journal is not None)]


class _Hide:
    """Converts every value to plain types and replaces secrets by ***."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: one secret may be the beginning of another.
        self._secrets = sorted({each for each in secrets if each}, key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {
            key: value if key in {"level", "exc_info"} else self._plain(value)
            for key, value in event.items()
        }

    def _plain(self, value: object) -> object:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, dict):
            return {str(self._plain(key)): self._plain(each) for key, each in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._plain(each) for each in value]
        text = value if isinstance(value, str) else str(value)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _first(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put job and unit before the other keys; the event and its level stay in front."""
    order = ("level", "event", "job", "unit")
    return {key: event[key] for key in order if key in event} | dict(event)


def _harmless(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape control characters: a file's name must not control the terminal."""
    return {key: _written_out(value) for key, value in event.items()}


def _written_out(value: object) -> object:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {harmless(str(key)): _written_out(each) for key, each in value.items()}
    return [_written_out(each) for each in value] if isinstance(value, list) else value


class _Lines:
    """Last processor: writes one JSON object a line."""

    def __init__(self, *, priorities: bool) -> None:
        self._priorities = priorities

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
        # A byte that is not UTF-8 stands in a name as a lone surrogate; "\\udce9" is how JSON writes it.
        line = harmless(json.dumps(event, ensure_ascii=False))
        return f"<{_PRIORITIES[event['level']]}>{line}" if self._priorities else line


class _ToJournal:
    """Last processor: sends one native journal record, with a field for each key."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._otherwise = _Lines(priorities=True)

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        rest = {key: _said(each) for key, each in event.items() if key not in {"event", "level"}}
        trace = rest.pop("exception", "")
        # What `journalctl` shows is the message alone, so it says everything.
        words = " ".join([str(event["event"]), *(f"{key}={each}" for key, each in rest.items())])
        fields = {
            "MESSAGE": f"{words}\n{trace}" if trace else words,
            "PRIORITY": str(_PRIORITIES[event["level"]]),
            "SYSLOG_IDENTIFIER": "telespool",
            "TELESPOOL_EVENT": str(event["event"]),
        }
        try:
            self._journal.send(fields | {field_name(key): each for key, each in rest.items()})
        except OSError:
            return self._otherwise(logger, method, event)
        raise structlog.DropEvent


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class _FromLibraries(logging.Handler):
    """Passes records of libraries (`logging`) to our log."""

    def emit(self, record: logging.LogRecord) -> None:
        # watchdog calls it an error that it is stopped while it works; there is no other way to stop it.
        if "when the thread is inactive" in record.getMessage():
            return
        with contextlib.suppress(Exception):
            structlog.get_logger().log(
                record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info
            )


class _Patient:
    """A stream wrapper that ignores write errors."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def _descriptor(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # in memory, as in tests
        return -1
