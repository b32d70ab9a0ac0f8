"""Write the configuration for `telespool setup`: a few lines that a person could have typed.

An existing file that changes nothing (the example as it is installed) gets the lines at its end; any other is kept
beside the new one. Secrets go into files of their own that only their owner can read.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.config.schema import DatacenterSettings
from telespool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Container


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked."""

    root: str = ""
    telegram: bool = False
    api_id: int = 0
    chats: dict[str, str] = field(default_factory=dict)
    datacenter: DatacenterSettings = field(default_factory=DatacenterSettings)
    """A Telegram of one's own, which an earlier configuration names."""
    proxy: str = ""
    """The way to Telegram, from there as well."""


def place() -> Path:
    """Return where a new configuration goes: the machine's for root, else the user's own."""
    if os.geteuid() == 0:
        return Path("/etc/telespool/config.toml")
    own = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(own).expanduser() / "telespool" / "config.toml"


def text_of(answers: Answers) -> str:
    """Return the lines of the configuration."""
    lines = [f'destination = "{"telegram" if answers.telegram else "folder"}"', "", "[chats]"]
    lines += [f"{alias} = {_quoted(peer)}" for alias, peer in answers.chats.items()]
    lines += ["", "[spool]", f"root = {_quoted(answers.root)}"]
    if answers.api_id:
        lines += ["", "[telegram]", f"api_id = {answers.api_id}"]
    if answers.api_id and answers.proxy:
        lines += [f"proxy = {_quoted(answers.proxy)}"]
    if own := answers.datacenter.id:
        lines += ["", "[telegram.datacenter]", f"id = {own}"]
        lines += [f"address = {_quoted(answers.datacenter.address)}"]
        lines += [f"public_key = {_quoted(str(answers.datacenter.public_key))}"]
    return "\n".join(lines) + "\n"


def write(file: Path, answers: Answers) -> Path | None:
    """Write the configuration; return where the old one is kept, None where there was none or it is still in it."""
    text = text_of(answers)
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = None
    if file.exists():
        before = file.read_text("utf-8", "replace")
        try:
            loader.parse(f"{before}\n{text}", str(file))
            untouched = loader.parse(before, str(file)) == loader.parse("", str(file))
        except ConfigError:
            untouched = False
        if untouched:
            text = f"{before.rstrip()}\n\n\n# Written by telespool setup.\n\n{text}"
        else:
            kept = _free(file)
            file.rename(kept)
    loader.parse(text, str(file))
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)
    return kept


def keep_secret(file: Path, name: str, value: str) -> None:
    """Write a secret beside the configuration, for its owner's eyes from the first moment."""
    directory = file.parent / "secrets"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / name
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as secret:
        secret.write(f"{value}\n")
    owner = directory.stat()
    if os.geteuid() == 0 and owner.st_uid:
        os.chown(path, owner.st_uid, owner.st_gid)


def usable_folder(text: str) -> str:
    """Return the objection to this folder as the spool, "" if there is none."""
    try:
        path = loader.parse(f"[spool]\nroot = {_quoted(text)}\n", "config.toml").spool.root
    except ConfigError as error:
        return str(error).partition("root: ")[2]
    if not text.startswith(("/", "~")):
        return "Give a whole path, such as ~/spool or /srv/spool."
    there = next(each for each in (path, *path.parents) if each.exists())
    if not there.is_dir():
        return f"{there} is not a folder."
    if not os.access(there, os.W_OK | os.X_OK):
        return f"You may not write into {there}. Name another folder."
    strange = [each for each in path.iterdir() if each.name not in _OURS] if path.is_dir() else []
    if strange:
        return (
            f"{path} holds other things ({strange[0].name} …). Name a folder that is new or empty."
        )
    try:
        _try_out(path)
    except OSError as error:
        return f"No files can be put into {path} ({error.strerror}). Name another folder."
    return ""


def _try_out(path: Path) -> None:
    """Make the folder and a file in it, and take both away again; OSError where that cannot be done."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    made: list[Path] = []
    try:
        for each in reversed(missing):
            each.mkdir()
            made.append(each)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"\0")
    finally:
        for each in reversed(made):
            each.rmdir()


def alias_of(title: str, taken: Container[str]) -> str:
    """Return a short name for a chat of this title that is not taken."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    alias = "-".join(words)[:24].strip("-") or "chat"
    number, found = 1, alias
    while found in taken or found == "default":
        number += 1
        found = f"{alias}-{number}"
    return found


_OURS = {
    *("inbox", "incoming", "uploading", "deferred", "converting", "done", "quarantine"),
    *("tmp", "lock"),
}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _free(file: Path) -> Path:
    number = 1
    while (kept := file.with_name(f"{file.name}.before-{number}")).exists():
        number += 1
    return kept
