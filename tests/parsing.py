"""Pytest plugin: no garbage is collected while Python sources are parsed.

CPython 3.11 counts the depth of its stack in `ast.parse`, and finalizers that run meanwhile confuse it: SystemError,
"AST constructor recursion depth mismatch" (github.com/python/cpython/issues/106905). Pytest parses sources too.
"""

from __future__ import annotations

import ast
import functools
import gc
from typing import Any

_parse = ast.parse


@functools.wraps(_parse)
def _undisturbed(*args: Any, **kwargs: Any) -> Any:
    collects = gc.isenabled()
    gc.disable()
    try:
        return _parse(*args, **kwargs)
    finally:
        if collects:
            gc.enable()


ast.parse = _undisturbed
