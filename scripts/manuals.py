#!/usr/bin/env python3
"""Write man pages (docs/man/), docs/commands.md and shell completions (completions/) from the commands themselves.

.venv/bin/python scripts/manuals.py           write them
.venv/bin/python scripts/manuals.py --check   exit 1 if they are not what they must be
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import os
import re
import sys
import textwrap
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shtab
from argparse_manpage.manpage import Manpage

from telespool import __version__
from telespool.cli.main import named, parser
from telespool.config.example import _value as written
from telespool.config.fields import fields, wanted
from telespool.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
_MADE = '.\\" Made by scripts/manuals.py: change the command, not this.'
_EXIT = (
    ("0", "It was done."),
    ("1", "It could not be done; a sentence on standard error says why."),
    ("2", "The command line is wrong."),
    ("75", "Not now: another process has the spool or the login, or Telegram cannot be reached."),
    ("77", "Nobody is logged in to Telegram: run telespool login."),
    ("78", "The configuration is wrong: run telespool check-config."),
)
_FILES = (
    (
        "~/.config/telespool/config.toml, /etc/telespool/config.toml",
        "The configuration; see telespool.toml(5).",
    ),
    (
        "secrets/api-hash, secrets/bot-token, secrets/archive-passwords",
        "Beside the configuration, for its owner alone.",
    ),
    ("/var/spool/telespool/inbox/CHAT/", "Drop here."),
    (
        "/var/spool/telespool/quarantine/",
        "What was refused, each file with NAME.txt that says why.",
    ),
    ("~/.local/state/telespool/, /var/lib/telespool/", "The login."),
)


@dataclasses.dataclass(frozen=True)
class Command:
    """A command: its name, its sentence, and the docstring of its module."""

    name: str
    sentence: str
    text: str
    parser: argparse.ArgumentParser


def commands(top: argparse.ArgumentParser) -> list[Command]:
    """All that are meant to be typed, by name."""
    # argparse has no public way to look at a parser; these names have stood since Python 2.7.
    (choices,) = (a for a in top._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001
    return [
        Command(name, sub.description, _docstring(sub.get_default("module")), sub)
        for name, sub in sorted(choices.choices.items())
        if sub.description
    ]


def _docstring(module: str) -> str:
    source = (ROOT / "daemon" / "telespool" / "cli" / f"{module}.py").read_text("utf-8")
    return ast.get_docstring(ast.parse(source)) or ""


# man pages


def _roff(text: str) -> str:
    """Text that troff takes as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    text = text.replace("…", "...").replace("→", "->").replace("–", "\\-")
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)


def _paragraphs(text: str) -> Iterator[str]:
    """A docstring: paragraphs run on, indented blocks stay as they are."""
    for block in text.split("\n\n"):
        if block.startswith("    "):
            yield f".PP\n.nf\n{_roff(textwrap.dedent(block))}\n.fi"
        else:
            yield f".PP\n{_roff(' '.join(block.split()))}"


def _head(name: str, section: int, sentence: str) -> list[str]:
    return [
        _MADE,
        f'.TH {name.upper()} {section} "" "Telespool {__version__}" "Telespool"',
        ".SH NAME",
        f"{_roff(name)} \\- {_roff(sentence.rstrip('.'))}",
    ]


def page_of(command: Command) -> str:
    """The man page of one command, as argparse-manpage makes it, with the docstring of its module."""
    page = Manpage(command.parser, {"project_name": "Telespool", "version": __version__})
    page.prog = f"telespool-{command.name}"
    page.date = " "
    page.manual = "Telespool"
    page.description = command.sentence.rstrip(".")
    text = command.text.split(": ", 1)[-1]
    text = "\n".join(_paragraphs(text[:1].upper() + text[1:]))
    made = re.sub(
        r"\.SH DESCRIPTION\n.*?\n(?=\n|\.)",
        lambda _: f".SH DESCRIPTION\n{text}\n",
        str(page),
        count=1,
    )
    return f"{_MADE}\n{made.rstrip()}\n\n.SH SEE ALSO\ntelespool(1), telespool.toml(5)\n"


