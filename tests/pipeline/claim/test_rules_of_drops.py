"""What keeps a drop in the inbox, how its unpacking ends, and when its posts may go: told as sentences."""

from __future__ import annotations

import errno
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from telespool.belonging import Kinship
from telespool.config import loader
from telespool.config.schema import ChatSettings
from telespool.destinations.base import ANY_ACCOUNT
from telespool.errors import LoginNeeded, Permanent, TelespoolError, Temporary, VolumeMissing
from telespool.media.compatibility import Assessment
from telespool.model import VideoInfo
from telespool.observe.progress import Activity
from telespool.pipeline.captions.fields import CaptionFields
from telespool.pipeline.claim.copy_taking import CopyTaking
from telespool.pipeline.claim.drop import Drop
from telespool.pipeline.claim.one_drop import drop_of
from telespool.pipeline.claim.volume_wait import may_lack, missing_volume
from telespool.pipeline.convert.copy_maker import CopyMaker
from telespool.pipeline.convert.helping import Helping
from telespool.pipeline.report_hooks import ReportHooks
from telespool.pipeline.send.report_sender import ReportSender
from telespool.pipeline.send.sending_times import SendingTimes
from telespool.pipeline.unpack import outcome, photo_notes
from telespool.pipeline.unpack.name_rules import NameRules
from telespool.pipeline.unpack.sources.base import NO_MEDIA
from telespool.pipeline.worker import WorkerContext
from telespool.runtime import plain_files
from telespool.runtime.wakeups import WakeupBus
from telespool.spool import Spool
from telespool.spool.account import LeftOut, brief
from telespool.spool.layout import Entry
from telespool.spool.names import Unit
from tests.jobs import job_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telespool.archives.engine import Engine
    from telespool.destinations.base import Destination
    from telespool.pipeline.unpack.release_order import ReleaseOrder
    from telespool.pipeline.unpack.sources import Source

JOB = job_name()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """An open spool."""
    spool = Spool(tmp_path / "spool")
    spool.open()
    yield spool
    spool.close()


def lay(spool: Spool, name: str, data: bytes = b"data") -> Entry:
    """A unit of the job, as FOLDER/UNIT."""
    folder, _, rest = name.partition("/")
    path = spool.root / folder / JOB / rest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    unit = Unit.parse(rest)
    assert unit is not None
    return Entry("uploading", JOB, unit, path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Thumbs.db", "would be left in the inbox"),
        ("film.mkv.part", "until it has its final name"),
        ("skipped.jpg", "its name matches inbox.ignore"),
        ("whole.jpg", "what lies beside it says that it is not finished"),
        ("fine.jpg", ""),
    ],
)
def test_why_it_would_be_left(tmp_path: Path, name: str, says: str) -> None:
    """By its name, and by what lies beside it."""
    for each in (name, "whole.jpg", "whole.jpg.aria2"):
        (tmp_path / each).write_bytes(b"\xff\xd8\xff\xe0")
    assert says in drop_of(tmp_path / name, ("skipped*",)).obstacle


def ended(**told: Any) -> tuple[Source, ReleaseOrder]:
    """What a source and its sorting say at the end."""
    sorting = SimpleNamespace(
        out=SimpleNamespace(released=0, left_out=told.get("left_out", [])),
        known=[],
        missing=told.get("missing", []),
    )
    members = [SimpleNamespace(number=n, name=f"{n}.jpg") for n in range(1, 5)]
    source = SimpleNamespace(damage=told.get("damage", []), members=members)
    return cast("Source", source), cast("ReleaseOrder", sorting)


