#!/usr/bin/env python3
"""Make the pictures of the page that stand in the documentation, from the posts of the demo.

    scripts/demo && .venv/bin/python scripts/pictures.py

Needs chromium.
"""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import Browser  # noqa: E402 - found through the line above

PAGE = (ROOT / "demo" / "posts" / "index.html").as_uri()
TARGET = ROOT / "docs" / "pictures"

DESKTOP: dict[str, Any] = {"width": 1100, "height": 760}
PHONE: dict[str, Any] = {"width": 390, "height": 780, "phone": True, "scale": 1.5}

PICTURES: list[tuple[str, str, dict[str, Any], bool]] = [
    ("page-desktop", "family", DESKTOP, True),
    ("page-desktop-dark", "family", DESKTOP | {"dark": True}, False),
    ("page-phone", "family", PHONE, True),
    ("page-phone-dark", "family", PHONE | {"dark": True}, False),
    ("page-photo", "family/7", DESKTOP, False),
]
"""Name, what the page shows, the window, and whether it is scrolled to its beginning."""

SHOWN = """
new Promise((done) => {
  const look = () => document.body.dataset.ready ? done(1) : setTimeout(look, 20);
  look();
}).then(() => Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.decode();
}))).then(() => new Promise((done) => setTimeout(done, 300)))
"""


async def main() -> None:
    """Make them all."""
    TARGET.mkdir(exist_ok=True)
    async with Browser() as browser:
        for name, at, window, beginning in PICTURES:
            page = await browser.page(f"{PAGE}#{at}", **window)
            await page.run(SHOWN)
            if beginning:
                await page.run("scrollTo(0, 0)")
                await page.run(SHOWN)
            with Image.open(io.BytesIO(await page.picture())) as picture:
                picture.convert("RGB").save(TARGET / f"{name}.jpg", quality=88, optimize=True)
            print(TARGET / f"{name}.jpg")


if __name__ == "__main__":
    asyncio.run(main())
