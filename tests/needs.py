"""Pytest plugin: what a test needs is told by where it lies, and decides when it runs, with whom, and for how long.

Five tables say it, by the beginning of a test's path below tests/ (a folder, a module, or one test of it):

`SLOW`      takes more than about 0.4 s and is left out of `scripts/test --fast`; so is what runs ffmpeg (the mark `media`)
`ALONE`     boots a machine or mounts: one worker runs them all, one after another
`TOGETHER`  shares with its module what is dear to make: one worker makes it, and runs all of them
`SECONDS`   may take longer than the default of pyproject.toml, on a quiet machine
`KERNEL_TIME` compares the times of files with the clock, and is skipped where only the clock is another; with the reason

On a busy machine every test may take as many times longer as there are processes waiting for a core.
"""

from __future__ import annotations

import os
import tempfile
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
import pytest_timeout

from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW = (
    "archives/test_limits.py::test_headers_that_fill_the_memory",
    "archives/test_limits.py::test_names_that_fill_the_memory",
    "benchmarks/",
    "cli/test_convert.py",
    "cli/test_doctor.py",
    "cli/test_login.py",
    "crash/",
    "destinations/telegram/test_error_table.py::test_sendmedia_refuses",
    "destinations/telegram/test_faults.py",
    "destinations/telegram/test_flood_waits.py",
    "destinations/telegram/test_login.py",
    "destinations/telegram/test_proxy.py",
    "destinations/telegram/test_resume.py",
    "docs/test_commands.py",
    "docs/test_events.py",
    "docs/test_manuals.py",
    "docs/test_site.py",
    "faults/",
    "media/test_photo_colours.py",
    "media/test_photo_pool.py",
    "packaging/",
    "pipeline/claim/test_drops.py",
    "pipeline/unpack/test_large_files.py",
    "pipeline/test_main_job.py",
    "pipeline/claim/test_passwords.py",
    "pipeline/unpack/test_release_order.py",
    "pipeline/send/test_report_sender.py",
    "pipeline/unpack/test_room.py::test_contents_of_many_times_the_room_go_through",
    "pipeline/test_tool_runs.py",
    "runtime/test_killing.py",
    "spool/test_state_machine.py",
    "systemd/",
    "telegram_server/test_other_client.py",
)
_ANOTHER = 3600.0  # seconds
ALONE = ("systemd/",)
TOGETHER = (
    "destinations/test_page.py",
    "docs/test_commands.py",
    "media/test_about.py",
    "media/test_audio_encode.py",
    "media/test_helpers.py",
    "media/test_pieces.py",
    "packaging/test_wheel.py",
)
SECONDS = {
    "archives/test_limits.py": 60,
    "benchmarks/": 120,
    "crash/": 300,
    "destinations/telegram/test_resume.py": 120,
    "destinations/test_page.py": 60,
    "docs/": 300,
    "faults/": 120,
    "faults/test_tools.py::test_all_break": 300,
    "media/": 120,
    "packaging/": 120,
    "pipeline/": 120,
    "runtime/test_killing.py": 300,
    "spool/test_state_machine.py": 60,
    "systemd/": 300,
}
KERNEL_TIME = {
    "systemd/": "the machine that is booted has the kernel's clock",
    "cli/test_login.py::test_while_the_daemon_runs": "SQLite's wait for a lock fails under libfaketime",
    "destinations/telegram/test_albums.py::test_a_stale_reference_of_one": "parts are known while their note is fresh",
    "destinations/telegram/test_faults.py::test_a_stale_reference_is_renewed": "the same",
    "destinations/telegram/test_upload_journal.py::test_a_generation_is_remembered": "the same",
    "destinations/telegram/test_upload_journal.py::test_what_was_noted_is_read_back": "the same",
    "observe/test_job_history.py::test_a_part": "a wait ends at the time of its file",
    "pipeline/captions/test_called.py::test_volumes": "a set is complete some time after its last volume came",
    "pipeline/claim/test_cut_archives.py::test_pieces_are_joined": "the same",
    "pipeline/claim/test_drops.py::test_a_missing_volume_is_waited_for": "a volume is waited for since the last one came",
    "pipeline/claim/test_drops.py::test_a_volume_that_never_comes_is_named": "the same",
    "pipeline/claim/test_drops.py::test_the_last_volume_is_waited_for": "the same",
    "pipeline/claim/test_finder.py::test_what_is_left": "an unfinished file is waited for since it changed",
    "pipeline/claim/test_inbox.py::test_an_export_of_which": "the others are waited for since the last one came",
    "pipeline/claim/test_inbox.py::test_a_piece_among_others_waits_for_its_set": "as a volume",
    "pipeline/claim/test_inbox.py::test_a_volume_that_is_missing": "it is waited for since the last one came",
    "pipeline/send/test_report_sender.py": "a report is sent while it is fresh",
    "pipeline/send/test_sending_times.py::test_when_posts_may_go": "posts are counted by the times of their receipts",
    "spool/test_delivered_index.py::test_the_report": "how long a job took is known by the times of its receipts",
    "pipeline/test_report_hooks.py::test_a_report_that_cannot_be_told": "a report is sent while it is fresh",
}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark each test by its place, and let the slow ones begin: the many that are quick keep all workers busy to the end.

    No name may come from the clock: workers would not have the same tests.
    """
    stamp = time.strftime("%Y%m%d-%H", time.gmtime())
    another_day = _clock_is_another()
    for item in items:
        if stamp in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid}: its parameters hold the time of this run")
        place = item.nodeid.removeprefix("tests/")
        if place.startswith(SLOW) or item.get_closest_marker("media"):
            item.add_marker(pytest.mark.slow)
        reasons = [why for beginning, why in KERNEL_TIME.items() if place.startswith(beginning)]
        if another_day and reasons:
            item.add_marker(pytest.mark.skip(reason=f"another day: {reasons[0]}"))
        if place.startswith("systemd/"):
            item.add_marker(pytest.mark.systemd)
        if item.get_closest_marker("timeout") is None:
            for beginning, seconds in SECONDS.items():
                if place.startswith(beginning):
                    item.add_marker(pytest.mark.timeout(seconds))
    yield
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _clock_is_another() -> bool:
    """Whether the clock is not the kernel's, which gives files their times: libfaketime is at work."""
    with tempfile.NamedTemporaryFile() as file:
        return abs(os.fstat(file.fileno()).st_mtime - time.time()) > _ANOTHER


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give the tests of `ALONE` to one worker, and each module of `TOGETHER`; xdist's own groups are lost with pytest 9.2, which keeps ids elsewhere."""
    from xdist.scheduler.loadscope import LoadScopeScheduling  # noqa: PLC0415 - only who distributes has it

    def with_whom(nodeid: str) -> str:
        place = nodeid.removeprefix("tests/")
        if place.startswith(ALONE):
            return "alone"
        return next((module for module in TOGETHER if place.startswith(module)), nodeid)

    scheduler = LoadScopeScheduling(config, log)
    assert hasattr(scheduler, "_split_scope"), "xdist asks otherwise by now who goes with whom"
    cast("Any", scheduler)._split_scope = with_whom
    return scheduler


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Any:
    """Give it more time by as much as the machine is busier than one process a core."""
    return pytest_timeout.pytest_timeout_set_timer(
        item, settings._replace(timeout=longest(settings.timeout))
    )
