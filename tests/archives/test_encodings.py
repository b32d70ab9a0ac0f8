"""Names in forgotten encodings come out as they were written, judged over all names together."""

from __future__ import annotations

import tarfile
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telespool.archives.name_encoding import decode, judge
from telespool.spool.natural_order import natural
from tests.archives import making
from tests.archives.reading import read, write

if TYPE_CHECKING:
    from pathlib import Path

RUSSIAN = "Фото/Отпуск 2019|Море|Новая папка|День рождения|ЛЕТО|Свадьба|щенок|Дача|Снимок экрана"
NAMES = {
    "cp437": "Größe|café|Übung|Straße|München|niño|garçon|Hütte|Ärger|fête|château|smörgås",
    "cp866": RUSSIAN,
    "cp932": "写真|日本語|新しいフォルダー|東京タワー|花見|春の桜|京都旅行|家族|動画|富士山|ソフト|表示",
    "cp1251": RUSSIAN,
    "gbk": "照片|新建文件夹|北京旅游|我的照片|春节|生日聚会|风景|全家福|婚礼|视频|长城",
    "koi8-r": RUSSIAN,
    "euc-kr": "사진|여행|가족|제주도|새 폴더|한글|바탕화면|결혼식|동영상|서울|생일|강아지",
    "utf-8": "Фото|写真|照片|사진|Größe|🎉 party",
    "cp850": "Größe|são joão|praia do João|coração|férias|Ação|Avó|Übung|irmãos",
    "cp852": "łąka|święta|Kraków|dzień|zdjęcia|příroda|dovolená|Žlutý kůň|nyár|őszi erdő|gyűrű|škola",
    "cp857": "çocuk|doğum günü|Işık|şehir|güneş|İstanbul|düğün|yılbaşı|kış|Şile",
    "cp737": "διακοπές|θάλασσα|γάμος|Ελλάδα|φωτογραφίες|οικογένεια|παιδιά|χωριό|Αθήνα|καλοκαίρι",
    "cp862": "תמונות|חופשה|משפחה|ירושלים|חתונה|ים|ילדים|טיול לצפון|יום הולדת|אילת",
    "cp1250": "łąka|święta|Kraków|dzień|zdjęcia|příroda|dovolená|Žlutý kůň|nyár|őszi erdő|gyűrű|škola",
    "cp1254": "çocuk|doğum günü|Işık|şehir|güneş|İstanbul|düğün|yılbaşı|kış|Şile",
    "cp1253": "διακοπές|θάλασσα|γάμος|Ελλάδα|φωτογραφίες|οικογένεια|παιδιά|χωριό|Αθήνα|καλοκαίρι",
    "cp1255": "תמונות|חופשה|משפחה|ירושלים|חתונה|ים|ילדים|טיול לצפון|יום הולדת|אילת",
    "cp1252": "Größe|café|Übung|Straße|niño",
}


def _names(encoding: str) -> list[str]:
    return [f"{name}_{n}.jpg" for n, name in enumerate(NAMES[encoding].split("|"), 1)]


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("count", [3, 5, 20])
def test_judged_over_all_names(encoding: str, count: int) -> None:
    """A handful of names in one encoding is enough to know it."""
    names = _names(encoding)[:count]

    assert decode([name.encode(encoding) for name in names]) == names


@pytest.mark.parametrize("encoding", NAMES)
async def test_zip_that_does_not_say(encoding: str, tmp_path: Path) -> None:
    """A zip whose names are not declared comes out with the names as they were."""
    members = [
        making.Zipped(name.encode(encoding), making.noise(100, name), made_by=0, mode=0)
        for name in _names(encoding)
    ]

    outcome = await read(write(tmp_path / "x.zip", making.zipped(members)))

    assert sorted(outcome.files) == sorted(_names(encoding))


async def test_tar_that_does_not_say(tmp_path: Path) -> None:
    """The same for a tar, whose names are bytes."""
    files = {
        name.encode("cp1251").decode("utf-8", "surrogateescape"): b"x" for name in _names("cp1251")
    }

    outcome = await read(write(tmp_path / "x.tar", making.tarred(files, form=tarfile.GNU_FORMAT)))

    assert sorted(outcome.files) == sorted(_names("cp1251"))


async def test_declared_and_undeclared_names(tmp_path: Path) -> None:
    """What declares itself UTF-8 is that, whatever its neighbours are; so is Info-ZIP's second name."""
    raw = "ignored.jpg".encode("cp866")
    field = b"\x01" + zlib.crc32(raw).to_bytes(4, "little") + "Ünïcode.jpg".encode()
    members = [
        making.Zipped("Größe.jpg".encode(), b"1", flags=0x800),
        *(making.Zipped(name.encode("cp866"), b"2", made_by=0) for name in _names("cp866")),
        making.Zipped(raw, b"3", extra=b"\x75\x70" + len(field).to_bytes(2, "little") + field),
        making.Zipped("bad \xff".encode("latin-1"), b"4", flags=0x800),
    ]

    outcome = await read(write(tmp_path / "x.zip", making.zipped(members)))

    assert {"Größe.jpg", "Ünïcode.jpg", *_names("cp866")} <= set(outcome.files)
    assert len(outcome.files) == len(members)


async def test_other_slash(tmp_path: Path) -> None:
    """A zip made on Windows may have the other slash between its folders; the label is the last part."""
    members = [making.Zipped(b"DCIM\\IMG_1.JPG", b"1", made_by=0)]

    outcome = await read(write(tmp_path / "x.zip", making.zipped(members)))

    assert list(outcome.files) == ["DCIM/IMG_1.JPG"]
    assert outcome.archive.members[0].label == "0001_IMG_1.JPG"


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_have_a_name(names: list[bytes]) -> None:
    """Whatever the bytes are, every name comes out as text, and plain ASCII as itself."""
    texts = decode(names)

    assert len(texts) == len(names)
    assert all(t == n.decode() for t, n in zip(texts, names, strict=True) if n.isascii())
    assert all(
        text.encode("utf-8", "replace") for text, name in zip(texts, names, strict=True) if name
    )
    judge(names)


def test_number_of_five_thousand_digits() -> None:
    """A name may be a number nobody can count to."""
    small, large = "1" * 4999, "1" * 5000

    assert natural("2") < natural(small) < natural(large)
