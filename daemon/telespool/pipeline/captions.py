"""What stands under a post: the template of the configuration, filled with what is known of the post.

Values are names that people gave their files; whatever signs they hold, they are shown as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Every sign of ASCII that can mean something in Markdown may stand behind a backslash. spec.commonmark.org, 2.4
_SIGNS = re.compile(r"([!-/:-@\[-`{-~])")


def literally(text: str) -> str:
    """Write a text so that Markdown shows it as it is, in one line."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


def fill(template: str, values: Mapping[str, str | int]) -> str:
    """Put the values into a template of Markdown; the result is Markdown."""
    shown = {
        name: literally(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    return template.format(**shown).strip()
