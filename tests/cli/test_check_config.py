"""telespool check-config and telespool helper, run in this process."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import pytest

from telespool.cli import main
from tests.cli.support import make, telespool

Capture = pytest.CaptureFixture[str]
HASH = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def _nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person without any settings."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.delenv("TELESPOOL_API_HASH", raising=False)


@pytest.mark.parametrize(
    ("more", "api_hash", "code", "says"),
    [
        ("", HASH, 0, "fine"),
        ("", None, 0, "The API hash is missing"),
        ("", "abc", 78, "has 3 characters; it must be the 32"),
        ("[send]\npace = -1\n", HASH, 78, "pace"),
        ("[send]\nno_such_key = 1\n", "abc", 78, "no_such_key"),
    ],
)
def test_what_is_wrong(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    more: str,
    api_hash: str | None,
    code: int,
    says: str,
) -> None:
    """Each mistake is named, those of the secrets with those of the file."""
    spool = make(tmp_path, more=f"[telegram]\napi_id = 1\n{more}")
    spool.config.write_text(f'destination = "telegram"\n{spool.config.read_text()}')
    if api_hash is not None:
        monkeypatch.setenv("TELESPOOL_API_HASH", api_hash)
    said = telespool(capsys, spool.config, "check-config")
    assert said.code == code, said
    assert says in said.out + said.err
    if api_hash == "abc":
        assert "characters; it must be the 32" in said.err


def test_an_empty_file(tmp_path: Path, capsys: Capture) -> None:
    """It is fine, and said to set nothing."""
    spool = make(tmp_path)
    spool.config.write_text("# nothing\n")
    said = telespool(capsys, spool.config, "check-config")
    assert said.code == 0
    assert "It sets nothing" in said.out


def test_without_a_file(capsys: Capture) -> None:
    """The defaults are used, and where a file would be looked for is said."""
    if Path("/etc/telespool/config.toml").exists():
        pytest.skip("this machine has a configuration")
    assert main.main(["check-config"]) in {0, 78}
    out, err = capsys.readouterr()
    assert "There is no configuration file" in out or "config" in err


class _Ssh:
    """The programs of openssh-client that ask other machines: one that answers with a key of this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "host")]
        subprocess.run(made, check=True)
        key = " ".join((folder / "host.pub").read_text().split()[:2])
        self.answers(f"echo there {key}")

    def answers(self, line: str) -> None:
        """Let the other machine answer so."""
        program = self.folder / "ssh-keyscan"
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Ssh:
    """What answers for other machines."""
    found = _Ssh(tmp_path / "ssh")
    monkeypatch.setenv("PATH", f"{found.folder}:{os.environ['PATH']}")
    return found


def ask(monkeypatch: pytest.MonkeyPatch, answer: str | None) -> None:
    """Let a person answer so; None: there is nobody."""

    def answered(_: str) -> str:
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", answered)


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("YES", 0), ("n", 1), ("", 1), (None, 1)])
def test_a_machine_is_trusted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    ssh: _Ssh,
    answer: str | None,
    code: int,
) -> None:
    """Only what a person has compared is noted."""
    ask(monkeypatch, answer)
    assert main.main(["helper", "trust", "ssh://ann@there:22"]) == code
    out = capsys.readouterr().out
    assert "SHA256:" in out
    assert (tmp_path / "state" / "helper-hosts").exists() == (code == 0)
    assert ('helpers = ["ssh://ann@there:22"]' in out) == (code == 0)
    assert ssh.folder.is_dir()


@pytest.mark.parametrize(
    ("words", "line", "says"),
    [
        (["trust"], "true", "Say which machine"),
        (["trust", "a b"], "true", "names no machine"),
        (["trust", "there"], "true", "does not answer"),
        (["trust", "there"], "echo nobody there >&2; exit 1", "nobody there"),
        (["trust", "there"], "exit 1", "it failed"),
    ],
)
def test_a_machine_that_cannot_be_trusted(
    capsys: Capture, ssh: _Ssh, words: list[str], line: str, says: str
) -> None:
    """The sentence says what is wrong."""
    ssh.answers(line)
    assert main.main(["helper", *words]) != 0
    assert says in capsys.readouterr().err


def test_without_ssh(monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path) -> None:
    """What is missing, and how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main.main(["helper", "trust", "there"]) != 0
    assert "apt install openssh-client" in capsys.readouterr().err


def test_the_key_of_this_machine(tmp_path: Path, capsys: Capture) -> None:
    """It is made once, for nobody else to read."""
    assert main.main(["helper", "key"]) == 0
    first = capsys.readouterr().out
    assert first.startswith('restrict,command="telespool helper serve" ssh-ed25519 ')
    assert main.main(["helper", "key"]) == 0
    assert capsys.readouterr().out == first
    assert (tmp_path / "state" / "helper-key").stat().st_mode & 0o077 == 0


def test_a_helper_serves(monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path) -> None:
    """It becomes ffmpeg with the words that were asked for, within limits, and nothing else."""
    became: list[tuple[str, list[str], dict[str, str]]] = []
    limits: dict[int, int] = {}

    class _Became(BaseException):
        """It is ffmpeg now."""

    def become(program: str, words: list[str], environment: dict[str, str]) -> None:
        became.append((program, words, environment))
        raise _Became

    monkeypatch.setattr(os, "execve", become)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(os, "chdir", lambda _: None)
    monkeypatch.setattr(resource, "setrlimit", lambda what, both: limits.update({what: both[0]}))
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", "nice -n 10 ffmpeg -version")
    with pytest.raises(_Became):
        main.main(["helper", "serve"])
    ((program, words, environment),) = became
    assert (Path(program).name, words) == ("ffmpeg", ["ffmpeg", "-version"])
    assert set(environment) == {"PATH", "LC_ALL"}
    assert limits[resource.RLIMIT_FSIZE] == 0

    for asked, path, says in (
        ("id", "", "telespool helper:"),
        ("ffmpeg -version", str(tmp_path), "apt install ffmpeg"),
    ):
        monkeypatch.setenv("SSH_ORIGINAL_COMMAND", asked)
        if path:
            monkeypatch.setenv("PATH", path)
        with pytest.raises(SystemExit) as ended:
            main.main(["helper", "serve"])
        assert ended.value.code == 126
        assert says in capsys.readouterr().err
