"""Folders of the inbox that the daemon may not read or empty, for real: what lies there waits, all else goes on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from telespool.observe import control_client
from telespool.observe.status_text import who_waits
from telespool.runtime.cancellation import in_thread
from tests.faults.process import powerless, process
from tests.harness import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.process import Process
    from tests.material import Material

pytestmark = pytest.mark.media
_TOPICS = """
[chats.forum]
to = "@forum"
subfolders = "topics"
[chats.family]
to = "@family"
[inbox.folders]
family = "{sync}"
"""


def told(home: Process) -> dict[str, str]:
    """What is left in the inbox and why, by the last part of its name."""
    return {line["file"]: line["reason"] for line in home.said if line["event"] == "drop.left"}


def waits(home: Process) -> set[str]:
    """Who waits, as `telespool status` names it."""
    activity = control_client.look(home.root, home.process.pid)
    return {who_waits(wait) for wait in (activity or {})["waits"]}


async def test_holds_up_only_what_lies_in_it(tmp_path: Path, material: Material) -> None:
    """At the start and while it runs: of a chat, of a topic, of `inbox.folders`, and one that was dropped with such a one."""
    before = powerless()
    sync, inbox = tmp_path / "sync", tmp_path / "spool/inbox"
    more = _TOPICS.replace("{sync}", str(sync))
    family, topic, mixed = inbox / "family", inbox / "forum/Hikes", inbox / "mixed"
    within = (family, topic, mixed / "sub", sync)
    for number, folder in enumerate(within):
        folder.mkdir(parents=True)
        shutil.copy(material.photo(number), folder / f"{number}.jpg")
        folder.chmod(0)
    shutil.copy(material.photo(4), mixed)
    with process(tmp_path, *before, more=more) as home:
        shutil.copy(material.photo(5), inbox / "one.jpg")
        shutil.copy(material.photo(6), inbox / "forum/two.jpg")
        await eventually(lambda: {path.name for path in home.all_posts} == {"one.jpg", "two.jpg"})
        await eventually(lambda: len(told(home)) == 4)
        says, waiting = told(home), await in_thread(waits, home)
        for folder in within:
            folder.chmod(0o700)
        await eventually(lambda: len(home.all_posts) == 7)
        # And while it runs: what was closed is watched again, too.
        family.chmod(0)
        await eventually(
            lambda: len([line for line in home.said if line.get("file") == "family"]) == 2
        )
        shutil.copy(material.photo(7), inbox / "three.jpg")
        await eventually(lambda: len(home.all_posts) == 8)
        family.chmod(0o700)
        shutil.copy(material.photo(8), family / "four.jpg")
        await eventually(lambda: len(home.all_posts) == 9)
        blamed = [line for line in home.said if line["event"] in {"disk.failed", "worker.failed"}]

    assert blamed == []
    assert f"{family} may not be read and written by" in says["family"]
    assert f"Give it back: sudo chmod u+rwx {family}" in says["family"]
    assert f"chmod -R u+rwX {topic}" in says["Hikes"]
    assert "mixed/sub may not be read or moved by" in says["mixed"]
    assert f"chmod -R u+rwX {mixed}" in says["mixed"]
    assert f"{sync} may not be read by" in says["sync"]
    assert says["sync"].endswith(f"Let it be read: chmod u+rx {sync}")
    assert waiting == {
        f"drop {sync} (chat family)",
        "inbox: family",
        "inbox: forum/Hikes",
        "inbox: mixed",
    }


async def test_the_inbox_itself(tmp_path: Path, material: Material) -> None:
    """Nothing in it can be taken: that is said of it, and folders elsewhere go on."""
    before = powerless()
    sync, inbox = tmp_path / "sync", tmp_path / "spool/inbox"
    inbox.mkdir(parents=True)
    sync.mkdir()
    shutil.copy(material.photo(0), sync)
    shutil.copy(material.photo(1), inbox)
    inbox.chmod(0)
    more = _TOPICS.replace("{sync}", str(sync))
    with process(tmp_path, *before, more=more) as home:
        await eventually(lambda: len(home.all_posts) == 1)
        assert f"{inbox} may not be read and written by" in told(home)["inbox"]
        inbox.chmod(0o700)
        await eventually(lambda: len(home.all_posts) == 2)


async def test_the_folder_of_the_posts(tmp_path: Path, material: Material) -> None:
    """Removed, it is made anew; where a chat's folder in it is locked, that one is named with what gives it back."""
    before = powerless()
    posts = tmp_path / "spool-posts"
    with process(tmp_path, *before) as home:
        await eventually(home.inbox.is_dir)
        shutil.copy(material.photo(0), home.inbox / "0.jpg")
        await eventually(lambda: any(line["event"] == "job.completed" for line in home.said))
        shutil.rmtree(posts)
        shutil.copy(material.photo(1), home.inbox / "1.jpg")
        await eventually(lambda: [path.name for path in home.posts] == ["1.jpg"])
        assert (posts / "index.html").exists()
        (posts / "default").chmod(0o500)
        shutil.copy(material.photo(2), home.inbox / "2.jpg")
        await eventually(lambda: any(line["event"] == "wait.started" for line in home.said))
        (posts / "default").chmod(0o700)
        await eventually(lambda: len(home.posts) == 2)
        reasons = [line["reason"] for line in home.said if line["event"] == "wait.started"]

    assert f"{posts / 'default'} may not be written by" in reasons[0]
    assert f"chmod u+rwx {posts / 'default'}" in reasons[0]
