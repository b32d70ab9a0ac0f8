"""Who belongs to whom, by the names in a drop.

    IMG_1.HEIC  IMG_1.MOV                        a photo and what may be its clip
    IMG_1.CR3   IMG_1.JPG                        a camera raw and its photo (or `shots` of the same)
    IMG_1.AAE   IMG_1.xmp   IMG_1.HEIC.json      notes that apps and cameras keep of a file
    IMG_E1.HEIC IMG_1-edited.jpg IMG_1~2.jpg IMG_1_original.jpg
                                                 an edited version and its original
    GX010001.MP4 GX020001.MP4                    chapters of one recording: GoPro, DJI, Insta360, dashcams
    IMG_1_BURST001.jpg IMG_1_BURST002.jpg        a burst
    2024_0612_153000_0001F.MP4 …_0001R.MP4       what several lenses saw at one moment: dashcams

    RAW/IMG_1.CR3 JPG/IMG_1.JPG                  raws and photos in folders of their own

Files are known by their numbers in the drop, and belong together only inside one folder. Whatever the case of a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from telespool.belonging.shots import shot_of
from telespool.belonging.versions import version_of
from telespool.file_endings import RAW_ENDINGS, by_ending

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A raw is the still of a clip where no photo is: it may be sent as the JPEG within.
_STILLS = ("heic", "heif", "jpg", "jpeg", *sorted(RAW_ENDINGS))
_CLIPS = frozenset(
    ["mov", "mp4", "mp", "mp~2"]
)  # `.MP` is how Google calls the clip of a motion photo
_NOTES = frozenset(["xmp", "aae", "thm", "json"])
_KINDS = RAW_ENDINGS | {"raw", "raws", "jpg", "jpgs", "jpeg", "jpegs", "heic", "heif"}
"""What people call folders for files of one kind."""
_ANY = "/"  # no stem has one
_CUT = 40  # characters from which on Takeout may have cut a name

_TAKEOUT = re.compile(r"(.+?)(?:\.s[a-z-]*)?(\(\d+\))?")  # IMG_1.HEIC.supplemental-metadata(1).json
_COPY = re.compile(r"(.+)(\(\d+\))")

_CHAPTERS = (
    re.compile(r"(?P<kind>g[hxsl])(?P<chapter>\d\d)(?P<recording>\d{4})"),
    re.compile(r"(?P<kind>gp)(?P<chapter>\d\d)(?P<recording>\d{4})"),
    re.compile(r"(?P<kind>gopr)(?P<recording>\d{4})(?P<chapter>)"),
    # Insta360 VID_20240612_153000_00_001, where 00 is the lens and 001 counts up.
    re.compile(
        r"(?P<kind>(?:pro_)?(?:vid|lrv))_(?P<recording>\d{8}_\d{6}_\d\d)_(?P<chapter>\d{3})"
    ),
    # DJI_20240612153000_0001_D_001
    re.compile(r"(?P<kind>dji)_(?P<recording>\d{14}_\d{4}_[a-z]+)_(?P<chapter>\d{3})"),
    # Dashcams: 20240612_153000_F_001
    re.compile(r"(?P<kind>)(?P<recording>\d{8}_?\d{6}_?[fr]?)_(?P<chapter>\d{1,3})"),
)
_LENSES = (
    # Viofo, 70mai, BlackVue: 2024_0612_153000_0001F, NO20240612-153000-000001B, 20240612_153000_NF
    re.compile(r"(?P<moment>\D*\d{4}_?\d{4}[-_]?\d{6}(?:[-_]\d{3,6}|_[nepmi]))_?[fribl]"),
    # Tesla: 2024-06-12_15-30-00-left_repeater
    re.compile(
        r"(?P<moment>\d{4}(?:-\d\d){2}_\d\d(?:-\d\d){2})-(?:front|back|(?:left|right)_(?:repeater|pillar))"
    ),
)
_BURST = (
    re.compile(r"(?P<burst>.+?)_burst\d+(?:_cover)?"),
    # Nexus 00015IMG_00015_BURST20171111030039_COVER, Xperia DSC_0001_BURST20230709220904977
    re.compile(r"(?:\d{5}[a-z]+_\d{5}|dsc_\d+)_(?P<burst>burst\d{14,})(?:_cover)?"),
    # Samsung 20231207_101605_031
    re.compile(r"(?P<burst>\d{8}_\d{6})_\d{3}"),
)


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in its parts, folded."""

    number: int
    folder: str
    stem: str
    ending: str

    @classmethod
    def of(cls, number: int, path: str) -> _Name:
        folder, _, name = path.rpartition("/")
        stem, dot, ending = unicodedata.normalize("NFC", name).casefold().rpartition(".")
        return cls(number, folder, *((stem, ending) if dot and stem else (ending, "")))

    @property
    def kind(self) -> str:
        return by_ending(f"x.{self.ending}")


