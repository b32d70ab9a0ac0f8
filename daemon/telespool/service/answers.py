"""What the daemon answers over its control socket: to status, doctor, verify and fetch, to cancel and retry."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from telespool.destinations.base import SupportsFetch
from telespool.doctor.chats import of_chat
from telespool.errors import TelespoolError
from telespool.service.cancelling import Canceller
from telespool.service.retrying import Retrier

if TYPE_CHECKING:
    from telespool.service.service import Service


class Answers:
    """Answers for one service. Errors are part of an answer; none leaves."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def check(self) -> dict[str, Any]:
        """Check each chat by a real request, for `telespool doctor`."""
        config, destination = self._service.config, self._service.destination
        return {
            "chats": {alias: await of_chat(destination, config, alias) for alias in config.chats}
        }

    async def cancel(self, argument: str) -> dict[str, Any]:
        """Carry out `telespool cancel`."""
        return await Canceller(
            self._service.spool, {each.name: each for each in self._service.workers}
        )(argument)

    async def retry(self, argument: str) -> dict[str, Any]:
        """Carry out `telespool retry`."""
        return await Retrier(self._service)(argument)

    async def stored(self, question: str) -> dict[str, Any]:
        """What `telespool verify` is told of messages: of those that are there, kind, name and size."""
        asked = json.loads(question)
        return await self._answer(asked["chat"], [int(number) for number in asked["messages"]])

    async def _answer(self, chat: str, messages: list[int]) -> dict[str, Any]:
        if not isinstance(self._service.destination, SupportsFetch):
            return {"error": "This destination cannot be asked."}
        try:
            found = await self._service.destination.stored(chat, messages)
        except TelespoolError as error:
            return {"error": error.reason}
        return {
            "found": [[each.message, each.kind, each.name, each.size] for each in found.values()]
        }

    async def piece(self, question: str) -> dict[str, Any]:
        """A piece of a file for `telespool fetch`, in base 64."""
        asked = json.loads(question)
        if not isinstance(self._service.destination, SupportsFetch):
            return {"error": "This destination cannot be asked."}
        try:
            data = await self._service.destination.piece(
                asked["chat"], int(asked["message"]), int(asked["offset"])
            )
        except TelespoolError as error:
            return {"error": error.reason}
        return {"piece": base64.b64encode(data).decode()}

    async def look(self) -> dict[str, Any]:
        """Return what is under way, for `telespool status`."""
        if self._service.activity.conversion is not None:
            gives_way = self._service.config.convert.deferred and not self._service.gate.is_open
            self._service.activity.conversion.standing_still = gives_way
        return self._service.activity.to_json()
