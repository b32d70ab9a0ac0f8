"""Where secrets come from, and that they do not get out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.config.secrets import Secrets
from telespool.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def private(path: Path, text: str) -> Path:
    """Write a file that only its owner may read."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_credential_goes_before_a_file_before_the_environment(tmp_path: Path) -> None:
    """Each secret is looked for in three places, and the first that has it wins."""
    config = tmp_path / "config.toml"
    environ = {
        "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"),
        "TELESPOOL_API_HASH": "from the environment",
        "TELESPOOL_BOT_TOKEN": "from the environment",
        "TELESPOOL_PHONE": "from the environment",
    }
    private(tmp_path / "credentials" / "api-hash", "from the credential\n").chmod(0o440)
    private(tmp_path / "secrets" / "api-hash", "from the file\n")
    private(tmp_path / "secrets" / "bot-token", "from the file\n")
    secrets = Secrets.read(config, environ)
    assert secrets.api_hash == "from the credential"
    assert secrets.bot_token == "from the file"
    assert secrets.phone == "from the environment"
    assert secrets.password is None


def test_archive_passwords_stand_one_to_a_line_and_keep_their_blanks(tmp_path: Path) -> None:
    """A password may begin or end with a space; empty lines are none."""
    private(tmp_path / "secrets" / "archive-passwords", "first\n\n with blanks \n")
    read = Secrets.read(tmp_path / "config.toml", {})
    assert read.archive_passwords == ("first", " with blanks ")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The sentence says which file it is and what to type."""
    path = private(tmp_path / "secrets" / "api-hash", "x")
    path.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        Secrets.read(tmp_path / "config.toml", {})
    assert caught.value.problems == (
        f"{path}: can be read by others; make it private: chmod 600 {path}",
    )


def test_every_file_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    """A directory in the place of a file and bytes that are no text are sentences too."""
    private(tmp_path / "secrets" / "api-hash", "").write_bytes(b"\xff")
    (tmp_path / "secrets" / "bot-token").mkdir(mode=0o700)
    with pytest.raises(ConfigError) as caught:
        Secrets.read(tmp_path / "config.toml", {})
    assert "api-hash: is not UTF-8 text" in caught.value.problems[0]
    assert "bot-token: cannot be read: Is a directory" in caught.value.problems[1]


def test_without_any_of_the_places_there_are_no_secrets() -> None:
    """No configuration, no credentials and an empty environment are no mistake."""
    assert Secrets.read(None, {}) == Secrets()


def test_showing_them_says_what_is_known_and_never_what_it_is() -> None:
    """Neither repr nor str nor a format gives a value away."""
    secrets = Secrets(api_hash="abcdef", password="hunter2", archive_passwords=("geheim", "x"))
    for shown in (repr(secrets), str(secrets), f"{secrets}"):
        assert shown == "Secrets(api_hash=***, password=***, archive_passwords=2 of them)"
    assert list(secrets.values) == ["abcdef", "hunter2", "geheim", "x"]
