"""telespool: the command line.

Each command lives in a module of `telespool.cli` and is imported only when it is called, so that `status` starts
at once. A command returns its exit code; what it raises from `errors` is printed as its sentence and ends with the
code of its class (78 configuration, 77 login, 75 busy or not now, 1 everything else).
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from telespool import __version__
from telespool.cli import failures
from telespool.config import loader, paths
from telespool.errors import TelespoolError
from telespool.observe import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

_INTERRUPTED = 130
_MISUSED = 2  # as argparse has it
_NO_COMMAND = re.compile(
    r"argument COMMAND: invalid choice: '(?P<name>.*)' \(choose from (?P<known>.*)\)"
)
_NO_VALUE = "--password takes no value: it asks for the password, or reads it from standard input"


class _Parser(argparse.ArgumentParser):
    """A parser whose messages never repeat a password, and name what was meant."""

    def error(self, message: str) -> NoReturn:
        """Print how the command is used and what is wrong, and exit with 2."""
        if "--password" in message and "explicit argument" in message:
            message = _NO_VALUE
        if mistyped := _NO_COMMAND.match(message):
            named = mistyped["name"]
            known = re.findall(r"[\w-]+", mistyped["known"])
            meant = difflib.get_close_matches(named, known, n=1)
            hint = f"did you mean {meant[0]}?" if meant else "the commands: telespool --help"
            message = f"there is no command {named}; {hint}"
        super().error(message)


def parser() -> argparse.ArgumentParser:
    """Build the parser: commands and their options."""
    top = _Parser(
        prog="telespool",
        description="Drop an archive into a folder; its photos and videos appear in a Telegram chat.",
    )
    top.add_argument("--version", action="version", version=f"telespool {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, sentence: str, *, config: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=sentence, description=sentence)
        sub.set_defaults(module=name.replace("-", "_"), parser=sub)
        if config:
            sub.add_argument("-c", "--config", type=Path, help="the configuration file")
        return sub

    command("setup", "Write the first configuration, by questions, and try it.")

    run = command("run", "Watch the inbox and send what is dropped there.")
    run.add_argument("--until-idle", action="store_true", help="do what is there, then end")

    status = command("status", "Show what lies in the folders and what is under way.")
    how = status.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="for programs")
    how.add_argument("--watch", action="store_true", help="show it live, until Ctrl-C")

    explain = command(
        "explain", "Tell the story of a job, or what a file is and what would be done."
    )
    explain.add_argument(
        "what",
        metavar="FILE|JOB",
        help="a file or folder, or a job of the spool (part of its name, or of a file's, is enough)",
    )
    explain.add_argument(
        "--to",
        default="",
        metavar="CHAT",
        help="foretell what would become of it in this chat; each may have rules of its own",
    )
    explain.add_argument("--json", action="store_true", help="for programs")

    _steering(command)
    _helping(command)

    _delivered(command)

    prune = command("prune", "Forget now what is old enough; the daemon does so by itself.")
    prune.add_argument("--dry-run", action="store_true", help="only show what would be forgotten")

    convert = command("convert", "Convert one video to an MP4 that plays everywhere.")
    convert.add_argument("source", type=Path, metavar="IN")
    convert.add_argument("result", type=Path, metavar="OUT")
    convert.add_argument(
        "--state", type=Path, help="keep finished pieces here, to go on after a break"
    )
    convert.add_argument(
        "--max-size",
        metavar="SIZE",
        help="make parts that play, none larger than this (2000 MiB is what a message may hold)",
    )

    unpack = command("unpack", "Unpack an archive, safely, into a folder.")
    unpack.add_argument("archive", type=Path)
    unpack.add_argument("directory", type=Path, metavar="DIR")
    _add_password(unpack)
    unpack.add_argument("--json", action="store_true", help="for programs")

    doctor = command("doctor", "Check everything that must be right, and say what to do.")
    doctor.add_argument("--json", action="store_true", help="for programs")

    login = command("login", "Log in to Telegram, once.")
    login.add_argument("--qr", action="store_true", help="show a code to scan with the app")
    login.add_argument(
        "--answers", type=Path, metavar="DIR", help="ask by files in this folder, not here"
    )
    _for_shells(commands, command)
    command("check-config", "Read the configuration and name every mistake in it.")
    return top


def named(text: str) -> Path:
    """A path that a person typed; an empty one, as of a variable that is not set, would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name: nothing is meant by it")
    return Path(text)


