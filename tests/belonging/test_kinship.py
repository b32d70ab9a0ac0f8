"""Who belongs to whom, by names."""

from __future__ import annotations

import pytest

from telespool.belonging import About, Kinship, is_live
from telespool.belonging.moment import Taken


def of(*names: str) -> tuple[Kinship, dict[str, int]]:
    """The kinship of these names, and their numbers."""
    return Kinship.of(dict(enumerate(names, 1))), {name: n for n, name in enumerate(names, 1)}


@pytest.mark.parametrize(
    ("still", "clip"),
    [
        ("DCIM/IMG_1.HEIC", "DCIM/IMG_1.MOV"),
        ("IMG_1.jpg", "IMG_1.mp4"),
        ("IMG_1(1).HEIC", "IMG_1(1).MP4"),
        ("PXL_1.MP.jpg", "PXL_1.MP"),
        ("IMG_E1.HEIC", "IMG_E1.MOV"),
    ],
)
def test_a_photo_and_its_clip(still: str, clip: str) -> None:
    """A clip has the name of its photo, whatever the case and the maker."""
    kin, numbers = of(still, clip, "IMG_2.MOV", "other/IMG_1.MOV")

    assert kin.clips == {numbers[still]: (numbers[clip],)}
    assert kin.still_of(numbers[clip]) == numbers[still]


def test_identifiers_decide_and_length_does() -> None:
    """Apple's identifier overrules names; what plays for longer than a live photo may is a film."""
    assert is_live(About("A"), About("A", 3.0), same_name=False)
    assert not is_live(About("A"), About("B", 3.0), same_name=True)
    assert is_live(About(), About("B", 3.0), same_name=True)
    assert not is_live(About(), About(), same_name=False)
    assert not is_live(About("A"), About("A", 10.5), same_name=True)


@pytest.mark.parametrize(
    ("still", "clip", "live"),
    [
        (Taken(0, zoned=True, ahead=7200), Taken(3, zoned=True, ahead=7200), True),
        (Taken(0, zoned=True, ahead=7200), Taken(3600, zoned=True, ahead=7200), False),
        (Taken(20700, zoned=False), Taken(5, zoned=True), True),
        (Taken(0, zoned=False), Taken(400, zoned=True), False),
        (Taken(0, zoned=False), Taken(17 * 86400, zoned=True), False),
        (Taken(0, zoned=False), None, True),
    ],
)
def test_what_was_taken_at_two_moments_is_no_live_photo(
    still: Taken, clip: Taken | None, live: bool
) -> None:
    """A name counts only where the times allow it, whole quarters of hours aside where a zone is not known."""
    assert is_live(About(taken=still), About("B", 3.0, clip), same_name=True) == live
    assert is_live(About("B", taken=still), About("B", 3.0, clip), same_name=False)


def test_raws_and_their_photos() -> None:
    """A raw belongs to the photo of its name."""
    kin, numbers = of("IMG_1.CR3", "IMG_1.JPG", "IMG_2.NEF")

    assert kin.raws == {numbers["IMG_1.CR3"]: numbers["IMG_1.JPG"]}


@pytest.mark.parametrize(
    ("raw", "photo"),
    [
        ("PXL_1.RAW-02.ORIGINAL.dng", "PXL_1.RAW-01.COVER.jpg"),
        ("PXL_1.RAW-02.ORIGINAL.dng", "PXL_1.RAW-01.MP.COVER.jpg"),
        ("PXL_1.NIGHT.RAW-02.ORIGINAL.dng", "PXL_1.NIGHT.RAW-01.COVER.jpg"),
        ("PXL_1.dng", "PXL_1.MP.jpg"),
        ("PXL_1.PORTRAIT-02.ORIGINAL.dng", "PXL_1.PORTRAIT-01.COVER.jpg"),
        ("IMG_1.dng", "IMG_1_HDR.jpg"),
        ("IMG_1_RAW.dng", "IMG_1.jpg"),
        ("IMG_3-Enhanced-NR.dng", "IMG_3.jpg"),
    ],
)
def test_raws_of_other_names_than_their_photos(raw: str, photo: str) -> None:
    """Phones and apps add words to the names of one shot's files."""
    kin, numbers = of(raw, photo, "PXL_2.RAW-02.ORIGINAL.dng", "IMG_2.jpg")

    assert kin.raws == {numbers[raw]: numbers[photo]}
    assert kin.edited == {}


def test_a_raw_is_the_still_of_a_clip_where_no_photo_is() -> None:
    """ProRAW alone is half of a live photo; beside its photo it is not."""
    kin, numbers = of("IMG_1.DNG", "IMG_1.MOV", "IMG_2.DNG", "IMG_2.JPG", "IMG_2.MOV")

    assert kin.still_of(numbers["IMG_1.MOV"]) == numbers["IMG_1.DNG"]
    assert kin.still_of(numbers["IMG_2.MOV"]) == numbers["IMG_2.JPG"]


