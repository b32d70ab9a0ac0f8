"""What the first bytes of a file say it is, for media: archives are files like any other here.

`sniff` looks at bytes alone, never at names, starts nothing and cannot fail. `media_name` is the one place where a
name counts: it tells whether people take the file for a photo or a video, so that a broken one is reported instead of
being passed over as something else. Both rest on the table in `file_types`.
"""

from __future__ import annotations

from dataclasses import replace

from telespool.file_endings import media_name
from telespool.file_types import HEAD, FileType, identify

__all__ = ["HEAD", "Sniffed", "media_name", "sniff"]

Sniffed = FileType


def sniff(head: bytes) -> Sniffed:
    """Tell what a file is by its first bytes (`HEAD` of them, or all)."""
    found = identify(head)
    return replace(found, kind="other") if found.kind == "archive" else found
