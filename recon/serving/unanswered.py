"""When a Triton that does not answer is to be taken for one that hangs."""

from __future__ import annotations

#: Both must be reached: seconds alone pass while this machine sleeps, failures alone while a socket is closed.
_LEAST_S, _LEAST_FAILURES = 60.0, 20
#: Of one failure; what it lasted longer was not spent waiting for an answer.
_MOST_S = 5.0


class Unanswered:
    """Failures in a row, and the time that they took."""

    def __init__(self) -> None:
        self._failures, self._seconds = 0, 0.0

    def broken(self) -> None:
        """An answer came, or nobody can be expected to give one."""
        self._failures, self._seconds = 0, 0.0

    def lasts(self, seconds: float) -> bool:
        """One more failure.

        Parameters
        ----------
        seconds
            From the question to the next.

        Returns
        -------
        bool
            Whether it has lasted too long; then it begins anew.
        """
        self._failures += 1
        self._seconds += min(seconds, _MOST_S)
        if self._failures < _LEAST_FAILURES or self._seconds < _LEAST_S:
            return False
        self.broken()
        return True
