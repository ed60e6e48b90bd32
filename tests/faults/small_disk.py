"""A tmpfs of a few hundred megabytes, to be filled to the last byte: mounted by root, or in a user namespace."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 10


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """`within` is the beginning of a command line that sees what is mounted on `folder`."""

    folder: Path
    within: tuple[str, ...]

    def program(self, program: Path, place: Path) -> Path:
        """A script in `place` that runs the program where it sees the disk."""
        script = place / "program.sh"
        script.write_text(f'#!/bin/sh\nexec {" ".join((*self.within, str(program)))} "$@"\n')
        script.chmod(0o755)
        return script

    def fill(self) -> None:
        """Takes what is left, to the last byte."""
        self._run(f"cat /dev/zero > {self._ballast} 2>/dev/null || true")

    def make_room(self) -> None:
        """Gives it back."""
        self._run(f"rm -f {self._ballast}")

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def _run(self, command: str) -> None:
        subprocess.run([*self.within, "sh", "-c", command], check=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk | None]:
    """The disk, mounted on the folder; None where neither root nor a namespace may mount anything."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield SmallDisk(folder, ())
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    # It lives as long as a process is in it.
    mounted = folder.with_name("mounted")
    shell = f'{" ".join(mount)} && touch "{mounted}" && exec cat'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", shell]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while holder.poll() is None and not mounted.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        enter = ("nsenter", "--preserve-credentials", "--user", "--mount", "--target", str(holder.pid))
        yield SmallDisk(folder, enter) if mounted.exists() else None
    finally:
        holder.kill()
        holder.communicate()
