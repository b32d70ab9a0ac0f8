"""The page of the folder destination, as a browser shows it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from PIL import Image

from telespool.destinations.folder.destination import FolderDestination
from telespool.destinations.folder.page import CHUNK
from telespool.media.preview import of_file
from telespool.model import Item, Kind, VideoInfo
from tests.browser import PROGRAM, Browser
from tests.destinations.careless import Careless

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.browser import Page

AXE = Path(__file__).parents[2] / ".tools" / "axe.min.js"

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is missing (Debian: apt-get install it)"),
    pytest.mark.asyncio(loop_scope="module"),  # one browser for all
]

SETTLED = """
new Promise((done) => {
  const look = () => document.body.dataset.ready ? requestAnimationFrame(() => done(true)) : setTimeout(look, 10);
  look();
})
"""
ALTS = "[...document.querySelectorAll('article:not([hidden]) .tile img')].map((image) => image.alt)"
LARGE = "document.querySelector('#viewer-stage > *')?.alt ?? null"


class Chats:
    """A folder with posts, and the files they are made of."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = FolderDestination(
            root / "posts", {"default": "me", "family": "@family"}, Careless()
        )
        self.key = 0

    def item(self, name: str, kind: Kind, mime: str, frame: VideoInfo | None = None) -> Item:
        """An item of the file `name`, which must be there."""
        self.key += 1
        path = self.root / name
        shown = of_file(path) if mime.startswith("image/") and kind != "document" else None
        label = name.partition("_")[2]
        return Item(self.key, self.key, path, label, kind, mime, frame, picture=shown)

    def photo(self, number: int, size: tuple[int, int] = (90, 60)) -> Item:
        """A photo."""
        name = f"{number:04d}_IMG_{number}.jpg"
        Image.new("RGB", size, (90, number * 16 % 255, 120)).save(self.root / name)
        return self.item(name, "photo", "image/jpeg")

    def video(self, number: int, mark: str = "") -> Item:
        """A video of a second."""
        name = f"{number:04d}{mark}_VID_{number}.mp4"
        source = ["-f", "lavfi", "-i", "testsrc=size=160x90:rate=25:duration=1"]
        codec = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        line = ["ffmpeg", "-v", "error", *source, *codec, str(self.root / name)]
        subprocess.run(line, check=True)
        return self.item(name, "video", "video/mp4", VideoInfo(160, 90, 1.0, silent=True))

    def notes(self, number: int) -> Item:
        """A document."""
        name = f"{number:04d}_notes-{number}.txt"
        (self.root / name).write_text("x")
        return self.item(name, "document", "text/plain")

    async def send(self, items: Sequence[Item], caption: str = "", chat: str = "family") -> None:
        """Make a post."""
        staged = [await self.folder.stage(chat, item) for item in items]
        await self.folder.post(chat, staged, caption)


