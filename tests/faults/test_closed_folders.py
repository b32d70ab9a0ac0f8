"""Folders of the spool that may not be read or written, for real: commands tell the rest and name them, a start says what helps."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telespool.spool.layout import FOLDERS
from tests.cli.support import make
from tests.faults.process import powerless
from tests.harness import ROOT
from tests.jobs import job_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.support import Spool

FREE = job_name("default_free", ago=5)
_UNITS = {"incoming": "0000_a.zip", "done": "0001+1_a.jpg"}
OWNER = 12_345
STRANGER = 12_346


def telespool(
    before: tuple[str, ...], spool: Spool, *command: str
) -> subprocess.CompletedProcess[str]:
    """`telespool COMMAND` with this in front, as a process that respects rights."""
    return subprocess.run(
        [*before, sys.executable, "-m", "telespool.cli.main", *command, "-c", str(spool.config)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TELESPOOL_CONFIG": str(spool.config)},
        capture_output=True,
        text=True,
        check=False,
    )


def closed_job(folder: str) -> str:
    """The job that is closed there."""
    return job_name(f"default_{folder}", ago=60)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """One closed job in each folder, the folder of a chat closed; and one job that is not."""
    spool = make(
        tmp_path,
        {f"{each}/{closed_job(each)}/{_UNITS.get(each, '0001_a.jpg')}": b"x" for each in FOLDERS}
        | {f"uploading/{FREE}/0001_b.jpg": b"x", "inbox/family/c.jpg": b"x"},
    )
    (tmp_path / "outside.jpg").write_bytes(b"x")
    return spool


def test_commands_tell_the_rest(spool: Spool, tmp_path: Path) -> None:
    """Closed folders of jobs and of a chat in the inbox: each command does what it can, and names what it could not see."""
    before = powerless()
    closed = [spool.root / each / closed_job(each) for each in FOLDERS]
    for path in (*closed, spool.root / "inbox" / "family"):
        path.chmod(0)
    try:
        status = telespool(before, spool, "status")
        as_json = telespool(before, spool, "status", "--json")
        outside = telespool(before, spool, "explain", str(tmp_path / "outside.jpg"))
        file = telespool(before, spool, "explain", "b.jpg")
        nothing = telespool(before, spool, "explain", "nowhere.jpg")
        prune = telespool(before, spool, "prune")
        verify = telespool(before, spool, "verify", closed[4].name)
        fetch = telespool(before, spool, "fetch", closed[4].name, str(tmp_path / "back"))
        doctor = telespool(before, spool, "doctor")
        told = [
            (path, telespool(before, spool, command, path.name))
            for command, path in zip(
                ("explain", "hold", "cancel", "retry", "explain", "retry"), closed, strict=True
            )
        ]
        both = telespool(before, spool, "hold", closed[1].name, FREE)
    finally:
        for path in (*closed, spool.root / "inbox" / "family"):
            path.chmod(0o700)

    assert status.returncode == 0
    assert f"sudo chmod u+rwx {shlex.quote(str(spool.root / 'inbox' / 'family'))}" in status.stdout
    found = json.loads(as_json.stdout)
    assert {each["path"] for each in found["closed"]} == {
        *map(str, closed),
        str(spool.root / "inbox" / "family"),
    }
    assert {shelf["folder"]: shelf["units"] for shelf in found["folders"]}["uploading"] == 1
    assert "Permission denied" not in outside.stderr + file.stderr
    assert (file.returncode, "b.jpg" in file.stdout) == (0, True)
    assert f"Not looked into: {closed[0]} may not be written by" in nothing.stderr
    assert prune.returncode == 0
    assert f"Nothing is forgotten of these: {closed[0]}" in prune.stdout
    assert all(str(path) in doctor.stdout for path in closed)
    assert "Give it back: sudo chmod u+rwX" in doctor.stdout
    told += [(closed[4], verify), (closed[4], fetch)]
    for path, said in told:
        assert said.returncode == 1
        assert f"{path} may not be written by" in said.stderr
        assert f"Give it back: sudo chmod u+rwx {path}" in said.stderr
    assert both.returncode == 1
    assert f"{closed[1]} may not be written by" in both.stderr
    assert "b.jpg: held" in both.stdout


def test_completion_names_what_it_can(spool: Spool) -> None:
    """A closed job is offered, and what is in it not; nothing is said."""
    before = powerless()
    path = spool.root / "uploading" / closed_job("uploading")
    path.chmod(0)
    try:
        config = {"TELESPOOL_CONFIG": str(spool.config), "PYTHONPATH": str(ROOT)}
        names = [*before, sys.executable, "-m", "telespool.cli.main", "complete-names", "jobs"]
        said = [
            subprocess.run(
                [*names, prefix],
                env=os.environ | config,
                capture_output=True,
                text=True,
                check=True,
            )
            for prefix in ("", f"{path.name}/")
        ]
    finally:
        path.chmod(0o700)

    assert {path.name, FREE} <= set(said[0].stdout.split())
    assert [each.stdout + each.stderr for each in said[1:]] == [""]


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def _as(user: int, *groups: int) -> tuple[str, ...]:
    """What runs a command as this user."""
    others = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    return ("setpriv", f"--reuid={user}", f"--regid={user}", others)


@pytest.fixture
def owned() -> Iterator[Spool]:
    """A spool that belongs to a user, where others pass: the folders of pytest are its user's alone."""
    can_run = [*_as(OWNER), sys.executable, "-c", "import telespool"]
    path = os.environ | {"PYTHONPATH": str(ROOT)}
    if subprocess.run(can_run, env=path, capture_output=True, check=False).returncode:
        pytest.skip("others may not read the program here")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        place.chmod(0o755)
        posts = f'[folder]\npath = "{place / "posts"}"\n'
        spool = make(place, {f"uploading/{FREE}/0001_b.jpg": b"x"}, posts)
        give(spool.root, OWNER)
        yield spool


