"""What is logged, where it goes, and what never goes anywhere."""

from __future__ import annotations

import array
import io
import json
import logging
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from telespool.config.schema import LogSettings
from telespool.observe.journald import Journal, field_name
from telespool.observe.log import set_up
from tests.sockets import short_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger()


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave structlog and logging as they were found."""
    libraries = logging.getLogger()
    handlers, level = libraries.handlers[:], libraries.level
    yield
    structlog.reset_defaults()
    libraries.handlers[:] = handlers
    libraries.setLevel(level)


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A journal's end of the socket, in the place of the machine's."""
    with short_folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(folder / "journal"))
        listening.setblocking(False)
        monkeypatch.setattr(Journal, "_ADDRESS", str(folder / "journal"))
        yield listening


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """Read back what was written as JSON lines."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def heard(journal: socket.socket) -> dict[str, bytes]:
    """Read one record as journald would: plain fields, long fields, or a sealed memfd."""
    data, ancillary, _, _ = journal.recvmsg(1 << 20, 64)
    for _, _, rights in ancillary:
        descriptor = array.array("i", rights)[0]
        data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"x", 0)
        os.close(descriptor)
    fields = {}
    while data:
        name, _, rest = data.partition(b"\n")
        if b"=" in name:
            key, _, value = name.partition(b"=")
            data = rest
        else:
            key, size = name, int.from_bytes(rest[:8], "little")
            value, data = rest[8 : 8 + size], rest[8 + size + 1 :]
        fields[key.decode()] = value
    return fields


def to_journal(tmp_path: Path, secrets: tuple[str, ...] = ()) -> io.TextIOWrapper:
    """Set up as under systemd: standard error is the stream that JOURNAL_STREAM names."""
    stream = io.TextIOWrapper((tmp_path / "stream").open("wb"), errors="backslashreplace")
    state = os.fstat(stream.fileno())
    environ = {"JOURNAL_STREAM": f"{state.st_dev}:{state.st_ino}"}
    set_up(LogSettings(), secrets, stream=stream, environ=environ)
    return stream


def test_without_a_terminal_each_event_is_one_json_object() -> None:
    """Job and unit come right behind the event, whatever their place in the call."""
    stream = io.StringIO()
    set_up(LogSettings(), stream=stream, environ={})
    log.info("delivered", chat="family", unit="0001_a.jpg", job="J", message=7)
    (line,) = lines(stream)
    assert list(line)[:4] == ["level", "event", "job", "unit"]
    assert (line["chat"], line["message"]) == ("family", 7)


def test_the_level_is_the_least_that_is_logged() -> None:
    """Below it nothing is written."""
    stream = io.StringIO()
    set_up(LogSettings(level="warning"), stream=stream, environ={})
    log.info("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_libraries_come_out_the_same_way_from_warning_up() -> None:
    """What Telethon says by `logging` is one of our lines, with its traceback; what it whispers is not."""
    stream = io.StringIO()
    set_up(LogSettings(level="debug"), stream=stream, environ={})
    logging.getLogger("telethon.network").info("whispered")
    try:
        raise ConnectionError("gone")  # noqa: TRY301 - the shortest way to a traceback
    except ConnectionError:
        logging.getLogger("telethon.network").exception("lost the %s", "connection")
    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("lost the connection", "error")
    assert line["library"] == "telethon.network"
    assert "ConnectionError: gone" in str(line["exception"])


def test_setting_up_again_does_not_double_the_lines() -> None:
    """A reload may call it again."""
    stream = io.StringIO()
    set_up(LogSettings(), stream=io.StringIO(), environ={})
    set_up(LogSettings(), stream=stream, environ={})
    logging.getLogger("telethon").warning("once")
    assert len(lines(stream)) == 1


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_never_gets_through(form: str) -> None:
    """Not in the event, in a value, in a list or path, in a traceback, nor in what a library says."""
    stream = io.StringIO()
    settings = LogSettings(format="json" if form == "json" else "console")
    set_up(settings, ["hunter2", "hunter22"], stream=stream, environ={})
    log.info(
        "with hunter2",
        value="x hunter22",
        path=Path("/a/hunter2"),
        many=["hunter2", {"hunter2": 1}],
    )
    try:
        raise ValueError("hunter2 is wrong")  # noqa: TRY301 - the shortest way to a traceback
    except ValueError:
        log.exception("failed")
    logging.getLogger("telethon").warning("token %s", "hunter2")
    written = stream.getvalue()
    assert "hunter" not in written
    assert written.count("***") >= 7
    assert "***2" not in written


def test_a_terminal_is_not_repainted_by_a_name() -> None:
    """Control characters of a hostile name are written out."""
    stream = io.StringIO()
    set_up(LogSettings(format="console"), stream=stream, environ={})
    log.info("claimed", name="\x1b[2Jgone\x9b")
    assert "\x1b" not in stream.getvalue()
    assert "\x9b" not in stream.getvalue()


def test_a_name_that_is_not_utf8_is_still_valid_json() -> None:
    """The byte comes back as Python had it."""
    stream = io.StringIO()
    set_up(LogSettings(), stream=stream, environ={})
    log.info("claimed", name="caf\udce9", other="für")
    stream.getvalue().encode()
    assert lines(stream)[0]["name"] == "caf\udce9"
    assert "für" in stream.getvalue()


def test_a_broken_pipe_does_not_stop_the_work() -> None:
    """`telespool run | head` ends the log, not the run."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1) as stream:
        set_up(LogSettings(), stream=stream, environ={})
        log.info("nobody listens")
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # lets the buffer end in peace


