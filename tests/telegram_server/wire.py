"""TL values beyond what Telethon's own classes do: vectors, booleans, and objects filled with neutral values.

Telethon's generated classes read requests and write answers; what they leave to the caller stands here.
Nothing leaves this module but `Refused` (an RPC error for the client) and `Disconnect` (close without a word).
"""

from __future__ import annotations

import inspect
import struct
from datetime import UTC, datetime
from typing import Any, Final

from telethon.tl import functions

_VECTOR: Final = 0x1CB5C415
_TRUE: Final = 0x997275B5
_FALSE: Final = 0xBC799737

_WRAPPERS: Final = (
    functions.InvokeWithLayerRequest,
    functions.InitConnectionRequest,
    functions.InvokeWithoutUpdatesRequest,
    functions.InvokeAfterMsgRequest,
    functions.InvokeAfterMsgsRequest,
)


class Refused(Exception):
    """The answer to this request is an error: `Refused(400, "MEDIA_INVALID")`."""

    def __init__(self, code: int, name: str) -> None:
        super().__init__(name)
        self.code, self.name = code, name


class Disconnect(Exception):
    """Close this TCP connection without an answer."""


class HalfAnswer(Exception):
    """Send half of this answer, then reset the connection."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body


def now() -> datetime:
    """The time as TL dates want it."""
    return datetime.now(UTC)


def method_name(request: Any) -> str:
    """A request's name as the documentation writes it: `messages.sendMedia`, `ping`."""
    kind = request if isinstance(request, type) else type(request)
    space = kind.__module__.removeprefix("telethon.tl.functions").lstrip(".")
    name = kind.__name__.removesuffix("Request")
    name = name[:1].lower() + name[1:]
    return f"{space}.{name}" if space else name


def unwrap(request: Any) -> tuple[Any, frozenset[str]]:
    """The request inside invokeWithLayer and its kin, and the names of what was around it."""
    around = set()
    while isinstance(request, _WRAPPERS):
        around.add(method_name(request))
        request = request.query
    return request, frozenset(around)


def serialise(value: Any) -> bytes:
    """The bytes of an answer: a TL object, a boolean, or a list of them."""
    if isinstance(value, bool):
        return struct.pack("<I", _TRUE if value else _FALSE)
    if isinstance(value, list):
        head = struct.pack("<Ii", _VECTOR, len(value))
        return head + b"".join(serialise(item) for item in value)
    return bytes(value)


def fill(kind: Any, **values: Any) -> Any:
    """Make a TL object; required arguments that are not given get a neutral value (0, "", [], now)."""
    for name, parameter in list(inspect.signature(kind.__init__).parameters.items())[1:]:
        if name not in values and parameter.default is parameter.empty:
            values[name] = _neutral(parameter.annotation)
    return kind(**values)


def _neutral(annotation: Any) -> Any:
    text = str(annotation)
    if "datetime" in text:
        return now()
    if "List" in text:
        return []
    simple: dict[str, Any] = {"int": 0, "str": "", "bool": False, "bytes": b"", "float": 0.0}
    return simple.get(getattr(annotation, "__name__", text))
