"""docs/deployment.md: every command of it, in the order in which it stands there."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from telespool.config.loader import parse
from tests.material import make_zip
from tests.systemd.conftest import ROOT
from tests.systemd.machine import until
from tests.systemd.telegram import Telegram

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material
    from tests.systemd.conftest import Package
    from tests.systemd.machine import Machine

TEXT = (ROOT / "docs/deployment.md").read_text()
ENVIRONMENT = (
    "env",
    "--chdir=/run/share/source",
    "PIP_NO_INDEX=1",
    "PIP_FIND_LINKS=/run/share/wheels",
)


def blocks(kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)


def test_the_configuration_that_is_shown_is_right() -> None:
    """The example of the page is read without a mistake."""
    (text,) = blocks("toml")
    assert parse(text, "config.toml").chats["family"] == "@our_family"


def test_every_command_of_the_page_works(
    bare: Machine, package: Package, tmp_path: Path, material: Material
) -> None:
    """From the installation to its end, with a login at the test Telegram and a drop by ann."""
    package.unpack(bare)
    bare.run("useradd", "--create-home", "ann")
    drop = make_zip(tmp_path / "holiday.zip", {"a.jpg": material.photo(1)})
    bare.path("/home/ann/holiday.zip").write_bytes(drop.read_bytes())
    telegram: Telegram | None = None
    for command in "".join(blocks("sh")).splitlines():
        data = ""
        if "secrets/api-hash" in command and telegram is None:
            telegram = Telegram(bare)
            text = 'destination = "telegram"\n' + telegram.configuration
            bare.path("/etc/telespool/config.toml").write_text(text)
            data = telegram.api_hash
        if "telespool login" in command:
            log_in(bare, command)
            continue
        bare.run(*ENVIRONMENT, "bash", "-euo", "pipefail", "-c", command, data=data)
        if command.startswith("runuser -u ann -- cp"):
            done = bare.path("/var/spool/telespool/done")
            until(partial(has_report, done), "the drop to be done")
        if "restart" in command or "start telespool" in command:
            assert bare.show("telespool", "ActiveState") == "active"
    assert not bare.path("/opt/telespool").exists()
    assert not list(bare.path("/etc/systemd/system").glob("*.wants/telespool*"))


def has_report(done: Path) -> bool:
    """Whether a job in this folder is over."""
    return any(done.glob("*/report.txt"))


def log_in(machine: Machine, command: str) -> None:
    """Answer the questions of the login; without a terminal, question and answer are files."""
    answers = machine.path("/var/lib/telespool/login")
    with machine.popen("bash", "-c", command) as process:
        for name, answer in (("phone", "+15550100"), ("code", "22222")):
            until((answers / f"{name}.txt").exists, f"the question for the {name}")
            (answers / name).write_text(f"{answer}\n")
        assert process.wait(60) == 0
