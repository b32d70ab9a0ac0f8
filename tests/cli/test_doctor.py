"""telespool doctor finds what is wrong, each thing with its cure, and is content with what is right."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import through
from tests.harness import Home, eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


async def doctor(home: Home, **environment: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Its exit code and its findings by name; of several the worst."""
    process = await asyncio.create_subprocess_exec(
        *home.command("doctor", "--json"),
        env=home.environment | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert not err, err.decode()
    findings: dict[str, dict[str, str]] = {}
    for each in json.loads(out)["findings"]:
        before = findings.get(each["name"])
        if before is None or before["state"] != "wrong":
            findings[each["name"]] = each
    return process.returncode or 0, findings


def made(home: Home) -> None:
    """The folders that the first start makes."""
    for folder in ("incoming", "uploading", "deferred", "converting", "done", "quarantine", "tmp"):
        (home.spool / folder).mkdir(exist_ok=True)
    home.session.chmod(0o600)  # as telespool login leaves it


def program(home: Home, name: str, script: str) -> str:
    """A program of this name; the PATH with which it is found first."""
    directory = home.directory / "bin"
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"


def setting(home: Home, table: str, line: str) -> None:
    """Change the configuration; `line` takes the place of one with its key."""
    key = line.partition(" ")[0]
    lines = [
        each for each in home.config.read_text().splitlines() if not each.startswith(f"{key} ")
    ]
    if f"[{table}]" not in lines:
        lines.append(f"[{table}]")
    lines.insert(lines.index(f"[{table}]") + 1, line)
    home.config.write_text("\n".join(lines) + "\n")


async def test_what_is_right(home: Home) -> None:
    """A complete installation has no fault: exit 0, each chat by its title, a film converted."""
    made(home)
    code, findings = await doctor(home)
    assert code == 0, findings
    assert findings["login"]["found"].startswith("Ada")
    assert findings["chat family"]["found"] == "@family: Family"
    assert findings["trial conversion"]["state"] == "ok"


@pytest.mark.parametrize("runs", [False, True])
async def test_a_dead_proxy_is_no_chats_fault(home: Home, unused_tcp_port: int, runs: bool) -> None:
    """What keeps Telegram from being asked is told once, with its cure; nobody is sent to correct the chats."""
    made(home)
    setting(home, "telegram", f'proxy = "socks5://127.0.0.1:{unused_tcp_port}"')
    async with home.working() if runs else contextlib.nullcontext() as service:
        if service is not None:
            await eventually(lambda: service.activity.waits.now(service.spool.clock()))
        code, findings = await doctor(home)
    assert code == 1
    blamed = findings["Telegram" if runs else "login"]
    assert "Nothing answers at the proxy" in blamed["found"]
    assert "telegram.proxy" in blamed["cure"]
    wrong = [each["name"] for each in findings.values() if each["state"] == "wrong"]
    assert [name for name in wrong if name.startswith("chat")] == []


@dataclass(frozen=True)
class Fault:
    """What is done, and the finding that must name it: its check, words of it, words of the cure."""

    do: Callable[[Home, Any], dict[str, str] | None]
    check: str
    found: str
    cure: str


def _mistake(home: Home, _telegram: Any) -> None:
    setting(home, "convert", "crf = 99")


def _open_secret(home: Home, _telegram: Any) -> None:
    secret = home.config.parent / "secrets" / "api-hash"
    secret.parent.mkdir()
    secret.write_text("0123\n")
    secret.chmod(0o644)


def _no_ffmpeg(home: Home, _telegram: Any) -> None:
    setting(home, "convert", 'ffmpeg = "ffmpeg-that-is-not-there"')


def _no_encoder(home: Home, _telegram: Any) -> None:
    setting(home, "convert", 'encoder = "h264_of_nobody"')


def _broken_encoder(home: Home, _telegram: Any) -> dict[str, str]:
    real = f'exec "{_which("ffmpeg")}" "$@"'
    script = f'case "$*" in *libx264*) echo "x264 is broken" >&2; exit 1;; *) {real};; esac'
    return {"PATH": program(home, "ffmpeg", script)}


def _which(name: str) -> str:
    found = shutil.which(name)
    assert found
    return found


def _no_7zip(home: Home, _telegram: Any) -> None:
    setting(home, "archives", 'command = ["7z-that-is-not-there"]')


def _no_rar(home: Home, _telegram: Any) -> dict[str, str]:
    script = 'echo; echo "7-Zip (z) 22.01 (x64)"; echo; echo " 0  7z"'
    setting(home, "archives", 'command = ["7-without-rar"]')
    return {"PATH": program(home, "7-without-rar", script)}


def _a_file_for_a_folder(home: Home, _telegram: Any) -> None:
    (home.spool / "deferred").rmdir()
    (home.spool / "deferred").write_text("")


def _two_file_systems(home: Home, _telegram: Any) -> None:
    memory = Path("/dev/shm")  # noqa: S108 - a file system of its own
    other = memory / f"telespool-{os.getpid()}-{home.directory.parent.name}"
    if not other.parent.is_dir() or other.parent.stat().st_dev == home.spool.stat().st_dev:
        pytest.skip("there is no second file system here")
    other.mkdir(exist_ok=True)
    (home.spool / "done").rmdir()
    (home.spool / "done").symlink_to(other)


def _no_room(home: Home, _telegram: Any) -> None:
    setting(home, "spool", 'reserve = "4096 TiB"')


def _no_login(home: Home, _telegram: Any) -> None:
    home.session.unlink()


def _revoked(_home: Home, telegram: TestTelegram) -> None:
    telegram.revoke("user")


def _open_login(home: Home, _telegram: Any) -> None:
    home.session.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP)


