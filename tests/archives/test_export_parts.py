"""Archives among which an export was spread, by their names."""

from __future__ import annotations

import pytest

from telespool.archives.export_parts import alike, export_of


@pytest.mark.parametrize(
    "names",
    [
        ("takeout-20040101T000000Z-001.zip", "takeout-20040101T000000Z-002.zip"),
        ("takeout-20040101T000000Z-1-001.tgz", "Takeout-20040101T000000Z-3-112.tgz"),
        ("drive-download-20040101T000000Z-001.zip", "drive-download-20040101T000000Z-002.zip"),
        ("Photos-001.zip", "Photos-002.zip"),
        ("iCloud Photos Part 1 of 12.zip", "iCloud Photos Part 11 of 12.zip"),
        ("iCloud-bilder Del 1 av 6.zip", "iCloud-bilder Del 2 av 6.zip"),
        ("trip (1 of 2).tar.gz", "trip (2 of 2).tar.gz"),
        ("trip part 1.7z", "Trip Part 2.7z"),
        ("trip_part2.zip", "trip_part10.zip"),
    ],
)
def test_parts_of_one_export(names: tuple[str, str]) -> None:
    """They are known by what Google, Apple and people put behind the name."""
    exports = {export_of(name) for name in names}

    assert len(exports) == 1
    assert exports != {""}
    assert alike(["x.zip", *names]) == [((1, 2), True)]


@pytest.mark.parametrize(
    "names",
    [
        ("trip1.zip", "trip2.zip"),
        ("2023.zip", "2024.zip"),
        ("flight-747.zip", "flight-380.zip"),
        ("12 mai 24.zip", "13 mai 24.zip"),
        ("3 of 2.zip", "4 of 2.zip"),
        ("w.part01.zip", "w.part02.zip"),
        ("a-001.zip", "b-001.zip"),
        ("x-001.zip", "x-001.tar"),
        ("Part 1 of 2.zip", "Part 1 of 3.zip"),
        ("Naruto-001.cbz", "Naruto-002.cbz"),
    ],
)
def test_what_may_be_something_else(names: tuple[str, str]) -> None:
    """Numbers alone say nothing of an export."""
    found = [export_of(name) for name in names]

    assert found[0] != found[1] or found == ["", ""]
    assert all(not each.is_export for each in alike(names))


def test_alike_by_one_number_in_one_folder() -> None:
    """Each archive is in one set: the largest; other folders and comics are apart."""
    names = ["b/trip1.zip", "trip1.zip", "trip2.zip", "trip3.zip", "trip 1a.zip", "1.cbz", "2.cbz"]

    assert alike(names) == [((1, 2, 3), False)]
    assert alike(["a1b1.zip", "a1b2.zip", "a2b1.zip", "a1b3.zip"]) == [((0, 1, 3), False)]
