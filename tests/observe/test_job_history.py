"""The history of a job in words, whatever state its parts are in."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from telespool.config import loader
from telespool.observe import control_client
from telespool.observe.job_history import JobHistory
from telespool.pipeline.captions.text import CaptionText
from telespool.spool.layout import SpoolLayout
from telespool.spool.lock import Lock
from telespool.spool.waiting import HELD
from tests.cli.support import make
from tests.jobs import job_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

JOB = job_name("family+Trip_holiday")


def history(tmp_path: Path, files: Mapping[str, bytes], more: str = "") -> JobHistory:
    """What is told of a job that lies so."""
    spool = make(
        tmp_path, {name.replace("/", f"/{JOB}/", 1): data for name, data in files.items()}, more
    )
    return JobHistory.of(SpoolLayout(spool.root), loader.load(spool.config), JOB)


@pytest.mark.parametrize(
    ("name", "state", "words"),
    [
        ("incoming/0000_a.zip", "unpacking", "it is unpacked next"),
        ("incoming/0000@1_a.zip", "unpacking", "its members are sorted"),
        ("uploading/0001@1_a.jpg", "sending", "it is being sent"),
        ("uploading/0001_a.as-document.jpg", "ready", "as a document"),
        ("deferred/0001_a.avi", "converts", "it is converted when"),
        ("deferred/0001-0002=0001_open/0001=0001_a.jpg", "waiting", "for what is converted"),
        ("deferred/0001-0002c_open/0001c_a.mp4", "waiting", "for others to fill it"),
        ("deferred/0001@1_a.jpg", "waiting", "its wait is over"),
        ("converting/0001@2_a.avi", "converting", "attempt 2 of"),
        ("done/0001+5_a.jpg", "sent", "message 5"),
        ("done/0001c+5_a.mp4", "recovered", "a converted copy"),
        ("done/0001o_a.avi", "kept", "the original, its copy was sent"),
        ("done/0000_a.zip", "kept", "the drop itself; kept, since nothing proves"),
        ("done/0001_a.jpg", "withdrawn", "moved to done/ by hand; not sent"),
        ("done/0001c@1_a.mp4", "withdrawn", "moved to done/ by hand; not sent"),
        ("quarantine/0001_a.jpg", "refused", "there is no note that says why"),
    ],
)
def test_a_part(tmp_path: Path, name: str, state: str, words: str) -> None:
    """Its state in a word, and what that means."""
    (part,) = history(tmp_path, {name: b"1"}).parts
    assert part.state == state
    assert words in part.sentence


@pytest.mark.parametrize(
    ("copy", "words"),
    [
        ("done/0001c+5_a.mp4", "its copy is sent"),
        ("uploading/0001c_a.mp4", "finished and goes out next"),
        ("deferred/0001-0002c_open/0001c_a.mp4", "waits for others"),
    ],
)
def test_an_original_whose_copy_is_made(tmp_path: Path, copy: str, words: str) -> None:
    """It leaves after its copy."""
    found = history(tmp_path, {"converting/0001@1_a.avi": b"1", copy: b"1"})
    assert any(words in part.sentence for part in found.parts)


@pytest.mark.parametrize(
    ("files", "end"),
    [
        ({"uploading/0001_a.jpg": b"1"}, "It is not over"),
        ({}, "Nothing of it is left."),
        ({"done/0001+5_a.jpg": b""}, "all of it was sent."),
        ({"done/0001+5_a.jpg": b"", "quarantine/0002_b.jpg": b"1"}, "What was refused stays"),
        ({"done/0001+5_a.jpg": b"", "done/notes.txt": b"a.jpg: less\n"}, "What is not whole"),
        (
            {"done/0001+5_a.jpg": b"", "done/skipped.txt": b"b: empty\n"},
            "All but what was left out",
        ),
        (
            {
                "done/0001+5_a.jpg": b"",
                "done/members.txt": f"0002 0 1 {'a' * 64} b.jpg\n".encode(),
            },
            "but for what is not accounted for",
        ),
        (
            {
                "done/0001+5_a.jpg": b"",
                "done/members.txt": f"0002 0 1 {'a' * 64} b.jpg\ncomplete\n".encode(),
            },
            "What was withdrawn by hand was not sent.",
        ),
        ({"deferred/0001@held_a.jpg": b"1"}, "what is held stays until you let it go"),
        (
            {"deferred/0001@held_a.jpg": b"1", "deferred/0002_b.avi": b"2"},
            "goes on by itself while the daemon runs, but for what is held: telespool retry",
        ),
        ({"deferred/0002_b.avi": b"2"}, "goes on by itself while the daemon runs."),
        (
            {
                "done/0001+5_a.jpg": b"",
                "done/skipped.txt": f"a.txt: {CaptionText('Ä', 'x').said}".encode(),
            },
            "all of it was sent",
        ),
    ],
)
def test_the_end(tmp_path: Path, files: dict[str, bytes], end: str) -> None:
    """The last line says whether a person must do something."""
    lines = [*history(tmp_path, files).lines()]
    assert end in lines[-1]
    assert "topic Trip" in lines[1]


def test_many_are_counted(tmp_path: Path) -> None:
    """A dozen are named, and how many more there are; of those that are held, how to let them go."""
    spool = make(tmp_path, {f"deferred/{JOB}/{n:04d}@1_{n}.jpg": b"1" for n in range(1, 20)})
    for path in (spool.root / "deferred").rglob("*.jpg"):
        until = HELD if path.name < "0010" else time.time() + 900
        os.utime(path, (until, until))
    found = JobHistory.of(SpoolLayout(spool.root), loader.load(spool.config), JOB)
    text = "\n".join(found.lines())
    assert f"a person holds it; to let it go: telespool retry {JOB}" in text
    assert "it is tried again at" in text
    many = replace(found, skipped=tuple(f"{n}: empty" for n in range(20)))
    assert "and 8 more (all of them: --json)" in "\n".join(many.lines())


def test_what_the_daemon_says_it_waits_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what concerns this job is told."""
    spool = make(tmp_path, {f"uploading/{JOB}/0001_a.jpg": b"1"})
    scopes: list[tuple[str, str, str]] = [
        ("all", "*", "network"),
        ("worker", "intake", "disk"),
        ("worker", "ffmpeg", "tool"),
        ("chat", "family", "flood"),
        ("chat", "others", "flood"),
        ("topic", "family/Trip", "flood"),
        ("topic", "family/", "flood"),
        ("job", JOB, "room"),
        ("unit", f"{JOB}/0001_a.jpg", "disk"),
        ("drop", "a.zip", "room"),
    ]
    waits: list[dict[str, Any]] = [
        {"scope": scope, "whom": whom, "kind": kind, "until": 1e9, "reason": f"{scope} {whom}"}
        for scope, whom, kind in scopes
    ]
    monkeypatch.setattr(control_client, "look", lambda *_: {"waits": waits})
    lock = Lock(spool.root / "lock")
    lock.take()
    found = JobHistory.of(SpoolLayout(spool.root), loader.load(spool.config), JOB)
    lock.release()
    assert [wait["reason"] for wait in found.waits] == [
        "all *",
        "worker intake",
        "chat family",
        "topic family/Trip",
        f"job {JOB}",
        f"unit {JOB}/0001_a.jpg",
    ]
    assert "Waits until" in "\n".join(found.lines())
    assert found.to_json()["topic"] == "Trip"


@pytest.mark.parametrize(("policy", "kept"), [("keep", 2), ("clutter", 1), ("forget", 0)])
def test_why_a_drop_is_kept(tmp_path: Path, policy: str, kept: int) -> None:
    """What was left out and went nowhere else keeps it, as the configuration says."""
    account = "- a.txt\tneither a photo nor a video\n- .DS_Store\thidden\n- x\tempty\ncomplete\n"
    files = {"done/0000_a.zip": b"1", "done/members.txt": account.encode()}
    more = f'[retention]\nleft_out = "{policy}"\n'
    (part,) = history(tmp_path, files, more).parts
    assert ("went nowhere else" in part.sentence) == bool(kept)
    if kept:
        assert f"since {kept} file" in part.sentence