def overview(all_commands: list[Command]) -> str:
    """telespool(1)."""
    lines = _head("telespool", 1, "archives dropped into a folder become posts in a Telegram chat")
    lines += [".SH SYNOPSIS", ".B telespool\n.I COMMAND\n[\\fIoptions\\fR]", ".SH DESCRIPTION"]
    lines += _paragraphs(
        "Drop an archive into a folder; its photos and videos appear in a Telegram chat, in order, as albums,"
        " exactly once. What Telegram would refuse or not play is set aside, converted when the line is free, and"
        " sent then. What still fails lies in quarantine/ with a note that says why.\n\n"
        "The folders of the spool are the whole state: ls shows it, and mv is enough to steer it."
    )
    lines.append(".SH COMMANDS")
    for command in all_commands:
        lines.append(f".TP\n.BR telespool\\-{_roff(command.name)} (1)\n{_roff(command.sentence)}")
    for title, pairs in (("FILES", _FILES), ("EXIT STATUS", _EXIT)):
        lines.append(f".SH {title}")
        lines += [f".TP\n\\fI{_roff(name)}\\fR\n{_roff(text)}" for name, text in pairs]
    lines += [".SH SEE ALSO", "telespool.toml(5), ffmpeg(1), 7zz(1)"]
    return "\n".join(lines) + "\n"


def reference(all_commands: list[Command]) -> str:
    """docs/commands.md: the same for a browser."""
    lines = [
        "<!-- Made by scripts/manuals.py: change the command, not this. -->",
        "# Commands",
        (
            "`man telespool` and `man telespool-COMMAND` show the same in a terminal, `telespool COMMAND --help` a short"
            " form. Shells complete commands, options, jobs, units and chats: [ways to get it](install.md)."
        ),
        "| Command | |\n|---|---|\n"
        + "\n".join(f"| [`{c.name}`](#{c.name}) | {c.sentence} |" for c in all_commands),
    ]
    for command in all_commands:
        text = command.text.split(": ", 1)[-1]
        lines += [f"## {command.name}", text[:1].upper() + text[1:]]
        lines.append(f"```text\n{command.parser.format_help().rstrip()}\n```")
    lines.append("## Exit status")
    lines.append("| Code | |\n|---|---|\n" + "\n".join(f"| {c} | {text} |" for c, text in _EXIT))
    return "\n\n".join(lines) + "\n"


def configuration() -> str:
    """telespool.toml(5)."""
    lines = _head("telespool.toml", 5, "the configuration of Telespool")
    lines.append(".SH DESCRIPTION")
    lines += _paragraphs(
        "A TOML file: the one that -c names, else $TELESPOOL_CONFIG, else ~/.config/telespool/config.toml, else"
        ' /etc/telespool/config.toml. Durations are written "10s", "1.5h" or "2 days", sizes "512 KiB", "10 MB" or'
        ' "2 GiB". Every key has a default.'
    )
    lines += _table(Config, "")
    lines += [".SH SEE ALSO", "telespool(1), telespool\\-check\\-config(1)"]
    return "\n".join(lines) + "\n"


def _table(section: type[Any], name: str) -> Iterator[str]:
    tables = []
    yield f".SH {_roff(f'[{name}]' if name else 'AT THE TOP')}"
    for each, hint in fields(section):
        if dataclasses.is_dataclass(hint):
            tables.append((hint, f"{name}.{each.name}" if name else each.name))
            continue
        default = each.default if each.default is not dataclasses.MISSING else None
        shown = "" if default is None else f" = {written(hint, default)}"
        limits = ""
        if typing.get_origin(hint) is not dict:
            limits = f" ({wanted(hint, each.metadata['low'], each.metadata['high'])})"
        yield f".TP\n\\fB{_roff(each.name)}\\fR{_roff(shown)}\n{_roff(each.metadata['doc'])}{_roff(limits)}"
    for hint, below in tables:
        yield from _table(hint, below)


# completions