def give(path: Path, user: int) -> None:
    """All below belongs to this user."""
    for each in (path, *path.rglob("*")):
        os.chown(each, user, user)


@needs_root
def test_another_user_is_told_what_is_closed_to_him(owned: Spool) -> None:
    """A member of the group: it is not his to be given, so he is told whom to ask as."""
    owned.root.chmod(0o2770)
    for folder in FOLDERS:
        (owned.root / folder).chmod(0o2770)
    (owned.root / "uploading" / FREE).chmod(0o700)
    said = telespool(_as(STRANGER, OWNER), owned, "status")
    held = telespool(_as(STRANGER, OWNER), owned, "hold", FREE)

    told = f"{owned.root / 'uploading' / FREE} may not be read by {STRANGER}"
    assert (said.returncode, told in said.stdout) == (0, True)
    assert "chown" not in said.stdout
    assert (held.returncode, told in held.stderr) == (1, True)


@needs_root
@pytest.mark.parametrize("place", ["tmp", "lock", "done", "tmp/left"])
def test_a_start_says_what_gives_a_folder_back(owned: Spool, place: str) -> None:
    """One place belongs to root: a sentence with its command, no traceback, and systemd tries again."""
    path = owned.root / place
    if place == "lock":
        path.touch()
    else:
        path.mkdir(exist_ok=True)
    os.chown(path, 0, 0)
    path.chmod(0o755 if path.is_dir() else 0o644)
    said = telespool(_as(OWNER), owned, "run", "--until-idle")

    assert (said.returncode, "Traceback" in said.stderr) == (75, False)
    assert f"{path} may not be written by {OWNER}" in said.stderr
    assert f"chown {'' if place == 'lock' else '-R '}{OWNER}:{OWNER} {path}" in said.stderr


@needs_root
def test_one_command_gives_a_restored_spool_back(owned: Spool) -> None:
    """Root has copied all of it: one command helps, the same at a start and in `doctor`; after it the daemon works."""
    give(owned.root, 0)
    (owned.root / "lock").touch()
    said = telespool(_as(OWNER), owned, "run", "--until-idle")
    doctor = telespool(_as(OWNER), owned, "doctor")
    command = f"sudo chown -R {OWNER}:{OWNER} {owned.root}"
    owned.root.chmod(0o700)
    unseen = [telespool(_as(OWNER), owned, each) for each in ("run", "doctor", "status", "prune")]
    owned.root.chmod(0o755)

    for each in unseen:
        assert f"ive it back: {command}" in each.stderr + each.stdout
    assert [each.returncode for each in unseen] == [75, 1, 1, 1]
    assert said.returncode == 75
    assert f"Give them back: {command}\n" in f"{json.loads(said.stderr)['reason']}\n"
    assert f"Give it back: {command}\n" in doctor.stdout
    give(owned.root.parent, OWNER)
    (owned.root / "uploading" / FREE / "0001_b.jpg").unlink()
    again = telespool(_as(OWNER), owned, "run", "--until-idle")
    assert again.returncode == 0, again.stderr[-3000:]
