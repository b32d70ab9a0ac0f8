"""telespool explain: what a file is, and the story of what lies in the spool."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests import live
from tests.cli.support import JOB, make, telespool
from tests.material import make_zip
from tests.pipeline.drop_house import SECRET, pack_locked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material

Capture = pytest.CaptureFixture[str]


@pytest.mark.media
def test_a_file(tmp_path: Path, capsys: Capture, material: Material) -> None:
    """A file outside the spool is judged: what it is, what would be done, and why."""
    spool = make(tmp_path)
    said = telespool(capsys, spool.config, "explain", material.clip("avi", 1))
    assert said.code == 0
    assert "encoded anew" in said.out
    assert "mpeg4" in said.out.lower()
    told = telespool(capsys, spool.config, "explain", "--json", material.photo(1)).json
    assert (told["kind"], told["verdict"]) == ("photo", "send")
    assert telespool(capsys, spool.config, "explain", material.broken(1)).code == 1


@pytest.mark.media
def test_a_photo_that_is_cut(tmp_path: Path, capsys: Capture) -> None:
    """Half of a JPEG goes to quarantine, in an archive and alone; one that lacks little is sent, and told."""
    spool, path = make(tmp_path), tmp_path / "a.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    said = telespool(capsys, spool.config, "explain", path)
    assert said.code == 1
    assert "it goes to quarantine" in said.out
    inside = telespool(
        capsys, spool.config, "explain", make_zip(tmp_path / "a.zip", {"a.jpg": path})
    )
    assert "a.jpg  quarantine  a.jpg cannot be decoded" in inside.out
    path.write_bytes(data[:-500])
    said = telespool(capsys, spool.config, "explain", path)
    assert said.code == 0
    assert "its last bytes are missing" in said.out


def test_an_archive(tmp_path: Path, capsys: Capture) -> None:
    """An archive is told from other files."""
    import zipfile  # noqa: PLC0415 - only here

    spool = make(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.jpg", b"1")
    said = telespool(capsys, spool.config, "explain", tmp_path / "a.zip")
    assert said.code == 0
    assert "an archive (zip)" in said.out


@pytest.mark.media
def test_an_archive_is_foretold(tmp_path: Path, capsys: Capture, material: Material) -> None:
    """Before it is dropped each file of it is told with what it becomes, and with whom it belongs."""
    spool = make(tmp_path)
    photo, film = material.photo(1), material.clip("silent", 1)
    words = tmp_path / "words"
    words.write_text("some words")
    files = {
        "DCIM/IMG_1.HEIC": live.still(tmp_path / "IMG_1.heic", 1),
        "DCIM/IMG_1.MOV": live.clip(tmp_path / "IMG_1.mov", 1, codec="h264"),
        "DCIM/IMG_1.AAE": words,
        "IMG_2.CR3": words,
        "IMG_2.JPG": photo,
        "IMG_E0003.JPG": photo,
        "IMG_0003.JPG": photo,
        "GX010001.MP4": film,
        "GX020001.MP4": film,
        "notes.txt": words,
        "fake.jpg": words,
    }
    make_zip(tmp_path / "phone.zip", files)
    said = telespool(capsys, spool.config, "explain", tmp_path / "phone.zip")
    table = dict(line.strip().split("  ", 1) for line in said.out.splitlines()[1:])
    told = {name: " ".join(rest.split()) for name, rest in table.items()}
    fake = told.pop("fake.jpg")
    assert fake.startswith("quarantine fake.jpg is no photo or video, whatever its name says: text")
    assert told == {
        "DCIM/IMG_1.AAE": "left out notes that belong to IMG_1.HEIC",
        "DCIM/IMG_1.HEIC": "live photo with IMG_1.MOV",
        "DCIM/IMG_1.MOV": "live photo the clip of IMG_1.HEIC",
        "GX010001.MP4": "video chapter 1 of 2",
        "GX020001.MP4": "video chapter 2 of 2",
        "IMG_0003.JPG": "photo",
        "IMG_2.CR3": "left out it is a camera raw",
        "IMG_2.JPG": "photo",
        "IMG_E0003.JPG": "photo edited from IMG_0003.JPG",
        "notes.txt": "left out neither a photo nor a video",
    }


def story(directory: Path) -> Path:
    """A job with a part in every state; its configuration."""
    spool = make(
        directory,
        {
            f"uploading/{JOB}/0001-0002_album/0001_IMG_1.jpg": b"1",
            f"uploading/{JOB}/0001-0002_album/0002_IMG_2.jpg": b"2",
            f"deferred/{JOB}/0003_a.avi": b"3",
            f"deferred/{JOB}/0004@1_b.jpg": b"4",
            f"converting/{JOB}/0005@2_c.avi": b"5",
            f"converting/{JOB}/0005.segments/v0001.mp4": b"",
            f"done/{JOB}/0006+17_d.jpg": b"",
            f"done/{JOB}/0008c+18_f.mp4": b"",
            f"done/{JOB}/0008o_f.avi": b"8",
            f"done/{JOB}/skipped.txt": b"notes.txt: neither a photo nor a video\n",
            f"quarantine/{JOB}/0007_e.mp4": b"7",
            f"quarantine/{JOB}/0007_e.mp4.txt": b"e.mp4 cannot be read. Save it anew.\n",
        },
    )
    soon = time.time() + 1800
    os.utime(spool.root / f"deferred/{JOB}/0004@1_b.jpg", (soon, soon))
    return spool.config


def test_a_job(tmp_path: Path, capsys: Capture) -> None:
    """Each part of a job is told with what it means, what was decided, and what comes next."""
    said = telespool(capsys, story(tmp_path), "explain", "holiday")
    assert said.code == 0
    for sentence in (
        "for the chat family (me)",
        "Ready to send: 2 files",
        "0001-0002_album: it is sent as soon as its turn comes",
        "0003_a.avi: it is converted when nothing is left to send",
        "0004@1_b.jpg: it is tried again at",
        "0005@2_c.avi: attempt 2 of 3, 1 piece finished",
        "0006+17_d.jpg: message 17",
        "0008c+18_f.mp4: message 18, a converted copy",
        "0008o_f.avi: the original, its copy was sent; kept until",
        "0007_e.mp4: e.mp4 cannot be read. Save it anew.",
        "notes.txt: neither a photo nor a video",
        "It is not over: what is left goes on by itself",
    ):
        assert sentence in said.out

    told = telespool(capsys, tmp_path / "config.toml", "explain", "holiday", "--json").json
    states = {part["unit"]: part["state"] for part in told["parts"]}
    assert states["0007_e.mp4"] == "refused"
    assert states["0005@2_c.avi"] == "converting"
    assert told["over"] is False


def test_a_drop_that_is_kept_for_what_was_not_sent(tmp_path: Path, capsys: Capture) -> None:
    """No date is named after which a drop goes that holds files which were left out."""
    account = b"- notes.txt\tneither a photo nor a video\t2\t5\t\ncomplete\n"
    files = {f"done/{JOB}/0000_trip.zip": b"zip", f"done/{JOB}/members.txt": account}
    spool = make(tmp_path, files)
    said = telespool(capsys, spool.config, "explain", JOB)
    assert "kept, since 1 file of it went nowhere else" in said.out
    assert "kept until" not in said.out
    spool.config.write_text(spool.config.read_text() + '[retention]\nleft_out = "forget"\n')
    assert "kept until" in telespool(capsys, spool.config, "explain", JOB).out


@pytest.mark.media
def test_what_would_be_left(tmp_path: Path, capsys: Capture) -> None:
    """A file or a folder that the inbox would not take is told so, with what would be left out of it."""
    import zipfile  # noqa: PLC0415 - only here

    spool = make(tmp_path / "s")
    trip = tmp_path / "trip"
    (trip / "@eaDir").mkdir(parents=True)
    for name in ("a.jpg", "film.mkv.part", "@eaDir/x.jpg"):
        (trip / name).write_bytes(b"\xff\xd8\xff\xe0")
    (trip / "empty.jpg").touch()
    said = telespool(capsys, spool.config, "explain", trip).out
    assert "trip is left in the inbox, because film.mkv.part looks unfinished" in said
    assert "thumbnails of a NAS" in said
    assert "left out empty" in " ".join(said.split())
    part = telespool(capsys, spool.config, "explain", trip / "film.mkv.part").out
    assert "until it has its final name" in part
    (tmp_path / "link").symlink_to(trip / "a.jpg")
    assert (
        "links are not followed"
        in telespool(capsys, spool.config, "explain", tmp_path / "link").out
    )
    for name in ("caption.txt", "nofile.jpg.caption.txt", "nofile.zip.password"):
        (tmp_path / name).write_text("words")
        said = telespool(capsys, spool.config, "explain", tmp_path / name).out
        assert said.startswith(f"{name}: it is left in the inbox\n")
        assert "quarantine" not in said
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("1.jpg", bytes(3000))
        archive.writestr("2.jpg", bytes(3000))
    (tmp_path / "x.zip").write_bytes((tmp_path / "x.zip").read_bytes()[:4000])
    assert (
        "it is broken off after"
        in telespool(capsys, spool.config, "explain", tmp_path / "x.zip").out
    )


@pytest.mark.media
@pytest.mark.parametrize("way", ["path", "relative", "name", "note"])
def test_a_file_of_the_spool(tmp_path: Path, capsys: Capture, way: str) -> None:
    """A file of the spool is found by its path, by `ls`'s words, by job and number, or by its note."""
    config = story(tmp_path)
    what = {
        "path": f"{tmp_path}/spool/quarantine/{JOB}/0007_e.mp4",
        "relative": f"quarantine/{JOB}/0007_e.mp4",
        "name": "holiday/0007",
        "note": f"{tmp_path}/spool/quarantine/{JOB}/0007_e.mp4.txt",
    }[way]
    said = telespool(capsys, config, "explain", what)
    assert said.code == 0
    assert "0007_e.mp4: in quarantine/, of holiday for the chat family" in said.out
    assert "e.mp4 cannot be read. Save it anew." in said.out