_BASH = """\
_telespool_names() {
    local file="$TELESPOOL_CONFIG" n
    for ((n = 1; n < COMP_CWORD; n++)); do
        case "${COMP_WORDS[n]}" in
        -c | --config) [[ "${COMP_WORDS[n + 1]}" == = ]] && ((n++)); file="${COMP_WORDS[n + 1]}" ;;
        --config=*) file="${COMP_WORDS[n]#--config=}" ;;
        esac
    done
    file="${file/#\\~\\//$HOME/}"
    TELESPOOL_CONFIG="$file" telespool complete-names "$1" "$2" 2>/dev/null
}

_telespool_job_files() {
    _telespool_names jobs "$1"
    compgen -f -- "$1"
}

_telespool_chats() { _telespool_names chats "$1"; }
"""
_ZSH = """\
_telespool_names() {
    local file="$TELESPOOL_CONFIG" n
    for ((n = 2; n < CURRENT; n++)); do
        case "$words[n]" in
        -c|--config) file="${(Q)words[n+1]}" ;;
        --config=*) file="${(Q)words[n]#--config=}" ;;
        esac
    done
    file="${file/#\\~\\//$HOME/}"
    TELESPOOL_CONFIG="$file" telespool complete-names "$1" "$2" 2>/dev/null
}

_telespool_job_files() {
    local -a names
    names=("${(@f)$(_telespool_names jobs "$PREFIX")}")
    (( $#names )) && compadd -a names
    _files
}

_telespool_chats() {
    local -a names
    names=("${(@f)$(_telespool_names chats "$PREFIX")}")
    compadd -a names
}
"""
_PREAMBLE = {"bash": _BASH, "zsh": _ZSH}
"""The names of the configuration that stands on the command line, before the one of the environment."""

_NAMES: dict[str, Any] = {
    "bash": "_telespool_job_files",
    "zsh": "_telespool_job_files",
    "fish": "(telespool complete-names jobs (commandline -ct); __fish_complete_path (commandline -ct))",
}
"""Jobs and their units, and files."""

_CHATS: dict[str, Any] = {
    "bash": "_telespool_chats",
    "zsh": "_telespool_chats",
    "fish": "(telespool complete-names chats (commandline -ct))",
}


def completions() -> dict[str, str]:
    """The completion of each shell, as shtab makes it: options, files, and the names of jobs, units and chats."""
    found = {}
    for shell in ("bash", "zsh", "fish"):
        top = parser()
        for command in commands(top):
            for action in command.parser._actions:  # noqa: SLF001 - as above
                kind = _CHATS if action.dest == "to" else _NAMES if action.dest == "what" else None
                if kind is None and action.type in {Path, named}:
                    action.complete = shtab.FILE  # type: ignore[attr-defined]
                elif kind is not None:
                    action.complete = kind  # type: ignore[attr-defined]
        found[shell] = shtab.complete(top, shell=shell, preamble=_PREAMBLE)
    return found


def everything() -> dict[Path, str]:
    """All files and what must stand in them."""
    all_commands = commands(parser())
    shell_files = completions()
    docs, man, shells = ROOT / "docs", ROOT / "docs" / "man", ROOT / "completions"
    return {
        docs / "commands.md": reference(all_commands),
        man / "telespool.1": overview(all_commands),
        man / "telespool.toml.5": configuration(),
        **{man / f"telespool-{c.name}.1": page_of(c) for c in all_commands},
        shells / "telespool.bash": shell_files["bash"],
        shells / "_telespool": shell_files["zsh"],
        shells / "telespool.fish": shell_files["fish"],
    }


def main() -> int:
    """Write, or check."""
    os.environ["COLUMNS"] = "80"  # argparse wraps for the terminal it is run in
    wanted_files = everything()
    made = set((ROOT / "docs" / "man").glob("*")) | set((ROOT / "completions").glob("*"))
    stale = [
        path for path, text in wanted_files.items() if not path.exists() or path.read_text() != text
    ]
    left = sorted(made - wanted_files.keys())
    if "--check" in sys.argv[1:]:
        for path in (*stale, *left):
            print(f"{path.relative_to(ROOT)} is not what the commands say: run scripts/manuals.py")
        return 1 if stale or left else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted_files[path])
    for path in left:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
