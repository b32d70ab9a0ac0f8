"""What the daemon answers to commands: of what it cannot ask, and of what it cancels."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from telespool.errors import Temporary
from telespool.service.answers import Answers
from telespool.service.cancelling import Canceller, cancel, of_entries
from tests.laying import JOB, entry_at, lay, lay_files

if TYPE_CHECKING:
    from telespool.service.service import Service
    from telespool.spool import Spool


class _Away:
    """A destination that can be asked, and is away."""

    async def stored(self, *_: object) -> dict[int, object]:
        """Fail."""
        raise Temporary("The network is away.")

    async def find(self, *_: object) -> None:
        """Fail."""
        raise Temporary("The network is away.")

    async def piece(self, *_: object) -> bytes:
        """Fail."""
        raise Temporary("The network is away.")


@pytest.mark.parametrize(
    ("destination", "error"),
    [(object(), "This destination cannot be asked."), (_Away(), "The network is away.")],
)
async def test_what_cannot_be_asked(destination: Any, error: str) -> None:
    """The command is told why."""
    answers = Answers(cast("Service", SimpleNamespace(destination=destination)))
    asked = json.dumps({"chat": "family", "messages": [1], "message": 1, "offset": 0})
    assert await answers.stored(asked) == {"error": error}
    assert await answers.piece(asked) == {"error": error}


async def test_what_is_cancelled(spool: Spool) -> None:
    """Each unit that still stands; a copy is removed, its original goes; an album of copies is gone with them."""
    waiting = lay(spool, "uploading/0001_a.jpg")
    gone = entry_at(spool, "uploading/0002_b.jpg")
    canceller = Canceller(spool, {})
    asked = str(of_entries(JOB, [waiting, gone])).removeprefix("cancel ")
    assert await canceller(asked) == {"cancelled": ["a.jpg"], "failed": ""}

    lay_files(spool, "converting/0003@1_c.avi", "converting/0004@1_d.avi")
    copy = lay(spool, "uploading/0003c_c.mp4")
    assert cancel(spool, copy, "You cancelled it.") is None
    album = "uploading/0003-0004c_album"
    lay_files(spool, f"{album}/0003c_c.mp4", f"{album}/0004c_d.mp4")
    assert cancel(spool, entry_at(spool, album), "You cancelled it.") is None
    assert [*spool.all_units("uploading")] == []
    lay_files(spool, "uploading/0005-0006_album/0005_e.jpg")
    moved = cancel(spool, entry_at(spool, "uploading/0005-0006_album"), "You cancelled it.")
    assert moved is not None
    assert moved.folder == "quarantine"
