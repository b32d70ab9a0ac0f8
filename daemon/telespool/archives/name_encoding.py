"""Names in forgotten encodings: which one it was is judged over all names of an archive.

Old archives do not say how their names are written. One name is too short to tell; all of them together
usually are not. Each candidate decodes every name; what comes out is scored by how much it looks like what
people call their files in that language: the letters they use, capitals where capitals go, scripts that do
not change inside a word. UTF-8 is taken whenever it fits, because it practically never fits by accident.

Nothing leaves it: bytes that fit nowhere come out as cp437, in which every byte is a character.
"""

from __future__ import annotations

import itertools
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FALLBACK = "cp437"
# In this order where the score is equal. cp949 is euc-kr with the syllables it lacks.
_CANDIDATES = [
    "cp437",
    "cp1252",
    "cp850",
    "cp866",
    "cp1251",
    "koi8-r",
    "cp932",
    "gbk",
    "cp949",
    "big5",
    "cp852",
    "cp1250",
    "cp857",
    "cp1254",
    "cp737",
    "cp1253",
    "cp862",
    "cp1255",
]
_ENOUGH = 500  # distinct names; more of them do not change the verdict

# What stands for itself in a score: the letters, syllables and signs that most words of a language are made of.
_RUSSIAN_OFTEN = "оеаинтсрвл"
_RUSSIAN_SELDOM = "щцэфъёхюшж"
_WESTERN = "äöüßéèêëàâçñáíóúôîïæøåãõùûìòÄÖÜÉÈÀÇÑÁÍÓÚÆØÅÃÕÂÊÔÎ"
_CENTRAL = "ąćęłńóśźżáčďéěíňřšťúůýžöőüűäôľĺŕăâîşţđßĄĆĘŁŃÓŚŹŻÁČĎÉĚÍŇŘŠŤÚŮÝŽÖŐÜŰÄÔĽĹŔĂÂÎŞŢĐ"
_TURKISH = "çğıöşüâîÇĞİÖŞÜÂÎ"
_LETTERS = {"cp852": _CENTRAL, "cp1250": _CENTRAL, "cp857": _TURKISH, "cp1254": _TURKISH}
_GREEK_OFTEN = "αειοντσςρηπκλμυ"
_GREEK_SELDOM = "ξψζφχθβϊϋ"
_GREEK_INSIDE = "βγδζθκλμξπστφχψΐΰϊϋ"
_HEBREW_OFTEN = "יוהלאמרתבשנ"
_HEBREW_LAST = "ךםןףץ"
_HANZI = (
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心"
    "多天而能好都然没日于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三己老从动两长知民样现分"
    "将外但身些与高意进把法此实回二理美点月明其种声全工机照片相册图像视频海边北京山水春夏秋冬节生日旅游婚礼"
    "第张假期风景猫狗花新爱孩子朋友聚会毕业东西南京广州街夜晚红白黄蓝绿车湖河桥城市电影音乐歌曲游戏书"
    "體國學時會長來這個們為說對過還發點機電視頻圖書車風馬愛東張漢語門開關頁樂"
)
_HANGUL = (
    "이다의가는에을지고하기로사도를한리어스대자인그아시나해서일정제수전부보주장라상우지동여만구비오원진년"
    "관조유신위조국마성소경선문가공생들음치과안바니세학모무화방계미영개분실재용물드단연트적차내반체양심"
    "업교때거호행산간회중월포발계회말표통결출입력카메라사진동영상휴가바다여행가족생일제주도서울부산"
    "민속촌봄여름가을겨울꽃강아지고양이결혼식졸업"
)
_FREQUENT = frozenset(_HANZI + _HANGUL)


def decode(names: Sequence[bytes]) -> list[str]:
    """The names as text, all by the one encoding that fits them best."""
    encoding = judge(name for name in names if not name.isascii())
    return [name.decode(encoding, "replace") for name in names]


def judge(names: Iterable[bytes]) -> str:
    """The encoding of these names, by Python's name for it."""
    sample = list(itertools.islice(dict.fromkeys(n for n in names if not n.isascii()), _ENOUGH))
    if not sample or _is_utf8(sample):
        return "utf-8"
    best, encoding = float("-inf"), FALLBACK
    for candidate in _CANDIDATES:
        texts = _decoded(sample, candidate)
        if texts is not None:
            score = sum(_score(text, candidate) for text in texts)
            if score > best:
                best, encoding = score, candidate
    return encoding


def _is_utf8(names: Sequence[bytes]) -> bool:
    # The one accident that happens: two Chinese signs in gbk can be two letters of phonetic alphabets, or
    # one sign nobody has a font for.
    texts = _decoded(names, "utf-8")
    if texts is None:
        return False
    signs = {ord(sign) for text in texts for sign in text if not sign.isascii()}
    return not all(0x180 <= code < 0x380 or code >= 0x20000 for code in signs)