def test_how_unpacking_ends() -> None:
    """Nothing was in it, nothing of use, something is damaged, or never came out."""
    assert "There is nothing inside a.zip" in outcome.nothing_inside("a.zip", *ended())
    texts = [LeftOut(f"{n}.txt", "neither a photo nor a video") for n in range(7)]
    assert "and 2 more" in outcome.nothing_inside("a.zip", *ended(left_out=texts))
    empty = [LeftOut("a.txt", "empty")]
    assert "a.txt is neither" in outcome.nothing_inside("a.txt", *ended(left_out=empty))
    assert outcome.nothing_inside("a.zip", *ended(damage=["x"])) == ""
    said = outcome.not_whole("a.zip", *ended(missing=[*range(1, 9)]))
    assert "1.jpg, 2.jpg, 3.jpg, 4.jpg, number 5 and 3 more" in said
    assert "these are missing:\n  x" in outcome.not_whole("a.zip", *ended(damage=["x"]))
    locked = "b.jpg: it is damaged, or the password does not fit it"
    said = outcome.not_whole("a b.zip", *ended(damage=[locked]))
    assert "telespool retry 'a b.zip' --password (or --password-file FILE" in said
    assert "Where it is damaged" in said
    said = outcome.not_whole("a.zip", *ended(damage=["b.jpg: the password does not fit it"] * 2))
    assert "Where it is damaged" not in said
    assert brief(said).endswith("these are missing: b.jpg: the password does not fit it and 1 more")
    assert outcome.not_whole("a.zip", *ended()) == ""
    assert "all volumes together" in outcome.volume_missing(VolumeMissing("x is missing."))


