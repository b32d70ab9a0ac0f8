"""Ask a person questions: at the terminal, or through files where there is none.

At the terminal a password is not shown while it is typed. Without one (a service, a container, a script) a question
is a file: `code.txt` says what is wanted, and the answer is written into the file `code` beside it, which is removed
as soon as it has been read. Both are for the owner alone.

Asking is a coroutine that never holds up the event loop. `LoginNeeded` leaves where nobody answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import sys
import termios
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.config.paths import command
from telespool.errors import LoginNeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LOOK = 0.25


@dataclass(frozen=True, slots=True)
class Question:
    """A question: its name, its text, and whether the answer is a secret."""

    name: str
    words: str
    secret: bool = False


class AtTerminal:
    """Asks on the terminal."""

    async def ask(self, question: Question, hint: str = "") -> str:
        """Return the answer; ask again if it is empty."""
        if hint:
            print(f"\n{hint}.")
        print(question.words)
        reader = getpass.getpass if question.secret else input
        while True:
            answer = await _in_thread(lambda: reader("> "))
            if answer.strip():
                return answer.strip()


class InFiles:
    """Asks by files in `directory`, for at most `patience` seconds each time."""

    def __init__(self, directory: Path, patience: float = 600.0) -> None:
        self.directory = directory
        self.patience = patience

    async def ask(self, question: Question, hint: str = "") -> str:
        """Wait for the answer's file and return its content."""
        asked, answer = self.directory / f"{question.name}.txt", self.directory / question.name
        await asyncio.to_thread(self._write, asked, f"{hint}.\n" if hint else "", question)
        print(f"waiting for an answer in {answer}: see {asked}", flush=True)
        end = time.monotonic() + self.patience
        try:
            while time.monotonic() < end:
                if text := await asyncio.to_thread(_taken, answer):
                    return text
                await asyncio.sleep(_LOOK)
        finally:
            asked.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.directory.rmdir()
        raise LoginNeeded(
            f"Nobody wrote an answer into {answer} within {self.patience / 60:.0f} minutes."
            f" Run `{command('login')}` again, best in a terminal."
        )

    def _write(self, asked: Path, hint: str, question: Question) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        answer = asked.with_suffix("")
        asked.write_text(
            f"{hint}{question.words}\n\nWrite the answer into {answer}, one line, as in\n"
            f"  echo ANSWER > {answer}\n",
            encoding="utf-8",
        )


def _taken(path: Path) -> str:
    """Return a complete answer (it ends with a newline) and remove its file; "" if there is none yet."""
    try:
        text = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    if not text.endswith("\n") and time.time() - path.stat().st_mtime < 1.0:
        return ""  # it is being written still
    path.unlink(missing_ok=True)
    return text.strip()


async def _in_thread(read: Callable[[], str]) -> str:
    # A thread of its own and not one of the pool: Ctrl-C need not wait for a person to press Enter.
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def settle(text: str | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(text or "")

    def work() -> None:
        text, error = None, None
        try:
            text = read()
        except EOFError:
            error = LoginNeeded("The terminal was closed before the login was complete.")
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(settle, text, error)

    threading.Thread(target=work, daemon=True).start()
    return await answer


@contextlib.contextmanager
def terminal_kept() -> Iterator[None]:
    """Restore the terminal's mode afterwards: Ctrl-C at a password prompt would leave echo off."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
