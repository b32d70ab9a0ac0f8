"""The demo: an archive is made, dropped, and becomes posts in a folder, with a page to look at.

Exit code 0 only if everything became what it must: all photos in natural order, what needed conversion
converted, the one video beyond repair in quarantine with its note.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from demo_material import PHOTOS, Expected, make

DEMO = Path("demo")
SPOOL = DEMO / "spool"
POSTS = DEMO / "posts"
CONFIG = DEMO / "telespool.toml"

_CONFIG = """\
destination = "folder"

[chats]
default = "me"
family = "@smith_family"

[spool]
root = "{spool}"
reserve = "100 MiB"

[folder]
path = "{posts}"

[inbox]
settle = "1s"

[log]
format = "console"
"""


def main() -> int:
    """Run it; the exit code."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    CONFIG.write_text(_CONFIG.format(spool=SPOOL.absolute(), posts=POSTS.absolute()))

    heading("An archive of photos and clips, as a phone and two old cameras fill it")
    archive = make(DEMO / "material")
    show("python", "-m", "zipfile", "--list", str(archive))

    heading("It is dropped into the inbox of the chat “family”")
    inbox = SPOOL / "inbox" / "family"
    inbox.mkdir(parents=True)
    shutil.copy(archive, inbox / f".{archive.name}")
    (inbox / f".{archive.name}").rename(inbox / archive.name)
    show("ls", "-R", str(SPOOL))

    heading("Telespool does what is there")
    code = show("telespool", "run", "--until-idle", "--config", str(CONFIG))

    heading("Where everything went: the names in done/ are the receipts")
    show("ls", "-R", str(SPOOL / "done"), str(SPOOL / "quarantine"))
    notes = sorted((SPOOL / "quarantine").glob("*/*.txt"))
    for note in notes:
        show("cat", str(note))

    heading("The posts")
    show("ls", str(POSTS / "family"), str(POSTS / "family" / "000001-000010_album"))
    wrong = [f"telespool run ended with exit code {code}"] if code else []
    wrong += check(Expected())
    print(f"\nLook at them: {(POSTS / 'index.html').absolute().as_uri()}")
    for sentence in wrong:
        print(f"demo: WRONG: {sentence}", file=sys.stderr)
    media = delivered()
    print(
        f"demo: {len(media)} delivered, {sum(medium.get('converted', False) for medium in media)}"
        f" recovered by conversion, {len(quarantined())} quarantined"
    )
    return 1 if wrong else 0


def check(expected: Expected) -> list[str]:
    """What did not become what it must, each in a sentence."""
    media = delivered()
    photos = [medium["file"] for medium in media if medium["kind"] == "photo"]
    recovered = [medium["file"] for medium in media if medium.get("converted")]
    wrong = []
    if photos != [f"IMG_{number}.jpg" for number in range(1, PHOTOS + 1)]:
        wrong.append(f"the photos are not all there in natural order, but: {', '.join(photos)}")
    if len(media) != expected.delivered:
        wrong.append(f"{expected.delivered} files must be delivered, not {len(media)}")
    if len(recovered) != expected.recovered:
        wrong.append(f"{expected.recovered} must be recovered, not {len(recovered)}: {recovered}")
    if len(quarantined()) != expected.quarantined:
        wrong.append(f"{expected.quarantined} must be in quarantine, not {quarantined()}")
    wrong += [
        f"{file} has no note that says why"
        for file in quarantined()
        if not file.with_name(f"{file.name}.txt").is_file()
    ]
    return wrong


def delivered() -> list[dict[str, Any]]:
    """Every message of the chat, in order, from the records of the posts."""
    records = sorted((POSTS / "family").glob("*/post.json"))
    return [medium for path in records for medium in json.loads(path.read_text())["media"]]


def quarantined() -> list[Path]:
    """What lies in quarantine, without the notes."""
    return [path for path in (SPOOL / "quarantine").glob("*/*") if path.suffix != ".txt"]


def heading(text: str) -> None:
    """Say what comes now."""
    print(f"\n── {text} ──", flush=True)


def show(*command: str) -> int:
    """Print a command line, run it, and let its output be seen; its exit code."""
    print(f"$ {shlex.join(command)}", flush=True)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
