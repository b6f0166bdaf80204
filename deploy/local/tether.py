"""Run as a program: ties itself to its parent's life, then becomes the command given.

    python -I -S tether.py SIGNAL PARENT_PID COMMAND [ARGUMENT...]

The kernel sends SIGNAL when the parent ends, however it ends (PR_SET_PDEATHSIG, prctl(2)); the setting
outlives exec. A program of its own instead of a `preexec_fn`, which may deadlock where threads run.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Tie, check that the parent did not die before that, and exec."""
    signal_number, parent, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - our own argument list, and no shell is wanted


if __name__ == "__main__":
    main()
