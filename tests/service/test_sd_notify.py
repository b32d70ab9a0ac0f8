"""sd_notify, heard on a real datagram socket."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import pytest

from telespool.service.sd_notify import SdNotify
from tests.sockets import short_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    """A manager's end of the socket."""
    with short_folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(folder / "notify"))
        listening.setblocking(False)
        yield listening


def test_each_state_is_one_datagram(manager: socket.socket) -> None:
    """READY, STATUS, WATCHDOG, RELOADING and STOPPING arrive as the protocol has them."""
    notify = SdNotify(manager.getsockname())
    notify.ready("waiting")
    notify.status("uploading 7/10")
    notify.alive()
    before = time.monotonic_ns() // 1000
    notify.reloading()
    notify.stopping("saying goodbye")
    heard = [manager.recv(4096).decode() for _ in range(5)]
    assert heard[:3] == ["READY=1\nSTATUS=waiting", "STATUS=uploading 7/10", "WATCHDOG=1"]
    reloading, moment = heard[3].split("\nMONOTONIC_USEC=")
    assert (reloading, heard[4]) == ("RELOADING=1", "STOPPING=1\nSTATUS=saying goodbye")
    assert before <= int(moment) <= time.monotonic_ns() // 1000


def test_a_status_is_said_once_and_stays_one_line(manager: socket.socket) -> None:
    """The same line again is no news, and a line end cannot smuggle in another assignment."""
    notify = SdNotify(manager.getsockname())
    notify.status("converting a\nREADY=1.avi")
    notify.status("converting a READY=1.avi")
    assert manager.recv(4096) == b"STATUS=converting a READY=1.avi"
    with pytest.raises(BlockingIOError):
        manager.recv(4096)


def test_an_abstract_socket_is_reached() -> None:
    """A name that begins with @ is in the abstract namespace."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0telespool-test-{os.getpid()}")
        SdNotify(f"@telespool-test-{os.getpid()}").alive()
        assert listening.recv(100) == b"WATCHDOG=1"


def test_without_a_manager_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a missing variable nor a socket that is gone is an error."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    SdNotify().ready()
    SdNotify(str(tmp_path / "gone")).ready()


def test_the_watchdog_is_for_the_process_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interval is known in seconds, and only to the process that is watched."""
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert SdNotify.watchdog() is None
    monkeypatch.setenv("WATCHDOG_USEC", "2500000")
    assert SdNotify.watchdog() == 2.5
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert SdNotify.watchdog() is None
