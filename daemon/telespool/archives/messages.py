"""What people are told about an archive: each wrong thing in its own words.

7-Zip's words are exact and mean nothing to a photographer. Whatever of them reaches a person goes through
here. Nothing leaves it but sentences.
"""

from __future__ import annotations

import re

_MEMBER = (
    ("Wrong password", "the password does not fit it"),
    ("Wrong password?", "it is damaged, or the password does not fit it"),
    ("CRC Failed", "its checksum differs: its bytes are not those that were packed"),
    ("Data Error", "its packed bytes are damaged"),
    ("Unexpected end of data", "the archive ends inside it"),
    ("Unavailable data", "the volume it lies in is missing"),
    ("Unsupported Method", "it is packed in a way this 7-Zip does not know"),
    ("Can't allocate", "it needs more memory to unpack than it may have"),
)
_ARCHIVE = (
    ("Unexpected end of archive", "it is broken off"),
    ("Unexpected end of data", "it is broken off"),
    ("Headers Error", "its table of contents is damaged"),
    ("Unavailable start of archive", "its beginning is missing"),
    ("Unconfirmed start of archive", "its beginning is damaged"),
    ("CRC Error", "its checksum differs"),
    ("CRC Failed", "its checksum differs"),
    ("Data Error", "its packed bytes are damaged"),
    ("Unsupported method", "it is packed in a way this 7-Zip does not know"),
    ("Unsupported Method", "it is packed in a way this 7-Zip does not know"),
    ("Unsupported feature", "it uses a feature this 7-Zip does not know"),
    ("Can't allocate", "it needs more memory to unpack than it may have (archives.memory)"),
    ("Memory usage limit", "it needs more memory to unpack than it may have (archives.memory)"),
)
# What is behind an archive's end is none of its members.
_HARMLESS = ("data after the end",)


def member_damage(said: str) -> str:
    """What is wrong with one member, from 7-Zip's word for it."""
    encrypted = said.endswith("Wrong password?")
    for word, sentence in _MEMBER:
        if word in said and (word != "Wrong password" or not encrypted):
            return sentence
    return said


def archive_damage(errors: list[str]) -> str | None:
    """What is wrong with the archive as a whole, from 7-Zip's words; None where nothing is."""
    found: list[str] = []
    for said in errors:
        if any(word in said for word in _HARMLESS):
            continue
        sentence = next((sentence for word, sentence in _ARCHIVE if word in said), said.strip())
        if sentence and sentence not in found:
            found.append(sentence)
    return ", and ".join(found) or None


def stream_damage(code: int, said: str) -> str | None:
    """What is wrong with the one thing in a compressed stream, from the child's end and its last words."""
    lines = [
        line for line in said.splitlines() if "ERROR" in line or "rror:" in line or "Can't" in line
    ]
    damage = archive_damage(lines)
    if damage is None and code and not (lines and all(_is_harmless(line) for line in lines)):
        return "it is damaged" if code > 0 else "it took too long to unpack"
    return damage


def _is_harmless(line: str) -> bool:
    return any(word in line for word in _HARMLESS)


def missing_volume(said: str) -> str | None:
    """The name of the volume 7-Zip misses."""
    match = re.search(r"Missing volume : (.+)", said)
    return match[1].strip() if match else None


def wants_password(said: str) -> bool:
    """Whether 7-Zip could not go on for want of a (right) password."""
    return "assword" in said


def no_password(name: str, tried: int) -> str:
    """No password fits."""
    what = {0: "no password is known", 1: "the one that is known does not fit"}.get(
        tried, f"none of the {tried} that are known fits"
    )
    return (
        f"{name} needs a password and {what}: put the right one into a file {name}.password beside it (or into"
        " archives.passwords) and drop the archive again. If it lies in quarantine already: telespool retry --password"
        " asks for it."
    )


def member_locked(archive: str, tried: int) -> str:
    """No password opens this member; others need none."""
    what = "none of those that are known fits" if tried else "no password is known"
    return (
        f"it needs a password and {what} (a file {archive}.password beside the archive holds them)"
    )


def no_rar(name: str, program: str, version: str) -> str:
    """This 7-Zip was built without RAR."""
    return (
        f"{name} is a RAR archive, and this 7-Zip ({program}, {version}) cannot read RAR: install the package"
        " 7zip-rar, or run scripts/fetch-7zip, and drop the archive again."
    )


def volume_missing(name: str, missing: str) -> str:
    """A volume has not come."""
    return f"{name} is one of several volumes, and {missing} is missing: put it beside the others."


def nothing_inside(name: str) -> str:
    """An archive without files."""
    return f"There is nothing in {name}: it holds no file, or only empty ones."


def endless_names(name: str) -> str:
    """The names alone would fill the memory."""
    return (
        f"{name} holds names that are longer altogether than 32 MiB; those of photos are not, and it was not"
        " unpacked."
    )


def unreadable(name: str, why: str | None) -> str:
    """Nothing can be listed."""
    if why is None:
        return f"{name} is damaged so badly that nothing in it can be found: get it again from where it came."
    return f"{name} cannot be unpacked: {why}."


NOT_FOUND = "was not found"


def some_words(said: bytes) -> str:
    """The beginning of what a program says, quoted; what nobody can read is called that; "" for nothing."""
    lines = [line.strip() for line in said[:2000].decode("utf-8", "replace").splitlines()]
    words = " / ".join(filter(None, lines))[:200]
    if not words:
        return ""
    return "rubbish" if "\ufffd" in words or not words.isprintable() else f"“{words}”"
