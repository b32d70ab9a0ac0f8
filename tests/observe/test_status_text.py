"""The status in words, of whatever there may be to tell."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from telespool.observe import status_text
from telespool.observe.status import Status
from telespool.runtime.waits import EVERYBODY
from telespool.spool.layout import FOLDERS, SpoolLayout
from telespool.spool.waiting import HELD
from tests.cli.support import JOB, make

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UPLOAD = {
    "job": JOB,
    "unit": "0001_a.mp4",
    "sent": 500,
    "total": 1000,
    "speed": 100,
    "seconds_left": 5,
}
CONVERSION = {
    "job": JOB,
    "unit": "0002_b.avi",
    "fraction": 0.25,
    "standing_still": False,
    "speed": 2.0,
    "seconds_left": 60,
}
HELPER: dict[str, object] = {
    "name": "attic",
    "pieces": 3,
    "speed": 1.5,
    "is_busy": True,
    "failures": 1,
    "failed_at": 1e9,
    "last_failure": "it slept",
    "again_at": 0.0,
}


def told(tmp_path: Path, files: Mapping[str, bytes], **known: Any) -> str:
    """The status of a spool with these files, of which this is known."""
    spool = make(tmp_path, files)
    status = Status.of(SpoolLayout(spool.root))
    return "\n".join(status_text.lines(replace(status, **known)))


def test_all_that_is_under_way(tmp_path: Path) -> None:
    """What the daemon says of itself, with pieces and helpers; what it does not say is told from the names."""
    text = told(
        tmp_path,
        {
            f"incoming/{JOB}/0000@1_a.zip": b"0",
            f"uploading/{JOB}/0001@1_a.mp4": b"0" * 5000,
            f"converting/{JOB}/0002@1_b.avi": b"0",
            f"converting/{JOB}/0002.segments/video-0001of0002_0-3196_5_1f9c2a7b.mp4": b"0",
        },
        daemon="running",
        process=7,
        activity={
            "unpacking": "a.zip",
            "upload": UPLOAD,
            "conversion": CONVERSION,
            "helpers": [
                HELPER | {"again_at": time.time() + 900},
                dict.fromkeys(HELPER, 0) | {"name": "cellar"},
            ],
        },
    )
    assert "the daemon runs (process 7)" in text
    assert "unpacking   a.zip" in text
    assert "50% of" in text
    assert "/s, 5 s left" in text
    assert "in all are to be sent, about" in text
    assert "25%, 1 piece finished, 2.0 x real time" in text
    assert "attic  3 pieces, 1.5 x real time, busy, failed at" in text
    assert "it slept, tried again at" in text
    assert "cellar  no piece yet" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fraction": None, "speed": None}, "just begun"),
        ({"standing_still": True}, "25%, stands still while files are sent"),
        ({"seconds_left": None}, "25%, 2.0 x real time"),
    ],
)
def test_conversions(changes: dict[str, Any], words: str) -> None:
    """As much is said as is known."""
    assert status_text.conversion_words(CONVERSION | changes, 0) == words


def test_uploads() -> None:
    """Of nothing all is sent; without a speed none is told."""
    nothing = UPLOAD | {"sent": 0, "total": 0, "speed": None, "seconds_left": None}
    assert status_text.upload_words(nothing) == "100% of 0 B"


@pytest.mark.parametrize(
    ("scope", "whom", "kind", "words"),
    [
        ("all", EVERYBODY, "network", "everything"),
        ("worker", "ffmpeg", "tool", "what needs ffmpeg"),
        ("job", "{JOB}", "person", "holiday"),
        ("unit", "{JOB}/0001_a.jpg", "disk", "holiday: 0001_a.jpg"),
        ("topic", "family/Trip", "flood", "topic Trip of family"),
        ("topic", "family/", "flood", "chat family"),
        ("chat", "family", "flood", "chat family"),
    ],
)
def test_who_waits(scope: str, whom: str, kind: str, words: str) -> None:
    """By the names that people know."""
    whom = whom.format(JOB=JOB)
    assert status_text.who_waits({"whom": whom, "scope": scope, "kind": kind}) == words


def test_all_that_waits(tmp_path: Path) -> None:
    """What waits with an end and without, what is held, what nobody takes, and how many more."""
    now = time.time()
    waits = [
        {"whom": "family", "scope": "chat", "kind": "flood", "until": now + 60, "reason": "slow"},
        {
            "whom": JOB,
            "scope": "job",
            "kind": "person",
            "until": None,
            "since": now,
            "reason": "held",
        },
    ]
    held = JOB.replace("holiday", "other")
    files = {f"deferred/{JOB}/{n:04d}@1_{n}.jpg": b"0" for n in range(1, 8)}
    files[f"deferred/{held}/0001@1_x.jpg"] = b"0"
    files |= {f"incoming/letter-{n}.txt": b"0" for n in range(7)}
    files[f"uploading/{JOB}/0009_a.jpg"] = b"0"
    files[f"uploading/{JOB}/nameless.jpg"] = b"0"
    files |= {f"inbox/empty-{n}.jpg": b"" for n in range(7)}
    spool = make(tmp_path, files)
    for path in (spool.root / "deferred").rglob("*.jpg"):
        until = HELD if path.name in {"0001@1_1.jpg", "0001@1_x.jpg"} else now + 600
        os.utime(path, (until, until))
    os.utime(spool.root / f"deferred/{JOB}/0002@1_2.jpg", (now - 60, now - 60))
    status = Status.of(SpoolLayout(spool.root))
    left = tuple(f"empty-{n}.jpg is empty" for n in range(7))
    status = replace(status, activity={"waits": waits}, left_in_inbox=left)
    text = "\n".join(status_text.lines(status))
    assert "chat family until" in text
    assert "holiday for 0 s now: held" in text
    assert "no longer, then it is tried again" in text
    assert "more\n" in text
    assert "inbox: 2 more are left there" in text
    assert "nobody takes it from there" in text
    assert "more lie where nobody takes them" in text


def test_a_wait_is_told_once(tmp_path: Path) -> None:
    """What the daemon says of a file, with its reason, is not said again by the file's time."""
    until = time.time() + 600
    files = [f"deferred/{JOB}/0001@1_a.jpg", f"deferred/{JOB}/0002@1_b.jpg"]
    spool = make(tmp_path, dict.fromkeys(files, b"0"))
    for name in files:
        os.utime(spool.root / name, (until, until))
    wait = {"scope": "unit", "kind": "disk", "until": until, "reason": "It is locked."}
    activity = {"waits": [wait | {"whom": f"{JOB}/0001_a.jpg"}]}
    status = replace(Status.of(SpoolLayout(spool.root)), activity=activity)
    text = "\n".join(status_text.waiting(status))
    assert text.count("0001_a.jpg") == text.count("It is locked.") == 1
    assert text.count("0002_b.jpg") == 1


