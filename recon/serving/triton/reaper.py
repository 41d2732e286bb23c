"""Cleans up after a gateway that was killed without warning.

A shell waits on a pipe that only the gateway holds open. When the pipe closes, for whatever reason,
it ends the process group that it was told of last and removes the gateway's private folders.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

_SCRIPT = """
group=
while read -r line; do group=$line; done
if [ -n "$group" ]; then
    sleep 1
    # again until none is left: a server that is just starting a stub may lose it to us
    tries=0
    while kill -s KILL -- "-$group" 2>/dev/null && [ $tries -lt 50 ]; do sleep 0.2; tries=$((tries + 1)); done
fi
rm -rf -- "$@"
"""


class Reaper:
    """One per gateway.

    Parameters
    ----------
    folders
        To remove in the end.
    """

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start waiting."""
        self._process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            _SCRIPT,
            "recon-reaper",
            *map(str, self._folders),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def watch(self, group: int | None) -> None:
        """From now on this process group is the one to end; None for none."""
        if self._process and self._process.stdin:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(f"{group or ''}\n".encode())
                await self._process.stdin.drain()

    async def stop(self) -> None:
        """Nothing is left to end; remove the folders."""
        await self.watch(None)
        if self._process and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()
