"""The demo and the documentation, as a new user would run and read them.

Fenced blocks marked `console` are run: every line after a `$`, in order, in one home that is empty but for a few pictures
and videos. Blocks that are indented show what cannot be run here (root, a login, another machine).
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import PROGRAM, Browser
from tests.material import Material
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.telegram_server import TestTelegram

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
HAS_BLOCKS = [path for path in DOCS if "```console" in path.read_text()]
ALREADY = {"scripts/setup"}
"""Run before any test can be."""

pytestmark = pytest.mark.media


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A place where the demo was run, and what it printed."""
    clone = tmp_path_factory.mktemp("clone")
    process = subprocess.run(
        [sys.executable, ROOT / "scripts" / "demo.py"],
        cwd=clone,
        env=_environment(clone),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout
    return clone, process.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a few pictures and videos."""
    material = Material(tmp_path / "material")
    home = tmp_path / "home"
    (home / "Pictures" / "garden").mkdir(parents=True)
    (home / "Videos").mkdir()
    with zipfile.ZipFile(home / "Pictures" / "holiday.zip", "w") as archive:
        for number in (1, 2, 10):
            archive.write(material.photo(number), f"IMG_{number}.jpg")
    material.photo(3).rename(home / "Pictures" / "garden" / "rose.jpg")
    material.clip("avi").rename(home / "Videos" / "clip.avi")
    return home


def _environment(home: Path) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": programs, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}


def _commands(text: str) -> Iterator[str]:
    """The commands of the console blocks, continued lines and here-documents included."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for command in re.findall(r"^\$ (.*(?:\n(?!\$ ).*)*)", block, re.MULTILINE):
            yield command.rstrip()


@pytest.mark.timeout(300)
def test_demo(clone: tuple[Path, str]) -> None:
    """The demo ends with what was delivered, recovered and quarantined, and says where the page is."""
    root, said = clone

    lines = said.splitlines()

    assert lines[-1] == "demo: 20 delivered, 2 recovered by conversion, 1 quarantined"
    assert (root / "demo" / "posts" / "index.html").as_uri() in lines[-2]
    assert "IMG_10.jpg" in said  # the spool, as ls shows it


@pytest.mark.timeout(300)
def test_spool_of_the_readme(clone: tuple[Path, str]) -> None:
    """The spool that the README shows is the demo's, as ls shows it."""
    shown = re.findall(r"^    (\d{4}\S* ?\S.*?)(?:   |$)", _listing(), re.MULTILINE)

    assert len(shown) > 12
    assert [name for name in shown if name not in clone[1]] == []


def _listing() -> str:
    return (ROOT / "README.md").read_text().partition("$ ls -R demo")[2].partition("What came")[0]


@pytest.mark.timeout(300)
@pytest.mark.skipif(PROGRAM is None, reason="chromium is missing (Debian: apt-get install it)")
async def test_page_of_the_demo(clone: tuple[Path, str]) -> None:
    """The page of the demo shows its albums in order, every picture of them loaded."""
    root, _ = clone
    async with Browser() as browser:
        page = await browser.page(f"{(root / 'demo/posts/index.html').as_uri()}#family")
        await page.run(
            "new Promise((done) => { const look = () => document.body.dataset.ready ? done(1) : setTimeout(look, 10); look(); })"
        )
        loaded = await page.run("""Promise.all([...document.querySelectorAll('.tile img')].map((image) => {
            image.loading = "eager";
            return image.decode().then(() => [image.alt, image.naturalWidth]);
        }))""")
    names = [name for name, width in loaded if width > 0]

    assert [name for name in names if name.startswith("IMG")] == [
        f"IMG_{number}.jpg" for number in range(1, 15)
    ]
    assert len(names) == 20


@pytest.mark.timeout(300)
@pytest.mark.parametrize("document", HAS_BLOCKS, ids=lambda path: path.name)
def test_commands(document: Path, clone: tuple[Path, str], home: Path) -> None:
    """Every command of a document does what it is for, in the order in which it stands there."""
    daemon: subprocess.Popen[str] | None = None
    environment = _environment(home)
    prepared = ".config/telespool/config.toml" in document.read_text()
    if not prepared:
        _configure(home)
    try:
        for command in _commands(document.read_text()):
            if command in ALREADY:
                continue
            if command == "telespool run":
                assert daemon is None
                daemon = subprocess.Popen(
                    ["telespool", "run"], env=environment, cwd=clone[0], text=True
                )
                _wait_for(home / "spool" / "inbox" / "family", daemon)
                continue
            process = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                env=environment,
                cwd=clone[0],
                capture_output=True,
                text=True,
                check=False,
                timeout=longest(60),
            )
            assert process.returncode == 0, f"$ {command}\n{process.stdout}{process.stderr}"
            if daemon is not None and command.startswith("cp "):
                _wait_for(home / "spool-posts/family/000001-000003_album", daemon)
    finally:
        if daemon is not None:
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(longest(30)) == 0


