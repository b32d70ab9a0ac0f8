"""The service and Telegram: uploads, logins and secrets, in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.material import make_zip
from tests.systemd.machine import until
from tests.systemd.service import PLAIN
from tests.systemd.telegram import SESSION, Telegram

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.material import Material
    from tests.systemd.machine import Machine
    from tests.systemd.service import Service

POSTING = PLAIN.replace('destination = "folder"', 'destination = "telegram"')
SECRET = "/etc/telespool/secrets/api-hash"
PARTS = "upload.saveBigFilePart", "upload.saveFilePart"


@pytest.fixture
def telegram(installed: Machine) -> Iterator[Telegram]:
    """A Telegram over a line so slow that an upload can be seen."""
    telegram = Telegram(installed, "--rate", "1000000")
    yield telegram
    telegram.stop()


@pytest.fixture
def posting(service: Service, telegram: Telegram) -> Service:
    """The service with a login there and its secret as a file of the administrator."""
    service.configure(POSTING + telegram.configuration)
    own = ("-o", "telespool", "-m", "600")
    service.machine.run("install", *own, "/dev/stdin", SECRET, data=telegram.api_hash)
    telegram.log_in()
    return service


@pytest.fixture
def clip(tmp_path: Path, material: Material) -> Path:
    """A clip of some megabytes, in an archive."""
    film = material.clip("mp4", seconds=20, size=(640, 480))
    assert film.stat().st_size > 3_000_000
    return make_zip(tmp_path / "clip.zip", {"film.mp4": film})


def uploading(service: Service) -> bool:
    """Whether the status line says that an upload is under way."""
    return "uploading" in service.show("StatusText")


def test_stopped_in_the_middle_of_an_upload_it_posts_once_after_the_next_start(
    posting: Service, telegram: Telegram, clip: Path
) -> None:
    """It ends by itself within five seconds, and what it began is one message in the end."""
    posting.edit("TimeoutStopSec=5s")
    posting.start()
    posting.drop(clip)
    until(lambda: uploading(posting) and any(map(telegram.called, PARTS)), "a part of the upload")
    posting.stop()
    assert posting.show("Result") == "success"
    assert posting.names("uploading") == ["film.mp4"]
    posting.start()
    posting.until_done("clip.zip")
    assert len(telegram.called("messages.sendMedia")) == 1


def test_a_reload_waits_for_the_upload_that_is_under_way(
    posting: Service, telegram: Telegram, clip: Path
) -> None:
    """No part is sent twice, the film arrives, and only then the new configuration is used."""
    posting.start()
    posting.drop(clip)
    until(lambda: uploading(posting), "an upload")
    posting.configure(POSTING + telegram.configuration + '[send]\ncaption = "new"\n')
    posting.machine.run("systemctl", "reload", posting.unit)
    posting.until_done("clip.zip")
    until(lambda: posting.said("config.reloaded"), "the new configuration")
    calls = [call for method in PARTS for call in telegram.called(method)]
    parts = [(call["file_id"], call["part"]) for call in calls]
    assert len(parts) == len(set(parts))
    assert posting.show("NRestarts") == "0"


def test_without_a_login_it_says_what_to_do_and_is_not_tried_again(
    posting: Service,
) -> None:
    """Exit code 77, a sentence with the command to type, no restart, and the spool untouched."""
    posting.machine.run("rm", SESSION)
    posting.machine.run("systemctl", "start", posting.unit, check=False)
    until(lambda: posting.show("ActiveState") == "failed", "the end of the service")
    assert (posting.show("ExecMainStatus"), posting.show("NRestarts")) == ("77", "0")
    assert posting.said("telespool login")


def test_the_login_is_the_services_alone(posting: Service) -> None:
    """The session is readable by nobody else, and a second process is told who has it."""
    posting.start()
    until(lambda: not posting.show("StatusText").startswith("every"), "the connection")
    run = posting.machine.run
    assert run("stat", "--format=%a %U", SESSION).stdout.split() == ["600", "telespool"]
    assert run("cat", SESSION, user="ann", check=False).returncode
    text = posting.machine.path("/etc/telespool/config.toml").read_text()
    other = posting.machine.path("/etc/telespool/second.toml")
    other.write_text(text.replace('"1 MiB"', '"1 MiB"\nroot = "/var/lib/telespool/second"'))
    done = run(
        "telespool", "run", "-c", "/etc/telespool/second.toml", user="telespool", check=False
    )
    other.unlink()
    assert done.returncode == 75
    assert "is in use by another process" in done.stderr


@pytest.mark.parametrize("encrypted", [False, True])
def test_secrets_come_as_credentials(
    posting: Service, telegram: Telegram, tmp_path: Path, material: Material, *, encrypted: bool
) -> None:
    """The daemon gets them from systemd, plain or decrypted, and no line of the journal shows one."""
    run = posting.machine.run
    run("install", "-m", "600", "/dev/stdin", "/etc/telespool/api-hash", data=telegram.api_hash)
    run("rm", SECRET)
    if encrypted:
        run(
            *("systemd-creds", "encrypt", "--with-key=host", "--name=api-hash"),
            *("/etc/telespool/api-hash", "/etc/telespool/api-hash.cred"),
        )
        run("rm", "/etc/telespool/api-hash")
        posting.edit("LoadCredentialEncrypted=api-hash:/etc/telespool/api-hash.cred")
    else:
        posting.edit("LoadCredential=api-hash:/etc/telespool/api-hash")
    posting.start()
    posting.drop(make_zip(tmp_path / "photo.zip", {"a.jpg": material.photo(1)}))
    posting.until_done("photo.zip")
    assert len(telegram.called("messages.sendMedia")) == 1
    run("rm", "-f", "/etc/telespool/api-hash", "/etc/telespool/api-hash.cred")
    assert telegram.api_hash not in str(posting.machine.journal())
