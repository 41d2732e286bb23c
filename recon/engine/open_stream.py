"""A stream that is being answered: what its slices share, what it brings, and what was measured on the way."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from recon.engine.intake import Intake
from recon.engine.patience import Patience
from recon.engine.slices import SeriesUnderWay
from recon.quality.survival import Shares
from recon.quality.verdict import Check


@dataclass
class OpenStream:
    """One stream.

    Attributes
    ----------
    series
        What its slices share.
    patience
        With whoever sends and is answered.
    intake
        Of its messages.
    begun
        Messages that were looked at before the model was known.
    checks
        The worst of each so far.
    shares
        What became of known lesions.
    """

    series: SeriesUnderWay
    patience: Patience
    intake: Intake
    begun: deque[Any]
    checks: list[Check] = field(default_factory=list)
    shares: list[Shares] = field(default_factory=list)

    async def receive(self) -> Any:
        """The next message, those that were looked at already first; None when no more will come."""
        if self.begun:
            return self.begun.popleft()
        began = time.perf_counter()
        message = await self.intake.next()
        self.series.spent("receive", began)
        return message

    async def send(self, message: Any, index: int | None = None) -> None:
        """Answer, for a slice or for none; what is wrong with the messages that came meanwhile is raised."""
        self.patience.sending()
        began = time.perf_counter()
        try:
            await self.series.peer.send(message)
        finally:
            self.patience.sent()
            self.series.spent("send", began, index)
        if self.intake.failed is not None:
            raise self.intake.failed
