"""What doctor finds on machines of every kind, asked in this process."""

from __future__ import annotations

import importlib
import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from telespool.config import loader
from telespool.doctor import chats, places, programs, system
from telespool.doctor.findings import ok
from telespool.errors import LoginNeeded, Permanent, Temporary
from telespool.observe import control_client
from telespool.spool.layout import FOLDERS
from telespool.spool.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.destinations.base import Destination
    from telespool.doctor.findings import Finding


def configured(root: Path, more: str = "") -> Config:
    """A configuration of a spool there."""
    text = f'[spool]\nroot = "{root}"\nreserve = "0 B"\n[chats]\ndefault = "me"\n{more}'
    return loader.parse(text, "config.toml")


def told(findings: Iterable[Finding]) -> dict[str, str]:
    """State and words by the name of each."""
    return {each.name: f"{each.state}: {each.found} {each.cure}" for each in findings}


def made(root: Path) -> Path:
    """The folders of a spool."""
    for name in (*FOLDERS, "tmp", "inbox"):
        (root / name).mkdir(parents=True)
    return root


@pytest.mark.parametrize(
    ("says", "state"),
    [
        ("LoadState=not-found", "note: telespool.service is not installed"),
        (
            "LoadState=loaded\nActiveState=failed\nResult=exit-code",
            "wrong: telespool.service has failed",
        ),
        ("LoadState=loaded\nActiveState=inactive", "note: telespool.service is inactive"),
        (
            "LoadState=loaded\nActiveState=active\nUnitFileState=disabled",
            "note: telespool.service runs, but not",
        ),
        (
            "LoadState=loaded\nActiveState=active\nUnitFileState=enabled",
            "ok: telespool.service runs",
        ),
    ],
)
async def test_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, state: str
) -> None:
    """What systemd says of the unit, with what to do."""
    program = tmp_path / "systemctl"
    program.write_text(f"#!/bin/sh\ncat <<END\n{says}\nEND\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(system, "_MANAGED", tmp_path)
    assert told([await system.service()])["service"].startswith(state)
    monkeypatch.setattr(system, "_MANAGED", tmp_path / "none")
    assert "not run by systemd" in told([await system.service()])["service"]


def test_the_clock() -> None:
    """One that stands in the past is wrong; else the kernel says whether somebody keeps it."""
    assert told([system.clock(0.0)])["clock"].startswith("wrong")
    assert not told([system.clock(time.time())])["clock"].startswith("wrong")


@pytest.mark.parametrize(
    ("missing", "more", "finding"),
    [
        ("cryptg", 'destination = "telegram"\n', "package cryptg"),
        (
            "Crypto.Cipher.AES",
            '[telegram]\nproxy = "mtproxy://127.0.0.1:1"\n',
            "package pycryptodome",
        ),
    ],
)
def test_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, more: str, finding: str
) -> None:
    """Each that is missing is named with how to install it."""
    real = importlib.import_module

    def imported(name: str, *rest: Any) -> Any:
        if name == missing:
            raise ImportError(name)
        return real(name, *rest)

    config = configured(tmp_path)
    if "proxy" in more:
        config = replace(config, telegram=replace(config.telegram, proxy="mtproxy:127.0.0.1:1"))
    else:
        config = replace(config, destination="telegram")
    monkeypatch.setattr(importlib, "import_module", imported)
    assert "-m pip install" in told(programs.python(config))[finding]
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert told(programs.python(configured(tmp_path)))["Python"].startswith("wrong: 3.9.1")


def program(folder: Path, name: str, script: str) -> str:
    """A program, by its path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


async def test_programs_that_are_not_there(tmp_path: Path) -> None:
    """ffmpeg, ffprobe and 7-Zip, missing or broken, each with how to install it."""
    config = configured(tmp_path)
    missing = replace(config.convert, ffmpeg="/no/ffmpeg")
    assert told(await programs.video_tools(missing))["ffmpeg"].startswith("wrong")
    broken = replace(config.convert, ffprobe=program(tmp_path, "ffprobe", "echo ffprobe version 1"))
    assert told(await programs.video_tools(broken))["ffprobe"].startswith("wrong")
    nothing = program(tmp_path, "ffmpeg", "echo nothing works >&2; exit 1")
    assert (
        "nothing works"
        in told([await programs.trial(replace(config.convert, ffmpeg=nothing))])["trial conversion"]
    )
    archives = replace(config, archives=replace(config.archives, command=("/no/7zz",)))
    assert "apt install 7zip" in told(await programs.seven_zip(archives))["7-Zip"]


async def test_photos_that_cannot_be_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first kind that fails is named."""
    (tmp_path / "photo.jpg").write_bytes(b"no photo")
    monkeypatch.setattr(programs, "SAMPLES", tmp_path)
    assert told([await programs.photos()])["photos"].startswith("wrong: .jpg")