def _forbidden(_home: Home, telegram: TestTelegram) -> None:
    telegram.chat("family").forbidden = "CHAT_WRITE_FORBIDDEN"


def _unknown_chat(home: Home, _telegram: Any) -> None:
    setting(home, "chats", 'wedding = "@nobody_here"')


def _clock(_home: Home, telegram: TestTelegram) -> None:
    telegram.clock_offset = 4000.0


def _inbox_is_a_file(home: Home, _telegram: Any) -> None:
    home.inbox.rmdir()
    home.inbox.write_text("")


def _no_cryptg(home: Home, _telegram: Any) -> dict[str, str]:
    directory = home.directory / "site"
    directory.mkdir()
    (directory / "cryptg.py").write_text("raise ImportError('No module named cryptg')\n")
    return {"PYTHONPATH": f"{directory}:{home.environment['PYTHONPATH']}"}


FAULTS = {
    "a mistake in the configuration": Fault(
        _mistake, "configuration", "from 1 to 51", "check-config"
    ),
    "a secret that others can read": Fault(
        _open_secret, "configuration", "chmod 600", "Correct it"
    ),
    "no ffmpeg": Fault(
        _no_ffmpeg, "ffmpeg-that-is-not-there", "not installed", "apt install ffmpeg"
    ),
    "no encoder": Fault(
        _no_encoder, "encoder h264_of_nobody", "does not have it", "[convert] encoder"
    ),
    "an encoder that fails": Fault(_broken_encoder, "ffmpeg", "x264 is broken", "ffmpeg"),
    "no 7-Zip": Fault(_no_7zip, "7-Zip", "not found", "apt install 7zip"),
    "no RAR": Fault(_no_rar, "RAR", "without RAR", "fetch-7zip"),
    "no cryptg": Fault(_no_cryptg, "package cryptg", "cryptg", "pip install cryptg"),
    "a file for a folder": Fault(_a_file_for_a_folder, "spool", "not a folder", "Move it away"),
    "two file systems": Fault(
        _two_file_systems, "one file system", "nothing can be moved", "no mounts"
    ),
    "an inbox that is none": Fault(_inbox_is_a_file, "inbox", "cannot be used", "must be a folder"),
    "no room": Fault(_no_room, "room", "are kept free", "Free some space"),
    "nobody logged in": Fault(_no_login, "login", "nobody has logged in", "telespool login"),
    "a login that was ended": Fault(_revoked, "login", "login", "telespool login"),
    "a login that others can read": Fault(_open_login, "login file", "by others", "chmod 600"),
    "a chat without the right to post": Fault(
        _forbidden, "chat family", "but not post", "right to post"
    ),
    "a chat that is not there": Fault(
        _unknown_chat, "chat wedding", "@nobody_here", "chats.wedding"
    ),
    "a clock that is off": Fault(_clock, "clock", "behind Telegram's", "set-ntp"),
}