@pytest.mark.parametrize("daemon", ["silent", "not running"])
def test_the_daemon(tmp_path: Path, daemon: str) -> None:
    """Whether it runs, and why it ended."""
    text = told(tmp_path, {}, daemon=daemon, process=7, ended=(1e9, "The disk went away."))
    assert ("but does not say" in text) == (daemon == "silent")
    assert "The disk went away." in text
    assert all(folder in text for folder in FOLDERS)


def test_what_a_person_moved_is_not_under_way(tmp_path: Path) -> None:
    """An album in quarantine/ or done/ keeps its mark, and nobody works on it; empty folders of chats and topics are no drops."""
    album = f"{JOB}/0001-0006@1_album/0001_a.jpg"
    files = {f"{folder}/{album}": b"1" for folder in ("quarantine", "done", "uploading")}
    spool = make(tmp_path, files)
    for folder in ("family", "forum/Rome", "forum/Paris"):
        (spool.root / "inbox" / folder).mkdir(parents=True)
    (spool.root / "inbox/forum/Rome/a.jpg").write_bytes(b"1")
    status = Status.of(SpoolLayout(spool.root), ("family", "forum"), ("forum",))
    assert [each.folder for each in status.under_way] == ["uploading"]
    assert status.inbox == 1
    assert "converting" not in "\n".join(status_text.under_way(status))


def test_links_and_pipes_among_units(tmp_path: Path) -> None:
    """They are no units, nor is a file without a number, nor a link a job: each is named as what it is."""
    album = "0004-0005_album"
    files = ["0001_a.jpg", f"{album}/0004_d.jpg", f"{album}/extra.jpg"]
    spool = make(tmp_path, {f"uploading/{JOB}/{name}": b"1" for name in files})
    job = spool.root / "uploading" / JOB
    (job / "0002_b.jpg").symlink_to(job / "0001_a.jpg")
    os.mkfifo(job / "0003_c.jpg")
    (job.parent / JOB.replace("holiday", "other")).symlink_to(job)
    status = Status.of(SpoolLayout(spool.root))
    text = "\n".join(status_text.waiting(status))
    assert status.shelf("uploading").units == 2
    assert f"uploading/{JOB}/{album}/extra.jpg: its name has no number" in text
    assert f"uploading/{JOB}/0002_b.jpg is a link: nobody follows or takes it" in text
    assert f"uploading/{JOB}/0003_c.jpg is a named pipe: " in text
    assert f"uploading/{JOB.replace('holiday', 'other')} is a link: " in text


def test_a_reason_that_is_a_list(tmp_path: Path) -> None:
    """Of a reason that goes on in lines the first of them is told as well."""
    note = b"These do not come out:\n  a.jpg\n  b.jpg\n"
    text = told(
        tmp_path,
        {f"quarantine/{JOB}/0000_a.zip": b"0", f"quarantine/{JOB}/0000_a.zip.txt": note},
    )
    assert "    These do not come out: a.jpg and 1 more" in text


def test_a_note_that_is_a_link(tmp_path: Path) -> None:
    """Nothing of what it leads to is told: who looks may read more than who made the link."""
    secret = tmp_path / "secret"
    secret.write_text("the root's own words")
    spool = make(tmp_path / "home", {f"quarantine/{JOB}/0009_x.jpg": b"1"})
    (spool.root / "quarantine" / JOB / "0009_x.jpg.txt").symlink_to(secret)
    status = Status.of(SpoolLayout(spool.root), {})
    assert "own words" not in str(status)
