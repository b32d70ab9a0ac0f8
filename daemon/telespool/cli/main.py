"""telespool: the command line.

Each command lives in a module of `telespool.cli` and is imported only when it is called, so that `status` starts
at once. A command returns its exit code; what it raises from `errors` is printed as its sentence and ends with the
code of its class (78 configuration, 77 login, 75 busy or not now, 1 everything else).
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from telespool import __version__
from telespool.errors import TelespoolError

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130
_MISUSED = 2  # as argparse has it


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="telespool",
        description="Drop an archive into a folder; its photos and videos appear in a Telegram chat.",
    )
    top.add_argument("--version", action="version", version=f"telespool {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, sentence: str, *, config: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=sentence, description=sentence)
        sub.set_defaults(module=name.replace("-", "_"))
        if config:
            sub.add_argument("-c", "--config", type=Path, help="the configuration file")
        return sub

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
        help="a file, or a job of the spool (a part of its name will do)",
    )
    explain.add_argument("--json", action="store_true", help="for programs")

    retry = command("retry", "Try again what was refused, waits or is held.")
    retry.add_argument("what", nargs="+", metavar="JOB|PATH", help="a job, or a file of the spool")
    retry.add_argument("--password", default="", metavar="PW", help="for an encrypted archive")
    retry.add_argument(
        "--as-document",
        action="store_true",
        help="send it as a file, as it is, not as a video or photo",
    )

    hold = command("hold", "Keep back what is not under way yet, until `telespool retry`.")
    hold.add_argument("what", nargs="+", metavar="JOB|PATH", help="a job, or a file of the spool")

    drop = command("drop", "Copy files or folders into the inbox.")
    drop.add_argument("files", nargs="+", type=Path, metavar="FILE")
    drop.add_argument(
        "--to", default="default", metavar="CHAT", help="the chat, by its name under [chats]"
    )

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
    unpack.add_argument(
        "--password", action="append", default=[], help="try this one; may be repeated"
    )
    unpack.add_argument("--json", action="store_true", help="for programs")

    doctor = command("doctor", "Check everything that must be right, and say what to do.")
    doctor.add_argument("--json", action="store_true", help="for programs")

    login = command("login", "Log in to Telegram, once.")
    login.add_argument("--qr", action="store_true", help="show a code to scan with the app")
    login.add_argument(
        "--answers", type=Path, metavar="DIR", help="ask by files in this folder, not here"
    )
    command("check-config", "Read the configuration and name every mistake in it.")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = parser().parse_args(arguments)
    if options.command is None:
        parser().print_help(sys.stderr)
        return _MISUSED
    module = importlib.import_module(f"telespool.cli.{options.module}")
    try:
        code: int = module.run(options)
    except TelespoolError as error:
        print(f"telespool: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
