"""Take each documented way from nothing to a first post, on bare Debian systems that are booted for it.

scripts/try-ways                                  Debian 12 and 13, every way
scripts/try-ways --suite trixie --way deb         one of them
scripts/try-ways --way container                  the image, run by podman on this machine

The commands are those of the documentation, typed by a new person who may use sudo. Counted are the commands up to the
first post, their seconds, and the megabytes that they added. Needs root, debootstrap, Debian's and Python's registries.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness import ROOT
from tests.packaging import container
from tests.systemd.machine import Machine, until, why_not

if TYPE_CHECKING:
    from collections.abc import Iterable

MIRROR = "http://deb.debian.org/debian"
WITH = "sudo,dbus,ca-certificates,systemd-sysv,git"
"""What the smallest of Debian's own images for servers has beside the base."""
HERE = (
    "/etc/apt/apt.conf.d", "/etc/pip.conf", "/etc/hosts", "/etc/resolv.conf", "/usr/local/share/ca-certificates",
    "/etc/ssl/certs/ca-certificates.crt",
)  # fmt: skip
"""How this machine reaches its registries: the same holds inside."""
PERSON = "ada"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to get it: the section of docs/install.md with its commands, where to drop then, where posts appear."""

    section: str
    inbox: str
    posts: str


WAYS = {
    "deb": Way(
        "Debian package", "/var/spool/telespool/inbox", "/var/spool/telespool-posts"
    ),
    "pipx": Way("pipx or uv", "~/spool/inbox", "~/spool-posts"),
    "service": Way(
        "As a service, from source", "/var/spool/telespool/inbox", "/var/spool/telespool-posts"
    ),
    "clone": Way("From a clone, for yourself", "~/spool/inbox", "~/spool-posts"),
}  # fmt: skip


def commands(way: Way) -> list[str]:
    """The first block of commands in the section."""
    text = (ROOT / "docs/install.md").read_text("utf-8")
    section = text[text.index(f"\n## {way.section}\n") :]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found is not None, way
    return [line.split("  #")[0].strip() for line in found[1].splitlines()]


def base(suite: str, store: Path) -> Path:
    """A bare Debian, made once."""
    tree = store / suite
    if not (tree / "etc/debian_version").exists():
        made = store / f"{suite}.new"
        shutil.rmtree(made, ignore_errors=True)
        subprocess.run(["debootstrap", f"--include={WITH}", suite, made, MIRROR], check=True)
        made.rename(tree)
    return tree


def furnish(machine: Machine) -> None:
    """A person who may use sudo, and this machine's way to its registries."""
    for name in HERE:
        source, target = Path(name), machine.path(name)
        if source.is_dir():
            for file in source.iterdir():
                if not file.name.startswith("docker"):
                    shutil.copy(file, target / file.name)
        elif source.exists():
            target.unlink(missing_ok=True)
            shutil.copyfile(source, target)
    machine.run("useradd", "--create-home", "--shell", "/bin/bash", PERSON)
    machine.path(f"/etc/sudoers.d/{PERSON}").write_text(f"{PERSON} ALL=(ALL) NOPASSWD: ALL\n")


def used(machine: Machine) -> float:
    """Megabytes that the machine has added to its base."""
    return (
        int(machine.run("df", "--block-size=1000", "--output=used", "/").stdout.split()[-1]) / 1e3
    )


def go(way: Way, machine: Machine) -> tuple[int, float, float]:
    """Type the commands; how many there were, their seconds, and the megabytes that they added."""
    (machine.share / "photo.jpg").write_bytes((ROOT / "docs/pictures/page-photo.jpg").read_bytes())
    home = f"/home/{PERSON}"
    machine.run("sh", "-c", f"cp /run/share/*.deb {home}")
    before, began, steps = used(machine), time.monotonic(), 0
    with contextlib.ExitStack() as running:
        for line in commands(way):
            typed = line.replace("THIS-REPOSITORY", "/run/share/telespool.git")
            typed = typed.replace("holiday.zip", "/run/share/photo.jpg")
            if typed.endswith("telespool run"):
                service = machine.popen(*_shell(typed), user=PERSON, stdin=subprocess.DEVNULL)
                running.callback(service.wait)
                running.callback(service.terminate)
                inbox = machine.path(way.inbox.replace("~", home))
                until(lambda: inbox.is_dir() or service.poll() is not None, "the inbox")  # noqa: B023 - at once
                if service.poll() is not None:
                    sys.exit(f"{line} ended with {service.returncode}")
                shutil.copy(machine.share / "photo.jpg", inbox)
            else:
                said = machine.run(
                    *_shell(typed), user=PERSON, check=False, data="y\n", seconds=900
                )
                if said.returncode:
                    sys.exit(f"{line}\n{said.stdout}\n{said.stderr}")
            steps += 1
        posts = machine.path(way.posts.replace("~", home))
        until(lambda: [*posts.rglob("*.jpg")], "the first post")
        return steps, time.monotonic() - began, used(machine) - before


def _shell(typed: str) -> Iterable[str]:
    """As a person types it who has just logged in."""
    return "env", f"HOME=/home/{PERSON}", "PIP_FIND_LINKS=/run/share", "bash", "-lc", f"cd; {typed}"


def main() -> int:
    """Try what is asked for; a table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--suite", action="append", choices=("bookworm", "trixie"))
    options.add_argument("--way", action="append", choices=(*WAYS, "container"))
    options.add_argument("--store", type=Path, default=Path.home() / ".cache/telespool-ways")
    options.add_argument("--packages", type=Path, help="a folder with wheel and .deb (else made)")
    asked = options.parse_args()
    reason = container.why_not() if asked.way == ["container"] else why_not()
    if reason:
        sys.exit(f"try-ways: {reason}")
    asked.store.mkdir(parents=True, exist_ok=True)
    say("| Debian | Way | Commands | Seconds | MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        packages = asked.packages or _packages(Path(name) / "packages")
        for suite in asked.suite or ("bookworm", "trixie"):
            for way in asked.way or WAYS:
                state = Path(name) / f"{suite}-{way}"
                if way == "container":
                    tree = base(suite, asked.store)
                    row(suite, way, *container.go(suite, tree, packages, asked.store, state))
                    continue
                with Machine.boot(state, base(suite, asked.store), online=True) as machine:
                    furnish(machine)
                    for package in packages.iterdir():
                        shutil.copy(package, machine.share)
                    subprocess.run(
                        [
                            "git",
                            "clone",
                            "--quiet",
                            "--bare",
                            ROOT,
                            machine.share / "telespool.git",
                        ],
                        check=True,
                    )
                    machine.run("chown", "-R", f"{PERSON}:", "/run/share/telespool.git")
                    steps, seconds, megabytes = go(WAYS[way], machine)
                row(suite, way, steps, seconds, megabytes)
    return 0


def row(suite: str, way: str, steps: int, seconds: float, megabytes: float) -> None:
    """Say what a way took."""
    say(f"| {suite} | {way} | {steps} | {seconds:.0f} | {megabytes:.0f} |")


def say(line: str) -> None:
    """Say it at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _packages(folder: Path) -> Path:
    build: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--quiet",
        "--wheel",
        "--outdir",
        folder,
        ROOT,
    ]
    subprocess.run(build, check=True)
    subprocess.run([sys.executable, ROOT / "packaging/build-deb", "--out", folder], check=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