@pytest.mark.parametrize(
    ("note", "about"),
    [
        ("IMG_1.AAE", "IMG_1.HEIC"),
        ("IMG_O1.AAE", "IMG_1.HEIC"),
        ("IMG_1.xmp", "IMG_1.HEIC"),
        ("IMG_1.HEIC.xmp", "IMG_1.HEIC"),
        ("IMG_1.HEIC.json", "IMG_1.HEIC"),
        ("IMG_1.HEIC.supplemental-metadata.json", "IMG_1.HEIC"),
        ("b.jpg.suppl(1).json", "b(1).jpg"),
        ("b.jpg(1).json", "b(1).jpg"),
        ("GX010001.THM", "GX010001.MP4"),
        (
            "a_name_of_more_than_forty_signs_that_was_cut_.json",
            "a_name_of_more_than_forty_signs_that_was_cut_off.jpg",
        ),
        ("raw.xmp", "raw.CR2"),
        (f"{'1' * 36}_DSCN0091.JP.supplemental-meta.json", f"{'1' * 36}_DSCN0091.JPG"),
        (f"{'1' * 36}_DSCN0091.JP.supplemental-meta(1).json", f"{'1' * 36}_DSCN0091(1).JPG"),
    ],
)
def test_notes_and_whom_they_are_about(note: str, about: str) -> None:
    """Each app has its own way to call its notes."""
    others = [f"{'1' * 36}_DSCN0091{copy}.JPG" for copy in ("", "(1)", "(2)")]
    others += ["IMG_1.MOV"] if "HEIC" in about else []
    kin, numbers = of(*{about: None, note: None, **dict.fromkeys(others)})

    assert kin.sidecars[numbers[note]] == numbers[about]


@pytest.mark.parametrize(
    ("original", "edited"),
    [
        ("IMG_1234.HEIC", "IMG_E1234.JPG"),
        ("a.jpg", "a-edited.jpg"),
        ("a(1).jpg", "a-edited(1).jpg"),
        ("a.jpg", "a-bearbeitet.jpg"),
        ("a_original.jpg", "a.jpg"),
        ("IMG_1.jpg", "IMG_E1.jpg"),
        ("img_12.mov", "IMG_E12.MOV"),
        ("IMG_0001(1).HEIC", "IMG_E0001(1).HEIC"),
        ("PXL_20040612_153000123.jpg", "PXL_20040612_153000123~2.jpg"),
        ("a.jpg", "a-modifie\u0301.jpg"),
        ("a.jpg", "a-編集済み.jpg"),
        ("a.jpg", "a-ha editado.jpg"),
        ("a.jpg", "a (Edited).jpg"),
        ("a.jpg", "a-Edit.jpg"),
        (f"{'a' * 39}.jpg", f"{'a' * 39}-edi.jpg"),
        (f"{'a' * 39}.jpg", f"{'a' * 39}-ha edit.jpg"),
        (f"{'a' * 39}(1).jpg", f"{'a' * 39}-bearb(1).jpg"),
        ("PXL_1.PORTRAIT-02.ORIGINAL.jpg", "PXL_1.PORTRAIT-01.COVER.jpg"),
        ("PXL_1.LONG_EXPOSURE-02.ORIGINAL.jpg", "PXL_1.LONG_EXPOSURE-01.COVER.jpg"),
        ("PXL_1.RAW-02.ORIGINAL.dng", "PXL_1.RAW-01.COVER~2.jpg"),
        ("IMG_4.dng", "IMG_4-Edit.jpg"),
        ("IMG_5.dng", "IMG_E5.jpg"),
    ],
)
def test_edited_versions(original: str, edited: str) -> None:
    """An edited version knows its original, and the other way round."""
    kin, numbers = of(original, edited, "b.jpg")

    assert kin.edited == {numbers[edited]: numbers[original]}
    assert kin.originals == {numbers[original]: numbers[edited]}


@pytest.mark.parametrize(
    "chapters",
    [
        ("GX010001.MP4", "GX020001.MP4"),
        ("GOPR0001.MP4", "GP010001.MP4", "GP020001.MP4"),
        ("VID_20040612_153000_00_001.mp4", "VID_20040612_153000_00_002.mp4"),
        ("DJI_20040612153000_0001_D_001.MP4", "DJI_20040612153000_0001_D_002.MP4"),
        ("20040612_153000_F_001.mp4", "20040612_153000_F_002.mp4"),
    ],
)
def test_chapters_of_one_recording(chapters: tuple[str, ...]) -> None:
    """Cameras cut long recordings, and count the pieces in their names."""
    kin, numbers = of(*reversed(chapters), "GX010002.MP4", "IMG_1.MOV")

    assert kin.chapters == dict.fromkeys(
        [numbers[each] for each in chapters], tuple(numbers[each] for each in chapters)
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2004_0612_153000_0001F.MP4", "2004_0612_153000_0001R.MP4"),
        ("20040612_153000_NF.mp4", "20040612_153000_NR.mp4"),
        ("NO20040612-153000-000001F.MP4", "NO20040612-153000-000001B.MP4"),
        ("2004-06-12_15-30-00-front.mp4", "2004-06-12_15-30-00-left_repeater.mp4"),
    ],
)
def test_lenses_of_one_moment(one: str, other: str) -> None:
    """A dashcam writes a film for each lens: those of one moment belong together, those of the next do not."""
    later = other.replace("53000", "53100").replace("-30-00", "-31-00")
    kin, numbers = of(one, other, later, "20040612_153000.mp4")

    together = numbers[one], numbers[other]
    assert kin.views == dict.fromkeys(together, together)
    assert kin.together(numbers[other]) == together
    assert kin.together(numbers[later]) == (numbers[later],)


