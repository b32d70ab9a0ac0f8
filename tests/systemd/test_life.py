"""The life of the service: start, work, stop, die, hang, reload; nothing is lost and nothing is sent twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.material import make_bomb, make_zip
from tests.systemd.machine import until
from tests.systemd.service import PLAIN, SPOOL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material
    from tests.systemd.service import Service

# Slow on purpose: there must be time to see a conversion and to break it off.
SLOW = PLAIN + '[convert]\npreset = "veryslow"\ncheckpoint = "1s"\nnice = 19\n'


@pytest.fixture(scope="session")
def holiday(tmp_path_factory: pytest.TempPathFactory, material: Material) -> Path:
    """An archive of two photos and a clip that plays as it is."""
    files = {"a.jpg": material.photo(1), "b.jpg": material.photo(2), "c.mp4": material.clip("mp4")}
    return make_zip(tmp_path_factory.mktemp("drops") / "holiday.zip", files)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory, material: Material) -> Path:
    """An archive of one AVI that takes some seconds to convert."""
    files = {"film.avi": material.clip("avi", seconds=12, size=(640, 480))}
    return make_zip(tmp_path_factory.mktemp("drops") / "film.zip", files)


def converting(service: Service) -> bool:
    """Whether the status line says that a conversion is under way."""
    return "converting" in service.show("StatusText")


def posts(service: Service) -> int:
    """How many posts the folder destination has made."""
    return len(list(service.machine.path("/var/spool/telespool-posts").glob("*/*/post.json")))


def test_what_a_member_of_the_group_drops_ends_in_done(service: Service, holiday: Path) -> None:
    """Started, it is ready; ann drops an archive and may move what came of it; bob cannot even look."""
    service.start()
    assert service.show("StatusText") == "idle"
    assert "Status: " in service.machine.run("systemctl", "status", service.unit).stdout
    service.drop(holiday)
    service.until_done("holiday.zip")
    assert posts(service) == 2
    (job,) = (service.spool / "done").iterdir()
    run = service.machine.run
    run("mv", f"{SPOOL}/done/{job.name}", f"{SPOOL}/done/renamed", user="ann")
    assert run("ls", SPOOL, user="bob", check=False).returncode
    delivered = service.said("unit.delivered", f"TELESPOOL_JOB={job.name}")
    assert {record["PRIORITY"] for record in delivered} == {"6"}
    assert [record["TELESPOOL_UNIT"][:4] for record in delivered] == ["0001", "0003"]


def test_what_others_dropped_is_taken_if_the_group_may_and_named_if_not(
    service: Service, material: Material
) -> None:
    """A photo and an open folder of ann's are posted; a closed folder stays, and holds up nobody."""
    run = service.machine.run
    service.machine.path("/home/ann/a.jpg").write_bytes(material.photo(1).read_bytes())
    service.machine.path("/home/ann/b.jpg").write_bytes(material.photo(2).read_bytes())
    script = f"""
        cd {SPOOL}/inbox
        mkdir -m 0755 closed .open && cp ~ann/a.jpg closed/ && cp ~ann/a.jpg .open/
        chmod -R g+rwX .open && mv .open open && cp ~ann/b.jpg .
        mv b.jpg photo.jpg
    """
    service.start()
    run("bash", "-euc", script, user="ann")
    until(lambda: posts(service) == 2, "both posts")
    until(lambda: service.said("closed may not be read or moved by"), "the closed one to be named")
    assert service.files("inbox") == ["inbox/closed/a.jpg"]
    run("chmod", "-R", "g+rwX", f"{SPOOL}/inbox/closed", user="ann")
    until(lambda: posts(service) == 3, "the third post")


def test_stopped_in_the_middle_of_a_conversion_it_goes_on_at_the_next_start(
    service: Service, film: Path
) -> None:
    """It ends by itself within five seconds, keeps the original, and converts it when it is started again."""
    service.configure(SLOW)
    service.edit("TimeoutStopSec=5s")  # what is not over by then is killed, and the result says so
    service.start()
    service.drop(film)
    until(lambda: converting(service) and service.files("converting"), "a conversion")
    service.stop()
    assert service.show("Result") == "success"
    assert "film.avi" in service.names("converting")
    assert not posts(service)
    service.configure(PLAIN + '[convert]\npreset = "ultrafast"\n')
    service.start()
    service.until_done("film.zip")
    assert posts(service) == 1


def test_killed_it_is_restarted_and_goes_on(service: Service, film: Path) -> None:
    """kill -9 in the middle of a conversion: systemd starts it again, and the film is posted once."""
    service.configure(SLOW)
    service.start()
    service.drop(film)
    until(lambda: converting(service), "a conversion")
    service.configure(PLAIN + '[convert]\npreset = "ultrafast"\n')
    first = service.show("MainPID")
    service.machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", service.unit)
    until(lambda: service.show("NRestarts") == "1", "the restart")
    assert service.show("MainPID") != first
    service.until_done("film.zip")
    assert posts(service) == 1