async def test_helpers_that_do_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is named; nothing is wrong for that."""

    async def fine(_: object) -> Finding:
        return ok("trial conversion", "fine")

    monkeypatch.setattr(programs, "trial", fine)
    program(tmp_path, "ssh", "echo nobody is there >&2; exit 255")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    settings = replace(configured(tmp_path).convert, helpers=("attic",))
    assert told(await programs.conversions(settings))["helper attic"].startswith(
        "note: it cannot be reached"
    )


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spool and the inbox: not there, in the way, not writable, and as they should be."""
    root = tmp_path / "spool"
    config = configured(root)
    assert "is not there yet" in told(places.spool(config))["spool"]
    assert "is not there yet" in told(places.inbox(config))["inbox"]
    assert told(places.writers(config)) == {}
    root.mkdir()
    assert "not made yet" in told(places.spool(config))["one file system"]
    (root / "done").write_text("in the way")
    assert "not a folder" in told(places.spool(config))["spool"]
    (root / "done").unlink()
    (root / "inbox").write_text("in the way")
    assert "cannot be used" in told(places.inbox(config))["inbox"]
    (root / "inbox").unlink()
    made(root)
    for number in range(5):
        (root / "incoming" / f"letter-{number}").write_text("dear aunt")
    found = told(places.spool(config))
    assert "and 2 more: not Telespool's" in found["strangers"]
    assert found["one file system"].startswith("ok")
    assert told(places.inbox(config))["inbox"].startswith("ok")
    assert "who still writes" in told(places.writers(config))
    polling = replace(config, inbox=replace(config.inbox, polling=True))
    assert told(places.writers(polling))["who still writes"].startswith("note")
    monkeypatch.setattr(places, "_kind", lambda _: "nfs4")
    assert "sends no events" in told(places.inbox(config))["inbox events"]
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert "may not be written" in told(places.spool(config))["spool"]
    found = told(places.spool(configured(tmp_path / "other" / "spool")))
    assert "cannot be made" in found["spool"]


def test_room(tmp_path: Path) -> None:
    """Less than the reserve is wrong; little more is told."""
    config = configured(made(tmp_path / "spool"))
    state = os.statvfs(tmp_path)
    free = state.f_bavail * state.f_frsize
    for reserve, word in ((0, "ok"), (free // 2, "note"), (2 * free, "wrong")):
        with_reserve = replace(
            config, spool=replace(config.spool, reserve=type(config.spool.reserve)(reserve))
        )
        assert told([places.room(with_reserve)])["room"].startswith(word)


@pytest.mark.parametrize(
    ("watches", "instances", "polling", "word"),
    [
        ("1", "128", False, "wrong"),
        ("20", "128", False, "note"),
        ("9999", "1", False, "note"),
        ("9999", "128", False, "ok"),
        ("1", "1", True, "ok"),
        ("many", "1", False, "note"),
    ],
)
def test_inotify(tmp_path: Path, watches: str, instances: str, polling: bool, word: str) -> None:
    """What the kernel allows, against what is needed."""
    limits = tmp_path / "proc/sys/fs/inotify"
    limits.mkdir(parents=True)
    (limits / "max_user_watches").write_text(watches)
    (limits / "max_user_instances").write_text(instances)
    config = configured(made(tmp_path / "spool"))
    config = replace(config, inbox=replace(config.inbox, polling=polling))
    assert told([places.events(config, tmp_path / "proc")])["inotify"].startswith(word)


def test_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That runs not, ended with a word, holds the spool in silence, or waits."""
    root = made(tmp_path / "spool")
    config = configured(root)
    assert "does not run" in told([places.daemon(config)])["daemon"]
    assert told(places.waits(config)) == {}
    lock = Lock(root / "lock")
    lock.take()
    assert "does not answer" in told([places.daemon(config)])["daemon"]
    waits = [
        {"kind": "disk", "until": None, "reason": "full"},
        {"kind": "flood", "until": 1e9, "reason": "slow"},
    ]
    monkeypatch.setattr(control_client, "look", lambda *_: {"waits": waits})
    assert told([places.daemon(config)])["daemon"].startswith("ok")
    found = [each.state for each in places.waits(config)]
    assert found == ["wrong", "note"]
    lock.leave_word("The session was ended.")
    lock.release()
    assert "The session was ended." in told([places.daemon(config)])["daemon"]


class _Chat:
    """A destination that answers so."""

    def __init__(self, answer: str | Exception) -> None:
        self._answer = answer

    async def check(self, _: str) -> str:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "name", "state", "cure"),
    [
        ("Family", "chat default", "ok: me: Family", ""),
        (
            Permanent("No such chat."),
            "chat default",
            "wrong: No such chat.",
            "Correct chats.default",
        ),
        (
            Temporary("Wait.", kind="flood", scope="chat"),
            "chat default",
            "note: Wait.",
            "goes on by itself",
        ),
        (
            Temporary("Wait.", kind="flood", scope="all"),
            "Telegram",
            "wrong: Wait.",
            "goes on by itself",
        ),
        (
            Temporary("Limited.", kind="account", scope="all"),
            "Telegram",
            "wrong: Limited.",
            "@SpamBot",
        ),
        (
            Temporary("Away.", kind="network", scope="all"),
            "Telegram",
            "wrong: Away.",
            "Is the network up",
        ),
        (LoginNeeded("Log in."), "Telegram", "wrong: Log in.", "login"),
    ],
)
async def test_chats(
    tmp_path: Path, answer: str | Exception, name: str, state: str, cure: str
) -> None:
    """What concerns everybody is no chat's fault."""
    config = configured(tmp_path)
    destination: Destination = _Chat(answer)  # type: ignore[assignment]
    answers = {"default": await chats.of_chat(destination, config, "default")}
    found = told(chats.told(answers, config))
    assert found[name].startswith(state)
    assert cure in found[name]
    if name == "Telegram":
        assert "was not looked at" in found["chat default"]
    keys = [
        {"key": "topic", "found": "there", "cure": ""},
        {"key": "silent", "found": "not allowed", "cure": "ask for it"},
    ]
    found = told(chats.told({"default": {"title": "x", "keys": keys}}, config))
    assert found["chat default, topic"].startswith("ok")
    assert "Ask for it" in found["chat default, silent"]
    proxied = replace(config, telegram=replace(config.telegram, proxy="socks5://127.0.0.1:1"))
    assert "telegram.proxy" in chats.cure_of_all(proxied)
