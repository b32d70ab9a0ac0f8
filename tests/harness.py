"""The real daemon against the test Telegram, with a spool of its own.

    with TelegramProcess(tmp_path / "telegram") as telegram:      # or: async with TestTelegram() as telegram
        home = Home.for_process(tmp_path / "home", telegram)
        home.drop(archive, "family")
        assert home.run().code == 0                               # telespool run --until-idle
        assert home.lying("quarantine") == []

`Home` writes a configuration whose waits are short and whose login is one that the server already knows. The daemon runs
as a process (`run`, `start`), with all its children, or inside the test (`inside`).
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from telespool.config import loader
from telespool.config.secrets import Secrets
from telespool.destinations.telegram import TelegramDestination
from telespool.service.service import Service
from telespool.spool.names import Unit
from tests import through
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from telespool.destinations.telegram.rpc import RetryPolicy
    from tests.telegram_server import TestTelegram
    from tests.telegram_server.control import TelegramProcess

ROOT = Path(__file__).resolve().parents[1]
CHATS = {"default": "@media", "family": "@family", "friend": "@grace"}
FOLDERS = ("incoming", "uploading", "deferred", "converting", "done", "quarantine")

_SETTINGS: dict[str, dict[str, object]] = {
    "spool": {"reserve": "0 B"},
    "inbox": {"settle": "0s", "rescan": "0.5s"},
    "send": {"retry_min": "0.2s", "retry_max": "1s"},
    "convert": {"preset": "ultrafast", "nice": 0},
    "telegram": {"connections": 2, "part_timeout": "2s"},
    "log": {"format": "json"},
}


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run of the daemon ended: its exit code and the lines of its log."""

    code: int
    output: str
    lines: list[dict[str, Any]] = field(default_factory=list)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines of one event."""
        return [line for line in self.lines if line.get("event") == name]


class Home:
    """A spool, a configuration and a login, for one daemon."""

    def __init__(
        self,
        directory: Path,
        *,
        address: str,
        public_key: Path,
        application: tuple[int, str],
        settings: Mapping[str, Mapping[str, object]] | None = None,
        chats: Mapping[str, str] = CHATS,
    ) -> None:
        self.directory = directory
        self.spool = directory / "spool"
        self.inbox = self.spool / "inbox"
        self.state = directory / "state"
        self.config = directory / "config.toml"
        self.log = directory / "log.jsonl"
        self._api_hash = application[1]
        for path in (self.inbox, self.state):
            path.mkdir(parents=True, exist_ok=True)
        tables = {name: dict(values) for name, values in _SETTINGS.items()}
        tables["spool"]["root"] = str(self.spool)
        tables["telegram"] |= {"api_id": application[0], "session": str(self.session)}
        for name, values in (settings or {}).items():
            tables.setdefault(name, {}).update(values)
        self._tables = tables
        tables["telegram.datacenter"] = {
            "id": 2,
            "address": address,
            "public_key": str(public_key),
        }
        self.use_chats(chats)

    def use_chats(self, chats: Mapping[str, str]) -> None:
        """Write the configuration with these chats."""
        tables: dict[str, Mapping[str, object]] = {**self._tables, "chats": dict(chats)}
        text = 'destination = "telegram"\n'
        for name, values in tables.items():
            text += f"\n[{name}]\n"
            text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        self.config.write_text(text, encoding="utf-8")

    @property
    def session(self) -> Path:
        """The login."""
        return self.state / "telegram.session"

    @classmethod
    def beside(cls, directory: Path, telegram: TestTelegram, **more: Any) -> Home:
        """A home logged in to a server of this process."""
        home = cls(
            directory,
            address=f"{telegram.host}:{telegram.port}",
            public_key=telegram.public_key,
            application=(telegram.API_ID, telegram.API_HASH),
            **more,
        )
        telegram.session_file(home.session)
        if way := through.proxy(telegram):
            home._tables["telegram"]["proxy"] = way
            home.use_chats(more.get("chats", CHATS))
        return home

    @classmethod
    def for_process(cls, directory: Path, telegram: TelegramProcess, **more: Any) -> Home:
        """A home logged in to a server of another process."""
        home = cls(
            directory,
            address=f"127.0.0.1:{telegram.port}",
            public_key=telegram.public_key,
            application=(telegram.info["api_id"], telegram.info["api_hash"]),
            **more,
        )
        telegram.do("session_file", str(home.session))
        return home

    # the spool, from outside

    def drop(self, source: Path, chat: str = "", name: str | None = None) -> Path:
        """Put a file or folder into the inbox, as `mv` does: complete from the first moment."""
        target = self.inbox / chat / (name or source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = self.directory / f".{target.name}"
        if source.is_dir():
            shutil.copytree(source, staged)
        else:
            shutil.copyfile(source, staged)
        staged.rename(target)
        return target

    def lying(self, folder: str) -> list[str]:
        """The files in a folder of the spool, as paths below it; without notes and reports."""
        root = self.spool / folder
        paths = (path for path in _files(root) if not _is_note(path))
        return sorted(
            str(path.relative_to(root)) for path in paths if Unit.parse(path.name) is not None
        )

    def notes(self) -> dict[str, str]:
        """What the quarantine says, by file."""
        notes = (path for path in _files(self.spool / "quarantine") if path.suffix == ".txt")
        return {path.name.removesuffix(".txt"): path.read_text() for path in notes}

    def at_work(self) -> list[str]:
        """What still lies in the working folders; looked at twice, so that nothing slips by from one to another."""
        working = ("inbox", "incoming", "uploading", "deferred", "converting") * 2
        paths = {path for folder in working for path in _files(self.spool / folder)}
        return sorted(str(path.relative_to(self.spool)) for path in paths)

    @property
    def _secrets(self) -> dict[str, str]:
        """What the daemon must know and the configuration does not say."""
        known = {"TELESPOOL_API_HASH": self._api_hash}
        if key := through.secret():
            known["TELESPOOL_PROXY_SECRET"] = key
        return known

    # the daemon as a process

    @property
    def environment(self) -> dict[str, str]:
        """What the process is given."""
        return {
            **{key: value for key, value in os.environ.items() if "TELESPOOL" not in key},
            **self._secrets,
            "STATE_DIRECTORY": str(self.state),
            "PYTHONPATH": str(ROOT),
        }

    def command(self, *arguments: str) -> list[str]:
        """The command line of `telespool`."""
        command, *rest = arguments
        return [sys.executable, "-m", "telespool.cli.main", command, "-c", str(self.config), *rest]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `telespool run`; its log is appended to `log`."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command("run", *arguments),
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, timeout: float = 60.0) -> Finished:
        """`telespool run --until-idle`, to its end; killed with its children after `timeout` seconds."""
        start = self.log.stat().st_size if self.log.exists() else 0
        process = self.start("--until-idle")
        try:
            code = process.wait(longest(timeout))
        except subprocess.TimeoutExpired:
            kill(process.pid)
            process.wait()
            code = -9
        with self.log.open("rb") as log:
            log.seek(start)
            output = log.read().decode(errors="replace")
        return Finished(code, output, list(_parsed(output.splitlines())))

    def command_output(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of telespool, such as `status --json`."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    # the daemon inside the test

    def service(self, *, patience: RetryPolicy | None = None) -> Service:
        """The daemon with its real destination, to be run in this process."""
        config = loader.load(self.config)
        secrets = Secrets.read(self.config, self._secrets)
        destination = TelegramDestination(
            config.telegram, config.chats, secrets, self.state, patience=patience
        )
        return Service(config, destination, secrets)

    async def inside(self, *, patience: RetryPolicy | None = None, timeout: float = 60.0) -> None:
        """Run the daemon in this process until it is idle."""
        async with asyncio.timeout(longest(timeout)):
            await self.service(patience=patience).run(until_idle=True)

    @asynccontextmanager
    async def working(self, *, patience: RetryPolicy | None = None) -> AsyncIterator[Service]:
        """The daemon at work in this process while the `async with` lasts."""
        service = self.service(patience=patience)
        test = asyncio.current_task()
        assert test is not None

        async def work() -> None:
            try:
                await service.run()
            except Exception:
                test.cancel()  # it must not wait for what a dead daemon would have done
                raise

        task = asyncio.ensure_future(work())
        try:
            yield service
        finally:
            if not task.done():
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _files(root: Path) -> list[Path]:
    """The files below a folder; what is renamed meanwhile is passed over, where `Path.rglob` would raise."""
    return [Path(folder, name) for folder, _, names in os.walk(root) for name in names]


def _is_note(path: Path) -> bool:
    return path.suffix == ".txt" and path.with_suffix("").exists()


def kill(pid: int, *, children: bool = True) -> int:
    """kill -9 a process and everything it has started, at one moment; how many were killed."""
    try:
        process = psutil.Process(pid)
        process.suspend()  # so that nothing new is started between looking and killing
        victims = [process, *(process.children(recursive=True) if children else [])]
    except psutil.NoSuchProcess:
        return 0
    killed = 0
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
            killed += 1
    return killed


async def eventually(condition: Any, timeout: float = 30.0) -> None:
    """Wait until something is true of files or processes, which send no events."""
    end = time.monotonic() + longest(timeout)
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it did not come true")
        await asyncio.sleep(0.02)


def _parsed(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    for line in lines:
        with suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value
