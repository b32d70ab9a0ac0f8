"""The names of jobs and units."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from telespool.belonging.versions import version_of
from telespool.spool.identifiers import file_id, random_id
from telespool.spool.names import LABEL_BYTES, Job, JobTokens, Unit, clean, nested
from telespool.spool.natural_order import natural
from telespool.spool.titles import title

anything = st.text(st.characters(codec="utf-8", categories=None), max_size=300) | st.text(
    st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=5
)
numbers = st.integers(0, 10**9)


@given(
    first=numbers,
    last=st.none() | numbers,
    kind=st.sampled_from(["", "c", "o"]),
    attempt=st.integers(0, 10**4),
    message=st.none() | st.integers(0, 2**31),
    label=anything,
    still=st.none() | numbers,
    place=st.none() | numbers,
)
def test_a_unit_is_read_back_as_it_was_made(  # type: ignore[no-untyped-def]
    first, last, kind, attempt, message, label, still, place
) -> None:
    """Every unit's name parses to the unit it was made from, whatever its label was cleaned from."""
    unit = Unit(first, clean(label), last, kind, attempt, message, still, place)

    assert Unit.parse(str(unit)) == unit


@given(when=st.integers(0, 4 * 10**9), name=anything)
def test_a_job_is_read_back_as_it_was_made(when: int, name: str) -> None:
    """Every job's name parses to the job it was made from, and says when it was claimed."""
    job = Job.make(when, "family-2", name)

    assert Job.parse(str(job)) == job
    assert job.claimed == when


def test_what_turns_the_direction_is_left_out() -> None:
    """A program cannot look like a photo by signs that nobody sees; scripts that run to the left stay as they are."""
    assert clean("photo\u202egpj.exe") == "photogpj.exe"
    assert clean("\u2066תמונה\u2069 1\u200f.jpg") == "תמונה 1.jpg"
    assert clean("\U0001f468\u200d\U0001f469.jpg") == "\U0001f468\u200d\U0001f469.jpg"


@given(anything)
def test_a_clean_name_is_a_safe_file_name(name: str) -> None:
    """A label has no slash, no control character, no leading dot or dash, and fits."""
    label = clean(name)

    assert label
    assert label == unicodedata.normalize("NFC", label)
    assert "/" not in label
    assert not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in label)
    assert label[0] not in ".-"
    assert len(label.encode()) <= LABEL_BYTES
    assert label == clean(label)


def test_a_long_name_keeps_its_extension() -> None:
    """Of a name that is too long the end before the extension is cut."""
    label = clean("ä" * 300 + ".jpeg")

    assert label.endswith("ä.jpeg")
    assert LABEL_BYTES - 1 <= len(label.encode()) <= LABEL_BYTES


def test_natural_order_counts() -> None:
    """IMG_2 comes before IMG_10, whatever the case."""
    names = ["IMG_10.jpg", "img_2.jpg", "IMG_1.jpg", "a/IMG_3.jpg", "IMG_2b.jpg"]

    assert sorted(names, key=natural) == [
        "a/IMG_3.jpg",
        "IMG_1.jpg",
        "img_2.jpg",
        "IMG_2b.jpg",
        "IMG_10.jpg",
    ]


def test_natural_order_counts_as_cameras_do() -> None:
    """Chapters of a GoPro follow each other, an edited photo follows its original."""
    chapters = ["GX010001.MP4", "GX020001.MP4", "GX010002.MP4", "GX010010.MP4"]
    older = ["GOPR0001.MP4", "GP010001.MP4", "GP020001.MP4", "GOPR0002.MP4"]
    edited = ["IMG_0999.HEIC", "IMG_E0999.HEIC", "IMG_1000.HEIC", "IMG_1000.MOV", "IMG_E1000.JPG"]
    for names in (chapters, older, edited, [f"DCIM/{name}" for name in chapters]):
        assert sorted(sorted(names), key=natural) == names


