#!/usr/bin/env python3
"""Write the man pages (docs/man/) and the shell completions (completions/) from the commands themselves.

.venv/bin/python scripts/manuals.py           write them
.venv/bin/python scripts/manuals.py --check   exit 1 if they are not what they must be
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool import __version__
from telespool.cli.main import parser
from telespool.config.example import _value as written
from telespool.config.fields import fields, wanted
from telespool.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
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
    """A command as its parser knows it; `text` is the docstring of its module."""

    name: str
    sentence: str
    text: str
    actions: tuple[argparse.Action, ...]

    @property
    def options(self) -> list[argparse.Action]:
        """What begins with a dash."""
        return [action for action in self.actions if action.option_strings]

    @property
    def arguments(self) -> list[argparse.Action]:
        """What does not."""
        return [action for action in self.actions if not action.option_strings]


def commands() -> list[Command]:
    """All of them, by name."""
    # argparse has no public way to look at a parser; these names have stood since Python 2.7.
    top = parser()
    (choices,) = (a for a in top._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001
    found = []
    for name, sub in sorted(choices.choices.items()):
        text = _docstring(sub.get_default("module"))
        actions = tuple(sub._actions)  # noqa: SLF001 - as above
        found.append(Command(name, sub.description or "", text, actions))
    return found


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
        '.\\" Made by scripts/manuals.py: change the command, not this.',
        f'.TH {name.upper()} {section} "" "Telespool {__version__}" "Telespool"',
        ".SH NAME",
        f"{_roff(name)} \\- {_roff(sentence.rstrip('.'))}",
    ]


def _value(action: argparse.Action) -> str:
    """What stands for the value of an option or an argument."""
    if action.nargs == 0:
        return ""
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return f"{metavar}..." if action.nargs == "+" else metavar


def _synopsis(command: Command) -> str:
    parts = [f".B telespool {_roff(command.name)}"]
    for action in command.options:
        if action.dest != "help":
            value = f" \\fI{_roff(_value(action))}\\fR" if _value(action) else ""
            parts.append(f"[\\fB{_roff(action.option_strings[-1])}\\fR{value}]")
    parts += [f"\\fI{_roff(_value(action))}\\fR" for action in command.arguments]
    return "\n".join(parts)


def _described(actions: list[argparse.Action]) -> Iterator[str]:
    for action in actions:
        names = ", ".join(f"\\fB{_roff(name)}\\fR" for name in action.option_strings)
        value = f"\\fI{_roff(_value(action))}\\fR" if _value(action) else ""
        text = (action.help or "").rstrip(".")
        yield f".TP\n{' '.join(filter(None, (names, value)))}\n{_roff(text[:1].upper() + text[1:])}."


def page_of(command: Command) -> str:
    """The man page of one command."""
    lines = _head(f"telespool-{command.name}", 1, command.sentence)
    lines += [".SH SYNOPSIS", _synopsis(command), ".SH DESCRIPTION"]
    text = command.text.split(": ", 1)[-1]
    lines += _paragraphs(text[:1].upper() + text[1:])
    described = [
        *_described([a for a in command.arguments if a.help]),
        *_described(command.options),
    ]
    lines += [".SH OPTIONS", *described, ".SH SEE ALSO", "telespool(1), telespool.toml(5)"]
    return "\n".join(lines) + "\n"


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
        if hint != dict[str, str]:
            limits = f" ({wanted(hint, each.metadata['low'], each.metadata['high'])})"
        yield f".TP\n\\fB{_roff(each.name)}\\fR{_roff(shown)}\n{_roff(each.metadata['doc'])}{_roff(limits)}"
    for hint, below in tables:
        yield from _table(hint, below)


# completions


def _takes_files(action: argparse.Action) -> bool:
    return action.type is Path or action.dest == "what"


def _flags(command: Command) -> str:
    return " ".join(name for action in command.options for name in action.option_strings)


def bash(all_commands: list[Command]) -> str:
    """For bash-completion."""
    names = " ".join(command.name for command in all_commands)
    cases = "\n".join(f"        {c.name}) flags='{_flags(c)}' ;;" for c in all_commands)
    return f"""\
# Made by scripts/manuals.py: change the commands, not this.
_telespool() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} flags
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W '{names} --help --version' -- "$current")
        return
    fi
    case ${{COMP_WORDS[1]}} in
{cases}
        *) return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
    fi
}}
complete -F _telespool telespool
"""


def _zsh_text(text: str) -> str:
    return text.replace("'", "’").replace("[", "(").replace("]", ")").replace(":", "")


def zsh(all_commands: list[Command]) -> str:
    """For zsh."""
    listed = "\n".join(f"        '{c.name}:{_zsh_text(c.sentence)}'" for c in all_commands)
    cases = []
    for command in all_commands:
        specs = []
        for action in command.options:
            text = _zsh_text(action.help or "")
            value = ""
            if _value(action):
                value = f":{_value(action)}:{'_files' if _takes_files(action) else ''}"
            star = "*" if isinstance(action, argparse._AppendAction) else ""  # noqa: SLF001 - as above
            specs += [f"'{star}{name}[{text}]{value}'" for name in action.option_strings]
        for action in command.arguments:
            many = "*" if action.nargs == "+" else ""
            specs.append(f"'{many}:{_value(action)}:{'_files' if _takes_files(action) else ''}'")
        cases.append(f"        {command.name}) _arguments {' '.join(specs)} ;;")
    joined = "\n".join(cases)
    return f"""\
#compdef telespool
# Made by scripts/manuals.py: change the commands, not this.
_telespool() {{
    local -a commands=(
{listed}
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    shift words
    (( CURRENT-- ))
    case $words[1] in
{joined}
    esac
}}
_telespool "$@"
"""


def fish(all_commands: list[Command]) -> str:
    """For fish."""
    lines = [
        "# Made by scripts/manuals.py: change the commands, not this.",
        "complete -c telespool -f",
    ]
    for command in all_commands:
        text = command.sentence.replace("'", "’")
        lines.append(
            f"complete -c telespool -n __fish_use_subcommand -a {command.name} -d '{text}'"
        )
        seen = f"-n '__fish_seen_subcommand_from {command.name}'"
        for action in command.options:
            spelled = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                for name in action.option_strings
            )
            value = f" -r{' -F' if _takes_files(action) else ''}" if _value(action) else ""
            said = (action.help or "").replace("'", "’")
            lines.append(f"complete -c telespool {seen} {spelled}{value} -d '{said}'")
        if any(_takes_files(action) for action in command.arguments):
            lines.append(f"complete -c telespool {seen} -F")
    return "\n".join(lines) + "\n"


def everything() -> dict[Path, str]:
    """All files and what must stand in them."""
    all_commands = commands()
    man, shells = ROOT / "docs" / "man", ROOT / "completions"
    return {
        man / "telespool.1": overview(all_commands),
        man / "telespool.toml.5": configuration(),
        **{man / f"telespool-{c.name}.1": page_of(c) for c in all_commands},
        shells / "telespool.bash": bash(all_commands),
        shells / "_telespool": zsh(all_commands),
        shells / "telespool.fish": fish(all_commands),
    }


def main() -> int:
    """Write, or check."""
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
