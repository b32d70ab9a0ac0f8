"""The service as an administrator and a member of the group see it: units, drops, folders, the journal."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from tests.systemd.machine import Machine, until

SPOOL = "/var/spool/telespool"
CONFIG = "/etc/telespool/config.toml"
FOLDERS = ("inbox", "incoming", "uploading", "deferred", "converting", "done", "quarantine")

PLAIN = """
destination = "folder"
[spool]
reserve = "1 MiB"
[inbox]
settle = "200ms"
rescan = "1s"
[folder]
path = "/var/spool/telespool-posts"
"""


class Service:
    """One unit, `telespool.service` unless it is another, on a machine where it is installed."""

    def __init__(
        self, machine: Machine, unit: str = "telespool.service", spool: str = SPOOL
    ) -> None:
        self.machine = machine
        self.unit = unit
        self.inside = spool
        self.spool = machine.path(spool)

    def reset(self) -> None:
        """Stop it, empty its spool, take back what `edit` changed, and configure it for a trial run."""
        run = self.machine.run
        run("systemctl", "stop", self.unit, check=False)
        run("systemctl", "reset-failed", self.unit, check=False)
        run("rm", "-rf", f"/run/systemd/system/{self.unit}.d", "/var/lib/telespool")
        run("find", SPOOL, "-mindepth", "1", "-delete")
        run("systemd-tmpfiles", "--create", "/usr/local/lib/tmpfiles.d/telespool.conf")
        run("journalctl", "--rotate")
        run("journalctl", "--vacuum-time=1ms")
        self.edit("ReadWritePaths=/var/spool/telespool-posts")
        run("rm", "-rf", "/var/spool/telespool-posts")
        run("install", "-d", "-o", "telespool", "-g", "telespool", "/var/spool/telespool-posts")
        self.configure(PLAIN)

    def configure(self, text: str) -> None:
        """Write its configuration."""
        self.machine.path(CONFIG).write_text(text)

    def edit(self, *lines: str) -> None:
        """Do what `systemctl edit` does: add lines to its [Service] section, until the next boot."""
        directory = self.machine.path(f"/run/systemd/system/{self.unit}.d")
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "test.conf").open("a") as file:
            file.write("[Service]\n" + "".join(f"{line}\n" for line in lines))
        self.machine.run("systemctl", "daemon-reload")

    def start(self) -> None:
        """Start it; systemd waits until it says that it is ready."""
        self.machine.run("systemctl", "start", self.unit)

    def stop(self) -> None:
        """Stop it; systemd waits until it has ended."""
        self.machine.run("systemctl", "stop", self.unit)

    def show(self, name: str) -> str:
        """Give one property of the unit."""
        return self.machine.show(self.unit, name)

    def drop(self, path: Path, user: str = "ann") -> None:
        """Drop a copy of a file into the inbox as a person does: copy it near, then mv it in."""
        name = path.name
        shutil.copyfile(path, self.machine.share / name)
        run = self.machine.run
        run("cp", f"/run/share/{name}", f"{self.inside}/.{name}", user=user)
        run("mv", f"{self.inside}/.{name}", f"{self.inside}/inbox/{name}", user=user)

    def files(self, *folders: str) -> list[str]:
        """Give the files in these folders (all of them), as FOLDER/JOB/NAME, sorted."""
        # os.walk passes over what is renamed while it looks; rglob raises.
        walks = (os.walk(self.spool / name) for name in folders or FOLDERS)
        paths = (Path(place, name) for walk in walks for place, _, names in walk for name in names)
        return sorted(str(path.relative_to(self.spool)) for path in paths)

    def names(self, *folders: str) -> list[str]:
        """Give the names of the files in these folders without place, attempt and message."""
        return [
            re.sub(r"^\d{4}(-\d{4})?[a-z]?(@\d+)?(\+\d+)?_", "", name.rsplit("/", 1)[1])
            for name in self.files(*folders)
        ]

    def until_done(self, name: str) -> None:
        """Wait until a drop of this name lies in done/ and nothing of it is under way."""
        under_way = ("inbox", "incoming", "uploading", "deferred", "converting")
        until(
            lambda: (
                any(each.endswith(name) for each in self.files("done"))
                and not self.files(*under_way)
            ),
            f"{name} to be done; {self.spool}: {self.files()}",
        )

    def said(self, text: str, *matches: str) -> list[dict[str, Any]]:
        """Give the records of its journal whose message holds this text."""
        records = self.machine.journal("--unit", self.unit, *matches)
        return [record for record in records if text in _text(record.get("MESSAGE"))]


def _text(message: object) -> str:
    """A message that is not UTF-8 comes as a list of bytes."""
    if isinstance(message, list):
        return bytes(message).decode("utf-8", "surrogateescape")
    return str(message)