def _decoded(names: Sequence[bytes], encoding: str) -> list[str] | None:
    try:
        return [name.decode(encoding) for name in names]
    except UnicodeDecodeError:
        return None


def _score(text: str, encoding: str) -> float:
    """How much a name looks like one, in points for each of its bytes that are not ASCII."""
    score = 0.0
    for before, sign, after in zip(f" {text[:-1]}", text, f"{text[1:]} ", strict=True):
        if sign.isascii():
            continue
        script = _script(sign)
        score += _sign(sign, script, encoding)
        if before.isalpha():
            score += _neighbours(before, sign, script)
        if (sign in _HEBREW_LAST or sign == "ς") and after.isalpha():
            score -= 2  # letters that end a word
        elif sign in _GREEK_INSIDE and not after.isalpha():
            score -= 1
        if script in {"cjk", "hangul", "kana"}:
            # A word in Latin letters with one such sign in it is a word with an umlaut, read wrongly.
            score -= (0, 1, 4)[_is_small(before) + _is_small(after)]
        elif script == "latin" and not before.isascii():
            score -= 1.0 if after.isascii() else 2.5
    return score


def _neighbours(before: str, sign: str, script: str) -> float:
    score = 0.0
    other = _script(before)
    alphabets = {"cyrillic", "latin", "greek", "hebrew"}
    if script != other and {script, other} <= alphabets:
        score -= 3
    elif {script, other} in ({"cjk", "cyrillic"}, {"hangul", "kana"}, {"hangul", "cyrillic"}):
        score -= 2
    if before.islower() and sign.isupper():
        score -= 3
    elif before.isupper() and sign.islower() and script == "cyrillic":
        score += 0.2
    return score


def _is_small(sign: str) -> bool:
    return sign.isascii() and sign.islower()


def _script(sign: str) -> str:
    code = ord(sign)
    if code < 0x250:
        return "latin" if sign.isalpha() else "sign"
    if 0x370 <= code < 0x400:
        return "greek"
    if 0x400 <= code < 0x530:
        return "cyrillic"
    if 0x5D0 <= code < 0x5EB:
        return "hebrew"
    if 0x3040 <= code < 0x3100:
        return "kana"
    if 0xAC00 <= code < 0xD7A4:
        return "hangul"
    if 0x4E00 <= code < 0xA000:
        return "cjk"
    if 0xFF61 <= code < 0xFFA0:
        return "half-width"
    if 0x3000 <= code < 0x3040 or 0xFF01 <= code < 0xFF61:
        return "wide"
    return "sign"


def _sign(sign: str, script: str, encoding: str) -> float:
    if script == "cyrillic":
        letter = sign.lower()
        if not "а" <= letter <= "ё":
            return (
                -1.5
            )  # Serbian, Ukrainian: in these encodings mostly a byte that means something else
        points = 1.0 if letter in _RUSSIAN_OFTEN else 0.2 if letter in _RUSSIAN_SELDOM else 0.6
        return points - (0.2 if sign.isupper() else 0.0)
    if script == "latin":
        return 0.9 if sign in _LETTERS.get(encoding, _WESTERN) else -1.0
    if script == "greek":
        return _greek(sign) if encoding in {"cp737", "cp1253"} else -1.5
    if script == "hebrew":
        return 0.9 if sign in _HEBREW_OFTEN else 0.5
    if script == "kana":
        return 2.2
    if script == "hangul":
        if encoding == "cp949" and sign.encode("cp949")[1] < 0xA1:
            return -1.0  # one of those that euc-kr left out
        return 2.0 if sign in _FREQUENT else 1.0
    if script == "cjk":
        return _ideograph(sign, encoding)
    if script == "wide":
        return 0.5
    return -2.0  # half-width kana, box drawing, currency, controls: no part of names


def _greek(sign: str) -> float:
    letter = unicodedata.normalize("NFD", sign.lower())[0]
    points = 1.0 if letter in _GREEK_OFTEN else 0.2 if letter in _GREEK_SELDOM else 0.6
    accented = letter != sign.lower()
    return points - (0.2 if sign.isupper() else 0.0) - (0.5 if accented else 0.0)


def _ideograph(sign: str, encoding: str) -> float:
    """By where the encoding keeps it: the standards put what is written every day in front."""
    if encoding == "cp949":
        return -1.0  # Korean names are hardly ever written in Chinese signs
    lead = sign.encode(encoding, "replace")[0]
    everyday = {"cp932": (0x88, 0x98), "gbk": (0xB0, 0xD8), "big5": (0xA4, 0xC7)}.get(
        encoding, (0, 0)
    )
    if not everyday[0] <= lead < everyday[1]:
        return -1.0
    if encoding == "cp932":
        return 1.2
    if encoding == "big5":
        return 1.5 if sign in _FREQUENT else 0.6
    return 2.0 if sign in _FREQUENT else 0.8
