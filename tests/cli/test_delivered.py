"""Fetching back what was sent, where the chat has it, has something else, or nobody can be asked."""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from telespool.cli import delivered, fetch
from telespool.destinations.base import Stored
from telespool.errors import Permanent, Temporary
from telespool.observe import control_client
from tests.cli.support import JOB, make, telespool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DATA = b"data"
DIGEST = hashlib.sha256(DATA).hexdigest()


class _Chat:
    """A chat that has these messages."""

    def __init__(self, found: dict[int, Stored]) -> None:
        self._found = found

    async def stored(self, *_: object) -> dict[int, Stored]:
        """Those."""
        return self._found

    async def piece(self, _chat: str, message: int, offset: int) -> bytes:
        """What was sent; of one message something else."""
        data = DATA if message != 9 else b"other"
        return data[offset:]


def test_what_comes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file with what came of it; what is gone, or differs, is a fault."""
    names = ("0001+7_a.mp4", "0002+8_b.mp4", "0003+9_c.mp4", "0004~0001+7_a.mov")
    spool = make(tmp_path, {f"done/{JOB}/{name}": b"" for name in names})
    lines = [
        f"{n:04d} {n + 6} 4 {DIGEST} {name}"
        for n, name in enumerate(("a.mp4", "b.mp4", "c.mp4"), 1)
    ]
    spool.put({f"done/{JOB}/contents.txt": "\n".join([*lines, ""]).encode()})
    chat = _Chat({n: Stored(n, "video", "x.mp4", 4) for n in (7, 9)})

    @asynccontextmanager
    async def asking(*_: object) -> AsyncIterator[_Chat]:
        yield chat

    monkeypatch.setattr(fetch, "asking", asking)
    said = telespool(capsys, spool.config, "fetch", JOB, tmp_path / "back")
    assert said.code == 1
    assert "a.mp4: 4 B, the same bytes as were sent" in said.out
    assert "b.mp4: not brought back: message 8 is gone from the chat." in said.out
    assert "c.mp4: differs from what was sent" in said.out
    assert "a.mov: the clip of a live photo" in said.out
    assert (tmp_path / "back/a.mp4").read_bytes() == DATA


def test_what_cannot_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was sent, was not claimed, or lies on this machine."""
    spool = make(
        tmp_path,
        {f"uploading/{JOB}/0001_a.jpg": b"1", f"{'inbox'}/b.jpg": b"2"},
        f'[folder]\npath = "{tmp_path / "posts"}"\n',
    )
    said = telespool(capsys, spool.config, "fetch", JOB, tmp_path / "back")
    assert "there is nothing to bring back" in said.err
    said = telespool(capsys, spool.config, "fetch", "b.jpg", tmp_path / "back")
    assert "b.jpg was not claimed yet" in said.err
    spool.put({f"done/{JOB}/0002+7_c.jpg": b""})
    said = telespool(capsys, spool.config, "fetch", JOB, tmp_path / "back")
    assert "lie on this machine" in said.err


@pytest.mark.parametrize(
    ("answer", "error"), [(None, Temporary), ({"error": "It cannot be asked."}, Permanent)]
)
async def test_a_daemon_that_does_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any, error: type[Exception]
) -> None:
    """The command says so."""
    monkeypatch.setattr(control_client, "look", lambda *_: answer)
    with pytest.raises(error):
        await delivered._Daemon(tmp_path, 1).stored("family", [7])