@dataclass(slots=True)
class Kinship:
    """Who belongs to whom, by numbers."""

    clips: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Photo: the videos that may be its clip."""
    sidecars: dict[int, int] = field(default_factory=dict)
    """Notes: the file that they are about."""
    raws: dict[int, int] = field(default_factory=dict)
    """Camera raw: the photo beside it."""
    raws_beside: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Photo: the camera raws beside it."""
    edited: dict[int, int] = field(default_factory=dict)
    """Edited version: its original."""
    originals: dict[int, int] = field(default_factory=dict)
    """Original: its edited version."""
    chapters: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Chapter: all chapters of its recording, in order."""
    bursts: dict[int, tuple[int, ...]] = field(default_factory=dict)
    views: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Video: all that other lenses of its camera saw at that moment."""
    _stills: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Mapping[int, str]) -> Kinship:
        """Read it from the names of a drop, by number."""
        kin = cls()
        kin.add(names)
        return kin

    def add(self, names: Mapping[int, str]) -> None:
        """Take in more files, such as those of an archive inside."""
        self._add(_Name.of(number, names[number]) for number in sorted(names))

    def add_spread(self, archives: Sequence[Mapping[int, str]]) -> None:
        """Take in archives among which one export was spread: a folder that lies in several of them is one.

        A name that several have (an iPhone counts to 9999, then anew) says nothing of what lies in another archive.
        """
        named = [
            [_Name.of(number, names[number]) for number in sorted(names)] for names in archives
        ]
        first: dict[tuple[str, str, str], int] = {}
        several: set[tuple[str, str]] = set()
        for place, names_there in enumerate(named):
            for name in names_there:
                if first.setdefault((name.folder, name.stem, name.ending), place) != place:
                    several.add((name.folder, name.stem))
        self._add(
            name for there in named for name in there if (name.folder, name.stem) not in several
        )
        for there in named if len(named) > 1 else ():
            self._add(there)

    def _add(self, names: Iterable[_Name]) -> None:
        """Find who belongs to whom among these; what was found before holds."""
        folders: defaultdict[str, list[_Name]] = defaultdict(list)
        for name in names:
            folders[name.folder].append(name)
        for inside in folders.values():
            stems: defaultdict[str, list[_Name]] = defaultdict(list)
            for name in inside:
                stems[name.stem].append(name)
            self._find_clips(stems)
            raws = self._find_raws(inside)
            self._find_edited(inside, stems, raws)
            self._find_sidecars(inside, stems)
            self._gather(inside)
        for beside in _by_kind(folders):
            self._find_raws(beside)
        self.originals = {original: edited for edited, original in self.edited.items()}

    def together(self, number: int) -> tuple[int, ...]:
        """What is to share an album with this file, in order: its recording, its burst, its moment, or itself alone."""
        groups = (self.chapters, self.bursts, self.views)
        return next((each[number] for each in groups if number in each), (number,))

    def still_of(self, clip: int) -> int | None:
        """The photo whose clip this may be, None for none."""
        return self._stills.get(clip)

    def is_half(self, number: int) -> bool:
        """Whether it may be half of a live photo."""
        return number in self.clips or number in self._stills

    def _find_clips(self, stems: Mapping[str, list[_Name]]) -> None:
        for stem, named in stems.items():
            stills = [
                name for name in named if name.ending in _STILLS and name.number not in self.clips
            ]
            found = [name for name in named if name.ending in _CLIPS]
            # Google: PXL_1.MP.jpg has the clip PXL_1.MP or PXL_1.MP.mp4.
            base, dot, inner = stem.rpartition(".")
            if dot and inner in {"mp", "mv"}:
                found += [each for each in stems.get(base, ()) if each.ending == inner]
            clips = [each.number for each in found if each.number not in self._stills]
            if stills and clips:
                first = min(stills, key=lambda name: (_STILLS.index(name.ending), name.number))
                self.clips[first.number] = tuple(clips)
                self._stills |= dict.fromkeys(clips, first.number)

    def _find_raws(self, inside: Iterable[_Name]) -> Mapping[str, int]:
        """Pair raws with photos; those that have none, by shot."""
        photos: dict[str, int] = {}
        raws: list[_Name] = []
        for name in inside:
            if name.ending in RAW_ENDINGS and name.number not in self.raws:
                raws.append(name)
            elif name.kind == "photo":
                photos.setdefault(name.stem, name.number)
                photos.setdefault(_ANY + shot_of(name.stem), name.number)
        lone: dict[str, int] = {}
        for raw in raws:
            shot = shot_of(version_of(raw.stem).stem)
            photo = photos.get(raw.stem) or photos.get(_ANY + shot)
            if photo is not None:
                self.raws[raw.number] = photo
                before = self.raws_beside.get(photo, ())
                self.raws_beside[photo] = (*before, raw.number)
            else:
                lone.setdefault(shot, raw.number)
        return lone

    def _find_edited(
        self,
        inside: Iterable[_Name],
        stems: Mapping[str, list[_Name]],
        raws: Mapping[str, int],
    ) -> None:
        plain: defaultdict[str, list[_Name]] = defaultdict(list)
        found: list[tuple[_Name, str]] = []
        for name in inside:
            if name.kind not in {"photo", "video"}:
                continue
            version = version_of(name.stem)
            if version.is_edited:
                found.append((name, version.stem))
            elif version.is_original:
                plain[version.stem].append(name)
                for edited in stems.get(version.stem, ()):
                    if edited.kind == name.kind:
                        self.edited.setdefault(edited.number, name.number)
        for name, stem in found:
            self._pair_edited(name, [*stems.get(stem, ()), *plain.get(stem, ())])
            if name.kind == "photo" and (raw := raws.get(shot_of(stem))) is not None:
                self.edited.setdefault(name.number, raw)

    def _pair_edited(self, edited: _Name, originals: Iterable[_Name]) -> None:
        same = [name for name in originals if name.kind == edited.kind]
        original = next((name for name in same if name.ending == edited.ending), None)
        if original is not None or same:
            self.edited.setdefault(edited.number, (original or same[0]).number)

    def _find_sidecars(self, inside: list[_Name], stems: Mapping[str, list[_Name]]) -> None:
        wholes = {f"{name.stem}.{name.ending}": name for name in inside}
        cut: defaultdict[str, list[_Takeout]] = defaultdict(list)
        for name in inside:
            if len(name.stem) + len(name.ending) >= _CUT and name.ending not in _NOTES:
                named = _Takeout.of(name)
                cut[named.whole[:_CUT]].append(named)
        for note in inside:
            if note.ending not in _NOTES or note.number in self.sidecars:
                continue
            lead = wholes.get(note.stem) or _media(stems.get(note.stem, ()))
            if lead is None and note.ending == "aae":
                lead = _media(stems.get(re.sub(r"^(img_)o?e?(\d+)$", r"\1\2", note.stem), ()))
            if lead is None and note.ending == "json" and (m := _TAKEOUT.fullmatch(note.stem)):
                lead = _takeout(m[1], m[2] or "", wholes, cut)
            if lead is not None and lead is not note:
                self.sidecars[note.number] = lead.number

    def _gather(self, inside: Iterable[_Name]) -> None:
        recordings: defaultdict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
        bursts: defaultdict[str, list[int]] = defaultdict(list)
        moments: defaultdict[str, list[int]] = defaultdict(list)
        for name in inside:
            is_film = name.kind == "video"
            if match := _first(_CHAPTERS if is_film else (), name.stem):
                kind = "gp" if match["kind"] == "gopr" else match["kind"]
                recording = (kind, match["recording"], name.ending)
                recordings[recording].append((int(match["chapter"] or 0), name.number))
            if match := _first(_LENSES if is_film else (), name.stem):
                moments[match["moment"]].append(name.number)
            for maker, pattern in enumerate(_BURST if name.kind == "photo" else ()):
                if match := pattern.fullmatch(name.stem):
                    bursts[f"{maker}/{match['burst']}"].append(name.number)
        for chapters in recordings.values():
            together = tuple(number for _, number in sorted(chapters))
            if len(together) > 1 and self.chapters.keys().isdisjoint(together):
                self.chapters |= dict.fromkeys(together, together)
        for groups, found in ((self.bursts, bursts), (self.views, moments)):
            for group in found.values():
                if len(group) > 1 and groups.keys().isdisjoint(group):
                    groups.update(dict.fromkeys(group, tuple(group)))


