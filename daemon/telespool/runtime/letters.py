"""In which letters a short text was written, as editors of all systems write it."""

from __future__ import annotations

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def marked(data: bytes) -> str | None:
    """Decode what says how it was written: by a byte order mark, or as UTF-16 without one; None for anything else."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "ignore")
    if b"\0" in data:  # UTF-16 without its mark: of Latin letters every other byte is 0
        first = data[::2].count(0) > data[1::2].count(0)
        return data.decode("utf-16-be" if first else "utf-16-le", "ignore")
    return None
