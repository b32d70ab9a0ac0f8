"""The report of a job as a message: once, whatever happens between the message and its receipt."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from telespool.config import loader
from telespool.destinations.folder.destination import FolderDestination
from telespool.pipeline.report_hooks import ReportHooks
from telespool.pipeline.send.report_sender import ReportSender, chat, chats
from telespool.spool import Spool
from tests.cli.support import JOB, make, telespool
from tests.material import make_zip

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram


def report_to(home: Home, value: str) -> None:
    """Who is to be told."""
    home.config.write_text(f'{home.config.read_text()}\n[report]\nto = "{value}"\n')


def told(home: Home) -> list[Path]:
    """The reports in done/."""
    return sorted((home.spool / "done").glob("*/report*.txt"))


@pytest.mark.telegram
async def test_once(home: Home, telegram: TestTelegram, material: Material) -> None:
    """Each outcome is one message; a crash before its receipt makes no second one."""
    report_to(home, "@grace")
    home.drop(make_zip(home.directory / "holiday.zip", {"1.jpg": material.photo(1)}), "family")
    await home.inside()
    (message,) = telegram.in_chat("grace")
    assert "_family_holiday: 1 sent" in message.caption
    (report,) = told(home)
    assert report.name == f"report+{message.id}.txt"

    report.rename(report.with_name("report.txt"))  # it died before the rename
    await home.inside()
    assert len(telegram.in_chat("grace")) == 1
    assert told(home) == [report]


@pytest.mark.telegram
@pytest.mark.media
async def test_another_outcome(
    home: Home,
    telegram: TestTelegram,
    material: Material,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After a retry the new outcome is told too, and its report takes the place of the old one."""
    report_to(home, "@grace")
    home.drop(
        make_zip(
            home.directory / "odd.zip", {"1.jpg": material.photo(1), "2.mp4": material.broken(2)}
        )
    )
    await home.inside()
    assert "1 quarantined" in telegram.in_chat("grace")[0].caption
    assert telespool(capsys, home.config, "retry", "odd", "--as-document").code == 0
    await home.inside()
    captions = [message.caption for message in telegram.in_chat("grace")]
    assert len(captions) == 2
    assert "2 sent" in captions[1]
    assert len(told(home)) == 1


@pytest.mark.telegram
async def test_nobody_waits_for_it(home: Home, telegram: TestTelegram, material: Material) -> None:
    """A chat that cannot be told holds up nothing."""
    report_to(home, "@nobody_here")
    for number in (1, 2):
        home.drop(material.photo(number))
    await home.inside()
    assert len(telegram.in_chat("media")) == 2
    assert {path.name for path in told(home)} == {"report.txt"}


async def test_on_the_folder_destination(tmp_path: Path) -> None:
    """Without text messages the report is a file with its first line under it."""
    spool_ = make(
        tmp_path,
        {f"done/{JOB}/report.txt": b"The outcome.\nMore.\n"},
        '[report]\nto = "@somebody"\n',
    )
    config = loader.load(spool_.config)
    assert chat(config) == "reports"
    assert chats(config)["reports"] == "@somebody"
    destination = FolderDestination(tmp_path / "posts", chats(config))
    spool = Spool(spool_.root)
    await destination.open()
    reporting = ReportSender(spool, config, destination)
    assert await reporting.tell()
    assert not await reporting.tell()
    await destination.close()
    (caption,) = (tmp_path / "posts" / "reports").glob("*/caption.txt")
    assert caption.read_text().strip() == "The outcome."
    assert spool.report(JOB) == spool_.root / "done" / JOB / "report+1.txt"


async def test_the_past_is_not_told(tmp_path: Path) -> None:
    """Reports that are older than a day when somebody asks for them are left alone."""
    import os  # noqa: PLC0415 - only here

    spool_ = make(tmp_path, {f"done/{JOB}/report.txt": b"Old.\n"}, '[report]\nto = "me"\n')
    os.utime(spool_.root / f"done/{JOB}/report.txt", (1e9, 1e9))
    config = loader.load(spool_.config)
    destination = FolderDestination(tmp_path / "posts", chats(config))
    await destination.open()
    assert not await ReportSender(Spool(spool_.root), config, destination).tell()
    await destination.close()


class _Receiver(BaseHTTPRequestHandler):
    answers: ClassVar[list[int]]
    got: ClassVar[list[tuple[dict[str, str], bytes]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers), body))
        self.send_response(self.answers.pop(0))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


async def test_a_webhook_is_told_with_one_key_until_it_has_it(tmp_path: Path) -> None:
    """A receiver in trouble is told again with the same key and a signature; then the name is the receipt."""
    _Receiver.answers, _Receiver.got = [503, 200], []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            spool_ = make(tmp_path, {f"done/{JOB}/report.txt": b"The outcome.\nMore.\n"}, "")
            spool = Spool(spool_.root)
            config = loader.load(spool_.config)
            destination = FolderDestination(tmp_path / "posts", chats(config))
            hooks = ReportHooks(f"http://127.0.0.1:{server.server_port}/hook", "key")
            assert not await ReportSender(spool, config, destination, hooks).tell()
            assert spool.report(JOB) == spool_.root / "done" / JOB / "report.txt"
            assert await ReportSender(spool, config, destination, hooks).tell()
        finally:
            server.shutdown()
            thread.join()
    assert spool.report(JOB) == spool_.root / "done" / JOB / "report+0.txt"
    (first, body), (second, again) = _Receiver.got
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    assert body == again
    assert json.loads(body)["text"] == "The outcome.\nMore."
    digest = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert second["X-Telespool-Signature"] == f"sha256={digest}"