@pytest_asyncio.fixture(loop_scope="module")
async def chats(tmp_path: Path) -> AsyncIterator[Chats]:
    """An open destination."""
    chats = Chats(tmp_path)
    await chats.folder.open()
    yield chats
    await chats.folder.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser."""
    async with Browser() as browser:
        yield browser


async def look(browser: Browser, chats: Chats, at: str = "family", **window: Any) -> Page:
    """Open the page and wait until it shows its posts."""
    page = await browser.page(f"{chats.folder.page.as_uri()}#{at}", **window)
    await page.run(SETTLED)
    return page


async def until(page: Page, condition: str) -> None:
    """Wait until a condition is true in the page."""
    await page.run(f"""new Promise((done) => {{
      const look = () => {condition} ? done(true) : setTimeout(look, 10);
      look();
    }})""")


async def test_albums_in_order(browser: Browser, chats: Chats) -> None:
    """Albums and their photos stand in the order in which they were posted, captions below."""
    await chats.send([chats.photo(number) for number in range(1, 11)], "Summer & <b>lake</b>")
    await chats.send([chats.photo(number, (60, 90)) for number in (11, 12)], "Summer, too")

    page = await look(browser, chats)

    assert await page.run(ALTS) == [f"IMG_{number}.jpg" for number in range(1, 13)]
    captions = "[...document.querySelectorAll('.caption')].map((it) => it.textContent)"
    assert await page.run(captions) == ["Summer & <b>lake</b>", "Summer, too"]
    # The mosaic reads in rows: further down, or further right in the same row.
    places = "[...document.querySelectorAll('.tile')].map((it) => it.getBoundingClientRect()).map((r) => [r.top, r.left])"
    found = [(round(top), left) for top, left in await page.run(places)]
    assert found == sorted(found)


async def test_nothing_leaves_the_disk(browser: Browser, chats: Chats) -> None:
    """Everything the page loads is a file."""
    await chats.send([chats.photo(1), chats.video(2)], "https://example.org/picture.jpg")

    page = await look(browser, chats)

    await page.run("document.querySelector('a.tile').click()")
    await until(page, "document.querySelector('#viewer').open")
    assert any(address.partition("?")[0].endswith("/chats.js") for address in browser.requests)
    assert {address.partition(":")[0] for address in browser.requests} <= {"file", "data"}


async def test_caption_is_text(browser: Browser, chats: Chats) -> None:
    """What stands in a caption or a name is shown and never run."""
    evil = "</script><script>window.evil = 1</script><img src=x onerror='window.evil = 2'>"
    await chats.send([chats.photo(1)], evil)

    page = await look(browser, chats)

    assert await page.run("document.querySelector('.caption').textContent") == evil
    assert await page.run("window.evil ?? null") is None


async def test_photos_open_large(browser: Browser, chats: Chats) -> None:
    """A photo opens large; arrow keys walk through all of the chat; Back closes it."""
    await chats.send([chats.photo(1), chats.photo(2)])
    await chats.send([chats.photo(3)])
    page = await look(browser, chats)

    await page.run("document.querySelectorAll('a.tile')[1].click()")
    await until(page, "document.querySelector('#viewer').open")
    assert await page.run(LARGE) == "IMG_2.jpg"
    assert await page.run("location.hash") == "#family/2"
    for key in ("ArrowRight", "ArrowRight"):
        await page.call("Input.dispatchKeyEvent", {"type": "keyDown", "key": key})
    assert await page.run(LARGE) == "IMG_3.jpg"
    await page.run("history.back()")
    await until(page, "!document.querySelector('#viewer').open")

    assert await page.run("document.activeElement.dataset.name") == "IMG_3.jpg"


async def test_address_of_a_message(browser: Browser, chats: Chats) -> None:
    """The address of a message opens it large."""
    await chats.send([chats.photo(1), chats.photo(2)])

    page = await look(browser, chats, "family/2")

    assert await page.run(LARGE) == "IMG_2.jpg"
    await page.run("document.querySelector('#viewer-close').click()")
    await until(page, "!document.querySelector('#viewer').open")


async def test_videos_play(browser: Browser, chats: Chats) -> None:
    """A video plays."""
    await chats.send([chats.video(1)])
    page = await look(browser, chats)

    await page.run("document.querySelector('a.tile').click()")
    await until(page, "document.querySelector('#viewer-stage video')")
    video = "document.querySelector('#viewer-stage video')"
    await page.run(f"{video}.muted = true, {video}.play()")

    await until(page, f"{video}.currentTime > 0.1")
    assert await page.run(f"{video}.videoWidth") == 160


async def test_live_photos_move(browser: Browser, chats: Chats) -> None:
    """A live photo says that it is one, plays its clip once when it is opened, and again when asked; then it stands still."""
    await chats.send([replace(chats.photo(1), clip=chats.video(2)), chats.photo(3)])
    page = await look(browser, chats)
    labels = "[...document.querySelectorAll('a.tile')].map((tile) => tile.querySelector('.length')?.textContent ?? '')"
    assert await page.run(labels) == ["Live", ""]

    await page.run("document.querySelector('a.tile').click()")
    await until(page, "document.querySelector('#viewer-stage video')?.videoWidth === 160")
    await until(page, f"{LARGE} === 'IMG_1.jpg'")
    await page.run("document.querySelector('#viewer-stage .motion').click()")
    await until(page, "document.querySelector('#viewer-stage video')?.currentTime > 0")


async def test_filter(browser: Browser, chats: Chats) -> None:
    """The filter leaves the converted copies, which carry a badge."""
    await chats.send([chats.photo(1)])
    await chats.send([chats.video(2, "c")])
    page = await look(browser, chats)
    articles = "[...document.querySelectorAll('article:not([hidden])')].map((it) => it.id)"
    assert await page.run(articles) == ["post-1", "post-2"]

    await page.run("document.querySelector('input[value=converted]').click()")
    await until(page, "document.querySelector('#post-1').hidden")

    assert await page.run(articles) == ["post-2"]
    assert await page.run("document.querySelectorAll('.badge').length") == 1


async def test_chats(browser: Browser, chats: Chats) -> None:
    """Each chat has its own column; an empty one says how to fill it."""
    await chats.send([chats.photo(1)])
    page = await look(browser, chats)

    await page.run("document.querySelector('#chats a').click()")
    await until(page, "document.title.startsWith('default')")

    assert await page.run("document.querySelectorAll('article').length") == 0
    await until(page, "document.querySelector('#notice').textContent.includes('inbox/')")


async def test_chats_are_at_the_foot_of_a_phone(browser: Browser, chats: Chats) -> None:
    """On a phone the chats stay where the thumb is, however far one has scrolled, and the last post is above them."""
    for number in range(1, 12):
        await chats.send([chats.photo(number)])
    page = await look(browser, chats, width=390, phone=True)
    strip = "document.querySelector('.side').getBoundingClientRect()"
    last = "[...document.querySelectorAll('article')].at(-1).getBoundingClientRect().bottom"

    await until(page, f"Math.abs({strip}.bottom - innerHeight) < 2 && {last} <= {strip}.top")
    await page.run("scrollTo(0, 200)")
    await until(page, f"scrollY === 200 && Math.abs({strip}.bottom - innerHeight) < 2")
    reach = "Math.min(...[...document.querySelectorAll('#chats a')].map((it) => it.offsetHeight))"
    assert await page.run(reach) >= 44  # as large as a finger needs it


async def test_many_posts(browser: Browser, chats: Chats) -> None:
    """Of many posts the newest are loaded first, the others on the way up, each once and in order."""
    posts = 2 * CHUNK + 20
    for number in range(1, posts + 1):
        await chats.send([chats.notes(number)])

    page = await look(browser, chats)
    ids = "[...document.querySelectorAll('article')].map((it) => Number(it.dataset.first))"
    first = await page.run(ids)
    assert first == list(range(2 * CHUNK, posts + 1))

    while await page.run("!document.querySelector('#earlier').hidden"):
        before = await page.run("document.querySelectorAll('article').length")
        await page.run("scrollTo(0, 0)")
        await until(page, f"document.querySelectorAll('article').length > {before}")
    assert await page.run(ids) == list(range(1, posts + 1))


async def test_new_posts_appear(browser: Browser, chats: Chats) -> None:
    """What is posted while the page is open appears by itself."""
    await chats.send([chats.photo(1)])
    page = await look(browser, chats)

    await chats.send([chats.photo(2)])
    await page.run("dispatchEvent(new Event('visibilitychange'))")

    await until(page, "document.querySelectorAll('article').length === 2")
    assert await page.run(ALTS) == ["IMG_1.jpg", "IMG_2.jpg"]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing (scripts/fetch-axe gets it)")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "phone"), [(1280, False), (390, True)], ids=["desktop", "phone"])
async def test_accessible(
    browser: Browser, chats: Chats, width: int, *, dark: bool, phone: bool
) -> None:
    """axe finds nothing wrong: not with the posts, not with a photo large."""
    gif = Image.new("P", (40, 30))
    gif.save(chats.root / "0008_wave.gif", save_all=True, append_images=[gif.rotate(9)], loop=0)
    await chats.send([chats.photo(1), chats.photo(2), chats.video(3)], "An album")
    await chats.send([chats.video(4, "c")])
    await chats.send([chats.notes(5)])
    await chats.send([chats.item("0008_wave.gif", "gif", "image/gif", VideoInfo(40, 30, 1.0))])
    page = await look(browser, chats, width=width, phone=phone, dark=dark)
    await page.run(AXE.read_text())

    for _ in range(2):
        wrong = await page.run(
            "axe.run().then((found) => found.violations.map((it) =>"
            " `${it.id}: ${it.nodes.map((node) => node.html + ' ' + node.failureSummary).join()}`))"
        )
        assert wrong == []
        await page.run("document.querySelector('a.tile').click()")
        await until(page, "document.querySelector('#viewer').open")
    assert await page.run("document.documentElement.scrollWidth <= innerWidth")