def _by_kind(folders: Mapping[str, list[_Name]]) -> Iterable[list[_Name]]:
    """What lies in folders for one kind each beside each other, and in the folder around them."""
    found: defaultdict[str, list[_Name]] = defaultdict(list)
    for folder, inside in folders.items():
        around, _, last = folder.rpartition("/")
        if last.casefold() in _KINDS:
            found[around] += inside
    return [[*folders.get(around, ()), *inside] for around, inside in found.items()]


def _first(patterns: Iterable[re.Pattern[str]], text: str) -> re.Match[str] | None:
    return next((match for pattern in patterns if (match := pattern.fullmatch(text))), None)


def may_have_others(name: str) -> bool:
    """Whether a film of this name may be a chapter of a recording that has others, or have other lenses beside it."""
    return _first((*_CHAPTERS, *_LENSES), _Name.of(0, name).stem) is not None


def _media(named: Iterable[_Name]) -> _Name | None:
    """The file that notes of this stem are about: the photo before the video."""
    media = [name for name in named if name.ending not in _NOTES and name.kind != "other"]
    raws = [name for name in named if name.ending in RAW_ENDINGS]
    return min(media, key=lambda name: name.kind != "photo", default=next(iter(raws), None))


class _Takeout(NamedTuple):
    """A long name as Google's Takeout writes it: `copy` is "(1)", "" for none, and stands in front of the ending."""

    whole: str
    copy: str
    name: _Name

    @classmethod
    def of(cls, name: _Name) -> _Takeout:
        match = _COPY.fullmatch(name.stem)
        own, copy = (match[1], match[2]) if match else (name.stem, "")
        return cls(f"{own}.{name.ending}", copy, name)


def _takeout(
    start: str, copy: str, wholes: Mapping[str, _Name], cut: Mapping[str, Sequence[_Takeout]]
) -> _Name | None:
    """The file that a JSON of Google's is about: its name may be cut, and `(1)` stands behind the ending."""
    stem, _, ending = start.rpartition(".")
    found = wholes.get(f"{stem}{copy}.{ending}")
    if found is not None or len(start) < _CUT:
        return found
    named = cut.get(start[:_CUT], ())
    return next((n.name for n in named if n.copy == copy and n.whole.startswith(start)), None)