def test_a_hung_worker_is_restarted_with_its_stack_in_the_journal(
    service: Service, holiday: Path
) -> None:
    """While another program holds the lock of the posts, the uploader hangs; the watchdog ends that."""
    service.configure(PLAIN + '[service]\npatience = "1s"\n')
    service.edit("WatchdogSec=10s", "TimeoutAbortSec=3s")
    service.start()
    lock = "/var/spool/telespool-posts/.staging/lock"
    holder = service.machine.popen("flock", lock, "sleep", "infinity")
    try:
        service.drop(holiday)
        until(lambda: service.show("NRestarts") == "1", "the restart")
    finally:
        service.machine.run("pkill", "--full", "sleep infinity")
        holder.wait()
    # A second of silence is short: on a busy machine others may be named as well.
    hung = next(
        each for each in service.said("worker.hung") if each["TELESPOOL_WORKER"] == "uploader"
    )
    assert hung["PRIORITY"] == "3"
    assert "in _send" in hung["TELESPOOL_STACK"]
    assert "flock" in hung["TELESPOOL_STACK"]
    assert service.said("Fatal Python error: Aborted")
    assert service.said("Failed with result 'watchdog'")
    service.until_done("holiday.zip")
    assert posts(service) == 2


def test_a_stopped_event_loop_is_restarted_by_the_watchdog(service: Service) -> None:
    """Who says nothing at all is ended as well."""
    service.edit("WatchdogSec=1s", "TimeoutAbortSec=1s")
    service.start()
    service.machine.run("systemctl", "kill", "--signal=STOP", "--kill-whom=main", service.unit)
    until(lambda: service.show("NRestarts") == "1", "the restart")
    until(lambda: service.show("ActiveState") == "active", "the service to be back")


def test_a_wrong_configuration_is_told_and_not_tried_again(service: Service) -> None:
    """Exit code 78, each mistake with its place in the journal, and no restart."""
    service.configure('[convert]\ncrf = "high"\n[inbox]\nothers = 3\n')
    service.machine.run("systemctl", "start", service.unit, check=False)
    assert (service.show("ExecMainStatus"), service.show("NRestarts")) == ("78", "0")
    assert service.show("ActiveState") == "failed"
    assert service.said(
        "/etc/telespool/config.toml:2: convert.crf: must be a whole number from 1 to 51"
    )
    assert service.said('/etc/telespool/config.toml:4: inbox.others: must be "skip" or "document"')


def test_a_reload_takes_what_is_right_and_refuses_what_is_wrong(
    service: Service, holiday: Path
) -> None:
    """A new chat is there after the reload; a mistake fails the reload and changes nothing."""
    service.start()
    pid = service.show("MainPID")
    service.configure(PLAIN + '[chats]\ndefault = "me"\nfamily = "@family"\n')
    service.machine.run("systemctl", "reload", service.unit)
    until((service.spool / "inbox/family").is_dir, "the new chat's folder")
    service.configure("convert.crf = 99")
    done = service.machine.run("systemctl", "reload", service.unit, check=False)
    assert done.returncode
    assert service.said("config.toml:1: convert.crf: must be a whole number from 1 to 51, not 99")
    until(lambda: service.show("ActiveState") == "active", "the reload to be over")
    service.drop(holiday)
    service.until_done("holiday.zip")
    assert service.show("MainPID") == pid


def test_a_child_that_takes_too_much_memory_dies_and_the_daemon_does_not(
    service: Service, material: Material, tmp_path: Path
) -> None:
    """At MemoryMax ffmpeg is killed; the daemon goes on, and the film ends in quarantine with a note."""
    service.configure(SLOW + '[send]\nmax_deaths = 2\nretry_min = "1s"\n')
    service.edit("MemoryHigh=infinity", "MemoryMax=160M", "MemorySwapMax=0")
    service.start()
    pid = service.show("MainPID")
    film = material.clip("avi", number=9, seconds=4, size=(1920, 1080))
    service.drop(make_zip(tmp_path / "large.zip", {"large.avi": film}))
    until(lambda: service.files("quarantine"), "the film in quarantine")
    assert (service.show("MainPID"), service.show("NRestarts")) == (pid, "0")
    assert service.show("ActiveState") == "active"


def test_a_picture_that_fills_the_memory_costs_itself(
    service: Service, material: Material, tmp_path: Path
) -> None:
    """At MemoryMax the child that decodes it is killed; the photos beside it are posted, and the daemon stays small."""
    service.edit("MemoryHigh=infinity", "MemoryMax=512M", "MemorySwapMax=0")
    service.start()
    pid = service.show("MainPID")
    files = {f"{n}.jpg": material.photo(n) for n in range(3)}
    files["1 bomb.png"] = make_bomb(tmp_path / "bomb.png")
    service.drop(make_zip(tmp_path / "holiday.zip", files))
    service.until_done("holiday.zip")
    assert service.names("quarantine") == ["1 bomb.png", "1 bomb.png.txt"]
    assert sum(name.endswith(".jpg") for name in service.names("done")) == 3
    assert (service.show("MainPID"), service.show("NRestarts")) == (pid, "0")
    status = service.machine.run("cat", f"/proc/{pid}/status").stdout
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    assert int(peak.split()[1]) < 150 * 1024


def test_a_name_that_is_not_utf8_survives_in_the_journal(service: Service) -> None:
    """What is left in the inbox is named there with the bytes it has on the disk."""
    service.start()
    service.machine.run("touch", f"{SPOOL}/inbox/caf\udce9.zip", user="ann")
    until(lambda: service.said("drop.left"), "the file to be named")
    (record,) = service.said("drop.left")
    assert bytes(record["TELESPOOL_FILE"]) == b"caf\xe9.zip"
    assert record["PRIORITY"] == "4"
