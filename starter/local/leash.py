"""Runs one command that ends when whoever started it ends, even by kill -9; a script of its own, not imported.

    leash.py PARENT SIGNAL USER GROUP COMMAND...

Linux alone can promise it (prctl); elsewhere the next run finds what was left and stops it (`leftovers.py`). The
signal is armed after the change of user, which would disarm it, and the process replaces itself by the command.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: str, number: str, user: str, group: str, *command: str) -> None:
    """Become the command."""
    if os.geteuid() == 0 and int(user) != 0:
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != int(parent):
        # It ended before the leash was on.
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  the command comes from this package, and no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:])
