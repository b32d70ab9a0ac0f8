"""Every documented value works: choices, lists, paths, spans and patterns, each by the thing it is for.

Keys that say how a post looks are tried in `tests/pipeline` and `tests/destinations`, those of the account there as well.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import pytest

from telespool.config.schema import Seconds
from tests.archives import making
from tests.crash.media import photo
from tests.faults.house import config, running

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import Config

pytestmark = pytest.mark.usefixtures("fast_media")

A, B, C = photo(b"a"), photo(b"b"), photo(b"c")
LOCKED = making.locked_zip({"c.jpg": C}, "Straße".encode())


def having(settings: Config, section: str, **values: Any) -> Config:
    """The same settings with other values in one section."""
    changed = dataclasses.replace(getattr(settings, section), **values)
    return dataclasses.replace(settings, **{section: changed})


def drop(root: Path, files: dict[str, bytes]) -> None:
    """Put files into the inbox."""
    for name, data in files.items():
        path = root / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.mark.parametrize(
    ("values", "arrive", "left"),
    [
        ({"ignore": ()}, [A, B, C], 0),
        ({"ignore": ("*",)}, [], 3),
        ({"ignore": ("b.jpg",)}, [A, C], 1),
        ({"ignore": ("B.*", "")}, [A, C], 1),
        ({"ignore": (".jpg",)}, [], 2),
        ({"ignore": ("raw/*",)}, [A, B], 0),
        ({"ignore": ("raw",)}, [A, B], 0),
        ({"ignore": ("trip",)}, [A, B], 1),
        ({"ignore": ("[",)}, [A, B, C], 0),
        ({"polling": True}, [A, B, C], 0),
        ({"take": "copy"}, [A, B, C], 3),
    ],
    ids=str,
)
async def test_what_is_taken(
    root: Path, values: dict[str, Any], arrive: list[bytes], left: int
) -> None:
    """Patterns, ways of watching and of taking decide what arrives; what does not stays, or goes with its folder."""
    drop(root, {"a.jpg": A, "b.jpg": B, "trip/raw/c.jpg": C})
    async with running(config(root, **values)) as house:
        await house.until(
            lambda: (
                len(list((root / "inbox").rglob("*.jpg"))) == left
                and sorted(house.arrived) == sorted(arrive)
                and house.idle
            )
        )

    assert sorted(house.arrived) == sorted(arrive)


@pytest.mark.parametrize(
    ("choice", "times", "refused"), [("send", 2, 0), ("skip", 1, 0), ("quarantine", 1, 1)]
)
async def test_duplicates(root: Path, choice: Any, times: int, refused: int) -> None:
    """The same photo twice is sent twice, left out, or set aside."""
    async with running(config(root, duplicates=choice)) as house:
        for name in ("first.jpg", "second.jpg"):
            drop(root, {name: A})
            await house.until(lambda: list(root.glob(f"*/*/0*_{name}")) and house.idle)  # noqa: B023 - awaited in its turn

    assert house.arrived == [A] * times
    assert len(list(root.glob("quarantine/*/*_second.jpg"))) == refused


@pytest.mark.parametrize(
    ("values", "opened"),
    [
        ({"passwords": ("Straße",)}, True),
        ({"passwords": (*(f"word {n}" for n in range(30)), "Straße")}, True),
        ({"passwords": ()}, False),
        ({"passwords": ("x" * 500,)}, False),
        ({"command": ("no-such-program", "7zz"), "passwords": ("Straße",)}, True),
        ({"command": (making.seven_zip(),), "passwords": ("Straße",)}, True),
    ],
    ids=["one", "the last of many", "none", "a long one", "the second program", "a path"],
)
async def test_archives(root: Path, values: dict[str, Any], opened: bool) -> None:
    """The first program that is there and the password that fits open an archive; without one it says what to do."""
    drop(root, {"x.zip": LOCKED})
    async with running(having(config(root), "archives", **values)) as house:
        await house.until(lambda: (house.arrived or house.lying("quarantine")) and house.idle)

    assert house.arrived == ([C] if opened else [])
    notes = [path.read_text() for path in root.glob("quarantine/*/*.txt")]
    assert opened or "password" in notes[0]


async def test_hours(root: Path) -> None:
    """Within the hours all is sent; outside it waits, and says until when."""
    now = time.localtime()
    minute = now.tm_hour * 60 + now.tm_min
    open_now = f"{(minute - 60) % 1440 // 60:02d}:00-{(minute + 120) % 1440 // 60:02d}:00"
    later = f"{(minute + 120) % 1440 // 60:02d}:00-{(minute + 180) % 1440 // 60:02d}:00"
    drop(root, {"a.jpg": A})
    async with running(having(config(root), "send", hours=later)) as house:
        waits = house.service.activity.waits
        await house.until(lambda: [w for w in waits.now(time.time()) if w.kind == "hours"])
        assert not house.arrived
    async with running(having(config(root), "send", hours=open_now)) as house:
        await house.until(lambda: house.arrived == [A])


async def test_an_inbox_elsewhere(root: Path, tmp_path: Path) -> None:
    """With `spool.inbox` people drop there, and nothing of it is needed inside the spool."""
    elsewhere = tmp_path / "Ann's drop box"
    elsewhere.mkdir()
    (elsewhere / "a.jpg").write_bytes(A)
    async with running(config(root, inbox=elsewhere)) as house:
        await house.until(lambda: house.arrived == [A])

    assert not (root / "inbox").exists()


@pytest.mark.parametrize("patience", [Seconds(0.0), Seconds(3600.0)])
async def test_converting_while_sending(root: Path, patience: Seconds) -> None:
    """`convert.deferred` does not keep anything from being sent, either way."""
    drop(root, {"a.jpg": A})
    settings = having(config(root), "convert", deferred=bool(patience))
    async with running(settings) as house:
        await house.until(lambda: house.arrived == [A])