def test_a_file_that_has_moved_on(tmp_path: Path, capsys: Capture) -> None:
    """A path that was right a moment ago still leads to the file."""
    config = story(tmp_path)
    said = telespool(capsys, config, "explain", f"{tmp_path}/spool/uploading/{JOB}/0006_d.jpg")
    assert "0006+17_d.jpg: in done/" in said.out
    assert "message 17" in said.out
    assert "its data was dropped" in said.out


def test_a_member_of_an_album(tmp_path: Path, capsys: Capture) -> None:
    """One photo of an album is told with the album's place."""
    config = story(tmp_path)
    said = telespool(capsys, config, "explain", "holiday/0002")
    assert "0002_IMG_2.jpg: in uploading/" in said.out
    assert "it is sent as soon as its turn comes" in said.out


def test_in_the_inbox(tmp_path: Path, capsys: Capture) -> None:
    """What lies in the inbox is told with the reason why it still does."""
    config = story(tmp_path)
    inbox = tmp_path / "spool" / "inbox"
    (inbox / "family").mkdir()
    (inbox / "empty.zip").touch()
    (inbox / "a.zip.part").write_bytes(b"1")
    (inbox / "family" / "b.zip").write_bytes(b"1")
    assert "is empty" in telespool(capsys, config, "explain", inbox / "empty.zip").out
    assert "looks unfinished" in telespool(capsys, config, "explain", inbox / "a.zip.part").out
    said = telespool(capsys, config, "explain", inbox / "family" / "b.zip").out
    assert "for the chat family" in said
    assert "it is taken once nothing has changed for 5 s" in said
    assert telespool(capsys, config, "explain", "b.zip").out == said
    (inbox / "family" / "notes.txt").write_text("some words")
    config.write_text(config.read_text() + '[chats.friend]\nto = "me"\nothers = "document"\n')
    (inbox / "friend").mkdir()
    (inbox / "friend" / "notes.txt").write_text("some words")
    family, friend = (
        telespool(capsys, config, "explain", inbox / chat / "notes.txt").out
        for chat in ("family", "friend")
    )
    assert "it goes to quarantine" in family
    assert "it is sent as a document" in friend


