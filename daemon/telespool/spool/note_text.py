"""What a note in quarantine/ holds: its sentence, and a last line by which it is known as ours anywhere.

IMG_1.jpg is damaged. Save it anew.
(Telespool wrote this note for the job 20261120-075145_family_holiday.)
"""

from __future__ import annotations

import re

from telespool.spool.names import Job

_SIGNATURE = re.compile(r"\n\(Telespool wrote this note for the job ([^\n]+)\.\)\s*\Z")


def signed(reason: str, job: str) -> bytes:
    """Return what is written into a note."""
    text = f"{reason}\n(Telespool wrote this note for the job {job}.)\n"
    return text.encode("utf-8", "replace")


def reason_in(text: str) -> str:
    """Return the sentence of a note."""
    return _SIGNATURE.sub("", text).strip()


def job_in(text: str) -> Job | None:
    """Return the job for which the program wrote this note; None for what a person wrote under such a name."""
    match = _SIGNATURE.search(text)
    return Job.parse(match[1]) if match is not None else None
