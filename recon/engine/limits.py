"""What bounds the memory and the patience of the engine."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from recon.errors import InvalidRequest


@dataclass(frozen=True)
class Limits:
    """Bounds, all above 0.

    Attributes
    ----------
    most_streams
        Series at a time.
    read_ahead
        Finished or running slices held per series.
    in_flight
        Slices with the models at a time.
    idle_s
        Longest silence of a peer, s.

    Raises
    ------
    InvalidRequest
        When one is not above 0.
    """

    most_streams: int = 32
    read_ahead: int = 2
    in_flight: int = 2
    idle_s: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise InvalidRequest(f"{field.name} is {getattr(self, field.name)}; it must be above 0")

    def for_instances(self, count: int) -> Limits:
        """The same where they let every instance of a model work and one more slice be ready for it."""
        if count == 1:
            return self
        return replace(
            self, read_ahead=max(self.read_ahead, count + 1), in_flight=max(self.in_flight, count + 1)
        )  # fmt: skip
