"""The order in which units are sent, and what lies in uploading/ meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.pipeline.send_queue import OTHER, PHOTO, VIDEO, SendQueue, rank
from tests.laying import entry_at, lay, lay_file

if TYPE_CHECKING:
    from telespool.spool import Spool


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("0001=0001_a.mp4", b"x", PHOTO),
        ("0001_a.mp4", b"x", VIDEO),
        ("0001_a", b"\xff\xd8\xff\xe0", PHOTO),
        ("0001_a", b"text", OTHER),
        ("0001_a", None, OTHER),
        ("0001-0002_album", None, OTHER),
    ],
)
def test_ranks(spool: Spool, name: str, data: bytes | None, expected: int) -> None:
    """A place in a story goes before all; what cannot be read, or holds nothing, comes last."""
    if data is not None:
        lay_file(spool, f"uploading/{name}", data)
    assert rank(entry_at(spool, f"uploading/{name}"), spool) == expected


def test_what_was_taken_or_vanished(spool: Spool) -> None:
    """It is not given again; of another one nothing is forgotten."""
    first, second = lay(spool, "uploading/0001_a.jpg"), lay(spool, "uploading/0002_b.jpg")
    queue = SendQueue(spool)
    assert queue.first() == first
    queue.forget(second)
    assert queue.first(changed=False) == first
    queue.forget(first)
    assert queue.first(changed=False) == second
    second.path.unlink()
    first.path.unlink()
    assert queue.first(changed=False) is None