@pytest.mark.telegram
@pytest.mark.timeout(300)
async def test_readme_to_telegram(home: Path, telegram: TestTelegram) -> None:
    """The README alone leads from nothing to an album in a chat of Telegram."""
    telegram.directory.add("supergroup", 999, "The Smiths", "smith_family")
    environment = _environment(home)
    readme = (ROOT / "README.md").read_text()

    async def do(*command: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, cwd=home, stdin=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == 0, command

    for command in [*_commands(readme)][2:4]:  # where the files may lie
        await do("bash", "-euc", command)
    for command in _commands(readme.partition("## Now to Telegram")[2]):
        await do("bash", "-euc", command)
    # What the README cannot know: this Telegram is not the one everybody uses.
    with (home / ".config/telespool/config.toml").open("a") as config:
        config.write(f"""
[telegram.datacenter]
id = 2
address = "{telegram.host}:{telegram.port}"
public_key = "{telegram.public_key}"
""")
    answers = home / "answers"
    answers.mkdir()
    (answers / "phone").write_text(telegram.PHONE)
    (answers / "code").write_text(telegram.PHONE_CODE)
    await do("telespool", "login", "--answers", str(answers))
    (home / "spool/inbox/family").mkdir(parents=True)
    await do("cp", "Pictures/holiday.zip", "spool/inbox/family/")
    await do("telespool", "run", "--until-idle")

    assert [(m.chat, m.kind, m.caption) for m in telegram.messages] == [
        ("smith_family", "photo", "holiday"),
        ("smith_family", "photo", ""),
        ("smith_family", "photo", ""),
    ]
    assert len({message.grouped_id for message in telegram.messages}) == 1


def _configure(home: Path) -> None:
    """What the README has led to."""
    path = home / ".config" / "telespool" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        '[chats]\nfamily = "@smith_family"\n\n[spool]\nroot = "~/spool"\nreserve = "0 B"\n'
    )
    (home / "spool" / "inbox" / "family").mkdir(parents=True)


def _wait_for(path: Path, daemon: subprocess.Popen[str]) -> None:
    """Wait until the daemon has made something."""
    while not path.exists():
        assert daemon.poll() is None
        time.sleep(0.05)  # another process: there is nothing to await


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links(document: Path) -> None:
    """Every link to a file or a heading of the documentation leads somewhere."""
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src=\s*"([^"]+)"', text)
    for target in targets:
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), f"{document.name}: {target}"
        if anchor:
            assert anchor in _anchors(path), f"{document.name}: {target}"


def _anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_configuration_reference() -> None:
    """The reference of the configuration is what the code says."""
    line = [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"]

    assert subprocess.run(line, env=_environment(ROOT), check=False).returncode == 0


def test_pictures_are_small() -> None:
    """Nobody waits for a picture of the documentation."""
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.stat().st_size < 300_000, picture.name


def test_every_setting_of_the_older_bot_has_its_line() -> None:
    """Who comes from the older bot finds each of its settings, files and operations."""
    text = (ROOT / "docs" / "from-the-older-bot.md").read_text()
    for name in (
        "DEFERRED_VIDEO_CONVERSION",
        "CONVERSION_TIMEOUT_SECONDS",
        "COMPRESSION_TIMEOUT_SECONDS",
        "CONVERSION_MAX_RETRIES",
        "CONVERSION_STATE_SAVE_INTERVAL",
        "conversion_state.json",
        "data/recovery",
        "data/quarantine",
        "enable script",
        "staging",
        "roll back by the flag",
        "back up",
        "Termux",
    ):
        assert name in text