def test_what_was_edited_stands_behind_its_original() -> None:
    """Whatever an app calls it; a copy `(1)` with its own edited version, a folder as one."""
    names = ["a_original.jpg", "a.jpg", "a-edited.jpg", "a(1).jpg", "a-edited(1).jpg", "a-b/1.jpg"]
    names += ["b.jpg", "b_edited.jpg", "b-bearbeitet.JPG", "b~2.jpg", "b 2.jpg", "b-x.jpg"]
    names += ["IMG_1(1).HEIC", "IMG_E1(1).HEIC", "PXL_2.jpg", "PXL_2-Edit-2.tif", "PXL_2 x.jpg"]
    shown = sorted(sorted(names), key=natural)

    originals = {"b_edited.jpg": "b.jpg", "PXL_2-Edit-2.tif": "PXL_2.jpg"}
    originals |= {name: name.replace("-edited", "") for name in names if "a-edited" in name}
    originals |= {"IMG_E1(1).HEIC": "IMG_1(1).HEIC", "a.jpg": "a_original.jpg"}
    for edited, original in originals.items():
        between = shown[shown.index(original) + 1 : shown.index(edited)]
        assert all(version_of(name.rpartition(".")[0].casefold()).is_edited for name in between)
    assert shown.index("b~2.jpg") < min(shown.index("b 2.jpg"), shown.index("b-x.jpg"))
    assert shown.index("a(1).jpg") < shown.index("a-b/1.jpg") < shown.index("b.jpg")


def test_what_lies_in_an_archive_inside_stands_where_that_does() -> None:
    """Members of archives inside, and pages, are sorted by whose number they begin with."""
    numbers = [1, 2_000_001, 2_000_010, 2_000_010_000_001, 2_000_011, 3, 3_000_001, 10]

    assert sorted(sorted(numbers), key=nested) == numbers


@given(st.lists(anything, max_size=20))
def test_natural_order_is_an_order(names: list[str]) -> None:
    """Any names can be sorted, and sorting twice changes nothing."""
    once = sorted(names, key=natural)

    assert sorted(once, key=natural) == once


@given(job=anything, number=numbers, kind=st.sampled_from(["", "c"]))
def test_ids_are_derived(job: str, number: int, kind: str) -> None:
    """The same member has the same ids for ever; they are signed 64 bit and never 0."""
    one = random_id(job, number)

    assert one == random_id(job, number)
    assert one != random_id(job, number + 1)
    assert one != file_id(job, number, kind, "")
    assert one != 0
    assert -(2**63) <= one < 2**63


def test_ids_never_change() -> None:
    """Telegram remembers them across releases: the derivation is frozen."""
    assert random_id("20011120-075145_family_holiday", 12) == RANDOM
    assert file_id("20011120-075145_family_holiday", 12, "", "5-abc") == FILE


RANDOM = 1755783381715265505
FILE = -4236363892301172921


def test_a_title_has_no_endings_of_archives() -> None:
    """The caption of an archive is its name as people say it."""
    names = {
        "holiday.zip": "holiday",
        "holiday.tar.gz": "holiday",
        "holiday.part01.rar": "holiday",
        "holiday.7z.001": "holiday",
        "St. Petersburg 2.5": "St. Petersburg 2.5",
        "v1.2.zip": "v1.2",
        "plain": "plain",
    }

    assert {name: title(name) for name in names} == names


def test_sentences_have_the_name_that_people_know() -> None:
    """Whatever name a unit is worked with under, its sentences say the one it was dropped with."""
    unit = Unit.parse("0001@1_slow_reopen.jpg")
    assert unit is not None
    for working in ("0001_", "0001@1_", "0001@held_", "0001c@2+7_"):
        assert unit.in_words(f"{working}slow_reopen.jpg is damaged") == "slow_reopen.jpg is damaged"


def test_what_a_person_holds_says_so_in_its_name() -> None:
    """It counts as waiting; what it becomes afterwards is held no more."""
    unit = Unit.parse("0001-0003=0002@held_album")
    assert unit is not None
    assert (unit.is_held, unit.attempt, str(unit)) == (True, 1, "0001-0003=0002@held_album")
    assert unit.plain().held() == unit
    after = (unit.plain(), unit.attempted(2), unit.delivered(7), unit.original(), unit.document())
    assert not any(each.is_held for each in after)


def test_names_of_jobs_are_unique_and_in_order() -> None:
    """Jobs of one second sort as they were claimed; where a clock shows a second twice, no name comes twice."""
    tokens = JobTokens()
    when = 1_000_000_000.25
    jobs = [_job(tokens, when) for _ in range(2000)]
    assert jobs == sorted(jobs)
    again = [_job(JobTokens(), when) for _ in range(100)]
    assert len({*jobs, *again}) == 2100


def _job(tokens: JobTokens, when: float) -> str:
    claimed, token = tokens.next(when)
    return str(Job.make(claimed, "family", "cam", token))
