"""A test Telegram on the machine, as a service of its own beside ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.systemd.machine import until

if TYPE_CHECKING:
    from tests.systemd.machine import Machine

_UNIT = "test-telegram.service"
_DIRECTORY = "/run/share/telegram"
SESSION = "/var/lib/telespool/telegram.session"


class Telegram:
    """Started with options of `tests.telegram_server`; what it was asked is in `calls`."""

    def __init__(self, machine: Machine, *options: str) -> None:
        self.machine = machine
        self._directory = machine.path(_DIRECTORY)
        self.stop()
        machine.run("rm", "-rf", _DIRECTORY)
        self._directory.mkdir()
        self._directory.chmod(0o755)
        machine.run(
            *("systemd-run", "--quiet", f"--unit={_UNIT}", "--collect"),
            *("--working-directory=/run/share/source", "--property=UMask=0022"),
            *("/opt/telespool/current/bin/python", "-m", "tests.telegram_server"),
            *("--info", f"{_DIRECTORY}/telegram.json", *options),
        )
        until((self._directory / "telegram.json").exists, "the test Telegram to start")
        self._info = json.loads((self._directory / "telegram.json").read_text())
        # Its own copy lies in /tmp, and the service has another one.
        machine.run("install", "-m", "0644", self._info["public_key"], f"{_DIRECTORY}/key.pem")

    def stop(self) -> None:
        """End it."""
        self.machine.run("systemctl", "stop", _UNIT, check=False)

    def log_in(self, path: str = SESSION) -> None:
        """Put the login of its first account where the service looks for it."""
        directory, session = path.rsplit("/", 1)[0], self._info["session"]
        own = ("-o", "telespool", "-g", "telespool")
        self.machine.run("install", "-d", *own, "-m", "0700", directory)
        self.machine.run("install", *own, "-m", "0600", session, path)

    @property
    def api_hash(self) -> str:
        """The secret of the application."""
        return str(self._info["api_hash"])

    @property
    def configuration(self) -> str:
        """What a configuration needs to post here; the chat is the account's own."""
        return f"""
[chats]
default = "me"
[telegram]
api_id = {self._info["api_id"]}
session = "{SESSION}"
connections = 1
[telegram.datacenter]
id = {self._info["dc_id"]}
address = "127.0.0.1:{self._info["port"]}"
public_key = "{_DIRECTORY}/key.pem"
"""

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call that is over, in order."""
        text = (self._directory / "telegram.calls.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def called(self, method: str) -> list[dict[str, Any]]:
        """The calls of one method."""
        return [call for call in self.calls if call["name"] == method]
