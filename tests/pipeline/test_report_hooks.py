"""Reports that are told elsewhere: by webhooks, by Apprise, or not at all."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import TYPE_CHECKING, cast

import pytest

from telespool.config import loader
from telespool.errors import LoginNeeded, Permanent, TelespoolError, Temporary
from telespool.pipeline.report_hooks import ReportHooks
from telespool.pipeline.send.report_sender import ReportSender
from telespool.runtime import plain_files
from tests.laying import JOB

if TYPE_CHECKING:
    from telespool.destinations.base import Destination
    from telespool.spool import Spool


class _Answering(BaseHTTPRequestHandler):
    """A receiver that refuses."""

    def do_POST(self) -> None:
        """Say that nothing is here."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


async def test_a_webhook_that_refuses() -> None:
    """No later attempt can succeed; the sentence has what it answered."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        hooks = ReportHooks(f"http://127.0.0.1:{server.server_port}/")
        with pytest.raises(Permanent, match="answers 404"):
            await hooks.tell(JOB, "family", "1 sent", 7)
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("knows", "tells", "error"),
    [(True, True, None), (False, True, Permanent), (True, False, Temporary)],
)
async def test_apprise(
    monkeypatch: pytest.MonkeyPatch, knows: bool, tells: bool, error: type[TelespoolError] | None
) -> None:
    """Each URL must be one that it knows; the first line is the title."""
    told: list[tuple[str, str]] = []

    class _Apprise:
        def add(self, _: str) -> bool:
            return knows

        async def async_notify(self, *, title: str, body: str) -> bool:
            told.append((title, body))
            return tells

    module = ModuleType("apprise")
    module.Apprise = _Apprise  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "apprise", module)
    hooks = ReportHooks(urls=["ntfy://there"])
    if error is None:
        await hooks.tell(JOB, "family", "1 sent\nmore", 7)
        assert told == [("1 sent", "more")]
    else:
        with pytest.raises(error):
            await hooks.tell(JOB, "family", "1 sent", 7)


@pytest.mark.parametrize("error", [LoginNeeded("Log in."), Permanent("No such chat.")])
async def test_a_report_that_cannot_be_told(spool: Spool, error: TelespoolError) -> None:
    """It is named once, and is told no more by this process; without a login nothing is."""
    spool.write_report(JOB, ["1 sent"])

    class _Failing(ReportHooks):
        async def tell(self, *_: object) -> None:
            raise error

    config = loader.parse("", "config.toml")
    sender = ReportSender(spool, config, cast("Destination", None), _Failing("http://x/"))
    if isinstance(error, LoginNeeded):
        with pytest.raises(LoginNeeded):
            await sender.tell()
        return
    assert await sender.tell()
    assert not await sender.tell()
    assert plain_files.exists(spool.root / "done" / JOB / "report.txt")
