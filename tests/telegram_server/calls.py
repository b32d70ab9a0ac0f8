"""From a request to its answer: what it was about, which faults strike it, what became of it.

Order matters and follows Telegram: a wait that was told comes first, then the login, then a random_id that is
still being worked on, then the request itself. Faults strike right before and right after the handler.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

from . import chat_methods, forum_methods, login  # noqa: F401  their handlers are registered by importing them
from .faults import TooEarly
from .methods import ANONYMOUS, HANDLERS, Context
from .records import Call
from .wire import Disconnect, HalfAnswer, Refused, method_name, serialise

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .chats import Account
    from .server import TestTelegram
    from .session import Connection

_POSTING: Final = {"messages.sendMedia", "messages.sendMultiMedia", "messages.sendMessage"}


async def answer(telegram: TestTelegram, connection: Connection, request: Any) -> object:
    """Carry out one request, with the faults that strike it, and write down what became of it."""
    account = telegram.directory.accounts.get(telegram.logged_in.get(connection.key.key_id, 0))
    call = describe(telegram, connection, account, request)
    telegram.calls.append(call)
    connection.record.calls[call.name] += 1
    try:
        result = await _answer(telegram, connection, account, call, request)
    except Refused as error:
        call.outcome = error.name
        _note_wait(telegram, call, error)
        raise
    except (Disconnect, HalfAnswer):
        call.outcome = "dropped"
        raise
    except asyncio.CancelledError:
        call.outcome = "hung"
        raise
    except Exception as error:
        call.outcome = "bug"
        telegram.bugs.append(error)
        raise Refused(500, "TEST_SERVER_BUG") from error
    else:
        call.outcome = "ok"
        return result
    finally:
        call.took = time.monotonic() - call.at
        telegram.changed(call)


async def _answer(
    telegram: TestTelegram,
    connection: Connection,
    account: Account | None,
    call: Call,
    request: Any,
) -> object:
    telegram.waits.check(call, telegram.rtt)
    context = Context(telegram, connection, telegram.faults.hit(call, request), account)
    telegram.changed()
    if account is None and call.name not in ANONYMOUS:
        raise Refused(401, "AUTH_KEY_UNREGISTERED")
    handler = HANDLERS.get(call.name)
    if handler is None:
        raise Refused(400, "METHOD_NOT_IMPLEMENTED")
    await _fail(context, call, "before")
    with _running(context, call, request):
        for fault in context.faults:
            if fault.delay:
                await asyncio.sleep(fault.delay)
            if fault.error is not None:
                raise Refused(*fault.error)
        result = await handler(context, request)
    await _fail(context, call, "after")
    if any(fault.drop == "answer" for fault in context.faults):
        raise HalfAnswer(serialise(result))
    return result


def _running(context: Context, call: Call, request: Any) -> AbstractContextManager[None]:
    """While a post runs, its random ids are taken. One that hangs has been lost, or is over."""
    if not call.random_ids:
        return nullcontext()
    chat = context.telegram.directory.find(context.me, request.peer)
    return context.telegram.posts.running(context.me, chat, call.random_ids)


async def _fail(context: Context, call: Call, when: str) -> None:
    """Hang or drop the connection, where a fault says so."""
    for fault in context.faults:
        if fault.hang == when:
            call.outcome = "hung"
            context.telegram.changed(call)
            await asyncio.Event().wait()
        if fault.drop == when:
            raise Disconnect


def _note_wait(telegram: TestTelegram, call: Call, error: Refused) -> None:
    if isinstance(error, TooEarly):
        if error.violation is not None:
            telegram.violations.append(error.violation)
    elif error.code == 420:
        telegram.waits.told(call, error.name)


def describe(
    telegram: TestTelegram, connection: Connection, account: Account | None, request: Any
) -> Call:
    """What a request is about, as far as it can be told without carrying it out."""
    name = method_name(request)
    call = Call(
        number=len(telegram.calls),
        at=time.monotonic(),
        connection=connection.record.number,
        account=account.id if account else None,
        name=name,
    )
    if name.startswith("upload.save"):
        call.file_id, call.part = request.file_id, request.file_part
        call.total_parts = getattr(request, "file_total_parts", None)
        call.size = len(request.bytes)
        telegram.part_counts[request.file_id, request.file_part] += 1
        telegram.part_times[request.file_id, request.file_part].append(call.at)
    media = [one.media for one in getattr(request, "multi_media", None) or ()]
    if getattr(request, "media", None) is not None:
        media.append(request.media)
        call.file_id = getattr(getattr(request.media, "file", None), "id", None)
    known = [pair for one in media if (pair := telegram.storage.name_of(one)) is not None]
    call.files = tuple(pair[0] for pair in known)
    call.digests = tuple(pair[1] for pair in known if pair[1] is not None)
    if account is not None and getattr(request, "peer", None) is not None:
        try:
            call.chat = telegram.directory.find(account, request.peer).name
        except Refused:
            call.chat = None
    if name == "messages.sendMultiMedia":
        call.random_ids = tuple(one.random_id for one in request.multi_media)
    elif name in _POSTING:
        call.random_ids = (request.random_id,)
    return call
