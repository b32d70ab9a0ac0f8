"""What is found in an inbox, and why it is left there."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from telespool.pipeline.claim.companion_files import owners
from telespool.pipeline.claim.drops import Finder, find
from telespool.pipeline.claim.one_drop import drop_of
from telespool.runtime import plain_files
from telespool.runtime.write_signs import WriteSigns
from telespool.spool.rights import Identity

SOMEBODY = 12_001
PHOTO = b"\xff\xd8\xff\xe0"


def make(folder: Path, *names: str) -> None:
    """Files that hold something; a name that ends in a slash is a folder."""
    for name in names:
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(PHOTO)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["gone/a.jpg"], {"gone": "was the folder of a chat"}),
        (["gone/"], {}),
        (
            ["forum/" + "ä" * 110 + "/a.jpg"],
            {"ä" * 110: "is too long for a folder that stands for a topic"},
        ),
        (
            ["a.zip.password"],
            {"a.zip.password": "holds a password, but a.zip does not lie beside it"},
        ),
        (
            ["a.jpg.caption.txt"],
            {"a.jpg.caption.txt": "holds a caption, but a.jpg does not lie beside it"},
        ),
        (["a.jpg", "a.jpg.password"], {"a.jpg": "", "a.jpg.password": "holds a password"}),
        (
            ["/".join(["deep", *"d" * 101, "a.jpg"])],
            {"deep": "more than 100 folders inside each other"},
        ),
        (["trip/a.jpg", "trip/b.jpg.part"], {"trip": "b.jpg.part looks unfinished"}),
    ],
)
def test_what_is_left(tmp_path: Path, names: list[str], says: dict[str, str]) -> None:
    """Each with its sentence."""
    make(tmp_path, *names)
    drops = [*find(tmp_path, ["family", "forum"], (), topics=["forum"], former=lambda: {"gone"})]
    assert {drop.path.name for drop in drops} == {*says}
    for drop in drops:
        assert says[drop.path.name] in drop.obstacle
        assert bool(drop.obstacle) == bool(says[drop.path.name])


def test_a_chat_that_is_a_link(tmp_path: Path) -> None:
    """Nobody looks behind it."""
    make(tmp_path, "elsewhere/a.jpg", "inbox/")
    (tmp_path / "inbox/family").symlink_to("../elsewhere")
    (drop,) = find(tmp_path / "inbox", ["family"], ())
    assert "is a link, and the folder of a chat must be a folder" in drop.obstacle


@pytest.mark.parametrize(
    ("error", "obstacle", "written"),
    [
        (errno.ENOENT, "", "a.jpg"),
        (errno.EACCES, "a.jpg cannot be read now", ""),
        (errno.EIO, "a.jpg cannot be looked at (Input/output error).", ""),
    ],
)
def test_what_cannot_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, obstacle: str, written: str
) -> None:
    """It is in nobody's way but its own; what vanishes just now is still being brought."""
    make(tmp_path, "a.jpg", "b.jpg")
    lstat = plain_files.lstat

    def fails(path: Path) -> os.stat_result:
        if path.name == "a.jpg":
            raise OSError(error, os.strerror(error))
        return lstat(path)

    finder = Finder((), WriteSigns(), 0.0, ())
    monkeypatch.setattr(plain_files, "lstat", fails)
    one, other = (finder.look(tmp_path / name, "default") for name in ("a.jpg", "b.jpg"))
    assert one.obstacle.startswith(obstacle)
    assert (bool(one.obstacle), one.written) == (bool(obstacle), written)
    assert not other.obstacle


def test_a_folder_that_nobody_may_read() -> None:
    """It is named as a whole, for who is to take it; the others are found."""
    stranger = Identity(SOMEBODY, frozenset({SOMEBODY}))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:  # others may pass there
        place = Path(made).resolve()
        make(place, "family/a.jpg", "forum/Hikes/c.jpg", "b.jpg")
        for folder in (place, place / "forum"):
            folder.chmod(0o777)
        drops = list(find(place, ["family", "forum"], (), topics=["forum"], who=stranger))
    found = {drop.path.name: drop for drop in drops}
    assert {name: drop.closed for name, drop in found.items()} == {
        "family": True,
        "Hikes": True,
        "b.jpg": False,
    }
    assert (found["Hikes"].place, found["family"].chat) == ("forum/Hikes", "family")


def test_a_folder_in_which_somebody_writes(tmp_path: Path) -> None:
    """It is not complete before that file is closed."""
    make(tmp_path, "trip/a.jpg", "trip/b.jpg")
    with (tmp_path / "trip/b.jpg").open("ab"):
        (drop,) = find(tmp_path, [], ())
        assert drop.written == "b.jpg"
    (drop,) = find(tmp_path, [], ())
    assert not drop.written


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    """A password without its archive is another drop than the photo beside it."""
    make(tmp_path, "a.jpg", "b.zip.password")
    assert drop_of(tmp_path / "a.jpg", ()).obstacle == ""
    assert "holds a password" in drop_of(tmp_path / "b.zip.password", ()).obstacle


def test_an_export(tmp_path: Path) -> None:
    """The others of its export would be dropped with an archive, with what belongs to each; one alone is by itself."""
    make(tmp_path, "x-001.zip", "x-002.zip", "x-002.zip.password", "x-003.7z.001", "y-001.zip")
    (tmp_path / "x-002.zip").write_bytes(b"PK\x03\x04")
    found = drop_of(tmp_path / "x-002.zip", ())
    assert [path.name for path in (found.path, *found.beside)] == ["x-001.zip", "x-002.zip", "x-002.zip.password"]  # fmt: skip
    assert found.label == "x-001 – x-002"
    assert drop_of(tmp_path / "y-001.zip", ()).beside == ()


def test_whom_a_password_belongs_to(tmp_path: Path) -> None:
    """To a set of volumes, a folder, or an archive; to nothing that has no password, or is gone."""
    make(tmp_path, "trip/a.jpg", "a.jpg")
    where = {name: tmp_path / name for name in ("trip", "a.jpg", "gone.zip")}
    files = {name: (name,) for name in where} | {"b.part1.rar": ("b.part1.rar", "b.part2.rar")}
    beside = [f"{name}.password" for name in files]
    found = owners(sorted(beside), files, where)
    assert found == {"b.part1.rar.password": "b.part1.rar", "trip.password": "trip"}


def test_what_is_no_file(tmp_path: Path) -> None:
    """Neither a pipe nor a link is taken."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    link, pipe = find(tmp_path, [], ())
    assert "is a link, and links are not followed" in link.obstacle
    assert "is neither a file nor a folder" in pipe.obstacle
