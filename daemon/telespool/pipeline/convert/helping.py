"""The machines that help the converter, and what the log and `status` hear of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from telespool.media.pieces.helper import Helpers

if TYPE_CHECKING:
    from telespool.config.schema import ConvertSettings
    from telespool.media.pieces.helper import Helper
    from telespool.observe.progress import Activity

log = structlog.get_logger()


class Helping:
    """The helpers that are configured now."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity
        self._helpers = Helpers()
        self._failures: dict[str, int] = {}
        self._joined: set[str] = set()

    def of(self, settings: ConvertSettings) -> tuple[Helper, ...]:
        """Those of these settings; `status` shows them from now on."""
        helpers = self._helpers.of(settings)
        self._activity.helpers = [helper.state for helper in helpers]
        return helpers

    def tell(self) -> None:
        """Log who has joined, and who has failed, since the last call."""
        for state in self._activity.helpers:
            if state.failures > self._failures.get(state.name, 0):
                log.warning("helper.failed", helper=state.name, reason=state.last_failure)
                self._joined.discard(state.name)
            elif state.pieces > 0 and state.name not in self._joined:
                log.info("helper.joined", helper=state.name, version=state.version)
                self._joined.add(state.name)
            self._failures[state.name] = state.failures
