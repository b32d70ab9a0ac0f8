"""telespool retry: what is moved, what is not, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telespool.cli import retry
from telespool.errors import Permanent
from telespool.spool import Spool, operator
from telespool.spool.layout import Entry
from telespool.spool.lock import Lock
from telespool.spool.names import Unit
from tests.cli.support import JOB, make, telespool

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]
QUARANTINED = {f"quarantine/{JOB}/0001_a.jpg": b"a"}
WAIT = {
    "whom": "family",
    "scope": "chat",
    "kind": "flood",
    "until": None,
    "since": 0.0,
    "reason": "slow",
}


@pytest.mark.parametrize(
    ("files", "words", "code", "says"),
    [
        (QUARANTINED, ["holiday"], 0, "a.jpg: now in uploading/, to be sent in its turn"),
        (QUARANTINED, ["holiday", "--as-document"], 0, "to be sent as a document"),
        ({f"quarantine/{JOB}/0000_a.zip": b"a"}, ["holiday"], 0, "to be unpacked again"),
        ({f"deferred/{JOB}/0001@1_a.jpg": b"a"}, ["holiday"], 0, "now in uploading/"),
        ({f"done/{JOB}/0001+5_a.jpg": b""}, ["holiday"], 1, "nothing of it was refused or waits"),
        (
            {f"uploading/{JOB}/0001_a.jpg": b"a"},
            ["holiday"],
            1,
            "nothing of it was refused or waits",
        ),
        ({"inbox/family/a.jpg": b"a"}, ["family/a.jpg"], 1, "is in the inbox still"),
        ({}, ["nothing"], 1, "no job of that name"),
    ],
)
def test_without_a_daemon(
    tmp_path: Path,
    capsys: Capture,
    files: dict[str, bytes],
    words: list[str],
    code: int,
    says: str,
) -> None:
    """Each unit is moved, or it is said why not."""
    spool = make(tmp_path, files)
    said = telespool(capsys, spool.config, "retry", *words)
    assert said.code == code, said
    assert says in said.out + said.err


def test_a_password_for_a_photo(tmp_path: Path, capsys: Capture) -> None:
    """It is not used, and that is said."""
    spool = make(tmp_path, QUARANTINED)
    (tmp_path / "password").write_text("secret\n")
    said = telespool(
        capsys, spool.config, "retry", "holiday", "--password-file", tmp_path / "password"
    )
    assert "is no archive, so the password is not used" in said.out


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"ended": [WAIT], "lasting": []}, "chat family: tried again now; it waited because: slow"),
        ({"ended": [], "lasting": [WAIT]}, "chat family: goes on waiting"),
        (None, "does not answer"),
    ],
)
def test_with_a_daemon(
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, Any] | None,
    says: str,
) -> None:
    """What the daemon ends, and what lasts, is told."""
    spool = make(tmp_path, {f"uploading/{JOB}/0001_a.jpg": b"a"})
    lock = Lock(spool.root / "lock")
    lock.take()
    monkeypatch.setattr(retry, "look", lambda *_: answer)
    said = telespool(capsys, spool.config, "retry", "holiday")
    lock.release()
    assert says in said.out + said.err
    assert said.code == (0 if answer and answer["ended"] else 1)


def test_the_daemon_was_first(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has brought back is told where it is; what is gone is said to be."""
    directory = make(tmp_path, {})
    spool = Spool(directory.root)
    unit = Unit.parse("0001@1_a.jpg")
    assert unit is not None
    entry = Entry("deferred", JOB, unit, directory.root / "deferred" / JOB / str(unit))

    def moved(*, as_document: bool = False, called: bool = True) -> str:
        capsys.readouterr()
        retry._move(spool, entry, (), as_document=as_document, called=called)
        return capsys.readouterr().out

    assert "is not there any more" in moved()
    assert "is not there any more" in moved(called=False)
    directory.put({f"uploading/{JOB}/0001_a.jpg": b"a"})
    assert "now in uploading/, to be sent in its turn" in moved()
    assert "to be sent as a document" in moved(as_document=True)
    for path in (directory.root / "uploading" / JOB).iterdir():
        path.unlink()
    directory.put({f"done/{JOB}/0001+5_a.jpg": b""})
    assert "now in done/, sent" in moved()

    def refuse(*_: object, **__: object) -> Entry:
        raise Permanent("It lies elsewhere.")

    monkeypatch.setattr(operator, "retry", refuse)
    assert not retry._move(spool, entry, (), as_document=False, called=False)
    assert "It lies elsewhere." in capsys.readouterr().err
