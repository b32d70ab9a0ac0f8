"""The machine: its clock, and the service that systemd keeps."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path

from telespool.doctor.findings import Finding, note, ok, wrong
from telespool.runtime import subprocesses

_UNSYNCHRONISED = 0x0040  # STA_UNSYNC, adjtimex(2)
_MANAGED = Path("/run/systemd/system")  # sd_booted(3)
_BEGINS = 1_700_000_000  # no clock that is right says less


class _Timex(ctypes.Structure):
    """The beginning of struct timex; the rest is not looked at."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maximum_error", ctypes.c_long),
        ("estimated_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def clock(now: float) -> Finding:
    """Whether the clock is kept right by somebody. How far off it is, Telegram knows."""
    if now < _BEGINS:
        cure = "Set it: sudo timedatectl set-ntp true"
        return wrong("clock", "it stands before November 2023", cure)
    state = _Timex()
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(state)) >= 0 and (
        state.status & _UNSYNCHRONISED
    ):
        cure = "Have it set from the network: sudo timedatectl set-ntp true (in a container: on its host)"
        return note("clock", "nobody keeps it right", cure)
    return ok("clock", "kept right")


async def service(unit: str = "telespool.service") -> Finding:
    """The unit of systemd, where there is a systemd and the unit is installed."""
    name = "service"
    systemctl = shutil.which("systemctl")
    if systemctl is None or not _MANAGED.exists():  # noqa: ASYNC240 - a look at a tmpfs
        return ok(name, "this machine is not run by systemd")
    keys = "LoadState,ActiveState,SubState,UnitFileState,Result"
    _, out, _ = await subprocesses.output([systemctl, "show", unit, f"--property={keys}"])
    state = dict(line.split("=", 1) for line in out.decode().splitlines() if "=" in line)
    if state.get("LoadState") != "loaded":
        return note(
            name,
            f"{unit} is not installed",
            "sudo scripts/install sets it up; or run telespool run yourself",
        )
    if state.get("ActiveState") == "failed":
        cure = f"See why: journalctl -u {unit} -n 50; then: systemctl restart {unit}"
        return wrong(name, f"{unit} has failed ({state.get('Result')})", cure)
    if state.get("ActiveState") != "active":
        return note(
            name,
            f"{unit} is {state.get('ActiveState')}",
            f"Start it: sudo systemctl enable --now {unit}",
        )
    if state.get("UnitFileState") not in {"enabled", "enabled-runtime"}:
        return note(
            name,
            f"{unit} runs, but not after the next start of the machine",
            f"sudo systemctl enable {unit}",
        )
    return ok(name, f"{unit} runs")
