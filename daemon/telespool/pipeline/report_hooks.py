"""Telling programs of the end of each job: `[report] webhook`, and the secret `apprise-urls`.

A webhook gets a POST with JSON: {"job", "chat", "text", "id"}. Its header Idempotency-Key is the same whenever the same
outcome is told again, so that a receiver can leave out what it has; with the secret `webhook-key` the header
X-Telespool-Signature is "sha256=" and the HMAC of the body. Apprise (https://github.com/caronc/apprise) knows some
hundred services by URL; it comes with the extra `telespool[apprise]`.

Temporary leaves where somebody cannot be told now.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from telespool import __version__
from telespool.errors import Permanent, Temporary

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE = 20.0
_LATER = {408, 425, 429}


class ReportHooks:
    """Those who are told beside the chat."""

    def __init__(self, webhook: str = "", key: str = "", urls: Sequence[str] = ()) -> None:
        self._webhook = webhook
        self._key = key.encode()
        self._urls = tuple(urls)

    def __bool__(self) -> bool:
        return bool(self._webhook or self._urls)

    async def tell(self, job: str, chat: str, text: str, number: int) -> None:
        """Tell all of them. What was told may be told again after an error of another."""
        if self._webhook:
            await asyncio.to_thread(self._post, job, chat, text, number)
        if self._urls:
            await self._notify(text)

    def _post(self, job: str, chat: str, text: str, number: int) -> None:
        values = {"job": job, "chat": chat, "text": text, "id": f"{number:x}"}
        body = json.dumps(values, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"telespool/{__version__}",
            "Idempotency-Key": values["id"],
        }
        if self._key:
            digest = hmac.new(self._key, body, hashlib.sha256).hexdigest()
            headers["X-Telespool-Signature"] = f"sha256={digest}"
        request = urllib.request.Request(self._webhook, body, headers)  # noqa: S310 - checked: http or https
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310
                return
        except urllib.error.HTTPError as error:
            with error:
                reason = f"The webhook of [report] answers {error.code} ({error.reason})."
            if error.code >= 500 or error.code in _LATER:
                raise Temporary(reason) from None
            raise Permanent(reason) from None
        except OSError as error:
            said = getattr(error, "reason", None) or error.strerror or error
            raise Temporary(f"The webhook of [report] cannot be reached: {said}.") from None

    async def _notify(self, text: str) -> None:
        try:
            import apprise  # noqa: PLC0415 - an extra, and slow to load
        except ModuleNotFoundError:
            raise Permanent(
                "The secret apprise-urls needs the package apprise: pip install 'telespool[apprise]'"
            ) from None
        title, _, body = text.partition("\n")
        receivers = apprise.Apprise()
        for url in self._urls:
            if not receivers.add(url):
                raise Permanent("Apprise does not know one of the URLs in the secret apprise-urls.")
        if not await receivers.async_notify(title=title, body=body.strip() or title):
            raise Temporary("Apprise could not tell everybody of a report.")
