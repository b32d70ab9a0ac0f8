"""Only plain files are opened, and nothing is followed or waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from telespool.runtime import descent, plain_files
from telespool.runtime.plain_files import NotPlain
from telespool.runtime.trees import list_tree, remove_tree, walk

LEVELS = 1200


@pytest.fixture(params=["at once", "part by part"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel go through a path, or, where it has no openat2, go through it ourselves: the answers are the same."""
    if request.param == "part by part":
        monkeypatch.setattr(descent, "at_once", lambda *_: None)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with one of each kind, and a secret behind its links."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "login").write_bytes(b"secret")
    place = tmp_path / "place"
    (place / "folder").mkdir(parents=True)
    (place / "folder" / "photo").write_bytes(b"photo")
    (place / "link").symlink_to(secret / "login")
    (place / "linked").symlink_to(secret)
    os.mkfifo(place / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()  # noqa: PTH109 - a socket's path must be short
        os.chdir(place)
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
    return place


@pytest.mark.parametrize("name", ["link", "linked/login", "pipe", "socket", "folder", "missing"])
def test_what_is_no_plain_file_is_as_if_it_were_not_there(place: Path, name: str) -> None:
    """Links, also in the middle of a path, pipes, sockets and folders are not opened, and nothing blocks."""
    with pytest.raises(FileNotFoundError):
        plain_files.open_file(place / name)
    assert not plain_files.is_file(place / name)
    with pytest.raises(FileNotFoundError):
        plain_files.open_file(place / name, os.O_RDWR)


def test_plain_files_are_read(place: Path) -> None:
    """What is a plain file of ours is."""
    assert plain_files.read_bytes(place / "folder" / "photo") == b"photo"
    assert plain_files.is_directory(place / "folder")
    assert not plain_files.is_directory(place / "linked")
    assert plain_files.names(place / "linked") == []
    kinds = {each.name: (each.is_file, each.is_directory) for each in plain_files.entries(place)}
    assert kinds.pop("folder") == (False, True)
    assert set(kinds.values()) == {(False, False)}


def test_a_tree_is_walked_without_following(place: Path) -> None:
    """Each entry is named, and what lies behind a link is not looked at."""
    assert [each.name for each in walk(place)] == [
        "folder",
        "folder/photo",
        "link",
        "linked",
        "pipe",
        "socket",
    ]


def test_a_tree_is_removed_with_its_links_and_not_what_is_behind_them(place: Path) -> None:
    """The links go, what they point to stays."""
    with plain_files.parent_of(place) as parent:
        remove_tree(parent, place.name)
    assert not place.exists()
    assert (place.parent / "secret" / "login").read_bytes() == b"secret"


def test_a_link_in_the_place_of_a_tree_is_removed_alone(place: Path) -> None:
    """Removing a tree that is a link removes the link."""
    with plain_files.parent_of(place / "linked") as parent:
        remove_tree(parent, "linked")
    assert not os.path.lexists(place / "linked")
    assert (place.parent / "secret" / "login").exists()


def test_trees_may_be_deep(tmp_path: Path) -> None:
    """A thousand levels, whose path is longer than the kernel takes, are walked, opened and removed."""
    name = "a" * 20
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(LEVELS):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("photo", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)

    *_, last = walk(tmp_path)
    assert last.name == "/".join([*[name] * LEVELS, "photo"])
    assert plain_files.read_bytes(tmp_path / last.name) == b""
    assert len(list_tree(tmp_path)) == LEVELS + 2
    with plain_files.parent_of(tmp_path / name) as parent:
        remove_tree(parent, name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_swapped_while_it_is_walked(place: Path) -> None:
    """Whoever puts a link in the place of a folder that is being looked through shows nobody what is behind it."""
    seen = []
    for each in walk(place):
        seen.append(each.name)
        if each.name == "folder":
            (place / "folder").rename(place / "elsewhere")
            (place / "folder").symlink_to(place.parent / "secret")
    assert not any("login" in name for name in seen)


def test_who_asks_for_a_path_that_leads_up_gets_nothing(place: Path) -> None:
    """No part of a path is `..`."""
    with pytest.raises(NotPlain):
        plain_files.open_file(place / "folder" / ".." / "folder" / "photo")


def _handles() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


def test_a_held_directory_is_opened_once(tmp_path: Path) -> None:
    """What is done in it goes to the directory that was proven, whatever has its name by now; then it is let go."""
    place, aside, secret = tmp_path / "place", tmp_path / "aside", tmp_path / "secret"
    for folder, content in ((place, b"ours"), (secret, b"secret")):
        folder.mkdir()
        (folder / "a").write_bytes(content)
    before = _handles()
    with plain_files.held(place, tmp_path / "missing"):
        place.rename(aside)
        place.symlink_to(secret)
        assert plain_files.read_bytes(place / "a") == b"ours"
        assert plain_files.lstat(place / "a").st_ino == (aside / "a").stat().st_ino
        with plain_files.parent_of(place / "a") as parent:
            os.rename("a", "b", src_dir_fd=parent, dst_dir_fd=parent)
        assert not plain_files.exists(tmp_path / "missing" / "a")
    assert (aside / "b").read_bytes() == b"ours"
    assert (secret / "a").read_bytes() == b"secret"
    assert _handles() == before
    with pytest.raises(NotPlain):
        plain_files.read_bytes(place / "a")


def test_either_is_a_file_or_a_directory(tmp_path: Path) -> None:
    """A FIFO is neither, nobody waits for its writer, and a link is not followed."""
    (tmp_path / "file").write_bytes(b"a")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for path in (tmp_path / "file", tmp_path):
        os.close(plain_files.open_either(path))
    for name in ("fifo", "link"):
        with pytest.raises(NotPlain):
            plain_files.open_either(tmp_path / name)
