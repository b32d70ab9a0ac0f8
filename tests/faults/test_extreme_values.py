"""Every documented value works: each number of the configuration at both ends of what `check-config` allows."""

from __future__ import annotations

import dataclasses
import typing
from typing import TYPE_CHECKING, Any

import pytest

from telespool.config.fields import fields
from telespool.config.keys import DAY
from telespool.config.schema import Bytes, Config, Seconds
from tests.crash.media import photo
from tests.faults.house import config, running
from tests.material import make_tar

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("fast_media")

_SECTIONS = ("spool", "inbox", "archives", "send", "retention", "service", "convert")
_MOST: dict[Any, float] = {Seconds: 100 * 365 * DAY, Bytes: 1 << 50, int: 10**9, float: 1e9}


def ends() -> list[tuple[str, str, Any]]:
    """Each number with the least and the most it may be; what has no limit gets something large."""
    found = []
    for section, table in typing.get_type_hints(Config).items():
        if section not in _SECTIONS:
            continue
        for each, hint in fields(table):
            if hint not in _MOST or (section, each.name) == ("spool", "reserve"):
                continue
            low, high = each.metadata["low"], each.metadata["high"]
            values = [low or 0, _MOST[hint] if high is None else high]
            if (section, each.name) == ("inbox", "settle"):
                del values[1]  # nothing is ever quiet for that long
            found += [(section, each.name, int(v) if hint is int else hint(v)) for v in values]
    return found


@pytest.mark.parametrize(("section", "key", "value"), ends(), ids=lambda value: f"{value}")
async def test_both_ends(root: Path, tmp_path: Path, section: str, key: str, value: Any) -> None:
    """A photo and a small archive are sent, or refused with a note, and the daemon comes to rest."""
    (tmp_path / "b.jpg").write_bytes(photo(b"b"))
    (root / "inbox").mkdir(parents=True)
    (root / "inbox" / "a.jpg").write_bytes(photo(b"a"))
    make_tar(root / "inbox" / "trip.tar", {"b.jpg": tmp_path / "b.jpg"})
    settings = config(root)
    wanted = dataclasses.replace(getattr(settings, section), **{key: value})
    async with running(dataclasses.replace(settings, **{section: wanted})) as house:
        await house.until(lambda: not list((root / "inbox").glob("*.*")) and house.idle)

    refused = {path.name.partition("_")[2] for path in root.glob("quarantine/*/0*")}
    assert house.arrived.count(photo(b"a")) == 1
    assert photo(b"b") in house.arrived or "trip.tar" in refused
    assert len(house.arrived) == len(set(house.arrived))
