"""A slice that is still being measured: whoever makes its image takes what is there, and waits for more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from recon.doors.mrd.wire import Block
from recon.errors import InvalidRequest

if TYPE_CHECKING:
    from recon.doors.mrd.scan import Portion


class Coming:
    """Filled by the one who receives, read by the one who makes the image.

    Parameters
    ----------
    name
        For a person.
    noise
        Readouts of the noise scan.
    first
        The readouts that it begins with.
    """

    def __init__(self, name: str, noise: list[Block], first: Block) -> None:
        self.name, self.noise, self.first = name, noise, first
        self._blocks = [first]
        self._whole: Portion | None = None
        self._ended = self._given_up = False
        self._changed = threading.Condition()

    @property
    def encoding(self) -> int:
        """Number of its encoding."""
        return int(self.first.heads["encoding_space_ref"][0])

    @property
    def head(self) -> Any:
        """Header of its first readout."""
        return self.first.heads[0]

    def add(self, block: Block) -> None:
        """Further readouts have come."""
        with self._changed:
            self._blocks.append(block)
            self._changed.notify_all()

    def end(self, whole: Portion | None) -> None:
        """No more will come; without ``whole``, no image is wanted."""
        with self._changed:
            self._ended, self._whole = True, whole
            self._given_up |= whole is None
            self._changed.notify_all()

    def give_up(self) -> None:
        """Its readouts alone make no image, which shows only now: it has to be made of the whole."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()

    def blocks(self) -> Iterator[Block]:
        """All readouts from the first, all that are here at once; waits for those that are still to come.

        Raises
        ------
        InvalidRequest
            When it was given up.
        """
        number = 0
        while some := self._since(number):
            yield Block.joined(some)
            number += len(some)

    def _since(self, number: int) -> list[Block]:
        """The blocks of one size that are here from this one on; empty when that was all."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._blocks) > number or self._ended or self._given_up)
            if self._given_up:
                raise InvalidRequest(f"{self.name} can't be made of what came so far")
            here = self._blocks[number:]
        size = [block.samples.shape[1:] for block in here]
        return list(takewhile(lambda block: block.samples.shape[1:] == size[0], here))

    def whole(self) -> Portion | None:
        """Wait for the last readout; None where no image is wanted any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended)
            return self._whole
