"""The order in which things happened."""

from __future__ import annotations

from telespool.belonging.story import Taken, by_name, places

HOUR = 3600.0
NOON = 1_087_041_600.0


def order(
    names: dict[int, str],
    taken: dict[int, Taken | None],
    chapters: dict[int, tuple[int, ...]] | None = None,
) -> list[int]:
    """The numbers in the order of the story."""
    found = places(names, taken, chapters or {})
    return sorted(names, key=lambda number: (found[number], number))


def test_the_zone_of_the_others_holds_for_those_without() -> None:
    """A camera that tells no zone stood where the phone was."""
    names = {1: "a.jpg", 2: "b.mp4", 3: "c.jpg"}
    taken: dict[int, Taken | None] = {
        1: Taken(NOON + 2 * HOUR + 60, zoned=False),  # 14:01 on the wrist
        2: Taken(NOON + 30, zoned=True),  # a film: 12:00:30 in Greenwich
        3: Taken(NOON, zoned=True, ahead=2 * HOUR),
    }

    assert order(names, taken) == [3, 2, 1]


def test_names_tell_times() -> None:
    """Where a file says nothing its name may; where that says nothing, it stays behind the one before."""
    names = {1: "IMG_20040612_120500.jpg", 2: "b.jpg", 3: "PXL_20040612_120000123.jpg"}

    assert order(names, {}) == [3, 1, 2]
    assert by_name("2004-06-12 12.00.00.jpg") == by_name("Screenshot_20040612-120000.png")
    assert by_name("IMG-20040612-WA0001.jpg") is not None
    assert by_name("IMG_20249912_999999.jpg") is None
    assert by_name("DSC_1234.jpg") is None


def test_without_any_time_names_decide() -> None:
    """Nobody says when: the order of the names."""
    assert order({1: "a.jpg", 2: "b.jpg"}, {1: None}) == [1, 2]


def test_chapters_stay_together() -> None:
    """A photo that was taken during a recording does not tear its chapters apart."""
    names = {1: "GX010001.MP4", 2: "GX020001.MP4", 3: "IMG_1.jpg"}
    taken: dict[int, Taken | None] = {
        1: Taken(NOON, zoned=True),
        2: Taken(NOON + 900, zoned=True),
        3: Taken(NOON + 60, zoned=True),
    }

    assert order(names, taken, {1: (1, 2), 2: (1, 2)}) == [1, 2, 3]
