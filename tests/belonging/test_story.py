"""The order in which things happened."""

from __future__ import annotations

import pytest

from telespool.belonging import Kinship
from telespool.belonging.story import Taken, by_name, places

HOUR = 3600.0
NOON = 1_087_041_600.0
HALF_PAST_THREE = NOON + 3.5 * HOUR


def order(
    names: dict[int, str],
    taken: dict[int, Taken | None],
    noted: dict[int, Taken] | None = None,
) -> list[int]:
    """The numbers in the order of the story."""
    found = places(names, taken, Kinship.of(names), noted)
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
    names = {1: "IMG_20040612_120500.jpg", 2: "b.jpg", 3: "IMG_20040612_120000123.jpg"}

    assert order(names, {}) == [3, 1, 2]
    assert by_name("IMG-20040612-WA0001.jpg") == Taken(NOON, zoned=False)
    assert by_name("IMG_20249912_999999.jpg") is None
    assert by_name("VID_20040612_995959.mp4") == Taken(NOON, zoned=False)
    assert by_name("DSC_1234.jpg") is None
    assert by_name("GX010001.MP4") is None


@pytest.mark.parametrize(
    "name",
    [
        "IMG_20040612_153000.jpg",
        "VID_20040612_153000.mp4",
        "PXL_20040612_153000123.MP.jpg",
        "20040612_153000.jpg",
        "2004-06-12 15.30.00.jpg",
        "2004-06-12 15.30.jpg",
        "2004-06-12T15:30:00Z.jpg",
        "Screenshot_2004-06-12-15-30-00.png",
        "Screenshot_20040612-153000_Maps.jpg",
        "Screenshot 2004-06-12 at 3.30.00\u202fPM.png",
        "Bildschirmfoto 2004-06-12 um 15.30.00.png",
        "Capture d’écran 2004-06-12 a\u0300 15.30.00.png",
        "WhatsApp Image 2004-06-12 at 15.30.00 (1).jpeg",
        "signal-2004-06-12-153000.jpg",
        "signal-2004-06-12-15-30-00-123.mp4",
        "photo_1@12-06-2004_15-30-00.jpg",
        "2004_0612_153000_0001F.MP4",
        "WIN_20040612_15_30_00_Pro.mp4",
        "DJI_20040612153000_0001_D.MP4",
        "IMG20040612153000.jpg",
        "MVIMG_20040612_153000.jpg",
        "2004-06-12_15-30-00-front.mp4",
        "FB_IMG_1087054200000.jpg",
    ],
)
def test_how_devices_and_messengers_write_a_time(name: str) -> None:
    """Each has its own way; a Pixel and what counts milliseconds tell the time of the world."""
    assert by_name(f"DCIM/{name}") == Taken(HALF_PAST_THREE, zoned=name.startswith(("PXL", "FB")))


def test_a_clock_without_a_zone_is_known_by_the_name() -> None:
    """Where a film's header and its name tell the same, both are of the wrist; a phone's differ by its zone."""
    names = {1: "a.jpg", 2: "20040612_140100_F.mp4", 3: "VID_20040612_140030.mp4"}
    taken: dict[int, Taken | None] = {
        1: Taken(NOON, zoned=True, ahead=2 * HOUR),
        2: Taken(NOON + 2 * HOUR + 60, zoned=True),
        3: Taken(NOON + 30, zoned=True),
    }

    assert order(names, taken) == [1, 3, 2]


def test_notes_of_others_count_before_the_file_itself() -> None:
    """What the owner corrected holds; an edited version follows its original, a film its photo."""
    names = {1: "IMG_1.jpg", 2: "IMG_E1.jpg", 3: "b.jpg", 4: "c.HEIC", 5: "c.MOV"}
    taken: dict[int, Taken | None] = dict.fromkeys(names, Taken(NOON, zoned=True))
    taken[5] = None
    noted = {1: Taken(NOON + 9, zoned=True), 3: Taken(NOON + 5, zoned=True)}

    assert order(names, taken, noted) == [4, 5, 3, 1, 2]


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

    assert order(names, taken) == [1, 2, 3]