def test_bursts() -> None:
    """The pictures of a burst are known."""
    kin, _ = of("20040612_153000_BURST001.jpg", "20040612_153000_BURST002.jpg", "a.jpg")

    assert kin.bursts == {1: (1, 2), 2: (1, 2)}
    makers = [
        ("00014IMG_00014_BURST20041111030039.jpg", "00015IMG_00015_BURST20041111030039_COVER.jpg"),
        ("DSC_0001_BURST20040709220904977.JPG", "DSC_0002_BURST20040709220904977.JPG"),
        ("20040612_153000_001.jpg", "20040612_153000_002.jpg"),
    ]
    for pair in makers:
        assert of(*pair, "a.jpg")[0].bursts == {1: (1, 2), 2: (1, 2)}


def test_what_has_nothing_in_common_belongs_to_nobody() -> None:
    """Numbers alone make no kin."""
    kin, _ = of(
        "IMG_E1.jpg",
        "IMG_2.jpg",
        "a~2.mp4",
        "a.jpg",
        "1.jpg",
        "2.mp4",
        "3.jpg",
        "notes.txt",
        "b.json",
        "x.xmp",
        "é\u0301.jpg",
        "",
        ".",
    )

    assert kin == Kinship()


def spread(*archives: tuple[str, ...]) -> tuple[Kinship, list[dict[str, int]]]:
    """The kinship of archives that hold one export, and the numbers in each."""
    numbers = [
        {name: archive * 100 + n for n, name in enumerate(names)}
        for archive, names in enumerate(archives, 1)
    ]
    kin = Kinship()
    kin.add_spread([{number: name for name, number in each.items()} for each in numbers])
    return kin, numbers


def test_a_folder_that_lies_in_several_archives_is_one() -> None:
    """Clips, raws, notes, versions and chapters are found in whichever they lie."""
    kin, (a, b) = spread(
        ("T/IMG_1.HEIC", "T/IMG_2.MOV", "T/3.jpg", "T/4.jpg.json", "T/5.dng", "T/GX010001.MP4"),
        ("T/IMG_1.MOV", "T/IMG_2.HEIC", "T/3-edited.jpg", "T/4.jpg", "T/5.jpg", "T/GX020001.MP4", "U/3-edited.jpg"),
    )  # fmt: skip

    assert kin.clips == {
        a["T/IMG_1.HEIC"]: (b["T/IMG_1.MOV"],),
        b["T/IMG_2.HEIC"]: (a["T/IMG_2.MOV"],),
    }
    assert kin.edited == {b["T/3-edited.jpg"]: a["T/3.jpg"]}
    assert kin.sidecars == {a["T/4.jpg.json"]: b["T/4.jpg"]}
    assert kin.raws == {a["T/5.dng"]: b["T/5.jpg"]}
    assert kin.raws_beside == {b["T/5.jpg"]: (a["T/5.dng"],)}
    chapters = (a["T/GX010001.MP4"], b["T/GX020001.MP4"])
    assert kin.chapters == dict.fromkeys(chapters, chapters)


def test_a_name_in_two_archives_belongs_to_its_own() -> None:
    """An iPhone's counter begins anew: what is called the same elsewhere is something else."""
    names = ("P/IMG_1.HEIC", "P/IMG_1.MOV", "P/IMG_2.jpg")
    kin, (a, b, c) = spread(names, (*names, "P/IMG_2-edited.jpg"), ("P/IMG_1.xmp", "P/IMG_3.MOV"))

    assert kin.clips == {
        a["P/IMG_1.HEIC"]: (a["P/IMG_1.MOV"],),
        b["P/IMG_1.HEIC"]: (b["P/IMG_1.MOV"],),
    }
    assert kin.edited == {b["P/IMG_2-edited.jpg"]: b["P/IMG_2.jpg"]}
    assert kin.still_of(c["P/IMG_3.MOV"]) is None


def test_raws_in_a_folder_of_their_own() -> None:
    """Folders that are called after a kind are one, beside each other or one in the other; others are not."""
    kin, numbers = of(
        "T/RAW/IMG_6.dng", "T/JPG/IMG_6.jpg", "U/7.jpg", "U/raw/7.CR3", "RAW/8.NEF", "more/8.jpg"
    )

    assert kin.raws == {
        numbers["T/RAW/IMG_6.dng"]: numbers["T/JPG/IMG_6.jpg"],
        numbers["U/raw/7.CR3"]: numbers["U/7.jpg"],
    }