def _helping(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command for conversions on other machines."""
    helper = command("helper", "Let another machine encode pieces of films, or be that machine.")
    helper.add_argument(
        "action",
        choices=["key", "trust", "serve"],
        help="show the line for the helper's authorized_keys; learn a helper's key; on the helper, do what is asked",
    )
    helper.add_argument("host", nargs="?", metavar="HOST", help="user@host, for trust")


def _delivered(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands that ask Telegram for what was sent: verify, fetch."""
    verify = command("verify", "Ask Telegram whether what was sent is still there.")
    verify.add_argument("job", nargs="?", metavar="JOB", help="a job (a part of its name will do)")
    verify.add_argument("--all", action="store_true", help="every job that done/ remembers")
    verify.add_argument("--json", action="store_true", help="for programs")

    fetch = command("fetch", "Bring back what Telegram holds of a job.")
    fetch.add_argument("job", metavar="JOB", help="a job (a part of its name will do)")
    fetch.add_argument("directory", type=Path, metavar="DIR", help="where the files go")


def _steering(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands that act on jobs: retry, hold, cancel, drop."""
    retry = command("retry", "Try again what was refused, waits or is held.")
    retry.add_argument("what", nargs="+", metavar="JOB|PATH", help="a job, or a file of the spool")
    _add_password(retry)
    retry.add_argument(
        "--as-document",
        action="store_true",
        help="send it as a file, as it is, not as a video or photo",
    )

    hold = command("hold", "Keep back what is not under way yet, until `telespool retry`.")
    hold.add_argument("what", nargs="+", metavar="JOB|PATH", help="a job, or a file of the spool")

    cancel = command("cancel", "End what is under way or waits; it goes to quarantine, not away.")
    cancel.add_argument("what", nargs="+", metavar="JOB|PATH", help="a job, or a file of the spool")

    drop = command("drop", "Copy files or folders into the inbox.")
    drop.add_argument("files", nargs="+", type=named, metavar="FILE")
    drop.add_argument(
        "--to", default="default", metavar="CHAT", help="the chat, by its name under [chats]"
    )


def _for_shells(
    commands: argparse._SubParsersAction[_Parser],
    command: Callable[..., argparse.ArgumentParser],
) -> None:
    """Add the commands that shells use."""
    completions = command("completions", "Print the completion script of a shell.", config=False)
    completions.add_argument("shell", choices=["bash", "zsh", "fish"])
    names = commands.add_parser("complete-names")  # for shells: no help, so that it is not listed
    names.set_defaults(module="complete_names")
    names.add_argument("kind", choices=["jobs", "chats"])
    names.add_argument("prefix", nargs="?", default="")


def _add_password(command: argparse.ArgumentParser) -> None:
    """Add options for a password that keep it out of the process list and the shell's history."""
    how = command.add_mutually_exclusive_group()
    how.add_argument(
        "--password",
        action="store_true",
        help="ask for the archive's password; without a terminal, read it from standard input",
    )
    how.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="read passwords from FILE, one to a line",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; SystemExit on wrong usage is all that leaves."""
    terminal.protect()
    top = parser()
    options, unknown = top.parse_known_args(arguments)
    chosen_parser = getattr(options, "parser", top)
    if unknown and getattr(options, "password", False):
        # Not repeated here: it may be the password.
        chosen_parser.error(_NO_VALUE)
    if unknown:
        chosen_parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if options.command is None:
        top.print_help(sys.stderr)
        return _MISUSED
    chosen = getattr(options, "config", None)
    paths.use(chosen or loader.find(), by_hand=chosen is not None)
    if options.command != "run":
        _clean_up_when_ended()
    try:
        module = importlib.import_module(f"telespool.cli.{options.module}")
        code: int = module.run(options)
        sys.stdout.flush()
    except TelespoolError as error:
        print(f"telespool: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _write_no_more()
        return 0
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets a sentence
        print(f"telespool: {failures.sentence(error)}", file=sys.stderr)
        _write_no_more()
        return TelespoolError.exit_code
    _write_no_more()  # a terminal that has closed takes no last words
    return code


def _clean_up_when_ended() -> None:
    """Make SIGTERM and SIGHUP raise SystemExit, so that `finally` clauses clean up."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


def _write_no_more() -> None:
    """Redirect the streams that cannot be flushed to /dev/null, so that Python's exit makes no second error of it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    from telespool.cli.entry import main as entry

    sys.exit(entry())
