"""Ties a program to the process that started it, then becomes that program.

`python leash.py PARENT_PID PROGRAM ARGUMENT...`: when the parent is gone, for whatever reason,
the kernel kills the program (Linux; elsewhere it only starts it). The tie survives the exec, so no
process stays between the two, and no code runs between fork and exec of the parent.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie, look whether the parent is still there, and exec."""
    parent, program = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it ended before it could be watched
        return
    os.execv(program[0], program)  # noqa: S606 - the caller's own program, without a shell


if __name__ == "__main__":
    main(sys.argv[1:])