GROUPS = (
    ("a mistake in the configuration",),
    ("a secret that others can read",),
    (
        "no ffmpeg",
        "no 7-Zip",
        "no room",
        "a file for a folder",
        "an inbox that is none",
        "nobody logged in",
    ),
    ("no encoder", "no RAR", "no cryptg", "two file systems", "a login that others can read"),
    ("an encoder that fails", "a login that was ended"),
    ("a chat without the right to post", "a chat that is not there", "a clock that is off"),
)
"""Faults that are made at once: a run of doctor takes seconds, and none of these hides another."""


def test_each_fault_is_made() -> None:
    """No fault is forgotten in the groups."""
    assert sorted(name for group in GROUPS for name in group) == sorted(FAULTS)


@pytest.mark.parametrize("group", GROUPS, ids=" and ".join)
async def test_faults(home: Home, telegram: TestTelegram, group: tuple[str, ...]) -> None:
    """Each deliberate fault is found by its check, with what to do, and nothing else is; the exit code is 1."""
    made(home)
    environment: dict[str, str] = {}
    for name in group:
        environment |= FAULTS[name].do(home, telegram) or {}
    try:
        code, findings = await doctor(home, **environment)
    finally:
        if (home.spool / "done").is_symlink():
            shutil.rmtree((home.spool / "done").readlink())
    for name in group:
        fault = FAULTS[name]
        finding = findings[fault.check]
        assert fault.found in finding["found"]
        assert fault.cure in finding["cure"]
        # RAR is for those who drop it: worth knowing, not wrong.
        assert finding["state"] == ("note" if name == "no RAR" else "wrong")
    assert code == 1
    wrong = {each["name"] for each in findings.values() if each["state"] == "wrong"}
    follow = {"trial conversion", "login", "one file system"}  # what is wrong because of another
    assert wrong <= {FAULTS[name].check for name in group} | follow


async def test_no_network(home: Home, telegram: TestTelegram) -> None:
    """Where Telegram cannot be reached, it says so and what to look at."""
    made(home)
    await telegram.pause()
    code, findings = await doctor(home)
    assert code == 1
    said, cure = "No connection to Telegram", "network"
    if through.THROUGH:
        said, cure = through.UNREACHABLE[through.THROUGH], "telegram.proxy"
    assert said in findings["login"]["found"]
    assert cure in findings["login"]["cure"]


async def test_while_the_daemon_runs(home: Home, telegram: TestTelegram) -> None:
    """The daemon has the login, so it is asked to ask for the chats: its findings are the same."""
    telegram.chat("family").forbidden = "CHAT_WRITE_FORBIDDEN"
    async with home.working():
        await telegram.until(lambda: telegram.calls_of("users.getUsers"))
        code, findings = await doctor(home)
    assert findings["daemon"]["state"] == "ok"
    assert findings["login"] == {
        "name": "login",
        "state": "ok",
        "found": "the running daemon has it",
        "cure": "",
    }
    assert findings["chat friend"]["found"] == "@grace: Grace"
    assert "but not post" in findings["chat family"]["found"]
    assert code == 1


async def test_a_daemon_that_hangs(home: Home) -> None:
    """A process that holds the spool and does not answer is named."""
    made(home)
    with (home.spool / "lock").open("w") as lock:
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        await eventually((home.spool / "lock").exists)
        code, findings = await doctor(home)
    assert code == 1
    assert (
        f"process {os.getpid()} holds the spool but does not answer" in findings["daemon"]["found"]
    )
    assert "journalctl" in findings["daemon"]["cure"]
