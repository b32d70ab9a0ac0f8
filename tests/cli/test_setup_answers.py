"""telespool setup in this process: each answer, and each objection to one; and telespool convert, where it does not begin."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from telespool.cli import doctor, main, setup, setup_file
from telespool.config import loader
from telespool.config.secrets import Secrets
from telespool.destinations.telegram import login
from telespool.destinations.telegram.login import Chat
from telespool.errors import Permanent
from tests.cli.support import make, telespool

if TYPE_CHECKING:
    from collections.abc import Callable

Capture = pytest.CaptureFixture[str]
HASH = "0123456789abcdef" * 2


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Let a person give these answers, and find doctor content."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.delenv("TELESPOOL_API_HASH", raising=False)
    monkeypatch.setattr(doctor, "run", lambda _: 0)

    def give(*said: str) -> None:
        left = iter(said)

        def answer(_: str) -> str:
            try:
                return next(left)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("builtins.input", answer)

    return give


def test_a_folder_and_chats(tmp_path: Path, capsys: Capture, answers: Callable[..., None]) -> None:
    """What cannot be is asked again; the old file is kept, and may be left as it is."""
    config = tmp_path / "config.toml"
    answers("relative", str(tmp_path / "spool"), "3", "1", "Ärger", "family trip-2")
    assert main.main(["setup", "-c", str(config)]) == 0
    out = capsys.readouterr().out
    assert "Give a whole path" in out
    assert "A number from 1 to 2." in out
    assert "small letters a to z" in out
    assert set(loader.load(config).chats) == {"default", "family", "trip-2"}
    answers("perhaps", "n")
    assert main.main(["setup", "-c", str(config)]) == 0
    assert "Nothing was changed." in capsys.readouterr().out
    for number in (1, 2):
        answers("y", str(tmp_path / "spool"), "1", "family")
        assert main.main(["setup", "-c", str(config)]) == 0
        assert f"before-{number}" in capsys.readouterr().out
    answers("y")
    assert main.main(["setup", "-c", str(config)]) != 0
    assert "nothing was written" in capsys.readouterr().err


def test_telegram_and_its_chats(
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    answers: Callable[..., None],
) -> None:
    """The two values, the login, and chats by number, each with a short name that is not taken."""
    config = tmp_path / "config.toml"
    found = [
        Chat("Family", "group", "@family"),
        Chat("Family", "channel", "-100123"),
        Chat("Me", "you", "me"),
    ]

    async def chats_of(*_: object) -> list[Chat]:
        return found

    async def log_in(*_: object, **__: object) -> Any:
        return SimpleNamespace(name="Ada")

    monkeypatch.setattr(login, "chats_of", chats_of)
    monkeypatch.setattr("telespool.cli.login.log_in_here", log_in)
    config.write_text("not even TOML")
    answers(
        *(str(tmp_path / "spool"), "2", "none", "12345", "too short", HASH, "1"),
        *("9", "1 2 1", "family", "family", "Family 2", "family-2", "nobody", "family-2"),
    )
    assert main.main(["setup", "-c", str(config)]) == 0, capsys.readouterr()
    out = capsys.readouterr().out
    assert "It is a number." in out
    assert "It has 32 signs" in out
    assert "A number from 1 to 3." in out
    assert "family is taken; give another." in out
    assert "One of: family, family-2." in out
    assert "Logged in as Ada." in out
    written = loader.load(config)
    assert dict(written.chats) == {"default": "-100123", "family": "@family", "family-2": "-100123"}
    assert written.telegram.api_id == 12345
    assert Secrets.read(config).api_hash == HASH


def test_the_service_is_started(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, answers: Callable[..., None]
) -> None:
    """Where it is installed, root is asked; who says no is told how."""
    started: list[list[str]] = []
    monkeypatch.setattr(setup, "service_unit", lambda: "telespool.service")
    monkeypatch.setattr("subprocess.run", lambda words, **_: started.append(words))
    monkeypatch.setattr("shutil.which", lambda _: "/bin/systemctl")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    text = f'[spool]\nroot = "{tmp_path}"\n[chats]\ndefault = "me"\n'
    config = loader.parse(text, "config.toml")
    proxy = f'{text}[telegram]\nproxy = "socks5://127.0.0.1:1080"\n'
    for answer in ("no", "yes"):
        answers(answer)
        setup._go_on(config)
    assert started == [["systemctl", "enable", "--now", "telespool.service"]]
    answers("no")
    setup._go_on(loader.parse(proxy, "config.toml"))
    assert "IPAddressAllow=127.0.0.1" in capsys.readouterr().out
    monkeypatch.setattr(setup, "service_unit", lambda: "")
    setup._go_on(config)
    assert "docs/deployment.md" in capsys.readouterr().out


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a configuration goes, and which folders are refused."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert setup_file.place() == Path("/etc/telespool/config.toml")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert setup_file.place() == tmp_path / "telespool/config.toml"
    (tmp_path / "file").write_text("x")
    assert "is not a folder" in setup_file.usable_folder(str(tmp_path / "file"))
    assert "Give a whole path" in setup_file.usable_folder("spool")
    assert setup_file.usable_folder("/") != ""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "You may not write" in setup_file.usable_folder(str(tmp_path))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["none.avi", "b.mp4"], "there is no such file"),
        (["a.avi", "a.avi"], "is there already"),
        (["a.avi", "none/b.mp4"], "there is no such folder"),
        (["a.avi", "b.mp4", "--max-size", "much"], "is no size"),
        (["a.avi", "c.mp4", "--max-size", "5 MB"], "is there already"),
        (["a.avi", "b.mp4"], "cannot be converted"),
    ],
)
def test_what_is_not_converted(
    tmp_path: Path, capsys: Capture, words: list[str], says: str
) -> None:
    """It is said before anything is made; nothing is left behind."""
    spool = make(tmp_path / "s")
    for name in ("a.avi", "c-1of2.mp4"):
        (tmp_path / name).write_bytes(b"no film")
    given = [
        word if word.startswith("--") or " " in word or word == "much" else tmp_path / word
        for word in words
    ]
    said = telespool(capsys, spool.config, "convert", *given)
    assert said.code != 0
    assert says in said.err
    assert not (tmp_path / "b.mp4").exists()
    assert not list(tmp_path.glob(".b.mp4*"))


def test_no_answer_at_all(answers: Callable[..., None]) -> None:
    """Nothing is written."""
    answers()
    with pytest.raises(Permanent, match="nothing was written"):
        setup._ask("Really?", "")
    answers("", "x")
    assert setup._ask("Really?", "") == "x"
