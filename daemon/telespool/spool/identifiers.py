"""The ids that Telegram sees, derived from names on the disk, so that a repeated request is the same one."""

from __future__ import annotations

import hashlib


def random_id(job: str, number: int, which: str = "") -> int:
    """The id under which Telegram remembers this member of this job, in all its forms: signed 64 bit, never 0.

    An original and its converted copy share it: whichever is sent second is answered with the first. `which` tells a
    second message of the same member from the first.
    """
    return _derive(f"message/{job}/{number}{which}")


def file_id(job: str, number: int, kind: str, stamp: str) -> int:
    """The id of an upload. `stamp` stands for the bytes (size and time): other bytes, another upload."""
    return _derive(f"upload/{job}/{number}{kind}/{stamp}")


def report_id(job: str, text: str) -> int:
    """The id under which Telegram remembers the report of this outcome of a job."""
    return _derive(f"report/{job}/{text}")


def _derive(text: str) -> int:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "little", signed=True) or 1