def test_the_journal_gets_fields_and_priorities(journal: socket.socket, tmp_path: Path) -> None:
    """One record with TELESPOOL_ fields; its message says everything for those who read it as text."""
    with to_journal(tmp_path):
        log.warning("deferred", chat="family", job="J", unit="0001_a.avi", size=5, notes=["a", "b"])
        record = heard(journal)
    assert (
        record["MESSAGE"] == b'deferred job=J unit=0001_a.avi chat=family size=5 notes=["a", "b"]'
    )
    assert record["PRIORITY"] == b"4"
    assert record["SYSLOG_IDENTIFIER"] == b"telespool"
    assert (record["TELESPOOL_JOB"], record["TELESPOOL_UNIT"]) == (b"J", b"0001_a.avi")
    assert record["TELESPOOL_EVENT"] == b"deferred"


def test_a_traceback_is_one_record(journal: socket.socket, tmp_path: Path) -> None:
    """Its lines are not torn apart, and secrets are taken out of it."""
    with to_journal(tmp_path, ("hunter2",)):
        try:
            raise ValueError("hunter2")  # noqa: TRY301 - the shortest way to a traceback
        except ValueError:
            log.exception("failed", job="J")
        record = heard(journal)
    assert record["MESSAGE"].startswith(b"failed job=J\nTraceback (most recent call last)")
    assert record["MESSAGE"].endswith(b"ValueError: ***")
    assert record["PRIORITY"] == b"3"


def test_a_large_record_goes_as_a_sealed_file(journal: socket.socket, tmp_path: Path) -> None:
    """What no datagram holds arrives whole, and can no longer be changed."""
    with to_journal(tmp_path):
        log.info("big", blob="x" * 3_000_000)
        assert len(heard(journal)["TELESPOOL_BLOB"]) == 3_000_000


def test_a_name_that_is_not_utf8_reaches_the_journal_as_its_bytes(
    journal: socket.socket, tmp_path: Path
) -> None:
    """What the file system has is what the journal has."""
    with to_journal(tmp_path):
        log.info("claimed", name="caf\udce9")
        assert heard(journal)["TELESPOOL_NAME"] == b"caf\xe9"


def test_without_the_journal_the_lines_carry_their_priority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that is gone leaves the stream, where <N> is how systemd reads a priority."""
    monkeypatch.setattr(Journal, "_ADDRESS", str(tmp_path / "gone"))
    with to_journal(tmp_path):
        log.error("still said", job="J")
    assert (
        (tmp_path / "stream").read_text().startswith('<3>{"level": "error", "event": "still said"')
    )


def test_names_of_fields_are_what_journald_takes() -> None:
    """Capitals, digits and underscores, at most 64 of them."""
    assert field_name("job") == "TELESPOOL_JOB"
    assert field_name("höhe-2") == "TELESPOOL_H_HE_2"
    assert len(field_name("x" * 100)) == 64