class _Opening:
    """An engine that opens nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def open(self, *_: object) -> None:
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (None, ""),
        (VolumeMissing("a.z01 is missing."), "a.z01 is missing."),
        (Permanent("It is broken."), ""),
        (OSError(errno.EIO, "broken"), ""),
    ],
)
async def test_whether_a_volume_is_missing(
    tmp_path: Path, error: Exception | None, says: str
) -> None:
    """Only that is told here; what is broken is told when it is unpacked."""
    drop = Drop(tmp_path / "a.zip", "default", ())
    engine = None if error is None else cast("Engine", _Opening(error))
    assert await missing_volume(drop, engine) == says
    lacking = Drop(tmp_path / "a.zip", "default", (), missing=("a.z01",))
    assert "lacks a.z01" in await missing_volume(lacking, engine)


def test_what_cannot_be_looked_at_lacks_nothing(tmp_path: Path) -> None:
    """It is gone, or cannot be read."""
    assert not may_lack(Drop(tmp_path / "a.part1.rar", "default", ()))


@pytest.mark.kernel_time
def test_when_posts_may_go(spool: Spool) -> None:
    """Not outside the hours; not more than the pace in an hour, those of an earlier process counted."""
    now = spool.clock()

    def times(more: str) -> SendingTimes:
        config = loader.parse(f"[send]\n{more}\n", "config.toml")
        return SendingTimes(config.send, spool)

    minute = int(now // 60) % 1440
    ends = [
        f"{(minute + ahead) % 1440 // 60:02d}:{(minute + ahead) % 60:02d}" for ahead in (300, 360)
    ]
    hours = "-".join(ends)
    assert times('hours = ""').wait(now) is None
    wait = times(f'hours = "{hours}"').wait(now)
    assert wait is None or wait.kind == "hours"
    lay(spool, "done/0001+5_a.jpg")
    lay(spool, "done/0002o_b.avi")
    times_of_two = times("pace = 2")
    assert times_of_two.wait(now + 1) is None
    times_of_two.posted(now)
    found = times_of_two.wait(now + 1)
    assert found is not None
    assert "2 posts were made" in found.reason
    fresh = times("pace = 1")
    fresh.posted(now)
    assert fresh.wait(now + 1) is not None


def test_what_a_caption_may_name(spool: Spool) -> None:
    """Each field, as far as anything is known of it."""
    entry = lay(spool, "uploading/0001_a.jpg")
    frame = VideoInfo(duration=3725.0, width=1, height=1)
    seen = {1: Assessment(action="send", reasons=(), kind="video", mime="video/mp4", frame=frame)}
    fields = CaptionFields(spool, entry, "trip", seen).of(
        "{archive}{name}{names}{chat}{topic}{folder}{first}{last}{count}{photos}{videos}{size}{duration}{taken}{counter}"
    )
    assert fields["duration"] == "1:02:05"
    assert fields["taken"] == ""
    assert fields["counter"] == 1
    assert (fields["first"], fields["last"], fields["videos"], fields["photos"]) == (1, 1, 1, 0)
    lay(spool, "done/0002+7_20040612_153000.jpg")
    named = lay(spool, "uploading/0003_20040612_153000.jpg")
    found = CaptionFields(spool, named, "trip", {}).of("{taken}{counter}{duration}")
    assert found == {"taken": "2004-06-12", "counter": 2, "duration": ""}
    named.path.unlink()


async def test_the_limit_of_a_message(spool: Spool) -> None:
    """What every account may send, where nobody can be asked now."""
    config = loader.parse(f'[spool]\nroot = "{spool.root}"\n', "config.toml")

    async def nobody() -> int:
        raise Temporary("The network is away.")

    context = WorkerContext(config, spool, WakeupBus(), Activity(), limit=nobody)
    assert await CopyMaker(context, Helping(context.activity)).limit() == ANY_ACCOUNT


async def test_what_was_made_of_another_stays(spool: Spool) -> None:
    """What is removed from tmp/ was made of this original, not of one whose number only begins alike."""
    config = loader.parse(f'[spool]\nroot = "{spool.root}"\n', "config.toml")
    context = WorkerContext(config, spool, WakeupBus(), Activity())
    original = lay(spool, "converting/1000_a.avi")
    others = [f"{original.job}.{name}" for name in ("1000-1009_album", "1000001c.mp4", "0100c.mp4")]
    for name in (f"{original.job}.1000c.mp4", f"{original.job}.1000.pages", *others):
        (spool.tmp / name).mkdir()
    CopyMaker(context, Helping(context.activity)).drop_made(original)
    assert set(plain_files.names(spool.tmp)) == set(others)
    original.path.unlink()


def test_what_cannot_be_compared_is_taken(spool: Spool, tmp_path: Path) -> None:
    """A file that was taken before and cannot be read now is a drop again: whoever takes it says why."""
    config = loader.parse('[inbox]\ntake = "copy"\n', "config.toml")
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a")
    drop = Drop(path, "default", ())
    taking = CopyTaking(spool, config.inbox)
    assert taking.copies(drop)
    taking.take([drop])
    assert taking.untaken(drop) == []
    path.unlink()
    assert [source.name for source in taking.untaken(drop)] == ["a.jpg"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('{"title": "a.jpg", "photoTakenTime": {"timestamp": "1000000000"}}', "a.jpg"),
        ('{"title": 5, "photoTakenTime": {"timestamp": 1000000000}}', ""),
        ('{"photoTakenTime": {"timestamp": "99999999999999"}}', None),
        ('{"title": "a.jpg"}', None),
        ("[]", None),
        ("{", None),
        ("[" * 100_000, None),
    ],
)
def test_notes_of_photos(tmp_path: Path, text: str, title: str | None) -> None:
    """What one says; None where it is none."""
    path = tmp_path / "a.jpg.json"
    path.write_text(text)
    assert photo_notes.is_note(path.name)
    note = photo_notes.read_note(path)
    assert (note.title if note is not None else None) == title
    if note is not None:
        assert note.taken.seconds == 1e9


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


@pytest.mark.kernel_time
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


def test_notes_of_files_in_another_archive() -> None:
    """Notes that Takeout put into another zip than their photo are told as its notes, whichever came first."""
    names = {
        1000001: "T/b.jpg.json",
        1000002: "T/a.jpg",
        2000001: "T/a.jpg.json",
        2000002: "T/b.jpg",
    }
    kin = Kinship()
    kin.add({number: name for number, name in names.items() if number < 2000000})
    kin.add({number: name for number, name in names.items() if number > 2000000})
    rules = NameRules(ChatSettings(), kin, names)
    left = [LeftOut(names[n], rules.reason(n, NO_MEDIA), number=n) for n in (1000001, 2000001)]
    other = LeftOut("T/c.json", NO_MEDIA, number=2000003)
    names[2000003] = other.name
    told = rules.told_again([*left, other], {})
    reasons = ["notes that belong to b.jpg", "notes that belong to a.jpg", NO_MEDIA]
    assert [each.reason for each in told] == reasons
    assert rules.told_again([other], {2000003: 1000002})[0].reason == "notes that belong to a.jpg"