def test_rules_of_a_chat(tmp_path: Path, capsys: Capture) -> None:
    """What is foretold is so for the chat that is named, or whose folder it lies in; and which that is stands there."""
    config = story(tmp_path)
    shared = tmp_path / "sync"
    tables = '[chats.friend]\nto = "me"\nothers = "document"\n'
    tables += '[chats.forum]\nto = "me"\nsubfolders = "topics"\nothers = "document"\n'
    before = config.read_text()
    config.write_text(f'{before}{tables}[inbox.folders]\nfriend = "{shared}"\n')
    for place in (tmp_path, shared, tmp_path / "Rome", tmp_path / "spool/inbox"):
        place.mkdir(exist_ok=True)
        (place / "notes.txt").write_text("some words")

    def explain(*what: str | Path) -> str:
        return telespool(capsys, config, "explain", *what).out

    plain = explain(tmp_path / "notes.txt")
    assert "it goes to quarantine" in plain
    assert "for the chat default; other rules hold for forum, friend (--to CHAT)" in plain
    for what in (
        (tmp_path / "notes.txt", "--to", "friend"),
        (shared / "notes.txt",),
        (tmp_path / "spool/inbox/notes.txt", "--to", "friend"),
    ):
        friend = explain(*what)
        assert "for the chat friend; other rules hold for default, family, forum" in friend
        assert "it is sent as a document" in friend
    topic = explain(tmp_path / "Rome", "--to", "forum")
    assert "Rome: a topic of its name" in topic
    assert "for the chat forum/Rome" in topic
    inside = explain(tmp_path / "Rome/notes.txt", "--to", "forum/Rome", "--json")
    assert '"chat": "forum/Rome"' in inside
    (tmp_path / "spool/inbox/family").mkdir()
    assert "the folder of the chat family" in explain(tmp_path / "spool/inbox/family")
    said = telespool(capsys, config, "explain", tmp_path / "notes.txt", "--to", "nobody")
    assert "There is no chat nobody." in said.err
    said = telespool(capsys, config, "explain", JOB, "--to", "friend")
    assert "was dropped for its chat already" in said.err
    config.write_text(before)
    assert "for the chat" not in explain(tmp_path / "notes.txt")


def test_nothing_of_that_name(tmp_path: Path, capsys: Capture) -> None:
    """A name that is neither a file nor a job is answered with where to look."""
    said = telespool(capsys, story(tmp_path), "explain", "wedding")
    assert said.code == 1
    assert "no job of that name" in said.err


def test_a_password_beside_an_archive_unpacks_it(tmp_path: Path, capsys: Capture) -> None:
    """`telespool unpack` opens an archive with the password that lies beside it, as a drop of both would."""
    spool = make(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(b"1")
    pack_locked(tmp_path / "l.7z", tmp_path / "in")
    (tmp_path / "l.7z.password").write_text(SECRET)
    said = telespool(capsys, spool.config, "unpack", tmp_path / "l.7z", tmp_path / "out")
    assert said.code == 0
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [b"1"]
