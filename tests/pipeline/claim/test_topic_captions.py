"""The caption beside the folder of a topic: with whom it goes, and for whom it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.pipeline.claim.drops import find

if TYPE_CHECKING:
    from pathlib import Path

CAPTION = "Hikes.caption.txt"


@pytest.mark.parametrize(
    ("names", "goes_with"),
    [
        (["Hikes/a.jpg", CAPTION], {"a.jpg": [], CAPTION: []}),
        (["Hikes/trip/a.jpg", "Hikes/b/b.jpg", CAPTION], {"b": [CAPTION], "trip": []}),
        (["Hikes/a.zip", "Hikes/a.zip.password", CAPTION], {"a.zip": ["a.zip.password", CAPTION]}),
    ],
)
def test_whom_it_goes_with(
    tmp_path: Path, names: list[str], goes_with: dict[str, list[str]]
) -> None:
    """With the loose photos and videos of the topic; without any, with the first drop there."""
    for name in names:
        path = tmp_path / "family" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PK\x03\x04")
    drops = [*find(tmp_path, ["family"], (), topics=["family"])]
    assert {d.path.name: [path.name for path in d.beside] for d in drops} == goes_with
    assert {d.topic for d in drops} == {"Hikes"}
    assert not any(d.obstacle for d in drops)


def test_an_empty_topic(tmp_path: Path) -> None:
    """The caption is left, with what it waits for."""
    (tmp_path / "family/Hikes").mkdir(parents=True)
    (tmp_path / "family" / CAPTION).write_text("Up the hill")
    (drop,) = find(tmp_path, ["family"], (), topics=["family"])
    assert (
        "holds a caption for what is dropped into Hikes, and nothing is there yet" in drop.obstacle
    )
