"""What is said of what may not be read or taken in the inbox, and the command that changes it."""

from __future__ import annotations

import errno
import os
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telespool.spool import reach
from telespool.spool.closed_inbox import closed_folder, locked_drop, not_taken
from telespool.spool.rights import Identity, group_name

if TYPE_CHECKING:
    from collections.abc import Iterator

SOMEBODY = 12_001


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may read and write, in which one has a folder and a file of its own."""
    with tempfile.TemporaryDirectory(
        dir="/var/tmp"
    ) as made:  # pytest's own folders are its user's alone
        place = Path(made).resolve()
        (place / "mixed/sub").mkdir(parents=True)
        (place / "mixed/sub/a.jpg").write_bytes(b"1")
        modes = {".": 0o777, "mixed": 0o2775, "mixed/sub": 0o700, "mixed/sub/a.jpg": 0o600}
        for path, mode in modes.items():
            (place / path).chmod(mode)
        yield place


def member(place: Path) -> Identity:
    """Somebody of the group."""
    return Identity(SOMEBODY, frozenset({place.stat().st_gid}))


def test_what_is_locked_is_named(place: Path) -> None:
    """A folder inside is, not the one that was dropped; one command is for all of it."""
    mixed, file = shlex.quote(str(place / "mixed")), place / "mixed/sub/a.jpg"
    sudo = "" if place.stat().st_uid else "sudo "
    moved = locked_drop(place / "mixed", member(place), change=True)
    assert moved.startswith(f"mixed/sub may not be read or moved by {SOMEBODY} (it belongs to")
    assert moved.endswith(f"Let the group do it: {sudo}chmod -R g+rwX {mixed}")
    read = locked_drop(place / "mixed", member(place), change=False)
    assert read.endswith(f"Make it readable: {sudo}chmod -R g+rX {mixed}")
    (place / "mixed/sub").chmod(0o2775)
    assert locked_drop(file, member(place), change=True).endswith(
        f"{sudo}chmod g+r {shlex.quote(str(file))}"
    )
    file.chmod(0o640)
    assert locked_drop(place / "mixed", member(place), change=True) == ""
    stranger = Identity(SOMEBODY, frozenset({SOMEBODY}))
    told = locked_drop(place / "mixed", stranger, change=True)
    assert f"sudo chgrp -R {SOMEBODY} {mixed} && sudo chmod -R g+rwX {mixed}" in told


def test_what_gives_a_folder_back(place: Path) -> None:
    """One of ours is given back; one of somebody else's has only to be read, and stays his."""
    sub, group = place / "mixed/sub", group_name(place.stat().st_gid)
    assert closed_folder(place, member(place), change=True) == ""
    assert closed_folder(place / "not there", member(place), change=True) == ""
    ours = closed_folder(sub, member(place), change=True)
    assert f"{sub} may not be read and written by {SOMEBODY}" in ours
    assert f"Give it back: sudo chown -R {SOMEBODY}:{group} {shlex.quote(str(sub))}" in ours
    people = closed_folder(sub, member(place), change=True, given_by_people=True)
    assert "chmod -R g+rwX" in people
    theirs = closed_folder(sub, member(place), change=False)
    assert theirs.endswith(f"Let it be read: chmod g+rx {shlex.quote(str(sub))}")
    stranger = closed_folder(sub, Identity(SOMEBODY, frozenset({SOMEBODY})), change=False)
    assert f"setfacl -m u:{SOMEBODY}:rx {shlex.quote(str(sub))}" in stranger
    assert ("usermod -aG" in stranger) == bool(sub.stat().st_gid)
    assert not any("chown" in told for told in (people, theirs, stranger))
    inner = closed_folder(sub / "inner", member(place), change=False)
    assert f"{sub} lets nobody else pass" in inner or inner == ""
    (sub / "inner").mkdir()
    assert f"setfacl -m u:{SOMEBODY}:x {shlex.quote(str(sub))}" in closed_folder(
        sub / "inner", member(place), change=False
    )


def test_what_no_right_can_help(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Immutable, or in a folder where only the owner may move a file: no chmod of the drop is named."""
    path = place / "mixed"
    (path / "sub").chmod(0o755)
    refused = PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
    told = not_taken(path, refused)
    assert "though its rights allow it" in told
    assert f"lsattr -d {shlex.quote(str(path))}" in told
    assert "chmod" not in told
    place.chmod(0o1777)
    monkeypatch.setattr(Identity, "own", lambda: Identity(SOMEBODY, frozenset()))
    monkeypatch.setattr(reach, "locked_in", lambda *_, **__: None)
    assert f"chmod -t {shlex.quote(str(place))}" in not_taken(path, refused)
    busy = OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))
    assert "cannot be taken out of the inbox" in not_taken(path, busy)
