"""Commands are named as they must be typed on this machine."""

from __future__ import annotations

import os
import pwd
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telespool.config import loader, paths
from telespool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A person's own machine."""
    for name in ("STATE_DIRECTORY", "INVOCATION_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    before = paths._Named.config, paths._Named.by_hand
    paths.use(None)
    yield
    paths._Named.config, paths._Named.by_hand = before


def test_a_persons_own(tmp_path: Path) -> None:
    """The configuration is named where a person named it."""
    assert paths.state_directory() == tmp_path / "own" / "telespool"
    assert paths.command("login") == "telespool login"
    paths.use(tmp_path / "a b.toml")
    assert paths.command("login") == f"telespool login -c '{tmp_path}/a b.toml'"
    paths.use(tmp_path / "a.toml", by_hand=False)
    assert paths.command("login") == "telespool login"


def test_a_services_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named with its user; that of a configuration in /etc is the service's."""
    state = tmp_path / "state"
    state.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", f"{state}:{tmp_path / 'second'}")
    assert paths.state_directory() == state
    assert paths.command("login") == f"STATE_DIRECTORY={shlex.quote(str(state))} telespool login"
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setattr(paths, "_ETC", tmp_path / "etc")
    monkeypatch.setattr(paths, "_STATE", tmp_path / "var")
    paths.use(tmp_path / "etc/house/config.toml")
    assert paths.state_directory() == tmp_path / "own" / "telespool"
    (tmp_path / "var/house").mkdir(parents=True)
    assert paths.state_directory() == tmp_path / "var/house"
    assert paths._owner(tmp_path / "none") == ""
    if os.geteuid() == 0:
        os.chown(state, pwd.getpwnam("nobody").pw_uid, -1)
        assert paths._owner(state) == "nobody"
        os.chown(state, 54321, -1)
        assert paths._owner(state) == ""


def test_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that this process belongs to, else the one that is installed."""
    monkeypatch.setattr(paths, "_UNITS", (str(tmp_path),))
    assert paths.service_unit() == ""
    assert paths.start_command() == "telespool run"
    (tmp_path / "telespool.service").touch()
    assert paths.start_command() == "systemctl start telespool"
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("INVOCATION_ID", "1")
    real, groups = Path.read_text, "0::/system.slice/telespool@house.service\n"

    def read(path: Path, *rest: str) -> str:
        return groups if str(path) == "/proc/self/cgroup" else real(path, *rest)

    monkeypatch.setattr(Path, "read_text", read)
    assert paths.service_unit() == "telespool@house.service"

    def refuse(path: Path, *_: str) -> str:
        raise PermissionError(str(path))

    monkeypatch.setattr(Path, "read_text", refuse)
    assert paths.service_unit() == "telespool.service"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('metrics.listen = "0.0.0.0:9464"', "an address of this machine"),
        ('report.webhook = "ftp://x"', "must be an address such as"),
        ('send.hours = "morning"', "must be hours of the day such as"),
        ('telegram.rate = "fast"', "must be a rate such as"),
        ('telegram.proxy = "http://x:1"', "must be"),
        ('telegram.proxy = "socks5://x:99999"', "must be"),
        ('inbox.folders.nobody = "/srv/x"', "there is no such chat under [chats]"),
        (f'chats.x = {{to = "me", topic = "{"x" * 200}"}}', "at most 128 characters"),
        ('spool.root = "/"', "which holds the whole system"),
        ("telegram.datacenter = {id = 2}", "address and public_key are missing"),
        ('folder.path = "/srv/in/x"\nspool.inbox = "/srv/in"', "posts would be taken again"),
        (
            'folder.path = "/srv/x"\ninbox.folders.default = "/srv/x/in"',
            "posts would be taken again",
        ),
        (
            'destination = "telegram"\ntelegram.api_id = 1\nreport.to = "x y"\nchats.default = "me"',
            "a phone number",
        ),
        ('destination = "telegram"\ntelegram.api_id = 1\nchats.default = "x y"', "a phone number"),
        ('chats.Big = "me"', "an alias is the name of a folder"),
    ],
)
def test_keys_that_contradict(line: str, sentence: str) -> None:
    """Each is told at the key where it is best put right."""
    with pytest.raises(ConfigError) as wrong:
        loader.parse(line, "config.toml")
    assert sentence in str(wrong.value)
