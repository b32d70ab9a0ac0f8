"""One scene, played: laid out, lived through with as many deaths as wanted, and judged at the end."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING

from telespool.spool.layout import FOLDERS, WORKING
from tests.crash.chat import Chat
from tests.crash.disks import DyingDisk
from tests.crash.machine import Machine
from tests.crash.media import copy_of, photo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.crash.scenes import Scene

_PATIENCE = 20


class Play:
    """A scene on a machine below `place`."""

    def __init__(self, scene: Scene, place: Path, *, with_retention: bool = False) -> None:
        self.scene = scene
        self.place = place
        root = place / "spool"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        root.mkdir()
        inbox = place / "inbox" if scene.across else root / "inbox"
        for folder in (*FOLDERS, "tmp"):
            (root / folder).mkdir()
        scene.lay(inbox)
        self.make_disk: Callable[[int | None], DyingDisk] = self._plain_disk
        self.machine = Machine(
            root, inbox, Chat(DyingDisk()), with_retention=with_retention, topics=scene.topics
        )
        self.machine.send = scene.send

    def disk(self, die_at: int | None = None) -> DyingDisk:
        """A disk of this machine."""
        return self.make_disk(die_at)

    def _plain_disk(self, die_at: int | None) -> DyingDisk:
        return DyingDisk(die_at, inbox=self.machine.inbox if self.scene.across else None)

    def run(self, deaths: Sequence[int] = ()) -> int:
        """Live, die before each of these calls in turn, live to the end; the calls of the last life.

        After each death everything that was not delivered must still be there.
        """
        for call in deaths:
            disk = self.disk(call)
            if self.machine.live(disk):
                return disk.calls
            self.check_nothing_lost()
        disk = self.disk()
        assert self.machine.live(disk)
        return disk.calls

    # -- what must be true -------------------------------------------------------------------------

    def check_nothing_lost(self) -> None:
        """What was not delivered lies outside tmp/, as a file of its own or in a drop that is whole."""
        machine = self.machine
        kept = [
            path.read_bytes()
            for place in (machine.inbox, *(machine.root / folder for folder in FOLDERS))
            for path in place.rglob("*")
            if path.is_file()
        ]
        whole = b"\0".join(kept)
        seen = self._seen()
        for name, (data, fate) in self.scene.fates.items():
            if fate != "left out" and not seen[data]:
                assert data in whole, f"{name} is lost: {machine.tree()}"

    def check_end(self) -> None:
        """Each file exactly once where it belongs, and nothing left over."""
        machine = self.machine
        assert machine.working() == [], machine.working()
        seen = self._seen()
        quarantine = machine.root / "quarantine"
        lying = Counter(
            path.read_bytes()
            for path in quarantine.rglob("*")
            if path.is_file() and not path.with_name(f"{path.name}.txt").name.endswith(".txt.txt")
        )
        for name, (data, fate) in self.scene.fates.items():
            times = {"sent": 1, "converted": 1, "in its photo": 1}.get(fate, 0)
            assert seen[data] == times, f"{name} was delivered {seen[data]} times: {machine.tree()}"
            if fate == "converted":
                assert any(message.data == copy_of(data) for message in machine.chat.messages)
            if fate == "quarantined":
                assert lying[data] == 1, f"{name} is not in quarantine: {machine.tree()}"
            if fate == "in its photo":
                assert any(message.clip == copy_of(data) for message in machine.chat.messages)
        clips = sum(message.clip is not None for message in machine.chat.messages)
        assert len(machine.chat.messages) + clips == sum(seen.values())
        if self.scene.captions:
            shown = {message.name: message.caption for message in machine.chat.messages}
            assert shown == self.scene.captions, (shown, machine.tree())
        albums = {m.album for m in machine.chat.messages if m.name in self.scene.together}
        assert len(albums) <= 1, "an album was torn apart"
        topics = {path.split("/")[1] if path.count("/") > 1 else "" for path in self.scene.drops}
        assert {message.topic for message in machine.chat.messages} in (set(), {""}, topics)
        for path in quarantine.rglob("*"):
            if path.is_file() and not path.name.endswith(".txt"):
                note = path.with_name(f"{path.name}.txt")
                assert note.exists(), f"{path.name} has no reason: {machine.tree()}"
                assert note.read_text().strip(), f"{path.name} has no reason"
        self._check_notes(quarantine)
        self._check_drops_quarantined(quarantine)

    def check_receipts(self, *, repeated: bool = False) -> None:
        """done/ has a receipt for every message, under its number, and nothing twice.

        `repeated`: a person gave back what was sent meanwhile, so the same message may have been asked for again.
        """
        done = self.machine.root / "done"
        numbers = Counter(
            int(path.name.partition("+")[2].partition("_")[0])
            for path in done.rglob("*+*")
            if path.is_file() and not _shares_message(path)
        )
        sent = Counter(message.number for message in self.machine.chat.messages)
        assert numbers.keys() == sent.keys()
        assert repeated or numbers == sent
        for job in done.iterdir():
            assert (job / "report.txt").exists()
        assert not [path for path in done.rglob("*") if "@" in path.name]

    def check_forgotten(self) -> None:
        """After the ages of retention nothing is left but the quarantine, and what was sent to nobody."""
        done = self.machine.root / "done"
        unsent = [data for data, fate in self.scene.fates.values() if fate == "left out"]
        kept = [
            path.read_bytes() for path in done.rglob("*") if "0000_" in str(path) and path.is_file()
        ]
        assert all(any(data in each for data in unsent) for each in kept), self.machine.tree()
        assert bool(kept) == bool(unsent), self.machine.tree()
        if not unsent:
            assert list(done.iterdir()) == []

    def _check_notes(self, quarantine: Path) -> None:
        for path in quarantine.rglob("*.txt"):
            assert path.with_suffix("").exists(), f"{path.name} says why something is not there"

    def _check_drops_quarantined(self, quarantine: Path) -> None:
        drops = [path for path in quarantine.rglob("0000_*") if not path.name.endswith(".txt")]
        assert len(drops) == int(self.scene.broken), self.machine.tree()

    def _seen(self) -> Counter[bytes]:
        """How often each original content was delivered, in whatever form."""
        seen: Counter[bytes] = Counter()
        forms = {}
        for data, _ in self.scene.fates.values():
            forms[data] = data
            forms[copy_of(data)] = data
            forms[photo(b"again " + data)] = data
        for message in self.machine.chat.messages:
            seen[forms.get(message.data, message.data)] += 1
            if message.clip is not None:
                seen[forms.get(message.clip, message.clip)] += 1
        return seen


def occupied(root: Path) -> list[str]:
    """The working folders with anything in them."""
    return [folder for folder in WORKING if any((root / folder).iterdir())]


def _shares_message(path: Path) -> bool:
    """Whether it is a clip that was sent with its still: that lies beside it, and has the receipt."""
    _, mark, still = path.name.partition("+")[0].partition("~")
    number = still.partition("=")[0]  # in a story the still has its place behind that
    return bool(mark) and any(path.parent.glob(f"{number}[+=]*"))
