"""Build the image and run it as compose.yaml says, up to a post, with podman alone: no engine runs in the background.

The containers share this machine's network and are in none of its groups of resources (cgroups): so they run where an
engine's own network and groups can't be had, as inside other containers. Needs root, podman and crun.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import yaml  # type: ignore[import-untyped]  # comes with the tools of the documentation

from tests.harness import ROOT
from tests.systemd.machine import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PHOTO = ROOT / "docs/pictures/page-photo.jpg"
COMMANDS = 3
"""What docs/install.md has a person type: build, folders, start."""
_PLACE = """
[containers]
cgroups = "disabled"
netns = "host"
utsns = "host"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
# crun refuses machines that have both kinds of groups; it need not see the second.
_ALONE = 'umount -l /sys/fs/cgroup/unified 2>/dev/null; exec podman "$@"'


class Podman:
    """podman with a store of its own."""

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        (place / "containers.conf").write_text(_PLACE)
        (place / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\nrunroot = "{place}/run"\ngraphroot = "{place}/graph"\n'
        )
        self._environment = os.environ | {
            "CONTAINERS_CONF": str(place / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(place / "storage.conf"),
        }

    def __call__(self, *words: str | Path, data: int | None = None) -> str:
        """Run it; its output. AssertionError with its words where it fails."""
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", _ALONE, "podman", *words],
            stdin=data if data is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=self._environment,
        )
        assert done.returncode == 0, f"podman {' '.join(map(str, words))}: {done.stderr[-2000:]}"
        return done.stdout


def why_not() -> str | None:
    """Say why no container can be run here, None where it can."""
    missing = [name for name in ("podman", "crun", "unshare") if not shutil.which(name)]
    if missing:
        return f"{' and '.join(missing)} not found (Debian: apt-get install podman crun)"
    return "containers are run as root" if os.geteuid() else None


def build(podman: Podman, suite: str, tree: Path, packages: Path, work: Path) -> None:
    """Make the image `telespool` on this bare Debian, as its Containerfile says."""
    base = f"localhost/bare:{suite}"
    if suite not in podman("images", "--format", "{{.Tag}}"):
        out = ("--exclude=./proc/*", "--exclude=./sys/*", "--exclude=./dev/*")
        with subprocess.Popen(["tar", "-C", tree, *out, "-c", "."], stdout=subprocess.PIPE) as tar:
            assert tar.stdout is not None
            podman("import", "-", base, data=tar.stdout.fileno())
    context = work / "context"
    shutil.copytree(ROOT / "packaging/container", context / "packaging/container")
    (context / "dist").mkdir()
    for package in packages.glob("*.deb"):
        shutil.copy(package, context / "dist")
    arch = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
    asked = [f"--build-arg={each}" for each in (f"BASE={base}", f"TARGETARCH={arch}")]
    file = context / "packaging/container/Containerfile"
    podman("build", "--format=docker", "--isolation=oci", *asked, "-f", file, "-t", "telespool", context)  # fmt: skip


def as_composed(home: Path) -> list[str]:
    """The options of `podman run` for what compose.yaml asks for, with the folders in `home`."""
    text = (ROOT / "packaging/container/compose.yaml").read_text("utf-8")
    service = yaml.safe_load(text)["services"]["telespool"]
    options = ["--user=1000:1000", "--read-only"]
    assert service["read_only"] is True
    assert service["user"] == "${PUID:-1000}:${PGID:-1000}"
    if service["init"] and shutil.which("catatonit"):
        options.append("--init")
    options += [f"--tmpfs={each}" for each in service["tmpfs"]]
    options += [f"--cap-drop={each}" for each in service["cap_drop"]]
    options += [f"--security-opt={each.removesuffix(':true')}" for each in service["security_opt"]]
    for each in service["volumes"]:
        source, _, target = each.partition(":")
        options.append(f"--volume={home / source}:{target}")
        (home / source).mkdir()
        os.chown(home / source, 1000, 1000)
    return options


@contextlib.contextmanager
def running(podman: Podman, home: Path) -> Iterator[None]:
    """The container, until it is stopped as a person does; AssertionError where it does not end well."""
    podman("run", "--detach", "--replace", "--name=telespool", *as_composed(home), "telespool")
    try:
        yield
        podman("stop", "--time=30", "telespool")
        code = podman("inspect", "telespool", "--format", "{{.State.ExitCode}}").strip()
        assert code == "0", f"the container ended with {code}"
    finally:
        podman("rm", "--force", "telespool")


def go(suite: str, tree: Path, packages: Path, store: Path, work: Path) -> tuple[int, float, float]:
    """From the package to a post, and one more after a kill; commands, seconds, and megabytes of the image."""
    work.mkdir()
    podman = Podman(store / "podman")
    began = time.monotonic()
    build(podman, suite, tree, packages, work)
    home = work / "home"
    home.mkdir()
    with running(podman, home):
        _drop(home, "first.jpg", 1)
        took = time.monotonic() - began
        podman("healthcheck", "run", "telespool")
        podman("kill", "--signal=KILL", "telespool")
        until(lambda: "exited" in podman("inspect", "telespool"), "the end of the container")
        podman("start", "telespool")
        _drop(home, "second.jpg", 2)
    size = int(podman("inspect", "--type=image", "telespool", "--format", "{{.Size}}"))
    bare = int(podman("inspect", "--type=image", f"localhost/bare:{suite}", "--format", "{{.Size}}"))  # fmt: skip
    return COMMANDS, took, (size - bare) / 1e6


def _drop(home: Path, name: str, posts: int) -> None:
    """Drop a photo as a person does; wait until so many posts have appeared."""
    inbox = home / "spool/inbox"
    until(inbox.is_dir, "the inbox")
    made = ROOT / "docs/pictures/page-desktop.jpg" if posts > 1 else PHOTO
    shutil.copy(made, inbox / name)
    until(lambda: len([*(home / "posts").glob("*/*/post.json")]) == posts, f"{posts} posts")
