"""Runs a command that ends with the process that started it, however that one dies, `kill -9` included.

`python leash.py HOW PARENT_PID PROGRAM ARGUMENT…` becomes the program: its process id is that of this script. HOW is
`kernel` (Linux tells the program) or `pipe` (a small watcher waits until the parent's end of standard input closes).
It stands alone and imports nothing of ours, so that it starts in milliseconds (`python -I -S`).
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(how: str, parent: int, command: list[str]) -> None:
    """Puts the leash on, and becomes the command."""
    if how == "kernel":
        _ask_kernel()
    else:
        _leave_watcher()
    # A parent that died before the leash was on would never be noticed.
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _ask_kernel() -> None:
    """Has Linux kill this process when the thread that started it ends. It stays in force through the exec."""
    import ctypes

    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


def _leave_watcher() -> None:
    """Forks a watcher that kills this process when standard input ends, and gives this process an empty one."""
    watched = os.getpid()
    if os.fork():
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        return
    # What else is open here (the lock of the data folder) must close with the program, not with the watcher.
    os.closerange(1, os.sysconf("SC_OPEN_MAX"))
    while os.read(0, 1):
        pass
    # A program that is gone already has left the watcher to another parent.
    if os.getppid() == watched:
        os.kill(watched, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
