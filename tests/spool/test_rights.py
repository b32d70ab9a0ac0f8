"""Which folder keeps a user from writing, and the command that gives it back."""

from __future__ import annotations

import errno
import os
import shlex
from typing import TYPE_CHECKING

import pytest

from telespool.spool import rights
from telespool.spool.rights import Identity

if TYPE_CHECKING:
    from telespool.spool import Spool

SOMEBODY = 12_001


@pytest.fixture
def stranger(spool: Spool) -> Identity:
    """A user of the spool's group, who is not its owner."""
    spool.root.chmod(0o2770)
    return Identity(SOMEBODY, frozenset({spool.root.stat().st_gid}))


def test_the_folder_that_is_meant(spool: Spool, stranger: Identity) -> None:
    """The nearest to the root that is locked: to put something in it, to pass it, or to move it."""
    done = spool.root / "done"
    for path, mode in ((spool.root, 0o2770), (done, 0o755)):
        path.chmod(mode)
    here = Identity(SOMEBODY, stranger.groups)
    above = here.locked_out_of(done / "JOB")
    assert above == done or above in done.parents  # pytest's folders are its user's alone
    done.chmod(0o770)
    if above == done:
        assert here.locked_out_of(done / "JOB") is None
    assert here.locked_out_of(spool.root / "not there" / "JOB") is None or above != done


@pytest.mark.parametrize(("mode", "may"), [(0o770, True), (0o750, False), (0o707, False)])
def test_by_owner_group_and_others(
    spool: Spool, stranger: Identity, mode: int, *, may: bool
) -> None:
    """The first of owner, group and others that fits decides, as the kernel does."""
    spool.root.chmod(mode)
    assert stranger.may_change(spool.root) == may
    assert Identity(SOMEBODY, frozenset()).may_change(spool.root) == (mode & 0o7 == 0o7)
    assert Identity(spool.root.stat().st_uid, frozenset()).may_change(spool.root)
    assert Identity(0, frozenset()).may_change(spool.root)


def test_what_gives_it_back(spool: Spool, stranger: Identity) -> None:
    """The owner's folder gets its mode, another's its owner, the group and mode of the spool."""
    done = spool.root / "done"
    done.chmod(0o555)
    own = Identity.of_user(done.stat().st_uid)
    assert rights.cure(done, spool.root, own) == f"sudo chmod u+rwx {shlex.quote(str(done))}"
    cure = rights.cure(done, spool.root, stranger)
    assert cure.startswith(f"sudo chown -R {SOMEBODY}:")
    quoted = shlex.quote(str(done))
    assert cure.endswith(f"{quoted} && sudo chmod 2770 {quoted}")
    assert rights.whose(done) == f"it belongs to {own.name}, mode 555"


def test_who_is_meant() -> None:
    """A process is known by its number, and a user by his; of one that has ended nothing is."""
    assert Identity.of_process(os.getpid()) == Identity.own()
    assert Identity.of_process(1 << 30) is None
    assert Identity.of_user(SOMEBODY).name == str(SOMEBODY)


def test_other_refusals(spool: Spool) -> None:
    """What is refused for another reason, or by no folder, is told as the kernel tells it."""
    name = str(spool.root / "done" / "x")
    assert rights.refused(OSError(errno.EIO, "", name), spool.root) is None
    assert rights.refused(OSError(errno.EACCES, "", name), spool.root) is None
    assert rights.refused(OSError(errno.EACCES, "", "x"), spool.root) is None


def test_a_folder_above_the_spool(spool: Spool) -> None:
    """It is not ours to be given: others are let pass."""
    above = spool.root.parent
    mode = above.stat().st_mode
    above.chmod(0o700)
    try:
        error = PermissionError(errno.EACCES, "", str(spool.root / "done" / "JOB"))
        found = rights.refused(error, spool.root, Identity(SOMEBODY, frozenset()))
    finally:
        above.chmod(mode)

    assert found is not None
    assert spool.root.is_relative_to(found[0])
    assert f"may not be passed by {SOMEBODY}" in found[1]
    assert "chown" not in found[1]


def test_one_command_for_many(spool: Spool, stranger: Identity) -> None:
    """Of what belongs to others one for all; of what only lacks its mode the first few are named, or all of the spool."""
    folders = [spool.root / name for name in ("tmp", "done", "incoming")]
    own, root = Identity.own(), shlex.quote(str(spool.root))
    assert rights.cure_of_all(folders, spool.root, stranger).startswith("sudo chown -R ")
    assert rights.cure_of_all(folders, spool.root, stranger).endswith(f" {root}")
    listed = " ".join(shlex.quote(str(each)) for each in folders)
    assert rights.cure_of_all(folders, spool.root, own) == f"sudo chmod u+rwX {listed}"
    many = rights.cure_of_all(folders * 4, spool.root, own)
    assert many == f"sudo chmod -R u+rwX {root}"
    assert " and 4 more may not be written by" in rights.give_back(folders * 4, spool.root, own)
